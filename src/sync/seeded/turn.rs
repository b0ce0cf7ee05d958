// SPDX-License-Identifier: GPL-2.0-only
//! How a thread comes to take its step: it announces it, and waits until it is its turn.
//!
//! # Data flow
//! ```text
//! turn(op) -> taken at once: nobody else is there, or the last execution took it as well
//!          -> announced; the policy picks (Exec::choose)
//!             -> this thread: goes on      -> a store buffer: drained here
//!             -> another: suspends, and goes on when it is picked
//! ```

use super::exec::{Exec, Slot, abandon, note, with, with_inside};
use super::watch::Watcher;
use super::{quick, tso};
use crate::sched::op::{MAIN, is_buffer};
use crate::sched::{Op, ThreadId};
use crate::verify::{Property, Violation};

/// What a thread does after it announced its step.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Announced {
    Take,
    Suspend,
    /// A store buffer is next.
    Drain,
    Blocked,
    TooLong,
    /// The execution is over and this thread is only unwinding.
    Over,
}

/// What becomes of a step.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    /// It is to be taken, here and now.
    Take,
    /// It has been: the last execution took it as well. What it read, and whether it succeeded.
    Repeated { read: usize, ok: bool },
    /// The execution is over, and nothing may happen.
    Over,
}

impl Exec {
    /// How it goes on for the current thread, once it is decided who is next.
    fn turn_of_current(&self) -> Announced {
        match self.next {
            Some(next) if next == self.current && self.end.is_none() => Announced::Take,
            Some(next) if is_buffer(next) => Announced::Drain,
            _ => Announced::Suspend,
        }
    }

    /// The current thread stands before `op`: what becomes of it, if that is repeated and takes no decision.
    #[inline]
    fn turn_at_once(&mut self, op: &Op) -> Option<Turn> {
        if op.kind.blocks() || self.end.is_some() || self.watcher.is_some() || !self.repeats() {
            return None;
        }
        self.repeats_at_once(op)
    }

    /// The current thread stands before `op`.
    fn announce(&mut self, op: &Op) -> Announced {
        if self.end.is_some() {
            return Announced::Over;
        }
        if self.steps >= self.limit {
            return Announced::TooLong;
        }
        if self.alone() {
            if let Some(at) = self.threads[MAIN as usize].deadline {
                self.now = self.now.max(at);
            }
            return if self.open(MAIN, op) { Announced::Take } else { Announced::Blocked };
        }
        self.stand(self.current, op);
        if self.starting {
            return Announced::Suspend;
        }
        self.decide();
        self.turn_of_current()
    }

    /// It is the current thread's turn.
    fn take_turn(&mut self, op: &Op) -> Turn {
        self.repeat_step(op).unwrap_or(Turn::Take)
    }
}

/// Shows the watcher, if there is one, what the steps so far have made.
#[inline]
pub(super) fn show() {
    let watcher = with(|e| {
        let going_on = e.end.is_none();
        e.watcher.as_ref().filter(|_| going_on).map(|w| (Watcher::clone(w), e.trace.len()))
    });
    if let Some(Some((watcher, steps))) = watcher {
        // The watcher looks on as the script does, which has no store buffer: at memory.
        let current = with(|e| std::mem::replace(&mut e.current, MAIN));
        watcher(steps);
        with(|e| e.current = current.unwrap_or(MAIN));
    }
}

/// Announces `op`, waits for the turn.
#[inline(always)]
pub(super) fn turn(op: &Op) -> Turn {
    match quick::turn(op) {
        Some(turn) => turn,
        None => slow_turn(op),
    }
}

#[inline(never)]
fn slow_turn(op: &Op) -> Turn {
    match with(|e| e.turn_at_once(op)).flatten() {
        Some(repeated) => repeated,
        None => wait_for_turn(op),
    }
}

fn wait_for_turn(op: &Op) -> Turn {
    show();
    let announced = with(|e| e.announce(op));
    let announced = if announced == Some(Announced::Drain) {
        tso::drain();
        with(|e| e.turn_of_current())
    } else {
        announced
    };
    match announced {
        None | Some(Announced::Over) => Turn::Over,
        Some(Announced::Take) => with(|e| e.take_turn(op)).unwrap_or(Turn::Over),
        Some(Announced::Suspend | Announced::Drain) => {
            suspend();
            with(|e| if e.stopping { Turn::Over } else { e.take_turn(op) }).unwrap_or(Turn::Over)
        }
        Some(Announced::Blocked) => {
            let name = with(|e| e.object_name(op.obj).to_string()).unwrap_or_default();
            let sentence = format!(
                "the script waits for ever: {} of {name} at {}, and no thread is left to end it",
                op.kind.word(),
                op.site
            );
            note(Violation::new(Property::C3, "deadlock", sentence));
            abandon()
        }
        Some(Announced::TooLong) => {
            let steps = with(|e| e.allowed).unwrap_or(0);
            let sentence = format!("no rest within {steps} steps (last at {})", op.site);
            note(Violation::new(Property::C3, "livelock", sentence));
            abandon()
        }
    }
}

/// Gives up the processor; returns when the scheduler picks this thread.
pub(super) fn suspend() {
    if let Some(current) = with(|e| e.current) {
        suspend_thread(current);
    }
}

/// `thread`, which is the one that runs, gives up the processor.
#[inline(never)]
pub(super) fn suspend_thread(thread: ThreadId) {
    let slot = with_inside(|e| &raw const e.threads[thread as usize]);
    if let Some(slot) = slot {
        // SAFETY: it is in the execution, which lasts; nobody starts threads in between.
        unsafe { suspend_slot(slot) };
    }
}

/// The same, with the thread's slot.
///
/// # Safety
/// It is the slot of the thread that runs.
#[inline(always)]
pub(super) unsafe fn suspend_slot(slot: *const Slot) {
    let here = 0_u8;
    // SAFETY: the caller's promise; the borrow ends before the switch.
    let yielder = unsafe {
        (*slot).low.set((&raw const here).addr());
        (*slot).yielder.get()
    };
    if !yielder.is_null() {
        // SAFETY: set by the coroutine's own start to its yielder, which lives as long as it does.
        unsafe { (*yielder).suspend(()) };
    }
}
