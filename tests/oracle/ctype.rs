// SPDX-License-Identifier: GPL-2.0-only
//! The kernel's `<linux/ctype.h>` on Latin-1, which is not the C library's on ASCII.

/// `iscntrl`: nothing above 0x7f is a control character.
pub(crate) const fn is_control(c: u8) -> bool {
    c < 0x20 || c == 0x7f
}

const fn is_upper(c: u8) -> bool {
    c.is_ascii_uppercase() || (c >= 0xc0 && c <= 0xde && c != 0xd7)
}

const fn is_lower(c: u8) -> bool {
    c.is_ascii_lowercase() || (c >= 0xdf && c != 0xf7)
}

/// `isalnum`.
pub(crate) const fn is_alnum(c: u8) -> bool {
    c.is_ascii_digit() || is_upper(c) || is_lower(c)
}

/// `tolower`.
pub(crate) const fn to_lower(c: u8) -> u8 {
    if is_upper(c) { c + 0x20 } else { c }
}

/// `toupper`: 0xdf becomes 0xbf, because the table calls it a small letter.
pub(crate) const fn to_upper(c: u8) -> u8 {
    if is_lower(c) { c - 0x20 } else { c }
}
