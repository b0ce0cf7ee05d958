// SPDX-License-Identifier: GPL-2.0-only
//! Plain memory of one value, whose data races are found.

use super::{Name, Runtime, Site, seeded};
use std::cell::UnsafeCell;

/// A plain, unsynchronised variable. What may touch it is said where it is declared.
#[derive(Debug)]
pub struct RaceCell<T: Copy>(Kind<T>);

/// As in [`super::AtomicUsize`], all that is not native is out of line.
#[derive(Debug)]
enum Kind<T: Copy> {
    Native(UnsafeCell<T>),
    Checked(Checked<T>),
}

#[derive(Debug)]
enum Checked<T: Copy> {
    Seeded { value: UnsafeCell<T>, shadow: seeded::CellShadow },
    Loom(loom::cell::UnsafeCell<T>),
}

// SAFETY: seeded and loom run every thread of an execution as coroutines of one OS thread. In the
// native runtime the model's own locking orders every pair of conflicting accesses, which is what
// the other two runtimes check (see the module's parent).
unsafe impl<T: Copy + Send> Sync for RaceCell<T> {}

impl<T: Copy> RaceCell<T> {
    /// A variable holding `value`.
    #[must_use]
    pub fn new(rt: Runtime, name: Name, value: T) -> Self {
        Self(match rt {
            Runtime::Native => Kind::Native(UnsafeCell::new(value)),
            Runtime::Seeded => Kind::Checked(Checked::Seeded {
                value: UnsafeCell::new(value),
                shadow: seeded::CellShadow::new(name),
            }),
            Runtime::Loom => Kind::Checked(Checked::Loom(loom::cell::UnsafeCell::new(value))),
        })
    }

    /// Reads it; a conflicting write that is not ordered before is a C4 finding.
    #[inline]
    pub fn get(&self, site: Site) -> T {
        match &self.0 {
            // SAFETY: no write is concurrent (see the `Sync` impl); `T` is `Copy`.
            Kind::Native(v) => unsafe { *v.get() },
            Kind::Checked(v) => v.get(site),
        }
    }

    /// The value, seen from outside the model: no access. For reports of the checking runtimes.
    #[must_use]
    pub fn observe(&self) -> T {
        match &self.0 {
            // SAFETY: as in `get`; the caller is alone in the native runtime.
            Kind::Native(v) => unsafe { *v.get() },
            Kind::Checked(v) => v.observe(),
        }
    }

    /// Writes it; any access that is not ordered before is a C4 finding.
    #[inline]
    pub fn set(&self, site: Site, new: T) {
        match &self.0 {
            // SAFETY: no access is concurrent (see the `Sync` impl).
            Kind::Native(v) => unsafe { *v.get() = new },
            Kind::Checked(v) => v.set(site, new),
        }
    }
}

impl<T: Copy> Checked<T> {
    #[cold]
    #[inline(never)]
    fn get(&self, site: Site) -> T {
        match self {
            Self::Seeded { value, shadow } => {
                shadow.read(site);
                // SAFETY: one OS thread, and no reference to the value outlives this function.
                unsafe { *value.get() }
            }
            // SAFETY: loom checked the access before handing the pointer out.
            Self::Loom(v) => v.with(|p| unsafe { *p }),
        }
    }

    fn observe(&self) -> T {
        match self {
            // SAFETY: one OS thread, and no reference to the value outlives this function.
            Self::Seeded { value, .. } => unsafe { *value.get() },
            // SAFETY: loom checked the access before handing the pointer out.
            Self::Loom(v) => v.with(|p| unsafe { *p }),
        }
    }

    #[cold]
    #[inline(never)]
    fn set(&self, site: Site, new: T) {
        match self {
            Self::Seeded { value, shadow } => {
                shadow.write(site);
                // SAFETY: one OS thread, and no reference to the value outlives this function.
                unsafe { *value.get() = new };
            }
            // SAFETY: loom checked the access before handing the pointer out.
            Self::Loom(v) => v.with_mut(|p| unsafe { *p = new }),
        }
    }
}
