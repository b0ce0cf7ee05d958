// SPDX-License-Identifier: GPL-2.0-only
//! Drawing cases, shrinking what fails, and saving it so that it can be replayed.

use crate::case::Case;
use proptest::strategy::Strategy;
use proptest::test_runner::{
    Config, RngSeed, TestCaseError, TestCaseResult, TestError, TestRunner,
};
use std::fmt::Debug;
use std::path::{Path, PathBuf};
use ttysim::sched::schedule_of;
use ttysim::script::{Saved, Schedule};
use ttysim::sync::seeded::{Execution, Memory};

/// Without `PROPTEST_RNG_SEED`: a run depends on nothing but its input.
const SEED: u64 = 1970;

/// `cases`, or as many as the environment asks for.
fn config(cases: u32) -> Config {
    let asked = |name| std::env::var_os(name).is_some();
    let mut config = Config { failure_persistence: None, ..Config::default() };
    if !asked("PROPTEST_CASES") {
        config.cases = cases;
    }
    if !asked("PROPTEST_RNG_SEED") {
        config.rng_seed = RngSeed::Fixed(SEED);
    }
    config
}

/// Draws `cases` values; panics with the smallest that fails, and what `explain` says of it.
pub(crate) fn holds_explained<S: Strategy>(
    cases: u32,
    strategy: &S,
    test: impl Fn(S::Value) -> TestCaseResult,
    explain: impl Fn(&S::Value) -> String,
) where
    S::Value: Debug,
{
    match TestRunner::new(config(cases)).run(strategy, test) {
        Ok(()) => {}
        Err(TestError::Abort(why)) => panic!("no verdict: {why}"),
        Err(TestError::Fail(why, value)) => {
            panic!("{why}\n\nthe smallest case:\n{value:?}\n{}", explain(&value));
        }
    }
}

/// [`holds_explained`] with nothing to add.
pub(crate) fn holds<S: Strategy>(
    cases: u32,
    strategy: &S,
    test: impl Fn(S::Value) -> TestCaseResult,
) where
    S::Value: Debug,
{
    holds_explained(cases, strategy, test, |_| String::new());
}

/// Draws `cases` cases, each with schedules from `schedules` seeds. What fails is saved.
pub(crate) fn holds_under_schedules<S: Strategy<Value = Case>>(
    name: &str,
    cases: u32,
    schedules: u64,
    strategy: &S,
    test: impl Fn(&Case) -> TestCaseResult,
) {
    let first_failing = |case: &Case| -> Option<(Case, TestCaseError)> {
        (0..schedules).find_map(|i| {
            let one = case.with_seed(case.seed.wrapping_add(i));
            test(&one).err().map(|why| (one, why))
        })
    };
    let all = |case: Case| match first_failing(&case) {
        Some((_, why)) => Err(why),
        None => Ok(()),
    };
    holds_explained(cases, strategy, all, |case| {
        let failing = first_failing(case).map_or_else(|| case.clone(), |(one, _)| one);
        save(name, &failing)
    });
}

/// Saves the schedule of `case`, and says how to replay it.
fn save(name: &str, case: &Case) -> String {
    let execution = case.run().execution;
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.schedule"));
    match saved(name, case, &execution).map(|saved| write(&path, &saved.to_string())) {
        Some(Ok(())) => {
            format!("saved; replay it with\n    cargo run --release -- replay {}", path.display())
        }
        Some(Err(e)) => format!("{} could not be written: {e}", path.display()),
        None => "its run cannot be saved as a schedule".to_owned(),
    }
}

fn write(path: &PathBuf, text: &str) -> std::io::Result<()> {
    if let Some(dir) = path.parent() {
        std::fs::create_dir_all(dir)?;
    }
    std::fs::write(path, text)
}

/// The run of `case` as a file. A run in which no property broke is saved as one of C2, the
/// property that what is read is what was written.
pub(crate) fn saved(name: &str, case: &Case, execution: &Execution) -> Option<Saved> {
    let first = execution.found.first().map(|f| &f.violation);
    Some(Saved {
        design: case.design.map(|d| d.name().to_owned()),
        memory: Memory::Sc,
        property: first.map_or(ttysim::verify::Property::C2, |v| v.property),
        code: first.map_or("failed", |v| v.code).to_owned(),
        sentence: first.map_or_else(|| format!("{name} failed"), |v| v.sentence.clone()),
        scenario: name.to_owned(),
        trace_hash: execution.hash,
        mutants: Vec::new(),
        schedule: Schedule::new(&execution.threads, &schedule_of(&execution.trace))?,
        script: (*case.script).clone(),
    })
}
