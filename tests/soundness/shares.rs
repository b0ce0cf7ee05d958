// SPDX-License-Identifier: GPL-2.0-only
//! An exploration that is divided into shares is the same exploration: no execution is in two shares
//! and none is missing.

use crate::program::{Program, Shape};
use crate::weak::{self, Weak};
use crate::{reduced_by, relaxed};
use std::collections::BTreeSet;
use ttysim::sched::{Exhaustive, Share};
use ttysim::sync::seeded::Memory;

/// Into how many shares an exploration is divided, and at which depth.
const DIVISIONS: [(u32, usize); 3] = [(2, 1), (3, 4), (5, 7)];

/// Each execution of the whole is a Mazurkiewicz trace (under `ra` an execution graph), and there is
/// one for each. So if the shares have as many in sum and reach the same outcomes, they are disjoint
/// and complete. `explore` gives the outcomes and the number of executions of what it is given.
/// Returns in how many shares there was some of it and not all.
fn divide<O: Ord + std::fmt::Debug>(
    memory: Memory,
    what: &str,
    explore: &dyn Fn(Exhaustive) -> (BTreeSet<O>, u64),
) -> u64 {
    let (expected, whole) = explore(Exhaustive::under(memory));
    let mut divided = 0;
    for (of, depth) in DIVISIONS {
        let mut sum = 0;
        let mut outcomes = BTreeSet::new();
        for index in 0..of {
            let share = Exhaustive::sharing(memory, Share { index, of }, depth);
            let (got, executions) = explore(share);
            divided += u64::from(executions > 0 && executions < whole);
            outcomes.extend(got);
            sum += executions;
        }
        assert_eq!(outcomes, expected, "{of} shares at {depth} of {what}");
        assert_eq!(sum, whole, "{of} shares at {depth} of {what}");
    }
    divided
}

fn divide_all(memory: Memory, shape: Shape, count: u64) {
    let divided = |seed| {
        let program = Program::generate(shape, seed, memory);
        let what = format!("seed {seed} of {shape:?} under {memory:?}\n{program:#?}");
        divide(memory, &what, &|policy| reduced_by(&program, memory, policy))
    };
    let divided: u64 = (0..count).map(divided).sum();
    assert!(divided > count, "{shape:?}: next to nothing was divided");
}

/// The same for programs over accesses of every strength.
fn divide_weak(shape: weak::Shape, count: u64) {
    let divided = |seed| {
        let program = Weak::generate(shape, seed);
        let what = format!("seed {seed} of {shape:?}\n{program:#?}");
        divide(Memory::Ra, &what, &|policy| {
            let relaxed::Reduced { outcomes, executions, .. } =
                relaxed::reduced_by(&program, policy);
            (outcomes, executions)
        })
    };
    let divided: u64 = (0..count).map(divided).sum();
    assert!(divided > count, "{shape:?}: next to nothing was divided");
}

#[test]
fn shares_are_disjoint_and_complete() {
    for memory in Memory::ALL {
        divide_all(memory, Shape::TwoByFour, 60);
        divide_all(memory, Shape::ThreeByThree, 20);
        divide_all(memory, Shape::Locks, 60);
        divide_all(memory, Shape::Gates, 60);
        divide_all(memory, Shape::Crowd, 60);
        // Under `ra` the order of changes is nothing that an observer may look at.
        if memory != Memory::Ra {
            divide_all(memory, Shape::Observed, 60);
        }
    }
}

#[test]
fn shares_are_disjoint_and_complete_in_weak_memory() {
    divide_weak(weak::Shape::TwoByFour, 60);
    divide_weak(weak::Shape::ThreeByThree, 20);
    divide_weak(weak::Shape::FourByTwo, 20);
    divide_weak(weak::Shape::Strong, 40);
    divide_weak(weak::Shape::Exchanges, 60);
    divide_weak(weak::Shape::Locks, 40);
    divide_weak(weak::Shape::Conditionals, 60);
}
