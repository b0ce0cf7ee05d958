// SPDX-License-Identifier: GPL-2.0-only
//! Memory `ra`: on generated programs, the outcomes are exactly those that RC11's axioms allow, by
//! brute force over interleavings and choices, and by the reduced explorer.

use super::rc11::allowed;
use super::weak::{Outcome, Shape, Weak};
use std::collections::BTreeSet;
use ttysim::sched::{Bounded, Exhaustive, Policy};
use ttysim::sync::Runtime;
use ttysim::sync::seeded::{Config, End, Execution, Memory, execute};

/// The most candidate graphs of a program that the axioms are asked about.
const CANDIDATES: usize = 40_000;

/// The most executions of brute force.
const CAP: u64 = 300_000;

fn run(program: &Weak, policy: &mut dyn Policy) -> (Execution, Outcome) {
    let config = Config { record: true, max_steps: 10_000, memory: Memory::Ra };
    let mut outcome = Outcome::default();
    let execution = execute(config, policy, || outcome = program.run(Runtime::Seeded));
    (execution, outcome)
}

/// `None`: too many.
fn brute(program: &Weak) -> Option<(BTreeSet<Outcome>, u64)> {
    let mut policy = Bounded::new(None);
    let mut outcomes = BTreeSet::new();
    for executions in 1..=CAP {
        let (execution, outcome) = run(program, &mut policy);
        assert_eq!(execution.end, End::Completed, "{program:?}: {:?}", execution.found);
        outcomes.insert(outcome);
        if !policy.advance() {
            return Some((outcomes, executions));
        }
    }
    None
}

pub(crate) struct Reduced {
    pub(crate) outcomes: BTreeSet<Outcome>,
    pub(crate) executions: u64,
    pub(crate) pruned: u64,
}

pub(crate) fn reduced(program: &Weak) -> Reduced {
    let mut policy = Exhaustive::under(Memory::Ra);
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
            let stats = policy.stats();
            return Reduced { outcomes, executions: stats.executions, pruned: stats.pruned };
        }
    }
}

/// Compares `count` programs of one shape with the axioms, and as many as can be with brute force.
fn compare(shape: Shape, count: u64) {
    let count = count * super::scale();
    let (mut judged, mut graphs, mut executions, mut pruned) = (0, 0, 0, 0);
    let (mut brutes, mut brute_executions) = (0, 0);
    for seed in 0..count {
        let program = Weak::generate(shape, seed);
        let Some((expected, all)) = allowed(&program, CANDIDATES) else { continue };
        let says = |got: &BTreeSet<Outcome>, who: &str| {
            let missing: Vec<_> = expected.difference(got).take(3).collect();
            let invented: Vec<_> = got.difference(&expected).take(3).collect();
            assert!(
                missing.is_empty() && invented.is_empty(),
                "seed {seed} of {shape:?}: {who} misses {missing:?} and invents {invented:?} of\n\
                 {program:#?}"
            );
        };
        if seed % 8 == 0
            && let Some((got, n)) = brute(&program)
        {
            says(&got, "brute force");
            brutes += 1;
            brute_executions += n;
        }
        let got = reduced(&program);
        if got.outcomes != expected
            && let Some((got, _)) = brute(&program)
        {
            says(&got, "brute force");
        }
        says(&got.outcomes, "the explorer");
        judged += 1;
        graphs += all;
        executions += got.executions;
        pruned += got.pruned;
    }
    assert!(judged * 4 > count * 3, "{judged} of {count} programs are small enough");
    println!(
        "{shape:?}: {judged} programs, {graphs} graphs, {executions} executions and {pruned} cut \
         short; brute force on {brutes}: {brute_executions}"
    );
}

#[test]
fn two_threads_of_four() {
    compare(Shape::TwoByFour, 600);
}

#[test]
fn three_threads_of_three() {
    compare(Shape::ThreeByThree, 400);
}

#[test]
fn four_threads_of_two() {
    compare(Shape::FourByTwo, 400);
}

#[test]
fn sequentially_consistent_accesses_and_fences() {
    compare(Shape::Strong, 400);
}

#[test]
fn exchanges() {
    compare(Shape::Exchanges, 500);
}

#[test]
fn locks() {
    compare(Shape::Locks, 400);
}

#[test]
fn conditionals() {
    compare(Shape::Conditionals, 400);
}
