// SPDX-License-Identifier: GPL-2.0-only
//! The right steps, with places where something else can be done.

use super::super::ldisc::n_tty_checkpoint;
use super::super::state::NTtyState;
use super::super::walk::{LoadOrder, walk};
use crate::errno::Errno;
use crate::ldisc_ref::Ldisc;
use crate::sync::Ordering::{Acquire, Relaxed};
use crate::tty_buffer::{ExclusiveGuard, NULL, TtyBuffer, TtyBufhead};
use crate::tty_struct::TtyStruct;
use crate::verify::Ghost;

/// What a call returns.
pub(super) type Peeked = Result<Vec<u8>, Errno>;

/// How the worker is let in again.
pub(super) type Unlock = fn(&TtyBufhead, ExclusiveGuard<'_>);

/// `EIO` or `EOPNOTSUPP` unless `tty` has N_TTY; `then` has the reference.
pub(super) fn with_n_tty(tty: &TtyStruct, then: impl FnOnce() -> Peeked) -> Peeked {
    let ld = tty.tty_ldisc_ref_wait().ok_or(Errno::EIO)?;
    if ld.ldisc == Ldisc::NTty { then() } else { Err(Errno::EOPNOTSUPP) }
}

/// Exclusive access around `then`, and the work is restarted if anything is left.
pub(super) fn exclusively(
    tty: &TtyStruct,
    then: impl FnOnce(&ExclusiveGuard<'_>) -> Peeked,
) -> Peeked {
    let buf = &tty.port.buf;
    let exclusive = buf.tty_buffer_lock_exclusive();
    let peeked = then(&exclusive);
    buf.tty_buffer_unlock_exclusive_restart(exclusive);
    peeked
}

/// `termios_rwsem` for write around `then`; `EAGAIN` if somebody holds it.
pub(super) fn write_locked(tty: &TtyStruct, then: impl FnOnce() -> Vec<u8>) -> Peeked {
    let held =
        tty.termios_rwsem.down_write_trylock("planted.termios_rwsem").ok_or(Errno::EAGAIN)?;
    let bytes = then();
    drop(held);
    Ok(bytes)
}

/// All locks around `copy`.
pub(super) fn locked(tty: &TtyStruct, copy: impl FnOnce(&ExclusiveGuard<'_>) -> Vec<u8>) -> Peeked {
    with_n_tty(tty, || exclusively(tty, |exclusive| write_locked(tty, || copy(exclusive))))
}

/// The line discipline's share, then the chain's.
pub(super) fn both(tty: &TtyStruct, exclusive: &ExclusiveGuard<'_>) -> Vec<u8> {
    [n_tty_checkpoint(tty), chain(exclusive)].concat()
}

/// The chain's share.
pub(super) fn chain(exclusive: &ExclusiveGuard<'_>) -> Vec<u8> {
    walk(exclusive, LoadOrder::NextThenCommit)
}

/// All the right steps.
pub(super) fn right(tty: &TtyStruct) -> Peeked {
    locked(tty, |exclusive| both(tty, exclusive))
}

/// The right steps once `before` is done, and then `after`.
pub(super) fn between(
    tty: &TtyStruct,
    before: impl FnOnce(&TtyStruct),
    after: impl FnOnce(&TtyStruct),
) -> Peeked {
    before(tty);
    let peeked = right(tty);
    after(tty);
    peeked
}

/// The right steps with the state of the line discipline changed meanwhile.
pub(super) fn changing(tty: &TtyStruct, change: impl FnOnce(&mut NTtyState)) -> Peeked {
    locked(tty, |exclusive| {
        let bytes = both(tty, exclusive);
        let mut state = tty.disc_data.n_tty_save();
        change(&mut state);
        let termios = tty.termios.get("planted.termios");
        tty.disc_data.n_tty_restore(&state, &termios, &Ghost::none());
        bytes
    })
}

/// The right steps with another unlock, whatever comes of it.
pub(super) fn unlocking(tty: &TtyStruct, unlock: impl FnOnce(&Peeked) -> Unlock) -> Peeked {
    with_n_tty(tty, || {
        let buf = &tty.port.buf;
        let exclusive = buf.tty_buffer_lock_exclusive();
        let peeked = write_locked(tty, || both(tty, &exclusive));
        unlock(&peeked)(buf, exclusive);
        peeked
    })
}

/// A buffer of the chain, and which of its characters are unread.
pub(super) struct Span<'b> {
    pub(super) buffer: &'b TtyBuffer,
    pub(super) read: usize,
    pub(super) commit: usize,
}

impl Span<'_> {
    /// `n` characters from `from` on.
    pub(super) fn copy(&self, from: usize, n: usize) -> Vec<u8> {
        let mut chars = vec![0; n];
        self.buffer.copy_chars("planted.chars", from, &mut chars);
        chars
    }

    /// What is unread of it.
    pub(super) fn unread(&self) -> Vec<u8> {
        self.copy(self.read, self.commit - self.read)
    }
}

/// The chain, a buffer at a time.
pub(super) fn spans<'b>(exclusive: &ExclusiveGuard<'b>) -> Vec<Span<'b>> {
    let mut buffer = exclusive.head("planted.head");
    let mut spans = Vec::new();
    loop {
        let next = buffer.load_next("planted.next", Acquire);
        let commit = buffer.load_commit("planted.commit", Acquire);
        spans.push(Span { buffer, read: buffer.read("planted.read"), commit });
        if next == NULL {
            return spans;
        }
        buffer = exclusive.buf().tty_buffer("planted.follow", next);
    }
}

/// The right steps with the chain's share made of `spans`.
pub(super) fn walking(tty: &TtyStruct, copy: impl FnOnce(&[Span<'_>]) -> Vec<u8>) -> Peeked {
    locked(tty, |exclusive| {
        let chain = copy(&spans(exclusive));
        [n_tty_checkpoint(tty), chain].concat()
    })
}

/// The right steps with `n` bytes of the read buffer, of so many that are in it.
pub(super) fn counting(tty: &TtyStruct, n: impl FnOnce(usize) -> usize) -> Peeked {
    locked(tty, |exclusive| {
        let chain = chain(exclusive);
        let (tail, count) = read_cnt(tty);
        [read_buf(tty, tail, n(count)), chain].concat()
    })
}

/// `read_tail`, and how many bytes there are from there on.
pub(super) fn read_cnt(tty: &TtyStruct) -> (usize, usize) {
    let ldata = &tty.disc_data;
    let tail = ldata.read_tail("planted.read_tail", Relaxed);
    (tail, ldata.read_head("planted.read_head").wrapping_sub(tail))
}

/// `n` bytes of the read buffer from index `tail` on.
pub(super) fn read_buf(tty: &TtyStruct, tail: usize, n: usize) -> Vec<u8> {
    let mut bytes = vec![0; n];
    tty.disc_data.copy_read_buf("planted.read_buf", tail, &mut bytes);
    bytes
}
