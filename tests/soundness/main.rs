// SPDX-License-Identifier: GPL-2.0-only
//! The ground all verdicts stand on: on generated programs, the reduced explorer reaches exactly
//! the outcomes that brute force reaches.
//!
//! An outcome is everything a program can notice: each register of each thread, the final value
//! of each variable, and who is blocked where. Brute force is `sched::Bounded` without a bound:
//! plain depth-first enumeration, no reduction at all.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail")]

mod program;
mod rc11;
mod relaxed;
mod weak;

use program::{Program, Shape};
use std::collections::BTreeSet;
use ttysim::sched::{Bounded, Exhaustive, Policy};
use ttysim::sync::seeded::{Config, End, Execution, execute};

/// Far above the largest shape's count; reaching it is a failure, not a pass.
const CAP: u64 = 3_000_000;

fn run(program: &Program, policy: &mut dyn Policy) -> (Execution, String) {
    let config = Config { record: true, max_steps: 10_000, ..Config::default() };
    let mut outcome = String::new();
    let execution =
        execute(config, policy, || outcome = program.run(ttysim::sync::Runtime::Seeded));
    (execution, outcome)
}

fn brute(program: &Program) -> (BTreeSet<String>, u64) {
    let mut policy = Bounded::new(None);
    let mut outcomes = BTreeSet::new();
    let mut executions = 0;
    loop {
        let (execution, outcome) = run(program, &mut policy);
        assert_eq!(execution.end, End::Completed, "{program:?}: {:?}", execution.found);
        outcomes.insert(outcome);
        executions += 1;
        assert!(executions < CAP, "brute force does not finish: {program:?}");
        if !policy.advance() {
            return (outcomes, executions);
        }
    }
}

fn reduced(program: &Program) -> (BTreeSet<String>, u64) {
    let mut policy = Exhaustive::new();
    let mut outcomes = BTreeSet::new();
    loop {
        let (execution, outcome) = run(program, &mut policy);
        match execution.end {
            End::Completed => {
                outcomes.insert(outcome);
            }
            End::Pruned => {}
            end => panic!("{end:?}: {program:?}"),
        }
        if !policy.advance(&execution) {
            return (outcomes, policy.stats().executions);
        }
    }
}

/// `TTYSIM_SOUNDNESS=20` compares twenty times the programs.
fn scale() -> u64 {
    std::env::var("TTYSIM_SOUNDNESS").ok().and_then(|s| s.parse().ok()).unwrap_or(1)
}

/// Compares `count` programs of one shape; prints what the reduction saved.
fn compare(shape: Shape, count: u64) {
    let count = count * scale();
    let (mut all, mut kept) = (0, 0);
    for seed in 0..count {
        let program = Program::generate(shape, seed);
        let (expected, brute_executions) = brute(&program);
        let (got, executions) = reduced(&program);
        assert_eq!(
            got, expected,
            "seed {seed} of {shape:?}: the explorer misses or invents outcomes of\n{program:#?}"
        );
        assert!(executions <= brute_executions);
        all += brute_executions;
        kept += executions;
    }
    println!("{shape:?}: {count} programs, {all} interleavings, {kept} executions after reduction");
}

#[test]
fn two_threads_of_four() {
    compare(Shape::TwoByFour, 1_000);
}

#[test]
fn three_threads_of_three() {
    compare(Shape::ThreeByThree, 400);
}

#[test]
fn with_locks() {
    compare(Shape::Locks, 400);
}

#[test]
fn with_conditionals() {
    compare(Shape::Conditionals, 400);
}

#[test]
fn with_every_blocking_object() {
    compare(Shape::Gates, 1_500);
}

#[test]
fn with_writer_bias() {
    compare(Shape::Bias, 300);
}

#[test]
fn four_threads_of_two() {
    compare(Shape::FourByTwo, 300);
}

#[test]
fn with_two_of_every_blocking_object() {
    compare(Shape::Crowd, 1_000);
}

#[test]
fn with_observed_state() {
    compare(Shape::Observed, 1_500);
}
