// SPDX-License-Identifier: GPL-2.0-only
//! Who holds a lock, and where it was taken: so that a guard need not remember more than its lock.
//!
//! A guard of one word is moved in registers; one that has a site with it is copied through memory,
//! which the solo runtime would pay for.

use super::current;
use crate::sched::ThreadId;
use crate::sched::op::MAIN;
use crate::sync::Site;
use std::cell::RefCell;

/// The holds of one lock. Threads let go of theirs in the reverse of the order of taking them.
#[derive(Debug, Default)]
pub(crate) struct Holds(RefCell<Vec<(ThreadId, Site)>>);

// SAFETY: every thread of an execution is a coroutine of one OS thread, and a lock is only taken, and
// let go of, by a step of an execution. No borrow lasts beyond one of the functions below, which
// switch to nobody.
unsafe impl Sync for Holds {}

impl Holds {
    /// The current thread has it, taken at `site`.
    pub(crate) fn enter(&self, site: Site) {
        self.0.borrow_mut().push((current().unwrap_or(MAIN), site));
    }

    /// Where the current thread took the one that it has, if it has one.
    pub(crate) fn mine(&self) -> Option<Site> {
        let me = current().unwrap_or(MAIN);
        self.0.borrow().iter().find_map(|(thread, site)| (*thread == me).then_some(*site))
    }

    /// The current thread lets go of the one it took last; returns where that was.
    pub(crate) fn leave(&self) -> Site {
        let me = current().unwrap_or(MAIN);
        let mut holds = self.0.borrow_mut();
        let last = holds.iter().rposition(|(thread, _)| *thread == me);
        last.map_or("unlock", |at| holds.remove(at).1)
    }
}
