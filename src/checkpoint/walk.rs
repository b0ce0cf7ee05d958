// SPDX-License-Identifier: GPL-2.0-only
//! Walking the flip chain: the one step in which the exclusive designs differ is which of a
//! buffer's two published fields is loaded first.
//!
//! The producer stores `commit`, then `next`, both RELEASE (`__tty_buffer_request_room`). A walker
//! that loads `next` first and sees a buffer there is sure to see the final `commit`. One that
//! loads `commit` first may be overtaken between the two: it then goes on to the next buffer
//! without the bytes that were committed meanwhile.

use crate::sync::Ordering;
use crate::tty_buffer::{ExclusiveGuard, TtyBuffer};

/// Which field is loaded first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LoadOrder {
    /// As in the review's mail.
    CommitThenNext,
    /// As in `flush_to_ldisc`.
    NextThenCommit,
}

/// The committed, unread bytes of the whole chain.
///
/// # Locking
/// Exclusive access, of which `guard` is the proof: the consumer is out, producers are not.
pub(super) fn walk(guard: &ExclusiveGuard<'_>, order: LoadOrder) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut buffer = guard.head("checkpoint_walk.head");
    loop {
        let (commit, next) = load(buffer, order);
        let read = buffer.read("checkpoint_walk.read");
        let old = bytes.len();
        bytes.resize(old + commit.saturating_sub(read), 0);
        buffer.copy_chars("checkpoint_walk.chars", read, &mut bytes[old..]);
        if next == crate::tty_buffer::NULL {
            return bytes;
        }
        buffer = guard.buf().tty_buffer("checkpoint_walk.follow", next);
    }
}

/// Loads `commit` and `next`. Both ACQUIRE, paired with the producer's RELEASE stores: the bytes
/// up to `commit`, and the buffer behind `next`, are there.
fn load(buffer: &TtyBuffer, order: LoadOrder) -> (usize, usize) {
    let commit = || buffer.load_commit("checkpoint_walk.commit", Ordering::Acquire);
    let next = || buffer.load_next("checkpoint_walk.next", Ordering::Acquire);
    match order {
        LoadOrder::CommitThenNext => {
            let commit = commit();
            (commit, next())
        }
        LoadOrder::NextThenCommit => {
            let next = next();
            (commit(), next)
        }
    }
}
