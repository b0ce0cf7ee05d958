// SPDX-License-Identifier: GPL-2.0-only
//! The words of `stty` and what they stand for.
//!
//! Invariant: a name stands in one table only; where `stty` has two names for one thing, the first
//! is the one printed. No locks.

use crate::termios::{Termios, cc, cflag, iflag, lflag, oflag};
use std::fmt;

/// Which word of `struct ktermios` a flag is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// `c_iflag`.
    Input,
    /// `c_oflag`.
    Output,
    /// `c_cflag`.
    Control,
    /// `c_lflag`.
    Local,
}

/// What a flag word does: replaces the bits of `mask` by `bits`.
#[derive(Clone, Copy, Debug)]
pub struct FlagDef {
    /// Its name in scripts.
    pub name: &'static str,
    /// Where it is.
    pub field: Field,
    /// The bits it decides.
    pub mask: u32,
    /// What they become.
    pub bits: u32,
    /// Whether there is a form with `-`, which clears them.
    pub negatable: bool,
}

impl FlagDef {
    /// The word of `t` it is in.
    #[must_use]
    pub const fn field_of(&self, t: &Termios) -> u32 {
        match self.field {
            Field::Input => t.iflag,
            Field::Output => t.oflag,
            Field::Control => t.cflag,
            Field::Local => t.lflag,
        }
    }
}

const fn flag(name: &'static str, field: Field, bits: u32) -> FlagDef {
    FlagDef { name, field, mask: bits, bits, negatable: true }
}

/// One of several values of the bits in `mask`.
const fn choice(name: &'static str, field: Field, mask: u32, bits: u32) -> FlagDef {
    FlagDef { name, field, mask, bits, negatable: false }
}

/// A delay style: the `nth` of the values that `mask` can hold.
const fn delay(name: &'static str, mask: u32, nth: u32) -> FlagDef {
    choice(name, Field::Output, mask, nth << mask.trailing_zeros())
}

// Output styles the model keeps and acts on as little as the kernel's n_tty does.
const OFILL: u32 = 0o100;
const OFDEL: u32 = 0o200;
const NLDLY: u32 = 0o400;
const CRDLY: u32 = 0o3000;
const BSDLY: u32 = 0o20000;
const VTDLY: u32 = 0o40000;
const FFDLY: u32 = 0o100000;

/// Every flag.
static FLAGS: [FlagDef; 59] = {
    use Field::{Control, Input, Local, Output};
    [
        flag("ignbrk", Input, iflag::IGNBRK),
        flag("brkint", Input, iflag::BRKINT),
        flag("ignpar", Input, iflag::IGNPAR),
        flag("parmrk", Input, iflag::PARMRK),
        flag("inpck", Input, iflag::INPCK),
        flag("istrip", Input, iflag::ISTRIP),
        flag("inlcr", Input, iflag::INLCR),
        flag("igncr", Input, iflag::IGNCR),
        flag("icrnl", Input, iflag::ICRNL),
        flag("iuclc", Input, iflag::IUCLC),
        flag("ixon", Input, iflag::IXON),
        flag("ixany", Input, iflag::IXANY),
        flag("ixoff", Input, iflag::IXOFF),
        flag("imaxbel", Input, iflag::IMAXBEL),
        flag("iutf8", Input, iflag::IUTF8),
        flag("opost", Output, oflag::OPOST),
        flag("olcuc", Output, oflag::OLCUC),
        flag("onlcr", Output, oflag::ONLCR),
        flag("ocrnl", Output, oflag::OCRNL),
        flag("onocr", Output, oflag::ONOCR),
        flag("onlret", Output, oflag::ONLRET),
        flag("ofill", Output, OFILL),
        flag("ofdel", Output, OFDEL),
        delay("nl0", NLDLY, 0),
        delay("nl1", NLDLY, 1),
        delay("cr0", CRDLY, 0),
        delay("cr1", CRDLY, 1),
        delay("cr2", CRDLY, 2),
        delay("cr3", CRDLY, 3),
        delay("tab0", oflag::TABDLY, 0),
        delay("tab1", oflag::TABDLY, 1),
        delay("tab2", oflag::TABDLY, 2),
        delay("tab3", oflag::TABDLY, 3),
        delay("bs0", BSDLY, 0),
        delay("bs1", BSDLY, 1),
        delay("vt0", VTDLY, 0),
        delay("vt1", VTDLY, 1),
        delay("ff0", FFDLY, 0),
        delay("ff1", FFDLY, 1),
        choice("cs8", Control, cflag::CSIZE, cflag::CS8),
        flag("cstopb", Control, cflag::CSTOPB),
        flag("cread", Control, cflag::CREAD),
        flag("hupcl", Control, cflag::HUPCL),
        flag("clocal", Control, cflag::CLOCAL),
        flag("isig", Local, lflag::ISIG),
        flag("icanon", Local, lflag::ICANON),
        flag("xcase", Local, lflag::XCASE),
        flag("echo", Local, lflag::ECHO),
        flag("echoe", Local, lflag::ECHOE),
        flag("echok", Local, lflag::ECHOK),
        flag("echonl", Local, lflag::ECHONL),
        flag("noflsh", Local, lflag::NOFLSH),
        flag("tostop", Local, lflag::TOSTOP),
        flag("echoctl", Local, lflag::ECHOCTL),
        flag("echoprt", Local, lflag::ECHOPRT),
        flag("echoke", Local, lflag::ECHOKE),
        flag("flusho", Local, lflag::FLUSHO),
        flag("iexten", Local, lflag::IEXTEN),
        flag("extproc", Local, lflag::EXTPROC),
    ]
};

/// `stty`'s second names.
static FLAG_ALIASES: [(&str, &str); 6] = [
    ("tandem", "ixoff"),
    ("hup", "hupcl"),
    ("crterase", "echoe"),
    ("crtkill", "echoke"),
    ("ctlecho", "echoctl"),
    ("prterase", "echoprt"),
];

/// Words `stty` knows and a pty has no use for, with the reason.
pub static REFUSED: [(&str, &str); 18] = {
    const PARITY: &str = "a pty always has 8 bits and no parity";
    const SPEED: &str = "the speed of a pty changes nothing";
    const SIZE: &str = "the window size is no part of the input path";
    [
        ("evenp", PARITY),
        ("oddp", PARITY),
        ("parity", PARITY),
        ("parenb", PARITY),
        ("parodd", PARITY),
        ("cmspar", PARITY),
        ("cs5", PARITY),
        ("cs6", PARITY),
        ("cs7", PARITY),
        ("crtscts", "a pty has no modem lines"),
        ("cdtrdsr", "a pty has no modem lines"),
        ("ispeed", SPEED),
        ("ospeed", SPEED),
        ("speed", SPEED),
        ("rows", SIZE),
        ("cols", SIZE),
        ("columns", SIZE),
        ("line", "use `setd`"),
    ]
};

/// A flag of `stty`: its place in the table.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Flag(u8);

impl Flag {
    /// Every flag.
    pub fn all() -> impl Iterator<Item = Self> {
        (0u8..).zip(&FLAGS).map(|(i, _)| Self(i))
    }

    /// The flag called `name`, by either of its names.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        let name = canonical(name, &FLAG_ALIASES);
        Self::all().find(|f| f.def().name == name)
    }

    /// What it does.
    #[must_use]
    pub fn def(self) -> &'static FlagDef {
        // In range: only `all` makes one.
        &FLAGS[usize::from(self.0)]
    }
}

impl fmt::Debug for Flag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.def().name)
    }
}

/// The control characters, and the two numbers among them.
static CHARS: [(&str, usize); 17] = [
    ("intr", cc::VINTR),
    ("quit", cc::VQUIT),
    ("erase", cc::VERASE),
    ("kill", cc::VKILL),
    ("eof", cc::VEOF),
    ("eol", cc::VEOL),
    ("eol2", cc::VEOL2),
    ("swtch", cc::VSWTC),
    ("start", cc::VSTART),
    ("stop", cc::VSTOP),
    ("susp", cc::VSUSP),
    ("rprnt", cc::VREPRINT),
    ("werase", cc::VWERASE),
    ("lnext", cc::VLNEXT),
    ("discard", cc::VDISCARD),
    ("min", cc::VMIN),
    ("time", cc::VTIME),
];

static CHAR_ALIASES: [(&str, &str); 2] = [("reprint", "rprnt"), ("flush", "discard")];

/// An element of `c_cc` by its `stty` name: its place in the table.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Char(u8);

impl Char {
    /// Every one.
    pub fn all() -> impl Iterator<Item = Self> {
        (0u8..).zip(&CHARS).map(|(i, _)| Self(i))
    }

    /// The one called `name`, by either of its names.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        let name = canonical(name, &CHAR_ALIASES);
        Self::all().find(|c| c.name() == name)
    }

    /// Its name in scripts.
    #[must_use]
    pub fn name(self) -> &'static str {
        CHARS[usize::from(self.0)].0
    }

    /// Its index in `c_cc`.
    #[must_use]
    pub fn index(self) -> usize {
        CHARS[usize::from(self.0)].1
    }

    /// Whether its value is a number, not a character.
    #[must_use]
    pub fn is_number(self) -> bool {
        matches!(self.index(), cc::VMIN | cc::VTIME)
    }
}

impl fmt::Debug for Char {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A word that stands for several settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "stty(1) has them")]
pub enum Combo {
    Raw,
    Cooked,
    Sane,
    Cbreak,
    Nl,
    Ek,
    Crt,
    Dec,
    Lcase,
    Decctlq,
    Tabs,
    Pass8,
    Litout,
}

/// Name, meaning, whether there is a form with `-`.
static COMBOS: [(&str, Combo, bool); 13] = [
    ("raw", Combo::Raw, true),
    ("cooked", Combo::Cooked, true),
    ("sane", Combo::Sane, false),
    ("cbreak", Combo::Cbreak, true),
    ("nl", Combo::Nl, true),
    ("ek", Combo::Ek, false),
    ("crt", Combo::Crt, false),
    ("dec", Combo::Dec, false),
    ("lcase", Combo::Lcase, true),
    ("decctlq", Combo::Decctlq, true),
    ("tabs", Combo::Tabs, true),
    ("pass8", Combo::Pass8, true),
    ("litout", Combo::Litout, true),
];

static COMBO_ALIASES: [(&str, &str); 1] = [("LCASE", "lcase")];

impl Combo {
    /// Every one.
    pub fn all() -> impl Iterator<Item = Self> {
        COMBOS.iter().map(|c| c.1)
    }

    /// The one called `name`.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        let name = canonical(name, &COMBO_ALIASES);
        COMBOS.iter().find(|c| c.0 == name).map(|c| c.1)
    }

    /// Its name in scripts.
    #[must_use]
    pub fn name(self) -> &'static str {
        COMBOS.iter().find(|c| c.1 == self).map_or("", |c| c.0)
    }

    /// Whether there is a form with `-`.
    #[must_use]
    pub fn negatable(self) -> bool {
        COMBOS.iter().any(|c| c.1 == self && c.2)
    }
}

fn canonical<'a>(name: &'a str, aliases: &[(&'a str, &'a str)]) -> &'a str {
    aliases.iter().find(|(alias, _)| *alias == name).map_or(name, |(_, name)| name)
}

/// Every word a `termios` line can have, for suggestions.
#[must_use]
pub fn all_words() -> Vec<&'static str> {
    let flags = FLAGS.iter().map(|f| f.name).chain(FLAG_ALIASES.iter().map(|a| a.0));
    let chars = CHARS.iter().map(|c| c.0).chain(CHAR_ALIASES.iter().map(|a| a.0));
    let combos = COMBOS.iter().map(|c| c.0).chain(COMBO_ALIASES.iter().map(|a| a.0));
    flags.chain(chars).chain(combos).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn a_name_stands_for_one_thing() {
        let words = all_words();
        let unique: BTreeSet<_> = words.iter().copied().collect();
        assert_eq!(unique.len(), words.len());
        assert!(REFUSED.iter().all(|(w, _)| !unique.contains(w)));
        assert_eq!(Flag::all().count(), FLAGS.len());
        let names = Flag::all().map(|f| f.def().name).chain(Char::all().map(Char::name));
        let mut names = names.chain(Combo::all().map(Combo::name));
        assert!(names.all(|name| unique.contains(name)));
        assert_eq!(Combo::all().count(), COMBOS.len());
    }
}
