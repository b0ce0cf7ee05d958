// SPDX-License-Identifier: GPL-2.0-only
//! The interface between the simulator and whoever decides.

use super::Fault;
use super::op::{Event, Op, ThreadId, ThreadSet, buffer_of, owner};
use crate::sync::seeded::Beginning;

/// What a policy sees at a scheduling point: every thread stands before its next step.
#[derive(Debug)]
pub struct Point<'a> {
    /// The threads whose next step can execute now. Never empty.
    pub enabled: ThreadSet,
    /// Each thread's next step, by slot.
    pub pending: &'a [Option<Op>],
    /// The slot that took the last step of this phase, if any.
    pub last: Option<ThreadId>,
    /// That step.
    pub last_event: Option<&'a Event>,
    /// How many scheduling points the execution has passed.
    pub depth: usize,
}

impl Point<'_> {
    /// Who goes on if nobody is preempted: the thread that took the last step, or whose store
    /// buffer did; its store buffer, if the thread waits for that. To choose anybody else is a
    /// preemption; `None`: nobody could go on, and no choice is one.
    #[must_use]
    pub fn running(&self) -> Option<ThreadId> {
        let thread = owner(self.last?);
        [thread, buffer_of(thread)].into_iter().find(|&slot| self.enabled.contains(slot))
    }
}

/// What a step can do where the order of the steps alone does not say (memory `ra`): which store a
/// load reads from, or where in modification order a store goes. Number 0 is always possible: the
/// newest store, the newest place. Each further one is one store older.
pub struct Alternatives<'a> {
    /// How many there are, the impossible ones counted.
    pub count: usize,
    /// Whether the memory model allows number `n`, without which the numbers stay as they are.
    pub allowed: &'a dyn Fn(usize) -> bool,
    /// For a load: after how many scheduling points the store of number `n` had been made.
    pub since: &'a dyn Fn(usize) -> usize,
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
    /// Who runs next, where the execution so far and from here to the next point is one that there has
    /// been before: nothing needs to be put together for a decision that is made. Otherwise `None`, and
    /// [`Policy::pick`] is asked.
    fn repeat(&mut self) -> Option<ThreadId> {
        None
    }

    /// What that thread's step does, where it did that before. Otherwise `None`, and
    /// [`Policy::choose`] is asked.
    fn repeat_choice(&mut self) -> Option<usize> {
        None
    }

    /// What the executions of an exploration hand on: the execution takes it, and puts back its own.
    /// What is in it is what the execution repeats; [`Policy::repeat`] must agree.
    fn beginning(&mut self) -> Option<&mut Beginning> {
        None
    }

    /// The execution passes its first `points` points without asking, for the beginning has them.
    fn skip(&mut self, _points: usize) {}

    /// Picks at one scheduling point.
    fn pick(&mut self, point: &Point<'_>) -> Choice;

    /// A mistake that the simulator is to make; only in tests of the tests.
    fn fault(&self) -> Option<Fault> {
        None
    }

    /// Decides what the step does for which [`Policy::pick`] was just asked: an allowed number.
    /// `None`: nothing new lies beyond any.
    fn choose(&mut self, _alternatives: &Alternatives<'_>) -> Option<usize> {
        Some(0)
    }
}
