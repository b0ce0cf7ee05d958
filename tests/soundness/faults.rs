// SPDX-License-Identifier: GPL-2.0-only
//! The comparisons notice: each [`Fault`] of the explorer or the simulator is found by one of them.

use crate::program::{Program, Shape};
use crate::rc11::allowed;
use crate::relaxed::{self, CANDIDATES};
use crate::{brute, machine, reduced_by, weak};
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

/// What a fault of memory `ra` is looked for with: the axioms know better.
const WEAK: [weak::Shape; 4] = [
    weak::Shape::TwoByFour,
    weak::Shape::Exchanges,
    weak::Shape::Strong,
    weak::Shape::ThreeByThree,
];

/// Whether the comparison of one program with RC11's axioms fails.
fn axioms_notice(fault: Fault, program: &weak::Weak) -> bool {
    let Some((expected, _)) = allowed(program, CANDIDATES) else { return false };
    let explorer = Exhaustive::faulty(Memory::Ra, fault);
    let faulty = catch_unwind(AssertUnwindSafe(|| relaxed::reduced_by(program, explorer)));
    faulty.is_err() || faulty.is_ok_and(|got| got.outcomes != expected)
}

/// Which comparison notices, in words.
fn noticed(fault: Fault) -> Option<String> {
    if fault.is_for_axioms() {
        return WEAK.into_iter().find_map(|shape| {
            let seed = (0..PROGRAMS)
                .find(|&seed| axioms_notice(fault, &weak::Weak::generate(shape, seed)))?;
            Some(format!("program {seed} of {shape:?} under Ra"))
        });
    }
    SHAPES.into_iter().find_map(|(memory, shape)| {
        let seed = (0..PROGRAMS)
            .find(|&seed| notices(fault, memory, &Program::generate(shape, seed, memory)))?;
        Some(format!("program {seed} of {shape:?} under {memory:?}"))
    })
}

#[test]
fn every_fault_is_noticed() {
    let mut unnoticed = Vec::new();
    for fault in Fault::ALL {
        match noticed(fault) {
            Some(by) => println!("{fault:?}: noticed by {by}"),
            None => unnoticed.push(fault),
        }
    }
    assert!(unnoticed.is_empty(), "no comparison notices {unnoticed:?}");
}
