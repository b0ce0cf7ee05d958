// SPDX-License-Identifier: GPL-2.0-only
//! The state of one end: its settings, its flow control, and the discipline's whole history.
//!
//! Positions count bytes since the history was last forgotten, and are signed, because the kernel
//! subtracts them in both directions.

use crate::flip::Flip;
use std::collections::BTreeSet;
use ttysim::termios::{DISABLED_CHAR, Termios, cc, iflag, lflag};

/// The size of the read buffer and of the echo buffer.
pub(crate) const SIZE: i64 = 4096;

/// What the discipline of one end remembers.
#[derive(Clone, Debug, Default)]
pub(crate) struct Disc {
    /// Every byte stored since the last flush, the erased ones overwritten.
    pub(crate) text: Vec<u8>,
    /// Where lines end.
    pub(crate) marks: BTreeSet<i64>,
    /// Behind the last byte stored.
    pub(crate) head: i64,
    /// Behind the last byte of a finished line.
    pub(crate) canon: i64,
    /// Behind the last byte a reader in noncanonical mode may have.
    pub(crate) commit: i64,
    /// The first byte not read.
    pub(crate) tail: i64,
    /// Every byte of echoes and their operations ever, and its position when it was added.
    echo: Vec<(i64, u8)>,
    /// Behind the last echo byte added.
    pub(crate) echo_head: i64,
    /// Behind the last echo byte that may go out.
    pub(crate) echo_commit: i64,
    /// Behind the last echo byte of a complete operation.
    pub(crate) echo_mark: i64,
    /// The first echo byte that has not gone out.
    pub(crate) echo_tail: i64,
    /// The column the cursor is in.
    pub(crate) column: u32,
    /// The column in which the line being typed began.
    pub(crate) canon_column: u32,
    /// The next character is taken literally.
    pub(crate) lnext: bool,
    /// Between `\` and `/` of ECHOPRT.
    pub(crate) erasing: bool,
    /// The worker gave up for want of room.
    pub(crate) no_room: bool,
    /// How many bytes to come were already searched for flow control characters. Wraps below 0
    /// when a signal resets it in the middle of them, as the kernel's does.
    pub(crate) searched: u64,
}

impl Disc {
    /// The byte stored at `at`.
    pub(crate) fn byte(&self, at: i64) -> u8 {
        usize::try_from(at).ok().and_then(|i| self.text.get(i)).copied().unwrap_or(0)
    }

    /// Stores a byte.
    pub(crate) fn put(&mut self, c: u8) {
        let at = usize::try_from(self.head).unwrap_or(0);
        self.text.truncate(at);
        self.text.resize(at, 0);
        self.text.push(c);
        self.head += 1;
    }

    /// Ends a line with `c`.
    pub(crate) fn put_line_end(&mut self, c: u8) {
        self.marks.insert(self.head);
        self.put(c);
        self.canon = self.head;
    }

    /// Forgets all input (`reset_buffer_flags`). What follows ^V, the column and the echoes stay.
    pub(crate) fn forget_input(&mut self) {
        self.text.clear();
        self.marks.clear();
        (self.head, self.canon, self.commit, self.tail) = (0, 0, 0, 0);
        self.erasing = false;
        self.searched = 0;
    }

    /// Adds to the echoes.
    pub(crate) fn put_echo(&mut self, bytes: &[u8]) {
        for &c in bytes {
            self.echo.push((self.echo_head, c));
            self.echo_head += 1;
        }
    }

    /// The echo byte at `at`: the last one added whose place in the kernel's ring is the same.
    pub(crate) fn echo_at(&self, at: i64) -> u8 {
        let same = |(other, _): &&(i64, u8)| (at - other) % SIZE == 0;
        self.echo.iter().rfind(same).map_or(0, |(_, c)| *c)
    }

    /// Starts over with echoes; what the ring holds stays where it is.
    pub(crate) fn forget_echoes(&mut self) {
        self.echo_head = 0;
        (self.echo_commit, self.echo_mark, self.echo_tail) = (0, 0, 0);
    }

    /// Whether the byte at `at` is an EOF typed by the user.
    pub(crate) fn is_eof(&self, at: i64) -> bool {
        self.marks.contains(&at) && self.byte(at) == DISABLED_CHAR
    }
}

/// One end.
#[derive(Clone, Debug)]
pub(crate) struct Tty {
    pub(crate) termios: Termios,
    /// Its discipline; `None` once hung up.
    pub(crate) disc: Disc,
    /// What was written to it.
    pub(crate) flip: Flip,
    /// Whether the worker has something to look at.
    pub(crate) queued: bool,
    /// Output is stopped.
    pub(crate) stopped: bool,
    /// Output is stopped by TCOOFF, which characters cannot undo.
    pub(crate) tco_stopped: bool,
    /// Master only: packet mode.
    pub(crate) packet: bool,
    /// Slave only: what the master is to be told.
    pub(crate) status: u8,
    /// Whether the script holds it open.
    pub(crate) open: bool,
    /// The other end was closed.
    pub(crate) other_closed: bool,
    /// The master is gone.
    pub(crate) hung_up: bool,
}

impl Tty {
    pub(crate) fn new(termios: Termios) -> Self {
        Self {
            termios,
            disc: Disc::default(),
            flip: Flip::new(),
            queued: false,
            stopped: false,
            tco_stopped: false,
            packet: false,
            status: 0,
            open: true,
            other_closed: false,
            hung_up: false,
        }
    }

    pub(crate) fn i(&self, bits: u32) -> bool {
        self.termios.i(bits)
    }

    pub(crate) fn o(&self, bits: u32) -> bool {
        self.termios.o(bits)
    }

    pub(crate) fn l(&self, bits: u32) -> bool {
        self.termios.l(bits)
    }

    /// A control character.
    pub(crate) fn cc(&self, which: usize) -> u8 {
        self.termios.cc[which]
    }

    /// Lines are what readers get.
    pub(crate) fn by_line(&self) -> bool {
        self.l(lflag::ICANON) && !self.l(lflag::EXTPROC)
    }

    /// Nothing of the settings looks at input bytes.
    pub(crate) fn is_raw(&self) -> bool {
        let i = iflag::ISTRIP
            | iflag::IUCLC
            | iflag::IGNCR
            | iflag::ICRNL
            | iflag::INLCR
            | iflag::IXON
            | iflag::PARMRK;
        !self.i(i) && !self.l(lflag::ICANON | lflag::ISIG | lflag::ECHO)
    }

    /// Whether not even breaks and errors are looked at, if nothing else is.
    pub(crate) fn ignores_flags(&self) -> bool {
        (self.i(iflag::IGNBRK) || !self.i(iflag::BRKINT | iflag::PARMRK))
            && (self.i(iflag::IGNPAR) || !self.i(iflag::INPCK))
    }

    /// Whether `c` may mean something (`char_map`).
    pub(crate) fn is_special(&self, c: u8) -> bool {
        let is = |which: &[usize]| which.iter().any(|&w| self.cc(w) == c);
        let canonical = self.l(lflag::ICANON);
        let extended = canonical && self.l(lflag::IEXTEN);
        c != DISABLED_CHAR
            && (c == b'\r' && self.i(iflag::IGNCR | iflag::ICRNL)
                || c == b'\n' && (self.i(iflag::INLCR) || canonical)
                || canonical && is(&[cc::VERASE, cc::VKILL, cc::VEOF, cc::VEOL])
                || extended && is(&[cc::VWERASE, cc::VLNEXT, cc::VEOL2])
                || extended && self.l(lflag::ECHO) && is(&[cc::VREPRINT])
                || self.i(iflag::IXON) && is(&[cc::VSTART, cc::VSTOP])
                || self.l(lflag::ISIG) && is(&[cc::VINTR, cc::VQUIT, cc::VSUSP]))
    }

    /// The half of a character that takes no column of its own.
    pub(crate) fn is_continuation(&self, c: u8) -> bool {
        self.i(iflag::IUTF8) && c & 0xc0 == 0x80
    }

    /// How much a reader could have.
    pub(crate) fn readable(&self) -> i64 {
        let head = if self.l(lflag::ICANON) { self.disc.canon } else { self.disc.commit };
        head - self.disc.tail
    }

    /// Whether there is something to read; `least` bytes of it without lines.
    pub(crate) fn has_input(&self, least: i64) -> bool {
        if self.by_line() {
            self.disc.canon != self.disc.tail
        } else {
            self.disc.commit - self.disc.tail >= least
        }
    }
}
