// SPDX-License-Identifier: GPL-2.0-only
//! A design that breaks down in its call: what would be an oops in a kernel is a finding here (C4).
//!
//! # Invariants
//! - Only a panic with a message is one. What unwinds a thread that is abandoned passes through.
//! - A panic of the model itself, outside of a call, stays a mistake of this tool's own.
//!
//! No locks.

use crate::sync::{Runtime, panic_message, report, seeded, silence_panics};
use crate::verify::{Property, Violation};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

/// Makes the call of the design called `name`.
pub(super) fn caught<R>(rt: Runtime, name: &str, call: impl FnOnce() -> R) -> R {
    silence_panics();
    let call = || match rt {
        Runtime::Seeded => seeded::within_call(call),
        Runtime::Native | Runtime::Solo | Runtime::Loom => call(),
    };
    catch_unwind(AssertUnwindSafe(call)).unwrap_or_else(|panic| match panic_message(&*panic) {
        Some(message) => {
            let sentence = format!("{name} breaks down in its call: {message}");
            report(rt, Violation::new(Property::C4, "oops", sentence))
        }
        None => resume_unwind(panic),
    })
}
