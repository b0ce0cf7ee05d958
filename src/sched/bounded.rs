// SPDX-License-Identifier: GPL-2.0-only
//! Every schedule, or every schedule with few preemptions: plain depth-first enumeration, of what
//! loads read too (memory `ra`), where each read of something older costs as a preemption does.
//!
//! No reduction at all, which is its worth: without a bound it is the brute force the reduced
//! explorer is compared with, and with one it finds counterexamples that switch least (iterative
//! context bounding, Musuvathi and Qadeer, PLDI 2007).

use super::{Alternatives, Choice, Point, Policy, ThreadId, ThreadSet};

#[derive(Debug)]
struct Node {
    /// Choices not yet explored.
    left: ThreadSet,
    chosen: ThreadId,
    /// What the step does, and what else it could do. `None`: it has not been asked.
    does: Option<usize>,
    otherwise: Vec<usize>,
    /// Preemptions on the way here, this node's choice not counted.
    preemptions: usize,
    /// The thread that would go on without a preemption.
    running: Option<ThreadId>,
}

/// Depth-first enumeration; one instance lives through all executions.
#[derive(Debug)]
pub struct Bounded {
    bound: Option<usize>,
    nodes: Vec<Node>,
    at: usize,
}

impl Bounded {
    /// Every schedule with at most `bound` preemptions; `None`: every schedule.
    #[must_use]
    pub const fn new(bound: Option<usize>) -> Self {
        Self { bound, nodes: Vec::new(), at: 0 }
    }

    /// Prepares the next execution. False: every schedule has been explored.
    pub fn advance(&mut self) -> bool {
        self.nodes.truncate(self.at);
        self.at = 0;
        while let Some(node) = self.nodes.last_mut() {
            if let Some(next) = node.otherwise.pop() {
                node.does = Some(next);
                return true;
            }
            node.does = None;
            if let Some(next) = node.left.first() {
                node.left = node.left.minus(ThreadSet::only(next));
                node.chosen = next;
                return true;
            }
            self.nodes.pop();
        }
        false
    }

    /// The preemptions of the execution just finished.
    #[must_use]
    pub fn preemptions(&self) -> usize {
        self.nodes[..self.at].last().map_or(0, |n| n.preemptions + n.cost())
    }
}

impl Node {
    fn cost(&self) -> usize {
        let preempts = self.running.is_some_and(|r| r != self.chosen);
        usize::from(preempts) + usize::from(self.does.is_some_and(|older| older > 0))
    }
}

impl Policy for Bounded {
    fn repeat(&mut self) -> Option<ThreadId> {
        let node = self.nodes.get(self.at)?;
        self.at += 1;
        Some(node.chosen)
    }

    fn repeat_choice(&mut self) -> Option<usize> {
        self.nodes.get(self.at.checked_sub(1)?)?.does
    }

    fn pick(&mut self, point: &Point<'_>) -> Choice {
        let preemptions = self.preemptions();
        let running = point.running();
        let Some(chosen) = running.or(point.enabled.first()) else { return Choice::Diverged };
        let spent = self.bound.is_some_and(|bound| preemptions >= bound);
        let left = if spent && running.is_some() {
            ThreadSet::EMPTY
        } else {
            point.enabled.minus(ThreadSet::only(chosen))
        };
        let (does, otherwise) = (None, Vec::new());
        self.nodes.push(Node { left, chosen, does, otherwise, preemptions, running });
        self.at += 1;
        Choice::Run(chosen)
    }

    fn choose(&mut self, alternatives: &Alternatives<'_>) -> Option<usize> {
        let node = self.nodes.get_mut(self.at.checked_sub(1)?)?;
        let spent = self.bound.is_some_and(|bound| node.preemptions + node.cost() >= bound);
        let older = 1..if spent { 1 } else { alternatives.count };
        node.otherwise = older.rev().filter(|&n| (alternatives.allowed)(n)).collect();
        node.does = Some(0);
        node.does
    }
}
