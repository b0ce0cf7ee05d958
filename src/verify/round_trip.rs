// SPDX-License-Identifier: GPL-2.0-only
//! C6: whoever goes on with a restored pair cannot tell.
//!
//! # Data flow
//! A sequential script with `checkpoint this slave as A` and `restore A` in it is run twice: as it
//! is, with the design under judgement, and without these two lines. What every other operation
//! gives, and the signals sent, must be the same ([`judge`]).
//!
//! # Invariants
//! - A sequential script has one right answer, so two runs decide.
//! - What cannot be kept is no difference, but [`Came::Refused`]: whoever asks decides whether it
//!   had to be possible.
//!
//! No locks: each run is an execution of its own.

use crate::checkpoint::Design;
use crate::errno::Errno;
use crate::run::{Observed, OpResult, Outcome, Setup, observe};
use crate::sched::Random;
use crate::script::ast::{Item, Op, Script};
use crate::sync::Runtime;
use crate::sync::seeded::{Config, execute};
use crate::tty_struct::Signal;
use crate::verify::Violation;
use std::fmt;
use std::sync::Arc;

/// What came of a round trip.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Came {
    /// Nobody can tell the restored pair from the original.
    Same,
    /// Nor so, but something else was found meanwhile: in its own words.
    Found(String),
    /// Somebody can.
    Differs(Difference),
    /// The checkpoint was refused, so there was nothing to restore.
    Refused(Errno),
}

/// The first thing that tells a restored pair from the original.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The operation, as the script has it; or what else was looked at.
    pub what: String,
    /// What the original gives.
    pub original: String,
    /// What the restored one gives.
    pub restored: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { what, original, restored } = self;
        write!(f, "`{what}` gives {restored}, and {original} without checkpoint and restore")
    }
}

impl Difference {
    /// The same, where there were calls and no restore.
    pub(super) fn of_calls(&self) -> String {
        let Self { what, original, restored } = self;
        format!("`{what}` gives {restored} after the calls, and {original} without them")
    }
}

/// Runs `script` with `design`, and without its checkpoints and restores.
///
/// # Errors
/// The model broke down: in its own words.
pub fn judge(design: &'static dyn Design, script: &Script) -> Result<Came, String> {
    let original = run(None, without(script))?;
    compare(design, script, &original.observed)
}

/// The same, where the run without is known already.
///
/// # Errors
/// As [`judge`].
pub fn compare(
    design: &'static dyn Design,
    script: &Script,
    original: &Observed,
) -> Result<Came, String> {
    let restored = match run_to_its_end(Some(design), script.clone())? {
        Ok(restored) => restored,
        Err(found) => return Ok(Came::Differs(unended(&found))),
    };
    if let Some(errno) = refused(&restored.observed.results) {
        return Ok(Came::Refused(errno));
    }
    let difference =
        not_restored(&restored.observed).or_else(|| first_difference(original, &restored.observed));
    Ok(match (difference, restored.found) {
        (Some(difference), _) => Came::Differs(difference),
        (None, Some(found)) => Came::Found(found.to_string()),
        (None, None) => Came::Same,
    })
}

/// `script` without what a checkpoint or a restore does.
#[must_use]
pub fn without(script: &Script) -> Script {
    let plain = |item: &&Item| !matches!(item, Item::Op(line) if is_ours(&line.op));
    Script { items: script.items.iter().filter(plain).cloned().collect(), ..script.clone() }
}

const fn is_ours(op: &Op) -> bool {
    matches!(op, Op::Checkpoint { .. } | Op::Restore { .. })
}

/// A run, alone and to its end.
#[derive(Debug)]
pub struct Run {
    /// What could be told of it.
    pub observed: Observed,
    /// The first thing that the other properties have against it.
    pub found: Option<Violation>,
}

/// Runs `script`.
///
/// # Errors
/// The model broke down, or what it found ended the run: in its own words.
pub fn run(design: Option<&'static dyn Design>, script: Script) -> Result<Run, String> {
    run_to_its_end(design, script)?.map_err(|found| found.to_string())
}

/// What is left to say of a run that a finding ended, where the original's went on.
fn unended(found: &Violation) -> Difference {
    let what = "checkpoint and restore".to_owned();
    Difference { what, original: "an end".to_owned(), restored: found.to_string() }
}

/// The same; the inner `Err` is what ended the run before the script was through.
///
/// # Errors
/// The model broke down: in its own words.
pub(super) fn run_to_its_end(
    design: Option<&'static dyn Design>,
    script: Script,
) -> Result<Result<Run, Violation>, String> {
    let script = Arc::new(script);
    let setup = Setup { rt: Runtime::Seeded, design };
    let mut observed = None;
    let execution = execute(Config::default(), &mut Random::new(1), || {
        observed = Some(observe(setup, &script));
    });
    if let Some(message) = execution.panic {
        return Err(format!("the model panicked: {message}"));
    }
    let found = execution.found.into_iter().next().map(|found| found.violation);
    match (observed, found) {
        (Some(observed), found) => Ok(Ok(Run { observed, found })),
        (None, Some(found)) => Ok(Err(found)),
        (None, None) => Err("the run did not come to its end".to_owned()),
    }
}

fn refused(results: &[OpResult]) -> Option<Errno> {
    results.iter().find_map(|r| match (&r.op, &r.outcome) {
        (Op::Checkpoint { .. }, Outcome::Errno(errno)) => Some(*errno),
        _ => None,
    })
}

/// What is compared: the results of everything but checkpoints, restores, and pushes of nothing.
fn rest(of: &Observed) -> impl Iterator<Item = &OpResult> {
    let push = |op: &Op| matches!(op, Op::Insert { bytes, .. } if bytes.is_empty());
    of.results.iter().filter(move |r| !is_ours(&r.op) && !push(&r.op))
}

/// The restore that failed.
fn not_restored(restored: &Observed) -> Option<Difference> {
    restored.results.iter().find_map(|result| match (&result.op, &result.outcome) {
        (Op::Restore { .. }, Outcome::Errno(errno)) => Some(Difference {
            what: result.op.to_string(),
            original: "a pair".to_owned(),
            restored: errno.to_string(),
        }),
        _ => None,
    })
}

/// The first operation that gives different things in the two, or the signals.
fn first_difference(original: &Observed, restored: &Observed) -> Option<Difference> {
    first_result(original, restored).or_else(|| {
        let ends = ["master", "slave"].into_iter();
        let signals = original.signals.iter().zip(&restored.signals);
        ends.zip(signals).find_map(|(end, (a, b))| {
            differs(&format!("signals of the {end}"), listed(a), listed(b))
        })
    })
}

/// The first operation that gives different things in the two, checkpoints and restores aside.
pub(super) fn first_result(original: &Observed, restored: &Observed) -> Option<Difference> {
    rest(original)
        .zip(rest(restored))
        .find_map(|(a, b)| differs(&a.op.to_string(), a.outcome.words(), b.outcome.words()))
}

fn differs(what: &str, original: String, restored: String) -> Option<Difference> {
    let what = what.to_owned();
    (original != restored).then_some(Difference { what, original, restored })
}

fn listed(signals: &[Signal]) -> String {
    match signals {
        [] => "none".to_owned(),
        some => some.iter().map(|s| format!("{s:?}")).collect::<Vec<_>>().join(" "),
    }
}
