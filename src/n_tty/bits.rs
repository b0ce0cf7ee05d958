// SPDX-License-Identifier: GPL-2.0-only
//! The bit-fields of `struct n_tty_data`: `lnext`, `erasing`, `raw`, `real_raw`, `icanon`, `push`.
//!
//! They share one byte, and writing one of them is a load and a store of the byte, not an atomic
//! step. Worker (`lnext`, `erasing`) and reader (`push`) write them under the same read-held
//! `termios_rwsem`, so one can undo the other's write (museum W6).

use crate::machine::Variant;
use crate::sync::{Any, AtomicUsize, Lane, Name, Ordering, Runtime, Site};

/// One bit-field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bit {
    /// The next character is taken literally. The worker's.
    Lnext = 1,
    /// An `ECHOPRT` erasure is open. The worker's.
    Erasing = 1 << 1,
    /// Nothing needs a look at each character. Under `termios_rwsem` held for write.
    Raw = 1 << 2,
    /// Nor at its flag byte. Under `termios_rwsem` held for write.
    RealRaw = 1 << 3,
    /// Input is read in lines. Under `termios_rwsem` held for write.
    Icanon = 1 << 4,
    /// The line mark at the end is a change of mode, not a character. The reader's.
    Push = 1 << 5,
}

/// The byte they share.
#[derive(Debug)]
#[repr(C)]
pub struct Bits<L: Lane = Any> {
    byte: AtomicUsize<L>,
    /// Whether writing a field is one step.
    atomic: bool,
}

impl Bits {
    pub(super) fn new(variant: Variant, rt: Runtime, scope: &'static str, value: usize) -> Self {
        let byte = AtomicUsize::new(rt, Name::new(scope, "bits"), value);
        Self { byte, atomic: variant.is(Variant::AtomicBits) }
    }
}

impl<L: Lane> Bits<L> {
    /// Reads one field.
    #[inline]
    pub fn test(&self, site: Site, bit: Bit) -> bool {
        self.load(site) & bit as usize != 0
    }

    /// Reads one field from outside the model.
    pub(super) fn observe(&self, bit: Bit) -> bool {
        self.byte.observe() & bit as usize != 0
    }

    /// Reads the byte.
    #[inline]
    pub(super) fn load(&self, site: Site) -> usize {
        self.byte.load(site, Ordering::Relaxed)
    }

    /// Writes them all: nobody else is there yet.
    pub(super) fn assign_all(&self, site: Site, value: usize) {
        self.byte.store(site, value, Ordering::Relaxed);
    }

    /// Writes one field: loads the byte at the first site, stores it at the second.
    #[inline]
    pub(super) fn assign(&self, [load, store]: [Site; 2], bit: Bit, on: bool) {
        // Museum W6, cured: one step.
        if self.atomic {
            if on {
                self.byte.fetch_or(store, bit as usize, Ordering::Relaxed);
            } else {
                self.byte.fetch_and(store, !(bit as usize), Ordering::Relaxed);
            }
            return;
        }
        let byte = self.byte.load(load, Ordering::Relaxed);
        let byte = if on { byte | bit as usize } else { byte & !(bit as usize) };
        self.byte.store(store, byte, Ordering::Relaxed);
    }
}
