// SPDX-License-Identifier: GPL-2.0-only
//! A concurrent phase: coroutines are made, resumed as the policy says, and parked when all rest.

use super::exec::{
    Coroutine, Exec, Lent, Panic, STACK, Slot, Yield, abandon, note, with, with_inside,
};
use super::execution::End;
use super::memory::View;
use super::turn::show;
use super::{mutated, program, tso};
use crate::sched::op::{MAIN, MAX_THREADS};
use crate::sched::{OpKind, ThreadId};
use crate::sync::Body;
use crate::sync::abort::Abandon;
use crate::sync::mutation;
use crate::sync::threads::{Blocked, Rested, Role, Thread};
use crate::verify::{Property, Violation};
use corosensei::CoroutineResult;
use corosensei::stack::DefaultStack;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

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
    if mutation::any() {
        mutated::finish();
    }
    let programs: Vec<bool> = threads.iter().map(|t| matches!(t.role, Role::Program)).collect();
    with(Exec::begin_phase);
    let mut coroutines: Vec<Option<Coroutine>> =
        threads.into_iter().map(|t| with(|e| e.spawn(&t.name, t.body)).flatten()).collect();
    let unwinding = start(first, &mut coroutines).or_else(|| schedule(first, &mut coroutines));
    let abandoned = with(|e| {
        e.end_phase();
        let threads = first as ThreadId..;
        let left = threads.zip(coroutines.drain(..)).filter_map(|(t, c)| Some((t, c?)));
        e.parked.extend(left);
        e.end.is_some()
    });
    if let Some(panic) = unwinding {
        resume_unwind(panic);
    }
    if abandoned.unwrap_or(true) {
        if with(|e| e.kept) == Some(true) {
            // It does not come back.
            program::pause();
        }
        resume_unwind(Box::new(Abandon::Over));
    }
    with(|e| e.rest(first, &programs)).unwrap_or_default()
}

/// Brings every thread to its first step; what they do before it touches nothing shared.
fn start(first: usize, coroutines: &mut [Option<Coroutine>]) -> Option<Panic> {
    with(|e| e.starting = true);
    let panic = (0..coroutines.len()).find_map(|n| {
        let resume = |coroutines: &mut [_]| resume((first + n) as ThreadId, &mut coroutines[n]);
        guarded(first, coroutines, resume)
    });
    with(|e| {
        e.starting = false;
        e.begin_quick();
        if e.end.is_none() {
            e.decide();
        }
    });
    tso::drain();
    panic
}

/// Resumes whoever the policy picked until nobody can run. Returns a panic of the model's.
fn schedule(first: usize, coroutines: &mut [Option<Coroutine>]) -> Option<Panic> {
    guarded(first, coroutines, |coroutines| {
        loop {
            if with_inside(|e| e.paused) == Some(true) {
                program::pause();
                with(|e| e.next = e.choose());
            }
            let Some(thread) = with_inside(|e| e.next.take()).flatten() else { return };
            let Some(slot) = coroutines.get_mut(thread as usize - first) else { return };
            resume(thread, slot);
        }
    })
}

/// Lets `run` resume threads. One that unwinds ends the execution, and what it panicked with is returned
/// if it is the model's mistake.
fn guarded(
    first: usize,
    coroutines: &mut [Option<Coroutine>],
    run: impl FnOnce(&mut [Option<Coroutine>]),
) -> Option<Panic> {
    let panic = catch_unwind(AssertUnwindSafe(|| run(coroutines))).err()?;
    let thread = with(|e| {
        e.end.get_or_insert(End::Panicked);
        e.current as usize
    });
    if let Some(slot) = thread.and_then(|t| coroutines.get_mut(t.checked_sub(first)?)) {
        *slot = None;
    }
    (!panic.is::<Abandon>()).then_some(panic)
}

/// Lets `thread` run until it suspends or returns.
#[inline(always)]
fn resume(thread: ThreadId, slot: &mut Option<Coroutine>) {
    let Some(coroutine) = slot else { return };
    with_inside(|e| e.current = thread);
    if let CoroutineResult::Return(()) = coroutine.resume(()) {
        *slot = None;
        returned(thread);
    }
}

#[inline(never)]
fn returned(thread: ThreadId) {
    show();
    with(|e| e.returned(thread));
    tso::drain();
}

/// Ends what is left of an execution: idle workers return, everything else unwinds.
pub(super) fn dismiss() {
    let parked = with(|e| {
        e.end.get_or_insert(End::Completed);
        e.stopping = true;
        e.next = None;
        std::mem::take(&mut e.parked)
    });
    for (thread, mut coroutine) in parked.unwrap_or_default() {
        let idle = with(|e| {
            e.current = thread;
            e.pending[thread].is_some_and(|op| op.kind == OpKind::WorkBegin)
        });
        if idle == Some(true) && coroutine.started() {
            // It sees `stopping` and returns: several times cheaper than unwinding, and every
            // execution has workers.
            coroutine.resume(());
        }
        if !coroutine.done() {
            coroutine.force_unwind();
        }
    }
}

impl Exec {
    fn spawn(&mut self, name: &str, body: Body) -> Option<Coroutine> {
        let slot = self.threads.len();
        while self.stacks.len() <= slot {
            self.stacks.push(DefaultStack::new(STACK).ok()?);
        }
        let thread = slot as ThreadId;
        let mut view = View::child(&self.threads[MAIN as usize].view.clock);
        view.clock.tick(thread);
        // A copy: what the program made is gone with it.
        self.threads.push(Slot::new(name.to_owned(), view));
        Some(Coroutine::with_stack(Lent::of(&self.stacks[slot]), move |yielder: &Yield, ()| {
            with(|e| e.threads[thread as usize].yielder.set(yielder));
            body();
            if mutation::any() {
                mutated::finish();
            }
        }))
    }

    /// A thread has returned: somebody else is next.
    fn returned(&mut self, thread: ThreadId) {
        self.pending.leave(thread);
        if self.end.is_none() && !self.starting {
            self.decide();
        }
    }

    /// All rest: what they did happens before what the script does next.
    fn rest(&mut self, first: usize, programs: &[bool]) -> Rested {
        if let Some(ra) = &mut self.ra {
            ra.settle(&mut self.objects);
            if !self.keeps {
                self.coarse |= ra.coarse();
                ra.clear();
            }
        }
        self.end_beginning();
        let mut blocked = Vec::new();
        for (i, &program) in programs.iter().enumerate() {
            let slot = first + i;
            let clock = self.threads[slot].view.clock;
            self.threads[MAIN as usize].view.clock.join(&clock);
            if let (true, Some(op)) = (program, self.pending[slot as ThreadId]) {
                let object = self.object_name(op.obj);
                blocked.push(Blocked { thread: self.threads[slot].name.clone(), op, object });
            }
        }
        Rested { blocked }
    }
}
