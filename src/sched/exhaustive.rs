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
//! # Steps that choose
//! Under memory `ra` an access chooses what it reads, or its place ([`Alternatives`]). Then only
//! reads-from orders accesses, and:
//! - all that a step can do at a node is done there before its thread falls asleep;
//! - a thread asleep before a load is *stirred* when the location is stored to: it may read what has
//!   been stored since it fell asleep, and that only. It counts neither as asleep nor as explored;
//! - a load races with every later store that does not depend on it ([`Races`]).
//!
//! ARCHITECTURE.md has the argument. `tests/soundness` finds one execution for each execution graph
//! that RC11's axioms allow.
//!
//! # Invariants
//! - A node's `sleep` holds the threads whose next step from here leads only to traces already
//!   explored, but for what the stirred ones among them may read. The chosen thread joins it once
//!   its subtree is done.
//! - `backtrack` only grows.
//!
//! A [`Share`] of the whole is explored by the same means, and so is a [`part`] that was split off.
//!
//! The claim "explored everything" stands on this file; `tests/soundness` compares its outcome
//! sets with those of [`super::bounded`] on generated programs.

mod part;

use super::op::{Done, Mark, SLOTS, buffer_of, dependent, is_buffer};
use super::races::Races;
use super::{Alternatives, Choice, Fault, Op, Point, Policy, Share, ThreadId, ThreadSet};
use crate::sync::seeded::{Beginning, End, Execution, Memory};

#[derive(Clone, Debug, Default)]
struct Node {
    enabled: ThreadSet,
    sleep: ThreadSet,
    /// The marks of the sleeping threads' next steps: they were taken before, from here or from an
    /// earlier node.
    marks: [Mark; SLOTS],
    /// Of the sleeping threads: those before a load of what has been stored to since, which may
    /// read that, and that only.
    stirred: ThreadSet,
    /// By sleeping thread: the number of the node at which it fell asleep.
    asleep_at: [u32; SLOTS],
    backtrack: ThreadSet,
    chosen: ThreadId,
    /// What the chosen thread's step does, once it was asked, and what it has not done yet.
    does: Option<usize>,
    otherwise: Vec<usize>,
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
    /// Whether loads choose what they read (memory `ra`).
    chooses: bool,
    memory: Memory,
    races: Races,
    /// The number of the node above which nothing is this explorer's; see [`part`].
    floor: usize,
    /// By node above: what is to be tried there, as far as its owner knows.
    told: Vec<ThreadSet>,
    /// The path in hand is another explorer's: nothing is known of its steps.
    fresh: bool,
    /// What the executions have in common.
    beginning: Beginning,
    stats: Stats,
    /// What it explores, and the depth at which that is divided.
    share: Share,
    depth: usize,
    /// How many heads have been reached.
    heads: u64,
    /// The execution in progress is another share's.
    foreign: bool,
    /// Only in tests of the tests.
    fault: Option<Fault>,
}

impl Node {
    /// The threads whose next step leads only to what is explored, whatever it does.
    fn asleep(&self) -> ThreadSet {
        self.sleep.minus(self.stirred)
    }

    /// The chosen thread's step is done with.
    fn put_to_sleep(&mut self, at: usize) {
        self.sleep.insert(self.chosen);
        self.stirred = self.stirred.minus(ThreadSet::only(self.chosen));
        self.asleep_at[self.chosen as usize] = at as u32;
        self.marks[self.chosen as usize] = self.mark;
    }
}

impl Exhaustive {
    /// An explorer that has seen nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// An explorer of executions under `memory`.
    #[must_use]
    pub fn under(memory: Memory) -> Self {
        let chooses = memory == Memory::Ra;
        Self { chooses, memory, races: Races::under(memory), ..Self::default() }
    }

    /// As [`Exhaustive::under`], of a share: what is divided is divided at `depth`.
    #[must_use]
    pub fn sharing(memory: Memory, share: Share, depth: usize) -> Self {
        Self { share, depth, ..Self::under(memory) }
    }

    /// An explorer that makes a mistake.
    #[must_use]
    pub fn faulty(memory: Memory, fault: Fault) -> Self {
        let mut explorer = Self::under(memory);
        explorer.fault = Some(fault);
        explorer.races.fault = Some(fault);
        explorer
    }

    /// How many heads have been reached; see [`super::share`].
    #[must_use]
    pub const fn heads(&self) -> u64 {
        self.heads
    }

    /// Whether the execution just finished was cut at a head, because that is another share's. To be
    /// asked before [`Exhaustive::advance`].
    #[must_use]
    pub const fn is_foreign(&self) -> bool {
        self.foreign
    }

    /// Whether the execution just finished is of this share. To be asked before
    /// [`Exhaustive::advance`].
    #[must_use]
    pub fn is_ours(&self) -> bool {
        !self.foreign && (self.at > self.depth || self.share.has(self.heads))
    }

    /// The counts so far.
    #[must_use]
    pub const fn stats(&self) -> Stats {
        self.stats
    }

    /// Learns from the execution just finished (which must have been recorded) and prepares the
    /// next. False: everything has been explored.
    pub fn advance(&mut self, execution: &Execution) -> bool {
        let ours = self.is_ours();
        let counted_at_its_head = std::mem::take(&mut self.foreign) || self.at > self.depth;
        self.heads += u64::from(!counted_at_its_head);
        match execution.end {
            _ if !ours => {}
            End::Pruned => self.stats.pruned += 1,
            End::Completed => self.stats.executions += 1,
            _ => {
                self.stats.executions += 1;
                self.stats.cut += 1;
            }
        }
        // The steps that the last execution had as well are known.
        let known =
            if std::mem::take(&mut self.fresh) { 0 } else { self.repeated.saturating_sub(1) };
        self.learn(execution, known);
        self.remember_marks(execution, known);
        let more = self.backtrack();
        // The last node's step is another one than before.
        self.beginning.repeat(self.repeated.saturating_sub(1), self.fault);
        more
    }

    /// A node is a step of a concurrent phase; only now is it known what the new ones meant.
    fn remember_marks(&mut self, execution: &Execution, known: usize) {
        let steps = execution.trace.iter().filter(|e| e.phase != 0);
        for (node, event) in self.nodes.iter_mut().zip(steps).skip(known) {
            node.mark = event.mark;
        }
    }

    fn learn(&mut self, execution: &Execution, known: usize) {
        // Who waits for its own store buffer is held up by nobody else.
        let waits =
            |t: ThreadId| !is_buffer(t) && execution.pending[buffer_of(t) as usize].is_none();
        let blocked: Vec<(ThreadId, Op)> = (0..)
            .zip(&execution.pending)
            .filter(|&(t, _)| waits(t) && !execution.enabled.contains(t))
            .filter_map(|(t, op)| op.map(|op| (t, op)))
            .collect();
        let (nodes, fault) = (&mut self.nodes, self.fault);
        self.races.analyse(known, &execution.trace, &blocked, |race| {
            let Some(node) = nodes.get_mut(race.at) else { return };
            let known = node.backtrack.or(node.asleep());
            if !race.initials.and(known).is_empty() {
                return;
            }
            let open = race.initials.and(node.enabled);
            if open.contains(race.thread) {
                node.backtrack.insert(race.thread);
            } else if fault == Some(Fault::TriesNoOtherInitial) {
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
        while let Some(at) = self.nodes.len().checked_sub(1) {
            let node = &mut self.nodes[at];
            if let Some(next) = node.otherwise.pop() {
                node.does = Some(next);
                self.repeated = self.nodes.len();
                return true;
            }
            node.put_to_sleep(at);
            node.does = None;
            if let Some(next) = node.backtrack.minus(node.asleep()).first() {
                node.chosen = next;
                self.repeated = self.nodes.len();
                return true;
            }
            if at == self.floor {
                // It stays, for there may be more to try at it.
                return false;
            }
            self.nodes.pop();
        }
        false
    }

    /// A new node, as far as the one before decides: asleep are those that slept there and whose
    /// next step does not depend on the step just taken.
    fn inherited(&self, point: &Point<'_>) -> Node {
        let mut new = Node { enabled: point.enabled, ..Node::default() };
        let (Some(node), Some(event)) = (self.nodes.last(), point.last_event) else {
            return new;
        };
        new.marks = node.marks;
        new.asleep_at = node.asleep_at;
        for t in node.sleep.minus(ThreadSet::only(node.chosen)).iter() {
            let Some(op) = point.pending[t as usize] else { continue };
            let stirred = node.stirred.contains(t);
            if self.chooses && op.kind.is_memory() {
                new.sleep.insert(t);
                let same = event.op.kind.is_memory() && event.op.obj == op.obj;
                let stirs = same && event.op.kind.writes() && op.kind.reads();
                if stirred || stirs && self.fault != Some(Fault::NeverStirs) {
                    new.stirred.insert(t);
                }
                continue;
            }
            let step = Done { thread: t, op, mark: node.marks[t as usize] };
            if !dependent(&step, &event.done()) || self.fault == Some(Fault::NeverWakes) {
                new.sleep.insert(t);
            }
        }
        new
    }
}

impl Policy for Exhaustive {
    fn repeat(&mut self) -> Option<ThreadId> {
        let node = self.nodes.get(self.at)?;
        self.at += 1;
        Some(node.chosen)
    }

    fn repeat_choice(&mut self) -> Option<usize> {
        self.nodes.get(self.at.checked_sub(1)?)?.does
    }

    fn beginning(&mut self) -> Option<&mut Beginning> {
        Some(&mut self.beginning)
    }

    fn skip(&mut self, points: usize) {
        self.at = points;
    }

    fn pick(&mut self, point: &Point<'_>) -> Choice {
        let mut node = self.inherited(point);
        let awake = point.enabled.minus(node.sleep);
        let stirred = point.enabled.and(node.stirred);
        let last = point.last.filter(|&t| awake.contains(t));
        let Some(chosen) = last.or(awake.first()).or(stirred.first()) else {
            return Choice::Prune;
        };
        if self.at == self.depth {
            self.heads += 1;
            self.foreign = !self.share.has(self.heads - 1);
            if self.foreign {
                return Choice::Prune;
            }
        }
        node.chosen = chosen;
        node.backtrack = if self.at < self.depth { point.enabled } else { ThreadSet::only(chosen) };
        self.nodes.push(node);
        self.at += 1;
        Choice::Run(chosen)
    }

    fn fault(&self) -> Option<Fault> {
        self.fault
    }

    /// All that the step can do is done at its node, before its thread falls asleep there; but not
    /// what it could do when it fell asleep earlier.
    fn choose(&mut self, alternatives: &Alternatives<'_>) -> Option<usize> {
        let node = self.nodes.get_mut(self.at.checked_sub(1)?)?;
        let slept = node.sleep.contains(node.chosen);
        let asleep_at = slept.then_some(node.asleep_at[node.chosen as usize]);
        let new = |&n: &usize| asleep_at.is_none_or(|at| (alternatives.since)(n) > at as usize);
        let allowed = |n: &usize| (alternatives.allowed)(*n);
        let all = (0..alternatives.count).rev();
        node.otherwise = all.filter(new).filter(allowed).collect();
        node.does = node.otherwise.pop();
        if node.does.is_none() {
            // What was stored since is nothing that it could read: it is asleep for good here, and
            // somebody else has to go on.
            node.stirred = node.stirred.minus(ThreadSet::only(node.chosen));
            node.sleep.insert(node.chosen);
            let rest = node.enabled.minus(node.asleep());
            node.backtrack =
                rest.first().map_or(node.backtrack, |t| node.backtrack.or(ThreadSet::only(t)));
        }
        node.does
    }
}
