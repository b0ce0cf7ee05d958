// SPDX-License-Identifier: GPL-2.0-only
//! C1: a checkpoint's result is the unread content at one instant of the call.
//!
//! The ghost shows a call every instant between its beginning and its return. The result must be,
//! for one of them, a beginning of what was unread that leaves out nothing that had come before the
//! call. So bytes that came during the call may be in it, as a prefix of what came; bytes read
//! before that instant may not.

use super::ghost::quoted;
use super::{Property, Violation};
use crate::sched::ThreadId;
use crate::sync::{Moment, Stamp};

/// What was unread at one instant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Instant {
    /// In the order in which readers would get it.
    pub(super) content: Vec<u8>,
    /// How many bytes of it the result must have: up to the last that was there before the call.
    pub(super) required: usize,
}

/// A point in time, before which some arrivals were.
#[derive(Clone, Copy, Debug)]
pub(super) struct Time {
    /// The last arrival before it.
    pub(super) arrival: usize,
    /// The step, where happens-before decides what was before it; see [`super::past`].
    pub(super) when: Option<Stamp>,
}

impl Time {
    /// Whether arrival number `n`, counted from 1, was before it; `came`: when each was.
    pub(super) fn follows(&self, n: usize, came: &[Stamp]) -> bool {
        match (self.when, n.checked_sub(1)) {
            (None, _) | (_, None) => n <= self.arrival,
            (Some(when), Some(n)) => came.get(n).is_some_and(|came| came.before(&when)),
        }
    }
}

/// A checkpoint call in progress.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) began: Time,
    /// Who makes it, where the runtime can say.
    thread: Option<ThreadId>,
    instants: Vec<Instant>,
    /// When the last of them began to be.
    last: Option<Moment>,
}

impl Call {
    pub(super) const fn new(began: Time, thread: Option<ThreadId>) -> Self {
        Self { began, thread, instants: Vec::new(), last: None }
    }

    pub(super) const fn thread(&self) -> Option<ThreadId> {
        self.thread
    }

    /// Two changes without a step between them are one: what was there in between, nobody could
    /// see.
    pub(super) fn see(&mut self, instant: Instant, now: Moment) {
        if self.last.is_some_and(|last| last.is(now)) {
            self.instants.pop();
        }
        if self.instants.last() != Some(&instant) {
            self.instants.push(instant);
            self.last = Some(now);
        }
    }

    /// One more instant.
    pub(super) fn add(&mut self, instant: Instant) {
        if !self.instants.contains(&instant) {
            self.instants.push(instant);
        }
    }

    /// Whether it fits one of the instants.
    pub(super) fn fits_any(&self, result: &[u8]) -> bool {
        self.instants.iter().any(|i| Self::fits(i, result))
    }

    /// Whether `result` is the content at `instant`.
    pub(super) fn fits(instant: &Instant, result: &[u8]) -> bool {
        instant.required <= result.len() && instant.content.starts_with(result)
    }

    /// The finding, if no instant fits.
    pub(super) fn judge(&self, result: &[u8], design: &str, end: &str) -> Option<Violation> {
        if self.fits_any(result) {
            return None;
        }
        let contents = || self.instants.iter().map(|i| i.content.as_slice());
        let code = classify(contents, result);
        let first = contents().next().unwrap_or_default();
        let last = contents().next_back().unwrap_or_default();
        let span = if first == last {
            format!("{} was unread throughout the call", quoted(first))
        } else {
            format!(
                "{} was unread when it was called, {} when it returned",
                quoted(first),
                quoted(last)
            )
        };
        let sentence = format!(
            "{design} returns {} for the {end}: {span}, and at no instant between was it that",
            quoted(result)
        );
        Some(Violation::new(Property::C1, code, sentence))
    }
}

/// A stable word for how the result differs.
fn classify<'a, I: Iterator<Item = &'a [u8]>>(
    contents: impl Fn() -> I,
    result: &[u8],
) -> &'static str {
    if contents().any(|c| c.starts_with(result)) {
        "missing-tail"
    } else if contents().any(|c| c.ends_with(result)) {
        "missing-head"
    } else if contents().any(|c| is_subsequence(result, c)) {
        "gap"
    } else {
        "not-a-cut"
    }
}

fn is_subsequence(part: &[u8], whole: &[u8]) -> bool {
    let mut rest = whole.iter();
    part.iter().all(|byte| rest.any(|b| b == byte))
}
