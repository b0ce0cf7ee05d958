// SPDX-License-Identifier: GPL-2.0-only
//! ERASE, WERASE and KILL.

use crate::ctype::{is_alnum, is_control};
use crate::tty::Tty;
use ttysim::termios::{cc, lflag};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Erase {
    Char,
    Word,
    Line,
}

impl Tty {
    /// Erases as `c` asks, and echoes it.
    pub(crate) fn erase(&mut self, c: u8) {
        if self.disc.head == self.disc.canon {
            return;
        }
        let what = if c == self.cc(cc::VERASE) {
            Erase::Char
        } else if c == self.cc(cc::VWERASE) {
            Erase::Word
        } else {
            Erase::Line
        };
        let each = [lflag::ECHO, lflag::ECHOK, lflag::ECHOKE, lflag::ECHOE];
        if what == Erase::Line && !each.iter().all(|&flag| self.l(flag)) {
            self.kill_at_once();
            return;
        }
        self.erase_each(what);
        if self.disc.head == self.disc.canon && self.l(lflag::ECHO) {
            self.finish_erasing();
        }
    }

    fn kill_at_once(&mut self) {
        self.disc.head = self.disc.canon;
        if self.l(lflag::ECHO) {
            self.finish_erasing();
            self.echo_char(self.cc(cc::VKILL));
            if self.l(lflag::ECHOK) {
                self.echo_raw(b'\n');
            }
        }
    }

    fn erase_each(&mut self, what: Erase) {
        let mut in_word = false;
        while self.disc.head != self.disc.canon {
            let mut first = self.disc.head - 1;
            while self.is_continuation(self.disc.byte(first)) && first != self.disc.canon {
                first -= 1;
            }
            let c = self.disc.byte(first);
            if self.is_continuation(c) {
                // The start of the character is gone: nothing to erase.
                return;
            }
            if what == Erase::Word {
                let of_word = is_alnum(c) || c == b'_';
                if in_word && !of_word {
                    return;
                }
                in_word |= of_word;
            }
            let rest: Vec<u8> = (first + 1..self.disc.head).map(|i| self.disc.byte(i)).collect();
            self.disc.head = first;
            if self.l(lflag::ECHO) {
                self.echo_erased(what, c, &rest);
            }
            if what == Erase::Char {
                return;
            }
        }
    }

    fn echo_erased(&mut self, what: Erase, c: u8, rest: &[u8]) {
        if self.l(lflag::ECHOPRT) {
            if !self.disc.erasing {
                self.echo_raw(b'\\');
                self.disc.erasing = true;
            }
            self.echo_char(c);
            for &more in rest {
                self.echo_raw(more);
                self.echo_move_back();
            }
        } else if what == Erase::Char && !self.l(lflag::ECHOE) {
            self.echo_char(self.cc(cc::VERASE));
        } else if c == b'\t' {
            self.echo_tab_erased();
        } else {
            let columns = match (is_control(c), self.l(lflag::ECHOCTL)) {
                (true, true) => 2,
                (true, false) => 0,
                (false, _) => 1,
            };
            for _ in 0..columns {
                b"\x08 \x08".iter().for_each(|&c| self.echo_raw(c));
            }
        }
    }

    fn echo_tab_erased(&mut self) {
        let mut columns = 0;
        for at in (self.disc.canon..self.disc.head).rev() {
            let c = self.disc.byte(at);
            if c == b'\t' {
                self.echo_erase_tab(columns, true);
                return;
            }
            if is_control(c) {
                columns += if self.l(lflag::ECHOCTL) { 2 } else { 0 };
            } else if !self.is_continuation(c) {
                columns += 1;
            }
        }
        self.echo_erase_tab(columns, false);
    }
}
