// SPDX-License-Identifier: GPL-2.0-only
//! Each rule of what is not compared is needed: a script it excludes has two answers.
//!
//! The script runs until the second answer shows, on this machine's ptys; scripts with threads run
//! on no pty, and have two answers on the model.

use crate::judge::Ptys;
use crate::ptys;
use std::sync::Arc;
use ttysim::compare::rules::{RULES, excluded};
use ttysim::kernel::{self, Patience};
use ttysim::run::{OpResult, Setup, run};
use ttysim::sched::Random;
use ttysim::script::{Context, Script, parse};
use ttysim::sync::Runtime;
use ttysim::sync::seeded::{Config, execute};

/// How often a script is tried.
const TRIES: u64 = 4000;

/// A script for each rule.
const EXAMPLES: [(&str, &str); 3] = [
    (
        "long-write",
        "termios slave raw -echo\nwrite master \"x\" * 65536\nread slave 4096\nread slave 4096",
    ),
    ("echo-before-signal", "write master \"x\" * 1500 \"\\x03\"\nread master 4096"),
    (
        "threads",
        "thread a {\nwrite master \"a\\n\"\n}\nthread b {\nwrite master \"b\\n\"\n}\nread slave 9",
    ),
];

fn script(text: &str) -> Script {
    parse(text, &Context::file("example")).unwrap()
}

fn on_ptys(script: &Script) -> Vec<OpResult> {
    kernel::run(script, &Patience::QUICK).unwrap().results
}

fn on_model(script: &Script, seed: u64) -> Vec<OpResult> {
    let (script, mut results) = (Arc::new(script.clone()), Vec::new());
    let setup = Setup { rt: Runtime::Seeded, design: None };
    execute(Config::default(), &mut Random::new(seed), || results = run(setup, &script));
    results
}

/// Whether `answer` gives something else than at first before long.
fn wavers(mut answer: impl FnMut(u64) -> Vec<OpResult>) -> bool {
    let first = answer(0);
    (1..TRIES).any(|seed| answer(seed) != first)
}

#[test]
fn each_rule_excludes_a_script_that_has_two_answers() {
    let ptys = ptys();
    for rule in &RULES {
        let (_, text) = EXAMPLES
            .iter()
            .find(|(name, _)| *name == rule.name)
            .unwrap_or_else(|| panic!("no example of the rule '{}': add one", rule.name));
        let script = script(text);
        assert_eq!(excluded(&script).map(|r| r.name), Some(rule.name));
        let two = match (script.has_threads(), ptys) {
            (true, _) => wavers(|seed| on_model(&script, seed)),
            (false, Ptys::None) => continue,
            (false, _) => wavers(|_| on_ptys(&script)),
        };
        assert!(two, "the rule '{}' is not needed: {TRIES} times the same", rule.name);
    }
}
