// SPDX-License-Identifier: GPL-2.0-only
//! Mutexes and spinlocks: in userspace the same thing, a lock with one owner.
//!
//! One difference shows: on x86 `spin_unlock` is a plain store, and `mutex_unlock` a locked
//! instruction. So under `tso` a spinlock's release waits in the store buffer.
//!
//! The lock protects nothing by type: as in the kernel, what it protects is said by the fields'
//! comments and checked by the race detector.

use super::cold::OutOfLine;
use super::{Name, Runtime, Site, seeded};
use crate::sched::{Op, OpKind};

/// A mutual-exclusion lock.
#[derive(Debug)]
pub struct Mutex(Kind);

/// As in [`super::AtomicUsize`], all that is not native is out of line.
#[derive(Debug)]
enum Kind {
    Native(parking_lot::Mutex<()>),
    Checked(Checked),
}

#[derive(Debug)]
enum Checked {
    Seeded { obj: u32, spin: bool },
    Loom(loom::sync::Mutex<()>),
}

/// Proof that the lock is held; dropping it is `mutex_unlock`.
#[must_use]
#[derive(Debug)]
pub struct MutexGuard<'a>(#[allow(dead_code, reason = "held for its drop")] Held<'a>);

#[derive(Debug)]
#[allow(dead_code, reason = "held for their drop")]
enum Held<'a> {
    Native(parking_lot::MutexGuard<'a, ()>),
    Checked(OutOfLine<CheckedHeld<'a>>),
}

#[derive(Debug)]
enum CheckedHeld<'a> {
    Seeded { obj: u32, spin: bool, site: Site },
    Loom(#[allow(dead_code, reason = "held for its drop")] loom::sync::MutexGuard<'a, ()>),
}

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
            Runtime::Native => Kind::Native(parking_lot::Mutex::new(())),
            Runtime::Seeded => {
                Kind::Checked(Checked::Seeded { obj: seeded::new_object(name, 0), spin })
            }
            Runtime::Loom => Kind::Checked(Checked::Loom(loom::sync::Mutex::new(()))),
        })
    }

    /// `mutex_lock`: ACQUIRE, pairs with the RELEASE of the guard's drop.
    #[inline]
    pub fn lock(&self, site: Site) -> MutexGuard<'_> {
        MutexGuard(match &self.0 {
            Kind::Native(m) => Held::Native(m.lock()),
            Kind::Checked(m) => Held::Checked(m.lock(site)),
        })
    }

    /// `mutex_trylock`. Loom never explores a failure (its own limit).
    #[inline]
    pub fn try_lock(&self, site: Site) -> Option<MutexGuard<'_>> {
        Some(MutexGuard(match &self.0 {
            Kind::Native(m) => Held::Native(m.try_lock()?),
            Kind::Checked(m) => Held::Checked(m.try_lock(site)?),
        }))
    }
}

impl Checked {
    #[cold]
    #[inline(never)]
    fn lock(&self, site: Site) -> OutOfLine<CheckedHeld<'_>> {
        OutOfLine::new(match self {
            Self::Seeded { obj, spin } => {
                seeded::gate(&Op { obj: *obj, kind: OpKind::MutexLock, arg: 0, site });
                CheckedHeld::Seeded { obj: *obj, spin: *spin, site }
            }
            // A poisoned loom mutex means that loom is already unwinding.
            Self::Loom(m) => {
                CheckedHeld::Loom(m.lock().unwrap_or_else(std::sync::PoisonError::into_inner))
            }
        })
    }

    #[cold]
    #[inline(never)]
    fn try_lock(&self, site: Site) -> Option<OutOfLine<CheckedHeld<'_>>> {
        Some(OutOfLine::new(match self {
            Self::Seeded { obj, spin } => {
                let op = Op { obj: *obj, kind: OpKind::MutexTryLock, arg: 0, site };
                if !seeded::gate(&op) {
                    return None;
                }
                CheckedHeld::Seeded { obj: *obj, spin: *spin, site }
            }
            Self::Loom(m) => CheckedHeld::Loom(m.try_lock().ok()?),
        }))
    }
}

impl Drop for CheckedHeld<'_> {
    fn drop(&mut self) {
        if let CheckedHeld::Seeded { obj, spin, site } = *self {
            seeded::gate(&Op { obj, kind: OpKind::MutexUnlock, arg: u32::from(spin), site });
        }
    }
}
