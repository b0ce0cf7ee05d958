// SPDX-License-Identifier: GPL-2.0-only
//! `struct n_tty_data` as plain data, and back: the share of a checkpoint that carries everything.
//!
//! # Locking
//! `termios_rwsem` held for write, and `buf->lock`. That is enough: readers, writers and echoes
//! hold the former for read, lookahead (and the echo of a ^Q that it sees) the latter. So nobody is
//! inside `output_lock` or `atomic_read_lock` who changes anything.
//!
//! # Invariants
//! - A saved index is a distance from its tail; restored, the tail is the same position of its
//!   buffer, so far on that no index is below 0: the kernel compares some of them as numbers.

use super::char_set::CharSet;
use super::echo::EchoIndices;
use super::set_termios::CharMap;
use super::{Bit, NTtyData};
use crate::checkpoint::state::{EchoState, NTtyState, window};
use crate::sync::Ordering;
use crate::termios::Termios;
use crate::verify::Ghost;

impl NTtyData {
    /// All of it.
    ///
    /// # Locking
    /// See the module.
    pub(crate) fn n_tty_save(&self) -> NTtyState {
        let tail = self.read_tail("n_tty_save.read_tail", Ordering::Relaxed);
        let from_tail = |index: usize| distance(tail, index);
        let read_head = from_tail(self.read_head("n_tty_save.read_head"));
        let commit_head = from_tail(self.commit_head("n_tty_save.commit_head", Ordering::Relaxed));
        let canon_head = from_tail(self.canon_head("n_tty_save.canon_head", Ordering::Relaxed));
        let bits = self.bits.load("n_tty_save.bits");
        let bit = |bit: Bit| bits & bit as usize != 0;
        let heads = [read_head, commit_head, canon_head];
        let mut unread = vec![0; window(heads, bit(Bit::Icanon), self.size())];
        self.copy_read_buf("n_tty_save.read_buf", tail, &mut unread);
        NTtyState {
            read_tail: position(self.mask(tail)),
            read_head,
            commit_head,
            canon_head,
            line_start: from_tail(self.line_start.get("n_tty_save.line_start")),
            unread,
            read_flags: self.read_flags.save(self.size()),
            no_room: self.no_room.load("n_tty_save.no_room", Ordering::Relaxed) != 0,
            lookahead_count: self
                .lookahead_count
                .load("n_tty_save.lookahead_count", Ordering::Relaxed)
                as u64,
            char_map: self.char_map.get("n_tty_save.char_map").special.map(),
            lnext: bit(Bit::Lnext),
            erasing: bit(Bit::Erasing),
            raw: bit(Bit::Raw),
            real_raw: bit(Bit::RealRaw),
            icanon: bit(Bit::Icanon),
            push: bit(Bit::Push),
            column: self.columns.column("n_tty_save.column"),
            canon_column: self.columns.canon_column("n_tty_save.canon_column"),
            echo: self.save_echo(),
        }
    }

    fn save_echo(&self) -> EchoState {
        let EchoIndices { head, commit, mark, tail } = self.echo.indices();
        let mut buf = vec![0; self.size()];
        self.echo.copy_all(&mut buf);
        let used = buf.iter().rposition(|&b| b != 0).map_or(0, |last| last + 1);
        buf.truncate(used);
        EchoState {
            tail: position(self.mask(tail)),
            head: distance(tail, head),
            commit: distance(tail, commit),
            mark: distance(tail, mark),
            buf,
        }
    }

    /// Makes a fresh one what `state` says, under these settings; `ghost` is told what is unread from now on.
    ///
    /// # Locking
    /// See the module.
    pub(crate) fn n_tty_restore(&self, state: &NTtyState, termios: &Termios, ghost: &Ghost) {
        let s = state;
        let indices = [s.read_head, s.commit_head, s.canon_head, s.line_start];
        let tail = self.tail_at(s.read_tail, indices);
        let at = |distance: i64| index(tail, distance);
        self.read_tail.store("n_tty_restore.read_tail", tail, Ordering::Relaxed);
        self.read_head.set("n_tty_restore.read_head", at(s.read_head));
        self.commit_head.store("n_tty_restore.commit_head", at(s.commit_head), Ordering::Relaxed);
        self.canon_head.store("n_tty_restore.canon_head", at(s.canon_head), Ordering::Relaxed);
        self.line_start.set("n_tty_restore.line_start", at(s.line_start));
        self.restore_read_buf(tail, &s.unread);
        self.read_flags.restore(&s.read_flags);
        self.no_room.store("n_tty_restore.no_room", usize::from(s.no_room), Ordering::Relaxed);
        let count = usize::try_from(s.lookahead_count).unwrap_or(usize::MAX);
        self.lookahead_count.store("n_tty_restore.lookahead_count", count, Ordering::Relaxed);
        let map = CharMap::new(termios, CharSet::from_map(s.char_map));
        self.char_map.set("n_tty_restore.char_map", map);
        self.bits.assign_all("n_tty_restore.bits", bits(s));
        self.columns.set_column(s.column);
        self.columns.set_canon_column(s.canon_column);
        self.restore_echo(&s.echo);
        tell(ghost, s);
    }

    fn restore_read_buf(&self, tail: usize, unread: &[u8]) {
        let at = self.mask(tail);
        let (straight, wrapped) = unread.split_at(unread.len().min(self.size() - at));
        self.read_buf.write("n_tty_restore.read_buf", at, straight);
        self.read_buf.write("n_tty_restore.read_buf_wrapped", 0, wrapped);
    }

    fn restore_echo(&self, echo: &EchoState) {
        let tail = self.tail_at(echo.tail, [echo.head, echo.commit, echo.mark, 0]);
        self.echo.set_indices(&EchoIndices {
            head: index(tail, echo.head),
            commit: index(tail, echo.commit),
            mark: index(tail, echo.mark),
            tail,
        });
        self.echo.write_front(&echo.buf);
    }

    /// The smallest tail at `position` from which none of `distances` leads below 0.
    fn tail_at(&self, position: u32, distances: [i64; 4]) -> usize {
        let back = distances.iter().fold(0, |most, d| d.saturating_neg().max(most));
        let back = usize::try_from(back).unwrap_or(usize::MAX / 2);
        let short = back.saturating_sub(position as usize);
        position as usize + short.next_multiple_of(self.size())
    }
}

/// The ghost learns what is in the read buffer. Where the kernel's own rules leave it in doubt what
/// readers will get, so does it.
fn tell(ghost: &Ghost, s: &NTtyState) {
    let stored = usize::try_from(s.read_head);
    match stored.ok().and_then(|n| s.unread.get(..n)) {
        Some(bytes) if bytes.len() == s.unread.len() => {
            ghost.injected();
            ghost.moved(bytes);
        }
        _ => ghost.lost_track(),
    }
}

fn bits(s: &NTtyState) -> usize {
    [
        (s.lnext, Bit::Lnext),
        (s.erasing, Bit::Erasing),
        (s.raw, Bit::Raw),
        (s.real_raw, Bit::RealRaw),
        (s.icanon, Bit::Icanon),
        (s.push, Bit::Push),
    ]
    .into_iter()
    .fold(0, |bits, (on, bit)| if on { bits | bit as usize } else { bits })
}

/// A masked index. No geometry has larger ones.
fn position(masked: usize) -> u32 {
    u32::try_from(masked).unwrap_or(u32::MAX)
}

const fn distance(tail: usize, index: usize) -> i64 {
    index.wrapping_sub(tail).cast_signed() as i64
}

fn index(tail: usize, distance: i64) -> usize {
    tail.wrapping_add_signed(isize::try_from(distance).unwrap_or(0))
}
