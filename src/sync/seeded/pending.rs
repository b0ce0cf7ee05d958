// SPDX-License-Identifier: GPL-2.0-only
//! What each slot stands before.
//!
//! # Invariants
//! - `ready` and `may_wait` have no member in common; together they are the slots with a step.
//! - Who is in `ready` can take its step whatever other threads do, unless stores of its own wait
//!   ([`super::tso`]). Whoever is in `may_wait` has to be asked at each scheduling point.

use crate::sched::op::SLOTS;
use crate::sched::{Op, ThreadId, ThreadSet};
use std::ops::Index;

/// By slot: a thread's next step, a store buffer's oldest store.
#[derive(Clone, Copy, Default)]
pub(super) struct Pending {
    steps: [Option<Op>; SLOTS],
    ready: ThreadSet,
    may_wait: ThreadSet,
}

impl Pending {
    /// `slot` stands before `op`.
    #[inline]
    pub(super) fn stand(&mut self, slot: ThreadId, op: &Op) {
        let it = ThreadSet::only(slot);
        let blocks = if op.kind.blocks() { it } else { ThreadSet::EMPTY };
        self.may_wait = self.may_wait.minus(it).or(blocks);
        self.ready = self.ready.or(it).minus(blocks);
        self.steps[slot as usize] = Some(*op);
    }

    /// `slot` stands before nothing.
    pub(super) const fn leave(&mut self, slot: ThreadId) {
        let it = ThreadSet::only(slot);
        self.may_wait = self.may_wait.minus(it);
        self.ready = self.ready.minus(it);
        self.steps[slot as usize] = None;
    }

    /// The slots before steps that nobody else can disable.
    pub(super) const fn ready(&self) -> ThreadSet {
        self.ready
    }

    /// The slots before steps that others can disable.
    pub(super) const fn may_wait(&self) -> ThreadSet {
        self.may_wait
    }

    /// By slot.
    pub(super) const fn steps(&self) -> &[Option<Op>; SLOTS] {
        &self.steps
    }
}

impl Index<ThreadId> for Pending {
    type Output = Option<Op>;

    fn index(&self, slot: ThreadId) -> &Option<Op> {
        &self.steps[slot as usize]
    }
}
