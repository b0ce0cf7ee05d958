// SPDX-License-Identifier: GPL-2.0-only
//! Native threads that unwind are lost to the others of their phase: what those sleep for may never come.
//!
//! # Data flow
//! [`Phase::run`] is the body of each thread of a phase and marks the phase when it unwinds. Whoever sleeps
//! natively gets up every [`LOOK`] and calls [`leave_if_lost`], which unwinds that thread as well.
//!
//! # Invariants
//! - A phase that is not marked goes on as if this file was not there: getting up is a spurious wakeup.
//! - Nobody who is lost this way has something to say: `threads::native` passes the first finding on.

use super::abort::Abandon;
use super::threads::Body;
use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::Result;
use std::time::Duration;

/// How long somebody sleeps before looking whether somebody is lost.
pub(super) const LOOK: Duration = Duration::from_millis(50);

thread_local! {
    /// The phase that this thread belongs to; none outside of all.
    static PHASE: RefCell<Option<Phase>> = const { RefCell::new(None) };
}

/// Whether a thread of a native phase is lost.
#[derive(Clone, Debug, Default)]
pub(super) struct Phase(Arc<AtomicBool>);

impl Phase {
    /// Runs `body` as one of the phase's threads. The store is a RELEASE, pairs with the ACQUIRE in
    /// [`leave_if_lost`].
    pub(super) fn run(self, body: Body) -> Result<()> {
        let lost = Arc::clone(&self.0);
        PHASE.set(Some(self));
        let result = catch_unwind(AssertUnwindSafe(body));
        if result.is_err() {
            lost.store(true, Ordering::Release);
        }
        result
    }
}

/// Unwinds this thread if another one of its phase did.
pub(super) fn leave_if_lost() {
    let lost = |phase: &Option<Phase>| {
        phase.as_ref().is_some_and(|Phase(lost)| lost.load(Ordering::Acquire))
    };
    if PHASE.with_borrow(lost) {
        resume_unwind(Box::new(Abandon::Over));
    }
}

#[cfg(test)]
mod tests {
    use crate::sync::threads::panic_message;
    use crate::sync::{Name, watchdog::with_limit};
    use crate::sync::{Role, Runtime, Thread, WaitQueue, Work, run_threads};
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::sync::Arc;
    use std::time::Duration;

    const NAME: Name = Name { scope: "", field: "lost", index: 0 };

    /// What a phase ends with whose worker does `run` and panics, while a program does `wait`. Nobody sleeps
    /// longer than the test has patience.
    fn phase(run: fn(&WaitQueue), wait: fn(&WaitQueue, &Work)) -> Option<String> {
        let queue = Arc::new(WaitQueue::new(Runtime::Native, NAME));
        let work = Arc::new(Work::new(Runtime::Native, NAME));
        let (served, woken) = (Arc::clone(&work), Arc::clone(&queue));
        let lost = move || {
            run(&woken);
            panic!("the worker is lost");
        };
        let worker = Thread {
            name: "worker".to_owned(),
            role: Role::Worker(Arc::clone(&work)),
            body: Box::new(move || served.worker("lost.work", 0, &lost)),
        };
        let asleep = Arc::clone(&queue);
        let program = Thread {
            name: "program".to_owned(),
            role: Role::Program,
            body: Box::new(move || wait(&asleep, &work)),
        };
        let run = || {
            let both = vec![program, worker];
            catch_unwind(AssertUnwindSafe(|| run_threads(Runtime::Native, both)))
        };
        let rouse = || queue.wake_up("lost.rouse");
        let (ended, in_time) = with_limit(Duration::from_secs(60), run, rouse);
        assert!(in_time, "the program slept on");
        ended.err().and_then(|panic| panic_message(&*panic))
    }

    #[test]
    fn a_lost_worker_takes_a_sleeping_program_with_it() {
        let sleep = |queue: &WaitQueue, work: &Work| {
            let mut waiter = queue.prepare("lost.prepare");
            work.queue("lost.queue");
            waiter.wait_woken("lost.wait");
        };
        let lost = phase(|_| (), sleep);
        assert_eq!(lost.as_deref(), Some("the worker is lost"));
    }

    #[test]
    fn nobody_waits_for_a_run_that_was_lost() {
        // Only once the worker runs: it would be done by whoever flushes.
        let flush = |queue: &WaitQueue, work: &Work| {
            let mut waiter = queue.prepare("lost.prepare");
            work.queue("lost.queue");
            waiter.wait_woken("lost.wait");
            (0..3).for_each(|_| work.flush("lost.flush", &|| ()));
        };
        let lost = phase(|queue| queue.wake_up("lost.wake"), flush);
        assert_eq!(lost.as_deref(), Some("the worker is lost"));
    }
}
