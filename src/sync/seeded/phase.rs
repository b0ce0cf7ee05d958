// SPDX-License-Identifier: GPL-2.0-only
//! A concurrent phase: coroutines are made, resumed as the policy says, and parked when all rest.

use super::exec::{Coroutine, End, Exec, Slot, Yield, abandon, note, with};
use super::memory::View;
use crate::sched::op::{MAIN, MAX_THREADS};
use crate::sched::{Op, OpKind, ThreadId};
use crate::sync::Body;
use crate::sync::abort::Abandon;
use crate::sync::threads::{Blocked, Rested, Role, Thread};
use crate::verify::{Property, Violation};
use corosensei::CoroutineResult;
use corosensei::stack::DefaultStack;
use std::cell::Cell;
use std::panic::resume_unwind;

/// A coroutine's stack. The model's deepest call chain needs a fraction of it, even unoptimised.
const STACK: usize = 256 * 1024;

/// Runs `threads` until all of them rest; see [`crate::sync::run_threads`].
pub(crate) fn run_threads(threads: Vec<Thread>) -> Rested {
    let first = with(|e| e.threads.len()).unwrap_or(1);
    if first + threads.len() > MAX_THREADS {
        note(Violation::new(
            Property::C3,
            "too-many-threads",
            format!("an execution holds at most {MAX_THREADS} threads"),
        ));
        abandon();
    }
    let programs: Vec<bool> = threads
        .iter()
        .map(|t| matches!(t.role, Role::Program))
        .collect();
    with(Exec::begin_phase);
    let mut coroutines: Vec<Option<Coroutine>> = threads
        .into_iter()
        .map(|t| with(|e| e.spawn(t.name, t.body)).flatten())
        .collect();
    with(|e| e.next = e.choose());
    let unwinding = schedule(first, &mut coroutines);
    let abandoned = with(|e| {
        e.phase = 0;
        e.current = MAIN;
        e.parked.extend(coroutines.drain(..).flatten());
        e.end.is_some()
    });
    if let Some(panic) = unwinding {
        resume_unwind(panic);
    }
    if abandoned.unwrap_or(true) {
        resume_unwind(Box::new(Abandon::Over));
    }
    with(|e| e.rest(first, &programs)).unwrap_or_default()
}

/// Resumes whoever the policy picked until nobody can run. Returns a panic of the model's.
fn schedule(
    first: usize,
    coroutines: &mut [Option<Coroutine>],
) -> Option<Box<dyn std::any::Any + Send>> {
    while let Some(thread) = with(|e| {
        let next = e.next.take();
        if let Some(next) = next {
            e.current = next;
        }
        next
    })
    .flatten()
    {
        let Some(slot) = coroutines.get_mut(thread as usize - first) else {
            break;
        };
        let Some(coroutine) = slot else { break };
        let resumed =
            std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| coroutine.resume(())));
        match resumed {
            Ok(CoroutineResult::Yield(())) => {}
            Ok(CoroutineResult::Return(())) => {
                let done = slot.take();
                with(|e| e.returned(thread, done));
            }
            Err(panic) => {
                *slot = None;
                return (!panic.is::<Abandon>()).then_some(panic);
            }
        }
    }
    None
}

/// Ends what is left of an execution: workers return, everything else unwinds.
pub(super) fn dismiss() {
    let parked = with(|e| {
        e.end.get_or_insert(End::Completed);
        e.stopping = true;
        e.next = None;
        std::mem::take(&mut e.parked)
    });
    for mut coroutine in parked.unwrap_or_default() {
        // A worker that sees `stopping` returns; resuming is several times cheaper than
        // unwinding, and every execution has workers.
        if coroutine.started() && !coroutine.done() {
            let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| coroutine.resume(())));
        }
        if coroutine.done() {
            let stack = coroutine.into_stack();
            with(|e| e.stacks.push(stack));
        }
    }
}

impl Exec {
    fn spawn(&mut self, name: String, body: Body) -> Option<Coroutine> {
        let stack = match self.stacks.pop() {
            Some(stack) => stack,
            None => DefaultStack::new(STACK).ok()?,
        };
        let thread = self.threads.len() as ThreadId;
        let mut view = View::child(&self.threads[MAIN as usize].view.clock);
        view.clock.tick(thread);
        self.threads.push(Slot {
            name,
            view,
            yielder: Cell::new(std::ptr::null()),
        });
        self.pending[thread as usize] = Some(Op {
            obj: 0,
            kind: OpKind::Start,
            arg: 0,
            site: "thread.start",
        });
        Some(Coroutine::with_stack(stack, move |yielder: &Yield, ()| {
            with(|e| {
                e.threads[thread as usize].yielder.set(yielder);
                e.started();
            });
            body();
        }))
    }

    /// The current thread takes its first step.
    fn started(&mut self) {
        if let Some(op) = self.pending[self.current as usize] {
            self.note_start(&op);
        }
    }

    /// A thread has returned: somebody else is next.
    fn returned(&mut self, thread: ThreadId, done: Option<Coroutine>) {
        self.pending[thread as usize] = None;
        if let Some(done) = done {
            self.stacks.push(done.into_stack());
        }
        if self.end.is_none() {
            self.next = self.choose();
        }
    }

    /// All rest: what they did happens before what the script does next.
    fn rest(&mut self, first: usize, programs: &[bool]) -> Rested {
        let mut blocked = Vec::new();
        for (i, &program) in programs.iter().enumerate() {
            let slot = first + i;
            let clock = self.threads[slot].view.clock;
            self.threads[MAIN as usize].view.clock.join(&clock);
            if let (true, Some(op)) = (program, self.pending[slot]) {
                let object = self.object_name(op.obj);
                blocked.push(Blocked {
                    thread: self.threads[slot].name.clone(),
                    op,
                    object,
                });
            }
        }
        Rested { blocked }
    }
}
