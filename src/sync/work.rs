// SPDX-License-Identifier: GPL-2.0-only
//! One work item: the PENDING bit, the run, and those who wait for it.
//!
//! # Invariants
//! - A run starts only after PENDING was set, and clears it first: data committed before
//!   `queue_work` is seen by some run that starts later.
//! - Runs of one item never overlap. Queued while running: one more run. Queued while pending:
//!   coalesced.
//! - `flush` waits for the run that was pending, or else running, when it was called; it does not
//!   queue one.
//!
//! # Deviations
//! 1. In loom the worker is a fixed number of tries instead of a thread that sleeps (a condition
//!    variable costs 30 times the executions), and `flush` runs a pending item in the caller:
//!    to everybody else that is a worker that happened to run just then.

use super::lost::{LOOK, leave_if_lost};
use super::mutation;
use super::solo::SoloWork;
use super::spin::soon;
use super::{Name, Ordering, Runtime, Site, seeded};
use crate::sched::{Op, OpKind};
use std::sync::atomic::{AtomicBool, AtomicU32};

/// `struct work_struct` on an unbound workqueue.
#[derive(Debug)]
pub struct Work(Kind);

#[derive(Debug)]
enum Kind {
    Native(Native),
    Solo(SoloWork),
    Seeded(u32),
    Loom { pending: loom::sync::atomic::AtomicBool, running: loom::sync::Mutex<()> },
}

impl Work {
    /// `INIT_WORK`.
    #[must_use]
    pub fn new(rt: Runtime, name: Name) -> Self {
        Self(match rt {
            Runtime::Native => Kind::Native(Native::default()),
            Runtime::Solo => Kind::Solo(SoloWork::new()),
            Runtime::Seeded => Kind::Seeded(seeded::new_object(name, 0)),
            Runtime::Loom => Kind::Loom {
                pending: loom::sync::atomic::AtomicBool::new(false),
                running: loom::sync::Mutex::new(()),
            },
        })
    }

    /// `queue_work`: sets PENDING. Fully ordered, pairs with the start of the run.
    #[inline]
    pub fn queue(&self, site: Site) {
        if let Kind::Solo(solo) = &self.0 {
            solo.queue();
        } else {
            self.queue_for_others(site);
        }
    }

    /// The same where others run it.
    #[cold]
    #[inline(never)]
    fn queue_for_others(&self, site: Site) {
        match &self.0 {
            Kind::Native(native) => native.queue(),
            Kind::Solo(_) => {}
            Kind::Seeded(obj) => {
                seeded::gate(&op(*obj, OpKind::WorkQueue, site));
            }
            Kind::Loom { .. } if mutation::drops(site) => {}
            Kind::Loom { pending, .. } => {
                pending.swap(true, mutation::order(site, Ordering::AcqRel));
            }
        }
    }

    /// The body of the kworker thread: runs `f` each time the item is pending. In loom at most
    /// `tries` times; elsewhere until the phase is over.
    pub fn worker(&self, site: Site, tries: usize, f: &dyn Fn()) {
        match &self.0 {
            Kind::Native(native) => native.serve(f),
            Kind::Solo(solo) => while solo.run_pending(site, f) {},
            Kind::Seeded(obj) => {
                while seeded::gate(&op(*obj, OpKind::WorkBegin, site)) {
                    f();
                    seeded::gate(&op(*obj, OpKind::WorkEnd, site));
                }
            }
            Kind::Loom { .. } => {
                for _ in 0..tries {
                    self.run_pending(site, f);
                }
            }
        }
    }

    /// Runs the item here and now if it is pending; for a caller who is alone, or in loom.
    /// Returns whether it ran.
    #[inline]
    pub fn run_pending(&self, site: Site, f: &dyn Fn()) -> bool {
        match &self.0 {
            Kind::Solo(solo) => solo.run_pending(site, f),
            _ => self.run_pending_shared(site, f),
        }
    }

    /// The same where others could.
    #[inline(never)]
    fn run_pending_shared(&self, site: Site, f: &dyn Fn()) -> bool {
        match &self.0 {
            Kind::Native(native) => native.run_pending(f),
            Kind::Solo(_) => false,
            Kind::Seeded(obj) => {
                if !seeded::peek_gate(*obj).pending() {
                    return false;
                }
                seeded::gate(&op(*obj, OpKind::WorkBegin, site));
                f();
                seeded::gate(&op(*obj, OpKind::WorkEnd, site));
                true
            }
            Kind::Loom { pending, running } => {
                let _running = running.lock();
                let due = pending.swap(false, mutation::order(site, Ordering::AcqRel));
                if due {
                    f();
                }
                due
            }
        }
    }

    /// `flush_work`: waits for the run that is pending or in progress. `f` is what a run does,
    /// for the callers that have to do it themselves (deviation 1, and a caller who is alone).
    pub fn flush(&self, site: Site, f: &dyn Fn()) {
        match &self.0 {
            Kind::Native(native) => native.flush(f),
            Kind::Solo(solo) => {
                solo.run_pending(site, f);
            }
            Kind::Seeded(_) | Kind::Loom { .. } if mutation::drops(site) => {}
            Kind::Seeded(_) if seeded::alone() => {
                self.run_pending(site, f);
            }
            Kind::Seeded(obj) => {
                let target = seeded::flush_target(&op(*obj, OpKind::WorkFlush, site));
                seeded::gate(&Op { arg: target, ..op(*obj, OpKind::WorkWait, site) });
            }
            Kind::Loom { .. } => {
                self.run_pending(site, f);
            }
        }
    }

    /// Whether a run is due, seen from outside the model.
    #[must_use]
    pub fn observe_pending(&self) -> bool {
        match &self.0 {
            Kind::Native(native) => native.pending.load(Ordering::SeqCst),
            Kind::Solo(solo) => solo.pending(),
            Kind::Seeded(obj) => seeded::peek_gate(*obj).pending(),
            Kind::Loom { pending, .. } => pending.load(Ordering::Acquire),
        }
    }

    /// Native only: lets the worker go once nothing is pending.
    pub(crate) fn stop(&self) {
        if let Kind::Native(native) = &self.0 {
            native.state.lock().stopping = true;
            native.changed.notify_all();
        }
    }
}

const fn op(obj: u32, kind: OpKind, site: Site) -> Op {
    Op { obj, kind, arg: 0, site }
}

/// The native item. Queueing one that nobody waits for costs one atomic step.
///
/// # Invariants
/// - Whoever queues sets PENDING first, then looks for sleepers; whoever sleeps says so first, then
///   looks at PENDING. All four are SEQ_CST, so one of the two sees the other.
/// - PENDING is cleared under `state`, together with `running` set: so who holds `state` sees a
///   run that is due either pending or running.
#[derive(Debug, Default)]
struct Native {
    /// PENDING.
    pending: AtomicBool,
    /// How many wait for `changed`, or are about to.
    sleepers: AtomicU32,
    state: parking_lot::Mutex<State>,
    changed: parking_lot::Condvar,
}

#[derive(Debug, Default)]
struct State {
    running: bool,
    finished: u64,
    /// A worker thread is there to run it.
    served: bool,
    stopping: bool,
}

impl Native {
    #[inline]
    fn queue(&self) {
        self.pending.swap(true, Ordering::SeqCst);
        if self.sleepers.load(Ordering::SeqCst) != 0 {
            let _state = self.state.lock();
            self.changed.notify_all();
        }
    }

    /// Sleeps until `until` gives something; it is asked under the lock, and now and then without a reason.
    fn sleep<R>(&self, mut until: impl FnMut(&mut State) -> Option<R>) -> R {
        let mut state = self.state.lock();
        if let Some(now) = until(&mut state) {
            return now;
        }
        self.sleepers.fetch_add(1, Ordering::SeqCst);
        loop {
            if let Some(now) = until(&mut state) {
                self.sleepers.fetch_sub(1, Ordering::SeqCst);
                return now;
            }
            self.changed.wait_for(&mut state, LOOK);
        }
    }

    /// Starts a run if one is due; none must be going on. The exchange is an ACQUIRE: what was done
    /// before it was queued is seen.
    fn begin(&self, state: &mut State) -> bool {
        state.running = self.pending.swap(false, Ordering::SeqCst);
        state.running
    }

    /// Makes the run that was begun. It ends even if it unwinds: nobody waits for it then.
    fn run(&self, f: &dyn Fn()) {
        struct Run<'a>(&'a Native);
        impl Drop for Run<'_> {
            fn drop(&mut self) {
                self.0.end();
            }
        }
        let _run = Run(self);
        f();
    }

    fn end(&self) {
        let mut state = self.state.lock();
        state.running = false;
        state.finished += 1;
        // A worker that unwinds serves nobody any more.
        state.served &= !std::thread::panicking();
        drop(state);
        self.changed.notify_all();
    }

    /// The worker: runs `f` whenever it is due, until told to stop.
    fn serve(&self, f: &dyn Fn()) {
        self.state.lock().served = true;
        let due = |state: &mut State| {
            if !state.running && self.begin(state) {
                return Some(true);
            }
            let stop = state.stopping && !self.pending.load(Ordering::SeqCst);
            if stop {
                (state.stopping, state.served) = (false, false);
            }
            stop.then_some(false)
        };
        loop {
            soon(|| self.pending.load(Ordering::SeqCst));
            if !self.sleep(due) {
                break;
            }
            self.run(f);
        }
    }

    /// Runs `f` if it is due, after the run that goes on.
    fn run_pending(&self, f: &dyn Fn()) -> bool {
        let due = self.sleep(|state| {
            leave_if_lost();
            (!state.running).then(|| self.begin(state))
        });
        if due {
            self.run(f);
        }
        due
    }

    /// Waits for the run that is pending or in progress; runs `f` if nobody else will.
    fn flush(&self, f: &dyn Fn()) {
        let mut target = None;
        let served = self.sleep(|state| {
            leave_if_lost();
            let pending = self.pending.load(Ordering::SeqCst);
            let target = *target
                .get_or_insert(state.finished + u64::from(state.running) + u64::from(pending));
            if state.finished >= target {
                return Some(true);
            }
            (!state.served && !state.running).then_some(false)
        });
        if !served {
            self.run_pending(f);
        }
    }
}
