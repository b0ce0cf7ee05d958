// SPDX-License-Identifier: GPL-2.0-only
//! Each rule is needed: this machine gives two answers to a script that the rule excludes.

use std::collections::BTreeSet;
use ttysim::compare::rules::{RULES, excluded};
use ttysim::kernel::{Patience, available, run};
use ttysim::script::{Context, Script, parse};

/// How often a script is run until there are two answers.
const TRIES: usize = 4_000;

/// For each rule that a pty can be asked about, a script that has the race, and the line it shows in.
const RACES: [(&str, &str); 2] = [
    // The echo of the second chunk finds more or less room, while the first is still worked on.
    (
        "long-write",
        "termios slave raw\nwrite master \"x\" * 65536\nread slave 8192\nread slave 8192\n",
    ),
    // What of the echo the master already has is not dropped.
    ("echo-before-signal", "write master \"e\" * 600 \"\\x03\"\nread master 4096\n"),
];

/// Rules about what no pty can be asked: why.
const NOT_ASKED: [(&str, &str); 1] =
    [("threads", "the script language has no one order for threads, so there is nothing to run")];

fn script(text: &str) -> Script {
    parse(text, &Context::file("race")).expect("script")
}

/// How many tries it took until a second answer.
fn tries_until_two_answers(script: &Script) -> Option<usize> {
    let mut answers = BTreeSet::new();
    (1..=TRIES).find(|_| {
        let done = run(script, &Patience::FIRM).expect("ptys");
        answers.insert(format!("{:?}", done.results));
        answers.len() > 1
    })
}

#[test]
fn every_rule_has_its_race_and_the_kernel_answers_it_in_two_ways() {
    for rule in RULES {
        let raced = RACES.iter().any(|(name, _)| *name == rule.name);
        let explained = NOT_ASKED.iter().any(|(name, _)| *name == rule.name);
        assert!(raced || explained, "{} has no race here", rule.name);
    }
    for (name, text) in RACES {
        assert_eq!(excluded(&script(text)).map(|rule| rule.name), Some(name));
    }
    if let Err(why) = available() {
        eprintln!("SKIPPED: {} races were not looked for: {why}", RACES.len());
        return;
    }
    for (name, text) in RACES {
        let tries = tries_until_two_answers(&script(text));
        let Some(tries) = tries else { panic!("{name}: one answer in {TRIES} tries") };
        eprintln!("{name}: two answers within {tries} tries");
    }
}
