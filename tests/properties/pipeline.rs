// SPDX-License-Identifier: GPL-2.0-only
//! Whatever the sizes, the data, the callers and the schedule, no property of the contract breaks
//! in the pipeline itself, nor in the one design that is expected to keep them all.
//!
//! `TIOCSTI` is left out: the kernel's own unlock stalls the chain behind it (museum W1).

use crate::case::{Case, MEDIUM, SMALL, Scale, TIGHT, harmless, typed};
use crate::harness::holds_under_schedules;
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;
use ttysim::sync::seeded::End;

/// Nothing is found, and the run comes to its end.
pub(crate) fn nothing_breaks(case: &Case) -> TestCaseResult {
    let execution = case.run().execution;
    let found = execution.found.iter().map(|f| f.violation.to_string()).collect::<Vec<_>>();
    prop_assert!(found.is_empty(), "{}", found.join("\n"));
    prop_assert_eq!(execution.end, End::Completed, "{:?}", execution.panic);
    Ok(())
}

fn raw(scale: Scale) -> impl Strategy<Value = Case> {
    (scale.parts(false, any::<u8>(), 2, 2), harmless()).prop_map(|(parts, d)| parts.case(d))
}

fn canonical(scale: Scale) -> impl Strategy<Value = Case> {
    (scale.parts(true, typed(), 2, 2), harmless()).prop_map(|(parts, d)| parts.case(d))
}

#[test]
fn nothing_breaks_in_raw_mode() {
    holds_under_schedules("tight-raw", 2_000, 8, &raw(TIGHT), nothing_breaks);
    holds_under_schedules("small-raw", 1_500, 6, &raw(SMALL), nothing_breaks);
    holds_under_schedules("medium-raw", 300, 4, &raw(MEDIUM), nothing_breaks);
}

#[test]
fn nothing_breaks_in_canonical_mode() {
    holds_under_schedules("tight-canonical", 1_500, 8, &canonical(TIGHT), nothing_breaks);
    holds_under_schedules("small-canonical", 1_500, 6, &canonical(SMALL), nothing_breaks);
    holds_under_schedules("medium-canonical", 300, 4, &canonical(MEDIUM), nothing_breaks);
}
