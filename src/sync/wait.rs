// SPDX-License-Identifier: GPL-2.0-only
//! Wait queues with `woken_wake_function`: a wakeup between looking and sleeping is not lost.
//!
//! Modelled as a count of wakeups. `add_wait_queue` notes the count; `wait_woken` sleeps until it
//! has moved. That is the WOKEN flag of the kernel's wait entry, without the list.
//!
//! # Deviations
//! 1. A caller that will never sleep (`O_NONBLOCK`) need not `prepare`: nobody can tell.
//! 2. In loom a wakeup is not modelled and `wait_woken` only yields: a legal spurious wakeup. The
//!    loom proofs have no sleeping reader.

use super::lost::{LOOK, leave_if_lost};
use super::solo::{Owner, waits_for_ever};
use super::spin::soon;
use super::{Any, Lane, Name, Ordering, Runtime, Site, seeded};
use crate::sched::{Op, OpKind};
use std::marker::PhantomData;
use std::sync::atomic::AtomicU32;
use std::time::{Duration, Instant};

/// `wait_queue_head_t`.
#[derive(Debug)]
#[repr(C)]
pub struct WaitQueue<L: Lane = Any> {
    owner: Owner,
    /// In the solo runtime: the wakeups so far. Nobody sleeps while somebody wakes.
    wakes: AtomicU32,
    kind: Kind,
    lane: PhantomData<L>,
}

#[derive(Debug)]
enum Kind {
    Native(Native),
    Solo,
    Seeded(u32),
    Loom,
}

/// `DEFINE_WAIT_FUNC(wait, woken_wake_function)` on a queue.
#[derive(Debug)]
pub struct Waiter<'a> {
    queue: &'a WaitQueue,
    seen: u32,
}

impl WaitQueue {
    /// `init_waitqueue_head`.
    #[must_use]
    pub fn new(rt: Runtime, name: Name) -> Self {
        let kind = match rt {
            Runtime::Native => Kind::Native(Native::default()),
            Runtime::Solo => Kind::Solo,
            Runtime::Seeded => Kind::Seeded(seeded::new_object(name, 0)),
            Runtime::Loom => Kind::Loom,
        };
        Self { owner: Owner::new(rt), wakes: AtomicU32::new(0), kind, lane: PhantomData }
    }
}

impl<L: Lane> WaitQueue<L> {
    /// `add_wait_queue`: wakeups from here on count.
    pub fn prepare(&self, site: Site) -> Waiter<'_> {
        let seen = match &self.kind {
            Kind::Native(native) => native.wakes.load(Ordering::SeqCst),
            Kind::Solo => self.wakes.load(Ordering::Relaxed),
            Kind::Seeded(obj) => {
                seeded::wait_prepare(&Op { obj: *obj, kind: OpKind::WaitPrepare, arg: 0, site })
            }
            Kind::Loom => 0,
        };
        Waiter { queue: self.any(), seen }
    }

    /// `wake_up_interruptible`: RELEASE, pairs with the ACQUIRE of `wait_woken`.
    #[inline]
    pub fn wake_up(&self, site: Site) {
        if L::SOLO || matches!(self.kind, Kind::Solo) {
            let wakes = self.wakes.load(Ordering::Relaxed);
            self.wakes.store(wakes.wrapping_add(1), Ordering::Relaxed);
        } else {
            self.wake_others(site);
        }
    }

    /// The same where there are others.
    #[cold]
    #[inline(never)]
    fn wake_others(&self, site: Site) {
        match &self.kind {
            Kind::Native(native) => native.wake_up(),
            Kind::Seeded(obj) => {
                seeded::gate(&Op { obj: *obj, kind: OpKind::WakeUp, arg: 0, site });
            }
            Kind::Solo | Kind::Loom => {}
        }
    }

    /// Whether somebody woke it since `seen`, and what is seen now: all that can have happened in the solo
    /// runtime by the time at which somebody would sleep.
    fn woken(&self, seen: &mut u32) -> bool {
        self.owner.check::<Any>();
        let before = std::mem::replace(seen, self.wakes.load(Ordering::Relaxed));
        before != *seen
    }
}

impl Waiter<'_> {
    /// `wait_woken` with a timeout in milliseconds: as [`Waiter::wait_woken`], and at most that
    /// long. Returns what is left of it, 0 if it ran out.
    ///
    /// In the seeded and solo runtimes the clock is virtual: it moves only when no thread can go on, to the
    /// next time at which one can. In loom it never runs out.
    pub fn wait_woken_timeout(&mut self, site: Site, timeout: u64) -> u64 {
        match &self.queue.kind {
            Kind::Native(native) => {
                let (left, seen) = native.sleep_at_most(self.seen, timeout);
                self.seen = seen;
                left
            }
            // Nobody will wake it, so time runs out.
            Kind::Solo => {
                if self.queue.woken(&mut self.seen) {
                    timeout
                } else {
                    0
                }
            }
            Kind::Seeded(obj) => {
                let op = Op { obj: *obj, kind: OpKind::WaitWoken, arg: self.seen, site };
                let (left, seen) = seeded::wait_woken_timeout(&op, timeout);
                self.seen = seen;
                left
            }
            Kind::Loom => {
                loom::thread::yield_now();
                timeout
            }
        }
    }

    /// `wait_woken`: sleeps until somebody woke the queue since the last look.
    pub fn wait_woken(&mut self, site: Site) {
        match &self.queue.kind {
            Kind::Native(native) => self.seen = native.sleep(self.seen),
            Kind::Solo => {
                if !self.queue.woken(&mut self.seen) {
                    waits_for_ever(site, "nobody is there to wake it");
                }
            }
            Kind::Seeded(obj) => {
                let op = Op { obj: *obj, kind: OpKind::WaitWoken, arg: self.seen, site };
                self.seen = seeded::wait_woken(&op);
            }
            Kind::Loom => loom::thread::yield_now(),
        }
    }
}

/// The native queue. A wakeup that nobody waits for costs one atomic step.
///
/// # Invariants
/// - Whoever wakes counts first, then looks for sleepers; whoever sleeps says so first, then looks
///   at the count. All four are SEQ_CST, so one of the two sees the other.
/// - A sleeper looks at the count and falls asleep under `asleep`, and is notified under it.
#[derive(Debug, Default)]
struct Native {
    /// The wakeups so far.
    wakes: AtomicU32,
    /// How many sleep, or are about to.
    sleepers: AtomicU32,
    asleep: parking_lot::Mutex<()>,
    changed: parking_lot::Condvar,
}

impl Native {
    #[inline]
    fn wake_up(&self) {
        self.wakes.fetch_add(1, Ordering::SeqCst);
        if self.sleepers.load(Ordering::SeqCst) != 0 {
            self.rouse();
        }
    }

    #[cold]
    #[inline(never)]
    fn rouse(&self) {
        let _asleep = self.asleep.lock();
        self.changed.notify_all();
    }

    /// Sleeps until the count is not `seen`; returns it. Who could change it may be lost.
    fn sleep(&self, seen: u32) -> u32 {
        soon(|| self.wakes.load(Ordering::SeqCst) != seen);
        let wakes = self.wakes.load(Ordering::SeqCst);
        if wakes != seen {
            return wakes;
        }
        self.sleepers.fetch_add(1, Ordering::SeqCst);
        let mut asleep = self.asleep.lock();
        let wakes = loop {
            let wakes = self.wakes.load(Ordering::SeqCst);
            if wakes != seen {
                break wakes;
            }
            leave_if_lost();
            self.changed.wait_for(&mut asleep, LOOK);
        };
        drop(asleep);
        self.sleepers.fetch_sub(1, Ordering::SeqCst);
        wakes
    }

    /// The same for at most `timeout` milliseconds; returns also what is left of them, 0 if they
    /// ran out.
    #[allow(
        clippy::disallowed_methods,
        reason = "a native timeout is real time, and decides no verdict"
    )]
    fn sleep_at_most(&self, seen: u32, timeout: u64) -> (u64, u32) {
        let deadline = Instant::now() + Duration::from_millis(timeout);
        self.sleepers.fetch_add(1, Ordering::SeqCst);
        let mut asleep = self.asleep.lock();
        let mut in_time = true;
        let wakes = loop {
            let wakes = self.wakes.load(Ordering::SeqCst);
            if wakes != seen || !in_time {
                break wakes;
            }
            in_time = !self.changed.wait_until(&mut asleep, deadline).timed_out();
        };
        drop(asleep);
        self.sleepers.fetch_sub(1, Ordering::SeqCst);
        if wakes == seen {
            return (0, seen);
        }
        let left = deadline.saturating_duration_since(Instant::now()).as_millis();
        // A wakeup in the last millisecond is a wakeup.
        (u64::try_from(left).unwrap_or(timeout).max(1), wakes)
    }
}
