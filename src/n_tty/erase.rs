// SPDX-License-Identifier: GPL-2.0-only
//! `eraser`: ERASE, WERASE and KILL take characters of the unfinished line back.
//!
//! # Invariants
//! - Never beyond `canon_head`: finished lines, and what a change of mode pushed, stay.
//! - A UTF-8 character goes as a whole or not at all.
//!
//! # Deviations
//! 1. Nothing is echoed yet.

use super::receive::Receiver;
use crate::sync::Ordering;
use crate::termios::{cc, iflag, lflag};

/// What is taken back.
#[derive(Clone, Copy, PartialEq, Eq)]
enum KillType {
    Erase,
    Werase,
    Kill,
}

impl Receiver<'_> {
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
        } else {
            KillType::Kill
        };
        let whole_line = kill_type == KillType::Kill && !self.erases_visibly();
        let left = if whole_line { canon_head } else { self.erased(kill_type, head, canon_head) };
        if left != head {
            ld.read_head.set("eraser.read_head_set", left);
            self.tty.ghost.unqueued(head.wrapping_sub(left));
        }
    }

    /// Whether KILL takes the line back character by character, for the echo's sake.
    const fn erases_visibly(&self) -> bool {
        let t = &self.termios;
        t.l(lflag::ECHO) && t.l(lflag::ECHOK) && t.l(lflag::ECHOKE) && t.l(lflag::ECHOE)
    }

    /// What `read_head` is after erasing character by character.
    fn erased(&self, kill_type: KillType, mut head: usize, canon_head: usize) -> usize {
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
            head = first;
            if kill_type == KillType::Erase {
                break;
            }
        }
        head
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
        self.termios.i(iflag::IUTF8) && c & 0xc0 == 0x80
    }
}

/// `isalnum`, with the kernel's Latin-1 table.
const fn isalnum(c: u8) -> bool {
    c.is_ascii_alphanumeric() || (c >= 0xc0 && c != 0xd7 && c != 0xf7)
}
