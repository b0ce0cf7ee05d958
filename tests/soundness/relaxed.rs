// SPDX-License-Identifier: GPL-2.0-only
//! Memory `ra`: on generated programs, the outcomes are exactly those that RC11's axioms allow, by
//! brute force over interleavings and choices, and by the reduced explorer.

use super::rc11::allowed;
use super::weak::{Outcome, Shape, Weak};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use ttysim::sched::{Bounded, Exhaustive, Policy};
use ttysim::sync::Runtime;
use ttysim::sync::loom_rt::{Bounds, explore};
use ttysim::sync::seeded::{Config, End, Execution, Memory, execute};

/// The most candidate graphs of a program that the axioms are asked about.
pub(crate) const CANDIDATES: usize = 12_000;

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
    reduced_by(program, Exhaustive::under(Memory::Ra))
}

/// What `policy` reaches.
pub(crate) fn reduced_by(program: &Weak, mut policy: Exhaustive) -> Reduced {
    let mut outcomes = BTreeSet::new();
    loop {
        let (execution, outcome) = run(program, &mut policy);
        match execution.end {
            End::Completed if policy.is_ours() => {
                outcomes.insert(outcome);
            }
            End::Completed | End::Pruned => {}
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
        says(&got.outcomes, "the explorer");
        // Not only every outcome: every graph, and each once.
        assert_eq!(got.executions, all as u64, "seed {seed} of {shape:?}: {program:#?}");
        judged += 1;
        graphs += all;
        executions += got.executions;
        pruned += got.pruned;
    }
    assert!(judged * 2 > count, "{judged} of {count} programs are small enough");
    println!(
        "{shape:?}: {judged} programs, {graphs} graphs, {executions} executions and {pruned} cut \
         short; brute force on {brutes}: {brute_executions}"
    );
}

/// The reads that stock loom sees.
fn by_loom(program: &Weak) -> BTreeSet<Vec<Vec<usize>>> {
    let seen = Arc::new(Mutex::new(BTreeSet::new()));
    let (sink, code) = (Arc::clone(&seen), program.clone());
    let bounds = Bounds { preemptions: None, executions: 200_000 };
    let explored = explore(bounds, move || {
        let outcome = code.run(Runtime::Loom);
        sink.lock().unwrap().insert(outcome.read);
    });
    assert!(explored.completed && explored.panicked.is_none(), "{program:?}");
    let seen = seen.lock().unwrap();
    seen.clone()
}

/// Loom is no model of RC11: besides what it misses it sees a few outcomes that coherence forbids (a
/// thread's own overwritten store). Whatever it sees and we do not must be of that kind.
#[test]
fn loom_sees_a_part_of_it() {
    let count = 120 * super::scale();
    let (mut complete, mut missed, mut wrong, mut list) = (0, 0, 0, String::new());
    for seed in 0..count {
        let program = Weak::generate(Shape::Loom, seed);
        let ours: BTreeSet<_> = reduced(&program).outcomes.into_iter().map(|o| o.read).collect();
        let loom = by_loom(&program);
        let invented: Vec<_> = loom.difference(&ours).collect();
        if let Some(first) = invented.first() {
            let (axioms, _) = allowed(&program, usize::MAX).unwrap();
            let known = axioms.iter().find(|o| invented.contains(&&o.read));
            assert_eq!(known, None, "seed {seed}: only loom sees it, in\n{program:#?}");
            wrong += invented.len();
            list += &format!("{seed}: sees {} that RC11 forbids, as {first:?}\n", invented.len());
        }
        let missing: Vec<_> = ours.difference(&loom).collect();
        complete += u64::from(missing.is_empty());
        missed += missing.len();
        if let Some(first) = missing.first() {
            let (all, n) = (ours.len(), missing.len());
            list += &format!("{seed}: misses {n} of {all}, as {first:?}\n");
        }
    }
    if super::scale() == 1 {
        let head = format!(
            "{count} programs: {complete} complete; {missed} outcomes missed, {wrong} forbidden\n"
        );
        insta::assert_snapshot!("loom", head + &list);
    }
}

#[test]
fn two_threads_of_four() {
    compare(Shape::TwoByFour, 400);
}

#[test]
fn three_threads_of_three() {
    compare(Shape::ThreeByThree, 250);
}

#[test]
fn four_threads_of_two() {
    compare(Shape::FourByTwo, 250);
}

#[test]
fn sequentially_consistent_accesses_and_fences() {
    compare(Shape::Strong, 250);
}

#[test]
fn exchanges() {
    compare(Shape::Exchanges, 300);
}

#[test]
fn locks() {
    compare(Shape::Locks, 250);
}

#[test]
fn conditionals() {
    compare(Shape::Conditionals, 250);
}
