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
//! - A guard is a tag and a pointer. With a word more it would be copied through memory wherever it is
//!   handed on, and wait there for its own parts.

use super::boxed::OutOfLine;
use super::solo::SoloMutex;
use super::{Name, Runtime, Site, seeded};
use crate::sched::{Op, OpKind};
use parking_lot::lock_api::GuardNoSend;

/// A mutual-exclusion lock.
#[derive(Debug)]
pub struct Mutex(Kind);

/// What costs a few instructions is in line, all else out of line.
#[derive(Debug)]
enum Kind {
    Solo(SoloMutex),
    Shared(Shared),
}

#[derive(Debug)]
enum Shared {
    Native(parking_lot::Mutex<()>),
    Seeded { obj: u32, spin: bool, holds: seeded::Holds },
    Loom(loom::sync::Mutex<()>),
}

/// Proof that the lock is held; dropping it is `mutex_unlock`.
#[must_use]
#[derive(Debug)]
pub struct MutexGuard<'a>(Held<'a>);

#[derive(Debug)]
enum Held<'a> {
    Solo(&'a SoloMutex),
    Shared(&'a Shared),
    Loom(OutOfLine<LoomGuard<'a>>),
}

type LoomGuard<'a> = loom::sync::MutexGuard<'a, ()>;

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
        Self(match rt {
            Runtime::Native => Kind::Shared(Shared::Native(parking_lot::Mutex::new(()))),
            Runtime::Solo => Kind::Solo(SoloMutex::new()),
            Runtime::Seeded => {
                let (obj, holds) = (seeded::new_object(name, 0), seeded::Holds::default());
                Kind::Shared(Shared::Seeded { obj, spin, holds })
            }
            Runtime::Loom => Kind::Shared(Shared::Loom(loom::sync::Mutex::new(()))),
        })
    }

    /// `mutex_lock`: ACQUIRE, pairs with the RELEASE of the guard's drop.
    #[inline]
    pub fn lock(&self, site: Site) -> MutexGuard<'_> {
        MutexGuard(match &self.0 {
            Kind::Solo(m) => {
                m.lock(site);
                Held::Solo(m)
            }
            Kind::Shared(m) => m.lock(site),
        })
    }

    /// `mutex_trylock`. Loom never explores a failure (its own limit).
    #[inline]
    pub fn try_lock(&self, site: Site) -> Option<MutexGuard<'_>> {
        match &self.0 {
            Kind::Solo(m) => m.try_lock().then(|| MutexGuard(Held::Solo(m))),
            Kind::Shared(m) => m.try_lock(site).map(MutexGuard),
        }
    }
}

impl Drop for MutexGuard<'_> {
    #[inline]
    fn drop(&mut self) {
        match &mut self.0 {
            Held::Solo(m) => m.unlock(),
            Held::Shared(m) => m.unlock(),
            // SAFETY: the guard is being dropped.
            Held::Loom(held) => unsafe { held.dispose() },
        }
    }
}

impl Shared {
    #[inline(never)]
    fn lock(&self, site: Site) -> Held<'_> {
        match self {
            Self::Native(m) => std::mem::forget(m.lock()),
            Self::Seeded { obj, holds, .. } => {
                seeded::gate(&Op { obj: *obj, kind: OpKind::MutexLock, arg: 0, site });
                holds.enter(site);
            }
            // A poisoned loom mutex means that loom is already unwinding.
            Self::Loom(m) => {
                let held = m.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                return Held::Loom(OutOfLine::new(held));
            }
        }
        Held::Shared(self)
    }

    #[inline(never)]
    fn try_lock(&self, site: Site) -> Option<Held<'_>> {
        match self {
            Self::Native(m) => std::mem::forget(m.try_lock()?),
            Self::Seeded { obj, holds, .. } => {
                let op = Op { obj: *obj, kind: OpKind::MutexTryLock, arg: 0, site };
                if !seeded::gate(&op) {
                    return None;
                }
                holds.enter(site);
            }
            Self::Loom(m) => return Some(Held::Loom(OutOfLine::new(m.try_lock().ok()?))),
        }
        Some(Held::Shared(self))
    }

    /// By who holds it.
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
            Self::Loom(_) => {}
        }
    }
}
