// SPDX-License-Identifier: GPL-2.0-only
//! What each slot stands before.
//!
//! # Invariants
//! - `ready` and `may_wait` have no member in common; together they are the slots with a step.
//! - Who is in `ready` can take its step whatever other threads do, and who is in `open`, a part of
//!   `may_wait`, can take it now; unless stores of its own wait ([`super::tso`]).
//! - So what lets a thread go on, or makes it wait, says so here: [`Exec::set_gate`] where an object's
//!   gate changes, [`Exec::pass_time`] where time passes.

use super::exec::Exec;
use crate::sched::op::SLOTS;
use crate::sched::{Gate, Op, ThreadId, ThreadSet};
use std::ops::Index;

/// By slot: a thread's next step, a store buffer's oldest store.
#[derive(Clone, Copy, Default)]
pub(super) struct Pending {
    steps: [Option<Op>; SLOTS],
    ready: ThreadSet,
    may_wait: ThreadSet,
    open: ThreadSet,
}

impl Pending {
    /// `slot` stands before `op`; `open`: if others can disable that, whether it can be taken now.
    #[inline]
    pub(super) fn stand(&mut self, slot: ThreadId, op: &Op, open: bool) {
        let it = ThreadSet::only(slot);
        let blocks = if op.kind.blocks() { it } else { ThreadSet::EMPTY };
        self.may_wait = self.may_wait.minus(it).or(blocks);
        self.ready = self.ready.or(it).minus(blocks);
        self.open = self.open.minus(it).or(if open { blocks } else { ThreadSet::EMPTY });
        self.steps[slot as usize] = Some(*op);
    }

    /// `slot` stands before nothing.
    pub(super) const fn leave(&mut self, slot: ThreadId) {
        let it = ThreadSet::only(slot);
        self.may_wait = self.may_wait.minus(it);
        self.ready = self.ready.minus(it);
        self.open = self.open.minus(it);
        self.steps[slot as usize] = None;
    }

    /// The slots whose steps could be taken now, if nobody's stores waited.
    pub(super) const fn open(&self) -> ThreadSet {
        self.ready.or(self.open)
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

impl Exec {
    /// `slot`, a thread's, stands before `op`.
    #[inline]
    pub(super) fn stand(&mut self, slot: ThreadId, op: &Op) {
        let open = self.passable(slot, op);
        self.pending.stand(slot, op, open);
    }

    /// Whether nothing but stores of its own could keep `thread` from taking `op` now.
    #[inline]
    pub(super) fn passable(&self, thread: ThreadId, op: &Op) -> bool {
        !op.kind.blocks()
            || self.objects[op.obj as usize].gate.enabled(op)
            || self.slept_enough(thread)
    }

    #[inline]
    fn slept_enough(&self, thread: ThreadId) -> bool {
        self.threads[thread as usize].deadline.is_some_and(|at| at <= self.now)
    }

    /// Time has passed: looks again at who has to wait.
    pub(super) fn look_again(&mut self) {
        for slot in self.pending.may_wait.iter() {
            if self.slept_enough(slot) {
                self.pending.open.insert(slot);
            }
        }
    }

    /// The gate of `obj` is `gate` from here on.
    pub(super) fn set_gate(&mut self, obj: u32, gate: Gate) {
        self.objects[obj as usize].gate = gate;
        for slot in self.pending.may_wait.iter() {
            if let Some(op) = &self.pending.steps[slot as usize]
                && op.obj == obj
            {
                if self.passable(slot, op) {
                    self.pending.open.insert(slot);
                } else {
                    self.pending.open.remove(slot);
                }
            }
        }
    }
}
