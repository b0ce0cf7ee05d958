// SPDX-License-Identifier: GPL-2.0-only
//! Many scripts compared, on all processors.
//!
//! # Data flow
//! Scripts, or a seed that makes them -> a quick comparison each; what differs is tried again with
//! all the time it wants, and made smaller -> a [`Report`]. The script of number `i` depends on the seed
//! and on `i` alone, so any one of them can be made again.
//!
//! Locks: none but those of [`parallel_map`].

use super::coverage::Coverage;
use super::rules::excluded;
use super::shrink::shrink;
use super::{Answer, Difference, Retried, answers, first_difference, on_model};
use crate::error::Error;
use crate::kernel::{self, Patience};
use crate::script::ast::{Item, Op, Script};
use crate::script::generate::comparison;
use crate::sync::pool::parallel_map;
use fastrand::Rng;
use std::collections::BTreeMap;

/// How many runs making one difference smaller may take.
const TRIES: usize = 300;

/// What came of comparing one script.
#[derive(Clone, Debug)]
pub enum Verdict {
    /// Both gave the same.
    Same,
    /// They differed once, and not when the kernel was given more time, or it was not steady.
    Unsteady,
    /// The kernel's answers are those of another order of the workers.
    Reordered,
    /// They differ.
    Differs(Box<Difference>),
    /// It was not compared: the name of the rule.
    Excluded(&'static str),
}

/// One script that was compared.
#[derive(Clone, Debug)]
pub struct Judged {
    /// Which of them it is.
    pub number: u64,
    /// The script.
    pub script: Script,
    /// What the model made of it.
    pub model: Vec<Answer>,
    /// What came of it.
    pub verdict: Verdict,
}

/// What came of comparing many.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// How many were compared.
    pub scripts: u64,
    /// How many operations they had.
    pub operations: u64,
    /// How many of them differed once and agreed when tried again.
    pub unsteady: u64,
    /// How many of them agreed in another order of the workers.
    pub reordered: u64,
    /// How many were not compared, by rule.
    pub excluded: BTreeMap<&'static str, u64>,
    /// The confirmed differences, with the number of the script that has them.
    pub differences: Vec<(u64, Difference)>,
    /// What was met.
    pub coverage: Coverage,
}

impl Report {
    /// Counts one script.
    pub fn add(&mut self, Judged { number, script, model, verdict }: Judged) {
        if let Verdict::Excluded(rule) = verdict {
            *self.excluded.entry(rule).or_default() += 1;
            return;
        }
        self.scripts += 1;
        self.operations += script.lines().count() as u64;
        self.coverage.add(&script, &model);
        match verdict {
            Verdict::Differs(difference) => self.differences.push((number, *difference)),
            Verdict::Unsteady => self.unsteady += 1,
            Verdict::Reordered => self.reordered += 1,
            Verdict::Same | Verdict::Excluded(_) => {}
        }
    }
}

/// One in so many scripts keeps a read that sleeps for ever, and ends with it.
const SLEEPERS: u64 = 2;

/// Script number `number` of `seed`, of at most `ops` operations. In most of them no read sleeps for
/// ever on the model; in some the kernel must agree that one does.
#[must_use]
pub fn generated(seed: u64, number: u64, ops: usize) -> (Script, Vec<Answer>) {
    // Two numbers of one seed, and one number of two seeds, have nothing in common.
    let mut rng = Rng::with_seed(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ number);
    let mut script = comparison(&mut rng, ops);
    let mut model = on_model(&script);
    while !number.is_multiple_of(SLEEPERS) && model.last() == Some(&Answer::Blocked) {
        let Some(Item::Op(line)) = script.items.get_mut(model.len() - 1) else { break };
        let Op::Read { wait, .. } = &mut line.op else { break };
        *wait = false;
        model = on_model(&script);
    }
    (script, model)
}

/// Compares `script`, of which `model` is what the model does.
///
/// # Errors
/// Those of [`kernel::run`].
pub fn judge(script: &Script, model: &[Answer], smaller: bool) -> Result<Verdict, Error> {
    if let Some(rule) = excluded(script) {
        return Ok(Verdict::Excluded(rule.name));
    }
    let kernel = answers(kernel::run(script, &Patience::QUICK)?);
    if first_difference(model, &kernel).is_none() {
        return Ok(Verdict::Same);
    }
    let difference = match Retried::of(script)? {
        Retried::Agrees => return Ok(Verdict::Unsteady),
        Retried::Reordered => return Ok(Verdict::Reordered),
        Retried::Differs(difference) => difference,
    };
    if !smaller {
        return Ok(Verdict::Differs(Box::new(difference)));
    }
    let small = shrink(&difference.script, TRIES, still_differs)?;
    // What is smaller was seen to differ, but perhaps only once.
    let small = match Retried::of(&small)? {
        Retried::Differs(small) => small,
        Retried::Agrees | Retried::Reordered => difference,
    };
    Ok(Verdict::Differs(Box::new(small)))
}

fn still_differs(script: &Script) -> Result<bool, Error> {
    if excluded(script).is_some() {
        return Ok(false);
    }
    let sides = super::compare(script, &Patience::FIRM)?;
    // A script that sleeps on both sides is no example worth having.
    let sleeps = |side: &[Answer]| side.last() == Some(&Answer::Blocked);
    let both = sleeps(&sides.model) && sleeps(&sides.kernel);
    Ok(!both && sides.first_difference().is_some())
}

/// Compares the generated scripts with these `numbers`, on `jobs` threads, in order.
///
/// # Errors
/// The first that any of them ran into.
pub fn generate_and_judge(
    seed: u64,
    numbers: std::ops::Range<u64>,
    ops: usize,
    jobs: usize,
    smaller: bool,
) -> Result<Vec<Judged>, Error> {
    let numbers: Vec<u64> = numbers.collect();
    let done = parallel_map(jobs, &numbers, |_, number| {
        let (script, model) = generated(seed, *number, ops);
        let verdict = judge(&script, &model, smaller)?;
        Ok(Judged { number: *number, script, model, verdict })
    });
    done.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_depends_on_its_seed_and_number_alone() {
        let (a, answers) = generated(7, 3, 40);
        assert_eq!(generated(7, 3, 40), (a.clone(), answers.clone()));
        assert_ne!(generated(7, 4, 40).0, a);
        assert_ne!(generated(8, 3, 40).0, a);
        assert_eq!(answers.len(), a.lines().count());
    }

    #[test]
    fn some_scripts_sleep_for_ever_and_only_at_their_end() {
        let sleeps = |number: &u64| {
            let (script, answers) = generated(7, *number, 40);
            let asleep = answers.iter().position(|a| *a == Answer::Blocked);
            assert!(asleep.is_none_or(|at| at + 1 == answers.len()), "{script}");
            asleep.is_some()
        };
        let asleep = (0..200).filter(sleeps).count();
        assert!((1..50).contains(&asleep), "{asleep}");
    }

    #[test]
    fn generated_scripts_fall_under_no_rule() {
        for number in 0..300 {
            let script = generated(1, number, 40).0;
            assert_eq!(excluded(&script).map(|r| r.name), None, "{script}");
        }
    }
}
