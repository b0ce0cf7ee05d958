// SPDX-License-Identifier: GPL-2.0-only
//! The reduced explorer finds what plain enumeration finds, on random tiny scripts.
//!
//! `tests/soundness` compares outcomes of generated programs of bare operations; this compares
//! verdicts on the pipeline itself. A system call takes some twenty steps, so few scripts can be
//! enumerated to the end: those must agree exactly. Of the others the schedules with few
//! preemptions are enumerated, as far as the budget goes: what they break, the reduced explorer
//! must break; what it breaks besides is counted.

use crate::harness::holds;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::TestCaseResult;
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::sync::Arc;
use ttysim::checkpoint::{DESIGNS, Design};
use ttysim::geometry::Geometry;
use ttysim::sched::{Bounded, Exhaustive};
use ttysim::script::{Context, Script, parse};
use ttysim::sync::seeded::{Config, Execution, Memory, execute};
use ttysim::verify::Property;
use ttysim::verify::check::body;

/// The most executions spent on one script by each way of enumeration.
const MOST: u64 = 2_000;

type Broken = BTreeSet<Property>;

/// What one thread does.
const CALLS: [&str; 7] = [
    "checkpoint this slave as L0",
    "checkpoint this slave as L0\ncheckpoint this slave as L1",
    "read slave 1",
    "poll slave",
    "inq slave",
    "flush slave in",
    "write master \"x\\n\"",
];

/// What came before.
const BEFORE: [&str; 5] = [
    "",
    "write master \"a\"\n",
    "write master \"a\\n\"\nsettle\n",
    "write master \"ab\"\nsettle\n",
    "write master \"a\"\nsettle\nwrite master \"\\n\"\n",
];

/// A script with one or two calls beside the worker, and a design.
fn tiny() -> impl Strategy<Value = (String, &'static dyn Design)> {
    let sizes =
        (1..=2_u32, 0..=1_u32).prop_map(|(buf, align)| Geometry::tiny(1 << buf, 1 << align));
    let modes = select(vec!["raw -echo", "sane -echo"]);
    let threads = vec(select(CALLS.to_vec()), 1..=2);
    (sizes, modes, select(BEFORE.to_vec()), threads, select(DESIGNS.to_vec())).prop_map(
        |(geometry, mode, before, threads, design)| {
            let mut text = format!("geometry {geometry}\ntermios slave {mode}\n{before}");
            for (i, calls) in threads.iter().enumerate() {
                let calls = calls.replace('L', &format!("T{i}L"));
                text += &format!("thread t{i} {{\n{calls}\n}}\n");
            }
            (text, design)
        },
    )
}

fn one(policy: &mut dyn ttysim::sched::Policy, record: bool, body: &dyn Fn()) -> Execution {
    execute(Config { memory: Memory::Sc, max_steps: 5_000, record }, policy, body)
}

fn note(found: &mut Broken, execution: &Execution) {
    found.extend(execution.found.iter().map(|f| f.violation.property));
}

/// What breaks in the first schedules with at most `bound` preemptions, and whether these are all
/// there are.
fn plain(bound: Option<usize>, body: &dyn Fn()) -> (Broken, bool) {
    let (mut policy, mut found) = (Bounded::new(bound), Broken::new());
    for _ in 0..MOST {
        note(&mut found, &one(&mut policy, false, body));
        if !policy.advance() {
            return (found, true);
        }
    }
    (found, false)
}

/// What breaks in any schedule, by source sets. `None`: too many.
fn reduced(body: &dyn Fn()) -> Option<Broken> {
    let (mut policy, mut found) = (Exhaustive::new(), Broken::new());
    for _ in 0..MOST {
        let execution = one(&mut policy, true, body);
        note(&mut found, &execution);
        if !policy.advance(&execution) {
            return Some(found);
        }
    }
    None
}

/// What both ways must agree on. With a data race, values depend on more than the order of steps:
/// only the race itself is sure.
fn comparable(mut found: Broken) -> Broken {
    if found.contains(&Property::C4) {
        found.retain(|p| *p == Property::C4);
    }
    found
}

/// How the scripts came out.
#[derive(Debug, Default)]
struct Tally {
    /// Enumerated to the end, and agreed.
    exact: u32,
    /// Of the rest: the same properties break.
    same: u32,
    /// Of the rest: more breaks than was seen in the schedules with few preemptions.
    more: u32,
    /// Too large for the reduced explorer.
    skipped: u32,
    /// Those of all but the last in which something breaks.
    broken: u32,
}

fn compare(body: &dyn Fn(), tally: &mut Tally) -> TestCaseResult {
    let (all, complete) = plain(None, body);
    let Some(found) = reduced(body) else {
        tally.skipped += 1;
        return Ok(());
    };
    let found = comparable(found);
    tally.broken += u32::from(!found.is_empty());
    if complete {
        prop_assert_eq!(&found, &comparable(all), "reduced, and all there are");
        tally.exact += 1;
        return Ok(());
    }
    let few = [Some(1), Some(2)].map(|bound| plain(bound, body).0);
    let seen = comparable(few.into_iter().flatten().chain(all).collect());
    prop_assert!(seen.is_subset(&found), "reduced finds {found:?} of {seen:?}");
    *if seen == found { &mut tally.same } else { &mut tally.more } += 1;
    Ok(())
}

fn script(text: &str) -> Result<Arc<Script>, TestCaseError> {
    let script = parse(text, &Context::file("tiny"));
    script.map(Arc::new).map_err(|e| TestCaseError::fail(e.report()))
}

#[test]
fn the_reduced_explorer_misses_nothing_that_plain_enumeration_finds() {
    let tally = RefCell::new(Tally::default());
    holds(100, &tiny(), |(text, design)| {
        compare(&body(Some(design), &script(&text)?), &mut tally.borrow_mut())
    });
    let tally = tally.into_inner();
    println!("{tally:?}");
    assert!(tally.exact + tally.same >= tally.more + tally.skipped, "{tally:?}");
    assert!(tally.exact > 0 && tally.broken > 0, "{tally:?}");
}

#[test]
fn a_flush_behind_the_return_of_a_peek_is_seen_by_both() {
    let text = format!(
        "geometry {}\ntermios slave raw -echo\nwrite master \"a\"\n\
         thread flusher {{\nflush slave in\n}}\n\
         thread peeker {{\ncheckpoint this slave as A\n}}\n",
        Geometry::tiny(2, 1)
    );
    let design = ttysim::checkpoint::design("peekraw-v2-flush");
    let body = body(design, &script(&text).expect("a script"));
    let (seen, _) = plain(Some(1), &body);
    assert_eq!(reduced(&body), Some(seen));
}
