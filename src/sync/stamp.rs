// SPDX-License-Identifier: GPL-2.0-only
//! Steps of the past, and which of them happens before which.
//!
//! For what has to be judged by happens-before instead of by the order in which the simulator took
//! the steps: under memory `ra` that order says nothing beyond it.

use super::seeded;
use super::seeded::clock::Clock;
use crate::sched::ThreadId;

/// A step that was taken, and all that happens before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    thread: ThreadId,
    at: u32,
    clock: Clock,
}

impl Stamp {
    /// The step that the current thread took last; `None` outside the seeded runtime.
    #[must_use]
    pub fn last() -> Option<Self> {
        let (thread, clock) = seeded::knowledge()?;
        // A thread counts its step once it was taken.
        let at = clock.of(thread).saturating_sub(1);
        Some(Self { thread, at, clock: clock.until(thread, at) })
    }

    /// Whose step it is.
    #[must_use]
    pub const fn thread(&self) -> ThreadId {
        self.thread
    }

    /// Whether it happens before `later`, or is the same step.
    #[must_use]
    pub const fn before(&self, later: &Self) -> bool {
        later.clock.knows(self.thread, self.at)
    }
}
