// SPDX-License-Identifier: GPL-2.0-only
//! The museum's promise: every exhibit is found, and the fixed code is clean.

use ttysim::museum::visit::{Effort, visit};
use ttysim::museum::{EXHIBITS, Tier};
use ttysim::sync::loom_rt::quiet;

/// Visits every exhibit of `tier` and says of each that was missed, or is not clean, what was seen.
fn tour(tier: Tier) {
    let mut wrong = Vec::new();
    for exhibit in EXHIBITS.iter().filter(|e| e.tier == tier) {
        let visit = match quiet(|| visit(exhibit, Effort::default(), &mut |_| true)) {
            Ok(visit) => visit,
            Err(e) => {
                wrong.push(format!("{}: {}", exhibit.id, e.report()));
                continue;
            }
        };
        let size = visit.found.as_ref().map(|f| (f.preemptions, f.counterexample.schedule.len()));
        println!(
            "{:4} found {size:?} in {} fixed {:?}",
            exhibit.id, visit.broken.executions, visit.fixed
        );
        if visit.found.is_none() {
            wrong.push(format!("{}: not found, but {:?}", exhibit.id, visit.broken));
        }
        if !visit.clean() {
            wrong.push(format!("{}: the fixed code shows {:?}", exhibit.id, visit.fixed));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_bugs_of_lifetime_and_flow_control_are_found_and_their_fixes_are_clean() {
    tour(Tier::Lifetime);
}

#[test]
fn what_the_line_discipline_got_wrong_is_seen_and_is_right_today() {
    tour(Tier::Semantics);
}

#[test]
fn the_pipeline_s_bugs_are_found_and_their_fixes_are_clean() {
    tour(Tier::Pipeline);
}
