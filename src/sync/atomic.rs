// SPDX-License-Identifier: GPL-2.0-only
//! Word-sized atomics with explicit orderings, and fences.

use super::mutation;
use super::{Name, Ordering, Runtime, Site, seeded};
use crate::sched::{Op, OpKind};

/// An atomic word. Kernel `atomic_t`, flag words, published indices and buffer links are all this.
#[derive(Debug)]
pub struct AtomicUsize(Kind);

#[derive(Debug)]
enum Kind {
    Native(std::sync::atomic::AtomicUsize),
    Seeded(u32),
    Loom(Mirrored),
}

/// A loom atomic and an untracked copy of its newest value, for [`AtomicUsize::observe`]. Loom
/// switches threads only before an operation, so the copy is written together with it.
#[derive(Debug)]
struct Mirrored {
    tracked: loom::sync::atomic::AtomicUsize,
    copy: std::sync::atomic::AtomicUsize,
}

impl Mirrored {
    fn new(value: usize) -> Self {
        Self {
            tracked: loom::sync::atomic::AtomicUsize::new(value),
            copy: std::sync::atomic::AtomicUsize::new(value),
        }
    }

    fn store(&self, value: usize, order: Ordering) {
        self.tracked.store(value, order);
        self.copy.store(value, Ordering::Relaxed);
    }

    fn rmw(
        &self,
        op: impl FnOnce(&loom::sync::atomic::AtomicUsize) -> usize,
        new: impl FnOnce(usize) -> usize,
    ) -> usize {
        let old = op(&self.tracked);
        self.copy.store(new(old), Ordering::Relaxed);
        old
    }
}

impl AtomicUsize {
    /// A word holding `value`.
    #[must_use]
    pub fn new(rt: Runtime, name: Name, value: usize) -> Self {
        Self(match rt {
            Runtime::Native => Kind::Native(std::sync::atomic::AtomicUsize::new(value)),
            Runtime::Seeded => Kind::Seeded(seeded::new_object(name, value)),
            Runtime::Loom => Kind::Loom(Mirrored::new(value)),
        })
    }

    /// Loads with `order`.
    #[inline]
    pub fn load(&self, site: Site, order: Ordering) -> usize {
        match &self.0 {
            Kind::Native(a) => a.load(order),
            Kind::Seeded(obj) => seeded::load(*obj, site, order),
            Kind::Loom(a) => a.tracked.load(mutation::order(site, order)),
        }
    }

    /// Stores `value` with `order`.
    #[inline]
    pub fn store(&self, site: Site, value: usize, order: Ordering) {
        match &self.0 {
            Kind::Native(a) => a.store(value, order),
            Kind::Seeded(obj) => seeded::store(*obj, site, value, order),
            Kind::Loom(a) => a.store(value, mutation::order(site, order)),
        }
    }

    /// Replaces the value, returning the old one.
    #[inline]
    pub fn swap(&self, site: Site, value: usize, order: Ordering) -> usize {
        match &self.0 {
            Kind::Native(a) => a.swap(value, order),
            Kind::Seeded(obj) => seeded::rmw(*obj, site, order, |_| value),
            Kind::Loom(a) => a.rmw(|t| t.swap(value, mutation::order(site, order)), |_| value),
        }
    }

    /// Adds (wrapping), returning the old value.
    #[inline]
    pub fn fetch_add(&self, site: Site, value: usize, order: Ordering) -> usize {
        match &self.0 {
            Kind::Native(a) => a.fetch_add(value, order),
            Kind::Seeded(obj) => seeded::rmw(*obj, site, order, |old| old.wrapping_add(value)),
            Kind::Loom(a) => a.rmw(
                |t| t.fetch_add(value, mutation::order(site, order)),
                |old| old.wrapping_add(value),
            ),
        }
    }

    /// Subtracts (wrapping), returning the old value.
    #[inline]
    pub fn fetch_sub(&self, site: Site, value: usize, order: Ordering) -> usize {
        match &self.0 {
            Kind::Native(a) => a.fetch_sub(value, order),
            Kind::Seeded(obj) => seeded::rmw(*obj, site, order, |old| old.wrapping_sub(value)),
            Kind::Loom(a) => a.rmw(
                |t| t.fetch_sub(value, mutation::order(site, order)),
                |old| old.wrapping_sub(value),
            ),
        }
    }

    /// Sets bits (`set_bit`), returning the old value.
    #[inline]
    pub fn fetch_or(&self, site: Site, bits: usize, order: Ordering) -> usize {
        match &self.0 {
            Kind::Native(a) => a.fetch_or(bits, order),
            Kind::Seeded(obj) => seeded::rmw(*obj, site, order, |old| old | bits),
            Kind::Loom(a) => {
                a.rmw(|t| t.fetch_or(bits, mutation::order(site, order)), |old| old | bits)
            }
        }
    }

    /// Keeps only `bits` (`clear_bit` of the others), returning the old value.
    #[inline]
    pub fn fetch_and(&self, site: Site, bits: usize, order: Ordering) -> usize {
        match &self.0 {
            Kind::Native(a) => a.fetch_and(bits, order),
            Kind::Seeded(obj) => seeded::rmw(*obj, site, order, |old| old & bits),
            Kind::Loom(a) => {
                a.rmw(|t| t.fetch_and(bits, mutation::order(site, order)), |old| old & bits)
            }
        }
    }

    /// Stores `new` if the value is `expected` (`cmpxchg`); `Err` holds the value found instead.
    /// A failure orders nothing.
    ///
    /// # Errors
    /// The value was another one.
    #[inline]
    pub fn compare_exchange(
        &self,
        site: Site,
        expected: usize,
        new: usize,
        order: Ordering,
    ) -> Result<usize, usize> {
        match &self.0 {
            Kind::Native(a) => a.compare_exchange(expected, new, order, Ordering::Relaxed),
            Kind::Seeded(obj) => seeded::compare_exchange(*obj, site, expected, new, order),
            Kind::Loom(a) => {
                let order = mutation::order(site, order);
                let result = a.tracked.compare_exchange(expected, new, order, Ordering::Relaxed);
                if result.is_ok() {
                    a.copy.store(new, Ordering::Relaxed);
                }
                result
            }
        }
    }

    /// The value as the current thread has it, from outside the model: no step, no ordering. For
    /// ghost state and reports.
    #[must_use]
    pub fn observe(&self) -> usize {
        match &self.0 {
            Kind::Native(a) => a.load(Ordering::Relaxed),
            Kind::Seeded(obj) => seeded::observe(*obj),
            Kind::Loom(a) => a.copy.load(Ordering::Relaxed),
        }
    }
}

/// A memory barrier: `smp_mb()` is `SeqCst`, `smp_rmb()` `Acquire`, `smp_wmb()` `Release`.
#[inline]
pub fn fence(rt: Runtime, site: Site, order: Ordering) {
    match rt {
        Runtime::Native => std::sync::atomic::fence(order),
        Runtime::Seeded => {
            let full = u32::from(order == Ordering::SeqCst);
            seeded::fence(&Op { obj: 0, kind: OpKind::Fence, arg: full, site }, order);
        }
        Runtime::Loom if mutation::drops(site) => {}
        Runtime::Loom => loom::sync::atomic::fence(order),
    }
}
