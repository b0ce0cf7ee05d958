// SPDX-License-Identifier: GPL-2.0-only
//! The producer's side of the flip chain.
//!
//! # Data flow
//! Characters are copied behind `used` of the tail, `used` grows, `commit` follows with a RELEASE;
//! when the tail is full, its `commit` is stored, then a new buffer is linked behind it.
//!
//! # Lock order
//! `port->lock`, and nothing inside it: the work is queued after it was dropped (71a174b39f10).
//!
//! # Deviations
//! 1. A store of `commit` that would not change it is left out: nobody can tell, and each costs
//!    an explorer eight times the executions.
//! 2. Natively, what fits behind the tail as it is is copied in one go, not a page at a time.

use super::TtyBufhead;
use super::buffer::{TTY_NORMAL, TtyBuffer};
use crate::machine::Variant;
use crate::sync::{Lane, Mutex, Ordering, Site};

/// How characters are inserted.
#[derive(Clone, Copy)]
struct Pieces {
    /// What each carries.
    flag: u8,
    /// For how many at once room is asked for.
    most: usize,
}

impl<L: Lane> TtyBufhead<L> {
    /// `tty_insert_flip_string_and_push_buffer`: adds characters, commits them and queues the
    /// work. Returns how many fit.
    ///
    /// # Locking
    /// Takes `port->lock` around insert and commit; the work is queued after it.
    pub fn tty_insert_flip_string_and_push_buffer(&self, lock: &Mutex<L>, chars: &[u8]) -> usize {
        self.insert_and_push(lock, chars, TTY_NORMAL)
    }

    /// The same for each of `chars` on its own, with one hold of the lock: they end up in the same
    /// buffers as one by one.
    ///
    /// # Locking
    /// As [`TtyBufhead::tty_insert_flip_string_and_push_buffer`].
    pub(crate) fn insert_each_and_push(&self, lock: &Mutex<L>, chars: &[u8]) -> usize {
        self.insert_pieces_and_push(lock, chars, Pieces { flag: TTY_NORMAL, most: 1 })
    }

    /// The same for characters that carry `flag`: what a serial driver's
    /// `tty_insert_flip_string_fixed_flag` and `tty_flip_buffer_push` under its own lock do.
    ///
    /// # Locking
    /// As [`TtyBufhead::tty_insert_flip_string_and_push_buffer`].
    pub fn insert_and_push(&self, lock: &Mutex<L>, chars: &[u8], flag: u8) -> usize {
        self.insert_pieces_and_push(lock, chars, Pieces { flag, most: self.geometry.ttyb_page })
    }

    #[inline]
    fn insert_pieces_and_push(&self, lock: &Mutex<L>, chars: &[u8], pieces: Pieces) -> usize {
        let held = lock.lock("tty_insert_flip_string_and_push_buffer.port_lock");
        let (size, filled) = self.tty_insert_flip_string_flags(chars, pieces);
        // Museum 3: the lock covers the insertion only.
        let held = Some(held).filter(|_| !self.variant.is(Variant::CommitUnlocked));
        if let Some(filled) = filled {
            self.tty_flip_buffer_commit(filled);
        }
        // Museum 4b: who prints with pool->lock held wants port->lock.
        let held = held.filter(|_| self.variant.is(Variant::QueueUnderLock));
        self.queue_work("tty_insert_flip_string_and_push_buffer.queue_work");
        drop(held);
        size
    }

    /// `tty_insert_flip_string_fixed_flag`: copies as much of `chars` as fits. They are not visible
    /// yet, except those in a buffer that filled up.
    ///
    /// # Locking
    /// `port->lock` held.
    pub fn tty_insert_flip_string_fixed_flag(&self, chars: &[u8], flag: u8) -> usize {
        let most = self.geometry.ttyb_page;
        self.tty_insert_flip_string_flags(chars, Pieces { flag, most }).0
    }

    /// `__tty_insert_flip_string_flags`. How many it inserted, and into which buffer the last.
    ///
    /// # Locking
    /// `port->lock` held.
    #[inline]
    fn tty_insert_flip_string_flags(
        &self,
        chars: &[u8],
        pieces: Pieces,
    ) -> (usize, Option<&TtyBuffer<L>>) {
        let Pieces { flag, most } = pieces;
        let need_flags = flag != TTY_NORMAL;
        let (mut copied, mut filled) = (0, None);
        while copied < chars.len() {
            let left = chars.len() - copied;
            let (space, tb) = self.tty_buffer_request_room(left.min(most), need_flags);
            if space == 0 {
                break;
            }
            let tb = self.tail_near("tty_insert_flip_string_flags.tail", tb);
            let used = tb.used("tty_insert_flip_string_flags.used");
            let space = if left > space && (most == 1 || L::rt(self.rt).batch() > 1) {
                let room = tb.room("tty_buffer_request_room.room") - used;
                // Each of the next pieces finds room as well: single characters until the buffer is
                // full, larger ones if all of them fit (deviation 2).
                if most == 1 || left <= room { left.min(room) } else { space }
            } else {
                space
            };
            let part = &chars[copied..copied + space];
            tb.write_chars("tty_insert_flip_string_flags.chars", used, part);
            if tb.flags("tty_insert_flip_string_flags.flags") {
                tb.fill_flags("tty_insert_flip_string_flags.flag_bytes", used, space, flag);
            }
            tb.set_used("tty_insert_flip_string_flags.used_add", used + space);
            self.ghost.staged(part);
            copied += space;
            filled = Some(tb);
        }
        (copied, filled)
    }

    /// `tty_flip_buffer_commit`: what was inserted becomes visible to the consumer.
    ///
    /// # Locking
    /// `port->lock` held.
    #[inline]
    fn tty_flip_buffer_commit(&self, filled: &TtyBuffer<L>) {
        let tail = self.tail_near("tty_flip_buffer_commit.tail", filled);
        // Pairs with the ACQUIRE of commit in flush_to_ldisc: it sees the data.
        self.publish(tail, "tty_flip_buffer_commit.commit", "tty_flip_buffer_commit.used");
    }

    /// `__tty_buffer_request_room`: makes linear room for `size` characters at the tail, by a new
    /// buffer if need be. Returns the room found, less than `size` only when out of memory, and the
    /// tail.
    ///
    /// # Locking
    /// `port->lock` held.
    #[inline]
    pub(super) fn tty_buffer_request_room(
        &self,
        size: usize,
        flags: bool,
    ) -> (usize, &TtyBuffer<L>) {
        let b = self.tail("tty_buffer_request_room.tail");
        let room = b.room("tty_buffer_request_room.room");
        let left = room.saturating_sub(b.used("tty_buffer_request_room.used"));
        let change = flags && !b.flags("tty_buffer_request_room.flags");
        if !change && left >= size {
            return (size, b);
        }
        let Some(n) = self.tty_buffer_alloc(size) else {
            return (if change { 0 } else { left }, b);
        };
        n.set_flags("tty_buffer_request_room.new_flags", flags);
        self.tail.set("tty_buffer_request_room.new_tail", n.number());
        self.commit_and_link(b, n);
        (size, n)
    }

    /// Closes `b` and links `n` behind it, in the order that counts.
    fn commit_and_link(&self, b: &TtyBuffer<L>, n: &TtyBuffer<L>) {
        // Pairs with the ACQUIRE of commit in flush_to_ldisc and lookahead_bufs: they see all of
        // the buffer's data.
        let commit = || {
            self.publish(b, "tty_buffer_request_room.commit", "tty_buffer_request_room.committed")
        };
        // Pairs with the ACQUIRE of next in flush_to_ldisc and lookahead_bufs: whoever sees the
        // link sees the commit before it, the last this buffer gets.
        let link = || b.store_next("tty_buffer_request_room.next", n.number(), Ordering::Release);
        // Museum 2b: the other way round.
        if self.variant.is(Variant::LinkedFirst) {
            link();
            commit();
        } else {
            commit();
            link();
        }
    }

    /// `smp_store_release(&b->commit, b->used)`, unless that changes nothing (deviation 1).
    #[inline]
    fn publish(&self, b: &TtyBuffer<L>, store: Site, load_used: Site) {
        let used = b.used(load_used);
        let before = b.observe_commit();
        if used == before {
            return;
        }
        b.store_commit(store, used, Ordering::Release);
        self.ghost.committed(used.saturating_sub(before));
    }
}
