// SPDX-License-Identifier: GPL-2.0-only
//! More designs with one flaw planted in each: what the locks, the side effects, the restarts and the
//! copy of a call can get wrong, each in one case only. And correct ones, written in other ways.
//!
//! # Data flow
//! Each is judged as `ttysim check` judges it, with less effort: what single calls and sequential scripts
//! decide, then the tiny scenarios in their order, then a few schedules at Linux's sizes. What `check`
//! does is more of the same, so it finds what is found here.

mod correct;
mod others;
mod steps;
mod wrong;

use super::Design;
use crate::sync::seeded::Memory;
use crate::tty_struct::TtyStruct;
use crate::verify::Property;
use crate::verify::check::{Effort, Status, Unit, units};
use crate::verify::contract::work;
use crate::verify::scenario::Size;
use correct::{RIGHT, UNTOLD};
use others::OTHERS;
use steps::Peeked;
use wrong::{COPIES, EFFECTS, KICKS, LOCKS};

/// A call.
type Peek = fn(&TtyStruct) -> Peeked;

/// What is wrong with a call, the call, and the properties of which one has to break.
type Flaw = (&'static str, Peek, &'static [Property]);

/// How many executions a scenario gets.
const EXECUTIONS: u64 = 20_000;

/// How many where nothing is to be found.
const RIGHT_EXECUTIONS: u64 = 5_000;

/// How many schedules one at Linux's sizes gets, by each policy.
const SCHEDULES: u64 = 100;

/// How many scripts are made up.
const PAIRS: u64 = 200;

/// What a bare peek cannot keep (C5, C6), and does not demand (C7), is no flaw of its own here.
const BARE: [Property; 3] = [Property::C5, Property::C6, Property::C7];

/// The design that makes this call.
struct Planted(Peek);

impl Design for Planted {
    fn name(&self) -> &'static str {
        "planted"
    }

    fn about(&self) -> &'static str {
        "the right steps, with a flaw"
    }

    fn source(&self) -> &'static str {
        "this test"
    }

    fn checkpoint(&self, tty: &TtyStruct) -> Peeked {
        (self.0)(tty)
    }
}

/// Something that was found.
struct Finding {
    property: Property,
    on: String,
    what: String,
}

/// Judges the design that makes this call, until `enough` is found: what is `likely` is looked for first.
fn judge(
    peek: Peek,
    likely: &[Property],
    executions: u64,
    enough: &dyn Fn(Property, &str) -> bool,
) -> Option<Finding> {
    // Leaked: a design lives as long as the program, as a registered one does.
    let design: &'static Planted = Box::leak(Box::new(Planted(peek)));
    let effort =
        Effort { strategy: None, executions, schedules: SCHEDULES, seed: 1, memory: Memory::Sc };
    let (tiny, real): (Vec<_>, Vec<_>) =
        units(Some(design), &effort).into_iter().partition(|u| u.scenario.size == Size::Tiny);
    let explored = |units: Vec<Unit<'static>>| {
        units.into_iter().find_map(|unit| {
            let on = &unit.scenario.name;
            let report = unit.run(1, &mut |_| true).expect("the scenario runs");
            let found = report.judged.found.into_values();
            found.map(|c| c.violation).find(|v| enough(v.property, on)).map(|v| Finding {
                property: v.property,
                on: on.to_string(),
                what: v.to_string(),
            })
        })
    };
    let told = || {
        work(design, PAIRS, 1).iter().find_map(|work| {
            let answers = work.run(&mut |_| true).expect("the model works");
            let broken = answers.into_iter().filter(|a| a.status == Status::Violated);
            broken.into_iter().find(|a| enough(a.property, &a.on)).map(|a| Finding {
                property: a.property,
                on: a.on,
                what: a.why.unwrap_or_default(),
            })
        })
    };
    let found = if likely.iter().all(|p| matches!(p, Property::C3 | Property::C4)) {
        explored(tiny).or_else(told)
    } else {
        told().or_else(|| explored(tiny))
    };
    found.or_else(|| explored(real))
}

fn every_one_is_found(flaws: &[Flaw]) {
    let mut missed = Vec::new();
    for (flaw, peek, properties) in flaws {
        // What every bare peek breaks says nothing of this one.
        let right = |property, on: &str| {
            BARE.contains(&property)
                && judge(steps::right, &BARE, 0, &|p, o| (p, o) == (property, on)).is_some()
        };
        match judge(*peek, properties, EXECUTIONS, &|property, on| {
            properties.contains(&property) && !right(property, on)
        }) {
            Some(Finding { property, on, what }) => println!("{flaw}: {property} on {on}: {what}"),
            None => missed.push(*flaw),
        }
    }
    assert!(missed.is_empty(), "missed: {}", missed.join("; "));
}

#[test]
fn locks_that_are_wrong_are_found() {
    every_one_is_found(&LOCKS);
}

#[test]
fn side_effects_are_found() {
    every_one_is_found(&EFFECTS);
}

#[test]
fn what_needs_others_or_a_second_call_is_found() {
    every_one_is_found(&OTHERS);
}

#[test]
fn works_that_are_not_restarted_are_found() {
    every_one_is_found(&KICKS);
}

#[test]
fn copies_that_are_wrong_are_found() {
    every_one_is_found(&COPIES);
}

#[test]
fn what_is_right_or_cannot_be_told_breaks_nothing() {
    for (name, peek) in RIGHT.iter().chain(&UNTOLD) {
        let found = judge(*peek, &BARE, RIGHT_EXECUTIONS, &|property, _| !BARE.contains(&property));
        let found = found.map(|f| format!("{} on {}: {}", f.property, f.on, f.what));
        assert_eq!(found, None, "{name}");
    }
}
