// SPDX-License-Identifier: GPL-2.0-only
//! Counterexamples made small: how small, within the budget, and the same every time.

use super::designs::EFFORT;
use std::collections::BTreeSet;
use std::sync::Arc;
use ttysim::script::ast::Item;
use ttysim::sync::seeded::Memory;
use ttysim::verify::Property;
use ttysim::verify::check::{Unit, body, units};
use ttysim::verify::judge::{Counterexample, Plan, judge, replay};
use ttysim::verify::kept::SCENES;
use ttysim::verify::minimise::{Minimised, smaller};

/// A unit and a counterexample of `property` that nothing has been done to make small.
fn found(
    design: Option<&str>,
    scenario: &str,
    property: Property,
) -> (Unit<'static>, Counterexample) {
    let design = design.map(|name| ttysim::checkpoint::design(name).expect("a design"));
    let unit = units(design, &EFFORT).into_iter().find(|u| u.scenario.name == scenario);
    let unit = unit.expect("a unit");
    let report = unit.run(0, &mut |_| true).expect("it runs");
    let verdict = report.verdicts.into_iter().find(|v| v.property == property).expect("judged");
    (unit, verdict.counterexample.expect("broken"))
}

fn small(unit: &Unit, original: &Counterexample, executions: u64) -> Minimised {
    let script = unit.scenario.script().expect("a script");
    smaller(unit.design, &script, &unit.plan, original, executions, &mut |_| {})
}

#[test]
fn the_stall_needs_one_byte_one_tiocsti_and_one_preemption() {
    let (unit, original) = found(None, "sti", Property::C3);
    let small = small(&unit, &original, 20_000);
    let lines: Vec<String> = small.script.lines().map(|l| l.op.to_string()).collect();
    assert_eq!(lines, ["termios slave raw -echo", "write master \"a\"", "sti slave \"x\""]);
    assert_eq!(small.preemptions, 1);
    let threads: BTreeSet<u8> =
        small.counterexample.schedule.iter().map(|pick| pick.thread).collect();
    assert_eq!(threads.len(), 3, "two threads and the worker");
    assert!(small.account.tried > small.account.taken && small.account.bytes == 1);
}

#[test]
fn what_a_script_expects_it_expects_as_a_whole() {
    let scene = SCENES.iter().find(|scene| scene.name == "kept-reader").expect("a scene");
    let script = Arc::new(scene.script().expect("a script"));
    let design = ttysim::checkpoint::design("userspace-drain");
    let plan = Plan::everything(Memory::Sc, 1_000);
    let judged = judge(&plan, &body(design, &script), &mut |_| true);
    let original = &judged.found[&Property::C2];
    assert_eq!(original.violation.code, "unexpected");
    let small = smaller(design, &script, &plan, original, 20_000, &mut |_| {});
    assert_eq!(small.script, script);
}

#[test]
fn what_is_small_still_breaks_the_same() {
    for (design, scenario, property) in [
        ("exclusive-2016", "append", Property::C1),
        ("exclusive-2016", "append", Property::C3),
        ("exclusive-2016", "flush", Property::C4),
        ("peekraw-v2", "four", Property::C1),
    ] {
        let (unit, original) = found(Some(design), scenario, property);
        let first = small(&unit, &original, 20_000);
        let again = small(&unit, &original, 20_000);
        assert_eq!(first.script, again.script, "{design} {scenario}");
        assert_eq!(first.counterexample.schedule, again.counterexample.schedule);
        assert_eq!(first.account, again.account);
        let body = body(unit.design, &first.script);
        let replayed = replay(unit.plan.config(), &first.counterexample.schedule, &body);
        assert_eq!(replayed.execution.hash, first.counterexample.hash);
        let same = replayed.execution.found.iter().any(|f| {
            f.violation.property == property && f.violation.code == original.violation.code
        });
        assert!(same, "{design} {scenario} {property}");
        let whole = unit.scenario.script().expect("a script");
        assert!(first.script.lines().count() < whole.lines().count(), "{design} {scenario}");
    }
}

#[test]
fn the_budget_is_kept_and_nothing_is_lost() {
    let (unit, original) = found(Some("exclusive-2016"), "append", Property::C1);
    for executions in [1, 2, 10, 100, 1000] {
        let small = small(&unit, &original, executions);
        assert!(small.account.executions <= executions.max(1), "{:?}", small.account);
        let body = body(unit.design, &small.script);
        let replayed = replay(unit.plan.config(), &small.counterexample.schedule, &body);
        assert_eq!(replayed.execution.hash, small.counterexample.hash);
        let threads = |item: &Item| matches!(item, Item::Threads(_));
        assert!(small.script.items.iter().any(threads));
    }
}
