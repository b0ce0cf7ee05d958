// SPDX-License-Identifier: GPL-2.0-only
//! What is not compared, because the real kernel has more than one right answer.
//!
//! A [`Rule`] names a race that the script format cannot settle: two things inside one system call
//! run beside each other, and no wait between operations changes that. The model explores those
//! races; here a script that has one is left out and counted under the rule's name.
//!
//! Each rule is needed: `tests/conformance` runs a script it excludes until this machine gives two
//! answers to it. What races here and there only, depending on what was queued before, is no rule's
//! business: see [`super::orders`]. No locks.

use crate::script::ast::{End, Item, Op, Script};
use crate::script::follow::Follow;
use crate::script::generate::dialogue::flushes;
use crate::termios::{Termios, lflag};

/// Something that is not compared.
#[derive(Clone, Copy)]
pub struct Rule {
    /// What reports call it.
    pub name: &'static str,
    /// Which race it stands for.
    pub why: &'static str,
    /// Whether a script has it.
    pub applies: fn(&Script) -> bool,
}

/// Every rule.
pub const RULES: [Rule; 3] = [
    Rule {
        name: "long-write",
        why: "tty_write takes a write of more than 2048 bytes in chunks, and the worker empties \
              and frees buffers in between, or does not: how much is accepted near the limit, and \
              which echo finds room, depends on it",
        applies: long_write,
    },
    Rule {
        name: "echo-before-signal",
        why: "a signal character drops the echo of what stands before it in the same write, as far \
              as the master's worker has not taken it yet",
        applies: echo_before_signal,
    },
    Rule {
        name: "threads",
        why: "what is concurrent in the script has as many answers as schedules",
        applies: Script::has_threads,
    },
];

/// The first rule that `script` falls under.
#[must_use]
pub fn excluded(script: &Script) -> Option<&'static Rule> {
    RULES.iter().find(|rule| (rule.applies)(script))
}

/// The operations outside threads, each with the slave's settings before it.
pub(super) fn with_settings(script: &Script) -> impl Iterator<Item = (Termios, &Op)> {
    let mut follow = Follow::default();
    script.items.iter().filter_map(move |item| match item {
        Item::Op(line) => {
            let before = follow.slave;
            follow.after(&line.op);
            Some((before, &line.op))
        }
        Item::Threads(_) => None,
    })
}

fn long_write(script: &Script) -> bool {
    let chunk = script.geometry.write_chunk;
    script.lines().any(|l| matches!(&l.op, Op::Write { bytes, .. } if bytes.len() > chunk))
}

fn echo_before_signal(script: &Script) -> bool {
    with_settings(script).any(|(t, op)| match op {
        Op::Write { end: End::Master, bytes } => {
            t.l(lflag::ECHO | lflag::ECHONL) && bytes.iter().skip(1).any(|b| flushes(&t, *b))
        }
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::script::{Context, parse};

    fn rule(text: &str) -> Option<&'static str> {
        excluded(&parse(text, &Context::file("test")).expect("script")).map(|r| r.name)
    }

    #[test]
    fn rules_know_their_scripts() {
        assert_eq!(rule("write master \"x\" * 2049"), Some("long-write"));
        assert_eq!(rule("write master \"x\" * 2048"), None);
        assert_eq!(rule("write master \"x\\x03\""), Some("echo-before-signal"));
        assert_eq!(rule("write master \"\\x03x\""), None);
        assert_eq!(rule("termios slave -isig\nwrite master \"x\\x03\""), None);
        assert_eq!(rule("termios slave noflsh\nwrite master \"x\\x03\""), None);
        assert_eq!(rule("termios slave -echo intr ^A\nwrite master \"x\\x01\""), None);
        assert_eq!(
            rule("termios master istrip\nwrite master \"x\\x83\""),
            Some("echo-before-signal")
        );
        assert_eq!(rule("thread a {\n}"), Some("threads"));
    }
}
