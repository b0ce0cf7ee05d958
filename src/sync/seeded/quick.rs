// SPDX-License-Identifier: GPL-2.0-only
//! The turn of a step that is like most: of the script while it is alone, or of a concurrent phase under
//! `sc`; with nobody who looks on, and nothing mutated or repeated.
//!
//! It is what [`super::turn`] does with such a step, without asking at each step what is so for many:
//! explorations spend their time here.
//!
//! # Invariants
//! - While [`Exec::quick`] is set there is no watcher, and no step is repeated; in a phase there are no
//!   store buffers either.
//! - A step that is taken here is announced, decided on, and taken with the same outcome as there.

use super::exec::{CURRENT, Exec};
use super::memory::Memory;
use super::region;
use super::turn::{Turn, suspend_slot};
use crate::sched::Op;
use crate::sync::mutation;

impl Exec {
    /// The script is alone from here on, or all threads of a phase stand before their first steps.
    pub(super) fn begin_quick(&mut self) {
        let alike = self.alone()
            || self.config.memory == Memory::Sc && self.beginning.is_none() && !mutation::any();
        self.quick = alike && self.watcher.is_none() && !self.repeats();
    }
}

/// Announces `op` and waits for the turn, if it is such a step.
#[inline(always)]
pub(super) fn turn(op: &Op) -> Option<Turn> {
    let exec = CURRENT.get();
    if exec.is_null() {
        return None;
    }
    // SAFETY: as in `exec::with`. The borrow ends before the switch.
    let e = unsafe { &mut *exec };
    if !e.quick || e.end.is_some() || e.steps >= e.limit {
        return None;
    }
    if e.alone() {
        return e.passable(e.current, op).then_some(Turn::Take);
    }
    let current = e.current;
    region::outside(|| {
        e.stand(current, op);
        e.next = e.choose();
    });
    if e.next == Some(current) {
        return Some(Turn::Take);
    }
    let slot = &raw const e.threads[current as usize];
    // SAFETY: it is the current thread's; and the execution is there as before.
    let stopping = unsafe {
        suspend_slot(slot);
        (*exec).stopping
    };
    Some(if stopping { Turn::Over } else { Turn::Take })
}
