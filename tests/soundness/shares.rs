// SPDX-License-Identifier: GPL-2.0-only
//! An exploration that is divided into shares is the same exploration: no execution is in two shares
//! and none is missing.

use crate::program::{Program, Shape};
use crate::weak::{self, Weak};
use crate::{reduced_by, relaxed};
use std::collections::BTreeSet;
use ttysim::sched::{Exhaustive, Share};
use ttysim::sync::Runtime;
use ttysim::sync::seeded::Memory;
use ttysim::verify::judge::{Judged, Plan, judge};
use ttysim::verify::side_by_side::{Sides, judge_side_by_side};

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

/// An exploration that is divided as it goes on has the executions of the whole. Returns whether it was
/// divided at all.
fn side_by_side(memory: Memory, what: &str, body: &(dyn Fn() + Sync)) -> bool {
    let plan = Plan::everything(memory, 1_000_000);
    let whole = judge(&plan, body, &mut |_| true);
    let of = |j: &Judged| (j.executions, j.cut, j.complete, j.longest);
    for slice in [1, 7] {
        let [one, two] = [1, 2]
            .map(|jobs| judge_side_by_side(&plan, Sides { jobs, slice }, body, &mut |_| true));
        assert_eq!(of(&one), of(&whole), "{slice} a round of {what}");
        assert_eq!((of(&one), one.pruned, one.hash), (of(&two), two.pruned, two.hash), "{what}");
    }
    whole.executions > 7
}

#[test]
fn divided_as_it_goes_on_it_is_the_same() {
    let mut divided = 0;
    for memory in Memory::ALL {
        for shape in
            [Shape::TwoByFour, Shape::ThreeByThree, Shape::Locks, Shape::Gates, Shape::Crowd]
        {
            for seed in 0..40 {
                let program = Program::generate(shape, seed, memory);
                let what = format!("seed {seed} of {shape:?} under {memory:?}\n{program:#?}");
                let body = || {
                    program.run(Runtime::Seeded);
                };
                divided += u64::from(side_by_side(memory, &what, &body));
            }
        }
    }
    use weak::Shape::{Conditionals, Exchanges, FourByTwo, Locks, Strong, ThreeByThree, TwoByFour};
    for shape in [TwoByFour, ThreeByThree, FourByTwo, Strong, Exchanges, Locks, Conditionals] {
        for seed in 0..40 {
            let program = Weak::generate(shape, seed);
            let what = format!("seed {seed} of {shape:?}\n{program:#?}");
            let body = || {
                program.run(Runtime::Seeded);
            };
            divided += u64::from(side_by_side(Memory::Ra, &what, &body));
        }
    }
    assert!(divided > 300, "only {divided} programs have anything to divide");
}
