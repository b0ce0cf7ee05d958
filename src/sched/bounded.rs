// SPDX-License-Identifier: GPL-2.0-only
//! Every schedule, or every schedule with few preemptions: plain depth-first enumeration.
//!
//! No reduction at all, which is its worth: without a bound it is the brute force the reduced
//! explorer is compared with, and with one it finds counterexamples that switch least (iterative
//! context bounding, Musuvathi and Qadeer, PLDI 2007).

use super::{Choice, Point, Policy, ThreadId, ThreadSet};

#[derive(Debug)]
struct Node {
    /// Choices not yet explored.
    left: ThreadSet,
    chosen: ThreadId,
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
        self.nodes[..self.at].last().map_or(0, |n| n.preemptions + n.cost(n.chosen))
    }
}

impl Node {
    fn cost(&self, choice: ThreadId) -> usize {
        usize::from(self.running.is_some_and(|r| r != choice))
    }
}

impl Policy for Bounded {
    fn pick(&mut self, point: &Point<'_>) -> Choice {
        if let Some(node) = self.nodes.get(self.at) {
            self.at += 1;
            return Choice::Run(node.chosen);
        }
        let preemptions = self.preemptions();
        let running = point.running();
        let Some(chosen) = running.or(point.enabled.first()) else { return Choice::Diverged };
        let spent = self.bound.is_some_and(|bound| preemptions >= bound);
        let left = if spent && running.is_some() {
            ThreadSet::EMPTY
        } else {
            point.enabled.minus(ThreadSet::only(chosen))
        };
        self.nodes.push(Node { left, chosen, preemptions, running });
        self.at += 1;
        Choice::Run(chosen)
    }
}
