// SPDX-License-Identifier: GPL-2.0-only
//! An exploration that is divided into shares is the same exploration: no execution is in two shares
//! and none is missing.

use crate::program::{Program, Shape};
use crate::{reduced, reduced_by};
use std::collections::BTreeSet;
use ttysim::sched::{Exhaustive, Share};
use ttysim::sync::seeded::Memory;

/// Each execution of the whole is a Mazurkiewicz trace, and there is one for each. So if the shares
/// have as many in sum and reach the same outcomes, they are disjoint and complete.
fn divide(memory: Memory, shape: Shape, count: u64) {
    let mut divided = 0;
    for seed in 0..count {
        let program = Program::generate(shape, seed, memory);
        let (expected, whole) = reduced(&program, memory);
        for (of, depth) in [(2, 1), (3, 4), (5, 7)] {
            let mut sum = 0;
            let mut outcomes = BTreeSet::new();
            for index in 0..of {
                let share = Exhaustive::sharing(memory, Share { index, of }, depth);
                let (got, executions) = reduced_by(&program, memory, share);
                divided += u64::from(executions > 0 && executions < whole);
                outcomes.extend(got);
                sum += executions;
            }
            let what = format!("seed {seed} of {shape:?} under {memory:?}, {of} shares at {depth}");
            assert_eq!(outcomes, expected, "{what}\n{program:#?}");
            assert_eq!(sum, whole, "{what}\n{program:#?}");
        }
    }
    assert!(divided > count, "{shape:?}: next to nothing was divided");
}

#[test]
fn shares_are_disjoint_and_complete() {
    for memory in [Memory::Sc, Memory::Tso] {
        divide(memory, Shape::TwoByFour, 60);
        divide(memory, Shape::ThreeByThree, 20);
        divide(memory, Shape::Locks, 60);
        divide(memory, Shape::Gates, 60);
        divide(memory, Shape::Crowd, 60);
        divide(memory, Shape::Observed, 60);
    }
}
