// SPDX-License-Identifier: GPL-2.0-only
//! `n_tty_set_termios`: what a change of settings does to the read buffer.
//!
//! # Data flow
//! From canonical to raw: everything becomes readable, line marks are forgotten. From raw to
//! canonical: everything unread is pushed, as if `^D` had been typed, but without its mark.

use super::char_set::{CharSet, Members};
use super::{Bit, ECHO_OP_START, Echo, NTtyData, OutputModes};
use crate::sync::Ordering;
use crate::termios::{DISABLED_CHAR, Termios, cc, iflag, lflag};
use crate::tty_struct::TtyStruct;
use std::sync::LazyLock;

/// `char_map`, and what follows from it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct CharMap {
    /// The characters that need more than being stored and, with `ECHO`, echoed.
    pub(super) special: CharSet,
    /// The characters that end a run of those which can be dealt with many at a time.
    pub(super) ends_run: CharSet,
}

impl CharMap {
    /// What follows under these settings from which characters are special.
    pub(super) fn new(t: &Termios, special: CharSet) -> Self {
        Self { special, ends_run: ends_run(t, &special) }
    }
}

/// Whether any character needs more than being stored (not `raw`).
fn looks_at_characters(t: &Termios) -> bool {
    let inputs = iflag::ISTRIP
        | iflag::IUCLC
        | iflag::IGNCR
        | iflag::ICRNL
        | iflag::INLCR
        | iflag::IXON
        | iflag::PARMRK;
    t.i(inputs) || t.l(lflag::ICANON | lflag::ISIG | lflag::ECHO)
}

/// Which characters need more than being stored; `None` if none does.
pub(super) fn char_map(t: &Termios) -> Option<CharMap> {
    if !looks_at_characters(t) {
        return None;
    }
    let mut map = Members::default();
    if t.i(iflag::IGNCR | iflag::ICRNL) {
        map.add(b'\r');
    }
    if t.i(iflag::INLCR) {
        map.add(b'\n');
    }
    if t.l(lflag::ICANON) {
        map.add(b'\n');
        map.add_all(&t.cc, &[cc::VERASE, cc::VKILL, cc::VEOF, cc::VEOL]);
        if t.l(lflag::IEXTEN) {
            map.add_all(&t.cc, &[cc::VWERASE, cc::VLNEXT, cc::VEOL2]);
            if t.l(lflag::ECHO) {
                map.add_all(&t.cc, &[cc::VREPRINT]);
            }
        }
    }
    if t.i(iflag::IXON) {
        map.add_all(&t.cc, &[cc::VSTART, cc::VSTOP]);
    }
    if t.l(lflag::ISIG) {
        map.add_all(&t.cc, &[cc::VINTR, cc::VQUIT, cc::VSUSP]);
    }
    map.remove(DISABLED_CHAR);
    Some(CharMap::new(t, map.set()))
}

/// The characters that cannot be part of a run.
fn ends_run(t: &Termios, special: &CharSet) -> CharSet {
    let changed = t.i(iflag::ISTRIP) || (t.i(iflag::IUCLC) && t.l(lflag::IEXTEN));
    let restarts = t.i(iflag::IXON) && t.i(iflag::IXANY);
    if changed || restarts {
        return Members::ALL.set();
    }
    let mut members = Members::of(special);
    if t.i(iflag::PARMRK) {
        members.add(0xff);
    }
    if t.l(lflag::ECHO) {
        members.join(if t.l(lflag::ECHOCTL) { &OPS } else { &START });
    }
    members.set()
}

/// The characters that are echoed as an operation with `ECHOCTL`, and without.
static OPS: LazyLock<Members> = LazyLock::new(|| echoed_as_operations(true));
static START: LazyLock<Members> = LazyLock::new(|| echoed_as_operations(false));

const fn echoed_as_operations(echoctl: bool) -> Members {
    let mut members = Members::NONE;
    let mut c = 0;
    while c <= u8::MAX as u16 {
        if c as u8 == ECHO_OP_START || Echo::is_op(c as u8, echoctl) {
            members.add(c as u8);
        }
        c += 1;
    }
    members
}

/// `real_raw`: not even flag bytes matter.
fn real_raw(t: &Termios) -> bool {
    (t.i(iflag::IGNBRK) || !t.i(iflag::BRKINT | iflag::PARMRK))
        && (t.i(iflag::IGNPAR) || !t.i(iflag::INPCK))
}

/// The bit-fields of a fresh buffer.
pub(super) fn initial_bits(t: &Termios) -> usize {
    let mut bits = 0;
    if t.l(lflag::ICANON) {
        bits |= Bit::Icanon as usize;
    }
    if !looks_at_characters(t) {
        bits |= Bit::Raw as usize;
        if real_raw(t) {
            bits |= Bit::RealRaw as usize;
        }
    }
    bits
}

impl TtyStruct {
    /// `n_tty_set_termios`: makes the buffer fit the new settings.
    ///
    /// # Locking
    /// `termios_rwsem` held for write.
    pub(crate) fn n_tty_set_termios(&self, new: &Termios, old: &Termios) {
        let ld = &self.disc_data;
        if (old.lflag ^ new.lflag) & (lflag::ICANON | lflag::EXTPROC) != 0 {
            ld.change_mode(new);
        }
        ld.bits.assign(
            ["n_tty_set_termios.icanon_load", "n_tty_set_termios.icanon"],
            Bit::Icanon,
            new.l(lflag::ICANON),
        );
        let map = char_map(new);
        if let Some(map) = map {
            ld.char_map.set("n_tty_set_termios.char_map", map);
        }
        ld.bits.assign(
            ["n_tty_set_termios.raw_load", "n_tty_set_termios.raw"],
            Bit::Raw,
            map.is_none(),
        );
        ld.bits.assign(
            ["n_tty_set_termios.real_raw_load", "n_tty_set_termios.real_raw"],
            Bit::RealRaw,
            map.is_none() && real_raw(new),
        );
        self.restart_if_ixon_went_off(new, old);
        // The change may make the tty ready for both.
        self.write_wait.wake_up("n_tty_set_termios.write_wait");
        self.read_wait.wake_up("n_tty_set_termios.read_wait");
    }
}

impl TtyStruct {
    /// A tty stopped by ^S would stay so for ever once ^Q means nothing.
    fn restart_if_ixon_went_off(&self, new: &Termios, old: &Termios) {
        if !new.i(iflag::IXON) && old.i(iflag::IXON) && !self.tco_stopped() {
            self.start_tty();
            self.process_echoes(OutputModes::of(new));
        }
    }
}

impl NTtyData {
    /// `ICANON` or `EXTPROC` changed: everything unread is readable from here on.
    fn change_mode(&self, new: &Termios) {
        self.read_flags.bitmap_zero("n_tty_set_termios.read_flags");
        let tail = self.read_tail("n_tty_set_termios.read_tail", Ordering::Relaxed);
        let head = self.read_head("n_tty_set_termios.read_head");
        self.line_start.set("n_tty_set_termios.line_start", tail);
        let push = new.l(lflag::ICANON) && head != tail;
        if push {
            let last = self.mask(head.wrapping_sub(1));
            self.read_flags.set_bit("n_tty_set_termios.set_bit", last);
        }
        self.canon_head.store(
            "n_tty_set_termios.canon_head",
            if push { head } else { tail },
            Ordering::Relaxed,
        );
        self.bits.assign(
            ["n_tty_set_termios.push_load", "n_tty_set_termios.push"],
            Bit::Push,
            push,
        );
        self.commit_head.store("n_tty_set_termios.commit_head", head, Ordering::Relaxed);
        self.bits.assign(
            ["n_tty_set_termios.erasing_load", "n_tty_set_termios.erasing"],
            Bit::Erasing,
            false,
        );
        self.bits.assign(
            ["n_tty_set_termios.lnext_load", "n_tty_set_termios.lnext"],
            Bit::Lnext,
            false,
        );
    }
}
