// SPDX-License-Identifier: GPL-2.0-only
//! Which sections there are, whose they are, and what their bits mean.
//!
//! # Invariants
//! - A kind's number, what is in it and whether it is required never change within a major version.
//!   What is new gets a new kind, is optional, and raises the minor version.
//!
//! No locks, no shared state.

use super::container::{REQUIRED, Section};
use crate::tty_struct::PtyType;

/// Whose a section is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum End {
    /// The image's.
    Image = 0,
    /// The master's; a tty that is no pty counts as one end alone, a slave.
    Master = 1,
    /// The slave's.
    Slave = 2,
}

/// All of them, by number.
pub const ENDS: [End; 3] = [End::Image, End::Master, End::Slave];

impl End {
    /// `image`, `master` or `slave`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Master => "master",
            Self::Slave => "slave",
        }
    }

    /// The one with that number.
    pub(super) fn from_number(number: u8) -> Option<Self> {
        ENDS.into_iter().find(|&end| end as u8 == number)
    }
}

impl From<PtyType> for End {
    fn from(subtype: PtyType) -> Self {
        match subtype {
            PtyType::Master => Self::Master,
            PtyType::Slave => Self::Slave,
        }
    }
}

/// A kind of section.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kind {
    /// Its number.
    pub number: u16,
    /// What people call it.
    pub name: &'static str,
    /// What is in it.
    pub holds: &'static str,
    /// [`REQUIRED`], or 0.
    pub flags: u8,
    /// The minor version that added it.
    pub since: u16,
    /// Whether it is an end's, and not the image's.
    pub per_end: bool,
}

impl Kind {
    /// A required one, of an end.
    const fn of_end(number: u16, name: &'static str, holds: &'static str) -> Self {
        Self { number, name, holds, flags: REQUIRED, since: 0, per_end: true }
    }
}

/// Who wrote it.
pub const ORIGIN: Kind = Kind {
    number: 1,
    name: "origin",
    holds: "UTF-8 text, 1 to 255 bytes: who wrote the image",
    flags: 0,
    since: 1,
    per_end: false,
};
/// [`super::records::Sizes`].
pub const SIZES: Kind = Kind::of_end(2, "sizes", "struct tty_ckpt_sizes");
/// [`super::records::Termios`].
pub const TERMIOS: Kind = Kind::of_end(3, "termios", "struct tty_ckpt_termios");
/// [`super::records::Tty`].
pub const TTY: Kind = Kind::of_end(4, "tty", "struct tty_ckpt_tty");
/// [`super::records::NTty`].
pub const N_TTY: Kind = Kind::of_end(5, "n_tty", "struct tty_ckpt_n_tty");
/// The unread bytes.
pub const READ_BUF: Kind =
    Kind::of_end(6, "read_buf", "its bytes from read_tail on, up to the furthest head");
/// The line marks.
pub const READ_FLAGS: Kind =
    Kind::of_end(7, "read_flags", "bit p % 8 of byte p / 8: position p of read_buf ends a line");
/// [`super::records::Echo`].
pub const ECHO: Kind =
    Kind::of_end(8, "echo", "struct tty_ckpt_echo, then echo_buf by position without final zeros");
/// [`super::records::Flip`].
pub const FLIP: Kind =
    Kind::of_end(9, "flip", "struct tty_ckpt_flip, then the buffers, each to a multiple of 8");

/// All of them, by number.
pub const KINDS: [&Kind; 9] =
    [&ORIGIN, &SIZES, &TERMIOS, &TTY, &N_TTY, &READ_BUF, &READ_FLAGS, &ECHO, &FLIP];

/// The kind with that number.
#[must_use]
pub fn kind(number: u16) -> Option<&'static Kind> {
    KINDS.into_iter().find(|k| k.number == number)
}

/// What people call a section: `flip of slave`, or `kind 77 of end 9`.
#[must_use]
pub fn name_of(section: &Section<'_>) -> String {
    let (number, end) = (section.header.kind, section.header.end);
    let kind = kind(number).map_or_else(|| format!("kind {number}"), |k| k.name.to_owned());
    let end = End::from_number(end).map_or_else(|| format!("end {end}"), |e| e.name().to_owned());
    format!("{kind} of {end}")
}

/// One bit of a record's `bits`: its name, which is its field's in the state, and what it says.
pub type Bit = (&'static str, &'static str);

/// Of [`super::records::Tty`], from bit 0 on.
pub const TTY_BITS: [Bit; 6] = [
    ("throttled", "TTY_THROTTLED"),
    ("io_error", "TTY_IO_ERROR: a slave that is closed"),
    ("other_closed", "TTY_OTHER_CLOSED: a master whose slave is closed"),
    ("stopped", "flow.stopped: its output is stopped"),
    ("tco_stopped", "flow.tco_stopped: by TCOOFF"),
    ("packet", "ctrl.packet: packet mode is on"),
];
/// Of [`super::records::NTty`], from bit 0 on.
pub const N_TTY_BITS: [Bit; 7] = [
    ("no_room", "the worker stopped because read_buf was full"),
    ("lnext", "the next character is taken literally"),
    ("erasing", "an ECHOPRT erasure is open"),
    ("raw", "no character needs a look"),
    ("real_raw", "nor its flag byte"),
    ("icanon", "input is read in lines"),
    ("push", "the line mark at the end is a change of mode"),
];
/// Of [`super::records::FlipBuffer`], from bit 0 on.
pub const FLIP_BITS: [Bit; 1] = [("flags", "each character has a flag byte")];

/// The bits of `on`, from bit 0 on, which `_names` name.
pub(super) fn pack<const N: usize>(on: [bool; N], _names: &[Bit; N]) -> u32 {
    on.into_iter().rev().fold(0, |bits, on| bits << 1 | u32::from(on))
}

/// The opposite; `None` if a bit is on that means nothing.
pub(super) fn unpack<const N: usize>(bits: u32, names: &[Bit; N]) -> Option<[bool; N]> {
    let mut on = [false; N];
    for (i, on) in on.iter_mut().enumerate() {
        *on = bits & 1 << i != 0;
    }
    (bits == pack(on, names)).then_some(on)
}
