// SPDX-License-Identifier: GPL-2.0-only
//! C11 programs, for comparing what memory `ra` allows with what other tools say.
//!
//! ```sh
//! cargo run --release --example programs -- --generate 100 --seed 1 DIR   # writes DIR/*.litmus and *.states
//! cargo run --release --example programs -- FILE.litmus ...               # prints the states of each
//! ```
//!
//! The programs are those that `tests/soundness` generates, in the format of herd7. A `.states` file
//! has what [`c11::Test::states`] finds, one state a line, as herd7 prints them and sorted.
//! docs/litmus.md says how to compare.
#![allow(clippy::unwrap_used, reason = "the modules are shared with the tests")]
#![allow(dead_code, reason = "the modules are shared with the tests, which use more of them")]

#[path = "../tests/soundness/c11.rs"]
mod c11;
#[path = "../tests/soundness/weak.rs"]
mod weak;

use std::error::Error;
use std::fmt::Write as _;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use weak::{Shape, Weak};

const SHAPES: [(&str, Shape); 5] = [
    ("two-by-four", Shape::TwoByFour),
    ("three-by-three", Shape::ThreeByThree),
    ("four-by-two", Shape::FourByTwo),
    ("strong", Shape::Strong),
    ("exchanges", Shape::Exchanges),
];

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    let done = match words.as_slice() {
        ["--generate", n, "--seed", seed, dir] => generate(n, seed, Path::new(dir)),
        ["--generate", n, dir] => generate(n, "1", Path::new(dir)),
        [first, ..] if !first.starts_with('-') => words.iter().try_for_each(|file| states(file)),
        _ => Err("either --generate N [--seed S] DIR, or the names of litmus tests".into()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("programs: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Writes `n` programs, of each shape in turn.
fn generate(n: &str, seed: &str, dir: &Path) -> Result<(), Box<dyn Error>> {
    let (n, seed): (u64, u64) = (n.parse()?, seed.parse()?);
    std::fs::create_dir_all(dir)?;
    for (i, (word, shape)) in (0..n).zip(SHAPES.into_iter().cycle()) {
        let number = seed + i;
        let name = format!("{word}-{number}");
        let Some(text) = c11::print(&name, &Weak::generate(shape, number)) else { continue };
        std::fs::write(dir.join(format!("{name}.litmus")), &text)?;
        std::fs::write(dir.join(format!("{name}.states")), lines(&text)?)?;
    }
    println!("{n} programs and their states are in {}", dir.display());
    Ok(())
}

fn lines(text: &str) -> Result<String, Box<dyn Error>> {
    let found = Arc::new(c11::parse(text)?).states();
    let mut lines = String::new();
    for state in &found.states {
        writeln!(lines, "{state}")?;
    }
    Ok(lines)
}

/// Prints what a test can come to, as herd7 does.
fn states(file: &str) -> Result<(), Box<dyn Error>> {
    let text = std::fs::read_to_string(file).map_err(|e| format!("{file}: {e}"))?;
    let test = Arc::new(c11::parse(&text).map_err(|e| format!("{file}: {e}"))?);
    let found = test.states();
    println!("Test {}\nStates {}", test.name, found.states.len());
    found.states.iter().for_each(|state| println!("{state}"));
    if found.races {
        println!("Flag data-race");
    }
    let (executions, pruned) = (found.stats.executions, found.stats.pruned);
    println!("Executions {executions}, and {pruned} cut short\n");
    Ok(())
}
