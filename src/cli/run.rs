// SPDX-License-Identifier: GPL-2.0-only
//! `ttysim run`: one script, one record an operation.
//!
//! Thread blocks run under a random schedule, the one of `--seed`; findings are reported as
//! `check` would report them.

use super::input::{design_names, find_design, name_of, read};
use super::output::Output;
use super::values::{self, Format, On};
use crate::checkpoint::Design;
use crate::error::{Error, Exit, Place};
use crate::kernel::{self, KernelRun, Patience};
use crate::report::json::{Op, Record, Run, Version};
use crate::report::ktap::{Outcome, Test, document};
use crate::run::{OpResult, Outcome as Answer, Setup, run as run_script, unsupported};
use crate::sched::Random;
use crate::script::{Context, Script, parse_bytes};
use crate::sync::Runtime;
use crate::sync::seeded::{Config, Execution, execute};
use crate::verify::ghost::quoted;
use std::path::PathBuf;
use std::sync::Arc;

/// What `run` can be told.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The script; - is standard input
    #[arg(value_name = "SCRIPT")]
    pub script: PathBuf,
    /// What to run it on; several with commas
    #[arg(long, value_name = "ON", value_enum, default_value = "model", value_delimiter = ',')]
    pub on: Vec<On>,
    /// The seed that chooses the schedule of thread blocks
    #[arg(long, value_name = "S", default_value = "1", value_parser = values::count)]
    pub seed: u64,
    /// Run it under N seeds, from --seed on, and report one line a seed
    #[arg(long, value_name = "N", value_parser = values::positive)]
    pub seeds: Option<u64>,
    /// The design that `checkpoint this` means; unless given, such lines do nothing
    #[arg(long, value_name = "DESIGN")]
    pub design: Option<String>,
}

/// Runs the script.
///
/// # Errors
/// A script that cannot be read, or is wrong; an unknown design.
pub fn run(args: &Args, format: Format) -> Result<Exit, Error> {
    let design = args.design.as_deref().map(find_design).transpose()?;
    let (file, designs) = (name_of(&args.script), design_names());
    let script = parse_bytes(&read(&args.script)?, &Context::file(&file).designs(&designs))?;
    runnable(&script, &file)?;
    let script = Arc::new(script);
    let mut out = Output::new();
    let mut exit = Exit::Clean;
    let mut tests = Vec::new();
    let (kernel, model) = (args.on.contains(&On::Kernel), args.on.contains(&On::Model));
    if kernel {
        let (end, test) = on_kernel(&script, &file, format, model, &mut out)?;
        exit = exit.max(end);
        tests.push(test);
    }
    if kernel && model && format == Format::Text {
        out.line("model:")?;
    }
    let seeds = args.seeds.unwrap_or(1);
    for seed in (args.seed..=u64::MAX).take(usize::try_from(seeds).unwrap_or(usize::MAX)) {
        if !model {
            break;
        }
        let (execution, results) = once(&script, design, seed);
        let report = match (format, args.seeds) {
            (Format::Ktap, _) => {
                tests.push(model_test(&script, seed, &execution, &results));
                String::new()
            }
            (Format::Json, None) => json("model", &results) + &line(seed, &execution),
            (Format::Json, Some(_)) => line(seed, &execution),
            (Format::Text, None) => text(&results) + &findings(&execution),
            (Format::Text, Some(_)) => {
                format!("seed {seed}: {:016x}\n{}", execution.hash, findings(&execution))
            }
        };
        out.text(&report)?;
        if !execution.found.is_empty() || results.iter().any(|r| r.unmet.is_some()) {
            exit = Exit::Found;
        }
    }
    if format == Format::Ktap {
        out.text(&document(&tests))?;
    }
    Ok(exit)
}

/// A test an expectation of the script, in the order in which they came out.
fn expectations(script: &Script, results: &[OpResult]) -> Vec<Test> {
    let expects: Vec<u32> =
        script.lines().filter(|l| l.expect.is_some()).map(|l| l.line_no.0).collect();
    let expected = results.iter().filter(|r| expects.contains(&r.line));
    let test = |result: &OpResult| {
        let good = result.unmet.is_none();
        let outcome = if good { Outcome::Ok } else { Outcome::NotOk };
        Test::one(&format!("line {}", result.line), outcome).note(&one(result))
    };
    expected.map(test).collect()
}

fn model_test(script: &Script, seed: u64, execution: &Execution, results: &[OpResult]) -> Test {
    let mut tests = expectations(script, results);
    let clean = execution.found.is_empty() && execution.panic.is_none();
    let outcome = if clean { Outcome::Ok } else { Outcome::NotOk };
    tests.push(Test::one("nothing found", outcome).note(findings(execution).trim()));
    Test::group(&format!("model, seed {seed}"), tests)
}

fn kernel_test(script: &Script, done: &KernelRun) -> Test {
    let mut tests = expectations(script, &done.results);
    let outcome = if done.blocked { Outcome::NotOk } else { Outcome::Ok };
    tests.push(Test::one("every call returns", outcome));
    Test::group("kernel", tests)
}

/// Refuses what this version of the model does not have, where it stands.
///
/// # Errors
/// The first such line.
pub(super) fn runnable(script: &Script, file: &str) -> Result<(), Error> {
    let Some((line, why)) = unsupported(script) else { return Ok(()) };
    let text = line.op.to_string();
    let width = u32::try_from(text.chars().count()).unwrap_or(1);
    let place = Place { file: file.to_owned(), line: line.line_no.0, column: 1, width, text };
    Err(Error::syntax(place, why))
}

/// Refuses what no pty can run.
///
/// # Errors
/// The first such line.
pub(super) fn runnable_on_kernel(script: &Script, file: &str) -> Result<(), Error> {
    let Some((line, why)) = kernel::unsupported(script) else { return Ok(()) };
    let place = Place { file: file.to_owned(), line, column: 1, width: 1, text: String::new() };
    Err(Error::syntax(place, why))
}

/// Runs `script` on this machine's ptys.
///
/// # Errors
/// That no pty can run it, or that there are none.
fn on_kernel(
    script: &Script,
    file: &str,
    format: Format,
    both: bool,
    out: &mut Output,
) -> Result<(Exit, Test), Error> {
    runnable_on_kernel(script, file)?;
    let done = kernel::run(script, &Patience::SLOW)?;
    let blocked = "the kernel's reader sleeps for ever: the script ends there\n";
    out.text(&match format {
        Format::Ktap => String::new(),
        Format::Json => json("kernel", &done.results),
        Format::Text => {
            let head = if both { "kernel:\n" } else { "" };
            head.to_owned() + &text(&done.results) + if done.blocked { blocked } else { "" }
        }
    })?;
    let met = !done.blocked && done.results.iter().all(|r| r.unmet.is_none());
    Ok((if met { Exit::Clean } else { Exit::Found }, kernel_test(script, &done)))
}

fn once(
    script: &Arc<Script>,
    design: Option<&'static dyn Design>,
    seed: u64,
) -> (Execution, Vec<OpResult>) {
    // What has threads is short; a sequential conversation can have millions of steps.
    let config = Config { record: script.has_threads(), ..Config::default() };
    let mut results = Vec::new();
    let setup = Setup { rt: Runtime::Seeded, design };
    let execution = execute(config, &mut Random::new(seed), || results = run_script(setup, script));
    (execution, results)
}

fn json(on: &str, results: &[OpResult]) -> String {
    results.iter().map(|r| Record::Op(Op::new(on, r)).line() + "\n").collect()
}

/// The line that ends a run.
fn line(seed: u64, execution: &Execution) -> String {
    let findings = execution.found.iter().map(|f| f.violation.property.id().to_owned()).collect();
    let record = Run { v: Version, seed, trace_hash: format!("{:016x}", execution.hash), findings };
    Record::Run(record).line() + "\n"
}

fn text(results: &[OpResult]) -> String {
    results.iter().map(one).collect()
}

fn one(result: &OpResult) -> String {
    let outcome = match &result.outcome {
        Answer::Number(n) => n.to_string(),
        Answer::Bytes(bytes) => quoted(bytes),
        Answer::Events(bits) => crate::script::Events(*bits).to_string(),
        Answer::Errno(errno) => errno.to_string(),
        Answer::Skipped => "nothing (nobody peeks: add --design)".to_owned(),
    };
    let unmet = result.unmet.as_ref().map(|e| format!("   BUT EXPECTED {e}")).unwrap_or_default();
    format!("{:>4}  {} -> {outcome}{unmet}\n", result.line, result.op)
}

fn findings(execution: &Execution) -> String {
    let found = execution.found.iter();
    let mut text: String = found.map(|f| format!("\n{}\n", f.violation)).collect();
    if let Some(message) = &execution.panic {
        text += &format!("\nthe model panicked: {message}\n");
    }
    text
}
