// SPDX-License-Identifier: GPL-2.0-only
//! A call that keeps the pair while others use it, and a restore into a pair that others use already.
//!
//! # Data flow
//! The scripts in `scenarios/kept/` have threads, beside one that makes a checkpoint that is restored
//! later, or restores one. Each is explored in every interleaving ([`judge`]): C1 to C4 are found by
//! those who find them anywhere else, and what an operation of the script must give is its expectation
//! (C6): it names what the copy can be.
//!
//! # Invariants
//! - What nobody does but in turn the rows judge, and quicker: so this is asked of designs that pass them.
//!
//! No locks: each run is an execution of its own.

use super::built_in::{BuiltIn, built_in};
use super::check::body;
use super::judge::{Judged, Plan, judge_until};
use super::{Property, Violation};
use crate::checkpoint::Design;
use crate::run::UNEXPECTED;
use crate::script::Script;
use crate::sync::seeded::Memory;
use std::sync::Arc;

/// How many executions one of them may take. Those of `opaque-state` are fewer.
const EXECUTIONS: u64 = 200_000;

/// The scripts, in table order: each is called `kept-` and the name of its file.
pub static SCENES: [BuiltIn; 7] =
    built_in!("kept", "kept-", "twice", "line", "signal", "echo", "reader", "chain", "poller");

/// What came of one.
#[derive(Clone, Debug)]
pub struct Explored {
    /// How many executions there were.
    pub executions: u64,
    /// Whether that was all.
    pub complete: bool,
    /// What was found first.
    pub found: Option<(Property, String)>,
}

/// Explores `script` with `design`, until something is found.
///
/// # Errors
/// The model broke down: in its own words.
pub fn judge(
    design: &'static dyn Design,
    script: &Script,
    go_on: &mut dyn FnMut(u64) -> bool,
) -> Result<Explored, String> {
    let plan = Plan::everything(Memory::Sc, EXECUTIONS);
    let body = body(Some(design), &Arc::new(script.clone()));
    let judged = judge_until(&plan, &body, &|judged: &Judged| !judged.found.is_empty(), go_on);
    if let Some(message) = judged.panicked {
        return Err(format!("the model panicked: {message}"));
    }
    let found = judged.found.into_values().next().map(|c| about_the_copy(c.violation));
    let found = found.map(|violation| (violation.property, violation.to_string()));
    Ok(Explored { executions: judged.executions, complete: judged.complete, found })
}

/// What is not as these scripts expect it is the copy.
fn about_the_copy(violation: Violation) -> Violation {
    let unexpected = violation.code == UNEXPECTED;
    let property = if unexpected { Property::C6 } else { violation.property };
    Violation { property, ..violation }
}
