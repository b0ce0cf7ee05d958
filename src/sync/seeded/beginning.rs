// SPDX-License-Identifier: GPL-2.0-only
//! The beginning that an execution has in common with the last one of the same exploration.
//!
//! An exploration runs one program again and again, and most of what an execution does the one
//! before did too. The program has to run through it once more, to have its stacks as they were (or some
//! of it, where [`super::program`] puts those back); but what its steps read, and what they made of objects, knowledge and memory, is known. So it is kept,
//! and a step that is repeated only puts it back: nothing is asked, chosen, or computed.
//!
//! # Data flow
//! ```text
//! new step      -> its event, and an `After`: what it left behind     (Exec::keep)
//! explorer      -> Beginning::repeat(n): so much of it comes again    (memory is rewound to there)
//! repeated step -> puts its `After` back, returns what its event read (Exec::repeated)
//! ```
//!
//! # Invariants
//! - The program is the same, and deterministic: until the first step that is not repeated, it
//!   announces the same steps. Where it does not, the execution ends as diverged.
//! - Steps are kept up to the end of the first phase. What follows is always run in full.
//! - Memory is what it was after the last step that is kept.
//! - Plain memory, its histories and the ghost are the program's: they see every step again.
//!
//! Only memory `ra` has one: elsewhere a step costs no more than putting it back. With mutants in
//! force there is none.

use super::clock::Clock;
use super::exec::Exec;
use super::ra::Ra;
use super::turn::Turn;
use crate::sched::{Event, Fault, Gate, Op, OpKind, ThreadId};

/// What executions leave to the next one.
#[derive(Debug, Default)]
pub struct Beginning {
    /// The steps, those before the first phase included.
    events: Vec<Event>,
    /// By step: what it left behind.
    after: Vec<After>,
    /// Memory after the last of them.
    memory: Option<Box<Ra>>,
}

/// What a step changed, as it was after it. What is not in it, no step of its kind changes.
#[derive(Clone, Copy, Debug)]
struct After {
    /// What its thread knew.
    clock: Clock,
    /// The other clock that a step of its kind may have changed, if there is one ([`Exec::changed_by`]).
    other: Clock,
    /// The object's.
    gate: Gate,
    /// The object's.
    value: usize,
    hash: u64,
}

impl Beginning {
    /// The next execution begins with the first `steps` steps of phases.
    pub(crate) fn repeat(&mut self, steps: usize, fault: Option<Fault>) {
        let first = self.events.partition_point(|e| e.phase == 0);
        let kept = first + steps;
        self.events.truncate(kept);
        self.after.truncate(kept);
        if let Some(memory) = &mut self.memory {
            memory.rewind(kept + usize::from(fault == Some(Fault::RewindsTooLittle)));
        }
    }

    /// The steps that are repeated.
    pub(super) fn events(&self) -> &[Event] {
        &self.events
    }

    /// How many of them are of phases.
    pub(super) fn points(&self) -> usize {
        self.events.len() - self.events.partition_point(|e| e.phase == 0)
    }

    pub(super) const fn take_memory(&mut self) -> Option<Box<Ra>> {
        self.memory.take()
    }
}

impl Exec {
    /// Whether the next step is repeated.
    #[inline]
    pub(super) const fn repeats(&self) -> bool {
        self.steps < self.repeated
    }

    /// Who takes the next step, if that is repeated.
    pub(super) fn next_repeated(&self) -> Option<ThreadId> {
        if self.repeats() { self.trace.get(self.steps as usize).map(|e| e.thread) } else { None }
    }

    /// Whether the next step, which is repeated, can be `thread`'s `op`.
    pub(super) fn is_next(&self, thread: ThreadId, op: &Op) -> bool {
        let same = |e: &Event| e.thread == thread && e.op.obj == op.obj && e.op.kind == op.kind;
        self.trace.get(self.steps as usize).is_some_and(same)
    }

    /// The current thread stands before `op`: if it goes on with it at once, and did so the last time,
    /// the step is over. Whoever may have to wait is seen to elsewhere.
    #[inline]
    pub(super) fn repeats_at_once(&mut self, op: &Op) -> Option<Turn> {
        if self.starting || !self.is_next(self.current, op) {
            return None;
        }
        self.pass_point();
        self.repeat_step(op)
    }

    /// The current thread takes `op`: if that step is repeated, puts back what it did.
    #[inline]
    pub(super) fn repeat_step(&mut self, op: &Op) -> Option<Turn> {
        if !self.repeats() {
            return None;
        }
        let at = self.steps as usize;
        let after = self.beginning.as_ref()?.after.get(at)?;
        let event = self.trace.get(at)?;
        let (thread, after) = (event.thread, *after);
        let result = Turn::Repeated { read: event.read, ok: event.ok };
        self.threads[thread as usize].view.clock = after.clock;
        if let Some(other) = self.changed_by(thread, op) {
            *other = after.other;
        }
        if op.kind.has_object() {
            self.objects[op.obj as usize].location.value = after.value;
            self.set_gate(op.obj, after.gate);
        }
        self.hash = after.hash;
        self.count_step(thread);
        Some(result)
    }

    /// The clock that a step of `thread` may change besides what that knows.
    fn changed_by(&mut self, thread: ThreadId, op: &Op) -> Option<&mut Clock> {
        let view = &mut self.threads[thread as usize].view;
        match op.kind {
            OpKind::Fence => Some(&mut view.fenced),
            kind if kind.reads() => Some(&mut view.pending),
            kind if kind.is_memory() || !kind.has_object() => None,
            OpKind::UpRead | OpKind::WorkEnd => Some(&mut self.objects[op.obj as usize].second),
            _ => Some(&mut self.objects[op.obj as usize].location.message),
        }
    }

    /// The current thread took `op`: keeps what it left behind.
    pub(super) fn keep(&mut self, op: &Op) {
        let thread = self.current;
        let clock = self.threads[thread as usize].view.clock;
        let other = self.changed_by(thread, op).copied().unwrap_or_default();
        let object = op.kind.has_object().then(|| &self.objects[op.obj as usize]);
        let (gate, value) = object.map(|o| (o.gate, o.location.value)).unwrap_or_default();
        let after = After { clock, other, gate, value, hash: self.hash };
        if let Some(beginning) = self.beginning.as_mut().filter(|_| self.keeps) {
            beginning.after.push(after);
        }
    }

    /// The first phase, or the execution, is over: nothing is kept from here on.
    pub(super) fn end_beginning(&mut self) {
        let Some(beginning) = self.beginning.as_mut().filter(|_| self.keeps) else { return };
        let known = beginning.events.len();
        beginning.events.extend_from_slice(self.trace.get(known..).unwrap_or_default());
        self.coarse |= self.ra.as_ref().is_some_and(|ra| ra.coarse());
        beginning.memory = self.ra.take();
        self.keeps = false;
    }
}
