// SPDX-License-Identifier: GPL-2.0-only
//! The standard path of the producer: each character may mean something.
//!
//! # Data flow
//! literal? -> flagged? -> stripped, lowered -> flow control -> signal -> CR/NL -> line editing ->
//! echo buffer and `read_buf`; the end of a line publishes `canon_head`.
//!
//! # Deviations
//! 1. A run of characters that mean nothing and have no flags is stored in one go, and `lnext` is
//!    looked at once, at its start. If a reader's write of `push` brings a stale `lnext` back in the
//!    middle of it (museum W6), the kernel spends it on a character that it does not change; here it
//!    waits for the next one. Both orders exist in the kernel.
//! 2. Natively a run that is echoed is echoed in one go as well, up to where the kernel would
//!    output the block of echoes ([`Echo::until_commit`]): other writers see its mark at its end.
//!
//! [`Echo::until_commit`]: super::Echo::until_commit

use super::ctype::tolower;
use super::{Bit, Echo, NTtyData, receive::Receiver};
use crate::sync::{Lane, Ordering};
use crate::termios::{DISABLED_CHAR, cc, iflag, lflag};
use crate::tty_buffer::TTY_NORMAL;

impl<L: Lane> Receiver<'_, L> {
    /// `n_tty_receive_buf_standard`.
    pub(super) fn n_tty_receive_buf_standard(
        &mut self,
        cp: &[u8],
        fp: Option<&[u8]>,
        lookahead_done: bool,
    ) {
        let mut at = 0;
        while at < cp.len() {
            let flag = fp.map_or(TTY_NORMAL, |fp| fp[at]);
            if self.ld.bits.test("n_tty_receive_buf_standard.lnext", Bit::Lnext) {
                self.tty.ghost.next_character();
                self.n_tty_receive_char_lnext(cp[at], flag);
            } else if flag != TTY_NORMAL {
                self.tty.ghost.next_character();
                self.n_tty_receive_char_flagged(cp[at], flag);
            } else {
                let run = if fp.is_some() { 0 } else { self.plain_run(&cp[at..]) };
                if run > 0 {
                    let chars = &cp[at..at + run];
                    self.echo_run(chars);
                    self.put_all(chars);
                    at += run;
                    continue;
                }
                self.tty.ghost.next_character();
                self.receive_one(cp[at], lookahead_done);
            }
            at += 1;
        }
    }

    /// How many characters from the first on only have to be stored, and echoed if anything is.
    /// One that is echoed takes steps of its own, and so counts only where many may be one batch.
    #[inline]
    fn plain_run(&self, cp: &[u8]) -> usize {
        let most = match (self.echo_on(), L::rt(self.tty.rt).batch()) {
            (false, _) => cp.len(),
            (true, 1) => return 0,
            (true, batch) => cp.len().min(batch).min(self.echo_room()),
        };
        self.char_map.ends_run.prefix(&cp[..most])
    }

    /// How many characters can be echoed before a block of echoes is full.
    fn echo_room(&self) -> usize {
        let line_start = if self.starts_line() { Echo::OP_LEN } else { 0 };
        self.ld.echo.until_commit(line_start)
    }

    /// One character without a flag that is not literal.
    #[inline]
    fn receive_one(&mut self, c: u8, lookahead_done: bool) {
        let c = self.preprocessed(c);
        if self.termios.l(lflag::EXTPROC) {
            self.put_tty_queue(c);
        } else if self.special(c) {
            self.n_tty_receive_char_special(c, lookahead_done);
        } else {
            self.n_tty_receive_char(c);
        }
    }

    /// `ISTRIP`, `IUCLC`.
    #[inline]
    const fn preprocessed(&self, c: u8) -> u8 {
        let t = &self.termios;
        let c = if t.i(iflag::ISTRIP) { c & 0x7f } else { c };
        if t.i(iflag::IUCLC) && t.l(lflag::IEXTEN) { tolower(c) } else { c }
    }

    /// `n_tty_receive_char_lnext`: a character after `VLNEXT` is only a character.
    fn n_tty_receive_char_lnext(&mut self, c: u8, flag: u8) {
        self.ld.bits.assign(
            ["n_tty_receive_char_lnext.lnext_load", "n_tty_receive_char_lnext.lnext"],
            Bit::Lnext,
            false,
        );
        if flag == TTY_NORMAL {
            self.n_tty_receive_char(self.preprocessed(c));
        } else {
            self.n_tty_receive_char_flagged(c, flag);
        }
    }

    /// `n_tty_receive_char`: echoes and stores it.
    fn n_tty_receive_char(&self, c: u8) {
        self.restart_on_any_char();
        self.echo(|ld| ld.echo.echo_char(c, self.termios.l(lflag::ECHOCTL)));
        self.put_doubled(c);
    }

    /// The echo of a [`Receiver::plain_run`].
    #[inline]
    fn echo_run(&self, chars: &[u8]) {
        self.echo(|ld| ld.echo.echo_plain(chars));
    }

    /// The echo of what makes the line longer.
    #[inline]
    fn echo(&self, echo: impl FnOnce(&NTtyData<L>)) {
        if self.echo_on() {
            self.finish_erasing();
            self.mark_line_start();
            echo(self.ld);
            self.commit_echoes();
        }
    }

    /// `L_ECHO`.
    pub(super) const fn echo_on(&self) -> bool {
        self.termios.l(lflag::ECHO)
    }

    /// `echo_char`, with `ECHOCTL` as it is set.
    pub(super) fn echo_char(&self, c: u8) {
        self.ld.echo.echo_char(c, self.termios.l(lflag::ECHOCTL));
    }

    /// Echoes `c`; the first of a line also says where the line starts.
    fn echo_first_and(&self, c: u8) {
        self.mark_line_start();
        self.echo_char(c);
    }

    #[inline]
    fn mark_line_start(&self) {
        if self.starts_line() {
            self.ld.echo.echo_set_canon_col();
        }
    }

    /// Whether the line being typed is empty.
    #[inline]
    fn starts_line(&self) -> bool {
        let ld = self.ld;
        ld.canon_head("echo_set_canon_col.canon_head", Ordering::Relaxed)
            == ld.read_head("echo_set_canon_col.read_head")
    }

    /// `finish_erasing`: closes what `ECHOPRT` has opened.
    #[inline]
    pub(super) fn finish_erasing(&self) {
        let ld = self.ld;
        if ld.bits.test("finish_erasing.erasing_test", Bit::Erasing) {
            ld.echo.echo_char_raw(b'/');
            ld.bits.assign(
                ["finish_erasing.erasing_load", "finish_erasing.erasing"],
                Bit::Erasing,
                false,
            );
        }
    }

    /// `commit_echoes`.
    pub(super) fn commit_echoes(&self) {
        self.tty.commit_echoes(self.modes());
    }

    /// `n_tty_receive_char_special`: a character in `char_map`.
    #[inline]
    fn n_tty_receive_char_special(&mut self, c: u8, lookahead_done: bool) {
        let chars = [self.cc(cc::VSTART), self.cc(cc::VSTOP)];
        if self.termios.i(iflag::IXON)
            && self.tty.n_tty_receive_char_flow_ctrl(c, chars, self.modes(), lookahead_done)
        {
            return;
        }
        if let Some(signal) = self.signal_of(c) {
            return self.n_tty_receive_signal_char(signal, c);
        }
        self.restart_on_any_char();
        let Some(c) = self.translated(c) else {
            return;
        };
        let icanon = self.ld.bits.test("n_tty_receive_char_special.icanon", Bit::Icanon);
        if icanon && self.n_tty_receive_char_canon(c) {
            return;
        }
        if self.echo_on() {
            self.finish_erasing();
            if c == b'\n' {
                self.ld.echo.echo_char_raw(c);
            } else {
                self.echo_first_and(c);
            }
            self.commit_echoes();
        }
        self.put_doubled(c);
    }

    /// `IXANY`: any character starts output again.
    #[inline]
    fn restart_on_any_char(&self) {
        let t = &self.termios;
        if t.i(iflag::IXON)
            && t.i(iflag::IXANY)
            && self.tty.stopped("n_tty_receive_char.stopped")
            && !self.tty.tco_stopped()
        {
            self.tty.start_tty();
            self.tty.process_echoes(self.modes());
        }
    }

    /// `IGNCR`, `ICRNL`, `INLCR`: what is left of a CR or NL.
    #[inline]
    const fn translated(&self, c: u8) -> Option<u8> {
        let t = &self.termios;
        match c {
            b'\r' if t.i(iflag::IGNCR) => None,
            b'\r' if t.i(iflag::ICRNL) => Some(b'\n'),
            b'\n' if t.i(iflag::INLCR) => Some(b'\r'),
            _ => Some(c),
        }
    }

    /// `n_tty_receive_char_canon`: line editing; whether `c` was used up.
    #[inline]
    fn n_tty_receive_char_canon(&self, c: u8) -> bool {
        let t = &self.termios;
        let iexten = t.l(lflag::IEXTEN);
        if c == self.cc(cc::VERASE)
            || c == self.cc(cc::VKILL)
            || (c == self.cc(cc::VWERASE) && iexten)
        {
            self.eraser(c);
            self.commit_echoes();
        } else if c == self.cc(cc::VLNEXT) && iexten {
            self.take_next_literally();
        } else if c == self.cc(cc::VREPRINT) && self.echo_on() && iexten {
            self.reprint(c);
        } else if c == b'\n' {
            if t.l(lflag::ECHO | lflag::ECHONL) {
                self.ld.echo.echo_char_raw(c);
                self.commit_echoes();
            }
            self.n_tty_receive_handle_newline(c);
        } else if c == self.cc(cc::VEOF) {
            self.n_tty_receive_handle_newline(DISABLED_CHAR);
        } else if c == self.cc(cc::VEOL) || (c == self.cc(cc::VEOL2) && iexten) {
            if self.echo_on() {
                self.echo_first_and(c);
                self.commit_echoes();
            }
            if c == 0xff && t.i(iflag::PARMRK) {
                self.put_tty_queue(c);
            }
            self.n_tty_receive_handle_newline(c);
        } else {
            return false;
        }
        true
    }

    /// LNEXT: with `ECHOCTL` a `^` stands where the next character will.
    fn take_next_literally(&self) {
        let ld = self.ld;
        ld.bits.assign(
            ["n_tty_receive_char_canon.lnext_load", "n_tty_receive_char_canon.lnext"],
            Bit::Lnext,
            true,
        );
        if self.echo_on() {
            self.finish_erasing();
            if self.termios.l(lflag::ECHOCTL) {
                b"^\x08".iter().for_each(|&c| ld.echo.echo_char_raw(c));
                self.commit_echoes();
            }
        }
    }

    /// REPRINT: the unfinished line once more.
    fn reprint(&self, c: u8) {
        let ld = self.ld;
        let mut tail = ld.canon_head("n_tty_receive_char_canon.canon_head", Ordering::Relaxed);
        let head = ld.read_head("n_tty_receive_char_canon.read_head");
        self.finish_erasing();
        self.echo_char(c);
        ld.echo.echo_char_raw(b'\n');
        // Compared as positions, as in the kernel.
        while ld.mask(tail) != ld.mask(head) {
            self.echo_char(ld.read_buf("n_tty_receive_char_canon.read_buf", tail));
            tail = tail.wrapping_add(1);
        }
        self.commit_echoes();
    }

    /// `n_tty_receive_handle_newline`: marks the end of a line, stores it, publishes the line.
    #[inline(always)]
    fn n_tty_receive_handle_newline(&self, c: u8) {
        let ld = self.ld;
        let head = ld.read_head("n_tty_receive_handle_newline.read_head");
        ld.read_flags.set_bit("n_tty_receive_handle_newline.read_flags", ld.mask(head));
        self.put_tty_queue(c);
        // Pairs with the ACQUIRE in canon_copy_from_read_buf: the reader sees bytes and marks.
        ld.canon_head.store(
            "n_tty_receive_handle_newline.canon_head",
            head.wrapping_add(1),
            Ordering::Release,
        );
        self.tty.wake_readers("n_tty_receive_handle_newline.read_wait");
    }

    /// Stores `c`; with `PARMRK` a 0xff is doubled, to tell it from a mark.
    #[inline]
    fn put_doubled(&self, c: u8) {
        if c == 0xff && self.termios.i(iflag::PARMRK) {
            self.put_tty_queue(c);
        }
        self.put_tty_queue(c);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::Geometry;
    use crate::pty::{Pair, PairGhosts};
    use crate::sync::Runtime;

    /// What makes it fast, which no answer shows: a run is as long as it may be.
    #[test]
    fn a_run_goes_on_to_what_means_something_or_to_a_full_block_of_echoes() {
        let pair = Pair::new(Runtime::Native, &Geometry::LINUX, PairGhosts::default());
        let rx = Receiver::new(&*pair.slave);
        assert!(rx.echo_on());
        assert_eq!(
            [rx.plain_run(b"abc"), rx.plain_run(b"abc\nd"), rx.plain_run(b"\x03a")],
            [3, 3, 0]
        );
        // A block is 256 bytes; the operation that marks the line's start is in it.
        assert_eq!(rx.plain_run(&[b'a'; 1000]), 256 - Echo::OP_LEN);
    }
}
