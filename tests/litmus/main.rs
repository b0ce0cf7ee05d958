// SPDX-License-Identifier: GPL-2.0-only
//! The litmus tests of `litmus/` on this project's own memory models, beside the verdict that the
//! Linux kernel memory model has for them; with herd7 on PATH, that verdict is checked too.
//!
//! `docs/litmus.md` is the table; `TTYSIM_WRITE=1 cargo test --release --test litmus` writes it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail")]

mod herd;
mod parse;
mod run;

use parse::{Test, parse};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use ttysim::sync::loom_rt::quiet;
use ttysim::sync::seeded::Memory;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The files, by name.
pub(crate) fn files() -> Vec<PathBuf> {
    let entries = std::fs::read_dir(root().join("litmus")).expect("litmus/");
    let mut files: Vec<_> = entries.map(|e| e.expect("an entry").path()).collect();
    files.retain(|f| f.extension().is_some_and(|e| e == "litmus"));
    files.sort();
    assert!(!files.is_empty());
    files
}

fn tests() -> Vec<Arc<Test>> {
    let read = |file: &PathBuf| {
        let text = std::fs::read_to_string(file).expect("a litmus test");
        let test = parse(&text).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
        assert_eq!(Some(test.name.as_str()), file.file_stem().and_then(|s| s.to_str()));
        Arc::new(test)
    };
    files().iter().map(read).collect()
}

/// Under each model: whether the bad outcome is possible.
fn answers(test: &Arc<Test>) -> BTreeMap<&'static str, bool> {
    let memories = Memory::NAMES.map(|n| (n, Memory::from_name(n).expect("a model's name")));
    let mut answers: BTreeMap<_, _> =
        memories.into_iter().map(|(name, memory)| (name, run::seeded(test, memory))).collect();
    answers.insert("loom", run::loom(test));
    answers
}

const fn word(possible: bool) -> &'static str {
    if possible { "Sometimes" } else { "Never" }
}

/// Where the models must not differ from the kernel's, they do not; where they do, the file says
/// why, and nowhere else.
#[test]
fn every_model_answers_as_the_kernels_or_says_why_not() {
    let mut wrong = String::new();
    let mut table = String::from(HEAD);
    let mut columns: Vec<&str> = Memory::NAMES.to_vec();
    columns.push("loom");
    let _ = writeln!(table, "| test | LKMM | {} |", columns.join(" | "));
    let _ = writeln!(table, "|---|---|{}", "---|".repeat(columns.len()));
    let mut reasons = String::new();
    for test in tests() {
        let answers = quiet(|| answers(&test));
        let _ = write!(table, "| `{}` | {} |", test.name, word(!test.never));
        for column in &columns {
            let same = answers[column] != test.never;
            let said = test.differs.get(*column);
            if same == said.is_some() {
                let answer = word(answers[column]);
                let _ = writeln!(wrong, "{}: {column} says {answer}, reason {said:?}", test.name);
            }
            let note = if same { "" } else { " *" };
            let _ = write!(table, " {}{note} |", word(answers[column]));
        }
        table.push('\n');
        for (model, why) in &test.differs {
            let _ = writeln!(reasons, "- `{}`, {model}: {why}.", test.name);
        }
    }
    let _ = write!(table, "\n## Where they differ, and why\n\n{reasons}{OTHERS}");
    assert!(wrong.is_empty(), "\n{wrong}");
    let path = root().join("docs/litmus.md");
    if std::env::var_os("TTYSIM_WRITE").is_some() {
        std::fs::write(&path, &table).expect("docs/litmus.md");
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(written == table, "docs/litmus.md is out of date: run this with TTYSIM_WRITE=1");
}

const HEAD: &str = "\
<!-- SPDX-License-Identifier: GPL-2.0-only -->
# The pairs of barriers and orderings, as litmus tests

`litmus/*.litmus` are in the format of the kernel's `tools/memory-model/litmus-tests`: for each pair of the model one
that holds, and one for each way to break it. Their headers name the sites of the model and the functions of the
kernel. LKMM is the verdict expected under the Linux kernel memory model: whether the outcome in `exists` is possible.
To ask it, from `tools/memory-model` of a kernel tree: `herd7 -conf linux-kernel.cfg FILE`.

The other columns are computed by running the same processes on this project's synchronisation layer, the seeded
models exhaustively, loom as far as it goes; variables under `Data:` are plain memory there, and a data race on them
counts as the bad outcome. `TTYSIM_WRITE=1 cargo test --release --test litmus` writes this file. A star: differs
from the LKMM, for the reason below.

";

const OTHERS: &str = r#"
## C11 programs beside herd7 and GenMC

`examples/programs.rs` reads litmus tests in C11, explores them under `ra`, and prints their states as herd7 does; and it
writes the programs that `tests/soundness` generates (those without locks and branches) as such tests, each with its states.

```sh
cargo run --release --example programs -- YOURS.litmus ...                 # your own
cargo run --release --example programs -- --generate 100 --seed 1 programs  # 100 of ours, 20 of each shape
cd programs
for t in *.litmus; do
  herd7 -model rc11.cat $t | grep '=[0-9]*;' | sort | diff - <(sort ${t%.litmus}.states) || echo "differs: $t"
done
```

Neither herd7 nor GenMC is in a registry that we can use, so that loop has not been run; `tests/soundness/rc11.rs` has the axioms that
the states are compared with here. One difference is to be expected: a release sequence is C++20's here (and Rust's), a store and
the read-modify-writes that continue it. In RC11 as published, and in `rc11.cat`, later stores of the same thread to the
location continue it as well. So where a thread stores release and then relaxed to one location, `ra` allows more.

GenMC counts executions. What `programs` prints as `Executions` is the number of execution graphs, modification order
included: compare with `genmc -rc11 -mo`.
"#;

#[test]
fn every_broken_test_has_a_good_one() {
    let tests = tests();
    let names: BTreeSet<_> = tests.iter().map(|t| t.name.as_str()).collect();
    for test in &tests {
        let base = test.name.split('+').next().expect("a name");
        assert!(names.contains(base), "{}: no {base}", test.name);
        if !test.name.contains('+') {
            assert!(test.never, "{} is the good pairing", test.name);
        }
        let broken = tests.iter().any(|t| !t.never && t.name.starts_with(&format!("{base}+")));
        assert!(broken, "{base} cannot be broken");
    }
}

/// The sites are those of the model, and the functions look like the kernel's.
#[test]
fn the_headers_name_sites_of_the_model() {
    let mut sources = String::new();
    let mut directories = vec![root().join("src")];
    while let Some(directory) = directories.pop() {
        for entry in std::fs::read_dir(directory).expect("a directory") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                directories.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                sources += &std::fs::read_to_string(path).expect("a source");
            }
        }
    }
    for test in tests() {
        assert!(!test.sites.is_empty() && !test.kernel.is_empty(), "{}", test.name);
        for site in &test.sites {
            assert!(sources.contains(&format!("\"{site}\"")), "{}: no site {site}", test.name);
        }
        for function in &test.kernel {
            assert!(function.ends_with("()"), "{}: {function}", test.name);
        }
    }
}
