// SPDX-License-Identifier: GPL-2.0-only
//! The ground all verdicts stand on: on generated programs, the reduced explorer reaches exactly
//! the outcomes that brute force reaches.
//!
//! An outcome is everything a program can notice: each register of each thread, the final value
//! of each variable, and who is blocked where. Brute force is `sched::Bounded` without a bound:
//! plain depth-first enumeration, no reduction at all.
//!
//! Under `tso` there is a second comparison, with a machine written for this test alone
//! (`machine.rs`), and the litmus tests whose verdicts are published (`litmus.rs`).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail")]

mod c11;
mod export;
mod faults;
mod litmus;
mod machine;
mod program;
mod rc11;
mod relaxed;
mod repeats;
mod shapes;
mod shares;
mod weak;

use program::{Program, Shape};
use std::collections::BTreeSet;
use ttysim::sched::{Bounded, Exhaustive, Policy};
use ttysim::sync::seeded::{Config, End, Execution, Memory, execute};

/// As in the binary, so that explorations can put programs back.
#[global_allocator]
static MEMORY: ttysim::sync::seeded::ProgramMemory = ttysim::sync::seeded::ProgramMemory;

/// Far above the largest shape's count; reaching it is a failure, not a pass.
const CAP: u64 = 3_000_000;

fn run(program: &Program, memory: Memory, policy: &mut dyn Policy) -> (Execution, String) {
    let config = Config { record: true, max_steps: 10_000, memory };
    let mut outcome = String::new();
    let execution =
        execute(config, policy, || outcome = program.run(ttysim::sync::Runtime::Seeded));
    (execution, outcome)
}

fn brute(program: &Program, memory: Memory) -> (BTreeSet<String>, u64) {
    let mut policy = Bounded::new(None);
    let mut outcomes = BTreeSet::new();
    let mut executions = 0;
    loop {
        let (execution, outcome) = run(program, memory, &mut policy);
        assert_eq!(execution.end, End::Completed, "{program:?}: {:?}", execution.found);
        outcomes.insert(outcome);
        executions += 1;
        assert!(executions < CAP, "brute force does not finish: {program:?}");
        if !policy.advance() {
            return (outcomes, executions);
        }
    }
}

fn reduced(program: &Program, memory: Memory) -> (BTreeSet<String>, u64) {
    reduced_by(program, memory, Exhaustive::under(memory))
}

/// The outcomes that `policy` reaches, and in how many executions.
fn reduced_by(
    program: &Program,
    memory: Memory,
    mut policy: Exhaustive,
) -> (BTreeSet<String>, u64) {
    let mut outcomes = BTreeSet::new();
    loop {
        let (execution, outcome) = run(program, memory, &mut policy);
        match execution.end {
            End::Completed if policy.is_ours() => {
                outcomes.insert(outcome);
            }
            End::Completed | End::Pruned => {}
            end => panic!("{end:?}: {program:?}"),
        }
        if !policy.advance(&execution) {
            return (outcomes, policy.stats().executions);
        }
        assert!(policy.stats().executions < CAP, "the explorer does not finish: {program:?}");
    }
}

/// `TTYSIM_SOUNDNESS=20` compares twenty times the programs.
fn scale() -> u64 {
    std::env::var("TTYSIM_SOUNDNESS").ok().and_then(|s| s.parse().ok()).unwrap_or(1)
}

/// Compares `count` programs of one shape; prints what the reduction saved.
fn compare(shape: Shape, count: u64) {
    compare_under(Memory::Sc, shape, count);
}

fn compare_under(memory: Memory, shape: Shape, count: u64) {
    let count = count * scale();
    let (mut all, mut kept) = (0, 0);
    for seed in 0..count {
        let program = Program::generate(shape, seed, memory);
        let (expected, brute_executions) = brute(&program, memory);
        let (got, executions) = reduced(&program, memory);
        assert_eq!(
            got, expected,
            "seed {seed} of {shape:?} under {memory:?}: the explorer misses or invents outcomes \
             of\n{program:#?}"
        );
        assert!(executions <= brute_executions);
        all += brute_executions;
        kept += executions;
    }
    println!(
        "{memory:?} {shape:?}: {count} programs, {all} interleavings, {kept} executions after reduction"
    );
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

#[test]
fn tso_two_threads_of_four() {
    compare_under(Memory::Tso, Shape::TwoByFour, 400);
}

#[test]
fn tso_with_barriers() {
    compare_under(Memory::Tso, Shape::Barriers, 400);
}

#[test]
fn tso_with_spinlocks() {
    compare_under(Memory::Tso, Shape::Spinlocks, 400);
}

#[test]
fn tso_with_conditionals() {
    compare_under(Memory::Tso, Shape::Conditionals, 300);
}

#[test]
fn tso_with_every_blocking_object() {
    compare_under(Memory::Tso, Shape::Gates, 500);
}

#[test]
fn tso_with_writer_bias() {
    compare_under(Memory::Tso, Shape::Bias, 200);
}

#[test]
fn tso_with_two_of_every_blocking_object() {
    compare_under(Memory::Tso, Shape::Crowd, 300);
}

#[test]
fn tso_with_observed_state() {
    compare_under(Memory::Tso, Shape::Observed, 500);
}

/// The outcomes of `program` on the explorer and on the test's own machine.
fn compare_with_machine(shape: Shape, count: u64) {
    for seed in 0..count * scale() {
        let program = Program::generate(shape, seed, Memory::Tso);
        let (got, _) = reduced(&program, Memory::Tso);
        let expected = machine::outcomes(&program);
        assert_eq!(got, expected, "seed {seed} of {shape:?}: explorer, then machine\n{program:#?}");
    }
}

#[test]
fn tso_is_the_machine() {
    let shapes = [
        Shape::TwoByFour,
        Shape::ThreeByThree,
        Shape::FourByTwo,
        Shape::Conditionals,
        Shape::Locks,
        Shape::Barriers,
        Shape::Spinlocks,
    ];
    for shape in shapes {
        compare_with_machine(shape, 200);
    }
}

#[test]
fn ra_with_locks() {
    compare_under(Memory::Ra, Shape::Locks, 200);
}

#[test]
fn ra_with_conditionals() {
    compare_under(Memory::Ra, Shape::Conditionals, 150);
}

#[test]
fn ra_with_every_blocking_object() {
    compare_under(Memory::Ra, Shape::Gates, 500);
}

#[test]
fn ra_with_writer_bias() {
    compare_under(Memory::Ra, Shape::Bias, 150);
}

#[test]
fn ra_with_two_of_every_blocking_object() {
    compare_under(Memory::Ra, Shape::Crowd, 400);
}
