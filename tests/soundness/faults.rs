// SPDX-License-Identifier: GPL-2.0-only
//! The comparisons notice: each [`Fault`] of the explorer or the simulator is found by one of them.

use crate::program::{Program, Shape};
use crate::{brute, machine, reduced_by};
use std::panic::{AssertUnwindSafe, catch_unwind};
use ttysim::sched::{Exhaustive, Fault};
use ttysim::sync::seeded::Memory;

/// What a fault is looked for with.
const SHAPES: [(Memory, Shape); 9] = [
    (Memory::Sc, Shape::TwoByFour),
    (Memory::Sc, Shape::ThreeByThree),
    (Memory::Sc, Shape::Locks),
    (Memory::Sc, Shape::Gates),
    (Memory::Sc, Shape::Observed),
    (Memory::Tso, Shape::TwoByFour),
    (Memory::Tso, Shape::Barriers),
    (Memory::Tso, Shape::Spinlocks),
    (Memory::Ra, Shape::Conditionals),
];

/// Programs of a shape: no more than the comparisons look at.
const PROGRAMS: u64 = 200;

/// Whether the comparison of one program fails.
fn notices(fault: Fault, memory: Memory, program: &Program) -> bool {
    let explorer = Exhaustive::faulty(memory, fault);
    let faulty = catch_unwind(AssertUnwindSafe(|| reduced_by(program, memory, explorer)));
    let Ok((got, _)) = faulty else { return true };
    let expected = match memory {
        Memory::Tso => machine::outcomes(program),
        _ => brute(program, memory).0,
    };
    got != expected
}

#[test]
fn every_fault_is_noticed() {
    let mut unnoticed = Vec::new();
    for fault in Fault::ALL {
        let by = SHAPES.into_iter().find_map(|(memory, shape)| {
            let seed = (0..PROGRAMS)
                .find(|&seed| notices(fault, memory, &Program::generate(shape, seed, memory)))?;
            Some((memory, shape, seed))
        });
        match by {
            Some((memory, shape, n)) => {
                println!("{fault:?}: noticed by program {n} of {shape:?} under {memory:?}");
            }
            None => unnoticed.push(fault),
        }
    }
    assert!(unnoticed.is_empty(), "no comparison notices {unnoticed:?}");
}
