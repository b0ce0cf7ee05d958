// SPDX-License-Identifier: GPL-2.0-only
//! Source-set dynamic partial-order reduction with sleep sets.
//!
//! The algorithm is Source-DPOR of Abdulla, Aronis, Jonsson and Sagonas, *Source Sets: A
//! Foundation for Optimal Dynamic Partial Order Reduction* (JACM 64(4), 2017; POPL 2014), with
//! Godefroid's sleep sets. It runs one execution per explored path, from the start each time, and
//! visits at least one interleaving of every Mazurkiewicz trace of the program.
//!
//! # How
//! Each execution leaves a path of [`Node`]s, one a scheduling point. Afterwards [`Races`] looks
//! at every new step `e'` and finds each earlier step `e` of another thread that depends on it
//! with nothing ordered between them, and that `e'` could have preceded. The alternative is
//! `v`: the steps after `e` that do not need `e`, then `e'`. If no thread that can begin `v` (an
//! *initial*) is explored or asleep at `e`'s node, one of them is added to its backtrack set.
//!
//! # Threads that can block
//! The paper lets an enabled process stay enabled; locks do not. Two rules make up for it:
//! - `e` races with `e'` only if `e'` would be enabled after the steps of `v` before it. Where it
//!   would not, `e` is what enabled it (a release), and the search goes on behind `e`, to the
//!   acquisition that had disabled it.
//! - a thread that stands blocked when the execution ends is analysed as if its step were next:
//!   the execution in which it goes first may never be suggested by a step that was taken.
//!
//! # Invariants
//! - A node's `sleep` holds the threads whose next step from here leads only to traces already
//!   explored. The chosen thread joins it once its subtree is done.
//! - `backtrack` only grows.
//!
//! The claim "explored everything" stands on this file; `tests/soundness` compares its outcome
//! sets with those of [`super::bounded`] on generated programs.

use super::op::{Done, Mark, SLOTS, buffer_of, dependent, is_buffer};
use super::races::Races;
use super::{Choice, Op, Point, Policy, ThreadId, ThreadSet};
use crate::sync::seeded::{End, Execution};

#[derive(Debug)]
struct Node {
    enabled: ThreadSet,
    sleep: ThreadSet,
    /// The marks of the sleeping threads' next steps: they were taken before, from here or from an
    /// earlier node.
    marks: [Mark; SLOTS],
    backtrack: ThreadSet,
    chosen: ThreadId,
    /// The mark of the chosen thread's step, once it was taken.
    mark: Mark,
}

/// What has been explored so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Executions that ran to their end.
    pub executions: u64,
    /// Executions cut short because all that could follow was known.
    pub pruned: u64,
    /// Executions that a finding cut short: what would have followed is unknown.
    pub cut: u64,
}

/// The exhaustive policy; one instance lives through all executions.
#[derive(Debug, Default)]
pub struct Exhaustive {
    nodes: Vec<Node>,
    /// How many nodes the execution in progress has passed.
    at: usize,
    /// How many nodes of the last execution the current one repeats.
    repeated: usize,
    races: Races,
    stats: Stats,
}

impl Exhaustive {
    /// An explorer that has seen nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The counts so far.
    #[must_use]
    pub const fn stats(&self) -> Stats {
        self.stats
    }

    /// Learns from the execution just finished (which must have been recorded) and prepares the
    /// next. False: everything has been explored.
    pub fn advance(&mut self, execution: &Execution) -> bool {
        match execution.end {
            End::Pruned => self.stats.pruned += 1,
            End::Completed => self.stats.executions += 1,
            _ => {
                self.stats.executions += 1;
                self.stats.cut += 1;
            }
        }
        self.learn(execution);
        self.remember_marks(execution);
        self.backtrack()
    }

    /// A node is a step of a concurrent phase; only now is it known what the new ones meant.
    fn remember_marks(&mut self, execution: &Execution) {
        let steps = execution.trace.iter().filter(|e| e.phase != 0);
        for (node, event) in self.nodes.iter_mut().zip(steps) {
            node.mark = event.mark;
        }
    }

    fn learn(&mut self, execution: &Execution) {
        let kept = self.repeated.saturating_sub(1);
        // Who waits for its own store buffer is held up by nobody else.
        let waits =
            |t: ThreadId| !is_buffer(t) && execution.pending[buffer_of(t) as usize].is_none();
        let blocked: Vec<(ThreadId, Op)> = (0..)
            .zip(&execution.pending)
            .filter(|&(t, _)| waits(t) && !execution.enabled.contains(t))
            .filter_map(|(t, op)| op.map(|op| (t, op)))
            .collect();
        let nodes = &mut self.nodes;
        self.races.analyse(kept, &execution.trace, &blocked, |race| {
            let Some(node) = nodes.get_mut(race.at) else { return };
            let known = node.backtrack.or(node.sleep);
            if !race.initials.and(known).is_empty() {
                return;
            }
            let open = race.initials.and(node.enabled);
            if open.contains(race.thread) {
                node.backtrack.insert(race.thread);
            } else if let Some(first) = open.first() {
                node.backtrack.insert(first);
            } else {
                // No initial can run here, which the analysis should rule out: explore all.
                node.backtrack = node.backtrack.or(node.enabled);
            }
        });
    }

    fn backtrack(&mut self) -> bool {
        self.nodes.truncate(self.at);
        self.at = 0;
        while let Some(node) = self.nodes.last_mut() {
            node.sleep.insert(node.chosen);
            node.marks[node.chosen as usize] = node.mark;
            if let Some(next) = node.backtrack.minus(node.sleep).first() {
                node.chosen = next;
                self.repeated = self.nodes.len();
                return true;
            }
            self.nodes.pop();
        }
        false
    }

    /// The threads asleep at a new node: those that slept at the one before and whose next step
    /// does not depend on the step just taken.
    fn inherited(&self, point: &Point<'_>) -> (ThreadSet, [Mark; SLOTS]) {
        let mut sleep = ThreadSet::EMPTY;
        let (Some(node), Some(event)) = (self.nodes.last(), point.last_event) else {
            return (sleep, [Mark::default(); SLOTS]);
        };
        for t in node.sleep.iter() {
            if let Some(op) = point.pending[t as usize]
                && !dependent(&Done { thread: t, op, mark: node.marks[t as usize] }, &event.done())
            {
                sleep.insert(t);
            }
        }
        (sleep, node.marks)
    }
}

impl Policy for Exhaustive {
    fn pick(&mut self, point: &Point<'_>) -> Choice {
        if let Some(node) = self.nodes.get(self.at) {
            self.at += 1;
            return Choice::Run(node.chosen);
        }
        let (sleep, marks) = self.inherited(point);
        let awake = point.enabled.minus(sleep);
        let chosen = point.last.filter(|&t| awake.contains(t)).or(awake.first());
        let Some(chosen) = chosen else { return Choice::Prune };
        let backtrack = ThreadSet::only(chosen);
        self.nodes.push(Node {
            enabled: point.enabled,
            sleep,
            marks,
            backtrack,
            chosen,
            mark: Mark::default(),
        });
        self.at += 1;
        Choice::Run(chosen)
    }
}
