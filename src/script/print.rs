// SPDX-License-Identifier: GPL-2.0-only
//! From [`Script`] to text that [`mod@super::parse`] reads back as the same script.
//!
//! Data flow: each part has a `Display`; a script's is the whole file. ASCII only. Comments and
//! spelling are not kept: `eof 4` comes back as `eof ^D`. No locks.

use super::ast::{
    CharFlag, DesignRef, Events, Expect, Item, Line, Op, Rare, Script, ThreadBlock, WORKER_RUNS,
    When,
};
use super::settings::{Setting, TermiosChange};
use crate::geometry::Geometry;
use crate::machine::Variant;
use crate::termios::DISABLED_CHAR;
use std::fmt::{self, Display, Formatter};

/// Runs of one byte at least this long are printed as `"x" * N`.
const RUN: usize = 16;

/// `bytes` as the string expression of a script: `"abc" "x" * 5000 "\n"`.
#[derive(Clone, Copy, Debug)]
pub struct Bytes<'a>(pub &'a [u8]);

impl Display for Bytes<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let (mut plain, mut first) = (Vec::new(), true);
        for run in self.0.chunk_by(|a, b| a == b) {
            if run.len() < RUN {
                plain.extend_from_slice(run);
                continue;
            }
            if !plain.is_empty() {
                quote(f, &mut first, &plain)?;
                plain.clear();
            }
            quote(f, &mut first, run.get(..1).unwrap_or_default())?;
            write!(f, " * {}", run.len())?;
        }
        if first || !plain.is_empty() { quote(f, &mut first, &plain) } else { Ok(()) }
    }
}

/// One `"..."`, behind a blank unless it is the first.
fn quote(f: &mut Formatter<'_>, first: &mut bool, bytes: &[u8]) -> fmt::Result {
    f.write_str(if *first { "\"" } else { " \"" })?;
    *first = false;
    for &byte in bytes {
        escape(f, byte, b'"')?;
    }
    f.write_str("\"")
}

fn escape(f: &mut Formatter<'_>, byte: u8, quote: u8) -> fmt::Result {
    match byte {
        b'\n' => f.write_str("\\n"),
        b'\r' => f.write_str("\\r"),
        b'\t' => f.write_str("\\t"),
        b'\\' => f.write_str("\\\\"),
        b if b == quote => write!(f, "\\{}", char::from(b)),
        b' '..=b'~' => write!(f, "{}", char::from(byte)),
        b => write!(f, "\\x{b:02x}"),
    }
}

/// A control character as `stty` shows it, quoted where a script needs it.
fn control(f: &mut Formatter<'_>, byte: u8) -> fmt::Result {
    match byte {
        DISABLED_CHAR => f.write_str("undef"),
        0x7f => f.write_str("^?"),
        1..=0x1f => write!(f, "^{}", char::from(byte | 0x40)),
        b => {
            f.write_str("'")?;
            escape(f, b, b'\'')?;
            f.write_str("'")
        }
    }
}

impl Display for Setting {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let dash = |on| if on { "" } else { "-" };
        match self {
            Self::Flag { flag, on } => write!(f, "{}{}", dash(*on), flag.def().name),
            Self::Combo { combo, on } => write!(f, "{}{}", dash(*on), combo.name()),
            Self::Char { which, value } if which.is_number() => {
                write!(f, "{} {value}", which.name())
            }
            Self::Char { which, value } => {
                write!(f, "{} ", which.name())?;
                control(f, *value)
            }
        }
    }
}

impl Display for TermiosChange {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for (i, setting) in self.0.iter().enumerate() {
            write!(f, "{}{setting}", if i == 0 { "" } else { " " })?;
        }
        Ok(())
    }
}

impl Display for DesignRef {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::This => f.write_str("this"),
            Self::Named(name) => f.write_str(name),
            Self::Ioctl(number) => write!(f, "{number:#x}"),
        }
    }
}

/// The line of the script.
impl Display for Op {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Termios { end, change, when: When::Now } => {
                write!(f, "termios {} {change}", end.name())
            }
            Self::Termios { end, change, when } => {
                write!(f, "termios {} {change} when {}", end.name(), when.name())
            }
            Self::Write { end, bytes } => write!(f, "write {} {}", end.name(), Bytes(bytes)),
            Self::Read { end, n, wait } => {
                write!(f, "read {} {n}{}", end.name(), if *wait { " wait" } else { "" })
            }
            Self::Inq { end } => write!(f, "inq {}", end.name()),
            Self::Outq { end } => write!(f, "outq {}", end.name()),
            Self::Poll { end } => write!(f, "poll {}", end.name()),
            Self::Flush { end, queue } => write!(f, "flush {} {}", end.name(), queue.name()),
            Self::Flow { end, action } => write!(f, "flow {} {}", end.name(), action.name()),
            Self::Packet { on } => f.write_str(if *on { "packet on" } else { "packet off" }),
            Self::Sti { end, byte } => write!(f, "sti {} {}", end.name(), Bytes(&[*byte])),
            Self::Close { end } => write!(f, "close {}", end.name()),
            Self::Open { end } => write!(f, "open {}", end.name()),
            Self::Setd { end, ldisc } => write!(f, "setd {} {ldisc}", end.name()),
            Self::Hangup { end } => write!(f, "hangup {}", end.name()),
            Self::Signals => f.write_str("signals"),
            Self::Insert { end, bytes, flag: CharFlag::Normal } => {
                write!(f, "insert {} {}", end.name(), Bytes(bytes))
            }
            Self::Insert { end, bytes, flag } => {
                write!(f, "insert {} {} {}", end.name(), Bytes(bytes), flag.name())
            }
            Self::Rare { end, call } => {
                write!(f, "{} {}", call.word(), end.name())?;
                match call {
                    Rare::Await(events) => write!(f, " {events}"),
                    Rare::Hold | Rare::Pause | Rare::Printk => Ok(()),
                    Rare::Send(bytes) => write!(f, " {}", Bytes(bytes)),
                }
            }
            Self::Settle => f.write_str("settle"),
            Self::Checkpoint { design, end, label } => {
                write!(f, "checkpoint {design} {} as {label}", end.name())
            }
            Self::Restore { label } => write!(f, "restore {label}"),
        }
    }
}

impl Display for Events {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let mut gap = "";
        for (name, _) in Self::ALL.iter().filter(|(_, bit)| self.0 & bit != 0) {
            write!(f, "{gap}{name}")?;
            gap = " ";
        }
        // No event at all is a plain 0.
        if gap.is_empty() { f.write_str("0") } else { Ok(()) }
    }
}

impl Display for Expect {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bytes(bytes) => write!(f, "{}", Bytes(bytes)),
            Self::Errno(errno) => write!(f, "{errno}"),
            Self::Ret(value) => write!(f, "{value}"),
            Self::Events(events) => write!(f, "{events}"),
            Self::OneOf(answers) => {
                let mut gap = "";
                for answer in answers {
                    write!(f, "{gap}{answer}")?;
                    gap = " or ";
                }
                Ok(())
            }
        }
    }
}

fn line(f: &mut Formatter<'_>, indent: &str, line: &Line) -> fmt::Result {
    writeln!(f, "{indent}{}", line.op)?;
    match &line.expect {
        Some(expect) => writeln!(f, "{indent}expect {expect}"),
        None => Ok(()),
    }
}

fn thread(f: &mut Formatter<'_>, block: &ThreadBlock) -> fmt::Result {
    writeln!(f, "thread {} {{", block.name)?;
    for l in &block.lines {
        line(f, "    ", l)?;
    }
    writeln!(f, "}}")
}

/// The `geometry` line, with the sizes that are not Linux's.
fn geometry(f: &mut Formatter<'_>, geometry: &Geometry) -> fmt::Result {
    if *geometry == Geometry::LINUX {
        return Ok(());
    }
    f.write_str("geometry")?;
    for ((name, value), (_, linux)) in geometry.fields().into_iter().zip(Geometry::LINUX.fields()) {
        if value != linux {
            write!(f, " {name} {value}")?;
        }
    }
    writeln!(f)
}

/// The whole file.
impl Display for Script {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        geometry(f, &self.geometry)?;
        if self.machine.variant != Variant::Today {
            writeln!(f, "variant {}", self.machine.variant.name())?;
        }
        let words: Vec<&str> = self.machine.words().collect();
        if !words.is_empty() {
            writeln!(f, "machine {}", words.join(" "))?;
        }
        if self.worker_runs != WORKER_RUNS {
            writeln!(f, "worker-runs {}", self.worker_runs)?;
        }
        if let Some(on) = self.auto_settle {
            writeln!(f, "settle {}", if on { "on" } else { "off" })?;
        }
        for item in &self.items {
            match item {
                Item::Op(l) => line(f, "", l)?,
                Item::Threads(blocks) => blocks.iter().try_for_each(|b| thread(f, b))?,
            }
        }
        Ok(())
    }
}
