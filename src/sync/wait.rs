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

use super::{Name, Runtime, Site, seeded};
use crate::sched::{Op, OpKind};

/// `wait_queue_head_t`.
#[derive(Debug)]
pub struct WaitQueue(Kind);

#[derive(Debug)]
enum Kind {
    Native { wakes: parking_lot::Mutex<u32>, changed: parking_lot::Condvar },
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
        Self(match rt {
            Runtime::Native => Kind::Native {
                wakes: parking_lot::Mutex::new(0),
                changed: parking_lot::Condvar::new(),
            },
            Runtime::Seeded => Kind::Seeded(seeded::new_object(name, 0)),
            Runtime::Loom => Kind::Loom,
        })
    }

    /// `add_wait_queue`: wakeups from here on count.
    pub fn prepare(&self, site: Site) -> Waiter<'_> {
        let seen = match &self.0 {
            Kind::Native { wakes, .. } => *wakes.lock(),
            Kind::Seeded(obj) => {
                seeded::wait_prepare(&Op { obj: *obj, kind: OpKind::WaitPrepare, arg: 0, site })
            }
            Kind::Loom => 0,
        };
        Waiter { queue: self, seen }
    }

    /// `wake_up_interruptible`: RELEASE, pairs with the ACQUIRE of `wait_woken`.
    #[inline]
    pub fn wake_up(&self, site: Site) {
        match &self.0 {
            Kind::Native { wakes, changed } => {
                let mut wakes = wakes.lock();
                *wakes = wakes.wrapping_add(1);
                changed.notify_all();
            }
            Kind::Seeded(obj) => {
                seeded::gate(&Op { obj: *obj, kind: OpKind::WakeUp, arg: 0, site });
            }
            Kind::Loom => {}
        }
    }
}

impl Waiter<'_> {
    /// `wait_woken` with a timeout in milliseconds: as [`Waiter::wait_woken`], and at most that
    /// long. Returns what is left of it, 0 if it ran out.
    ///
    /// In the seeded runtime the clock is virtual: it moves only when no thread can go on, to the
    /// next time at which one can. In loom it never runs out.
    pub fn wait_woken_timeout(&mut self, site: Site, timeout: u64) -> u64 {
        match &self.queue.0 {
            Kind::Native { wakes, changed } => {
                let (left, seen) = native_timeout(wakes, changed, self.seen, timeout);
                self.seen = seen;
                left
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
        match &self.queue.0 {
            Kind::Native { wakes, changed } => {
                let mut wakes = wakes.lock();
                while *wakes == self.seen {
                    changed.wait(&mut wakes);
                }
                self.seen = *wakes;
            }
            Kind::Seeded(obj) => {
                let op = Op { obj: *obj, kind: OpKind::WaitWoken, arg: self.seen, site };
                self.seen = seeded::wait_woken(&op);
            }
            Kind::Loom => loom::thread::yield_now(),
        }
    }
}

/// What is left of `timeout` milliseconds, and the wakeups seen.
#[allow(
    clippy::disallowed_methods,
    reason = "a native timeout is real time, and decides no verdict"
)]
fn native_timeout(
    wakes: &parking_lot::Mutex<u32>,
    changed: &parking_lot::Condvar,
    seen: u32,
    timeout: u64,
) -> (u64, u32) {
    let deadline = std::time::Instant::now() + std::time::Duration::from_millis(timeout);
    let mut wakes = wakes.lock();
    while *wakes == seen {
        if changed.wait_until(&mut wakes, deadline).timed_out() && *wakes == seen {
            return (0, seen);
        }
    }
    let left = deadline.saturating_duration_since(std::time::Instant::now()).as_millis();
    // A wakeup in the last millisecond is a wakeup.
    (u64::try_from(left).unwrap_or(timeout).max(1), *wakes)
}
