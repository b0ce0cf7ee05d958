// SPDX-License-Identifier: GPL-2.0-only
//! Where the oracle stops, and that it does.

use crate::compare::oracle;
use ttysim::script::{Context, parse};

/// The reason, why nobody should want to know more, and a script that runs into it.
const LIMITS: &[(&str, &str, &str)] = &[
    (
        "input: a doubled 0xff behind the end of the read buffer",
        "PARMRK doubles 0xff where a line is too long already, and the kernel overwrites the \
         start of the line.",
        "termios slave -echo parmrk -isig\nwrite master \"a\" * 2048\nwrite master \"a\" * 2046\n\
         write master \"\\xff\\xff\\xff\\xff\"\n",
    ),
    (
        "EXTPROC: more was read than is left of an overlong line",
        "With EXTPROC and ICANON a full buffer gives out 4096 bytes and then counts one of them \
         back; a change of mode makes what is left a negative number, and reads return old bytes.",
        "termios slave extproc -echo\nwrite master \"a\" * 2048\nwrite master \"a\" * 2048\n\
         read slave 8192\ntermios slave -extproc\n",
    ),
    ("read: waits for ever", "Nobody else is there to end it.", "read slave 1 wait\n"),
    ("setd: another discipline", "Only N_TTY is modelled.", "setd slave 27\n"),
    ("open: an end that is open", "A script has one descriptor an end.", "open slave\n"),
    ("open: another master", "On the kernel that is another pair.", "close master\nopen master\n"),
    ("checkpoint", "No kernel has one to be written from.", "checkpoint this slave as A\n"),
];

#[test]
fn every_limit_is_met_by_its_script_and_by_its_last_line() {
    for (name, why, text) in LIMITS {
        let script =
            parse(text, &Context::file("limit")).unwrap_or_else(|e| panic!("{}", e.report()));
        let (known, beyond) = oracle(&script);
        assert_eq!(beyond, Some(*name), "{why}");
        assert_eq!(known.len() + 1, script.lines().count(), "{name}");
    }
}

#[test]
fn no_other_limit_is_met() {
    use fastrand::Rng;
    use ttysim::script::generate::{Profile, script};
    let mut rng = Rng::with_seed(8);
    for _ in 0..2_000 {
        let made = script(&mut rng, &Profile { items: 40, ..Profile::CONVERSATION });
        if let (_, Some(why)) = oracle(&made) {
            assert!(LIMITS.iter().any(|(name, ..)| *name == why), "{why} is not listed");
        }
    }
}
