// SPDX-License-Identifier: GPL-2.0-only
//! The smallest counterexample: fewest preemptions first, then fewest threads, operations and bytes.
//!
//! Data flow: a counterexample and its script -> [`smaller`] -> the same violation (property and
//! code) of a script that says less, by a schedule that preempts no more. The schedule is smoothed
//! by moving whole runs of a thread; the script loses threads, then operations, then bytes, as long
//! as something can go. Each candidate script gets the best schedule so far as far as it fits, then
//! every schedule with as few preemptions, then a fixed number of random ones.
//!
//! # Invariants
//! - Deterministic: the same input gives the same output, whatever the machine.
//! - Bounded: no more executions than allowed; what has been reached by then is kept.
//! - A counterexample is only ever replaced by one that was executed and broke the same property.
//!
//! Settings (`termios`, `geometry`) stay: without them the kernel does more, not less.

mod scripts;

use super::decisive::Guided;
use super::judge::{Counterexample, Counting, Plan, counterexample, replay};
use super::{Property, Violation};
use crate::checkpoint::Design;
use crate::run::{UNEXPECTED, thread_names};
use crate::sched::op::owner;
use crate::sched::replay::{stale, switches};
use crate::sched::{Bounded, Pct, Pick, Policy};
use crate::script::{Schedule, Script};
use crate::sync::seeded::execute;
use crate::verify::check::body;
use scripts::Size;
use std::sync::Arc;

/// What was tried, and what could go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Account {
    /// Executions.
    pub executions: u64,
    /// Scripts and schedules that were tried.
    pub tried: u64,
    /// Those that were taken.
    pub taken: u64,
    /// How many threads went.
    pub threads: usize,
    /// How many operations went.
    pub operations: usize,
    /// How many bytes went.
    pub bytes: usize,
    /// How many preemptions went.
    pub preemptions: usize,
}

/// A small counterexample.
#[derive(Clone, Debug)]
pub struct Minimised {
    /// What it runs.
    pub script: Arc<Script>,
    /// The counterexample of that script.
    pub counterexample: Counterexample,
    /// How often it leaves a thread that could have gone on.
    pub preemptions: usize,
    /// What it took.
    pub account: Account,
}

/// How many executions a candidate script gets, of each kind of search.
const EACH: u64 = 400;

/// Makes `original`, a counterexample of `script` with `design`, smaller: at most `executions`.
/// `tick` is told how many there were, now and then.
pub fn smaller(
    design: Option<&'static dyn Design>,
    script: &Arc<Script>,
    plan: &Plan,
    original: &Counterexample,
    executions: u64,
    tick: &mut dyn FnMut(u64),
) -> Minimised {
    let goal = Goal { property: original.violation.property, code: original.violation.code };
    // What a script expects of itself no smaller script can be held to.
    let executions = if goal.code == UNEXPECTED { 0 } else { executions };
    let replayed = replay(plan.config(), &original.schedule, &body(design, script));
    let best = Best {
        script: Arc::clone(script),
        counterexample: original.clone(),
        preemptions: replayed.preemptions,
    };
    let before = (Size::of(script), best.preemptions);
    let account = Account::default();
    let mut search = Search { design, plan, goal, executions, tick, best, account };
    search.account.executions = 1;
    search.smooth();
    while search.shrink() {
        search.smooth();
    }
    search.finish(before)
}

/// What has to break.
#[derive(Clone, Copy)]
struct Goal {
    property: Property,
    code: &'static str,
}

impl Goal {
    fn is(&self, violation: &Violation) -> bool {
        violation.property == self.property && violation.code == self.code
    }
}

/// The best so far.
struct Best {
    script: Arc<Script>,
    counterexample: Counterexample,
    preemptions: usize,
}

struct Search<'a> {
    design: Option<&'static dyn Design>,
    plan: &'a Plan,
    goal: Goal,
    executions: u64,
    tick: &'a mut dyn FnMut(u64),
    best: Best,
    account: Account,
}

/// An execution that broke it, and its preemptions.
type Hit = (Counterexample, usize);

impl Search<'_> {
    fn left(&self) -> u64 {
        self.executions.saturating_sub(self.account.executions)
    }

    /// One execution of `script` under `policy`.
    fn run(&mut self, script: &Arc<Script>, policy: &mut dyn Policy) -> Option<Hit> {
        self.account.executions += 1;
        (self.tick)(self.account.executions);
        let mut policy = Counting::new(policy);
        let execution = execute(self.plan.config(), &mut policy, body(self.design, script));
        let found = execution.found.iter().find(|f| self.goal.is(&f.violation))?;
        Some((counterexample(&execution, &found.violation), policy.preemptions))
    }

    /// Takes `hit` on `script`.
    fn take(&mut self, script: &Arc<Script>, (counterexample, preemptions): Hit) {
        self.account.taken += 1;
        self.best = Best { script: Arc::clone(script), counterexample, preemptions };
    }

    /// Moves whole runs of a thread about, as long as that gives fewer preemptions or switches.
    fn smooth(&mut self) {
        let mut better = true;
        while better {
            better = false;
            for schedule in variants(&self.best.counterexample.schedule) {
                if self.left() == 0 {
                    return;
                }
                self.account.tried += 1;
                let script = Arc::clone(&self.best.script);
                let Some(hit) = self.run(&script, &mut Guided::new(schedule)) else { continue };
                if cost(&hit) < cost(&self.current()) {
                    self.take(&script, hit);
                    better = true;
                    break;
                }
            }
        }
    }

    fn current(&self) -> Hit {
        (self.best.counterexample.clone(), self.best.preemptions)
    }

    /// Takes the first script that says less and still breaks it. False: there is none, or no
    /// budget left to look for it.
    fn shrink(&mut self) -> bool {
        for script in scripts::smaller(&self.best.script) {
            if self.left() == 0 {
                return false;
            }
            self.account.tried += 1;
            let script = Arc::new(script);
            if let Some(hit) = self.find(&script) {
                self.take(&script, hit);
                return true;
            }
        }
        false
    }

    /// A schedule of `script` that breaks it with no more preemptions than the best.
    fn find(&mut self, script: &Arc<Script>) -> Option<Hit> {
        let most = self.best.preemptions;
        let fits = |hit: &Hit| hit.1 <= most;
        let mut guide = Guided::new(self.translated(script)?);
        if let Some(hit) = self.run(script, &mut guide).filter(fits) {
            return Some(hit);
        }
        self.enumerate(script, most).or_else(|| self.draw(script, most))
    }

    /// The best schedule in the slots of `script`, whose threads are some of the best script's.
    fn translated(&self, script: &Script) -> Option<Vec<Pick>> {
        let names = thread_names(script);
        let best = &self.best.counterexample;
        let here = |pick: &Pick| names.contains(&best.threads[usize::from(owner(pick.thread))]);
        let kept: Vec<Pick> = best.schedule.iter().copied().filter(here).collect();
        Schedule::new(&best.threads, &kept)?.slots(&names).ok()
    }

    /// Every schedule with no preemption, one, ..., `most`, as far as [`EACH`] goes.
    fn enumerate(&mut self, script: &Arc<Script>, most: usize) -> Option<Hit> {
        let mut left = EACH.min(self.left());
        for preemptions in 0..=most {
            let mut policy = Bounded::new(Some(preemptions));
            while left > 0 {
                left -= 1;
                if let Some(hit) = self.run(script, &mut policy) {
                    return Some(hit);
                }
                if !policy.advance() {
                    break;
                }
            }
        }
        None
    }

    /// Random schedules with few preemptions.
    fn draw(&mut self, script: &Arc<Script>, most: usize) -> Option<Hit> {
        let steps = self.best.counterexample.schedule.len().max(32);
        for seed in 0..(EACH / 4).min(self.left()) {
            let hit = self.run(script, &mut Pct::new(seed, most + 1, steps));
            if let Some(hit) = hit.filter(|h| h.1 <= most) {
                return Some(hit);
            }
        }
        None
    }

    fn finish(self, before: (Size, usize)) -> Minimised {
        let after = Size::of(&self.best.script);
        let account = Account {
            threads: before.0.threads.saturating_sub(after.threads),
            operations: before.0.operations.saturating_sub(after.operations),
            bytes: before.0.bytes.saturating_sub(after.bytes),
            preemptions: before.1.saturating_sub(self.best.preemptions),
            ..self.account
        };
        Minimised {
            script: self.best.script,
            counterexample: self.best.counterexample,
            preemptions: self.best.preemptions,
            account,
        }
    }
}

/// What makes a schedule worse, the most important first.
fn cost((counterexample, preemptions): &Hit) -> (usize, usize, usize, usize) {
    let schedule = &counterexample.schedule;
    (*preemptions, stale(schedule), switches(schedule), schedule.len())
}

/// Schedules with a step that sees the newest, or a run of a thread moved up to its last one, left to
/// the end, or swapped with its neighbour.
fn variants(schedule: &[Pick]) -> Vec<Vec<Pick>> {
    let runs: Vec<&[Pick]> = schedule.chunk_by(|a, b| a.thread == b.thread).collect();
    let mut variants = Vec::new();
    for at in (0..schedule.len()).filter(|&at| schedule[at].older > 0) {
        let mut newest = schedule.to_vec();
        newest[at].older = 0;
        variants.push(newest);
    }
    for k in 0..runs.len() {
        let earlier = (0..k).rev().find(|&e| runs[e][0].thread == runs[k][0].thread);
        if let Some(earlier) = earlier {
            let mut moved = runs.clone();
            let run = moved.remove(k);
            moved.insert(earlier + 1, run);
            variants.push(moved.concat());
        }
        let mut without = runs.clone();
        without.remove(k);
        variants.push(without.concat());
        if k > 0 {
            let mut swapped = runs.clone();
            swapped.swap(k - 1, k);
            variants.push(swapped.concat());
        }
    }
    variants
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variants_never_add_a_step() {
        let schedule = [1, 1, 2, 1, 3, 3, 2].map(Pick::from);
        let all = variants(&schedule);
        assert!(all.contains(&[1, 1, 1, 2, 3, 3, 2].map(Pick::from).to_vec()));
        assert!(all.iter().all(|v| v.len() <= schedule.len() && v != &schedule));
        let stale = [Pick { thread: 1, older: 2 }];
        assert!(variants(&stale).contains(&vec![Pick::from(1)]));
        assert!(variants(&[]).is_empty());
    }
}
