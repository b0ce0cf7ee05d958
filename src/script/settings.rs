// SPDX-License-Identifier: GPL-2.0-only
//! `stty`'s vocabulary: what the words of a `termios` line change.
//!
//! Data flow: [`mod@super::parse`] turns words into [`Setting`]s by the tables in [`words`];
//! [`TermiosChange::apply`] changes a [`Termios`] with them, in order, as `stty` does before its one
//! `TCSETS`; [`mod@super::print`] writes them back.
//!
//! Every effect was compared with GNU `stty` on a Linux pty, whose settings were all off and all
//! on before: `raw` clears all of `c_iflag` (`iutf8` too), `cooked` leaves `eof` and `eol` alone.
//!
//! Deliberate deviations: 1. words about speed, window size and parity are refused
//! ([`words::REFUSED`]): a pty ignores or rejects them; 2. `pass8` and `litout` do not touch
//! `c_cflag`, because a pty forces it back. No locks.

pub mod words;

use crate::termios::{DISABLED_CHAR, Termios, cc, iflag, lflag, oflag};
pub use words::{Char, Combo, Flag};
use words::{Field, FlagDef};

/// One word, or one word and its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Setting {
    /// `echo`, `-echo`, `tab3`.
    Flag {
        /// Which flag.
        flag: Flag,
        /// Without or with the `-`.
        on: bool,
    },
    /// `eof ^D`, `min 1`.
    Char {
        /// Which element of `c_cc`.
        which: Char,
        /// Its new value.
        value: u8,
    },
    /// `raw`, `-raw`, `sane`: several at once.
    Combo {
        /// Which combination.
        combo: Combo,
        /// Without or with the `-`.
        on: bool,
    },
}

impl Setting {
    /// The setting of a word that takes no value; `on` is false if it came with a `-`. `None` if
    /// there is no such word, or none with a `-`.
    #[must_use]
    pub fn from_word(word: &str, on: bool) -> Option<Self> {
        if let Some(flag) = Flag::from_name(word) {
            return (on || flag.def().negatable).then_some(Self::Flag { flag, on });
        }
        let combo = Combo::from_name(word)?;
        (on || combo.negatable()).then_some(Self::Combo { combo, on })
    }

    /// Changes `t`.
    pub fn apply(&self, t: &mut Termios) {
        match *self {
            Self::Flag { flag, on } => apply_flag(flag.def(), on, t),
            Self::Char { which, value } => {
                if let Some(slot) = t.cc.get_mut(which.index()) {
                    *slot = value;
                }
            }
            Self::Combo { combo, on } => apply_combo(combo, on, t),
        }
    }
}

/// What one `termios` line changes, in its order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TermiosChange(pub Vec<Setting>);

impl TermiosChange {
    /// What makes `to` of `from`, as far as there are words for it.
    #[must_use]
    pub fn between(from: &Termios, to: &Termios) -> Self {
        let flags = Flag::all().filter_map(|flag| {
            let def = flag.def();
            let [before, after] = [from, to].map(|t| def.field_of(t) & def.mask);
            let on = after == def.bits;
            (before != after && (on || def.negatable)).then_some(Setting::Flag { flag, on })
        });
        let chars = Char::all().filter_map(|which| {
            let [before, after] = [from, to].map(|t| t.cc.get(which.index()).copied());
            let value = after.filter(|_| before != after)?;
            Some(Setting::Char { which, value })
        });
        Self(flags.chain(chars).collect())
    }

    /// Changes `t`, a later word winning over an earlier one.
    pub fn apply(&self, t: &mut Termios) {
        for setting in &self.0 {
            setting.apply(t);
        }
    }
}

fn apply_flag(def: &FlagDef, on: bool, t: &mut Termios) {
    let field = match def.field {
        Field::Input => &mut t.iflag,
        Field::Output => &mut t.oflag,
        Field::Control => &mut t.cflag,
        Field::Local => &mut t.lflag,
    };
    *field = *field & !def.mask | if on { def.bits } else { 0 };
}

/// Sets or clears `bits`.
fn put(field: &mut u32, bits: u32, on: bool) {
    *field = if on { *field | bits } else { *field & !bits };
}

fn apply_combo(combo: Combo, on: bool, t: &mut Termios) {
    match combo {
        Combo::Raw if on => raw(t),
        Combo::Cooked if !on => raw(t),
        Combo::Raw | Combo::Cooked => cooked(t),
        Combo::Sane => sane(t),
        Combo::Cbreak => put(&mut t.lflag, lflag::ICANON, !on),
        Combo::Nl => nl(on, t),
        Combo::Ek => {
            reset_chars(&[cc::VERASE, cc::VKILL], t);
        }
        Combo::Crt => crt(t),
        Combo::Dec => {
            crt(t);
            put(&mut t.iflag, iflag::IXANY, false);
            reset_chars(&[cc::VINTR, cc::VERASE, cc::VKILL], t);
        }
        Combo::Lcase => {
            put(&mut t.iflag, iflag::IUCLC, on);
            put(&mut t.oflag, oflag::OLCUC, on);
            put(&mut t.lflag, lflag::XCASE, on);
        }
        Combo::Decctlq => put(&mut t.iflag, iflag::IXANY, !on),
        Combo::Tabs => {
            put(&mut t.oflag, oflag::TABDLY, false);
            put(&mut t.oflag, oflag::XTABS, !on);
        }
        Combo::Pass8 => put(&mut t.iflag, iflag::ISTRIP, !on),
        Combo::Litout => {
            put(&mut t.iflag, iflag::ISTRIP, !on);
            put(&mut t.oflag, oflag::OPOST, !on);
        }
    }
}

fn raw(t: &mut Termios) {
    t.iflag = 0;
    put(&mut t.oflag, oflag::OPOST, false);
    put(&mut t.lflag, lflag::ISIG | lflag::ICANON | lflag::XCASE, false);
    t.cc[cc::VMIN] = 1;
    t.cc[cc::VTIME] = 0;
}

fn cooked(t: &mut Termios) {
    let bits = iflag::BRKINT | iflag::IGNPAR | iflag::ISTRIP | iflag::ICRNL | iflag::IXON;
    put(&mut t.iflag, bits, true);
    put(&mut t.oflag, oflag::OPOST, true);
    put(&mut t.lflag, lflag::ISIG | lflag::ICANON, true);
}

/// What `sane` leaves as it was in `c_iflag`: it names neither parity nor `ixon`.
const SANE_KEEPS_I: u32 =
    iflag::IGNPAR | iflag::PARMRK | iflag::INPCK | iflag::ISTRIP | iflag::IXON;

/// What `sane` clears in `c_lflag`.
const SANE_CLEARS_L: u32 = lflag::XCASE
    | lflag::ECHONL
    | lflag::NOFLSH
    | lflag::TOSTOP
    | lflag::ECHOPRT
    | lflag::FLUSHO
    | lflag::EXTPROC;

/// What `sane` sets in `c_iflag`.
const SANE_SETS_I: u32 = iflag::BRKINT | iflag::ICRNL | iflag::IMAXBEL;

/// All that `sane` leaves in `c_oflag`.
const SANE_O: u32 = oflag::OPOST | oflag::ONLCR;

fn sane(t: &mut Termios) {
    t.iflag &= SANE_KEEPS_I;
    put(&mut t.iflag, SANE_SETS_I, true);
    t.oflag = SANE_O;
    t.cflag |= crate::termios::cflag::CREAD;
    t.lflag = t.lflag & !SANE_CLEARS_L | Termios::SLAVE.lflag;
    t.cc = Termios::SLAVE.cc;
}

fn nl(on: bool, t: &mut Termios) {
    put(&mut t.iflag, iflag::ICRNL, !on);
    put(&mut t.oflag, oflag::ONLCR, !on);
    if !on {
        put(&mut t.iflag, iflag::INLCR | iflag::IGNCR, false);
        put(&mut t.oflag, oflag::OCRNL | oflag::ONLRET, false);
    }
}

fn crt(t: &mut Termios) {
    put(&mut t.lflag, lflag::ECHOE | lflag::ECHOCTL | lflag::ECHOKE, true);
}

fn reset_chars(which: &[usize], t: &mut Termios) {
    for &i in which {
        t.cc[i] = Termios::SLAVE.cc[i];
    }
}

/// The value of a control character as `stty` spells it: `undef`, `^-`, `^D`, `^?`, `;`, `0x1b`,
/// `033`, `27`. One character alone is itself, a digit too. `None` if it is none of these.
#[must_use]
pub fn char_value(word: &str) -> Option<u8> {
    let mut chars = word.chars();
    match (chars.next(), chars.next(), chars.next()) {
        (Some(c), None, None) => u8::try_from(c).ok().filter(u8::is_ascii),
        (Some('^'), Some('-'), None) => Some(DISABLED_CHAR),
        (Some('^'), Some('?'), None) => Some(0x7f),
        (Some('^'), Some(c), None) => u8::try_from(c).ok().filter(u8::is_ascii).map(|c| c & !0o140),
        _ if word == "undef" => Some(DISABLED_CHAR),
        _ => byte_value(word),
    }
}

/// A number of one byte: decimal, `0x` or, with a leading 0, octal.
#[must_use]
pub fn byte_value(word: &str) -> Option<u8> {
    let (digits, radix) = match (word.strip_prefix("0x"), word.strip_prefix('0')) {
        (Some(hex), _) => (hex, 16),
        (None, Some(octal)) if !octal.is_empty() => (octal, 8),
        _ => (word, 10),
    };
    // from_str_radix takes a sign, stty does not.
    let plain = digits.bytes().all(|b| b.is_ascii_alphanumeric());
    plain.then(|| u8::from_str_radix(digits, radix).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::termios::cflag;

    const ALL_ON: Termios = Termios {
        iflag: 0o77777,
        oflag: 0o177777,
        cflag: 0o277,
        lflag: 0o377777,
        cc: [7; cc::NCCS],
    };
    const ALL_OFF: Termios = Termios { iflag: 0, oflag: 0, cflag: 0o277, lflag: 0, cc: [7; 19] };

    /// What `word` sets in settings that are all off, and clears where they are all on:
    /// `(set in i, o, l), (cleared in i, o, l)`.
    fn effect(word: &str) -> ([u32; 3], [u32; 3]) {
        let (name, on) = word.strip_prefix('-').map_or((word, true), |w| (w, false));
        let setting = Setting::from_word(name, on).unwrap_or_else(|| panic!("no word {word}"));
        let (mut off, mut full) = (ALL_OFF, ALL_ON);
        setting.apply(&mut off);
        setting.apply(&mut full);
        let cleared = |before: u32, after: u32| before & !after;
        (
            [off.iflag, off.oflag, off.lflag],
            [
                cleared(ALL_ON.iflag, full.iflag),
                cleared(ALL_ON.oflag, full.oflag),
                cleared(ALL_ON.lflag, full.lflag),
            ],
        )
    }

    #[test]
    fn combinations_do_what_stty_was_seen_to_do_on_a_pty() {
        let seen = [
            ("raw", [0, 0, 0], [0o77777, 1, 7]),
            ("-cooked", [0, 0, 0], [0o77777, 1, 7]),
            ("-raw", [0o2446, 1, 3], [0, 0, 0]),
            ("cooked", [0o2446, 1, 3], [0, 0, 0]),
            // With FLUSHO, which the comparison had left off.
            ("sane", [0o20402, 5, 0o105073], [0o55301, 0o177772, 0o212704]),
            ("cbreak", [0, 0, 0], [0, 0, 2]),
            ("-cbreak", [0, 0, 2], [0, 0, 0]),
            ("nl", [0, 0, 0], [0o400, 4, 0]),
            ("-nl", [0o400, 4, 0], [0o300, 0o50, 0]),
            ("ek", [0, 0, 0], [0, 0, 0]),
            ("crt", [0, 0, 0o5020], [0, 0, 0]),
            ("dec", [0, 0, 0o5020], [0o4000, 0, 0]),
            ("lcase", [0o1000, 2, 4], [0, 0, 0]),
            ("-LCASE", [0, 0, 0], [0o1000, 2, 4]),
            ("decctlq", [0, 0, 0], [0o4000, 0, 0]),
            ("-decctlq", [0o4000, 0, 0], [0, 0, 0]),
            ("tabs", [0, 0, 0], [0, 0o14000, 0]),
            ("-tabs", [0, 0o14000, 0], [0, 0, 0]),
            ("tab3", [0, 0o14000, 0], [0, 0, 0]),
            ("litout", [0, 0, 0], [0o40, 1, 0]),
            ("-litout", [0o40, 1, 0], [0, 0, 0]),
            ("pass8", [0, 0, 0], [0o40, 0, 0]),
            ("-pass8", [0o40, 0, 0], [0, 0, 0]),
            ("tandem", [0o10000, 0, 0], [0, 0, 0]),
            ("nl1", [0, 0o400, 0], [0, 0, 0]),
            ("echoprt", [0, 0, 0o2000], [0, 0, 0]),
            ("-echo", [0, 0, 0], [0, 0, 0o10]),
        ];
        for (word, set, cleared) in seen {
            let (s, c) = effect(word);
            // A word that sets on the one side changes nothing else on the other.
            assert_eq!((s, c), (set, cleared), "{word}");
        }
    }

    #[test]
    fn what_is_between_two_settings_leads_from_one_to_the_other() {
        for word in ["raw", "-raw", "sane", "dec", "lcase", "-tabs", "nl1", "-litout"] {
            let (name, on) = word.strip_prefix('-').map_or((word, true), |w| (w, false));
            let setting = Setting::from_word(name, on).expect("a word");
            for from in [Termios::SLAVE, Termios::MASTER] {
                let mut to = from;
                setting.apply(&mut to);
                let change = TermiosChange::between(&from, &to);
                let mut there = from;
                change.apply(&mut there);
                assert_eq!(there, to, "{word}");
                assert_eq!(change.0.is_empty(), from == to, "{word}");
            }
        }
        let mut quit = Termios::SLAVE;
        quit.cc[cc::VQUIT] = 0;
        assert_eq!(TermiosChange::between(&Termios::SLAVE, &quit).to_string(), "quit undef");
    }

    #[test]
    fn sane_resets_every_character_and_raw_only_min_and_time() {
        let (mut sane, mut raw) = (ALL_ON, ALL_ON);
        let word = |w| Setting::from_word(w, true).expect("a word");
        word("sane").apply(&mut sane);
        word("raw").apply(&mut raw);
        assert_eq!(sane.cc, Termios::SLAVE.cc);
        let mut expected = [7; cc::NCCS];
        (expected[cc::VMIN], expected[cc::VTIME]) = (1, 0);
        assert_eq!(raw.cc, expected);
        assert_eq!(sane.cflag & cflag::CREAD, cflag::CREAD);
    }

    #[test]
    fn ek_and_dec_reset_the_characters_they_name() {
        let reset = |word, chars: &[usize]| {
            let mut t = ALL_ON;
            Setting::from_word(word, true).expect("a word").apply(&mut t);
            let mut expected = [7; cc::NCCS];
            chars.iter().for_each(|&i| expected[i] = Termios::SLAVE.cc[i]);
            assert_eq!(t.cc, expected, "{word}");
        };
        reset("ek", &[cc::VERASE, cc::VKILL]);
        reset("dec", &[cc::VINTR, cc::VERASE, cc::VKILL]);
    }

    #[test]
    fn characters_are_spelt_as_in_stty() {
        let seen = [
            ("0", Some(0x30)),
            ("5", Some(0x35)),
            ("12", Some(12)),
            ("012", Some(10)),
            ("0x1f", Some(0x1f)),
            ("^-", Some(0)),
            ("undef", Some(0)),
            ("^?", Some(0x7f)),
            ("^c", Some(3)),
            ("^", Some(0x5e)),
            (";", Some(0x3b)),
            ("300", None),
            ("^[", Some(0x1b)),
            ("^~", Some(0x1e)),
            ("a^", None),
            ("é", None),
            ("+5", None),
            ("", None),
            ("0x", None),
            ("-1", None),
            ("0x+5", None),
        ];
        for (word, value) in seen {
            assert_eq!(char_value(word), value, "{word}");
        }
    }

    #[test]
    fn what_cannot_be_negated_is_no_word_with_a_dash() {
        for word in ["sane", "ek", "crt", "dec", "tab3", "cs8"] {
            assert!(Setting::from_word(word, true).is_some(), "{word}");
            assert!(Setting::from_word(word, false).is_none(), "-{word}");
        }
        assert!(Setting::from_word("min", true).is_none());
    }
}
