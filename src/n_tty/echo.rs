// SPDX-License-Identifier: GPL-2.0-only
//! The echo buffer: what the line discipline itself has to say, on its way to the driver.
//!
//! # Data flow
//! ```text
//! receive -> echo_buf[echo_head] -> commit_echoes: echo_mark, now and then echo_commit
//!            process_echoes, flush_echoes: echo_commit -> echo_buf[echo_tail] -> pty_write
//! ```
//! Bytes stand for themselves, except [`ECHO_OP_START`], which begins an operation: a move of the
//! cursor, or a control character to be shown as `^X`.
//!
//! # Lock order
//! `termios_rwsem` for read > `output_lock` > the link's `port->lock`.
//!
//! # Who may touch what
//! | field | written by | read by |
//! |---|---|---|
//! | `echo_head`, the bytes behind it | the producer; `isig` | the producer |
//! | `echo_mark`, `echo_commit`, `echo_tail` | under `output_lock` | and without it, for a guess |
//! | the bytes below `echo_commit` | nobody | under `output_lock` |
//!
//! # Invariants
//! - `echo_tail <= echo_commit <= echo_head`, and what is below `echo_commit` was stored before it:
//!   by the same thread, or before its `commit_echoes` let go of `output_lock`.
//! - An operation is done whole or not at all.
//!
//! # Deviations
//! 1. The two watermarks scale with the read buffer: 256 and 256 + 32 of 4096 bytes, at least 1.
//! 2. `flush_chars` is left out: a pty has none.
//! 3. What `output_lock` keeps others from changing is loaded once, not once a character.
//! 4. Natively, characters that are output as they are reach the driver under one hold of its lock,
//!    into the same buffers as one by one; the work is queued once.

use super::ctype::iscntrl;
use super::output::OutputModes;
use crate::machine::Variant;
use crate::sync::{
    Any, AtomicUsize, Fresh, Lane, Name, Ordering, RaceBytes, RaceCell, Runtime, Site, fence,
};
use crate::termios::oflag;
use crate::tty_struct::TtyStruct;

/// Begins an operation; twice, it is the character 0xff.
pub const ECHO_OP_START: u8 = 0xff;
/// The cursor moves back a column without a character.
pub const ECHO_OP_MOVE_BACK_COL: u8 = 0x80;
/// The line being typed starts here.
pub const ECHO_OP_SET_CANON_COL: u8 = 0x81;
/// A TAB is taken back; the next byte says what was in front of it.
pub const ECHO_OP_ERASE_TAB: u8 = 0x82;

/// In the operand of [`ECHO_OP_ERASE_TAB`]: counted from another TAB, not from the line's start.
const AFTER_TAB: u8 = 0x80;

/// The most echoes that are looked at at once: as many as are output at once.
const RUN: usize = 256;

/// `echo_buf` and its indices.
#[derive(Debug)]
#[repr(C)]
pub struct Echo<L: Lane = Any> {
    rt: Runtime,
    /// `echo_buf`: as large as `read_buf`, and as circular.
    buf: RaceBytes<L>,
    /// `echo_head`: where the next byte goes. The producer's.
    head: RaceCell<usize, L>,
    /// `echo_commit`: up to where it may be output.
    commit: AtomicUsize<L>,
    /// `echo_mark`: up to where `process_echoes` may commit.
    mark: AtomicUsize<L>,
    /// `echo_tail`: up to where it was output.
    tail: AtomicUsize<L>,
    mask: usize,
}

/// The four indices at once, for a checkpoint.
pub(super) struct EchoIndices {
    pub(super) head: usize,
    pub(super) commit: usize,
    pub(super) mark: usize,
    pub(super) tail: usize,
}

/// What became of an operation.
enum Step {
    /// It took so many bytes of the echo buffer and left so much room.
    Done { bytes: usize, space: usize },
    /// The driver has no room for it.
    NoSpace,
    /// Its end is not there yet.
    NotStored,
}

impl Echo {
    /// The bytes of an operation without an operand.
    pub(super) const OP_LEN: usize = 2;

    pub(super) fn new(rt: Runtime, scope: &'static str, n: usize) -> Self {
        let word = |field| AtomicUsize::new(rt, Name::new(scope, field), 0);
        Self {
            rt,
            buf: RaceBytes::new(rt, Name::new(scope, "echo_buf"), n, Fresh::Zeroed),
            head: RaceCell::new(rt, Name::new(scope, "echo_head"), 0),
            commit: word("echo_commit"),
            mark: word("echo_mark"),
            tail: word("echo_tail"),
            mask: n - 1,
        }
    }

    /// Whether `echo_char` makes an operation of `c`, not counting [`ECHO_OP_START`] itself.
    pub(super) const fn is_op(c: u8, echoctl: bool) -> bool {
        c != ECHO_OP_START && echoctl && iscntrl(c) && c != b'\t'
    }
}

impl<L: Lane> Echo<L> {
    /// `echo_tail`: up to where echoes were output.
    #[inline]
    pub fn echo_tail(&self, site: Site) -> usize {
        self.tail.load(site, Ordering::Relaxed)
    }

    /// `echo_commit`: up to where they may be.
    #[inline]
    pub fn echo_commit(&self, site: Site) -> usize {
        self.commit.load(site, Ordering::Relaxed)
    }

    /// `echo_mark`: up to where the next writer commits them.
    #[inline]
    pub fn echo_mark(&self, site: Site) -> usize {
        self.mark.load(site, Ordering::Relaxed)
    }

    /// `echo_head`: up to where they are stored.
    ///
    /// # Locking
    /// The producer, or `termios_rwsem` held for write.
    #[inline]
    pub fn echo_head(&self, site: Site) -> usize {
        self.head.get(site)
    }

    /// `echo_buf(ldata, i)`.
    ///
    /// # Locking
    /// `output_lock` held.
    #[inline]
    pub fn echo_buf(&self, site: Site, i: usize) -> u8 {
        // smp_rmb: pairs with the smp_wmb in add_echo_byte.
        fence(L::rt(self.rt), "echo_buf.smp_rmb", Ordering::Acquire);
        self.buf.get(site, i & self.mask)
    }

    /// Where everything is.
    ///
    /// # Locking
    /// Producers and outputs kept out; see `state.rs`.
    pub(super) fn indices(&self) -> EchoIndices {
        EchoIndices {
            head: self.head.get("n_tty_save.echo_head"),
            commit: self.echo_commit("n_tty_save.echo_commit"),
            mark: self.echo_mark("n_tty_save.echo_mark"),
            tail: self.echo_tail("n_tty_save.echo_tail"),
        }
    }

    /// Puts everything there.
    ///
    /// # Locking
    /// As [`Echo::indices`].
    pub(super) fn set_indices(&self, at: &EchoIndices) {
        self.head.set("n_tty_restore.echo_head", at.head);
        self.commit.store("n_tty_restore.echo_commit", at.commit, Ordering::Relaxed);
        self.mark.store("n_tty_restore.echo_mark", at.mark, Ordering::Relaxed);
        self.tail.store("n_tty_restore.echo_tail", at.tail, Ordering::Relaxed);
    }

    /// Copies the whole buffer, as large as `to`.
    ///
    /// # Locking
    /// As [`Echo::indices`].
    pub(super) fn copy_all(&self, to: &mut [u8]) {
        self.buf.read("n_tty_save.echo_buf", 0, to);
    }

    /// Overwrites its front.
    ///
    /// # Locking
    /// As [`Echo::indices`].
    pub(super) fn write_front(&self, from: &[u8]) {
        self.buf.write("n_tty_restore.echo_buf", 0, from);
    }

    /// Forgets everything, as `isig` does.
    ///
    /// # Locking
    /// `output_lock`, and `termios_rwsem` for write; or `ldisc_sem` for write.
    pub(super) fn clear(&self) {
        self.tail.store("isig.echo_tail", 0, Ordering::Relaxed);
        self.head.set("isig.echo_head", 0);
        self.commit.store("isig.echo_commit", 0, Ordering::Relaxed);
        self.mark.store("isig.echo_mark", 0, Ordering::Relaxed);
    }

    /// `ECHO_COMMIT_WATERMARK` and `ECHO_BLOCK`.
    #[inline]
    fn block(&self) -> usize {
        (self.buf.len() / 16).max(1)
    }

    /// `ECHO_DISCARD_WATERMARK`.
    fn discard_watermark(&self) -> usize {
        self.buf.len() - self.block() - self.buf.len() / 128
    }

    /// How many more bytes, after `first`, until `commit_echoes` outputs a block. A guess without
    /// the lock: if it is wrong, a block is output later.
    #[inline]
    pub(super) fn until_commit(&self, first: usize) -> usize {
        let tail = self.echo_tail("commit_echoes.echo_tail");
        let old = self.echo_commit("commit_echoes.echo_commit").wrapping_sub(tail);
        let stored = self.echo_head("commit_echoes.echo_head").wrapping_sub(tail);
        let (block, next) = (self.block(), stored.wrapping_add(first).wrapping_add(1));
        if next >= block && next % block <= old % block { 1 } else { block - next % block + 1 }
    }

    /// `add_echo_byte`, for all of `chars`.
    #[inline]
    fn add_echo_bytes(&self, chars: &[u8]) {
        let head = self.head.get("add_echo_byte.echo_head");
        let at = head & self.mask;
        if let [c] = chars {
            self.buf.set("add_echo_byte.echo_buf", at, *c);
        } else {
            let (straight, wrapped) = chars.split_at(chars.len().min(self.buf.len() - at));
            self.buf.write("add_echo_byte.echo_buf", at, straight);
            if !wrapped.is_empty() {
                self.buf.write("add_echo_byte.echo_buf", 0, wrapped);
            }
        }
        // smp_wmb: pairs with the smp_rmb in echo_buf.
        fence(L::rt(self.rt), "add_echo_byte.smp_wmb", Ordering::Release);
        self.head.set("add_echo_byte.echo_head_inc", head.wrapping_add(chars.len()));
    }

    #[inline]
    fn add_echo_byte(&self, c: u8) {
        self.add_echo_bytes(&[c]);
    }

    fn add_op(&self, op: u8) {
        self.add_echo_byte(ECHO_OP_START);
        self.add_echo_byte(op);
    }

    /// `echo_move_back_col`.
    pub(super) fn echo_move_back_col(&self) {
        self.add_op(ECHO_OP_MOVE_BACK_COL);
    }

    /// `echo_set_canon_col`.
    pub(super) fn echo_set_canon_col(&self) {
        self.add_op(ECHO_OP_SET_CANON_COL);
    }

    /// `echo_erase_tab`: in front of the TAB are `num_chars` columns since another TAB, or since
    /// the line's start.
    pub(super) fn echo_erase_tab(&self, num_chars: usize, after_tab: bool) {
        self.add_op(ECHO_OP_ERASE_TAB);
        let [low, ..] = num_chars.to_le_bytes();
        self.add_echo_byte(low & 7 | if after_tab { AFTER_TAB } else { 0 });
    }

    /// `echo_char_raw`: `c` as it is.
    pub(super) fn echo_char_raw(&self, c: u8) {
        if c == ECHO_OP_START {
            self.add_op(ECHO_OP_START);
        } else {
            self.add_echo_byte(c);
        }
    }

    /// `echo_char`: with `echoctl`, a control character as `^X`.
    pub(super) fn echo_char(&self, c: u8, echoctl: bool) {
        if Echo::is_op(c, echoctl) {
            self.add_op(c);
        } else {
            self.echo_char_raw(c);
        }
    }

    /// `echo_char`, for characters that stand for themselves.
    pub(super) fn echo_plain(&self, chars: &[u8]) {
        self.add_echo_bytes(chars);
    }
}

impl<L: Lane> TtyStruct<L> {
    /// `process_echoes`: outputs what is marked.
    ///
    /// # Locking
    /// Takes `output_lock`, unless there seems to be nothing.
    pub(crate) fn process_echoes(&self, modes: OutputModes) {
        let echo = &self.disc_data.echo;
        // Without the lock: a writer that misses a mark leaves the echo to the worker.
        if echo.echo_mark("process_echoes.echo_mark") == echo.echo_tail("process_echoes.echo_tail")
        {
            return;
        }
        let _held = self.disc_data.output_lock.lock("process_echoes.output_lock");
        let mark = echo.echo_mark("process_echoes.echo_mark_locked");
        echo.commit.store("process_echoes.echo_commit", mark, Ordering::Relaxed);
        self.process_echoes_locked(modes);
    }

    /// `commit_echoes`: marks what is stored; outputs it once it is much.
    ///
    /// # Locking
    /// The producer. Takes `output_lock`.
    pub(super) fn commit_echoes(&self, modes: OutputModes) {
        let echo = &self.disc_data.echo;
        let block = echo.block();
        let _held = self.disc_data.output_lock.lock("commit_echoes.output_lock");
        let head = echo.echo_head("commit_echoes.echo_head");
        // Pairs with process_echoes by output_lock: whoever takes the mark over sees the bytes.
        echo.mark.store("commit_echoes.echo_mark", head, Ordering::Relaxed);
        let commit = echo.echo_commit("commit_echoes.echo_commit");
        let tail = echo.echo_tail("commit_echoes.echo_tail");
        let old = commit.wrapping_sub(tail);
        let nr = head.wrapping_sub(tail);
        // Again and again: each time another block has come together.
        if nr < block || nr % block > old % block {
            return;
        }
        echo.commit.store("commit_echoes.echo_commit_set", head, Ordering::Relaxed);
        self.process_echoes_locked(modes);
    }

    /// `flush_echoes`: outputs all there is, if echoing is on at all.
    ///
    /// # Locking
    /// The producer. Takes `output_lock`, unless there is nothing.
    pub(super) fn flush_echoes(&self, modes: OutputModes) {
        let echo = &self.disc_data.echo;
        let commit = echo.echo_commit("flush_echoes.echo_commit");
        if commit == echo.echo_head("flush_echoes.echo_head") {
            return;
        }
        let _held = self.disc_data.output_lock.lock("flush_echoes.output_lock");
        let head = echo.echo_head("flush_echoes.echo_head_locked");
        echo.commit.store("flush_echoes.echo_commit_set", head, Ordering::Relaxed);
        self.process_echoes_locked(modes);
    }

    /// `__process_echoes`: outputs what is committed, as far as the driver has room.
    ///
    /// # Locking
    /// `output_lock` held.
    fn process_echoes_locked(&self, modes: OutputModes) {
        let echo = &self.disc_data.echo;
        let mut space = self.pty_write_room();
        let mut tail = echo.echo_tail("__process_echoes.echo_tail");
        let commit = echo.echo_commit("__process_echoes.echo_commit");
        // Compared as positions, as in the kernel. Museum 16a: as they are.
        let mask = if self.variant.is(Variant::EchoReset) { usize::MAX } else { echo.mask };
        while commit & mask != tail & mask {
            let c = echo.echo_buf("__process_echoes.echo_buf", tail);
            let step = if c == ECHO_OP_START {
                self.n_tty_process_echo_ops(tail, commit, space)
            } else if let Some(step) = self.echo_run(tail, commit, modes, space) {
                step
            } else {
                self.echo_plain(c, modes, space)
            };
            match step {
                Step::Done { bytes, space: left } => {
                    tail = tail.wrapping_add(bytes);
                    space = left;
                }
                Step::NoSpace => break,
                Step::NotStored => {
                    echo.tail.store("__process_echoes.not_yet_stored", tail, Ordering::Relaxed);
                    return;
                }
            }
        }
        let tail = echo.discarded(tail, commit, self.variant.get());
        echo.tail.store("__process_echoes.echo_tail_set", tail, Ordering::Relaxed);
    }

    /// As many characters of the echo buffer as are output as they are, if that may be one batch
    /// (deviation 4).
    fn echo_run(
        &self,
        tail: usize,
        commit: usize,
        modes: OutputModes,
        space: usize,
    ) -> Option<Step> {
        if L::rt(self.rt).batch() == 1 {
            return None;
        }
        let echo = &self.disc_data.echo;
        let at = tail & echo.mask;
        // Up to where the positions meet, as in the caller's loop, though more may be committed.
        let n = space.min(RUN).min(commit.wrapping_sub(tail) & echo.mask).min(echo.buf.len() - at);
        echo.buf.lend("__process_echoes.echo_buf", at, n, |chars| {
            let run = modes.same_echoes(chars);
            self.output_run(&chars[..run], modes);
            (run > 0).then_some(Step::Done { bytes: run, space: space - run })
        })
    }

    /// A character of the echo buffer that stands for itself.
    fn echo_plain(&self, c: u8, modes: OutputModes, space: usize) -> Step {
        let used = if modes.o(oflag::OPOST) {
            self.do_output_char(c, modes, space)
        } else if space > 0 {
            self.tty_put_char(c);
            Some(1)
        } else {
            None
        };
        used.map_or(Step::NoSpace, |used| Step::Done { bytes: 1, space: space - used })
    }

    /// `n_tty_process_echo_ops`: the operation at `tail`.
    ///
    /// # Locking
    /// `output_lock` held.
    fn n_tty_process_echo_ops(&self, tail: usize, commit: usize, space: usize) -> Step {
        let echo = &self.disc_data.echo;
        let columns = &self.disc_data.columns;
        let ends_at = |at: usize| commit & echo.mask == at & echo.mask;
        let operand = tail.wrapping_add(1);
        // Museum 16b: whatever stands there is taken for it.
        if ends_at(operand) && !self.variant.is(Variant::HalfOperation) {
            return Step::NotStored;
        }
        let op = echo.echo_buf("n_tty_process_echo_ops.op", operand);
        let used = match op {
            ECHO_OP_ERASE_TAB => {
                let operand = tail.wrapping_add(2);
                if ends_at(operand) {
                    return Step::NotStored;
                }
                let num_chars = echo.echo_buf("n_tty_process_echo_ops.num_chars", operand);
                return self.output_erase_tab(num_chars, space);
            }
            ECHO_OP_SET_CANON_COL => {
                columns.set_canon_column(columns.column("n_tty_process_echo_ops.column"));
                0
            }
            ECHO_OP_MOVE_BACK_COL => {
                columns.back();
                0
            }
            ECHO_OP_START => {
                if space == 0 {
                    return Step::NoSpace;
                }
                self.tty_put_char(ECHO_OP_START);
                columns.forward(1);
                1
            }
            control => {
                if space < 2 {
                    return Step::NoSpace;
                }
                self.tty_put_char(b'^');
                self.tty_put_char(control ^ 0o100);
                columns.forward(2);
                2
            }
        };
        Step::Done { bytes: 2, space: space - used }
    }

    /// Goes back to where a TAB began: `num_chars` columns after a TAB, or after the line's start.
    fn output_erase_tab(&self, num_chars: u8, space: usize) -> Step {
        let columns = &self.disc_data.columns;
        let mut before = u32::from(num_chars);
        if num_chars & AFTER_TAB == 0 {
            let start = columns.canon_column("n_tty_process_echo_ops.canon_column");
            before = before.wrapping_add(start);
        }
        let num_bs = 8 - (before & 7) as usize;
        if num_bs > space {
            return Step::NoSpace;
        }
        for _ in 0..num_bs {
            self.tty_put_char(b'\x08');
            columns.back();
        }
        Step::Done { bytes: 3, space: space - num_bs }
    }
}

impl<L: Lane> Echo<L> {
    /// Where the tail is once so much is dropped that the next echoes fit.
    fn discarded(&self, mut tail: usize, commit: usize, variant: Variant) -> usize {
        // Museum 16a: a tail beyond commit is taken for one that is far behind.
        let beyond = variant.is(Variant::EchoReset);
        while (beyond || commit > tail) && commit.wrapping_sub(tail) >= self.discard_watermark() {
            let at = "__process_echoes.discard";
            tail += if self.echo_buf(at, tail) != ECHO_OP_START {
                1
            } else if self.echo_buf(at, tail + 1) == ECHO_OP_ERASE_TAB {
                3
            } else {
                2
            };
        }
        tail
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::Geometry;
    use crate::pty::{Pair, PairGhosts};
    use proptest::prelude::*;

    proptest! {
        /// One character at a time, by the rule of `commit_echoes`.
        #[test]
        fn a_batch_ends_where_a_block_is_output(
            n in prop_oneof![Just(4_usize), Just(64), Just(4096)],
            tail in 0..10_000_usize,
            committed in 0..5_000_usize,
            stored in 0..5_000_usize,
            first in 0..3_usize,
        ) {
            let echo = Echo::new(Runtime::Native, "slave", n);
            let head = tail + committed + stored;
            echo.set_indices(&EchoIndices { head, commit: tail + committed, mark: head, tail });
            let block = echo.block();
            let outputs = |more: &usize| {
                let nr = committed + stored + first + more;
                nr >= block && nr % block <= committed % block
            };
            prop_assert_eq!(Some(echo.until_commit(first)), (1..=block + 1).find(outputs));
        }
    }
    /// What makes it fast, which no answer shows: as many as may be are output at once.
    #[test]
    fn a_run_of_echoes_is_one_step() {
        let pair = Pair::new(Runtime::Native, &Geometry::LINUX, PairGhosts::default());
        let modes = OutputModes::of(&pair.slave.get_termios());
        pair.slave.disc_data.echo.echo_plain(b"abc\nd");
        let run = |commit, space| match pair.slave.echo_run(0, commit, modes, space) {
            Some(Step::Done { bytes, space }) => Some((bytes, space)),
            _ => None,
        };
        assert_eq!(
            [run(5, 100), run(2, 100), run(5, 2)],
            [Some((3, 97)), Some((2, 98)), Some((2, 0))]
        );
        assert_eq!([run(0, 100), run(5, 0)], [None, None]);
    }
}
