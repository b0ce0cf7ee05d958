// SPDX-License-Identifier: GPL-2.0-only
//! What generated scripts made the line discipline do: so that a generator which has fallen
//! silent about something is seen.
//!
//! # Data flow
//! Each script that was compared -> [`Coverage::add`]: its operations in order, with the settings in
//! force. A feature is *exercised* where an operation meets it with input on which it acts; how
//! often that was so with the flag on, and how often with it off, is counted apart, in scripts.
//!
//! # Deviations
//! 1. What acts on breaks and parity errors (`ignbrk`, `brkint`, `ignpar`, `inpck`), what n_tty
//!    leaves alone (`ofill`, delays, `cstopb`, ...) and `tostop` have nothing to act on in a pty: any
//!    input counts.
//! 2. Input counts if it is written while the flag is so: what is still queued then is not seen.
//!
//! No locks.

use super::rules::with_settings;
use crate::script::ast::{End, FlowAction, Op, Queue, Script};
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

/// The features without a flag, by the operation that is one.
const CALLS: [&str; 28] = [
    "call:write-master",
    "call:write-slave",
    "call:read-master",
    "call:read-slave",
    "call:read-wait",
    "call:read-wait-vtime",
    "call:poll-master",
    "call:poll-slave",
    "call:tiocinq-master",
    "call:tiocinq-slave",
    "call:tiocoutq-master",
    "call:tiocoutq-slave",
    "call:tcsets-master",
    "call:tcsets-slave",
    "call:tcflsh-in",
    "call:tcflsh-out",
    "call:tcflsh-both",
    "call:tcxonc-ooff",
    "call:tcxonc-oon",
    "call:tcxonc-ioff",
    "call:tcxonc-ion",
    "call:tiocpkt-on",
    "call:tiocpkt-off",
    "call:tiocsti-master",
    "call:tiocsti-slave",
    "call:close-slave",
    "call:open-slave",
    "call:tiocsetd",
];

/// Situations that no single word makes.
const STATES: [&str; 6] = [
    "state:full-input",
    "state:full-output",
    "state:hung-up",
    "state:icanon-to-raw",
    "state:raw-to-icanon",
    "state:packet-mode",
];

impl Default for Coverage {
    /// Every feature, never met.
    fn default() -> Self {
        let switch = Count { on: 0, off: Some(0) };
        let flags = Flag::all().map(|f| {
            let count = if f.def().negatable { switch } else { Count::default() };
            (format!("flag:{}", f.def().name), count)
        });
        let chars = Char::all().map(|c| (format!("char:{}", c.name()), Count::default()));
        let others = CALLS.iter().chain(&STATES).map(|n| ((*n).to_owned(), Count::default()));
        Self(flags.chain(chars).chain(others).collect())
    }
}

impl Coverage {
    /// Counts what `script` meets.
    pub fn add(&mut self, script: &Script) {
        let mut met = Met::default();
        met.walk(script);
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

    fn walk(&mut self, script: &Script) {
        let (mut to_slave, mut to_master, mut packet) = (0, 0, false);
        for (t, op) in with_settings(script) {
            self.call(op, &t);
            match op {
                Op::Write { end: End::Master, bytes } => {
                    to_slave += bytes.len();
                    self.input(&t, bytes);
                }
                Op::Write { end: End::Slave, bytes } => {
                    to_master += bytes.len();
                    self.output(&t, bytes);
                }
                Op::Sti { end: End::Slave, byte } => self.input(&t, &[*byte]),
                Op::Read { end: End::Slave, .. } => to_slave = 0,
                Op::Read { end: End::Master, .. } => {
                    to_master = 0;
                    if packet {
                        self.note("state:packet-mode");
                    }
                }
                Op::Packet { on } => packet = *on,
                Op::Close { end: End::Master } => self.note("state:hung-up"),
                _ => {}
            }
            for (total, state) in [(to_slave, "state:full-input"), (to_master, "state:full-output")]
            {
                if total > script.geometry.n_tty_buf {
                    self.note(state);
                }
            }
        }
    }

    fn call(&mut self, op: &Op, t: &Termios) {
        let on = |end: &End, master, slave| if *end == End::Master { master } else { slave };
        let name = match op {
            Op::Write { end, .. } => on(end, "call:write-master", "call:write-slave"),
            Op::Read { end, wait, .. } => {
                if *wait {
                    self.note("call:read-wait");
                    if t.cc[cc::VTIME] != 0 && !t.l(lflag::ICANON) && *end == End::Slave {
                        self.note("call:read-wait-vtime");
                    }
                }
                on(end, "call:read-master", "call:read-slave")
            }
            Op::Poll { end } => on(end, "call:poll-master", "call:poll-slave"),
            Op::Inq { end } => on(end, "call:tiocinq-master", "call:tiocinq-slave"),
            Op::Outq { end } => on(end, "call:tiocoutq-master", "call:tiocoutq-slave"),
            Op::Sti { end, .. } => on(end, "call:tiocsti-master", "call:tiocsti-slave"),
            Op::Flush { queue: Queue::In, .. } => "call:tcflsh-in",
            Op::Flush { queue: Queue::Out, .. } => "call:tcflsh-out",
            Op::Flush { queue: Queue::Both, .. } => "call:tcflsh-both",
            Op::Flow { action: FlowAction::Ooff, .. } => "call:tcxonc-ooff",
            Op::Flow { action: FlowAction::Oon, .. } => "call:tcxonc-oon",
            Op::Flow { action: FlowAction::Ioff, .. } => "call:tcxonc-ioff",
            Op::Flow { action: FlowAction::Ion, .. } => "call:tcxonc-ion",
            Op::Packet { on: true } => "call:tiocpkt-on",
            Op::Packet { on: false } => "call:tiocpkt-off",
            Op::Close { .. } => "call:close-slave",
            Op::Open { .. } => "call:open-slave",
            Op::Setd { .. } => "call:tiocsetd",
            Op::Termios { end, change, .. } => {
                self.changes(t, &change.0);
                on(end, "call:tcsets-master", "call:tcsets-slave")
            }
            Op::Settle | Op::Checkpoint { .. } | Op::Restore { .. } => return,
        };
        self.note(name);
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
    use crate::script::generate::dialogue;
    use crate::script::{Context, parse};
    use fastrand::Rng;

    fn of(text: &str) -> Coverage {
        let mut coverage = Coverage::default();
        coverage.add(&parse(text, &Context::file("test")).expect("script"));
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

    #[test]
    fn dialogues_meet_everything() {
        let mut coverage = Coverage::default();
        let mut rng = Rng::with_seed(1);
        for _ in 0..1_000 {
            coverage.add(&dialogue(&mut rng, 40));
        }
        assert_eq!(coverage.missing(), Vec::<String>::new());
    }
}
