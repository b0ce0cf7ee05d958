// SPDX-License-Identifier: GPL-2.0-only
//! `OPOST`: what output becomes on its way to the driver, and where the cursor is.
//!
//! # Data flow
//! `n_tty_write` -> [`TtyStruct::process_output_block`] for runs of characters that stay as they
//! are, [`TtyStruct::process_output`] for each other one -> `pty_write`. Echoes come through
//! [`TtyStruct::do_output_char`] as well.
//!
//! # Lock order
//! `termios_rwsem` for read > `output_lock` > the link's `port->lock`.
//!
//! # Invariants
//! - `column` and `canon_column` are touched under `output_lock` only.
//! - How much room the driver has is asked once a lock; what it then does not take is lost, as a
//!   `stop_tty` in between makes it.
//!
//! # Deviations
//! 1. `flush_chars` is left out: a pty has none.

use super::ECHO_OP_START;
use super::char_set::CharSet;
use super::ctype::{iscntrl, toupper};
use crate::sync::{Any, Lane, Name, RaceCell, Runtime, Site};
use crate::termios::{Termios, iflag, oflag};
use crate::tty_struct::TtyStruct;

/// The settings that output looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutputModes {
    /// `c_oflag`: no mode is beyond its lower half.
    pub oflag: u16,
    /// `IUTF8`.
    pub iutf8: bool,
}

/// The characters for which `OPOST` does more than to count a column.
static MOVES_CURSOR: CharSet = CharSet::of(b"\n\r\t\x08");

/// The same in the echo buffer.
static MOVES_CURSOR_OR_BEGINS_OP: CharSet =
    CharSet::of(&[b'\n', b'\r', b'\t', b'\x08', ECHO_OP_START]);

/// The byte of the echo buffer that does not stand for itself.
static BEGINS_OP: CharSet = CharSet::of(&[ECHO_OP_START]);

impl OutputModes {
    /// Those of `termios`.
    #[must_use]
    pub const fn of(termios: &Termios) -> Self {
        Self { oflag: (termios.oflag & 0xffff) as u16, iutf8: termios.i(iflag::IUTF8) }
    }

    /// Whether any of `bits` is on in `c_oflag`.
    pub(super) const fn o(self, bits: u32) -> bool {
        self.oflag as u32 & bits != 0
    }

    /// Whether TAB becomes spaces.
    const fn xtabs(self) -> bool {
        self.oflag as u32 & oflag::TABDLY == oflag::XTABS
    }

    /// How many characters from the first on are output as they are, and do nothing but move the
    /// cursor on.
    fn same_run(self, chars: &[u8]) -> usize {
        if self.o(oflag::OLCUC) { 0 } else { MOVES_CURSOR.prefix(chars) }
    }

    /// How many bytes of the echo buffer, from the first on, are output as they are.
    pub(super) fn same_echoes(self, chars: &[u8]) -> usize {
        if !self.o(oflag::OPOST) {
            BEGINS_OP.prefix(chars)
        } else if self.o(oflag::OLCUC) {
            0
        } else {
            MOVES_CURSOR_OR_BEGINS_OP.prefix(chars)
        }
    }

    /// How many columns such characters take.
    fn columns(self, chars: &[u8]) -> u32 {
        // Asked here, and not for each character: then the loop is one of vectors.
        if self.iutf8 {
            columns(chars, |c| !iscntrl(c) && !is_utf8_continuation(c))
        } else {
            columns(chars, |c| !iscntrl(c))
        }
    }

    /// Whether `c` moves the cursor on.
    const fn takes_a_column(self, c: u8) -> bool {
        !(iscntrl(c) || (self.iutf8 && is_utf8_continuation(c)))
    }
}

/// For how many of `chars` `takes` holds.
#[inline]
fn columns(chars: &[u8], takes: impl Fn(u8) -> bool) -> u32 {
    // A byte counts up to 255, and is what vectors count in.
    let part = |part: &[u8]| part.iter().map(|&c| u8::from(takes(c))).sum::<u8>();
    chars.chunks(255).map(|chars| u32::from(part(chars))).fold(0, u32::wrapping_add)
}

/// `is_utf8_continuation`: not the first byte of a UTF-8 character.
pub(super) const fn is_utf8_continuation(c: u8) -> bool {
    c & 0xc0 == 0x80
}

/// Where the cursor is, as far as the tty knows. Under `output_lock`.
#[derive(Debug)]
#[repr(C)]
pub struct Columns<L: Lane = Any> {
    /// `ldata->column`: of the next character.
    column: RaceCell<u32, L>,
    /// `ldata->canon_column`: where the line that is being typed starts.
    canon_column: RaceCell<u32, L>,
}

impl Columns {
    pub(super) fn new(rt: Runtime, scope: &'static str) -> Self {
        Self {
            column: RaceCell::new(rt, Name::new(scope, "column"), 0),
            canon_column: RaceCell::new(rt, Name::new(scope, "canon_column"), 0),
        }
    }
}

impl<L: Lane> Columns<L> {
    /// `ldata->column`.
    ///
    /// # Locking
    /// `output_lock` held.
    #[inline]
    pub fn column(&self, site: Site) -> u32 {
        self.column.get(site)
    }

    /// `ldata->canon_column`.
    ///
    /// # Locking
    /// `output_lock` held.
    #[inline]
    pub fn canon_column(&self, site: Site) -> u32 {
        self.canon_column.get(site)
    }

    #[inline]
    pub(super) fn set_column(&self, column: u32) {
        self.column.set("column.set", column);
    }

    /// The line being typed starts at `column`.
    #[inline]
    pub(super) fn set_canon_column(&self, column: u32) {
        self.canon_column.set("canon_column.set", column);
    }

    #[inline]
    pub(super) fn forward(&self, n: u32) {
        self.set_column(self.column("column.forward").wrapping_add(n));
    }

    pub(super) fn back(&self) {
        self.set_column(self.column("column.back").saturating_sub(1));
    }

    /// A carriage return reached the driver.
    fn start_of_line(&self) {
        self.set_column(0);
        self.set_canon_column(0);
    }
}

impl<L: Lane> TtyStruct<L> {
    /// `tty_put_char`: one character for the driver; lost if it does not take it.
    pub(super) fn tty_put_char(&self, c: u8) {
        self.pty_write(&[c]);
    }

    /// Characters that are output as they are, each on its own as far as the driver's buffers can
    /// tell: `tty_put_char` for all of `chars`.
    fn tty_put_chars(&self, chars: &[u8]) {
        self.pty_write_chars(chars);
    }

    /// What becomes of echoes that are output as they are ([`OutputModes::same_echoes`]), with one
    /// hold of the driver's lock.
    ///
    /// # Locking
    /// `output_lock` held. The caller has asked for the room.
    pub(super) fn output_run(&self, chars: &[u8], modes: OutputModes) {
        if modes.o(oflag::OPOST) {
            self.disc_data.columns.forward(modes.columns(chars));
        }
        self.tty_put_chars(chars);
    }

    /// `do_output_char`: hands `c` to the driver as `OPOST` wants it. How much of `space` that
    /// took; `None` if it does not fit.
    ///
    /// # Locking
    /// `output_lock` held.
    pub(super) fn do_output_char(&self, c: u8, modes: OutputModes, space: usize) -> Option<usize> {
        if space == 0 {
            return None;
        }
        match c {
            b'\n' => return self.output_newline(modes, space),
            b'\r' => return Some(self.output_return(modes)),
            b'\t' => return self.output_tab(modes, space),
            b'\x08' => {
                self.disc_data.columns.back();
                self.tty_put_char(c);
            }
            _ => {
                let upper = modes.o(oflag::OLCUC) && !iscntrl(c);
                let c = if upper { toupper(c) } else { c };
                if modes.takes_a_column(c) {
                    self.disc_data.columns.forward(1);
                }
                self.tty_put_char(c);
            }
        }
        Some(1)
    }

    /// NL: `ONLRET`, `ONLCR`.
    fn output_newline(&self, modes: OutputModes, space: usize) -> Option<usize> {
        let columns = &self.disc_data.columns;
        if modes.o(oflag::ONLRET) {
            columns.set_column(0);
        }
        if modes.o(oflag::ONLCR) {
            if space < 2 {
                return None;
            }
            columns.start_of_line();
            self.pty_write(b"\r\n");
            return Some(2);
        }
        columns.set_canon_column(columns.column("do_output_char.column_newline"));
        self.tty_put_char(b'\n');
        Some(1)
    }

    /// CR: `ONOCR`, `OCRNL`.
    fn output_return(&self, modes: OutputModes) -> usize {
        let columns = &self.disc_data.columns;
        if modes.o(oflag::ONOCR) && columns.column("do_output_char.column_return") == 0 {
            return 0;
        }
        if modes.o(oflag::OCRNL) {
            if modes.o(oflag::ONLRET) {
                columns.start_of_line();
            }
            self.tty_put_char(b'\n');
        } else {
            columns.start_of_line();
            self.tty_put_char(b'\r');
        }
        1
    }

    /// TAB: `XTABS`.
    fn output_tab(&self, modes: OutputModes, space: usize) -> Option<usize> {
        const SPACES: [u8; 8] = [b' '; 8];
        let columns = &self.disc_data.columns;
        let to_stop = 8 - (columns.column("do_output_char.column_tab") & 7);
        if !modes.xtabs() {
            columns.forward(to_stop);
            self.tty_put_char(b'\t');
            return Some(1);
        }
        let spaces = SPACES.get(..to_stop as usize)?;
        if space < spaces.len() {
            return None;
        }
        columns.forward(to_stop);
        self.pty_write(spaces);
        Some(spaces.len())
    }

    /// `process_output`: one character; whether it fitted.
    ///
    /// # Locking
    /// Takes `output_lock`.
    pub(super) fn process_output(&self, c: u8, modes: OutputModes) -> bool {
        let _held = self.disc_data.output_lock.lock("process_output.output_lock");
        let space = self.pty_write_room();
        self.do_output_char(c, modes, space).is_some()
    }

    /// `process_output_block`: as much of the front of `buf` as `OPOST` does not change and the
    /// driver takes; returns how much that is.
    ///
    /// # Locking
    /// Takes `output_lock`.
    pub(super) fn process_output_block(&self, buf: &[u8], modes: OutputModes) -> usize {
        let _held = self.disc_data.output_lock.lock("process_output_block.output_lock");
        let space = self.pty_write_room();
        if space == 0 {
            return 0;
        }
        let buf = &buf[..buf.len().min(space)];
        let simple = self.simple_run(buf, modes);
        self.pty_write(&buf[..simple])
    }

    /// How many characters from the first on are output as they are; the cursor moves over them.
    fn simple_run(&self, buf: &[u8], modes: OutputModes) -> usize {
        let columns = &self.disc_data.columns;
        let mut cursor = Cursor {
            column: columns.column("process_output_block.column"),
            canon_column: columns.canon_column("process_output_block.canon_column"),
        };
        let mut simple = 0;
        loop {
            let run = modes.same_run(&buf[simple..]);
            cursor.column = cursor.column.wrapping_add(modes.columns(&buf[simple..simple + run]));
            simple += run;
            match buf.get(simple) {
                Some(&c) if cursor.pass(c, modes) => simple += 1,
                _ => break,
            }
        }
        columns.set_column(cursor.column);
        columns.set_canon_column(cursor.canon_column);
        simple
    }
}

/// The columns while a run of characters passes.
struct Cursor {
    column: u32,
    canon_column: u32,
}

impl Cursor {
    /// Moves over `c`, unless it is not output as it is.
    const fn pass(&mut self, c: u8, modes: OutputModes) -> bool {
        match c {
            b'\n' => {
                if modes.o(oflag::ONLRET) {
                    self.column = 0;
                }
                if modes.o(oflag::ONLCR) {
                    return false;
                }
                self.canon_column = self.column;
            }
            b'\r' => {
                if (modes.o(oflag::ONOCR) && self.column == 0) || modes.o(oflag::OCRNL) {
                    return false;
                }
                self.column = 0;
                self.canon_column = 0;
            }
            b'\t' => return false,
            b'\x08' => self.column = self.column.saturating_sub(1),
            _ => {
                if !iscntrl(c) && modes.o(oflag::OLCUC) {
                    return false;
                }
                if modes.takes_a_column(c) {
                    self.column = self.column.wrapping_add(1);
                }
            }
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// What makes it fast, which no answer shows: what needs no look at each character is as
        /// much as it may be.
        #[test]
        fn a_run_ends_only_where_a_character_does_more_than_to_move_on(
            chars in proptest::collection::vec(any::<u8>(), 0..100),
            opost in any::<bool>(),
            olcuc in any::<bool>(),
        ) {
            let on = |flag, on| if on { flag as u16 } else { 0 };
            let oflag = on(oflag::OPOST, opost) | on(oflag::OLCUC, olcuc);
            let modes = OutputModes { oflag, iutf8: false };
            let before = |ends: &[u8]| {
                chars.iter().position(|c| ends.contains(c)).unwrap_or(chars.len())
            };
            let run = if olcuc { 0 } else { before(b"\n\r\t\x08") };
            prop_assert_eq!(modes.same_run(&chars), run);
            let echoes = match (opost, olcuc) {
                (false, _) => before(&[ECHO_OP_START]),
                (true, true) => 0,
                (true, false) => before(b"\n\r\t\x08\xff"),
            };
            prop_assert_eq!(modes.same_echoes(&chars), echoes);
        }
    }
}
