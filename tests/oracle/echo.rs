// SPDX-License-Identifier: GPL-2.0-only
//! Echo: what input leaves behind to be shown, and when it is.
//!
//! Echoes wait as bytes and operations in one history. What has gone out is known by a position,
//! and so is what may. That the kernel keeps them in a ring shows where more pile up than it holds,
//! and where a mark lags behind what has gone out: ^V ends an erasure of ECHOPRT without ECHOCTL,
//! its `/` is never marked, and the next output shows the whole ring again.

use crate::ctype::is_control;
use crate::pair::Pair;
use crate::tty::{SIZE, Tty};
use ttysim::script::ast::End;
use ttysim::termios::{lflag, oflag};

/// Begins an operation; itself, if it comes twice.
const OP: u8 = 0xff;
const MOVE_BACK_COLUMN: u8 = 0x80;
const SET_CANON_COLUMN: u8 = 0x81;
const ERASE_TAB: u8 = 0x82;
/// In the operand of [`ERASE_TAB`]: counted from an earlier tab, not from the start of the line.
const AFTER_TAB: u8 = 0x80;

/// So many echoes go out at once, without waiting for the end of the input.
const BLOCK: i64 = 256;
/// So many that cannot go out, and the oldest are given up.
const TOO_MANY: i64 = SIZE - (BLOCK + 32);

impl Tty {
    /// Shows `c` as it is.
    pub(crate) fn echo_raw(&mut self, c: u8) {
        if c == OP {
            self.disc.put_echo(&[OP]);
        }
        self.disc.put_echo(&[c]);
    }

    /// Shows `c`, as `^X` if ECHOCTL says so.
    pub(crate) fn echo_char(&mut self, c: u8) {
        if c != OP && self.l(lflag::ECHOCTL) && is_control(c) && c != b'\t' {
            self.disc.put_echo(&[OP, c]);
        } else {
            self.echo_raw(c);
        }
    }

    pub(crate) fn echo_move_back(&mut self) {
        self.disc.put_echo(&[OP, MOVE_BACK_COLUMN]);
    }

    pub(crate) fn echo_set_canon_column(&mut self) {
        self.disc.put_echo(&[OP, SET_CANON_COLUMN]);
    }

    /// Goes back over a tab that began `columns` behind the start of the line, or behind a tab.
    pub(crate) fn echo_erase_tab(&mut self, columns: u32, after_tab: bool) {
        let flag = if after_tab { AFTER_TAB } else { 0 };
        self.disc.put_echo(&[OP, ERASE_TAB, (columns & 7) as u8 | flag]);
    }

    /// The `/` that ends what ECHOPRT shows.
    pub(crate) fn finish_erasing(&mut self) {
        if self.disc.erasing {
            self.echo_raw(b'/');
            self.disc.erasing = false;
        }
    }
}

/// What came of one waiting echo.
enum Step {
    /// It went out and used so much room.
    Out { room: usize, length: i64 },
    /// It does not fit.
    Full,
    /// It is not complete.
    Partial,
}

impl Pair {
    /// After each character: marks what may go out, and lets it go if there is a block of it.
    pub(crate) fn commit_echoes(&mut self, end: End) {
        let tty = self.tty_mut(end);
        let head = tty.disc.echo_head;
        tty.disc.echo_mark = head;
        let old = tty.disc.echo_commit - tty.disc.echo_tail;
        let new = head - tty.disc.echo_tail;
        // Unsigned in the kernel: below 0 is much, and the remainders are the same.
        if (0..BLOCK).contains(&new) || new.rem_euclid(BLOCK) > old.rem_euclid(BLOCK) {
            return;
        }
        tty.disc.echo_commit = head;
        self.show(end);
    }

    /// Before output, and when output starts again: lets out what was marked.
    pub(crate) fn process_echoes(&mut self, end: End) {
        let tty = self.tty_mut(end);
        if tty.disc.echo_mark == tty.disc.echo_tail {
            return;
        }
        tty.disc.echo_commit = tty.disc.echo_mark;
        self.show(end);
    }

    /// At the end of each piece of input: lets out everything.
    pub(crate) fn flush_echoes(&mut self, end: End) {
        let tty = self.tty_mut(end);
        let head = tty.disc.echo_head;
        if !tty.l(lflag::ECHO | lflag::ECHONL) || tty.disc.echo_commit == head {
            return;
        }
        tty.disc.echo_commit = head;
        self.show(end);
    }

    fn show(&mut self, end: End) {
        let mut room = self.room(end);
        let mut tail = self.tty(end).disc.echo_tail;
        let commit = self.tty(end).disc.echo_commit;
        while (commit - tail) % SIZE != 0 {
            match self.show_one(end, tail, commit, room) {
                Step::Out { room: used, length } => {
                    room -= used;
                    tail += length;
                }
                Step::Full => break,
                Step::Partial => {
                    self.tty_mut(end).disc.echo_tail = tail;
                    return;
                }
            }
        }
        let tty = self.tty_mut(end);
        while commit > tail && commit - tail >= TOO_MANY {
            tail += match (tty.disc.echo_at(tail), tty.disc.echo_at(tail + 1)) {
                (OP, ERASE_TAB) => 3,
                (OP, _) => 2,
                _ => 1,
            };
        }
        tty.disc.echo_tail = tail;
    }

    fn show_one(&mut self, end: End, at: i64, commit: i64, room: usize) -> Step {
        let c = self.tty(end).disc.echo_at(at);
        if c == OP {
            return self.show_op(end, at, commit, room);
        }
        let used = if self.tty(end).o(oflag::OPOST) {
            self.put_char(end, c, room)
        } else if room > 0 {
            self.send(end, &[c]);
            Some(1)
        } else {
            None
        };
        used.map_or(Step::Full, |room| Step::Out { room, length: 1 })
    }

    fn show_op(&mut self, end: End, at: i64, commit: i64, room: usize) -> Step {
        let ends_after = |n: i64| (commit - at - n) % SIZE == 0;
        if ends_after(1) {
            return Step::Partial;
        }
        let op = self.tty(end).disc.echo_at(at + 1);
        if op == ERASE_TAB {
            if ends_after(2) {
                return Step::Partial;
            }
            return self.show_erased_tab(end, at, room);
        }
        let needed = match op {
            SET_CANON_COLUMN | MOVE_BACK_COLUMN => 0,
            OP => 1,
            _ => 2,
        };
        if room < needed {
            return Step::Full;
        }
        if needed == 1 {
            self.send(end, &[OP]);
        } else if needed == 2 {
            self.send(end, b"^");
            self.send(end, &[op ^ 0o100]);
        }
        let disc = &mut self.tty_mut(end).disc;
        match op {
            SET_CANON_COLUMN => disc.canon_column = disc.column,
            MOVE_BACK_COLUMN => disc.column = disc.column.saturating_sub(1),
            _ => disc.column += needed as u32,
        }
        Step::Out { room: needed, length: 2 }
    }

    fn show_erased_tab(&mut self, end: End, at: i64, room: usize) -> Step {
        let tty = self.tty(end);
        let operand = tty.disc.echo_at(at + 2);
        let start = if operand & AFTER_TAB == 0 { tty.disc.canon_column } else { 0 };
        let back = 8 - (start.wrapping_add(u32::from(operand)) & 7);
        if back as usize > room {
            return Step::Full;
        }
        for _ in 0..back {
            self.send(end, b"\x08");
            let disc = &mut self.tty_mut(end).disc;
            disc.column = disc.column.saturating_sub(1);
        }
        Step::Out { room: back as usize, length: 3 }
    }
}
