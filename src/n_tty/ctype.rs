// SPDX-License-Identifier: GPL-2.0-only
//! `ctype.h`, with the kernel's Latin-1 table.

/// `iscntrl`: nothing from 0x80 on is a control character.
pub(super) const fn iscntrl(c: u8) -> bool {
    c.is_ascii_control()
}

/// `isalnum`.
pub(super) const fn isalnum(c: u8) -> bool {
    c.is_ascii_alphanumeric() || (c >= 0xc0 && c != 0xd7 && c != 0xf7)
}

/// `tolower`.
pub(super) const fn tolower(c: u8) -> u8 {
    match c {
        b'A'..=b'Z' | 0xc0..=0xd6 | 0xd8..=0xde => c + 0x20,
        _ => c,
    }
}

/// `toupper`. The table calls sharp s and y diaeresis lower case, so they change too.
pub(super) const fn toupper(c: u8) -> u8 {
    match c {
        b'a'..=b'z' | 0xdf..=0xf6 | 0xf8..=0xff => c - 0x20,
        _ => c,
    }
}
