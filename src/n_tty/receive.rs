// SPDX-License-Identifier: GPL-2.0-only
//! The producer: `n_tty_receive_buf_common` and `__receive_buf`.
//!
//! # Data flow
//! Flip chain or `TIOCSTI` -> as much as there is room for -> `read_buf` -> `commit_head` (raw) or
//! `canon_head` (a line) -> readers are woken.
//!
//! # Lock order
//! `buf->lock` (the caller's) > `termios_rwsem` for read; `isig` trades that for the write side.
//!
//! # Invariants
//! - The ACQUIRE of `read_tail` pairs with the RELEASE of the consumer: bytes below it were copied
//!   out before they are overwritten.
//! - `no_room` is set before `read_tail` is looked at again, with a full barrier between, and the
//!   consumer does it the other way round: one of them sees the other and restarts the work
//!   (4903fde8047a).
//!
//! # Deviations
//! 1. `tty->closing` is left out: no pty sets it, a closed end receives like an open one.
//! 2. A store to `lookahead_count` that would not change it is left out.

use super::set_termios::CharMap;
use super::{Bit, CharsInBuffer, NTtyData, OutputModes};
use crate::machine::Variant;
use crate::sync::{Lane, Ordering, ReadGuard, fence};
use crate::termios::{Termios, cc, iflag, lflag};
use crate::tty_buffer::{TTY_BREAK, TTY_FRAME, TTY_NORMAL, TTY_PARITY};
use crate::tty_struct::{FlowChange, Signal, TTY_LDISC_CHANGING, TtyStruct};

/// Where input comes from, and whether it can be held back.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Source {
    /// The flip chain: what does not fit stays there.
    Flip,
    /// `TIOCSTI`: what does not fit is lost.
    Injected,
}

/// One run of the producer: holds `termios_rwsem` for read.
pub(super) struct Receiver<'a, L: Lane> {
    pub(super) tty: &'a TtyStruct<L>,
    pub(super) ld: &'a NTtyData<L>,
    /// As of when `sem` was taken.
    pub(super) termios: Termios,
    /// As of when `sem` was taken.
    pub(super) char_map: CharMap,
    /// `None` only inside [`Receiver::isig`].
    sem: Option<ReadGuard<'a, L>>,
}

/// How the room of one round was found.
struct Room {
    room: usize,
    /// A canonical line is too long: its last character is replaced.
    overflow: bool,
}

impl<L: Lane> TtyStruct<L> {
    /// `n_tty_receive_buf`: input that cannot be held back.
    ///
    /// # Locking
    /// The caller excludes the work: `tty_buffer_lock_exclusive`. Takes `termios_rwsem` for read.
    pub fn n_tty_receive_buf(&self, cp: &[u8], fp: Option<&[u8]>) -> usize {
        self.n_tty_receive_buf_common(cp, fp, Source::Injected)
    }

    /// `n_tty_receive_buf2`: input from the flip chain. Returns how much was taken.
    ///
    /// # Locking
    /// `buf->lock` held. Takes `termios_rwsem` for read.
    #[inline]
    pub(crate) fn n_tty_receive_buf2(&self, cp: &[u8], fp: Option<&[u8]>) -> usize {
        self.n_tty_receive_buf_common(cp, fp, Source::Flip)
    }

    /// `n_tty_receive_buf_common`.
    #[inline]
    fn n_tty_receive_buf_common(&self, cp: &[u8], fp: Option<&[u8]>, source: Source) -> usize {
        let mut rx = Receiver::new(self);
        let mut rcvd = 0;
        let overflow = loop {
            let Room { room, overflow } = rx.room(source);
            let n = room.min(cp.len() - rcvd);
            if n == 0 {
                break overflow;
            }
            let chars = &cp[rcvd..rcvd + n];
            let flags = fp.map(|fp| &fp[rcvd..rcvd + n]);
            match source {
                Source::Flip => self.ghost.received(chars),
                Source::Injected => self.ghost.injected(),
            }
            // Parity errors are ignored while a line overflows.
            if !overflow || flags.is_none_or(|f| f[0] != TTY_PARITY) {
                rx.receive_buf(chars, flags);
            }
            self.ghost.dealt();
            rcvd += n;
            if self.test_bit("n_tty_receive_buf_common.changing", TTY_LDISC_CHANGING) {
                break overflow;
            }
        };
        if overflow {
            self.unthrottle_overlong();
        }
        self.n_tty_check_throttle();
        rx.recheck_no_room();
        rcvd
    }

    /// A writer may sleep because the chain was full; the line will never be read alone.
    #[cold]
    #[inline(never)]
    fn unthrottle_overlong(&self) {
        self.tty_set_flow_change(FlowChange::UnthrottleSafe);
        self.tty_unthrottle_safe();
        self.flow_change.set("n_tty_receive_buf_common.flow_change", FlowChange::NoChange);
    }

    /// `n_tty_lookahead_flow_ctrl`: acts on flow control characters that wait behind a full
    /// buffer.
    ///
    /// # Locking
    /// `buf->lock` held; not `termios_rwsem`.
    pub(crate) fn n_tty_lookahead_flow_ctrl(&self, cp: &[u8], fp: Option<&[u8]>) {
        let count = &self.disc_data.lookahead_count;
        let at = "n_tty_lookahead_flow_ctrl.lookahead_count";
        let seen = count.load(at, Ordering::Relaxed);
        count.store(
            "n_tty_lookahead_flow_ctrl.lookahead_count_add",
            seen.wrapping_add(cp.len()),
            Ordering::Relaxed,
        );
        let t = self.lockless("n_tty_lookahead_flow_ctrl.termios");
        if !t.ixon {
            return;
        }
        for (i, &c) in cp.iter().enumerate() {
            if fp.is_none_or(|fp| fp[i] == TTY_NORMAL) {
                self.n_tty_receive_char_flow_ctrl(c, [t.start, t.stop], t.output, false);
            }
        }
    }

    /// `n_tty_receive_char_flow_ctrl`: whether `c` is a flow control character; acts on it unless
    /// lookahead already did.
    pub(super) fn n_tty_receive_char_flow_ctrl(
        &self,
        c: u8,
        [start, stop]: [u8; 2],
        modes: OutputModes,
        lookahead_done: bool,
    ) -> bool {
        if c != start && c != stop {
            return false;
        }
        if !lookahead_done {
            if c == start {
                self.start_tty();
                self.process_echoes(modes);
            } else {
                self.stop_tty();
            }
        }
        true
    }
}

impl<'a, L: Lane> Receiver<'a, L> {
    pub(super) fn new(tty: &'a TtyStruct<L>) -> Self {
        let sem = tty.termios_rwsem.down_read("n_tty_receive_buf_common.termios_rwsem");
        let ld = &tty.disc_data;
        Self {
            tty,
            ld,
            termios: tty.termios.get("n_tty_receive_buf_common.termios"),
            char_map: ld.char_map.get("n_tty_receive_buf_common.char_map"),
            sem: Some(sem),
        }
    }

    /// Whether `c` needs more than being stored.
    #[inline]
    pub(super) const fn special(&self, c: u8) -> bool {
        self.char_map.special.has(c)
    }

    /// The control character `which`.
    #[inline]
    pub(super) const fn cc(&self, which: usize) -> u8 {
        self.termios.cc[which]
    }

    /// What output and echoes look at.
    #[inline]
    pub(super) const fn modes(&self) -> OutputModes {
        OutputModes::of(&self.termios)
    }

    /// How many characters this round may take.
    #[inline]
    fn room(&self, source: Source) -> Room {
        let ld = self.ld;
        // Pairs with the RELEASE in the copy_from_read_buf functions: the consumer has copied
        // what is below, so it may be overwritten.
        let tail = ld.read_tail("n_tty_receive_buf_common.read_tail", Ordering::Acquire);
        let head = ld.read_head("n_tty_receive_buf_common.read_head");
        // Signed: with EXTPROC a reader may be one beyond read_head, for the byte that replaces the
        // last one of an overlong line is awaited, not there.
        let used = head.wrapping_sub(tail).cast_signed();
        let free = ld.size().cast_signed().wrapping_sub(used).max(0).cast_unsigned();
        // With PARMRK each character may take three places.
        // Museum T6: it is not counted.
        let counts = !self.tty.variant.is(Variant::ParmrkUncounted);
        let free = if counts && self.termios.i(iflag::PARMRK) { free.div_ceil(3) } else { free };
        // One place is kept for a newline, in case the mode changes to canonical.
        if free > 1 {
            return Room { room: free - 1, overflow: false };
        }
        let overflow = ld.bits.test("n_tty_receive_buf_common.icanon", Bit::Icanon)
            && ld.canon_head("n_tty_receive_buf_common.canon_head", Ordering::Relaxed) == tail;
        // Museum T4: read_head goes on, over what is unread.
        if overflow && free == 0 && !self.tty.variant.is(Variant::OverlongGrows) {
            ld.read_head.set("n_tty_receive_buf_common.read_head_dec", head.wrapping_sub(1));
            if self.termios.l(lflag::EXTPROC) {
                // It is published: a reader may have it until it is replaced, or behind its back.
                self.tty.ghost.lost_track();
            } else {
                self.tty.ghost.unqueued(1);
            }
        }
        // TIOCSTI, too, says that there is room (museum W2).
        if source == Source::Flip || !self.tty.variant.is(Variant::StiLeavesNoRoom) {
            let no_room = usize::from(source == Source::Flip && !overflow);
            ld.no_room.store("n_tty_receive_buf_common.no_room", no_room, Ordering::Relaxed);
        }
        Room { room: usize::from(overflow), overflow }
    }

    /// The end of a run: if the buffer was full, but a reader emptied it before it could see that,
    /// the work must be restarted here.
    #[inline]
    fn recheck_no_room(self) {
        let ld = self.ld;
        let at = "n_tty_receive_buf_common.no_room_recheck";
        if ld.no_room.load(at, Ordering::Relaxed) != 0 {
            // Pairs with the barrier before the last kick of n_tty_read: either the reader sees
            // no_room, or its read_tail is seen here.
            fence(L::rt(self.tty.rt), "n_tty_receive_buf_common.smp_mb", Ordering::SeqCst);
            let chars = ld.chars_in_buffer(&CharsInBuffer {
                icanon: "n_tty_receive_buf_common.recheck_icanon",
                canon_head: "n_tty_receive_buf_common.recheck_canon_head",
                commit_head: "n_tty_receive_buf_common.recheck_commit_head",
                read_tail: "n_tty_receive_buf_common.recheck_read_tail",
            });
            if chars == 0 || self.fixed_recheck() {
                self.tty.n_tty_kick_worker();
            }
        }
        drop(self.sem);
    }

    /// What the recheck overlooks, where a fix is tried: with EXTPROC `canon_head` says nothing
    /// (museum W9), and a buffer that was not emptied may still have room (museum W10).
    fn fixed_recheck(&self) -> bool {
        let tail = || self.ld.read_tail("n_tty_receive_buf_common.fixed_tail", Ordering::Relaxed);
        let head = self.ld.read_head("n_tty_receive_buf_common.fixed_head");
        match self.tty.variant.get() {
            Variant::RecheckExtproc => self.termios.l(lflag::EXTPROC) && head == tail(),
            Variant::RecheckRoom => head.wrapping_sub(tail()) < self.ld.size() - 1,
            _ => false,
        }
    }

    /// `__receive_buf`: one round, by the path that the settings ask for.
    #[inline]
    fn receive_buf(&mut self, cp: &[u8], fp: Option<&[u8]>) {
        let count = &self.ld.lookahead_count;
        let la_count = count.load("receive_buf.lookahead_count", Ordering::Relaxed).min(cp.len());
        let extproc = self.termios.l(lflag::EXTPROC);
        let bits = self.ld.bits.load("receive_buf.raw");
        if bits & Bit::RealRaw as usize != 0 {
            self.n_tty_receive_buf_real_raw(cp);
        } else if bits & Bit::Raw as usize != 0 || (extproc && !self.preops()) {
            self.n_tty_receive_buf_raw(cp, fp);
        } else {
            let (seen, unseen) = cp.split_at(la_count);
            let flags = fp.map(|fp| fp.split_at(la_count));
            self.n_tty_receive_buf_standard(seen, flags.map(|f| f.0), true);
            // Museum 10: as many characters, but from the front again.
            let again = self.tty.variant.is(Variant::NotAdvanced);
            let unseen = if again { &cp[..unseen.len()] } else { unseen };
            self.n_tty_receive_buf_standard(unseen, flags.map(|f| f.1), false);
            if self.termios.l(lflag::ECHO | lflag::ECHONL) {
                self.tty.flush_echoes(self.modes());
            }
        }
        if la_count > 0 {
            let count = &self.ld.lookahead_count;
            let now = count.load("receive_buf.lookahead_count_again", Ordering::Relaxed);
            // Wraps if a signal zeroed it meanwhile (museum W5a).
            let left = if self.tty.variant.is(Variant::CountSaturates) {
                now.saturating_sub(la_count)
            } else {
                now.wrapping_sub(la_count)
            };
            count.store("receive_buf.lookahead_count_sub", left, Ordering::Relaxed);
        }
        if self.ld.bits.test("receive_buf.icanon", Bit::Icanon) && !extproc {
            return;
        }
        self.publish_commit_head();
    }

    /// Raw input becomes readable.
    #[inline]
    fn publish_commit_head(&self) {
        let head = self.ld.read_head("receive_buf.read_head");
        // Pairs with the ACQUIRE in copy_from_read_buf: the reader sees the bytes.
        self.ld.commit_head.store("receive_buf.commit_head", head, Ordering::Release);
        let tail = self.ld.read_tail("receive_buf.read_tail", Ordering::Relaxed);
        if head != tail {
            self.tty.wake_readers("receive_buf.read_wait");
        }
    }

    /// Whether characters change before anything looks at them.
    pub(super) const fn preops(&self) -> bool {
        self.termios.i(iflag::ISTRIP)
            || (self.termios.i(iflag::IUCLC) && self.termios.l(lflag::IEXTEN))
    }

    /// `n_tty_receive_buf_real_raw`.
    #[inline]
    fn n_tty_receive_buf_real_raw(&self, cp: &[u8]) {
        // Museum 11a: the reader may have them before they are there.
        if self.tty.variant.is(Variant::PublishedFirst) {
            let head = self.ld.read_head("receive_buf.read_head_early").wrapping_add(cp.len());
            self.ld.commit_head.store("receive_buf.commit_head_early", head, Ordering::Release);
        }
        self.put_all(cp);
    }

    /// `n_tty_receive_buf_raw`: only flag bytes matter.
    fn n_tty_receive_buf_raw(&mut self, cp: &[u8], fp: Option<&[u8]>) {
        let Some(fp) = fp else {
            return self.put_all(cp);
        };
        for (&c, &flag) in cp.iter().zip(fp) {
            self.tty.ghost.next_character();
            if flag == TTY_NORMAL {
                self.put_tty_queue(c);
            } else {
                self.n_tty_receive_char_flagged(c, flag);
            }
        }
    }

    /// `put_tty_queue` for many: the bytes, then `read_head`.
    #[inline(always)]
    pub(super) fn put_all(&self, cp: &[u8]) {
        let ld = self.ld;
        let head = ld.read_head("put_tty_queue.read_head_bulk");
        let at = ld.mask(head);
        let (straight, wrapped) = cp.split_at(cp.len().min(ld.size() - at));
        ld.read_buf.write("put_tty_queue.read_buf_bulk", at, straight);
        if !wrapped.is_empty() {
            // More than once round where the reader is beyond read_head (see `room`).
            for round in wrapped.chunks(ld.size()) {
                ld.read_buf.write("put_tty_queue.read_buf_wrapped", 0, round);
            }
        }
        ld.read_head.set("put_tty_queue.read_head_add", head.wrapping_add(cp.len()));
        self.ghost_overrun(head.wrapping_add(cp.len()));
        self.tty.ghost.moved(cp);
    }

    /// `put_tty_queue`: one byte, then `read_head`. Not visible to readers yet.
    #[inline(always)]
    pub(super) fn put_tty_queue(&self, c: u8) {
        let ld = self.ld;
        let head = ld.read_head("put_tty_queue.read_head");
        ld.read_buf.set("put_tty_queue.read_buf", ld.mask(head), c);
        ld.read_head.set("put_tty_queue.read_head_inc", head.wrapping_add(1));
        self.ghost_overrun(head.wrapping_add(1));
        self.tty.ghost.queued(c);
    }

    /// With `PARMRK` the last character of an overlong line can take two places where there is one,
    /// and the second is that of the oldest unread byte.
    #[inline]
    fn ghost_overrun(&self, head: usize) {
        let ld = self.ld;
        if self.termios.i(iflag::PARMRK) && head.wrapping_sub(ld.read_tail.observe()) > ld.size() {
            self.tty.ghost.lost_track();
        }
    }

    /// `n_tty_receive_char_flagged`: breaks, errors and overruns.
    pub(super) fn n_tty_receive_char_flagged(&mut self, c: u8, flag: u8) {
        match flag {
            TTY_BREAK => self.n_tty_receive_break(),
            TTY_PARITY | TTY_FRAME => self.n_tty_receive_parity_error(c),
            // TTY_OVERRUN the kernel only counts and logs, an unknown flag it only logs.
            _ => {}
        }
    }

    /// `n_tty_receive_break`.
    fn n_tty_receive_break(&mut self) {
        if self.termios.i(iflag::IGNBRK) {
            return;
        }
        if self.termios.i(iflag::BRKINT) {
            return self.isig(Signal::SIGINT);
        }
        if self.termios.i(iflag::PARMRK) {
            self.put_tty_queue(0xff);
            self.put_tty_queue(0);
        }
        self.put_tty_queue(0);
    }

    /// `n_tty_receive_parity_error`.
    fn n_tty_receive_parity_error(&self, c: u8) {
        let t = &self.termios;
        if !t.i(iflag::INPCK) {
            self.put_tty_queue(c);
        } else if t.i(iflag::IGNPAR) {
        } else if t.i(iflag::PARMRK) {
            self.put_tty_queue(0xff);
            self.put_tty_queue(0);
            self.put_tty_queue(c);
        } else {
            self.put_tty_queue(0);
        }
    }
}

impl<L: Lane> Receiver<'_, L> {
    /// `isig`: sends the signal; unless `NOFLSH`, forgets all input and what this end has written
    /// but the link has not received.
    ///
    /// # Locking
    /// Trades `termios_rwsem` held for read for the write side, and back: whatever was known of
    /// the settings and indices is out of date afterwards.
    pub(super) fn isig(&mut self, signal: Signal) {
        let tty = self.tty;
        if self.termios.l(lflag::NOFLSH) {
            tty.kill_pgrp(signal);
            return;
        }
        // Museum T9: whoever gets it may write before the output is dropped.
        let early = tty.variant.is(Variant::SignalUnlocked);
        if early {
            tty.kill_pgrp(signal);
        }
        self.sem = None;
        // Museum T8: writers go on while output is dropped.
        if tty.variant.is(Variant::FlushUnlocked) {
            tty.n_tty_flush_buffer();
            tty.pty_flush_buffer();
            tty.kill_pgrp(signal);
        } else {
            self.flush_exclusively((!early).then_some(signal));
        }
        self.sem = Some(tty.termios_rwsem.down_read("isig.termios_rwsem_read"));
        self.termios = tty.termios.get("isig.termios");
        self.char_map = self.ld.char_map.get("isig.char_map");
    }

    /// The part of `isig` that keeps readers and writers out: sends `signal`, and forgets everything.
    fn flush_exclusively(&self, signal: Option<Signal>) {
        let tty = self.tty;
        let _exclusive = tty.termios_rwsem.down_write("isig.termios_rwsem_write");
        if let Some(signal) = signal {
            tty.kill_pgrp(signal);
        }
        {
            let _output = self.ld.output_lock.lock("isig.output_lock");
            self.ld.echo.clear();
        }
        tty.pty_flush_buffer();
        tty.reset_buffer_flags();
        tty.n_tty_packet_mode_flush();
    }

    /// `n_tty_receive_signal_char`.
    pub(super) fn n_tty_receive_signal_char(&mut self, signal: Signal, c: u8) {
        self.isig(signal);
        if self.termios.i(iflag::IXON) {
            self.tty.start_tty();
        }
        if self.echo_on() {
            self.echo_char(c);
            self.commit_echoes();
        } else {
            self.tty.process_echoes(self.modes());
        }
    }

    /// The signal that `c` stands for.
    #[inline]
    pub(super) fn signal_of(&self, c: u8) -> Option<Signal> {
        if !self.termios.l(lflag::ISIG) {
            return None;
        }
        [(cc::VINTR, Signal::SIGINT), (cc::VQUIT, Signal::SIGQUIT), (cc::VSUSP, Signal::SIGTSTP)]
            .into_iter()
            .find(|(which, _)| self.cc(*which) == c)
            .map(|(_, signal)| signal)
    }
}
