// SPDX-License-Identifier: GPL-2.0-only
//! What generated scripts made the line discipline do: so that a generator which has fallen
//! silent about something is seen.
//!
//! # Data flow
//! Each script that was compared -> [`Coverage::add`]: its operations in order, with the settings in
//! force and what the model answered ([`super::states`]). A feature is *exercised* where an operation meets it with input on which it acts; how
//! often that was so with the flag on, and how often with it off, is counted apart, in scripts.
//!
//! # Deviations
//! 1. What acts on breaks and parity errors (`ignbrk`, `brkint`, `ignpar`, `inpck`), what n_tty
//!    leaves alone (`ofill`, delays, `cstopb`, ...) and `tostop` have nothing to act on in a pty: any
//!    input counts.
//! 2. Input counts if it is written while the flag is so: what is still queued then is not seen.
//!
//! No locks.

use super::Answer;
use super::rules::with_settings;
use super::states::{STATES, States};
use crate::ldisc_ref::{N_NULL, N_TTY};
use crate::script::ast::{End, FlowAction, Op, Queue, Script, When};
use crate::script::settings::Setting;
use crate::script::settings::words::{Char, Field, Flag};
use crate::termios::{DISABLED_CHAR, Termios, cc, iflag, lflag, oflag};
use std::collections::{BTreeMap, BTreeSet};

/// In how many scripts a feature was met.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// Switched on; for what is no switch, at all.
    pub on: u64,
    /// Switched off; `None` for what is no switch.
    pub off: Option<u64>,
}

/// Every feature and its count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Coverage(BTreeMap<String, Count>);

/// The calls that either end can make.
const CALLS: [&str; 21] = [
    "write",
    "read",
    "read-wait",
    "poll",
    "tiocinq",
    "tiocoutq",
    "tcsets",
    "tcsets-drain",
    "tcsets-flush",
    "tcflsh-in",
    "tcflsh-out",
    "tcflsh-both",
    "tcxonc-ooff",
    "tcxonc-oon",
    "tcxonc-ioff",
    "tcxonc-ion",
    "tiocsti",
    "tiocsetd-null",
    "tiocsetd-tty",
    "close",
    "tiocvhangup",
];

/// The calls of one end only.
const OTHER_CALLS: [&str; 6] = [
    "call:open-slave",
    "call:read-wait-vtime",
    "call:signals",
    "call:tiocpkt-off",
    "call:tiocpkt-on",
    "call:tiocsetd-unknown",
];

/// What reports call `call` made on `end`.
fn of_end(call: &str, end: End) -> String {
    format!("call:{call}-{}", end.name())
}

impl Default for Coverage {
    /// Every feature, never met.
    fn default() -> Self {
        let switch = Count { on: 0, off: Some(0) };
        let flags = Flag::all().map(|f| {
            let count = if f.def().negatable { switch } else { Count::default() };
            (format!("flag:{}", f.def().name), count)
        });
        let chars = Char::all().map(|c| (format!("char:{}", c.name()), Count::default()));
        let calls = CALLS.iter().flat_map(|call| End::ALL.map(|end| of_end(call, end)));
        let others = OTHER_CALLS.iter().chain(&STATES).map(|n| (*n).to_owned());
        let others = calls.chain(others).map(|name| (name, Count::default()));
        Self(flags.chain(chars).chain(others).collect())
    }
}

impl Coverage {
    /// Counts what `script` meets, on which the model gives `answers`.
    pub fn add(&mut self, script: &Script, answers: &[Answer]) {
        let mut met = Met::default();
        met.walk(script, answers);
        for (name, on) in met.0 {
            let Some(count) = self.0.get_mut(&name) else { continue };
            match (&mut count.off, on) {
                (Some(off), false) => *off += 1,
                _ => count.on += 1,
            }
        }
    }

    /// Adds what another one counted.
    pub fn merge(&mut self, other: &Self) {
        for (name, count) in &other.0 {
            let mine = self.0.entry(name.clone()).or_default();
            mine.on += count.on;
            if let Some(off) = count.off {
                mine.off = Some(mine.off.unwrap_or(0) + off);
            }
        }
    }

    /// Every feature by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Count)> {
        self.0.iter().map(|(name, count)| (name.as_str(), *count))
    }

    /// What was never met, or never in one of its two states.
    #[must_use]
    pub fn missing(&self) -> Vec<String> {
        let mut missing = Vec::new();
        for (name, count) in &self.0 {
            if count.on == 0 {
                let on = if count.off.is_some() { " on" } else { "" };
                missing.push(format!("{name}{on}"));
            }
            if count.off == Some(0) {
                missing.push(format!("{name} off"));
            }
        }
        missing
    }
}

/// What one script has met.
#[derive(Default)]
struct Met(BTreeSet<(String, bool)>);

impl Met {
    fn note(&mut self, name: &str) {
        self.0.insert((name.to_owned(), true));
    }

    fn walk(&mut self, script: &Script, answers: &[Answer]) {
        let mut states = States::new(script.geometry.n_tty_buf);
        for (i, (t, op)) in with_settings(script).enumerate() {
            self.call(op, &t);
            match op {
                Op::Write { end: End::Master, bytes } => self.input(&t, bytes),
                Op::Write { end: End::Slave, bytes } => self.output(&t, bytes),
                Op::Sti { end: End::Slave, byte } => self.input(&t, &[*byte]),
                Op::Termios { change, .. } => self.changes(&t, &change.0),
                _ => {}
            }
            if let Some(Answer::Outcome(outcome)) = answers.get(i) {
                states.after(&t, op, outcome, |state| self.note(state));
            }
        }
    }

    fn call(&mut self, op: &Op, t: &Termios) {
        for name in names_of(op) {
            match end_of(op) {
                Some(end) => self.note(&of_end(name, end)),
                None => self.note(name),
            }
        }
        if let Op::Read { end: End::Slave, wait: true, .. } = op
            && t.cc[cc::VTIME] != 0
            && !t.l(lflag::ICANON)
        {
            self.note("call:read-wait-vtime");
        }
    }

    fn changes(&mut self, before: &Termios, settings: &[Setting]) {
        let mut after = *before;
        settings.iter().for_each(|s| s.apply(&mut after));
        match (before.l(lflag::ICANON), after.l(lflag::ICANON)) {
            (true, false) => self.note("state:icanon-to-raw"),
            (false, true) => self.note("state:raw-to-icanon"),
            _ => {}
        }
        for which in Char::all().filter(|c| c.is_number()) {
            if before.cc.get(which.index()) != after.cc.get(which.index()) {
                self.note(&format!("char:{}", which.name()));
            }
        }
    }

    fn input(&mut self, t: &Termios, bytes: &[u8]) {
        for flag in Flag::all().filter(|f| f.def().field != Field::Output) {
            if acts_on_input(flag.def().name, t, bytes) {
                self.flag(flag, t);
            }
        }
        for which in Char::all().filter(|c| !c.is_number()) {
            let value = t.cc.get(which.index()).copied().unwrap_or(DISABLED_CHAR);
            if value != DISABLED_CHAR && bytes.contains(&value) {
                self.note(&format!("char:{}", which.name()));
            }
        }
    }

    fn output(&mut self, t: &Termios, bytes: &[u8]) {
        for flag in Flag::all().filter(|f| f.def().field == Field::Output) {
            if acts_on_output(flag.def().name, t, bytes) {
                self.flag(flag, t);
            }
        }
    }

    fn flag(&mut self, flag: Flag, t: &Termios) {
        let def = flag.def();
        let field = match def.field {
            Field::Input => t.iflag,
            Field::Output => t.oflag,
            Field::Control => t.cflag,
            Field::Local => t.lflag,
        };
        let on = field & def.mask == def.bits;
        if on || def.negatable {
            self.0.insert((format!("flag:{}", def.name), on));
        }
    }
}

/// The end that is part of the names of `op`.
const fn end_of(op: &Op) -> Option<End> {
    match op {
        Op::Termios { end, .. }
        | Op::Write { end, .. }
        | Op::Read { end, .. }
        | Op::Inq { end }
        | Op::Outq { end }
        | Op::Poll { end }
        | Op::Flush { end, .. }
        | Op::Flow { end, .. }
        | Op::Sti { end, .. }
        | Op::Hangup { end }
        | Op::Close { end } => Some(*end),
        Op::Setd { end, ldisc: N_TTY | N_NULL } => Some(*end),
        Op::Setd { .. }
        | Op::Packet { .. }
        | Op::Open { .. }
        | Op::Signals
        | Op::Insert { .. }
        | Op::Rare { .. }
        | Op::Settle
        | Op::Checkpoint { .. }
        | Op::Restore { .. } => None,
    }
}

/// What `op` counts as, without the end.
const fn names_of(op: &Op) -> &'static [&'static str] {
    match op {
        Op::Write { .. } => &["write"],
        Op::Read { wait: false, .. } => &["read"],
        Op::Read { wait: true, .. } => &["read", "read-wait"],
        Op::Poll { .. } => &["poll"],
        Op::Inq { .. } => &["tiocinq"],
        Op::Outq { .. } => &["tiocoutq"],
        Op::Sti { .. } => &["tiocsti"],
        Op::Flush { queue: Queue::In, .. } => &["tcflsh-in"],
        Op::Flush { queue: Queue::Out, .. } => &["tcflsh-out"],
        Op::Flush { queue: Queue::Both, .. } => &["tcflsh-both"],
        Op::Flow { action: FlowAction::Ooff, .. } => &["tcxonc-ooff"],
        Op::Flow { action: FlowAction::Oon, .. } => &["tcxonc-oon"],
        Op::Flow { action: FlowAction::Ioff, .. } => &["tcxonc-ioff"],
        Op::Flow { action: FlowAction::Ion, .. } => &["tcxonc-ion"],
        Op::Termios { when: When::Now, .. } => &["tcsets"],
        Op::Termios { when: When::Drain, .. } => &["tcsets-drain"],
        Op::Termios { when: When::Flush, .. } => &["tcsets-flush"],
        Op::Close { .. } => &["close"],
        Op::Setd { ldisc: N_TTY, .. } => &["tiocsetd-tty"],
        Op::Setd { ldisc: N_NULL, .. } => &["tiocsetd-null"],
        Op::Setd { .. } => &["call:tiocsetd-unknown"],
        Op::Packet { on: true } => &["call:tiocpkt-on"],
        Op::Packet { on: false } => &["call:tiocpkt-off"],
        Op::Open { .. } => &["call:open-slave"],
        Op::Hangup { .. } => &["tiocvhangup"],
        Op::Signals => &["call:signals"],
        // No pty has what `insert` stands for.
        Op::Insert { .. }
        | Op::Rare { .. }
        | Op::Settle
        | Op::Checkpoint { .. }
        | Op::Restore { .. } => &[],
    }
}

/// Whether `bytes`, received under `t`, are something for the flag called `name`.
fn acts_on_input(name: &str, t: &Termios, bytes: &[u8]) -> bool {
    let has = |wanted: &[usize]| {
        let chars = wanted.iter().filter_map(|i| t.cc.get(*i)).filter(|c| **c != DISABLED_CHAR);
        chars.into_iter().any(|c| bytes.contains(c))
    };
    let canonical_echo = t.l(lflag::ICANON) && t.l(lflag::ECHO) && !t.l(lflag::EXTPROC);
    match name {
        "istrip" => bytes.iter().any(|b| *b >= 0x80),
        "iuclc" | "xcase" => t.l(lflag::IEXTEN) && bytes.iter().any(u8::is_ascii_uppercase),
        "inlcr" => bytes.contains(&b'\n'),
        "igncr" => bytes.contains(&b'\r'),
        "icrnl" => !t.i(iflag::IGNCR) && bytes.contains(&b'\r'),
        "ixon" => has(&[cc::VSTART, cc::VSTOP]),
        "ixany" => t.i(iflag::IXON) && has(&[cc::VSTOP]),
        "parmrk" => bytes.contains(&0xff),
        "iutf8" => canonical_echo && has(&[cc::VERASE]) && bytes.iter().any(|b| *b >= 0xc0),
        "isig" => has(&[cc::VINTR, cc::VQUIT, cc::VSUSP]),
        "noflsh" => t.l(lflag::ISIG) && has(&[cc::VINTR, cc::VQUIT, cc::VSUSP]),
        "echoe" | "echoprt" => canonical_echo && has(&[cc::VERASE, cc::VWERASE]),
        "echok" | "echoke" => canonical_echo && has(&[cc::VKILL]),
        "echonl" => t.l(lflag::ICANON) && !t.l(lflag::ECHO) && bytes.contains(&b'\n'),
        "echoctl" => {
            let control = |b: &u8| (*b < 0x20 && *b != b'\n' && *b != b'\t') || *b == 0x7f;
            t.l(lflag::ECHO) && bytes.iter().any(control)
        }
        "iexten" => t.l(lflag::ICANON) && has(&[cc::VWERASE, cc::VREPRINT, cc::VLNEXT]),
        _ => !bytes.is_empty(),
    }
}

/// Whether `bytes`, written under `t`, are something for the flag called `name`.
fn acts_on_output(name: &str, t: &Termios, bytes: &[u8]) -> bool {
    if name == "opost" {
        return bytes.iter().any(|b| b"\n\r\t".contains(b));
    }
    let wanted: &[u8] = match name {
        "onlcr" | "onlret" => b"\n",
        "ocrnl" | "onocr" => b"\r",
        "tab0" | "tab1" | "tab2" | "tab3" => b"\t",
        _ => b"abcdefghijklmnopqrstuvwxyz",
    };
    t.o(oflag::OPOST) && bytes.iter().any(|b| wanted.contains(b))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::on_model;
    use crate::script::{Context, parse};

    fn of(text: &str) -> Coverage {
        let mut coverage = Coverage::default();
        let script = parse(text, &Context::file("test")).expect("script");
        coverage.add(&script, &on_model(&script));
        coverage
    }

    #[test]
    fn a_flag_counts_where_something_meets_it() {
        let count = |text: &str, name: &str| of(text).0.get(name).copied();
        let both = |on, off| Some(Count { on, off: Some(off) });
        assert_eq!(count("write master \"a\"", "flag:echoke"), both(0, 0));
        assert_eq!(count("write master \"a\\x15\"", "flag:echoke"), both(1, 0));
        let off = "termios slave -echoke\nwrite master \"a\\x15\"";
        assert_eq!(count(off, "flag:echoke"), both(0, 1));
        assert_eq!(count("write slave \"\\t\"", "flag:tab3"), Some(Count { on: 0, off: None }));
    }
}
