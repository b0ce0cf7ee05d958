// SPDX-License-Identifier: GPL-2.0-only
//! A run depends on nothing but its script and its schedule, and a schedule can be kept.

use crate::case::{Case, SMALL, Scale, anybody, config, typed};
use crate::harness::{holds, saved};
use proptest::prelude::*;
use std::cell::{Cell, RefCell};
use std::process::Command;
use ttysim::run::{Setup, run};
use ttysim::sched::schedule_of;
use ttysim::script::{Context, Saved};
use ttysim::sync::Runtime;
use ttysim::sync::seeded::{End, Execution};
use ttysim::verify::judge::replay;

fn cases(scale: Scale) -> impl Strategy<Value = Case> {
    let parts =
        prop_oneof![scale.parts(false, any::<u8>(), 2, 2), scale.parts(true, typed(), 2, 2),];
    (parts, anybody()).prop_map(|(parts, design)| parts.case(design))
}

/// Everything about an execution that a second one must repeat.
fn facts(execution: &Execution) -> impl PartialEq + std::fmt::Debug + use<> {
    let found: Vec<_> = execution.found.iter().map(|f| (f.step, f.violation.clone())).collect();
    (execution.end, execution.hash, execution.steps, execution.trace.clone(), found)
}

#[test]
fn the_same_seed_is_the_same_run_and_some_other_is_another() {
    let differ = Cell::new(0_u32);
    holds(400, &cases(SMALL), |case| {
        let (first, second) = (case.run(), case.run());
        prop_assert_eq!(facts(&first.execution), facts(&second.execution));
        prop_assert_eq!(first.results, second.results);
        let other = case.with_seed(case.seed ^ 1).run();
        differ.set(differ.get() + u32::from(other.execution.hash != first.execution.hash));
        Ok(())
    });
    assert!(differ.get() > 0, "no two seeds ever gave two schedules");
}

#[test]
fn a_schedule_replays_to_the_same_run() {
    holds(400, &cases(SMALL), |case| {
        let original = case.run();
        let schedule = schedule_of(&original.execution.trace);
        let setup = Setup { rt: Runtime::Seeded, design: case.design };
        let results = RefCell::new(Vec::new());
        let body = || {
            results.replace(run(setup, &case.script));
        };
        let again = replay(config(), &schedule, &body);
        prop_assert_ne!(again.execution.end, End::Diverged);
        prop_assert_eq!(again.used, schedule.len());
        prop_assert_eq!(facts(&again.execution), facts(&original.execution));
        prop_assert_eq!(results.into_inner(), original.results);
        Ok(())
    });
}

#[test]
fn a_saved_run_replays_from_its_text_to_the_same_findings() {
    holds(400, &cases(SMALL), |case| {
        let original = case.run().execution;
        let file = saved("replayed", &case, &original);
        let file = file.ok_or_else(|| TestCaseError::fail("it cannot be saved"))?;
        let text = file.to_string();
        let read = Saved::parse(text.as_bytes(), &Context::file("replayed"));
        let read = read.map_err(|e| TestCaseError::fail(e.report()))?;
        prop_assert_eq!(&read, &file);
        let slots = read.schedule.slots(&original.threads);
        let slots = slots.map_err(|e| TestCaseError::fail(e.report()))?;
        let again = Case { script: read.script.into(), ..case };
        let mut policy = ttysim::sched::Replay::new(slots);
        let execution = again.run_under(&mut policy).execution;
        prop_assert_eq!(execution.hash, read.trace_hash);
        prop_assert_eq!(facts(&execution), facts(&original));
        Ok(())
    });
}

/// The run whose digest [`another_process_gives_the_same_digest`] compares.
const CHILD: &str = "determinism::another_process_gives_the_same_digest";
const ASK: &str = "TTYSIM_PRINT_DIGEST";

/// A digest of many runs.
fn digest() -> u64 {
    let all = Cell::new(0_u64);
    let draws = proptest::test_runner::Config {
        cases: 64,
        failure_persistence: None,
        rng_seed: proptest::test_runner::RngSeed::Fixed(7),
        ..Default::default()
    };
    let mut runner = proptest::test_runner::TestRunner::new(draws);
    let ran = runner.run(&cases(SMALL), |case| {
        all.set(all.get().rotate_left(5) ^ case.run().execution.hash);
        Ok(())
    });
    assert!(ran.is_ok(), "{ran:?}");
    all.get()
}

#[test]
fn another_process_gives_the_same_digest() {
    let mine = format!("digest {:016x}", digest());
    if std::env::var_os(ASK).is_some() {
        println!("{mine}");
        return;
    }
    let binary = std::env::current_exe().expect("this binary has a path");
    let child = Command::new(binary).args([CHILD, "--exact", "--nocapture"]).env(ASK, "1").output();
    let output = child.expect("it runs").stdout;
    let text = String::from_utf8_lossy(&output);
    assert!(text.contains(&mine), "{mine} is not in\n{text}");
}
