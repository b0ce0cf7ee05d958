// SPDX-License-Identifier: GPL-2.0-only
//! An append-only table: references into it stay good while it grows.
//!
//! The model's stand-in for pointers: a kernel pointer is an index, NULL is 0, and whether the
//! thing behind it is still alive is the thing's own business.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The first shelf's length; each further one doubles.
const FIRST: usize = 8;
const SHELVES: usize = 40;

/// A growing table of `T`. Growing and reading may race.
#[derive(Debug)]
pub struct Slab<T> {
    shelves: [OnceLock<Box<[OnceLock<T>]>>; SHELVES],
    len: AtomicUsize,
}

impl<T> Default for Slab<T> {
    fn default() -> Self {
        Self { shelves: [const { OnceLock::new() }; SHELVES], len: AtomicUsize::new(0) }
    }
}

impl<T> Slab<T> {
    /// Adds what `make` builds for the new entry's number; entries count from 1, so that 0 can be
    /// NULL.
    pub fn push(&self, make: impl FnOnce(usize) -> T) -> usize {
        let number = self.len.fetch_add(1, Ordering::Relaxed) + 1;
        let (shelf, slot) = place(number);
        let shelf = self.shelves[shelf]
            .get_or_init(|| (0..FIRST << shelf).map(|_| OnceLock::new()).collect());
        shelf[slot].get_or_init(|| make(number));
        number
    }

    /// The entry numbered `number`, or `None` for NULL and for numbers never given out.
    #[inline]
    #[must_use]
    pub fn get(&self, number: usize) -> Option<&T> {
        if number == 0 {
            return None;
        }
        if number <= FIRST {
            return self.shelves[0].get()?.get(number - 1)?.get();
        }
        let (shelf, slot) = place(number);
        self.shelves.get(shelf)?.get()?.get(slot)?.get()
    }
}

/// Which shelf and slot hold entry `number`.
#[inline]
const fn place(number: usize) -> (usize, usize) {
    let shifted = number - 1 + FIRST;
    let shelf = (shifted.ilog2() - FIRST.ilog2()) as usize;
    (shelf, shifted - (FIRST << shelf))
}
