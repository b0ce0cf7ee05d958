// SPDX-License-Identifier: GPL-2.0-only
//! C1: a checkpoint's result is the unread content at one instant of the call.
//!
//! The ghost shows a call every instant between its beginning and its return. The result must be,
//! for one of them, the read buffer's content followed by a beginning of the flip chain's visible
//! content that leaves out nothing committed before the call. So bytes committed during the call
//! may be in it, as a prefix of what came; bytes read before that instant may not.

use super::ghost::quoted;
use super::{Property, Violation};
use crate::sched::ThreadId;
use std::ops::Range;

/// What was unread at one instant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Instant {
    /// The read buffer's content.
    pub(super) queue: Vec<u8>,
    /// The flip chain's visible content, as a range of the stream.
    pub(super) flip: Range<usize>,
}

impl Instant {
    fn content(&self, stream: &[u8]) -> Vec<u8> {
        let mut content = self.queue.clone();
        content.extend_from_slice(&stream[self.flip.clone()]);
        content
    }
}

/// A checkpoint call in progress.
#[derive(Debug)]
pub(super) struct Call {
    /// The position in the stream up to which bytes were visible when it began.
    committed: usize,
    /// Who makes it, where the runtime can say.
    thread: Option<ThreadId>,
    instants: Vec<Instant>,
}

impl Call {
    pub(super) const fn new(committed: usize, thread: Option<ThreadId>) -> Self {
        Self { committed, thread, instants: Vec::new() }
    }

    pub(super) const fn thread(&self) -> Option<ThreadId> {
        self.thread
    }

    pub(super) fn see(&mut self, instant: Instant) {
        if self.instants.last() != Some(&instant) {
            self.instants.push(instant);
        }
    }

    /// Whether `result` is the content at `instant`.
    fn fits(&self, instant: &Instant, stream: &[u8], result: &[u8]) -> bool {
        let Some(rest) = result.strip_prefix(instant.queue.as_slice()) else { return false };
        let end = instant.flip.start + rest.len();
        let least = self.committed.max(instant.flip.start);
        least <= end && end <= instant.flip.end && stream[instant.flip.start..end] == *rest
    }

    /// The finding, if no instant fits.
    pub(super) fn judge(
        &self,
        stream: &[u8],
        result: &[u8],
        design: &str,
        end: &str,
    ) -> Option<Violation> {
        if self.instants.iter().any(|i| self.fits(i, stream, result)) {
            return None;
        }
        let contents: Vec<Vec<u8>> = self.instants.iter().map(|i| i.content(stream)).collect();
        let code = classify(&contents, result);
        let first = contents.first().map(Vec::as_slice).unwrap_or_default();
        let last = contents.last().map(Vec::as_slice).unwrap_or_default();
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
fn classify(contents: &[Vec<u8>], result: &[u8]) -> &'static str {
    if contents.iter().any(|c| c.starts_with(result)) {
        "missing-tail"
    } else if contents.iter().any(|c| c.ends_with(result)) {
        "missing-head"
    } else if contents.iter().any(|c| is_subsequence(result, c)) {
        "gap"
    } else {
        "not-a-cut"
    }
}

fn is_subsequence(part: &[u8], whole: &[u8]) -> bool {
    let mut rest = whole.iter();
    part.iter().all(|byte| rest.any(|b| b == byte))
}
