// SPDX-License-Identifier: GPL-2.0-only
//! The same script on the model and on this machine's ptys.
//!
//! # Data flow
//! [`Script`] -> [`on_model`] and [`crate::kernel::run`] -> the first difference; one that [`Patience::LAST`]
//! confirms is made smaller ([`mod@shrink`]) and written down as a script that expects the kernel's
//! answers ([`expecting`]). [`batch`] does that for many scripts, on all processors; [`coverage`]
//! says what they made the model do, [`rules`] what is not compared, and why; [`orders`] tells a
//! difference from an order of the workers that the model has too.
//!
//! # Invariants
//! The kernel is right. No locks: each comparison is a thread's own.

pub mod batch;
pub mod coverage;
pub mod orders;
pub mod rules;
pub mod shrink;
mod states;

use crate::error::Error;
use crate::kernel::{self, KernelRun, Patience};
use crate::run::{OpResult, Outcome, Setup, run};
use crate::sched::Random;
use crate::script::ast::{Events, Expect, Item, Line, LineNo, Op, Script};
use crate::sync::Runtime;
use crate::sync::seeded::{Config, execute};
use orders::another_order_gives;
use std::sync::Arc;

/// What an operation did on one side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It returned.
    Outcome(Outcome),
    /// It is a read that never returned.
    Blocked,
    /// The model broke down in it: its own words.
    Broken(String),
}

impl Answer {
    /// In words, as reports show it.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::Outcome(outcome) => outcome.words(),
            Self::Blocked => "sleeps for ever".to_owned(),
            Self::Broken(why) => why.clone(),
        }
    }
}

/// Two answers to the same operation count as the same.
fn same(a: &Answer, b: &Answer) -> bool {
    let known = Events::known().0;
    match (a, b) {
        (Answer::Outcome(Outcome::Events(a)), Answer::Outcome(Outcome::Events(b))) => {
            a & known == b & known
        }
        _ => a == b,
    }
}

/// What every operation of `script` does on the model, up to the one that never returns.
#[must_use]
pub fn on_model(script: &Script) -> Vec<Answer> {
    match attempt(script) {
        Ok(answers) => answers,
        Err(why) => broken(script, why),
    }
}

/// A run from the beginning to the end, or why there was none.
fn attempt(script: &Script) -> Result<Vec<Answer>, String> {
    let script = Arc::new(script.clone());
    let mut results: Vec<OpResult> = Vec::new();
    let setup = Setup { rt: Runtime::Seeded, design: None };
    let execution =
        execute(Config::default(), &mut Random::new(1), || results = run(setup, &script));
    if let Some(message) = execution.panic {
        return Err(format!("the model panicked: {message}"));
    }
    if let Some(found) = execution.found.first() {
        return Err(found.violation.to_string());
    }
    Ok(results.into_iter().map(|r| Answer::Outcome(r.outcome)).collect())
}

/// The answers of a run that broke off, by running ever longer beginnings of the script.
fn broken(script: &Script, why: String) -> Vec<Answer> {
    let begin = |n: usize| {
        let items = script.items.iter().take(n).cloned().collect();
        attempt(&Script { items, ..script.clone() })
    };
    // The shortest beginning that breaks off too: all longer ones do.
    let (mut whole, mut breaks) = (0, script.items.len());
    while breaks - whole > 1 {
        let middle = whole.midpoint(breaks);
        if begin(middle).is_ok() { whole = middle } else { breaks = middle }
    }
    let mut answers = begin(whole).unwrap_or_default();
    let waits = script
        .items
        .get(whole)
        .is_some_and(|item| matches!(item, Item::Op(Line { op: Op::Read { wait: true, .. }, .. })));
    answers.push(if waits { Answer::Blocked } else { Answer::Broken(why) });
    answers
}

/// What every operation did on the kernel, up to the one that never returned.
#[must_use]
pub fn answers(run: KernelRun) -> Vec<Answer> {
    let blocked = run.blocked.then_some(Answer::Blocked);
    run.results.into_iter().map(|r| Answer::Outcome(r.outcome)).chain(blocked).collect()
}

/// Both sides of one script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comparison {
    /// The model's answers.
    pub model: Vec<Answer>,
    /// The kernel's.
    pub kernel: Vec<Answer>,
}

impl Comparison {
    /// The number of the first operation that the two do not agree about.
    #[must_use]
    pub fn first_difference(&self) -> Option<usize> {
        first_difference(&self.model, &self.kernel)
    }
}

/// The number of the first answer that is not the same in both.
fn first_difference(model: &[Answer], kernel: &[Answer]) -> Option<usize> {
    (0..model.len().max(kernel.len())).find(|i| match (model.get(*i), kernel.get(*i)) {
        (Some(a), Some(b)) => !same(a, b),
        _ => true,
    })
}

/// Runs `script` on both.
///
/// # Errors
/// Those of [`kernel::run`].
pub fn compare(script: &Script, patience: &Patience) -> Result<Comparison, Error> {
    let kernel = answers(kernel::run(script, patience)?);
    Ok(Comparison { model: on_model(script), kernel })
}

/// A difference that was confirmed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The script that shows it, as short as it could be made.
    pub script: Script,
    /// What each side makes of it.
    pub sides: Comparison,
    /// The number of the first operation they do not agree about.
    pub at: usize,
}

/// What came of trying again, with ever more time for the kernel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Retried {
    /// They agree, or the kernel did not give the same answers twice in a row.
    Agrees,
    /// They agree in another order of the workers.
    Reordered,
    /// They differ.
    Differs(Difference),
}

impl Retried {
    /// Tries `script` again.
    ///
    /// # Errors
    /// Those of [`kernel::run`].
    pub fn of(script: &Script) -> Result<Self, Error> {
        let model = on_model(script);
        let mut before = None;
        for patience in [Patience::FIRM, Patience::SLOW, Patience::LAST, Patience::LAST] {
            let kernel = answers(kernel::run(script, &patience)?);
            let Some(at) = first_difference(&model, &kernel) else { return Ok(Self::Agrees) };
            if before.as_ref() != Some(&kernel) {
                before = Some(kernel);
                continue;
            }
            if another_order_gives(script, &kernel) {
                return Ok(Self::Reordered);
            }
            if patience == Patience::LAST {
                let sides = Comparison { model, kernel };
                return Ok(Self::Differs(Difference { script: script.clone(), sides, at }));
            }
        }
        Ok(Self::Agrees)
    }
}

impl Difference {
    /// The script with the kernel's answers as expectations, and the model's as a comment.
    #[must_use]
    pub fn to_script(&self) -> String {
        let model = self.sides.model.get(self.at).map_or_else(String::new, Answer::words);
        format!("# The model said: {model}\n{}", expecting(&self.script, &self.sides.kernel))
    }

    /// Both sides, an operation a line.
    #[must_use]
    pub fn side_by_side(&self) -> String {
        let mut text = String::new();
        for (i, line) in self.script.lines().enumerate() {
            let words = |answers: &[Answer]| answers.get(i).map_or_else(String::new, Answer::words);
            let (model, kernel) = (words(&self.sides.model), words(&self.sides.kernel));
            let agree = match (self.sides.model.get(i), self.sides.kernel.get(i)) {
                (Some(a), Some(b)) => same(a, b),
                (a, b) => a.is_none() && b.is_none(),
            };
            text += &match agree {
                true => format!("    {} -> {kernel}\n", line.op),
                false => format!("  ! {}\n      model  {model}\n      kernel {kernel}\n", line.op),
            };
        }
        text
    }
}

/// `script` expecting `answers`, where they can be expected.
#[must_use]
pub fn expecting(script: &Script, answers: &[Answer]) -> Script {
    let mut script = script.clone();
    for (item, answer) in script.items.iter_mut().zip(answers) {
        if let Item::Op(line) = item {
            line.line_no = LineNo(0);
            line.expect = line.op.has_result().then(|| expectation(answer)).flatten();
        }
    }
    script
}

fn expectation(answer: &Answer) -> Option<Expect> {
    let Answer::Outcome(outcome) = answer else { return None };
    match outcome {
        Outcome::Number(n) => Some(Expect::Ret(*n)),
        Outcome::Bytes(bytes) => Some(Expect::Bytes(bytes.clone())),
        Outcome::Errno(errno) => Some(Expect::Errno(*errno)),
        Outcome::Events(bits) => {
            let known = Events(*bits & Events::known().0);
            // No events at all have no name.
            (known.0 != 0).then_some(Expect::Events(known))
        }
        Outcome::Skipped => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::script::{Context, parse};

    fn script(text: &str) -> Script {
        parse(text, &Context::file("test")).expect("script")
    }

    #[test]
    fn the_model_answers_up_to_the_read_that_never_returns() {
        let found = on_model(&script("inq slave\nread slave 1 wait\ninq slave\ninq slave"));
        assert_eq!(found, [Answer::Outcome(Outcome::Number(0)), Answer::Blocked]);
    }

    #[test]
    fn differences_are_found_and_bits_without_a_name_are_none() {
        let events = |bits| vec![Answer::Outcome(Outcome::Events(bits))];
        let at = |model, kernel| Comparison { model, kernel }.first_difference();
        assert_eq!(at(events(0x41), events(0x2041)), None);
        assert_eq!(at(events(0x41), events(0x45)), Some(0));
        assert_eq!(at(events(1), [events(1), vec![Answer::Blocked]].concat()), Some(1));
    }

    #[test]
    fn a_script_learns_to_expect_what_the_kernel_said() {
        let plain = script("write master \"a\"\nsettle\npoll slave\nread slave 1");
        let said = [
            Answer::Outcome(Outcome::Number(1)),
            Answer::Outcome(Outcome::Number(0)),
            Answer::Outcome(Outcome::Events(0x2004)),
            Answer::Blocked,
        ];
        let text = expecting(&plain, &said).to_string();
        let right =
            "write master \"a\"\nexpect 1\nsettle\npoll slave\nexpect POLLOUT\nread slave 1\n";
        assert_eq!(text, right);
    }
}
