// SPDX-License-Identifier: GPL-2.0-only
//! A part of an exploration: what is still to be tried at one node of a path, and below it.
//!
//! An explorer that has gone on for a while has a path in hand, and at some of its nodes there is more to try.
//! [`Exhaustive::split`] makes an explorer of its own of each node. They may run side by side: what one
//! of them tries at its node sleeps what was tried there before, whether that is done by then or
//! another's to do. Only one thing passes between them: a race whose earlier step is above a part's own
//! node has to be tried there, by whoever has that node ([`Exhaustive::take_news`], [`Exhaustive::hear`]).
//!
//! # Invariants
//! - A part leaves the nodes above its own as they are; what it would try at them is news.
//! - Its own node stays when all is tried that is known, for there may be news.
//! - When no part has anything to try, everything has been explored, and each execution once: sleep sets
//!   do not depend on the order in which siblings are done.

use super::{Exhaustive, Node};
use crate::sched::ThreadSet;
use crate::sched::races::Races;
use crate::sync::seeded::Beginning;

impl Exhaustive {
    /// To be asked when [`Exhaustive::advance`] said that there is more: this explorer, of which what is left
    /// at its own node remains, and one for each node further down, in order. With each: whether it has
    /// anything to try by now.
    pub(crate) fn split(self) -> Vec<(Self, bool)> {
        let last = self.nodes.len() - 1;
        let floor = self.floor;
        let mut parts: Vec<(Self, bool)> = (floor..last).map(|at| self.at_node(at)).collect();
        let told = self.backtracks(last);
        parts.push((Self { floor: last, told, ..self }, true));
        parts
    }

    /// What is left at node `at`, above the last: what is below the branch in hand is another's.
    fn at_node(&self, at: usize) -> (Self, bool) {
        let nodes: Vec<Node> = self.nodes[..=at].to_vec();
        let mut part = Self {
            nodes,
            at: at + 1,
            floor: at,
            told: self.backtracks(at),
            fresh: true,
            chooses: self.chooses,
            memory: self.memory,
            fault: self.fault,
            races: self.no_races(),
            ..Self::default()
        };
        let more = part.backtrack();
        (part, more)
    }

    fn no_races(&self) -> Races {
        let mut races = Races::under(self.memory);
        races.fault = self.fault;
        races
    }

    /// It has nothing to try, and perhaps never will: forgets what it knows of its path but the nodes.
    pub(crate) fn rest(&mut self) {
        self.races = self.no_races();
        self.beginning = Beginning::default();
        self.fresh = true;
    }

    /// By node above number `at`: what is to be tried there.
    fn backtracks(&self, at: usize) -> Vec<ThreadSet> {
        self.nodes[..at].iter().map(|n| n.backtrack).collect()
    }

    /// By node above its own: what is to be tried there, and was not reported before.
    pub(crate) fn take_news(&mut self) -> Vec<(usize, ThreadSet)> {
        let mut news = Vec::new();
        for (at, (node, told)) in self.nodes.iter().zip(&mut self.told).enumerate() {
            let new = node.backtrack.minus(*told);
            if !new.is_empty() {
                *told = told.or(new);
                news.push((at, new));
            }
        }
        news
    }

    /// These are to be tried at its own node. Whether it has anything to try now; `busy`: it had.
    pub(crate) fn hear(&mut self, threads: ThreadSet, busy: bool) -> bool {
        let node = &mut self.nodes[self.floor];
        node.backtrack = node.backtrack.or(threads);
        if busy {
            return true;
        }
        self.at = self.floor + 1;
        let more = self.backtrack();
        self.beginning.repeat(self.floor, self.fault);
        more
    }
}
