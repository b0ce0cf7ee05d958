// SPDX-License-Identifier: GPL-2.0-only
//! What is kept of a step that was taken: its event, its part of the digest, its thread's count.

use super::exec::Exec;
use super::ra;
use crate::sched::op::{Chosen, Mark};
use crate::sched::{Event, Gate, Op, ThreadId};

impl Exec {
    /// The current thread took `op`.
    #[inline]
    pub(super) fn record(&mut self, op: &Op, ok: bool, before: Gate, read: usize, wrote: usize) {
        if self.ra.is_some() {
            ra::other_step(self, op);
        }
        self.record_chosen(op, ok, before, (read, wrote), Chosen::default());
    }

    /// The same for a step that chose what it did.
    #[inline]
    pub(super) fn record_chosen(
        &mut self,
        op: &Op,
        ok: bool,
        before: Gate,
        (read, wrote): (usize, usize),
        chosen: Chosen,
    ) {
        let (thread, phase, mark) = (self.current, self.phase, Mark::default());
        self.append(Event { thread, phase, op: *op, ok, before, read, wrote, mark, chosen });
        self.threads[thread as usize].view.clock.tick(thread);
        if self.keeps {
            self.keep(op);
        }
    }

    /// A scheduling point more, if it is one.
    pub(super) const fn pass_point(&mut self) {
        if self.phase != 0 {
            self.depth += 1;
        }
    }

    /// A step more, which is `thread`'s.
    pub(super) const fn count_step(&mut self, thread: ThreadId) {
        self.steps += 1;
        if self.phase != 0 {
            self.last = Some(thread);
        }
    }

    /// A step was taken.
    #[inline]
    pub(super) fn append(&mut self, event: Event) {
        let Event { thread, ref op, ok, read, wrote, chosen, .. } = event;
        for word in [
            u64::from(thread) << 40 | u64::from(op.obj) << 8 | op.kind as u64,
            read as u64,
            wrote as u64 ^ u64::from(ok) << 63 ^ u64::from(chosen.older) << 40,
        ] {
            self.hash = (self.hash ^ word).wrapping_mul(0x0000_0100_0000_01b3).rotate_left(23);
        }
        self.count_step(thread);
        if self.config.record {
            self.trace.push(event);
        } else {
            self.last_event = Some(event);
        }
    }

    /// What the step just taken in this phase was.
    pub(super) fn last_event(&self) -> Option<&Event> {
        self.last?;
        match self.config.record {
            // Behind it may be steps that are still to be repeated.
            true => self.trace.get(self.steps.checked_sub(1)? as usize),
            false => self.last_event.as_ref(),
        }
    }

    /// The step just taken means something to an observer.
    pub(super) fn mark(&mut self, mark: Mark) {
        if self.alone() || self.steps <= self.repeated {
            return;
        }
        let event =
            if self.config.record { self.trace.last_mut() } else { self.last_event.as_mut() };
        if let Some(event) = event {
            event.mark = event.mark.and(mark);
        }
    }
}
