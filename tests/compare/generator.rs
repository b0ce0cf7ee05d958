// SPDX-License-Identifier: GPL-2.0-only
//! What is generated meets every flag, character, call and situation, in both states.

use ttysim::compare::batch::generated;
use ttysim::compare::coverage::Coverage;

/// How many scripts it takes: what is rarer than this, a wrong rule can hide behind.
const SCRIPTS: u64 = 1500;

#[test]
fn generated_scripts_leave_nothing_out() {
    for seed in [1, 20_260_101] {
        let mut coverage = Coverage::default();
        for number in 0..SCRIPTS {
            let (script, answers) = generated(seed, number, 40);
            coverage.add(&script, &answers);
        }
        assert_eq!(coverage.missing(), Vec::<String>::new(), "seed {seed}");
    }
}

#[test]
fn a_generator_that_falls_silent_is_seen() {
    let nothing = Coverage::default().missing();
    assert!(nothing.contains(&"call:read-wait-vtime".to_owned()));
    assert!(nothing.contains(&"flag:echoke off".to_owned()));
    assert!(nothing.len() > 150, "{}", nothing.len());
}
