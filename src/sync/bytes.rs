// SPDX-License-Identifier: GPL-2.0-only
//! A plain byte array: races, accesses outside it, after its life, and of bytes never written are
//! all found.
//!
//! Native: plain memory, whole ranges at a time. Seeded: the same with a shadow of runs of bytes
//! that share a history. Loom: one cell a byte, so that neighbours do not race falsely.

use super::solo::{Owner, foreign};
use super::{Any, Lane, Name, Runtime, Site, report, seeded};
use crate::verify::{Property, Violation};
use std::cell::UnsafeCell;
use std::marker::PhantomData;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// Shared plain bytes of a fixed length.
#[derive(Debug)]
#[repr(C)]
pub struct RaceBytes<L: Lane = Any> {
    rt: Runtime,
    name: Name,
    len: usize,
    /// What an access has to end below: one more than the length, or 0 once it is freed, when any
    /// access is a finding.
    bound: AtomicUsize,
    /// Who may touch `data` without being checked.
    owner: Owner,
    /// The bytes, except in loom.
    data: UnsafeCell<Box<[u8]>>,
    checked: Checked,
    lane: PhantomData<L>,
}

/// As in [`super::AtomicUsize`], all that is checked is out of line.
#[derive(Debug)]
enum Checked {
    /// Natively.
    No,
    Seeded(seeded::RangeShadow),
    Loom {
        cells: Box<[loom::cell::UnsafeCell<u8>]>,
        written: Box<[AtomicBool]>,
    },
}

// SAFETY: as for `RaceCell`: one OS thread in the checking runtimes, the model's locking natively,
// only the owner in the solo runtime.
unsafe impl<L: Lane> Sync for RaceBytes<L> {}
// SAFETY: loom's cells are handed over before the threads start, and checked after.
unsafe impl<L: Lane> Send for RaceBytes<L> {}

/// Whether fresh bytes may be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fresh {
    /// `kmalloc`: reading before writing is a finding.
    Uninit,
    /// `kzalloc`, `vzalloc`.
    Zeroed,
}

impl RaceBytes {
    /// `len` bytes.
    #[must_use]
    pub fn new(rt: Runtime, name: Name, len: usize, fresh: Fresh) -> Self {
        let written = fresh == Fresh::Zeroed;
        let (in_loom, bound) = (rt == Runtime::Loom, AtomicUsize::new(len + 1));
        let checked = match rt {
            Runtime::Native | Runtime::Solo => Checked::No,
            Runtime::Seeded => Checked::Seeded(seeded::RangeShadow::new(name, len, written)),
            Runtime::Loom => Checked::Loom {
                cells: (0..len).map(|_| loom::cell::UnsafeCell::new(0)).collect(),
                written: (0..len).map(|_| AtomicBool::new(written)).collect(),
            },
        };
        let data = UnsafeCell::new(vec![0; if in_loom { 0 } else { len }].into_boxed_slice());
        Self { rt, name, len, bound, owner: Owner::new(rt), data, checked, lane: PhantomData }
    }
}

impl<L: Lane> RaceBytes<L> {
    /// How many bytes.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Copies `from` to `off..`.
    #[inline]
    pub fn write(&self, site: Site, off: usize, from: &[u8]) {
        self.check(site, off, from.len(), "write");
        if self.owner.lets::<L>() {
            // SAFETY: the range was checked; nobody else accesses it now (see the `Sync` impl).
            return unsafe { slice_mut(&self.data, off, from.len()) }.copy_from_slice(from);
        }
        self.write_checked(site, off, from);
    }

    /// Sets `n` bytes from `off` to `value`.
    #[inline]
    pub fn fill(&self, site: Site, off: usize, n: usize, value: u8) {
        self.check(site, off, n, "write");
        if self.owner.lets::<L>() {
            // SAFETY: the range was checked; nobody else accesses it now (see the `Sync` impl).
            return unsafe { slice_mut(&self.data, off, n) }.fill(value);
        }
        self.fill_checked(site, off, n, value);
    }

    /// Copies `off..` into `to`.
    #[inline]
    pub fn read(&self, site: Site, off: usize, to: &mut [u8]) {
        self.check(site, off, to.len(), "read");
        if self.owner.lets::<L>() {
            // SAFETY: the range was checked; nobody writes it now (see the `Sync` impl).
            return to.copy_from_slice(unsafe { slice(&self.data, off, to.len()) });
        }
        if let Some(at) = self.read_checked(site, off, to) {
            self.uninit(site, at);
        }
    }

    /// Appends `n` bytes from `off` on to `to`.
    #[inline(always)]
    pub fn append(&self, site: Site, off: usize, n: usize, to: &mut Vec<u8>) {
        if self.owner.lets::<L>() {
            self.check(site, off, n, "read");
            // SAFETY: the range was checked; nobody writes it now (see the `Sync` impl).
            return to.extend_from_slice(unsafe { slice(&self.data, off, n) });
        }
        self.append_checked(site, off, n, to);
    }

    #[cold]
    #[inline(never)]
    fn append_checked(&self, site: Site, off: usize, n: usize, to: &mut Vec<u8>) {
        let start = to.len();
        to.resize(start + n, 0);
        self.read(site, off, &mut to[start..]);
    }

    /// The first `n` bytes, seen from outside the model: no access, freed or not. Nothing where
    /// the runtime cannot do that.
    #[must_use]
    pub fn observe(&self, n: usize) -> Vec<u8> {
        match &self.checked {
            Checked::Seeded(_) => {
                // SAFETY: one OS thread, and the reference ends with the statement.
                unsafe { slice(&self.data, 0, n.min(self.len)) }.to_vec()
            }
            Checked::No | Checked::Loom { .. } => Vec::new(),
        }
    }

    /// One byte.
    #[inline(always)]
    pub fn get(&self, site: Site, at: usize) -> u8 {
        if self.owner.lets::<L>() {
            self.check(site, at, 1, "read");
            // SAFETY: the range was checked; nobody writes it now (see the `Sync` impl).
            return unsafe { slice(&self.data, at, 1) }[0];
        }
        let mut byte = [0];
        self.read(site, at, &mut byte);
        byte[0]
    }

    /// Sets one byte.
    #[inline(always)]
    pub fn set(&self, site: Site, at: usize, value: u8) {
        if self.owner.lets::<L>() {
            self.check(site, at, 1, "write");
            // SAFETY: the range was checked; nobody else accesses it now (see the `Sync` impl).
            let byte = unsafe { slice_mut(&self.data, at, 1) };
            byte[0] = value;
            return;
        }
        self.write(site, at, &[value]);
    }

    /// Lends `n` bytes from `off` to `f`: natively without a copy, elsewhere as they are now.
    #[inline]
    pub fn lend<R>(&self, site: Site, off: usize, n: usize, f: impl FnOnce(&[u8]) -> R) -> R {
        self.check(site, off, n, "read");
        if self.owner.lets::<L>() {
            // SAFETY: the range was checked; nobody writes it before `f` returns, because the
            // caller is its only consumer and producers append beyond it.
            return f(unsafe { slice(&self.data, off, n) });
        }
        let mut copy = Vec::new();
        self.append_checked(site, off, n, &mut copy);
        f(&copy)
    }

    /// `kfree`, or putting it on a free list: from here on any access is a finding. Freeing is
    /// itself a write.
    pub fn poison(&self, site: Site) {
        self.alive(site, "free");
        if let Checked::Seeded(shadow) = &self.checked {
            shadow.write(site, 0, self.len);
            shadow.freed_at(site);
        }
        self.bound.store(0, Ordering::Relaxed);
    }

    /// Taking it from a free list again: it may be used, and its bytes count as never written.
    pub fn revive(&self, site: Site) {
        self.bound.store(self.len + 1, Ordering::Relaxed);
        match &self.checked {
            Checked::No => {}
            Checked::Seeded(shadow) => shadow.revive(site),
            Checked::Loom { written, .. } => {
                written.iter().for_each(|w| w.store(false, Ordering::Relaxed));
            }
        }
    }

    /// A finding if it is freed: for the fields that live beside the bytes. In the lane of the solo runtime
    /// that is left to the bytes themselves.
    #[inline]
    pub fn alive(&self, site: Site, verb: &'static str) {
        if !L::SOLO && self.bound.load(Ordering::Relaxed) == 0 {
            self.use_after_free(site, verb);
        }
    }

    #[inline]
    fn check(&self, site: Site, off: usize, n: usize, verb: &'static str) {
        let bound = self.bound.load(Ordering::Relaxed);
        if off.checked_add(n).is_none_or(|end| end >= bound) {
            self.refuse(site, off, n, verb);
        }
    }

    #[cold]
    fn refuse(&self, site: Site, off: usize, n: usize, verb: &'static str) -> ! {
        if self.bound.load(Ordering::Relaxed) == 0 {
            self.use_after_free(site, verb);
        }
        self.outside(site, off, n, verb)
    }

    #[cold]
    fn use_after_free(&self, site: Site, verb: &'static str) -> ! {
        let freed = match &self.checked {
            Checked::Seeded(shadow) => shadow.freed(),
            _ => None,
        };
        let sentence = format!("{} is used after it was freed ({verb} at {site})", self.name);
        let violation = Violation::new(Property::C4, "use-after-free", sentence);
        let violation = match freed {
            Some(freed) => violation.between(freed, seeded::access(site, verb)),
            None => violation,
        };
        report(self.rt, violation)
    }

    #[cold]
    fn outside(&self, site: Site, off: usize, n: usize, verb: &'static str) -> ! {
        let sentence = format!(
            "{verb} of {n} bytes at offset {off} of {}, which has {} ({site})",
            self.name, self.len
        );
        report(self.rt, Violation::new(Property::C4, "out-of-bounds", sentence))
    }

    #[cold]
    fn uninit(&self, site: Site, at: usize) -> ! {
        let sentence = format!("byte {at} of {} is read before it is written ({site})", self.name);
        report(self.rt, Violation::new(Property::C4, "uninitialised", sentence))
    }
}

impl<L: Lane> RaceBytes<L> {
    #[cold]
    #[inline(never)]
    fn write_checked(&self, site: Site, off: usize, from: &[u8]) {
        match &self.checked {
            Checked::No => foreign(),
            Checked::Seeded(shadow) => {
                shadow.write(site, off, from.len());
                // SAFETY: one OS thread, and the reference ends with the statement.
                unsafe { slice_mut(&self.data, off, from.len()) }.copy_from_slice(from);
            }
            Checked::Loom { cells, written } => {
                for (i, &byte) in from.iter().enumerate() {
                    // SAFETY: loom checked the access before handing the pointer out.
                    cells[off + i].with_mut(|p| unsafe { *p = byte });
                    written[off + i].store(true, Ordering::Relaxed);
                }
            }
        }
    }

    #[cold]
    #[inline(never)]
    fn fill_checked(&self, site: Site, off: usize, n: usize, value: u8) {
        match &self.checked {
            Checked::No => foreign(),
            Checked::Seeded(shadow) => {
                shadow.write(site, off, n);
                // SAFETY: one OS thread, and the reference ends with the statement.
                unsafe { slice_mut(&self.data, off, n) }.fill(value);
            }
            Checked::Loom { .. } => {
                for i in 0..n {
                    self.write_checked(site, off + i, &[value]);
                }
            }
        }
    }

    /// Gives the first byte that was never written, if the runtime does not report it itself.
    #[cold]
    #[inline(never)]
    fn read_checked(&self, site: Site, off: usize, to: &mut [u8]) -> Option<usize> {
        match &self.checked {
            Checked::No => foreign(),
            Checked::Seeded(shadow) => {
                shadow.read(site, off, to.len());
                // SAFETY: one OS thread, and the reference ends with the statement.
                to.copy_from_slice(unsafe { slice(&self.data, off, to.len()) });
            }
            Checked::Loom { cells, written } => {
                for (i, byte) in to.iter_mut().enumerate() {
                    if !written[off + i].load(Ordering::Relaxed) {
                        return Some(off + i);
                    }
                    // SAFETY: loom checked the access before handing the pointer out.
                    *byte = cells[off + i].with(|p| unsafe { *p });
                }
            }
        }
        None
    }
}

/// # Safety
/// `off..off + n` lies inside, and nobody writes it while the reference lives.
#[inline]
unsafe fn slice(data: &UnsafeCell<Box<[u8]>>, off: usize, n: usize) -> &[u8] {
    // SAFETY: the caller's promise.
    unsafe { std::slice::from_raw_parts((*data.get()).as_ptr().add(off), n) }
}

/// # Safety
/// `off..off + n` lies inside, and nobody else accesses it while the reference lives.
#[inline]
#[allow(clippy::mut_from_ref, reason = "the exclusivity is the caller's promise, as in UnsafeCell")]
unsafe fn slice_mut(data: &UnsafeCell<Box<[u8]>>, off: usize, n: usize) -> &mut [u8] {
    // SAFETY: the caller's promise.
    unsafe { std::slice::from_raw_parts_mut((*data.get()).as_mut_ptr().add(off), n) }
}
