// SPDX-License-Identifier: GPL-2.0-only
//! Who takes the next step: who can, whom the policy picks, and how time passes when nobody can.

use super::exec::Exec;
use super::execution::End;
use crate::sched::op::is_buffer;
use crate::sched::{Choice, Op, Point, Policy, ThreadId, ThreadSet};

impl Exec {
    /// Whether `thread` could take `op` now.
    pub(super) fn open(&self, thread: ThreadId, op: &Op) -> bool {
        if self.buffers.holds_up(thread, op) {
            return false;
        }
        self.passable(thread, op)
    }

    /// Who could go on now.
    #[inline]
    pub(super) fn enabled(&self) -> ThreadSet {
        let (busy, open) = (self.buffers.busy(), self.pending.open());
        debug_assert_eq!(open, self.asked(), "somebody was not told of a change");
        if busy.is_empty() { open } else { self.not_held_up(open.minus(busy)).or(busy) }
    }

    /// Those whose steps could be taken now, if nobody's stores waited: each one asked.
    fn asked(&self) -> ThreadSet {
        let mut open = ThreadSet::EMPTY;
        for (slot, op) in (0..).zip(self.pending.steps()) {
            if op.is_some_and(|op| is_buffer(slot) || self.passable(slot, &op)) {
                open.insert(slot);
            }
        }
        open
    }

    /// Those of `threads` that need not wait for stores of their own.
    #[cold]
    fn not_held_up(&self, threads: ThreadSet) -> ThreadSet {
        let mut free = threads;
        for t in threads.iter() {
            if self.pending[t].is_some_and(|op| self.buffers.holds_up(t, &op)) {
                free = free.minus(ThreadSet::only(t));
            }
        }
        free
    }

    /// Nobody can go on: lets time pass until somebody can. False if time ends nobody's sleep.
    fn pass_time(&mut self) -> bool {
        let sleeping = self.threads.iter().zip(self.pending.steps()).filter(|(_, op)| op.is_some());
        let Some(next) = sleeping.filter_map(|(t, _)| t.deadline).min() else { return false };
        self.now = self.now.max(next);
        self.look_again();
        true
    }

    /// Decides who is next, unless everybody is to suspend first.
    pub(super) fn decide(&mut self) {
        self.paused = self.pauses();
        self.next = if self.paused { None } else { self.choose() };
    }

    /// Asks the policy who is next. `None`: everybody rests, or the execution is over.
    pub(super) fn choose(&mut self) -> Option<ThreadId> {
        if let Some(thread) = self.next_repeated() {
            return self.repeat(thread);
        }
        if let Some(thread) = self.ask(|policy| policy.repeat()) {
            return self.repeat(thread);
        }
        self.pick()
    }

    /// A new decision.
    #[inline]
    fn pick(&mut self) -> Option<ThreadId> {
        let mut enabled = self.enabled();
        if enabled.is_empty() && self.pass_time() {
            enabled = self.enabled();
        }
        if enabled.is_empty() {
            return None;
        }
        let point = Point {
            enabled,
            pending: self.pending.steps(),
            last: self.last,
            last_event: self.last_event(),
            depth: self.depth,
        };
        let choice = self.ask(|policy| policy.pick(&point));
        self.depth += 1;
        match choice {
            Choice::Run(t) if enabled.contains(t) => Some(t),
            Choice::Run(_) | Choice::Diverged => {
                self.end = Some(End::Diverged);
                None
            }
            Choice::Prune => {
                self.end = Some(End::Pruned);
                None
            }
        }
    }

    /// `thread` is next, as it was when the execution came here before.
    fn repeat(&mut self, thread: ThreadId) -> Option<ThreadId> {
        self.pass_point();
        if is_buffer(thread) {
            return Some(thread);
        }
        let op = self.pending[thread];
        if self.repeats() && !op.is_some_and(|op| self.is_next(thread, &op)) {
            return self.stop(End::Diverged);
        }
        // That it was enabled only once time had passed means that nobody was before.
        let open = |e: &Self| op.is_some_and(|op| e.open(thread, &op));
        if open(self) || self.pass_time() && open(self) {
            return Some(thread);
        }
        self.stop(End::Diverged)
    }

    /// Asks the policy.
    pub(super) fn ask<R>(&self, question: impl FnOnce(&mut dyn Policy) -> R) -> R {
        // SAFETY: the policy outlives the execution (`execute`), and it cannot reach back here.
        question(unsafe { &mut *self.policy })
    }

    /// Ends the execution; the current thread has to suspend.
    pub(super) fn stop<T>(&mut self, end: End) -> Option<T> {
        self.end = Some(end);
        self.next = None;
        None
    }
}
