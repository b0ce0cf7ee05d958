// SPDX-License-Identifier: GPL-2.0-only
//! The consumer's side of the flip chain: `flush_to_ldisc`, lookahead, `tty_buffer_flush`.
//!
//! # Data flow
//! head -> client `receive_buf` -> `read` grows; a buffer that is read up and has a `next` is
//! freed. What the client refused stays, and is looked through for flow control characters.
//!
//! # Invariants
//! - Of one buffer, `next` is loaded before `commit`: if there is a next, the commit seen is the
//!   last, so a buffer read up to it may go.
//! - A waiting exclusive user (`priority`) makes the work leave *before* it looks at the chain;
//!   the user restarts it.

use super::TtyBufhead;
use super::buffer::{NULL, TtyBuffer};
use crate::machine::Variant;
use crate::sync::{Lane, Ordering};

/// `struct tty_port_client_operations`: who the chain feeds.
pub trait TtyPortClient {
    /// Takes characters, and their flag bytes if they have any; returns how many it took.
    fn receive_buf(&self, p: &[u8], f: Option<&[u8]>) -> usize;
    /// Looks through characters that it could not take yet.
    fn lookahead_buf(&self, p: &[u8], f: Option<&[u8]>);
}

impl<L: Lane> TtyBufhead<L> {
    /// `flush_to_ldisc`: one run of the work: feeds the client until it refuses, the chain is
    /// empty, or somebody wants exclusive access.
    ///
    /// # Locking
    /// Takes `buf->lock`: one consumer at a time.
    pub fn flush_to_ldisc<C: TtyPortClient + ?Sized>(&self, client: &C) {
        let mut held = Some(self.lock.lock("flush_to_ldisc.lock"));
        let mut head = self.head("flush_to_ldisc.head");
        loop {
            // atomic_read: no ordering. Whoever raised it waits for the lock held here.
            if self.priority.load("flush_to_ldisc.priority", Ordering::Relaxed) != 0 {
                break;
            }
            let (next, commit) = self.next_and_commit(head);
            let read = head.read("flush_to_ldisc.read");
            let count = commit.wrapping_sub(read);
            if count == 0 {
                if next == NULL {
                    break;
                }
                self.head.set("flush_to_ldisc.new_head", next);
                self.tty_buffer_free(head);
                head = self.head_near("flush_to_ldisc.head", head);
                continue;
            }
            // Museum 15: a flush may take the buffer away meanwhile.
            let unlocked = self.variant.is(Variant::ReceiveUnlocked);
            held = held.filter(|_| !unlocked);
            let rcvd = receive_buf(client, head, read, count);
            if unlocked {
                held = Some(self.lock.lock("flush_to_ldisc.lock_again"));
            }
            head.set_read("flush_to_ldisc.read_add", read + rcvd);
            if rcvd < count {
                self.lookahead_bufs(client, head);
            }
            if rcvd == 0 {
                // Museum 14a: it tries again at once, and again.
                if self.variant.is(Variant::RequeueWhenFull) {
                    self.tty_buffer_restart_work("flush_to_ldisc.queue_work");
                }
                break;
            }
            head = self.head_near("flush_to_ldisc.head", head);
        }
        drop(held);
    }

    /// What `flush_to_ldisc` looks at first, in the order that counts.
    fn next_and_commit(&self, head: &TtyBuffer<L>) -> (usize, usize) {
        // Pairs with the RELEASE of next in __tty_buffer_request_room: the commit loaded after it
        // is not older than the link.
        let next = || head.load_next("flush_to_ldisc.next", Ordering::Acquire);
        // Pairs with the RELEASE of commit in __tty_buffer_request_room and
        // tty_flip_buffer_commit: the bytes below it are there.
        let commit = || head.load_commit("flush_to_ldisc.commit", Ordering::Acquire);
        // Museum 2a: the other way round.
        if self.variant.is(Variant::CommitLoadedFirst) {
            let commit = commit();
            return (next(), commit);
        }
        (next(), commit())
    }

    /// `lookahead_bufs`: shows the client what it has not seen yet, from `head` on.
    #[cold]
    #[inline(never)]
    fn lookahead_bufs<C: TtyPortClient + ?Sized>(&self, client: &C, head: &TtyBuffer<L>) {
        let read = head.read("lookahead_bufs.read");
        let seen = head.lookahead("lookahead_bufs.lookahead_head");
        if read > seen {
            head.set_lookahead("lookahead_bufs.lookahead_max", read);
        }
        let mut head = head;
        loop {
            // Pairs with the RELEASE of next in __tty_buffer_request_room, as in flush_to_ldisc.
            let next = head.load_next("lookahead_bufs.next", Ordering::Acquire);
            // Pairs with the RELEASE of commit, as in flush_to_ldisc.
            let commit = head.load_commit("lookahead_bufs.commit", Ordering::Acquire);
            let from = head.lookahead("lookahead_bufs.lookahead");
            let count = commit.wrapping_sub(from);
            if count == 0 {
                if next == NULL {
                    return;
                }
                head = self.tty_buffer("lookahead_bufs.head", next);
                continue;
            }
            head.lend("lookahead_bufs.chars", from, count, |p, f| {
                client.lookahead_buf(p, f);
            });
            head.set_lookahead("lookahead_bufs.lookahead_add", from + count);
        }
    }

    /// `tty_buffer_flush` without a line discipline to flush with it: drops everything committed.
    ///
    /// # Locking
    /// Raises `priority` and takes `buf->lock`.
    pub fn tty_buffer_flush(&self) {
        self.priority.fetch_add("tty_buffer_flush.priority_inc", 1, Ordering::Relaxed);
        let held = self.lock.lock("tty_buffer_flush.lock");
        let mut head = self.head("tty_buffer_flush.head");
        let mut dropped = 0;
        loop {
            // Pairs with the RELEASE of next in __tty_buffer_request_room: the producer is done
            // with a buffer that has a next.
            let next = head.load_next("tty_buffer_flush.next", Ordering::Acquire);
            if next == NULL {
                break;
            }
            dropped += head.observe_commit().wrapping_sub(head.read("tty_buffer_flush.freed_read"));
            self.tty_buffer_free(head);
            self.head.set("tty_buffer_flush.new_head", next);
            head = self.tty_buffer("tty_buffer_flush.next_head", next);
        }
        // Plain: the bytes below it are not looked at.
        let commit = head.load_commit("tty_buffer_flush.commit", Ordering::Relaxed);
        dropped += commit.wrapping_sub(head.read("tty_buffer_flush.old_read"));
        head.set_read("tty_buffer_flush.read", commit);
        self.ghost.flip_flushed(dropped);
        head.set_lookahead("tty_buffer_flush.lookahead", commit);
        self.priority.fetch_sub("tty_buffer_flush.priority_dec", 1, Ordering::Relaxed);
        drop(held);
    }
}

/// `receive_buf`: hands `count` characters to the client and zeroes what it took.
#[inline]
fn receive_buf<L: Lane, C: TtyPortClient + ?Sized>(
    client: &C,
    head: &TtyBuffer<L>,
    read: usize,
    count: usize,
) -> usize {
    let n = head.lend("receive_buf.chars", read, count, |p, f| client.receive_buf(p, f));
    if n > 0 {
        head.zero_chars("receive_buf.zero", read, n);
    }
    n
}
