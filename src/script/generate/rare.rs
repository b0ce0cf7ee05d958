// SPDX-License-Identifier: GPL-2.0-only
//! Conversations of several operations that hardly ever come about by chance, written down.
//!
//! Each shows a rule of `tests/compare/wrong-rules.txt` that two thousand made up scripts may miss.
//! They stand at the beginning of a script, where the settings are those of a fresh pair, and what
//! was made up goes on from there. No locks.

use crate::script::ast::{Op, Script};
use crate::script::{Context, parse};
use fastrand::Rng;

const RARE: [&str; 12] = [
    // One character starts and stops.
    "termios slave start ^S\nwrite master \"\\x13\"\nwrite slave \"o\\n\"\nread master 64\n\
     write master \"\\x13\"\nread master 64\n",
    "termios slave stop ^Q\nwrite master \"\\x11\"\nwrite slave \"o\\n\"\nread master 64\n\
     write master \"x\"\nread master 64\n",
    // A packet status that was not read before packet mode was left.
    "packet on\nflush slave in\npacket off\npacket on\npoll master\nread master 64\n",
    "packet on\nflow slave ooff\npacket off\nflow slave oon\npacket on\nread master 64\n",
    // The end of a line is what PARMRK doubles.
    "termios slave parmrk eol '\\xff'\nwrite master \"ab\\xffc\\xff\"\nread slave 64\n\
     read slave 64\n",
    // Where the line began, after output.
    "write slave \"abc\\r\"\nwrite master \"\\tx\\x7f\\x7f\"\nread master 64\n",
    // VTIME between characters.
    "termios slave -icanon min 5 time 1\nwrite master \"ab\"\nread slave 64 wait\n",
    // A flush of a full input.
    "write master \"a\" * 2047 \"\\n\"\nwrite master \"b\" * 2047 \"\\n\"\n\
     write master \"c\" * 511 \"\\n\"\ntermios slave hupcl when flush\nread slave 4096\n",
    // A flush of what was looked at early.
    "write master \"a\" * 2047 \"\\n\"\nwrite master \"b\" * 2047 \"\\n\"\nwrite master \"cc\\n\"\n\
     flush slave in\nwrite master \"\\x13\"\nwrite slave \"o\\n\"\nread master 64\n",
    // A flush behind a ^V.
    "write master \"\\x16\"\ntermios slave hupcl when flush\nwrite master \"\\x03\"\n\
     read master 64\nread slave 64\n",
    // The column of the line discipline before.
    "write slave \"ab\"\nhangup slave\nclose slave\nopen slave\nwrite master \"\\t\\x7f\\n\"\n\
     read master 64\n",
    // Characters of several bytes, shown as they are erased.
    "termios slave echoprt iutf8\nwrite master \"\\xf0\\x9f\\x98\\x80\\t\\x7f\\x7f\"\n\
     read master 64\n",
];

/// One of them, now and then without one of its operations.
pub(super) fn any(rng: &mut Rng) -> Vec<Op> {
    let text = RARE.get(rng.usize(..RARE.len())).copied().unwrap_or_default();
    let mut ops: Vec<Op> = written(text).lines().map(|line| line.op.clone()).collect();
    if !ops.is_empty() && rng.u8(..4) == 0 {
        ops.remove(rng.usize(..ops.len()));
    }
    ops
}

/// `text`, which a test has parsed.
fn written(text: &str) -> Script {
    parse(text, &Context::file("a rare conversation")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_are_scripts() {
        for text in RARE {
            let parsed = parse(text, &Context::file("rare")).expect("a script");
            assert_eq!(parsed.lines().count(), text.lines().count(), "{text}");
        }
    }
}
