// SPDX-License-Identifier: GPL-2.0-only
//! A script's operations as calls of the template's functions.
//!
//! Invariant: the settings that the program will have are followed along, so that a `termios` line
//! becomes the values it leaves behind.

use super::refused;
use crate::error::Error;
use crate::script::TermiosChange;
use crate::script::ast::{DesignRef, End, FlowAction, Line, Op, When};
use crate::termios::Termios;

/// How many columns of a string stand on one line of the program.
const COLUMNS: usize = 60;
/// How long a `read ... wait` waits, in milliseconds: a reader that sleeps for ever must not stop
/// the rounds.
const WAIT: u32 = 300;

/// Writes calls, and the data they need.
pub(super) struct Writer {
    /// Definitions that stand before the functions.
    pub(super) data: String,
    /// The settings of master and slave so far.
    pub(super) settings: [Termios; 2],
    ioctl: Option<u32>,
    count: usize,
}

/// What the template calls `end`.
pub(super) const fn end(end: End) -> &'static str {
    match end {
        End::Master => "MASTER",
        End::Slave => "SLAVE",
    }
}

impl Writer {
    pub(super) const fn new(ioctl: Option<u32>) -> Self {
        let settings = [Termios::MASTER, Termios::SLAVE];
        Self { data: String::new(), settings, ioctl, count: 0 }
    }

    /// The calls of `lines`.
    pub(super) fn lines<'a>(
        &mut self,
        lines: impl IntoIterator<Item = &'a Line>,
    ) -> Result<String, Error> {
        lines.into_iter().map(|l| Ok(format!("\t{};\n", self.call(&l.op)?))).collect()
    }

    fn call(&mut self, op: &Op) -> Result<String, Error> {
        Ok(match op {
            Op::Settle => "do_settle()".to_owned(),
            Op::Write { end: e, bytes } => {
                let name = self.string(bytes);
                format!("do_write({}, {name}, {})", end(*e), bytes.len())
            }
            Op::Read { end: e, n, wait } => {
                format!("do_read({}, {n}, {})", end(*e), if *wait { WAIT } else { 0 })
            }
            Op::Sti { end: e, byte } => format!("do_sti({}, {byte})", end(*e)),
            Op::Inq { end: e } => format!("do_number({}, FIONREAD)", end(*e)),
            Op::Outq { end: e } => format!("do_number({}, TIOCOUTQ)", end(*e)),
            Op::Poll { end: e } => format!("do_poll({})", end(*e)),
            Op::Flow { end: e, action } => format!("tcflow(fds[{}], {})", end(*e), flow(*action)),
            Op::Termios { when: When::Flush, .. } => {
                return Err(refused("settings that drop input drop data on purpose"));
            }
            Op::Termios { end: e, change, when } => {
                let name = self.termios(*e, change);
                let when = if *when == When::Drain { "TCSADRAIN" } else { "TCSANOW" };
                format!("do_termios({}, &{name}, {when})", end(*e))
            }
            Op::Checkpoint { design, end: e, .. } => {
                format!("do_peek({}, {:#x})", end(*e), self.number(design)?)
            }
            Op::Rare { .. } => return Err(refused(&format!("'{op}' is for the model"))),
            Op::Flush { .. } => return Err(refused("a flush drops data on purpose")),
            Op::Insert { .. } => return Err(refused("a pty has no line that could be noisy")),
            Op::Signals => return Err(refused("the program has no session of its own")),
            Op::Packet { .. } => return Err(refused("packet mode adds bytes of its own")),
            Op::Close { .. }
            | Op::Open { .. }
            | Op::Setd { .. }
            | Op::Hangup { .. }
            | Op::Restore { .. } => {
                return Err(refused(&format!("'{op}' changes what is connected")));
            }
        })
    }

    /// The ioctl that `design` is.
    fn number(&self, design: &DesignRef) -> Result<u32, Error> {
        match (design, self.ioctl) {
            (DesignRef::Ioctl(number), _) => Ok(*number),
            (_, Some(number)) => Ok(number),
            _ => Err(refused("no kernel has the checkpoint call")
                .help("for a patched one, say which ioctl it is: --ioctl NUMBER")),
        }
    }

    /// Defines `bytes`; its name.
    fn string(&mut self, bytes: &[u8]) -> String {
        self.count += 1;
        let name = format!("data_{}", self.count);
        self.data += &format!("static const char {name}[] =\n{};\n\n", literal(bytes));
        name
    }

    /// Applies `change` and defines what it leaves behind; its name.
    fn termios(&mut self, end: End, change: &TermiosChange) -> String {
        let [master, slave] = &mut self.settings;
        let settings = if end == End::Master { master } else { slave };
        change.apply(settings);
        self.count += 1;
        let name = format!("settings_{}", self.count);
        let cc: Vec<String> = settings.cc.iter().take(17).map(ToString::to_string).collect();
        self.data += &format!(
            "/* {change} */\nstatic const struct settings {name} = {{\n\t\
             .iflag = 0{:o}, .oflag = 0{:o}, .lflag = 0{:o},\n\t.cc = {{ {} }},\n}};\n\n",
            settings.iflag,
            settings.oflag,
            settings.lflag,
            cc.join(", ")
        );
        name
    }
}

const fn flow(action: FlowAction) -> &'static str {
    match action {
        FlowAction::Ooff => "TCOOFF",
        FlowAction::Oon => "TCOON",
        FlowAction::Ioff => "TCIOFF",
        FlowAction::Ion => "TCION",
    }
}

/// `bytes` as C string literals, a line each.
fn literal(bytes: &[u8]) -> String {
    let mut lines = vec![String::new()];
    for &byte in bytes {
        let c = match byte {
            b'\n' => "\\n".to_owned(),
            b'"' | b'\\' => format!("\\{}", char::from(byte)),
            // `??` would begin a trigraph.
            b' '..=b'~' if byte != b'?' => char::from(byte).to_string(),
            _ => format!("\\{byte:03o}"),
        };
        if lines.last().is_some_and(|l| l.len() + c.len() > COLUMNS) {
            lines.push(String::new());
        }
        if let Some(line) = lines.last_mut() {
            line.push_str(&c);
        }
    }
    let quoted: Vec<String> = lines.iter().map(|l| format!("\t\"{l}\"")).collect();
    quoted.join("\n")
}
