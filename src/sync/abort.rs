// SPDX-License-Identifier: GPL-2.0-only
//! How a finding leaves the model.
//!
//! In the seeded runtime it is stored in the execution. In loom and natively it travels as a
//! panic payload, which `loom_rt::explore` and `run_threads` catch and turn back into a
//! [`Violation`]; the payload is unwound directly, so no panic hook prints anything.

use super::{Runtime, seeded};
use crate::verify::Violation;
use std::panic::resume_unwind;

/// What travels when an execution is abandoned without a panic of its own.
pub(crate) enum Abandon {
    /// A finding (loom and native; the seeded runtime keeps its own list).
    Found(Box<Violation>),
    /// The seeded execution is over: pruned, diverged, out of steps or violated.
    Over,
}

/// Reports a finding after which the run makes no sense, and abandons it.
pub fn report(rt: Runtime, violation: Violation) -> ! {
    match rt {
        Runtime::Seeded => {
            seeded::note(violation);
            seeded::abandon()
        }
        Runtime::Native | Runtime::Solo | Runtime::Loom => {
            resume_unwind(Box::new(Abandon::Found(Box::new(violation))))
        }
    }
}

/// Whether somebody was found to wait for ever. Only the seeded runtime goes on after that.
pub(crate) fn is_deadlocked(rt: Runtime) -> bool {
    rt == Runtime::Seeded && seeded::found("deadlock")
}

/// Reports a finding and goes on where the runtime can: the seeded runtime keeps the first one of
/// each property, the others stop at the first of all.
pub fn note(rt: Runtime, violation: Violation) {
    match rt {
        Runtime::Seeded => seeded::note(violation),
        Runtime::Native | Runtime::Solo | Runtime::Loom => report(rt, violation),
    }
}
