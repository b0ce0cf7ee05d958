// SPDX-License-Identifier: GPL-2.0-only
//! A concurrent phase: several threads run until all of them rest.

use super::abort::Abandon;
use super::lost::Phase;
use super::{Name, Runtime, Work, seeded};
use crate::sched::{Op, ThreadId};
use std::any::Any;
use std::panic::resume_unwind;
use std::sync::Arc;

/// What a thread does.
pub type Body = Box<dyn FnOnce() + Send + 'static>;

/// Whether the phase waits for a thread.
#[derive(Debug)]
pub enum Role {
    /// Part of the program: the phase lasts until it has returned, or (seeded) can never go on.
    Program,
    /// The worker of this item: it rests when nothing is pending.
    Worker(Arc<Work>),
}

/// One thread of a phase.
pub struct Thread {
    /// Its name in reports.
    pub name: String,
    /// Whether the phase waits for it.
    pub role: Role,
    /// What it does.
    pub body: Body,
}

/// A program thread that can never go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blocked {
    /// Its name.
    pub thread: String,
    /// The step it stands before.
    pub op: Op,
    /// What that step is about.
    pub object: Name,
}

/// How a phase ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rested {
    /// The program threads that did not return. Only the seeded runtime can say.
    pub blocked: Vec<Blocked>,
}

/// Runs `threads` concurrently until all rest. What the caller did before happens before them;
/// what they did happens before what the caller does next.
pub fn run_threads(rt: Runtime, threads: Vec<Thread>) -> Rested {
    match rt {
        Runtime::Native => native(threads),
        Runtime::Solo => solo(threads),
        Runtime::Seeded => seeded::run_threads(threads),
        Runtime::Loom => {
            let handles: Vec<_> =
                threads.into_iter().map(|t| loom::thread::spawn(t.body)).collect();
            for handle in handles {
                // A panic in a loom thread ends the exploration before it can be joined.
                let _ = handle.join();
            }
            Rested::default()
        }
    }
}

/// The slot of the current thread, where the runtime can say: seeded only.
#[must_use]
pub fn current_thread(rt: Runtime) -> Option<ThreadId> {
    match rt {
        Runtime::Seeded => seeded::current(),
        Runtime::Native | Runtime::Solo | Runtime::Loom => None,
    }
}

/// One after the other, the workers last: one of the orders that there are. A thread that would have
/// to wait for a later one is a finding.
fn solo(threads: Vec<Thread>) -> Rested {
    let program = |thread: &Thread| matches!(thread.role, Role::Program);
    let (programs, workers): (Vec<Thread>, Vec<Thread>) = threads.into_iter().partition(program);
    programs.into_iter().chain(workers).for_each(|thread| (thread.body)());
    Rested::default()
}

/// The workers stop once the program threads have returned; a finding is passed on, and ends the phase.
fn native(threads: Vec<Thread>) -> Rested {
    let phase = Phase::default();
    let mut found: Option<Box<dyn Any + Send>> = None;
    let result = crossbeam::thread::scope(|scope| {
        let mut programs = Vec::new();
        let mut workers = Vec::new();
        for thread in threads {
            let (body, phase) = (thread.body, phase.clone());
            let handle = scope.spawn(move |_| phase.run(body));
            match thread.role {
                Role::Program => programs.push(handle),
                Role::Worker(work) => workers.push((handle, work)),
            }
        }
        let mut join = |handle: crossbeam::thread::ScopedJoinHandle<'_, _>| {
            if let Ok(Err(panic)) = handle.join() {
                // Who left because somebody else was lost knows of nothing.
                let left =
                    |panic: &(dyn Any + Send)| matches!(panic.downcast_ref(), Some(Abandon::Over));
                if found.as_deref().is_none_or(left) {
                    found = Some(panic);
                }
            }
        };
        programs.into_iter().for_each(&mut join);
        for (handle, work) in workers {
            work.stop();
            join(handle);
        }
    });
    if let Some(panic) = found {
        resume_unwind(panic);
    }
    if let Err(panic) = result {
        resume_unwind(panic);
    }
    Rested::default()
}

/// The finding inside a panic payload, if that is what it is.
pub(crate) fn finding(panic: Box<dyn Any + Send>) -> Result<Abandon, String> {
    match panic.downcast::<Abandon>() {
        Ok(abandon) => Ok(*abandon),
        Err(other) => {
            Err(panic_message(&*other).unwrap_or_else(|| "panic without a message".to_owned()))
        }
    }
}

/// What a panic says. One that only unwinds says nothing.
pub(crate) fn panic_message(panic: &(dyn Any + Send)) -> Option<String> {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned())
}
