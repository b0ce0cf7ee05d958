// SPDX-License-Identifier: GPL-2.0-only
//! Plain memory of one value, whose data races are found.

use super::solo::{Owner, foreign};
use super::{Any, Lane, Name, Runtime, Site, seeded};
use std::cell::UnsafeCell;
use std::marker::PhantomData;

/// A plain, unsynchronised variable. What may touch it is said where it is declared.
#[derive(Debug)]
#[repr(C)]
pub struct RaceCell<T: Copy, L: Lane = Any> {
    /// Who may touch `value` without being checked.
    owner: Owner,
    /// The value, except in loom.
    value: UnsafeCell<T>,
    checked: Checked<T>,
    lane: PhantomData<L>,
}

/// As in [`super::AtomicUsize`], all that is checked is out of line.
#[derive(Debug)]
enum Checked<T: Copy> {
    /// Natively.
    No,
    Seeded(seeded::CellShadow),
    Loom(loom::cell::UnsafeCell<T>),
}

// SAFETY: seeded and loom run every thread of an execution as coroutines of one OS thread. In the
// native runtime the model's own locking orders every pair of conflicting accesses, which is what
// the checking runtimes check (see the module's parent). In the solo runtime only the owner gets as
// far as an access.
unsafe impl<T: Copy + Send, L: Lane> Sync for RaceCell<T, L> {}

impl<T: Copy> RaceCell<T> {
    /// A variable holding `value`.
    #[must_use]
    pub fn new(rt: Runtime, name: Name, value: T) -> Self {
        let checked = match rt {
            Runtime::Native | Runtime::Solo => Checked::No,
            Runtime::Seeded => Checked::Seeded(seeded::CellShadow::new(name)),
            Runtime::Loom => Checked::Loom(loom::cell::UnsafeCell::new(value)),
        };
        Self { owner: Owner::new(rt), value: UnsafeCell::new(value), checked, lane: PhantomData }
    }
}

impl<T: Copy, L: Lane> RaceCell<T, L> {
    /// Reads it; a conflicting write that is not ordered before is a C4 finding.
    #[inline]
    pub fn get(&self, site: Site) -> T {
        if self.owner.lets::<L>() {
            // SAFETY: no write is concurrent (see the `Sync` impl); `T` is `Copy`.
            return unsafe { *self.value.get() };
        }
        self.get_checked(site)
    }

    /// The value, seen from outside the model: no access. For reports of the checking runtimes.
    #[must_use]
    pub fn observe(&self) -> T {
        match &self.checked {
            Checked::No if !self.owner.lets::<L>() => foreign(),
            // SAFETY: one OS thread, or the owner, or a caller who is alone in the native runtime; and
            // no reference to the value outlives this function.
            Checked::No | Checked::Seeded(_) => unsafe { *self.value.get() },
            // SAFETY: loom checked the access before handing the pointer out.
            Checked::Loom(v) => v.with(|p| unsafe { *p }),
        }
    }

    /// Writes it; any access that is not ordered before is a C4 finding.
    #[inline]
    pub fn set(&self, site: Site, new: T) {
        if self.owner.lets::<L>() {
            // SAFETY: no access is concurrent (see the `Sync` impl).
            unsafe { *self.value.get() = new };
            return;
        }
        self.set_checked(site, new);
    }

    #[cold]
    #[inline(never)]
    fn get_checked(&self, site: Site) -> T {
        match &self.checked {
            Checked::No => foreign(),
            Checked::Seeded(shadow) => {
                shadow.read(site);
                // SAFETY: one OS thread, and no reference to the value outlives this function.
                unsafe { *self.value.get() }
            }
            // SAFETY: loom checked the access before handing the pointer out.
            Checked::Loom(v) => v.with(|p| unsafe { *p }),
        }
    }

    #[cold]
    #[inline(never)]
    fn set_checked(&self, site: Site, new: T) {
        match &self.checked {
            Checked::No => foreign(),
            Checked::Seeded(shadow) => {
                shadow.write(site);
                // SAFETY: one OS thread, and no reference to the value outlives this function.
                unsafe { *self.value.get() = new };
            }
            // SAFETY: loom checked the access before handing the pointer out.
            Checked::Loom(v) => v.with_mut(|p| unsafe { *p = new }),
        }
    }
}
