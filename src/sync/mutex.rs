// SPDX-License-Identifier: GPL-2.0-only
//! Mutexes and spinlocks: in userspace the same thing, a lock with one owner.
//!
//! The lock protects nothing by type: as in the kernel, what it protects is said by the fields'
//! comments and checked by the race detector.

use super::{Name, Runtime, Site, seeded};
use crate::sched::{Op, OpKind};

/// A mutual-exclusion lock.
#[derive(Debug)]
pub struct Mutex(Kind);

#[derive(Debug)]
enum Kind {
    Native(parking_lot::Mutex<()>),
    Seeded(u32),
    Loom(loom::sync::Mutex<()>),
}

/// Proof that the lock is held; dropping it is `mutex_unlock`.
#[must_use]
#[derive(Debug)]
pub struct MutexGuard<'a>(Held<'a>);

#[derive(Debug)]
enum Held<'a> {
    Native(#[allow(dead_code, reason = "held for its drop")] parking_lot::MutexGuard<'a, ()>),
    Seeded { obj: u32, site: Site },
    Loom(#[allow(dead_code, reason = "held for its drop")] loom::sync::MutexGuard<'a, ()>),
}

impl Mutex {
    /// An unlocked mutex.
    #[must_use]
    pub fn new(rt: Runtime, name: Name) -> Self {
        Self(match rt {
            Runtime::Native => Kind::Native(parking_lot::Mutex::new(())),
            Runtime::Seeded => Kind::Seeded(seeded::new_object(name, 0)),
            Runtime::Loom => Kind::Loom(loom::sync::Mutex::new(())),
        })
    }

    /// `mutex_lock`: ACQUIRE, pairs with the RELEASE of the guard's drop.
    #[inline]
    pub fn lock(&self, site: Site) -> MutexGuard<'_> {
        MutexGuard(match &self.0 {
            Kind::Native(m) => Held::Native(m.lock()),
            Kind::Seeded(obj) => {
                seeded::gate(&Op { obj: *obj, kind: OpKind::MutexLock, arg: 0, site });
                Held::Seeded { obj: *obj, site }
            }
            // A poisoned loom mutex means that loom is already unwinding.
            Kind::Loom(m) => {
                Held::Loom(m.lock().unwrap_or_else(std::sync::PoisonError::into_inner))
            }
        })
    }

    /// `mutex_trylock`. Loom never explores a failure (its own limit).
    #[inline]
    pub fn try_lock(&self, site: Site) -> Option<MutexGuard<'_>> {
        Some(MutexGuard(match &self.0 {
            Kind::Native(m) => Held::Native(m.try_lock()?),
            Kind::Seeded(obj) => {
                let op = Op { obj: *obj, kind: OpKind::MutexTryLock, arg: 0, site };
                if !seeded::gate(&op) {
                    return None;
                }
                Held::Seeded { obj: *obj, site }
            }
            Kind::Loom(m) => Held::Loom(m.try_lock().ok()?),
        }))
    }
}

impl Drop for MutexGuard<'_> {
    #[inline]
    fn drop(&mut self) {
        if let Held::Seeded { obj, site } = self.0 {
            seeded::gate(&Op { obj, kind: OpKind::MutexUnlock, arg: 0, site });
        }
    }
}
