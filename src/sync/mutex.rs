// SPDX-License-Identifier: GPL-2.0-only
//! Mutexes and spinlocks: in userspace the same thing, a lock with one owner.
//!
//! One difference shows: on x86 `spin_unlock` is a plain store, and `mutex_unlock` a locked
//! instruction. So under `tso` a spinlock's release waits in the store buffer.
//!
//! The lock protects nothing by type: as in the kernel, what it protects is said by the fields'
//! comments and checked by the race detector.
//!
//! # Invariants
//! - A guard is a pointer to its lock, which knows the rest. So where lock and unlock are in one function,
//!   there is nothing to carry from one to the other.

use super::kept::Slot;
use super::solo::SoloMutex;
use super::{Any, Lane, Name, Runtime, Site, seeded};
use crate::sched::{Op, OpKind};
use parking_lot::lock_api::GuardNoSend;
use std::marker::PhantomData;

/// A mutual-exclusion lock.
#[derive(Debug)]
#[repr(C)]
pub struct Mutex<L: Lane = Any> {
    /// What it is in the solo runtime: a few instructions, in line.
    solo: SoloMutex,
    /// What it is in the others: out of line.
    shared: Option<Shared>,
    lane: PhantomData<L>,
}

#[derive(Debug)]
enum Shared {
    Native(parking_lot::Mutex<()>),
    Seeded { obj: u32, spin: bool, holds: seeded::Holds },
    Loom(LoomMutex),
}

/// Proof that the lock is held; dropping it is `mutex_unlock`. The thread that locks it unlocks it.
#[must_use]
#[derive(Debug)]
pub struct MutexGuard<'a, L: Lane = Any>(&'a Mutex<L>, PhantomData<*const ()>);

impl Mutex {
    /// An unlocked mutex.
    #[must_use]
    pub fn new(rt: Runtime, name: Name) -> Self {
        Self::build(rt, name, false)
    }

    /// An unlocked spinlock: `spin_lock`, `spin_trylock`, `spin_unlock`.
    #[must_use]
    pub fn spinlock(rt: Runtime, name: Name) -> Self {
        Self::build(rt, name, true)
    }

    fn build(rt: Runtime, name: Name, spin: bool) -> Self {
        let shared = match rt {
            Runtime::Native => Some(Shared::Native(parking_lot::Mutex::new(()))),
            Runtime::Solo => None,
            Runtime::Seeded => {
                let (obj, holds) = (seeded::new_object(name, 0), seeded::Holds::default());
                Some(Shared::Seeded { obj, spin, holds })
            }
            Runtime::Loom => Some(Shared::Loom(LoomMutex::default())),
        };
        Self { solo: SoloMutex::new(rt), shared, lane: PhantomData }
    }
}

impl<L: Lane> Mutex<L> {
    /// `mutex_lock`: ACQUIRE, pairs with the RELEASE of the guard's drop.
    #[inline]
    pub fn lock(&self, site: Site) -> MutexGuard<'_, L> {
        match &self.shared {
            Some(m) if !L::SOLO => m.lock(site),
            _ => self.solo.lock::<L>(site),
        }
        MutexGuard(self, PhantomData)
    }

    /// `mutex_trylock`. Loom never explores a failure (its own limit).
    #[inline]
    pub fn try_lock(&self, site: Site) -> Option<MutexGuard<'_, L>> {
        let held = match &self.shared {
            Some(m) if !L::SOLO => m.try_lock(site),
            _ => self.solo.try_lock::<L>(),
        };
        held.then(|| MutexGuard(self, PhantomData))
    }
}

impl<L: Lane> Drop for MutexGuard<'_, L> {
    #[inline]
    fn drop(&mut self) {
        match &self.0.shared {
            Some(m) if !L::SOLO => m.unlock(),
            _ => self.0.solo.unlock(),
        }
    }
}

impl Shared {
    #[cold]
    #[inline(never)]
    fn lock(&self, site: Site) {
        match self {
            Self::Native(m) => std::mem::forget(m.lock()),
            Self::Seeded { obj, holds, .. } => {
                seeded::gate(&Op { obj: *obj, kind: OpKind::MutexLock, arg: 0, site });
                holds.enter(site);
            }
            Self::Loom(m) => m.lock(),
        }
    }

    /// Whether it is held from here on.
    #[cold]
    #[inline(never)]
    fn try_lock(&self, site: Site) -> bool {
        match self {
            Self::Native(m) => {
                let held = m.try_lock();
                let locked = held.is_some();
                std::mem::forget(held);
                locked
            }
            Self::Seeded { obj, holds, .. } => {
                let op = Op { obj: *obj, kind: OpKind::MutexTryLock, arg: 0, site };
                let locked = seeded::gate(&op);
                if locked {
                    holds.enter(site);
                }
                locked
            }
            Self::Loom(m) => m.try_lock(),
        }
    }

    /// By who holds it.
    #[cold]
    #[inline(never)]
    fn unlock(&self) {
        match self {
            // SAFETY: the guard that is dropped stands for the one that was forgotten, which has no state.
            Self::Native(m) => unsafe { m.force_unlock(GuardNoSend::new()) },
            Self::Seeded { obj, spin, holds } => {
                let site = holds.leave();
                let (obj, arg) = (*obj, u32::from(*spin));
                seeded::gate(&Op { obj, kind: OpKind::MutexUnlock, arg, site });
            }
            Self::Loom(m) => m.unlock(),
        }
    }
}

type LoomGuard<'a> = loom::sync::MutexGuard<'a, ()>;

/// Loom's lock, and while it is held the guard that loom gave for it.
#[derive(Debug, Default)]
struct LoomMutex {
    lock: loom::sync::Mutex<()>,
    held: Slot<LoomGuard<'static>>,
}

impl LoomMutex {
    fn lock(&self) {
        // A poisoned loom mutex means that loom is already unwinding.
        self.keep(self.lock.lock().unwrap_or_else(std::sync::PoisonError::into_inner));
    }

    fn try_lock(&self) -> bool {
        let Ok(held) = self.lock.try_lock() else { return false };
        self.keep(held);
        true
    }

    fn keep(&self, held: LoomGuard<'_>) {
        // SAFETY: it is dropped by our guard, which borrows `self`, or never.
        self.held.put(unsafe { std::mem::transmute::<LoomGuard<'_>, LoomGuard<'static>>(held) });
    }

    fn unlock(&self) {
        drop(self.held.take());
    }
}
