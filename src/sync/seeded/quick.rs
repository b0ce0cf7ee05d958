// SPDX-License-Identifier: GPL-2.0-only
//! The turn of a step that is like most: in a concurrent phase under `sc`, with nobody who looks on, and
//! nothing mutated or repeated.
//!
//! It is what [`super::turn`] does with such a step, without asking at each step what is so for the
//! whole phase: explorations spend their time here.
//!
//! # Invariants
//! - [`Exec::quick`] is set between the start of such a phase and its end only. In it there are no store
//!   buffers, no watcher and no beginning.
//! - A step that is taken here is announced, decided on, and taken with the same outcome as there.

use super::exec::{CURRENT, Exec};
use super::memory::Memory;
use super::region;
use super::turn::{Turn, suspend_slot};
use crate::sched::Op;
use crate::sync::mutation;

impl Exec {
    /// All threads stand before their first steps.
    pub(super) fn begin_quick(&mut self) {
        self.quick = self.config.memory == Memory::Sc
            && self.beginning.is_none()
            && self.watcher.is_none()
            && !mutation::any();
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
