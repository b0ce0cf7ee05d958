// SPDX-License-Identifier: GPL-2.0-only
//! C1 and C2 of a call that is made alone: in the middle of a sequential script.
//!
//! # Data flow
//! The script's checkpoint becomes a call at each end, and one that keeps the pair; its restore is
//! left out, so that the *original* goes on ([`peeked`]). It is run so, and without any call. What every
//! other operation gives must be the same (C2), and what the calls return is judged by the ghost, as
//! ever (C1). A call that gives nothing although there is something, and nobody else, is no cut either.
//!
//! # Invariants
//! - As in [`super::round_trip`]: one right answer, so two runs decide. A call may wait for the works, so
//!   none is left queued for it: after each operation they come to their end.
//! - A call may restart works. Where the kernel by itself leaves them undone (museum W4), the original
//!   is what comes of one needless run of each.
//!
//! No locks: each run is an execution of its own.

use super::built_in::{BuiltIn, built_in};
use super::pairs::{kicked, there_is};
use super::round_trip::{first_result, run, run_to_its_end, without};
use super::{Property, Violation};
use crate::checkpoint::Design;
use crate::run::{OpResult, Outcome};
use crate::script::ast::{End, Item, Line, Op, Script};

/// What the two peeks are called; the third call keeps the label of the script's.
const LABELS: [&str; 2] = ["master", "slave"];

/// The scripts that only this is judged on, in table order.
pub static SPOTS: [BuiltIn; 11] = built_in!(
    "alone",
    "",
    "full-line",
    "wrapped-full",
    "many-buffers",
    "flags",
    "overlong",
    "typed",
    "flushed",
    "all-full",
    "master",
    "packet",
    "far"
);

/// Judges `design` on `script`: the first property that is broken, and how.
///
/// # Errors
/// The model broke down: in its own words.
pub fn judge(
    design: &'static dyn Design,
    script: &Script,
) -> Result<Option<(Property, String)>, String> {
    let script = &told(script);
    let original = run(None, without(script))?;
    let broken = |v: Violation| Some((v.property, v.to_string()));
    let calls = match run_to_its_end(Some(design), peeked(script))? {
        Ok(calls) => calls,
        Err(found) => return Ok(broken(found)),
    };
    // What else was wrong is only this design's doing if it was right before.
    if let (Some(found), None) = (calls.found, &original.found) {
        return Ok(broken(found));
    }
    if let Some(refused) = refused(script, &calls.observed.results)? {
        return Ok(Some((Property::C1, refused)));
    }
    let Some(difference) = first_result(&original.observed, &calls.observed) else {
        return Ok(None);
    };
    let kicked = run(None, kicked(script))?;
    let stuck = first_result(&kicked.observed, &calls.observed).is_none();
    Ok((!stuck).then(|| (Property::C2, difference.of_calls())))
}

/// `script`, settled, and at its end which signals there were: those of a restore that follows are its own.
fn told(script: &Script) -> Script {
    let signals = Item::Op(Line::new(Op::Signals));
    let items = script.items.iter().cloned().chain([signals]).collect();
    Script { items, auto_settle: None, ..script.clone() }
}

/// `script` with a call at each end where it has its checkpoint, and one that keeps the pair, which is
/// restored when all is over.
#[must_use]
pub fn peeked(script: &Script) -> Script {
    let mut items = Vec::new();
    let mut restores = Vec::new();
    for old in &script.items {
        match old {
            Item::Op(Line { op: Op::Checkpoint { design, label, .. }, .. }) => {
                items.extend(End::ALL.into_iter().zip(LABELS).map(|(end, label)| {
                    let (design, label) = (design.clone(), label.to_owned());
                    Item::Op(Line::new(Op::Checkpoint { design, end, label }))
                }));
                items.push(old.clone());
                restores.push(Item::Op(Line::new(Op::Restore { label: label.clone() })));
            }
            Item::Op(Line { op: Op::Restore { .. }, .. }) => {}
            other => items.push(other.clone()),
        }
    }
    items.extend(restores);
    Script { items, ..script.clone() }
}

/// What a call was refused with, although nobody else was there, and it had something to return.
fn refused(script: &Script, results: &[OpResult]) -> Result<Option<String>, String> {
    for result in results {
        let (Op::Checkpoint { end, .. }, Outcome::Errno(errno)) = (&result.op, &result.outcome)
        else {
            continue;
        };
        let unread = there_is(script, *end)?;
        if !unread.is_empty() {
            let bytes = unread.len();
            return Ok(Some(format!(
                "refused: `{}` gives {errno}, although nobody else is there, and {bytes} bytes are unread",
                result.op
            )));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checkpoint::design;
    use crate::script::{Context, parse};

    #[test]
    fn every_script_can_be_run_and_printed() {
        let right = design("exclusive-restart").expect("a built-in design");
        for spot in &SPOTS {
            let script = spot.script().expect("it can be parsed");
            assert_eq!(judge(right, &script), Ok(None), "{}", spot.name);
            let peeked = peeked(&script);
            let text = peeked.to_string();
            assert_eq!(parse(&text, &Context::file("it")).expect("it prints").to_string(), text);
        }
    }
}
