// SPDX-License-Identifier: GPL-2.0-only
//! x86-TSO: a store waits in its thread's store buffer before it reaches memory.
//!
//! The model is that of Sewell, Sarkar, Owens, Zappa Nardelli and Myreen, *x86-TSO: A Rigorous and
//! Usable Programmer's Model for x86 Multiprocessors* (CACM 53(7), 2010): one FIFO buffer a thread;
//! a load takes the newest store to its location from the own buffer, else memory's; a full barrier
//! and a locked instruction execute only while the own buffer is empty.
//!
//! # Data flow
//! ```text
//! store, spin_unlock -> Buffered (a step of the thread, which nobody else sees)
//!                    -> Stored, in the buffer
//!                    -> the store itself (a step of the buffer, in a slot of its own) -> memory
//! ```
//! So the policy decides when a store reaches memory as it decides who runs, a schedule names it,
//! and the explorer needs to know of nothing but program order ([`crate::sched::op::dependent`],
//! [`Op::drains`](crate::sched::Op::drains)).
//!
//! What a store means to the ghost it means when it reaches memory: [`when_visible`].
//!
//! # Invariants
//! - Buffers are empty outside concurrent phases: nobody rests before the stores have.
//! - `pending` holds the oldest store of each buffer, in the buffer's slot.
//! - What others learn from a store (happens-before) is fixed when the thread stores.
//!
//! # Deviations
//! 1. Plain memory (`RaceCell`, `RaceBytes`) does not go through the buffers. Two conflicting
//!    accesses to it are ordered by happens-before, and then nobody can tell, or they are a race,
//!    which is a finding.
//! 2. A trylock that fails waits for the buffer as one that succeeds does. The kernel's look
//!    before they lock, so on hardware a failing one can come before an older store.
//! 3. Operations on mutexes, semaphores, work items and wait queues are one locked instruction
//!    each, also where the kernel's slow path is several, and whatever it stores plainly under an
//!    inner spinlock is visible at once: who looks takes that lock, except `waitqueue_active`.
//! 4. The virtual clock moves only when all buffers are empty: a timeout is longer than a store
//!    takes.
//! 5. A buffer has room for any number of stores.

use super::clock::Clock;
use super::exec::{Exec, with};
use super::turn::show;
use crate::sched::op::{Chosen, ThreadSet, buffer_of, is_buffer, owner};
use crate::sched::{Event, Fault, Gate, Mark, Op, OpKind, ThreadId};
use std::collections::VecDeque;

/// What has to happen with a store that reaches memory: a change of ghost state.
type Effect = Box<dyn FnOnce()>;

/// A store on its way.
pub(super) struct Stored {
    /// What it is once it reaches memory: a store, or the release of a lock.
    pub(super) op: Op,
    /// The value; 0 for a release.
    pub(super) value: usize,
    /// What a thread that acquires it learns.
    pub(super) message: Clock,
}

/// The store buffers of an execution.
#[derive(Default)]
pub(super) struct StoreBuffers {
    /// By thread; the oldest store first. There are as many as were ever needed.
    queues: Vec<VecDeque<(Stored, Vec<Effect>)>>,
    /// The slots of those that are not empty.
    busy: ThreadSet,
    /// Only in tests of the tests.
    pub(super) fault: Option<Fault>,
}

impl StoreBuffers {
    /// The slots of the buffers that are not empty.
    pub(super) const fn busy(&self) -> ThreadSet {
        self.busy
    }

    /// Whether `thread` has to wait for its buffer to be empty before `op`.
    #[inline]
    pub(super) fn holds_up(&self, thread: ThreadId, op: &Op) -> bool {
        let leaks = match self.fault {
            Some(Fault::LeaksAcrossABarrier) => op.kind == OpKind::Fence,
            Some(Fault::LeaksAcrossALock) => op.kind == OpKind::Rmw,
            _ => false,
        };
        self.busy.contains(buffer_of(thread)) && op.drains() && !leaks
    }

    /// The newest store to `obj` in the buffer of `thread`: the value, and what it teaches.
    #[inline]
    pub(super) fn newest(&self, thread: ThreadId, obj: u32) -> Option<(usize, &Clock)> {
        if self.busy.is_empty() || self.fault == Some(Fault::MissesOwnStores) {
            return None;
        }
        let mut stores = self.queues.get(thread as usize)?.iter().rev();
        let to_it = |s: &Stored| s.op.kind == OpKind::Store && s.op.obj == obj;
        stores.find(|(s, _)| to_it(s)).map(|(s, _)| (s.value, &s.message))
    }
}

impl Exec {
    /// Puts `stored` into the current thread's buffer.
    pub(super) fn buffer(&mut self, stored: Stored) {
        let thread = self.current;
        let slot = buffer_of(thread);
        if self.pending[slot].is_none() {
            self.pending.stand(slot, &stored.op, true);
        }
        let StoreBuffers { queues, busy, .. } = &mut self.buffers;
        busy.insert(slot);
        if queues.len() <= thread as usize {
            queues.resize_with(thread as usize + 1, VecDeque::new);
        }
        queues[thread as usize].push_back((stored, Vec::new()));
    }

    /// The oldest store of the buffer in `slot` reaches memory. Returns what has to happen with it.
    fn reach_memory(&mut self, slot: ThreadId) -> Vec<Effect> {
        let Some(queue) = self.buffers.queues.get_mut(owner(slot) as usize) else {
            return Vec::new();
        };
        let Some((Stored { op, value, message }, effects)) = queue.pop_front() else {
            return Vec::new();
        };
        match queue.front() {
            Some((next, _)) => self.pending.stand(slot, &next.op, true),
            None => self.pending.leave(slot),
        }
        if queue.is_empty() {
            self.buffers.busy = self.buffers.busy.minus(ThreadSet::only(slot));
        }
        let object = &mut self.objects[op.obj as usize];
        let before = object.gate;
        if op.kind == OpKind::MutexUnlock {
            object.location.message.join(&message);
            self.set_gate(op.obj, before.apply(&op));
        } else {
            object.location.value = value;
            object.location.message = message;
        }
        let before = if op.kind == OpKind::MutexUnlock { before } else { Gate::default() };
        let (phase, mark) = (self.phase, Mark::default());
        self.append(Event {
            thread: slot,
            phase,
            op,
            ok: true,
            before,
            read: 0,
            wrote: value,
            mark,
            chosen: Chosen::default(),
        });
        effects
    }

    /// The newest store of the current thread, if putting it into the buffer was the last step.
    fn newest_effects(&mut self) -> Option<&mut Vec<Effect>> {
        let last = self.last_event()?;
        if last.op.kind != OpKind::Buffered || last.thread != self.current {
            return None;
        }
        let queue = self.buffers.queues.get_mut(self.current as usize)?;
        queue.back_mut().map(|(_, effects)| effects)
    }
}

/// Takes the steps of store buffers until a thread is next, or nobody.
pub(super) fn drain() {
    let next_buffer = || with(|e| e.next.filter(|&next| is_buffer(next))).flatten();
    while let Some(slot) = next_buffer() {
        let effects = with(|e| e.reach_memory(slot)).unwrap_or_default();
        effects.into_iter().for_each(|effect| effect());
        show();
        with(|e| e.next = if e.end.is_none() { e.choose() } else { None });
    }
}

/// Whether the store that was the current thread's last step waits in its buffer.
pub(crate) fn store_waits() -> bool {
    with(|e| e.newest_effects().is_some()).unwrap_or(false)
}

/// Lets `effect` happen with the step with which that store reaches memory; at once if it does not
/// wait.
pub(crate) fn when_visible(effect: Effect) {
    let mut effect = Some(effect);
    with(|e| {
        if let Some(effects) = e.newest_effects() {
            effects.extend(effect.take());
        }
    });
    if let Some(now) = effect {
        now();
    }
}
