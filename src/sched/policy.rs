// SPDX-License-Identifier: GPL-2.0-only
//! The interface between the simulator and whoever decides.

use super::op::{Event, Op, ThreadId, ThreadSet};

/// What a policy sees at a scheduling point: every thread stands before its next step.
#[derive(Debug)]
pub struct Point<'a> {
    /// The threads whose next step can execute now. Never empty.
    pub enabled: ThreadSet,
    /// Each thread's next step, by slot.
    pub pending: &'a [Option<Op>],
    /// The thread that took the last step of this phase, if any.
    pub last: Option<ThreadId>,
    /// That step.
    pub last_event: Option<&'a Event>,
    /// How many scheduling points the execution has passed.
    pub depth: usize,
}

/// A policy's answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    /// This thread takes its next step. It must be enabled.
    Run(ThreadId),
    /// Nothing new lies beyond this point: abandon the execution.
    Prune,
    /// A recorded schedule does not fit this program: abandon the execution and say so.
    Diverged,
}

/// Decides who runs next.
pub trait Policy {
    /// Picks at one scheduling point.
    fn pick(&mut self, point: &Point<'_>) -> Choice;
}
