// SPDX-License-Identifier: GPL-2.0-only
//! A plain byte array: races, accesses outside it, after its life, and of bytes never written are
//! all found.
//!
//! Native: plain memory, whole ranges at a time. Seeded: the same with a shadow of runs of bytes
//! that share a history. Loom: one cell a byte, so that neighbours do not race falsely.

use super::{Name, Runtime, Site, report, seeded};
use crate::verify::{Property, Violation};
use std::cell::UnsafeCell;
use std::sync::atomic::{AtomicBool, Ordering};

/// Shared plain bytes of a fixed length.
#[derive(Debug)]
pub struct RaceBytes {
    rt: Runtime,
    name: Name,
    len: usize,
    /// Freed: any further access is a finding.
    poisoned: AtomicBool,
    store: Store,
}

/// As in [`super::AtomicUsize`], all that is not native is out of line.
#[derive(Debug)]
enum Store {
    Native(UnsafeCell<Box<[u8]>>),
    Checked(Checked),
}

#[derive(Debug)]
enum Checked {
    Seeded { data: UnsafeCell<Box<[u8]>>, shadow: seeded::RangeShadow },
    Loom { cells: Box<[loom::cell::UnsafeCell<u8>]>, written: Box<[AtomicBool]> },
}

// SAFETY: as for `RaceCell`: one OS thread in the checking runtimes, the model's locking natively.
unsafe impl Sync for RaceBytes {}
// SAFETY: loom's cells are handed over before the threads start, and checked after.
unsafe impl Send for RaceBytes {}

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
        let zeros = || vec![0; len].into_boxed_slice();
        let store = match rt {
            Runtime::Native => Store::Native(UnsafeCell::new(zeros())),
            Runtime::Seeded => Store::Checked(Checked::Seeded {
                data: UnsafeCell::new(zeros()),
                shadow: seeded::RangeShadow::new(name, len, written),
            }),
            Runtime::Loom => Store::Checked(Checked::Loom {
                cells: (0..len).map(|_| loom::cell::UnsafeCell::new(0)).collect(),
                written: (0..len).map(|_| AtomicBool::new(written)).collect(),
            }),
        };
        Self { rt, name, len, poisoned: AtomicBool::new(false), store }
    }

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
        match &self.store {
            Store::Native(data) => {
                // SAFETY: the range was checked; nobody else accesses it now (see `Sync`).
                unsafe { slice_mut(data, off, from.len()) }.copy_from_slice(from);
            }
            Store::Checked(checked) => checked.write(site, off, from),
        }
    }

    /// Sets `n` bytes from `off` to `value`.
    #[inline]
    pub fn fill(&self, site: Site, off: usize, n: usize, value: u8) {
        self.check(site, off, n, "write");
        match &self.store {
            // SAFETY: the range was checked; nobody else accesses it now (see the `Sync` impl).
            Store::Native(data) => unsafe { slice_mut(data, off, n) }.fill(value),
            Store::Checked(checked) => checked.fill(site, off, n, value),
        }
    }

    /// Copies `off..` into `to`.
    #[inline]
    pub fn read(&self, site: Site, off: usize, to: &mut [u8]) {
        self.check(site, off, to.len(), "read");
        match &self.store {
            // SAFETY: the range was checked; nobody writes it now (see the `Sync` impl).
            Store::Native(data) => to.copy_from_slice(unsafe { slice(data, off, to.len()) }),
            Store::Checked(checked) => {
                if let Some(at) = checked.read(site, off, to) {
                    self.uninit(site, at);
                }
            }
        }
    }

    /// Appends `n` bytes from `off` on to `to`.
    #[inline]
    pub fn append(&self, site: Site, off: usize, n: usize, to: &mut Vec<u8>) {
        if let Store::Native(data) = &self.store {
            self.check(site, off, n, "read");
            // SAFETY: the range was checked; nobody writes it now (see the `Sync` impl).
            return to.extend_from_slice(unsafe { slice(data, off, n) });
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
        match &self.store {
            Store::Checked(Checked::Seeded { data, .. }) => {
                // SAFETY: one OS thread, and the reference ends with the statement.
                unsafe { slice(data, 0, n.min(self.len)) }.to_vec()
            }
            Store::Native(_) | Store::Checked(Checked::Loom { .. }) => Vec::new(),
        }
    }

    /// One byte.
    #[inline]
    pub fn get(&self, site: Site, at: usize) -> u8 {
        let mut byte = [0];
        self.read(site, at, &mut byte);
        byte[0]
    }

    /// Sets one byte.
    #[inline]
    pub fn set(&self, site: Site, at: usize, value: u8) {
        self.write(site, at, &[value]);
    }

    /// Lends `n` bytes from `off` to `f`: natively without a copy, elsewhere as they are now.
    #[inline]
    pub fn lend<R>(&self, site: Site, off: usize, n: usize, f: impl FnOnce(&[u8]) -> R) -> R {
        self.check(site, off, n, "read");
        if let Store::Native(data) = &self.store {
            // SAFETY: the range was checked; nobody writes it before `f` returns, because the
            // caller is its only consumer and producers append beyond it.
            return f(unsafe { slice(data, off, n) });
        }
        let mut copy = Vec::new();
        self.append_checked(site, off, n, &mut copy);
        f(&copy)
    }

    /// `kfree`, or putting it on a free list: from here on any access is a finding. Freeing is
    /// itself a write.
    pub fn poison(&self, site: Site) {
        self.alive(site, "free");
        if let Store::Checked(Checked::Seeded { shadow, .. }) = &self.store {
            shadow.write(site, 0, self.len);
            shadow.freed_at(site);
        }
        self.poisoned.store(true, Ordering::Relaxed);
    }

    /// Taking it from a free list again: it may be used, and its bytes count as never written.
    pub fn revive(&self, site: Site) {
        self.poisoned.store(false, Ordering::Relaxed);
        match &self.store {
            Store::Native(_) => {}
            Store::Checked(Checked::Seeded { shadow, .. }) => shadow.revive(site),
            Store::Checked(Checked::Loom { written, .. }) => {
                written.iter().for_each(|w| w.store(false, Ordering::Relaxed));
            }
        }
    }

    /// A finding if it is freed: for the fields that live beside the bytes.
    #[inline]
    pub fn alive(&self, site: Site, verb: &'static str) {
        if self.poisoned.load(Ordering::Relaxed) {
            self.use_after_free(site, verb);
        }
    }

    #[inline]
    fn check(&self, site: Site, off: usize, n: usize, verb: &'static str) {
        self.alive(site, verb);
        if off.checked_add(n).is_none_or(|end| end > self.len) {
            self.outside(site, off, n, verb);
        }
    }

    #[cold]
    fn use_after_free(&self, site: Site, verb: &'static str) -> ! {
        let freed = match &self.store {
            Store::Checked(Checked::Seeded { shadow, .. }) => shadow.freed(),
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

impl Checked {
    #[cold]
    #[inline(never)]
    fn write(&self, site: Site, off: usize, from: &[u8]) {
        match self {
            Self::Seeded { data, shadow } => {
                shadow.write(site, off, from.len());
                // SAFETY: one OS thread, and the reference ends with the statement.
                unsafe { slice_mut(data, off, from.len()) }.copy_from_slice(from);
            }
            Self::Loom { cells, written } => {
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
    fn fill(&self, site: Site, off: usize, n: usize, value: u8) {
        match self {
            Self::Seeded { data, shadow } => {
                shadow.write(site, off, n);
                // SAFETY: one OS thread, and the reference ends with the statement.
                unsafe { slice_mut(data, off, n) }.fill(value);
            }
            Self::Loom { .. } => {
                for i in 0..n {
                    self.write(site, off + i, &[value]);
                }
            }
        }
    }

    /// Gives the first byte that was never written, if the runtime does not report it itself.
    #[cold]
    #[inline(never)]
    fn read(&self, site: Site, off: usize, to: &mut [u8]) -> Option<usize> {
        match self {
            Self::Seeded { data, shadow } => {
                shadow.read(site, off, to.len());
                // SAFETY: one OS thread, and the reference ends with the statement.
                to.copy_from_slice(unsafe { slice(data, off, to.len()) });
            }
            Self::Loom { cells, written } => {
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
