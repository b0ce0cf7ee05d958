// SPDX-License-Identifier: GPL-2.0-only
//! What a restore has to bring back, a script each: the scenarios of C5 and C6.
//!
//! Each script is one thing that today's tools lose, or could (measured on a real kernel where they
//! do), and says which [`Part`] of the state it is about. No locks.

use crate::checkpoint::Part;
use crate::error::Error;
use crate::script::{Context, Script, parse};

/// One of them.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// Its name: that of the file in `scenarios/restore/`.
    pub name: &'static str,
    /// What it is about.
    pub part: Part,
    text: &'static str,
}

macro_rules! rows {
    ($($name:literal, $part:ident;)*) => {
        [$(Row {
            name: $name,
            part: Part::$part,
            text: include_str!(concat!("../../scenarios/restore/", $name, ".tty")),
        }),*]
    };
}

/// All of them, in table order.
pub static ROWS: [Row; 21] = rows! {
    "output-again", Output;
    "partial-line", LineMarks;
    "quoted-newline", LineMarks;
    "eof-between", EofMarks;
    "eof-after-text", EofMarks;
    "quoted-signal", Quoted;
    "quote-open", Lnext;
    "packet-output", Output;
    "packet-status", PacketStatus;
    "column", Column;
    "line-start", CanonColumn;
    "erasing", Erasing;
    "echo-waits", Echo;
    "echo-committed", Echo;
    "flow-acted-on", Lookahead;
    "stopped", FlowState;
    "settings", Termios;
    "room", Room;
    "flip-size", Room;
    "free-list", Room;
    "slave-closed", Files;
};

impl Row {
    /// The one called `name`.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        ROWS.iter().find(|row| row.name == name)
    }

    /// Its script, parsed.
    ///
    /// # Errors
    /// Where a built-in script is wrong: a mistake of this project's own.
    pub fn script(&self) -> Result<Script, Error> {
        let file = format!("scenarios/restore/{}.tty", self.name);
        parse(self.text, &Context::file(&file))
    }
}
