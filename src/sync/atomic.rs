// SPDX-License-Identifier: GPL-2.0-only
//! Word-sized atomics with explicit orderings, and fences.

use super::mutation;
use super::{Any, Lane, Name, Ordering, Runtime, Site, seeded};
use crate::sched::{Op, OpKind};
use std::marker::PhantomData;

/// An atomic word. Kernel `atomic_t`, flag words, published indices and buffer links are all this.
#[derive(Debug)]
#[repr(C)]
pub struct AtomicUsize<L: Lane = Any> {
    /// The value, natively.
    word: std::sync::atomic::AtomicUsize,
    kind: Kind,
    lane: PhantomData<L>,
}

/// Native operations are a test and an instruction in line; all else is out of line, so that the
/// native paths stay short.
#[derive(Debug)]
enum Kind {
    /// One thread's: no instruction has to be locked.
    Solo,
    Native,
    Checked(Checked),
}

#[derive(Debug)]
enum Checked {
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

/// A read-modify-write that always writes.
#[derive(Clone, Copy)]
enum Rmw {
    Swap,
    Add,
    Sub,
    Or,
    And,
}

impl Rmw {
    const fn apply(self, old: usize, value: usize) -> usize {
        match self {
            Self::Swap => value,
            Self::Add => old.wrapping_add(value),
            Self::Sub => old.wrapping_sub(value),
            Self::Or => old | value,
            Self::And => old & value,
        }
    }
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

    fn rmw(&self, rmw: Rmw, value: usize, order: Ordering) -> usize {
        let old = match rmw {
            Rmw::Swap => self.tracked.swap(value, order),
            Rmw::Add => self.tracked.fetch_add(value, order),
            Rmw::Sub => self.tracked.fetch_sub(value, order),
            Rmw::Or => self.tracked.fetch_or(value, order),
            Rmw::And => self.tracked.fetch_and(value, order),
        };
        self.copy.store(rmw.apply(old, value), Ordering::Relaxed);
        old
    }

    fn compare_exchange(
        &self,
        [expected, new]: [usize; 2],
        order: Ordering,
    ) -> Result<usize, usize> {
        let result = self.tracked.compare_exchange(expected, new, order, Ordering::Relaxed);
        if result.is_ok() {
            self.copy.store(new, Ordering::Relaxed);
        }
        result
    }
}

impl AtomicUsize {
    /// A word holding `value`.
    #[must_use]
    pub fn new(rt: Runtime, name: Name, value: usize) -> Self {
        let kind = match rt {
            Runtime::Native => Kind::Native,
            Runtime::Solo => Kind::Solo,
            Runtime::Seeded => Kind::Checked(Checked::Seeded(seeded::new_object(name, value))),
            Runtime::Loom => Kind::Checked(Checked::Loom(Mirrored::new(value))),
        };
        Self { word: std::sync::atomic::AtomicUsize::new(value), kind, lane: PhantomData }
    }
}

impl<L: Lane> AtomicUsize<L> {
    /// Loads with `order`.
    #[inline]
    pub fn load(&self, site: Site, order: Ordering) -> usize {
        match &self.kind {
            Kind::Checked(c) if !L::SOLO => c.load(site, order),
            _ => self.word.load(order),
        }
    }

    /// Stores `value` with `order`.
    #[inline]
    pub fn store(&self, site: Site, value: usize, order: Ordering) {
        match &self.kind {
            Kind::Native if !L::SOLO => self.word.store(value, order),
            Kind::Checked(c) if !L::SOLO => c.store(site, value, order),
            // A store that is a full barrier would be a locked instruction.
            _ => self.word.store(value, Ordering::Relaxed),
        }
    }

    /// Replaces the value, returning the old one.
    #[inline]
    pub fn swap(&self, site: Site, value: usize, order: Ordering) -> usize {
        self.rmw(site, Rmw::Swap, value, order)
    }

    /// Adds (wrapping), returning the old value.
    #[inline]
    pub fn fetch_add(&self, site: Site, value: usize, order: Ordering) -> usize {
        self.rmw(site, Rmw::Add, value, order)
    }

    /// Subtracts (wrapping), returning the old value.
    #[inline]
    pub fn fetch_sub(&self, site: Site, value: usize, order: Ordering) -> usize {
        self.rmw(site, Rmw::Sub, value, order)
    }

    /// Sets bits (`set_bit`), returning the old value.
    #[inline]
    pub fn fetch_or(&self, site: Site, bits: usize, order: Ordering) -> usize {
        self.rmw(site, Rmw::Or, bits, order)
    }

    /// Keeps only `bits` (`clear_bit` of the others), returning the old value.
    #[inline]
    pub fn fetch_and(&self, site: Site, bits: usize, order: Ordering) -> usize {
        self.rmw(site, Rmw::And, bits, order)
    }

    #[inline(always)]
    fn rmw(&self, site: Site, rmw: Rmw, value: usize, order: Ordering) -> usize {
        match &self.kind {
            Kind::Native if !L::SOLO => native_rmw(&self.word, rmw, value, order),
            Kind::Checked(c) if !L::SOLO => c.rmw(site, rmw, value, order),
            _ => solo_rmw(&self.word, rmw, value),
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
        match &self.kind {
            Kind::Native if !L::SOLO => {
                self.word.compare_exchange(expected, new, order, Ordering::Relaxed)
            }
            Kind::Checked(c) if !L::SOLO => c.compare_exchange(site, [expected, new], order),
            _ => solo_compare_exchange(&self.word, expected, new),
        }
    }

    /// The value as the current thread has it, from outside the model: no step, no ordering. For
    /// ghost state and reports.
    #[must_use]
    #[inline]
    pub fn observe(&self) -> usize {
        match &self.kind {
            Kind::Checked(c) if !L::SOLO => c.observe(),
            _ => self.word.load(Ordering::Relaxed),
        }
    }
}

#[inline]
fn solo_rmw(word: &std::sync::atomic::AtomicUsize, rmw: Rmw, value: usize) -> usize {
    let old = word.load(Ordering::Relaxed);
    word.store(rmw.apply(old, value), Ordering::Relaxed);
    old
}

#[inline]
fn native_rmw(
    word: &std::sync::atomic::AtomicUsize,
    rmw: Rmw,
    value: usize,
    order: Ordering,
) -> usize {
    match rmw {
        Rmw::Swap => word.swap(value, order),
        Rmw::Add => word.fetch_add(value, order),
        Rmw::Sub => word.fetch_sub(value, order),
        Rmw::Or => word.fetch_or(value, order),
        Rmw::And => word.fetch_and(value, order),
    }
}

#[inline]
fn solo_compare_exchange(
    word: &std::sync::atomic::AtomicUsize,
    expected: usize,
    new: usize,
) -> Result<usize, usize> {
    let old = word.load(Ordering::Relaxed);
    if old != expected {
        return Err(old);
    }
    word.store(new, Ordering::Relaxed);
    Ok(old)
}

impl Checked {
    #[cold]
    #[inline(never)]
    fn load(&self, site: Site, order: Ordering) -> usize {
        match self {
            Self::Seeded(obj) => seeded::load(*obj, site, order),
            Self::Loom(a) => a.tracked.load(mutation::order(site, order)),
        }
    }

    #[cold]
    #[inline(never)]
    fn store(&self, site: Site, value: usize, order: Ordering) {
        match self {
            Self::Seeded(obj) => seeded::store(*obj, site, value, order),
            Self::Loom(a) => a.store(value, mutation::order(site, order)),
        }
    }

    #[cold]
    #[inline(never)]
    fn rmw(&self, site: Site, rmw: Rmw, value: usize, order: Ordering) -> usize {
        match self {
            Self::Seeded(obj) => seeded::rmw(*obj, site, order, |old| rmw.apply(old, value)),
            Self::Loom(a) => a.rmw(rmw, value, mutation::order(site, order)),
        }
    }

    #[cold]
    #[inline(never)]
    fn compare_exchange(
        &self,
        site: Site,
        [expected, new]: [usize; 2],
        order: Ordering,
    ) -> Result<usize, usize> {
        match self {
            Self::Seeded(obj) => seeded::compare_exchange(*obj, site, expected, new, order),
            Self::Loom(a) => a.compare_exchange([expected, new], mutation::order(site, order)),
        }
    }

    #[cold]
    #[inline(never)]
    fn observe(&self) -> usize {
        match self {
            Self::Seeded(obj) => seeded::observe(*obj),
            Self::Loom(a) => a.copy.load(Ordering::Relaxed),
        }
    }
}

/// A memory barrier: `smp_mb()` is `SeqCst`, `smp_rmb()` `Acquire`, `smp_wmb()` `Release`.
#[inline]
pub fn fence(rt: Runtime, site: Site, order: Ordering) {
    match rt {
        Runtime::Native => std::sync::atomic::fence(order),
        Runtime::Solo => std::sync::atomic::compiler_fence(order),
        Runtime::Seeded | Runtime::Loom => checked_fence(rt, site, order),
    }
}

#[cold]
#[inline(never)]
fn checked_fence(rt: Runtime, site: Site, order: Ordering) {
    match rt {
        Runtime::Loom if mutation::drops(site) => {}
        Runtime::Loom => loom::sync::atomic::fence(order),
        Runtime::Seeded | Runtime::Native | Runtime::Solo => {
            let full = u32::from(order == Ordering::SeqCst);
            seeded::fence(&Op { obj: 0, kind: OpKind::Fence, arg: full, site }, order);
        }
    }
}
