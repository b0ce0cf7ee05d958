// SPDX-License-Identifier: GPL-2.0-only
//! `struct ld_semaphore` (`tty_ldsem.c`): who has the line discipline, and who waits for it.
//!
//! Two of them: the gate of [`RwSem`], one step a call, which is what everything runs on; and, where a
//! script says `machine ldsem`, the kernel's own algorithm on modelled words, with its timeouts. The
//! bugs of the algorithm (museum 12, 13) can only be in the second.
//!
//! # Data flow
//! `count` is 1 for each holder, and a large negative number for each writer, holding or waiting,
//! and for each waiting reader. Whoever finds it in the way reverses its own part, enters a list and
//! sleeps; whoever leaves last wakes the first writer or, if there is none, all readers.
//!
//! # Lock order
//! `wait_lock` is innermost.
//!
//! # Invariants
//! - A reader that was woken owns its share already: who woke it has counted it. It sees that by its
//!   `task` being NULL, with an ACQUIRE that pairs with the waker's RELEASE.
//! - A writer that was woken still has to take the lock.
//!
//! # Deviations
//! 1. The lists are no modelled memory: `wait_lock` guards them.
//! 2. A sleeper sleeps until it is woken or time is up: signals and spurious wakeups do not exist.

use crate::machine::{Machine, Variant};
use crate::sync::{
    Any, AtomicUsize, Lane, Mutex, MutexGuard, Name, Ordering, ReadGuard, Runtime, RwSem, Site,
    WaitQueue, WriteGuard,
};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex as HostMutex, MutexGuard as HostGuard, PoisonError};

/// `LDSEM_ACTIVE_BIAS`.
const ACTIVE: isize = 1;
/// `LDSEM_ACTIVE_MASK`.
const ACTIVE_MASK: isize = 0xffff_ffff;
/// `LDSEM_WAIT_BIAS`.
const WAIT: isize = -ACTIVE_MASK - 1;
/// `LDSEM_WRITE_BIAS`.
const WRITE: isize = WAIT + ACTIVE;

/// What a sleeper's queue is called: a thread that is left there is a deadlock.
pub const LDSEM_SLEEP: &str = "ldsem waiter";

/// `tty->ldisc_sem`.
#[derive(Debug)]
#[repr(C)]
pub enum LdSem<L: Lane = Any> {
    /// One step a call.
    Gate(RwSem<L>),
    /// The kernel's algorithm.
    Modelled(LdSemaphore),
}

/// A shared hold; dropping it is `ldsem_up_read`.
#[must_use]
#[derive(Debug)]
pub enum ReadHold<'a, L: Lane = Any> {
    /// Of a gate.
    Gate(#[allow(dead_code, reason = "held for its drop")] ReadGuard<'a, L>),
    /// Of the algorithm.
    Modelled(&'a LdSemaphore),
}

/// An exclusive hold; dropping it is `ldsem_up_write`.
#[must_use]
#[derive(Debug)]
pub enum WriteHold<'a> {
    /// Of a gate.
    Gate(#[allow(dead_code, reason = "held for its drop")] WriteGuard<'a>),
    /// Of the algorithm.
    Modelled(&'a LdSemaphore),
}

impl LdSem {
    /// `init_ldsem`.
    pub(crate) fn new(machine: Machine, rt: Runtime, scope: &'static str) -> Self {
        if machine.ldsem {
            Self::Modelled(LdSemaphore::new(machine.variant, rt, scope))
        } else {
            Self::Gate(RwSem::with_writer_bias(rt, Name::new(scope, "ldisc_sem")))
        }
    }
}

impl<L: Lane> LdSem<L> {
    /// `ldsem_down_read` without a timeout.
    #[inline]
    pub fn down_read(&self, site: Site) -> ReadHold<'_, L> {
        match self {
            Self::Gate(sem) => ReadHold::Gate(sem.down_read(site)),
            Self::Modelled(sem) => sem.down_read(),
        }
    }

    /// `ldsem_down_read_trylock`: fails if a writer has it, or waits for it.
    #[inline]
    pub fn down_read_trylock(&self, site: Site) -> Option<ReadHold<'_, L>> {
        match self {
            Self::Gate(sem) => sem.down_read_trylock(site).map(ReadHold::Gate),
            Self::Modelled(sem) => sem.down_read_trylock(),
        }
    }
}

impl LdSem {
    /// `ldsem_down_write`, at most so many milliseconds; a gate waits for ever.
    pub fn down_write(&self, site: Site, timeout: Option<u64>) -> Option<WriteHold<'_>> {
        match self {
            Self::Gate(sem) => Some(WriteHold::Gate(sem.down_write(site))),
            Self::Modelled(sem) => sem.down_write(timeout),
        }
    }
}

impl<L: Lane> Drop for ReadHold<'_, L> {
    #[inline]
    fn drop(&mut self) {
        if let Self::Modelled(sem) = self {
            sem.up_read();
        }
    }
}

impl Drop for WriteHold<'_> {
    fn drop(&mut self) {
        if let Self::Modelled(sem) = self {
            sem.up_write();
        }
    }
}

/// `struct ld_semaphore`.
#[derive(Debug)]
pub struct LdSemaphore {
    rt: Runtime,
    scope: &'static str,
    variant: Variant,
    /// Holders and waiters, see the module.
    count: AtomicUsize,
    /// Guards the lists.
    wait_lock: Mutex,
    lists: HostMutex<Lists>,
}

#[derive(Debug, Default)]
struct Lists {
    readers: VecDeque<Arc<Sleeper>>,
    writers: VecDeque<Arc<Sleeper>>,
}

/// `struct ldsem_waiter`.
#[derive(Debug)]
struct Sleeper {
    /// 1 while it waits to be given the lock; NULL once it has it. Readers only.
    task: AtomicUsize,
    wake: WaitQueue,
}

impl LdSemaphore {
    fn new(variant: Variant, rt: Runtime, scope: &'static str) -> Self {
        Self {
            rt,
            scope,
            variant,
            count: AtomicUsize::new(rt, Name::new(scope, "ldisc_sem.count"), 0),
            wait_lock: Mutex::new(rt, Name::new(scope, "ldisc_sem.wait_lock")),
            lists: HostMutex::default(),
        }
    }

    fn sleeper(&self) -> Arc<Sleeper> {
        Arc::new(Sleeper {
            task: AtomicUsize::new(self.rt, Name::new(self.scope, "ldsem_waiter.task"), 1),
            wake: WaitQueue::new(self.rt, Name::new(self.scope, LDSEM_SLEEP)),
        })
    }

    /// The lists; `wait_lock` held. No step is taken while they are borrowed.
    fn lists(&self) -> HostGuard<'_, Lists> {
        self.lists.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// `atomic_long_add_return`: fully ordered.
    fn add(&self, site: Site, n: isize) -> isize {
        let old = self.count.fetch_add(site, n.cast_unsigned(), Ordering::SeqCst);
        old.cast_signed().wrapping_add(n)
    }

    /// `atomic_long_try_cmpxchg`: adds `n` to `count` if that is what it is; `Err` has what it is.
    fn try_add(&self, site: Site, count: isize, n: isize) -> Result<isize, isize> {
        let new = count.wrapping_add(n);
        self.count
            .compare_exchange(site, count.cast_unsigned(), new.cast_unsigned(), Ordering::SeqCst)
            .map(|_| new)
            .map_err(usize::cast_signed)
    }

    fn down_read<L: Lane>(&self) -> ReadHold<'_, L> {
        let count = self.add("ldsem_down_read.count", ACTIVE);
        if count <= 0 {
            self.down_read_failed(count);
        }
        ReadHold::Modelled(self)
    }

    /// `down_read_failed`: returns with the lock.
    fn down_read_failed(&self, mut count: isize) {
        let held = self.wait_lock.lock("down_read_failed.wait_lock");
        let before = count;
        loop {
            match self.try_add("down_read_failed.count", count, WAIT - ACTIVE) {
                Ok(new) => {
                    count = new;
                    break;
                }
                // Whoever was in the way has left.
                Err(found) if found > 0 => return,
                Err(found) => count = found,
            }
        }
        // Museum 12: the helper hands the old count back, which has this very reader in it.
        if self.variant.is(Variant::OldCount) {
            count = before;
        }
        let sleeper = self.sleeper();
        let mut wait = sleeper.wake.prepare("down_read_failed.waiter");
        self.lists().readers.push_back(Arc::clone(&sleeper));
        if count & ACTIVE_MASK == 0 {
            self.wake(&held);
        }
        drop(held);
        // Pairs with the RELEASE in __ldsem_wake_readers: what the last holder did is seen.
        while sleeper.task.load("down_read_failed.task", Ordering::Acquire) != 0 {
            wait.wait_woken("down_read_failed.schedule");
        }
    }

    fn down_read_trylock<L: Lane>(&self) -> Option<ReadHold<'_, L>> {
        let mut count = self.count.load("ldsem_down_read_trylock.load", Ordering::Relaxed);
        while count.cast_signed() >= 0 {
            let at = "ldsem_down_read_trylock.count";
            match self.try_add(at, count.cast_signed(), ACTIVE) {
                Ok(_) => return Some(ReadHold::Modelled(self)),
                Err(found) => count = found.cast_unsigned(),
            }
        }
        None
    }

    fn down_write(&self, timeout: Option<u64>) -> Option<WriteHold<'_>> {
        let count = self.add("ldsem_down_write.count", WRITE);
        let locked = count & ACTIVE_MASK == ACTIVE || self.down_write_failed(count, timeout);
        locked.then_some(WriteHold::Modelled(self))
    }

    /// `down_write_failed`: whether it got the lock in time.
    fn down_write_failed(&self, mut count: isize, mut timeout: Option<u64>) -> bool {
        let mut held = self.wait_lock.lock("down_write_failed.wait_lock");
        loop {
            match self.try_add("down_write_failed.count", count, -ACTIVE) {
                Ok(_) => break,
                Err(found) if found & ACTIVE_MASK == ACTIVE => return true,
                Err(found) => count = found,
            }
        }
        let sleeper = self.sleeper();
        let mut wait = sleeper.wake.prepare("down_write_failed.waiter");
        self.lists().writers.push_back(Arc::clone(&sleeper));
        let mut locked = false;
        while !locked && timeout != Some(0) {
            drop(held);
            let at = "down_write_failed.schedule";
            timeout = match timeout {
                None => {
                    wait.wait_woken(at);
                    None
                }
                Some(left) => Some(wait.wait_woken_timeout(at, left)),
            };
            held = self.wait_lock.lock("down_write_failed.wait_lock_again");
            locked = self.writer_trylock();
        }
        if !locked {
            self.add("down_write_failed.count_timeout", -WAIT);
        }
        let alone = {
            let mut lists = self.lists();
            lists.writers.retain(|w| !Arc::ptr_eq(w, &sleeper));
            lists.writers.is_empty()
        };
        // Whoever let this writer go first would else wait for the last holder to leave. Museum 13a.
        if !locked && alone && !self.variant.is(Variant::TimeoutWakesNobody) {
            self.wake_readers(&held);
        }
        drop(held);
        locked
    }

    /// `writer_trylock`.
    fn writer_trylock(&self) -> bool {
        let mut count = self.add("writer_trylock.count_add", ACTIVE);
        loop {
            if count & ACTIVE_MASK == ACTIVE {
                return true;
            }
            match self.try_add("writer_trylock.count_sub", count, -ACTIVE) {
                Ok(_) => return false,
                Err(found) => count = found,
            }
        }
    }

    /// `__ldsem_wake`: the first writer, or else all readers.
    fn wake(&self, held: &MutexGuard<'_>) {
        let writer = self.lists().writers.front().map(Arc::clone);
        match writer {
            Some(writer) => writer.wake.wake_up("__ldsem_wake_writer.wake_up_process"),
            None => self.wake_readers(held),
        }
    }

    /// `__ldsem_wake_readers`: counts all that wait as holders, then lets them go.
    fn wake_readers(&self, _held: &MutexGuard<'_>) {
        let waiting = self.lists().readers.len().cast_signed();
        let adjust = waiting * (ACTIVE - WAIT);
        let mut count = self.add("__ldsem_wake_readers.count", adjust);
        while count <= 0 {
            match self.try_add("__ldsem_wake_readers.count_back", count, -adjust) {
                Ok(_) => return,
                Err(found) => count = found,
            }
        }
        let readers = std::mem::take(&mut self.lists().readers);
        for reader in readers {
            // Pairs with the ACQUIRE in down_read_failed.
            reader.task.store("__ldsem_wake_readers.task", 0, Ordering::Release);
            reader.wake.wake_up("__ldsem_wake_readers.wake_up_process");
        }
    }

    fn up_read(&self) {
        let count = self.add("ldsem_up_read.count", -ACTIVE);
        if count < 0 && count & ACTIVE_MASK == 0 {
            self.ldsem_wake();
        }
    }

    fn up_write(&self) {
        let count = self.add("ldsem_up_write.count", -WRITE);
        if count < 0 {
            self.ldsem_wake();
        }
    }

    /// `ldsem_wake`.
    fn ldsem_wake(&self) {
        let held = self.wait_lock.lock("ldsem_wake.wait_lock");
        self.wake(&held);
    }
}
