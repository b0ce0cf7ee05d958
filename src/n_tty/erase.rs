// SPDX-License-Identifier: GPL-2.0-only
//! `eraser`: ERASE, WERASE and KILL take characters of the unfinished line back.
//!
//! # Invariants
//! - Never beyond `canon_head`: finished lines, and what a change of mode pushed, stay.
//! - A UTF-8 character goes as a whole or not at all.

use super::Bit;
use super::ctype::{isalnum, iscntrl};
use super::output::is_utf8_continuation;
use super::receive::Receiver;
use crate::sync::{Lane, Ordering};
use crate::termios::{cc, iflag, lflag};

/// What is taken back.
#[derive(Clone, Copy, PartialEq, Eq)]
enum KillType {
    Erase,
    Werase,
    Kill,
}

impl<L: Lane> Receiver<'_, L> {
    /// `eraser`.
    pub(super) fn eraser(&self, c: u8) {
        let ld = self.ld;
        let canon_head = ld.canon_head("eraser.canon_head", Ordering::Relaxed);
        let head = ld.read_head("eraser.read_head");
        if head == canon_head {
            return;
        }
        let kill_type = if c == self.cc(cc::VERASE) {
            KillType::Erase
        } else if c == self.cc(cc::VWERASE) {
            KillType::Werase
        } else if self.erases_visibly() {
            KillType::Kill
        } else {
            self.take_back(head, canon_head);
            return self.echo_kill();
        };
        self.erase_chars(kill_type, head, canon_head);
        if self.echo_on() && ld.read_head("eraser.read_head_left") == canon_head {
            self.finish_erasing();
        }
    }

    /// The unfinished line ends at `left` from now on.
    fn take_back(&self, head: usize, left: usize) {
        self.ld.read_head.set("eraser.read_head_set", left);
        self.tty.ghost.unqueued(head.wrapping_sub(left));
    }

    /// Whether KILL takes the line back character by character, for the echo's sake.
    const fn erases_visibly(&self) -> bool {
        let t = &self.termios;
        t.l(lflag::ECHO) && t.l(lflag::ECHOK) && t.l(lflag::ECHOKE) && t.l(lflag::ECHOE)
    }

    /// KILL took the whole line at once: with `ECHOK`, the next one starts.
    fn echo_kill(&self) {
        if !self.echo_on() {
            return;
        }
        self.finish_erasing();
        self.echo_char(self.cc(cc::VKILL));
        if self.termios.l(lflag::ECHOK) {
            self.ld.echo.echo_char_raw(b'\n');
        }
    }

    /// Erases character by character.
    fn erase_chars(&self, kill_type: KillType, mut head: usize, canon_head: usize) {
        let ld = self.ld;
        let mut seen_alnums = false;
        // Compared as positions, as in the kernel.
        while ld.mask(head) != ld.mask(canon_head) {
            let Some((first, c)) = self.last_char(head, canon_head) else {
                break;
            };
            if kill_type == KillType::Werase {
                if isalnum(c) || c == b'_' {
                    seen_alnums = true;
                } else if seen_alnums {
                    break;
                }
            }
            self.take_back(head, first);
            if self.echo_on() {
                self.echo_erased(kill_type, c, first, head);
            }
            head = first;
            if kill_type == KillType::Erase {
                break;
            }
        }
    }

    /// Echoes that the character whose first byte is `c`, from index `first` to `end`, is gone.
    fn echo_erased(&self, kill_type: KillType, c: u8, first: usize, end: usize) {
        let t = &self.termios;
        let echo = &self.ld.echo;
        if t.l(lflag::ECHOPRT) {
            self.echo_printed(c, first, end);
        } else if kill_type == KillType::Erase && !t.l(lflag::ECHOE) {
            self.echo_char(self.cc(cc::VERASE));
        } else if c == b'\t' {
            self.echo_tab_erased(first);
        } else {
            let shown_as = match (iscntrl(c), t.l(lflag::ECHOCTL)) {
                (false, _) => 1,
                (true, true) => 2,
                (true, false) => 0,
            };
            for _ in 0..shown_as {
                b"\x08 \x08".iter().for_each(|&c| echo.echo_char_raw(c));
            }
        }
    }

    /// `ECHOPRT`: what is erased is printed, between `\` and `/`.
    fn echo_printed(&self, c: u8, first: usize, end: usize) {
        let ld = self.ld;
        if !ld.bits.test("eraser.erasing_test", Bit::Erasing) {
            ld.echo.echo_char_raw(b'\\');
            ld.bits.assign(["eraser.erasing_load", "eraser.erasing"], Bit::Erasing, true);
        }
        self.echo_char(c);
        for more in 1..end.wrapping_sub(first) {
            let c = ld.read_buf("eraser.read_buf_continuation", first.wrapping_add(more));
            ld.echo.echo_char_raw(c);
            ld.echo.echo_move_back_col();
        }
    }

    /// How far to go back depends on what is in front of the TAB: counts its columns, back to
    /// another TAB or to the line's start.
    fn echo_tab_erased(&self, first: usize) {
        let ld = self.ld;
        let canon_head = ld.canon_head("eraser.canon_head_tab", Ordering::Relaxed);
        let mut num_chars = 0;
        let mut after_tab = false;
        let mut tail = first;
        while ld.mask(tail) != ld.mask(canon_head) {
            tail = tail.wrapping_sub(1);
            let c = ld.read_buf("eraser.read_buf_tab", tail);
            if c == b'\t' {
                after_tab = true;
                break;
            }
            if iscntrl(c) {
                num_chars += if self.termios.l(lflag::ECHOCTL) { 2 } else { 0 };
            } else if !self.is_continuation(c) {
                num_chars += 1;
            }
        }
        ld.echo.echo_erase_tab(num_chars, after_tab);
    }

    /// The last character before `head`, possibly of several bytes: where it starts, and its first
    /// byte. `None` if its start is not there.
    fn last_char(&self, head: usize, canon_head: usize) -> Option<(usize, u8)> {
        let ld = self.ld;
        let mut at = head;
        loop {
            at = at.wrapping_sub(1);
            let c = ld.read_buf("eraser.read_buf", at);
            if !self.is_continuation(c) {
                return Some((at, c));
            }
            if ld.mask(at) == ld.mask(canon_head) {
                return None;
            }
        }
    }

    /// `is_continuation`: not the first byte of a UTF-8 character.
    const fn is_continuation(&self, c: u8) -> bool {
        self.termios.i(iflag::IUTF8) && is_utf8_continuation(c)
    }
}
