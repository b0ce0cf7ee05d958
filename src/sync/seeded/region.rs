// SPDX-License-Identifier: GPL-2.0-only
//! Where a program that is put back keeps what it allocates; see [`super::program`].
//!
//! All that the program allocates between two of its steps lies in one piece of memory, a *region*, from
//! its start on and without gaps; so to put it back is to copy it. Whoever wants that makes
//! [`ProgramMemory`] its binary's allocator. Where another one is, nothing is put back.
//!
//! # Who allocates where
//! A region is lent to its OS thread while that runs the program ([`Region::lend`]), and withdrawn while
//! the program is in the simulator ([`outside`]): what the simulator keeps outlives the program. All
//! other memory is the system's.
//!
//! # Invariants
//! - Nothing in a region is freed but with the whole of it, when the program is forgotten.
//! - What lies in a region is used by its OS thread only.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

/// A region's size: far more than a tiny scenario takes. Pages that are not touched cost nothing.
const SIZE: usize = 4 << 20;

/// The most regions at a time, one a job.
const MOST: usize = 64;

/// What the first region's begin is aligned to: no more than the system gives without a look at the
/// memory, which nobody may touch before it is used.
const ALIGN: usize = 16;

thread_local! {
    /// Where the region that is lent to this thread goes on, and where it ends. 0: none is.
    static LENT: Cell<(usize, usize)> = const { Cell::new((0, 0)) };
    /// A region that was lent was too small.
    static SPILT: Cell<bool> = const { Cell::new(false) };
}

/// The address of all regions; 0: there is no memory for any.
static AREA: OnceLock<usize> = OnceLock::new();

/// Which regions are somebody's, one bit each.
static TAKEN: AtomicU64 = AtomicU64::new(0);

/// The allocator of a binary that explores: the system's, but for programs that are put back.
#[derive(Clone, Copy, Debug, Default)]
pub struct ProgramMemory;

fn in_a_region(at: *mut u8) -> bool {
    AREA.get().is_some_and(|area| *area != 0 && at.addr().wrapping_sub(*area) < SIZE * MOST)
}

// SAFETY: memory comes from the system, or from a region, which hands out each byte once until it is
// reset; that is sound by the module's invariants.
unsafe impl GlobalAlloc for ProgramMemory {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let (next, end) = LENT.get();
        if end != 0 {
            let at = next.next_multiple_of(layout.align());
            if let Some(after) = at.checked_add(layout.size()).filter(|after| *after <= end) {
                LENT.set((after, end));
                return at as *mut u8;
            }
            SPILT.set(true);
        }
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if LENT.get().1 == 0 {
            // SAFETY: the caller's promise.
            return unsafe { System.alloc_zeroed(layout) };
        }
        // SAFETY: the caller's promise.
        let at = unsafe { self.alloc(layout) };
        if !at.is_null() {
            // SAFETY: it is so long, and nobody else's.
            unsafe { std::ptr::write_bytes(at, 0, layout.size()) };
        }
        at
    }

    #[inline]
    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        if !in_a_region(at) {
            // SAFETY: the caller's promise; it is not ours, so it is the system's.
            unsafe { System.dealloc(at, layout) };
        }
    }

    #[inline]
    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        if !in_a_region(at) {
            // SAFETY: the caller's promise; it is not ours, so it is the system's.
            return unsafe { System.realloc(at, layout, size) };
        }
        // SAFETY: the caller's promise.
        let new = unsafe { self.alloc(Layout::from_size_align_unchecked(size, layout.align())) };
        if !new.is_null() {
            // SAFETY: both are at least so long, and the new one is nobody else's.
            unsafe { std::ptr::copy_nonoverlapping(at, new, layout.size().min(size)) };
        }
        new
    }
}

/// Lets the simulator run: what it allocates is its own.
#[inline]
pub(super) fn outside<R>(f: impl FnOnce() -> R) -> R {
    let lent = LENT.replace((0, 0));
    let result = f();
    LENT.set(lent);
    result
}

/// Whether [`ProgramMemory`] is what this binary allocates with.
fn installed() -> bool {
    let lent = LENT.get();
    let probe = [0_u8; 64];
    let begin = probe.as_ptr().addr();
    LENT.set((begin, begin + probe.len()));
    // Not to be optimised away; and it is in `probe`, which is nothing to be freed.
    let one = std::hint::black_box(Box::new(0_u8));
    let ours = LENT.replace(lent).0 != begin;
    if ours {
        std::mem::forget(one);
    }
    ours
}

/// The address of all regions.
fn area() -> usize {
    *AREA.get_or_init(|| {
        let layout = Layout::from_size_align(SIZE * MOST, ALIGN);
        // SAFETY: the size is not 0. It is never freed.
        layout.map_or(0, |layout| unsafe { System.alloc_zeroed(layout) } as usize)
    })
}

/// A program's memory.
#[derive(Debug)]
pub(super) struct Region {
    number: u32,
    base: usize,
    /// Where it goes on.
    next: usize,
}

impl Region {
    /// An empty one, if there can be any.
    pub(super) fn new() -> Option<Self> {
        if !installed() || area() == 0 {
            return None;
        }
        // Relaxed: who has taken a bit has what it stands for to itself; nothing in it is read that
        // another thread has written.
        let take = |taken: u64| (taken != u64::MAX).then(|| taken | (taken + 1));
        let before = TAKEN.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take).ok()?;
        let number = before.trailing_ones();
        let base = area() + SIZE * number as usize;
        Some(Self { number, base, next: base })
    }

    /// Nothing is in it any more: the program is forgotten.
    pub(super) const fn reset(&mut self) {
        self.next = self.base;
    }

    /// Runs the program, which allocates here. False: there was no room for all of it.
    pub(super) fn lend<R>(&mut self, f: impl FnOnce() -> R) -> (R, bool) {
        SPILT.set(false);
        LENT.set((self.next, self.base + SIZE));
        let result = f();
        self.next = LENT.replace((0, 0)).0;
        (result, !SPILT.get())
    }

    /// A copy of all that is in it.
    pub(super) fn copy(&self) -> Vec<u8> {
        // SAFETY: all of it was handed out, and is memory that was zeroed once; the program does not run.
        unsafe { std::slice::from_raw_parts(self.base as *const u8, self.next - self.base) }
            .to_vec()
    }

    /// Makes it what it was when `copy` was made.
    pub(super) fn put_back(&mut self, copy: &[u8]) {
        // SAFETY: it is at least so long, and the program does not run.
        unsafe {
            std::ptr::copy_nonoverlapping(copy.as_ptr(), self.base as *mut u8, copy.len());
        }
        self.next = self.base + copy.len();
    }
}

impl Drop for Region {
    fn drop(&mut self) {
        // Relaxed: as in `new`.
        TAKEN.fetch_and(!(1 << self.number), Ordering::Relaxed);
    }
}
