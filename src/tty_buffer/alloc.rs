// SPDX-License-Identifier: GPL-2.0-only
//! `tty_buffer_alloc` and `tty_buffer_free`: the free list, and the limit.
//!
//! # Data flow
//! Consumers free (under `buf->lock`), the producer allocates (under `port->lock`). Buffers of the
//! smallest size go round through the free list, `buf->free`; larger ones back to `kfree`.
//!
//! # Invariants
//! - `mem_used` is the sum of the `size` of the linked buffers; it is compared with the limit
//!   *before* the new buffer is added.
//! - The free list is a Treiber stack with many adders and one remover at a time (`port->lock`),
//!   which is what makes it safe without tags, as `llist_del_first` demands.
//!
//! # Deviations
//! 1. A `kfree`d buffer stays in the slab, poisoned, so that any later use of it is found.
//!    Natively its slot is given out again for the same size, so that memory stays flat.
//! 2. `mem_used` is not loaded while the limit is known to be far: the producer keeps an upper
//!    bound, its own additions to what it last saw, and others only subtract. The answer is the
//!    same, and an explorer need not order the load with every buffer that is freed.
//! 3. Nothing is subtracted from `mem_used` when the sentinel goes: its size is 0.

use super::TtyBufhead;
use super::buffer::{NULL, TtyBuffer, rounded};
use crate::geometry::Geometry;
use crate::sync::{AtomicUsize, Lane, Name, Ordering, Runtime};

/// How many sizes of buffer are recycled natively; larger ones are not.
const RECYCLED_SIZES: usize = 64;

/// The sizes beyond the smallest that get a native recycling list.
pub(super) fn recycling(rt: Runtime, geometry: &Geometry) -> Box<[AtomicUsize]> {
    if !rt.is_native() {
        return Box::default();
    }
    let sizes = rounded(geometry, geometry.ttyb_page) / geometry.ttyb_align;
    (0..=sizes.min(RECYCLED_SIZES))
        .map(|_| AtomicUsize::new(rt, Name::new("", "recycled"), NULL))
        .collect()
}

impl<L: Lane> TtyBufhead<L> {
    /// `tty_buffer_alloc`: an empty buffer for `wanted` characters, or `None` beyond the limit.
    ///
    /// # Locking
    /// `port->lock` held.
    pub(super) fn tty_buffer_alloc(&self, wanted: usize) -> Option<&TtyBuffer<L>> {
        let size = rounded(&self.geometry, wanted);
        let recycled =
            (size <= self.geometry.ttyb_align).then(|| self.llist_del_first(&self.free)).flatten();
        let p = match recycled {
            Some(p) => p,
            None => {
                if self.beyond_limit() {
                    return None;
                }
                self.kmalloc(size)
            }
        };
        p.tty_buffer_reset(size);
        self.mem_used.fetch_add("tty_buffer_alloc.mem_used_add", size, Ordering::Relaxed);
        let bound = self.mem_bound.get("tty_buffer_alloc.mem_bound");
        self.mem_bound.set("tty_buffer_alloc.mem_bound_add", bound + size);
        Some(p)
    }

    /// Whether the limit forbids another buffer (deviation 2).
    fn beyond_limit(&self) -> bool {
        if self.mem_bound.get("tty_buffer_alloc.mem_bound_test") <= self.mem_limit {
            return false;
        }
        // atomic_read: no ordering; a stale value is too large, by what was just freed.
        let used = self.mem_used.load("tty_buffer_alloc.mem_used", Ordering::Relaxed);
        self.mem_bound.set("tty_buffer_alloc.mem_bound_set", used);
        used > self.mem_limit
    }

    /// `tty_buffer_free`: onto the free list if it has the smallest size, else `kfree`. The
    /// sentinel, of size 0, is only dropped from the chain.
    ///
    /// # Locking
    /// `buf->lock` held, and `b` no longer reachable by the producer.
    pub(super) fn tty_buffer_free(&self, b: &TtyBuffer<L>) {
        let size = b.size("tty_buffer_free.size");
        if size == 0 {
            return;
        }
        // atomic_sub_return: fully ordered, though nothing relies on it.
        self.mem_used.fetch_sub("tty_buffer_free.mem_used", size, Ordering::SeqCst);
        b.poison("tty_buffer_free.kfree");
        if size <= self.geometry.ttyb_align {
            self.llist_add(&self.free, b);
        } else if let Some(list) = self.recycled_list(b.capacity()) {
            self.llist_add(list, b);
        }
    }

    fn kmalloc(&self, size: usize) -> &TtyBuffer<L> {
        let list = self.recycled_list(size);
        if let Some(p) = list.and_then(|list| self.llist_del_first(list)) {
            return p;
        }
        let number = self.any().kmalloc_fresh(size);
        self.tty_buffer("tty_buffer_alloc.kmalloc", number)
    }

    fn recycled_list(&self, size: usize) -> Option<&AtomicUsize<L>> {
        self.recycled.get(size.wrapping_shr(self.geometry.ttyb_align.trailing_zeros()))
    }

    /// `llist_add`: the exchange is a RELEASE of the freed buffer, pairs with the ACQUIRE in
    /// `llist_del_first`.
    pub(super) fn llist_add(&self, list: &AtomicUsize<L>, b: &TtyBuffer<L>) {
        let mut first = list.load("llist_add.first", Ordering::Relaxed);
        loop {
            b.set_free_link("llist_add.next", first);
            match list.compare_exchange("llist_add.cmpxchg", first, b.number(), Ordering::SeqCst) {
                Ok(_) => return,
                Err(found) => first = found,
            }
        }
    }

    /// `llist_del_first`, by the only remover there is.
    #[inline]
    fn llist_del_first(&self, list: &AtomicUsize<L>) -> Option<&TtyBuffer<L>> {
        // ACQUIRE: pairs with the exchange in `llist_add`; the buffer's last user is done.
        let mut first = list.load("llist_del_first.first", Ordering::Acquire);
        while first != NULL {
            let b = self.tty_buffer("llist_del_first.entry", first);
            let next = b.free_link("llist_del_first.next");
            match list.compare_exchange("llist_del_first.cmpxchg", first, next, Ordering::SeqCst) {
                Ok(_) => {
                    b.revive("llist_del_first.take");
                    return Some(b);
                }
                // ACQUIRE again: another buffer was added in front.
                Err(_) => first = list.load("llist_del_first.retry", Ordering::Acquire),
            }
        }
        None
    }
}

impl TtyBufhead {
    /// Memory that was never used; returns its number.
    pub(super) fn kmalloc_fresh(&self, size: usize) -> usize {
        let (rt, scope) = (self.rt, self.scope);
        self.buffers.push(|number| TtyBuffer::new(rt, scope, number, size))
    }
}
