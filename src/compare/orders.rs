// SPDX-License-Identifier: GPL-2.0-only
//! Whether the kernel's answers are those of another order of the workers.
//!
//! One call can make both workers run: the slave's, which echoes, and the master's, which receives
//! the echo. How far the one gets while the other is at work is not the script's to say, and shows
//! where a buffer is full or is flushed meanwhile. So what differs from the model's own order is run
//! on the model again, with the workers beside the script ([`crate::run::run_beside_workers`]) and
//! in many orders: if one of them gives exactly what the kernel gave, model and kernel agree.
//!
//! # Invariants
//! All answers must be the same in one run: a wrong rule is not excused by an order. No locks.

use super::{Answer, first_difference};
use crate::run::{OpResult, Setup, run_beside_workers};
use crate::sched::{Choice, Point, Policy, ThreadId};
use crate::script::ast::Script;
use crate::sync::Runtime;
use crate::sync::seeded::{Config, execute};
use fastrand::Rng;
use std::sync::Arc;

/// How many orders are tried.
const ORDERS: u64 = 192;

/// The most steps of a run: where a buffer is full for ever, a run rests.
const MAX_STEPS: u64 = 20_000_000;

/// After so many orders in which the model breaks down or never rests, no more are tried: each of
/// them may take all those steps.
const HOPELESS: u32 = 4;

/// Whether the model answers `kernel` to `script` in some order of the workers.
#[must_use]
pub fn another_order_gives(script: &Script, kernel: &[Answer]) -> bool {
    if script.has_threads() {
        return false;
    }
    let script = Arc::new(script.clone());
    let mut broken = 0;
    for order in 0..ORDERS {
        match in_order(&script, order) {
            Some(found) if first_difference(&found, kernel).is_none() => return true,
            Some(_) => {}
            None => broken += 1,
        }
        if broken == HOPELESS {
            break;
        }
    }
    false
}

/// The answers in one order; `None` if the model broke down in it.
fn in_order(script: &Arc<Script>, order: u64) -> Option<Vec<Answer>> {
    let config = Config { max_steps: MAX_STEPS, ..Config::default() };
    let setup = Setup { rt: Runtime::Seeded, design: None };
    let mut results: Vec<OpResult> = Vec::new();
    let execution = execute(config, &mut Stretches::new(order), || {
        results = run_beside_workers(setup, script);
    });
    if execution.panic.is_some() || !execution.found.is_empty() {
        return None;
    }
    let all = results.len() == script.lines().count();
    let blocked = (!all).then_some(Answer::Blocked);
    Some(results.into_iter().map(|r| Answer::Outcome(r.outcome)).chain(blocked).collect())
}

/// Lets a thread go on for a while, then picks any: long stretches and short ones, because on a
/// real machine a worker is now far behind and now close upon.
struct Stretches {
    rng: Rng,
    /// The mean length of a stretch, in steps.
    mean: u32,
}

impl Stretches {
    fn new(order: u64) -> Self {
        const MEANS: [u32; 8] = [2, 8, 32, 128, 512, 2048, 8192, 65536];
        let mean = MEANS.iter().cycle().nth((order % 8) as usize).copied().unwrap_or(2);
        Self { rng: Rng::with_seed(order), mean }
    }
}

impl Policy for Stretches {
    fn pick(&mut self, point: &Point<'_>) -> Choice {
        let stay = |t: &ThreadId| point.enabled.contains(*t);
        if let Some(last) = point.last.filter(stay)
            && self.rng.u32(..self.mean) != 0
        {
            return Choice::Run(last);
        }
        let n = self.rng.usize(..point.enabled.len().max(1));
        point.enabled.nth(n).map_or(Choice::Diverged, Choice::Run)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::on_model;
    use crate::script::{Context, parse};

    /// An end of file keeps the worker from taking an overlong line; once it is read, the line and
    /// the signal character behind it are processed in one go.
    const RACY: &str = "write master \"\\x04\"\nwrite master \"a\" * 2048\nwrite master \"x\" * 2048\n\
                        read master 4095\nwrite master \"hello\"\nwrite master \"\\x03\"\n\
                        read slave 64\nread master 4096";

    #[test]
    fn a_race_of_the_workers_has_several_answers_and_a_wrong_one_is_none() {
        let script = parse(RACY, &Context::file("test")).expect("script");
        let shared = Arc::new(script.clone());
        let mut answers: Vec<Vec<Answer>> =
            (0..ORDERS).filter_map(|order| in_order(&shared, order)).collect();
        answers.dedup();
        assert!(answers.len() > 1);
        assert!(answers.iter().all(|a| another_order_gives(&script, a)));
        let mut wrong = on_model(&script);
        wrong.pop();
        wrong.push(Answer::Blocked);
        assert!(!another_order_gives(&script, &wrong));
    }

    #[test]
    fn without_a_race_all_orders_are_one() {
        let text = "termios slave echoprt\nwrite master \"abc\\x7f\\x7fX\\n\"\nread slave 64\n\
                    read master 64\nsettle\nread slave 1 wait\ninq slave";
        let script = parse(text, &Context::file("test")).expect("script");
        let right = on_model(&script);
        for order in 0..16 {
            assert_eq!(in_order(&Arc::new(script.clone()), order).as_ref(), Some(&right));
        }
    }
}
