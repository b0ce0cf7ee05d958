// SPDX-License-Identifier: GPL-2.0-only
//! The flip chain as plain data, and back: the share of a checkpoint that carries everything.
//!
//! # Data flow
//! chain -> [`TtyBufhead::tty_buffer_save`] -> [`FlipChain`] -> [`TtyBufhead::tty_buffer_reserve`]
//! (memory, may fail) -> [`TtyBufhead::tty_buffer_restore`] (may not).
//!
//! # Invariants
//! - Both sides are held still, consumer and producer: `buf->lock` through the guard, `port->lock`.
//! - What a restore links is complete before it is linked.
//!
//! # Deviations
//! 1. Memory for a restore is always fresh, even natively, where `kmalloc` recycles.

use super::buffer::{NULL, TtyBuffer};
use super::{ExclusiveGuard, TtyBufhead};
use crate::checkpoint::state::{FlipBuffer, FlipChain};
use crate::errno::Errno;
use crate::fault::{Fault, Faults};
use crate::sync::{MutexGuard, Ordering, Site};

/// Memory for the buffers of a chain that is going to be restored.
#[must_use = "hand it to tty_buffer_restore, or to tty_buffer_unreserve"]
#[derive(Debug)]
pub(crate) struct Reserved<'a> {
    linked: Vec<&'a TtyBuffer>,
    free: Vec<&'a TtyBuffer>,
}

impl TtyBufhead {
    /// All of the chain, staged characters included.
    ///
    /// # Locking
    /// Exclusive access, and `port->lock`: the guards are the proof.
    pub(crate) fn tty_buffer_save(
        &self,
        exclusive: &ExclusiveGuard<'_>,
        _producer: &MutexGuard<'_>,
    ) -> FlipChain {
        let mut buffers = Vec::new();
        let mut b = exclusive.head("tty_buffer_save.head");
        loop {
            if b.size("tty_buffer_save.size") > 0 {
                buffers.push(b.save());
            }
            // Whoever stored it is done: the producer's lock is held.
            match b.load_next("tty_buffer_save.next", Ordering::Relaxed) {
                NULL => break,
                next => b = self.tty_buffer("tty_buffer_save.follow", next),
            }
        }
        FlipChain { buffers, free: word(self.free_buffers()) }
    }

    /// How many buffers are on the free list. `buf->lock` keeps adders out, `port->lock` removers.
    fn free_buffers(&self) -> usize {
        let mut n = 0;
        let mut at = self.free.load("tty_buffer_save.free", Ordering::Relaxed);
        while at != NULL {
            n += 1;
            at = self.tty_buffer("tty_buffer_save.free_entry", at).free_link("llist_next.free");
        }
        n
    }

    /// Memory for `chain`, all of it or none.
    ///
    /// # Locking
    /// None needed: the memory is the caller's own.
    ///
    /// # Errors
    /// `ENOMEM`.
    pub(crate) fn tty_buffer_reserve(
        &self,
        chain: &FlipChain,
        faults: &Faults,
    ) -> Result<Reserved<'_>, Errno> {
        let mut reserved = Reserved { linked: Vec::new(), free: Vec::new() };
        let align = self.geometry.ttyb_align;
        let free = (0..chain.free).map(|_| (align, true));
        let linked = chain.buffers.iter().map(|b| (b.size as usize, false));
        for (size, to_free) in linked.chain(free) {
            if faults.happens(Fault::Allocation) {
                self.tty_buffer_unreserve(reserved);
                return Err(Errno::ENOMEM);
            }
            let number = self.kmalloc_fresh(size);
            let b = self.tty_buffer("tty_buffer_reserve.kmalloc", number);
            if to_free { reserved.free.push(b) } else { reserved.linked.push(b) }
        }
        Ok(reserved)
    }

    /// `kfree` of what is not needed after all.
    pub(crate) fn tty_buffer_unreserve(&self, reserved: Reserved<'_>) {
        for b in reserved.linked.iter().chain(&reserved.free) {
            b.poison("tty_buffer_unreserve.kfree");
        }
    }

    /// Makes this fresh chain `chain`, with the memory that was reserved for it. The caller queues
    /// the work once it has let go of the locks.
    ///
    /// # Locking
    /// As [`TtyBufhead::tty_buffer_save`].
    pub(crate) fn tty_buffer_restore(
        &self,
        exclusive: &ExclusiveGuard<'_>,
        _producer: &MutexGuard<'_>,
        chain: &FlipChain,
        reserved: &Reserved<'_>,
    ) {
        let mut last = exclusive.head("tty_buffer_restore.head");
        for (b, state) in reserved.linked.iter().zip(&chain.buffers) {
            b.restore(state);
            self.ghost.staged(&state.chars);
            self.ghost.committed(state.commit.saturating_sub(state.read) as usize);
            // Pairs with the ACQUIRE of next in flush_to_ldisc: the buffer behind it is complete.
            last.store_next("tty_buffer_restore.next", b.number(), Ordering::Release);
            last = b;
        }
        self.tail.set("tty_buffer_restore.tail", last.number());
        let used = usize::try_from(chain.mem_used()).unwrap_or(usize::MAX);
        self.mem_used.store("tty_buffer_restore.mem_used", used, Ordering::Relaxed);
        self.mem_bound.set("tty_buffer_restore.mem_bound", used);
        for b in &reserved.free {
            b.poison("tty_buffer_restore.free");
            self.llist_add(&self.free, b);
        }
    }
}

impl TtyBuffer {
    fn save(&self) -> FlipBuffer {
        let read = self.read("tty_buffer_save.read");
        let commit = self.load_commit("tty_buffer_save.commit", Ordering::Relaxed);
        let used = self.used("tty_buffer_save.used");
        let copy = |site: Site, copy: &dyn Fn(Site, &mut [u8])| {
            let mut bytes = vec![0; used.saturating_sub(read)];
            copy(site, &mut bytes);
            bytes
        };
        let flags = self.flags("tty_buffer_save.flags").then(|| {
            copy("tty_buffer_save.flag_bytes", &|site, to| self.copy_flags(site, read, to))
        });
        FlipBuffer {
            size: word(self.size("tty_buffer_save.size")),
            read: word(read),
            commit: word(commit),
            lookahead: word(self.lookahead("tty_buffer_save.lookahead")),
            chars: copy("tty_buffer_save.chars", &|site, to| self.copy_chars(site, read, to)),
            flags,
        }
    }

    /// Makes this buffer, the caller's own, what `state` says.
    fn restore(&self, state: &FlipBuffer) {
        let read = state.read as usize;
        self.tty_buffer_reset(state.size as usize);
        self.set_flags("tty_buffer_restore.flags", state.flags.is_some());
        // What was read is zero, as receive_buf leaves it.
        self.zero_chars("tty_buffer_restore.zero", 0, read);
        self.write_chars("tty_buffer_restore.chars", read, &state.chars);
        if let Some(flags) = &state.flags {
            self.write_flags("tty_buffer_restore.flag_bytes", read, flags);
        }
        self.set_read("tty_buffer_restore.read", read);
        self.set_lookahead("tty_buffer_restore.lookahead", state.lookahead as usize);
        self.set_used("tty_buffer_restore.used", read + state.chars.len());
        let commit = state.commit as usize;
        self.store_commit("tty_buffer_restore.commit", commit, Ordering::Relaxed);
    }
}

/// A count as it stands in the state. No geometry has larger ones.
fn word(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}
