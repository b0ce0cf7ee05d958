// SPDX-License-Identifier: GPL-2.0-only
//! No site is forgotten, no reason is stale, and `docs/mutants.md` is what `ttysim mutants` computes:
//! it has every mutant, and a sample of it is computed again here.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail")]

mod sources;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::OnceLock;
use ttysim::mutants::{Fate, Field, reasons, trial};
use ttysim::sched::OpKind;
use ttysim::sync::loom_rt::quiet;

/// How many rows of the table are computed again: spread over it, and cheap.
const SAMPLE: usize = 60;

/// Up to how many executions a row is cheap.
const CHEAP: u64 = 3_000;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// All trials, run once without a mutant.
fn field() -> &'static Field {
    static FIELD: OnceLock<Field> = OnceLock::new();
    FIELD.get_or_init(|| quiet(|| Field::survey(trial::all(&[]).expect("the trials"), 2)))
}

/// A row of the table.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Row {
    mutant: String,
    status: String,
    by: String,
    executions: u64,
}

/// The table, by mutant.
fn table() -> BTreeMap<String, Row> {
    let text = std::fs::read_to_string(root().join("docs/mutants.md")).expect("docs/mutants.md");
    let rows = text.lines().filter(|l| l.starts_with("| `"));
    let row = |line: &str| {
        let cells: Vec<&str> = line.split(" | ").map(|c| c.trim_matches(['|', ' ', '`'])).collect();
        let executions = cells.last().expect("a cell").parse().expect("a number");
        let mutant = format!("{} {}", cells[1], cells[0]);
        Row { mutant, status: cells[2].to_owned(), by: cells[3].to_owned(), executions }
    };
    rows.map(|line| (row(line).mutant.clone(), row(line))).collect()
}

const UPDATE: &str = "run: ttysim mutants --table docs/mutants.md";

#[test]
fn the_table_has_every_mutant_and_a_trial_or_a_proof_for_it() {
    let table = table();
    let written: BTreeSet<_> = table.keys().cloned().collect();
    let computed: BTreeSet<_> = field().targets().iter().map(|t| t.mutant.to_string()).collect();
    let stale: Vec<_> = written.symmetric_difference(&computed).collect();
    assert!(stale.is_empty(), "{UPDATE}; stale: {stale:?}");
    let trials = field().names();
    let known = |by: &str| trials.contains(by.trim_end_matches(" (ra, unmutated)"));
    for row in table.values() {
        let fine = match row.status.as_str() {
            "killed" => known(&row.by),
            "equivalent" => matches!(row.by.as_str(), "ordered" | "relaxed" | "argued"),
            "SURVIVED" => row.by.is_empty(),
            _ => false,
        };
        assert!(fine, "{UPDATE}; {row:?}");
    }
}

#[test]
fn a_sample_of_the_table_is_computed_again() {
    let table = table();
    let targets = field().targets();
    let cheap: Vec<_> = table.values().filter(|r| r.executions <= CHEAP).collect();
    let step = (cheap.len() / SAMPLE).max(1);
    let sample: Vec<_> = cheap.into_iter().step_by(step).collect();
    assert!(sample.len() >= SAMPLE, "the table is too short");
    for row in sample {
        let target = targets.iter().find(|t| t.mutant.to_string() == row.mutant);
        let report = quiet(|| field().hunt(target.expect("a target"), &|| true));
        let (status, by) = match &report.fate {
            Fate::Killed { by, .. } => ("killed", by.as_str()),
            Fate::Equivalent { proof, .. } => ("equivalent", proof.name()),
            Fate::Survived => ("SURVIVED", ""),
        };
        let again = Row {
            mutant: row.mutant.clone(),
            status: status.to_owned(),
            by: by.to_owned(),
            executions: report.executions,
        };
        assert_eq!(again, *row, "{UPDATE}");
    }
}

#[test]
fn every_reason_is_needed() {
    let table = table();
    let argued = |m: &str| table.get(m).is_some_and(|r| r.by == "argued");
    let stale: Vec<_> = reasons::all().map(|(m, _)| m.to_string()).filter(|m| !argued(m)).collect();
    assert!(stale.is_empty(), "of no use in src/mutants/reasons.rs: {stale:?}");
}

/// Every site in the model's sources is reached by some trial, or listed with the reason.
#[test]
fn every_site_is_reached() {
    let reached = field().reached();
    let mut wrong = Vec::new();
    for (file, site) in sources::sites(root()) {
        let excused = sources::is_excused(&file, &site);
        if reached.contains(site.as_str()) == excused {
            wrong.push(format!("{file}: {site}"));
        }
    }
    wrong.dedup();
    assert!(wrong.is_empty(), "reached by no trial, or excused though reached: {wrong:#?}");
}

/// Every site where a step is taken has a mutant, but for those where nothing can be mutated: a load
/// that only ever answers 0 and has no other load behind it, and the other half of a lock or a wait.
#[test]
fn every_step_has_a_mutant() {
    use OpKind::{Load, MutexUnlock, UpRead, UpWrite, WaitWoken, WorkEnd};
    let targets = field().targets();
    let mutated: BTreeSet<&str> = targets.iter().map(|t| t.mutant.site.as_ref()).collect();
    let idle =
        |k: &OpKind| matches!(k, Load | MutexUnlock | UpRead | UpWrite | WaitWoken | WorkEnd);
    for (site, seen) in field().sites() {
        let idle = seen.kinds.iter().all(idle) && !seen.nonzero && !seen.then_load;
        assert_ne!(mutated.contains(site), idle, "{site}: {:?}", seen.kinds);
    }
}
