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

use super::mutation;
use super::{Name, Ordering, Runtime, Site, seeded};
use crate::sched::{Op, OpKind};

/// `struct work_struct` on an unbound workqueue.
#[derive(Debug)]
pub struct Work(Kind);

#[derive(Debug)]
enum Kind {
    Native { state: parking_lot::Mutex<NativeState>, changed: parking_lot::Condvar },
    Seeded(u32),
    Loom { pending: loom::sync::atomic::AtomicBool, running: loom::sync::Mutex<()> },
}

#[derive(Debug, Default)]
struct NativeState {
    pending: bool,
    running: bool,
    finished: u64,
    /// A worker thread is there to run it.
    served: bool,
    stopping: bool,
}

impl Work {
    /// `INIT_WORK`.
    #[must_use]
    pub fn new(rt: Runtime, name: Name) -> Self {
        Self(match rt {
            Runtime::Native => Kind::Native {
                state: parking_lot::Mutex::default(),
                changed: parking_lot::Condvar::new(),
            },
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
        match &self.0 {
            Kind::Native { state, changed } => {
                let mut state = state.lock();
                if !state.pending {
                    state.pending = true;
                    changed.notify_all();
                }
            }
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
            Kind::Native { state, changed } => {
                state.lock().served = true;
                while native_begin(&mut state.lock(), changed) {
                    f();
                    native_end(&mut state.lock(), changed);
                }
            }
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
    pub fn run_pending(&self, site: Site, f: &dyn Fn()) -> bool {
        match &self.0 {
            Kind::Native { state, changed } => {
                let mut guard = state.lock();
                while guard.running {
                    changed.wait(&mut guard);
                }
                if !guard.pending {
                    return false;
                }
                guard.pending = false;
                guard.running = true;
                drop(guard);
                f();
                native_end(&mut state.lock(), changed);
                true
            }
            Kind::Seeded(obj) => {
                if !seeded::peek_gate(*obj).pending {
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
            Kind::Native { state, changed } => {
                if native_flush(&mut state.lock(), changed) == Flush::Unserved {
                    self.run_pending(site, f);
                }
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
            Kind::Native { state, .. } => state.lock().pending,
            Kind::Seeded(obj) => seeded::peek_gate(*obj).pending,
            Kind::Loom { pending, .. } => pending.load(Ordering::Acquire),
        }
    }

    /// Native only: lets the worker go once nothing is pending.
    pub(crate) fn stop(&self) {
        if let Kind::Native { state, changed } = &self.0 {
            state.lock().stopping = true;
            changed.notify_all();
        }
    }
}

const fn op(obj: u32, kind: OpKind, site: Site) -> Op {
    Op { obj, kind, arg: 0, site }
}

type NativeGuard<'a> = parking_lot::MutexGuard<'a, NativeState>;

/// How a native `flush_work` ended.
#[derive(PartialEq, Eq)]
enum Flush {
    Done,
    /// The item is pending and no worker is there: the caller has to run it.
    Unserved,
}

/// Sleeps until a run is due, and starts it; false when there will be none.
fn native_begin(state: &mut NativeGuard<'_>, changed: &parking_lot::Condvar) -> bool {
    while !state.pending || state.running {
        if state.stopping && !state.pending {
            state.stopping = false;
            state.served = false;
            return false;
        }
        changed.wait(state);
    }
    state.pending = false;
    state.running = true;
    true
}

fn native_end(state: &mut NativeGuard<'_>, changed: &parking_lot::Condvar) {
    state.running = false;
    state.finished += 1;
    changed.notify_all();
}

/// Waits for the run that is pending or in progress.
fn native_flush(state: &mut NativeGuard<'_>, changed: &parking_lot::Condvar) -> Flush {
    let target = state.finished + u64::from(state.running) + u64::from(state.pending);
    while state.finished < target {
        if !state.served && !state.running {
            return Flush::Unserved;
        }
        changed.wait(state);
    }
    Flush::Done
}
