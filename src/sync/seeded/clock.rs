// SPDX-License-Identifier: GPL-2.0-only
//! Vector clocks over the threads of one execution, or (the explorer's) over all its slots.

use crate::sched::ThreadId;
use crate::sched::op::MAX_THREADS;

/// How many steps of each thread are known: fewer than [`i32::MAX`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Clock<const N: usize = MAX_THREADS>([u32; N]);

impl<const N: usize> Default for Clock<N> {
    fn default() -> Self {
        Self([0; N])
    }
}

impl<const N: usize> Clock<N> {
    /// The least clock at or above both.
    #[inline]
    pub(crate) fn join(&mut self, other: &Self) {
        for (mine, theirs) in self.0.iter_mut().zip(other.0) {
            // Signed: what every processor has an instruction for.
            *mine = (*mine as i32).max(theirs as i32) as u32;
        }
    }

    /// The component of `thread`.
    #[inline]
    pub(crate) const fn of(&self, thread: ThreadId) -> u32 {
        self.0[thread as usize]
    }

    /// Advances `thread`'s component.
    #[inline]
    pub(crate) const fn tick(&mut self, thread: ThreadId) {
        self.0[thread as usize] += 1;
    }

    /// This clock, with no step of `thread` after number `at`.
    #[inline]
    pub(crate) const fn until(mut self, thread: ThreadId, at: u32) -> Self {
        if self.0[thread as usize] > at {
            self.0[thread as usize] = at;
        }
        self
    }

    /// Whether step number `at` of `thread` is known.
    #[inline]
    pub(crate) const fn knows(&self, thread: ThreadId, at: u32) -> bool {
        self.0[thread as usize] >= at
    }
}
