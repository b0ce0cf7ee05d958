// SPDX-License-Identifier: GPL-2.0-only
//! Running a trial with some mutants in force, and telling whether it came out as it should.

use super::trial::{Kind, Trial};
use crate::run::{OpResult, Setup, run};
use crate::script::Script;
use crate::sync::loom_rt::{self, Bounds};
use crate::sync::mutation::survey::{self, Sites};
use crate::sync::mutation::{Mutant, Mutation, anywhere, seconds, under};
use crate::sync::seeded::{End, Execution, Memory};
use crate::sync::{Runtime, Site};
use crate::verify::Violation;
use crate::verify::judge::{Counterexample, Plan, Strategy, counterexample, explore};
use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::sync::Arc;

/// How many executions it takes to know which loads are swapped: then they are explored.
const FIRST: u64 = 100;

/// How often somebody is asked whether to go on.
const ASK_EVERY: u64 = 256;

/// What every call returned, in the order of the script.
type Outcome = String;

/// What a trial of the unmutated model came to.
#[derive(Debug, Default)]
pub(super) struct Outcomes {
    outcomes: BTreeSet<Outcome>,
    /// The properties it breaks, and how.
    broken: BTreeSet<String>,
    /// Whether these are all there are.
    pub(super) complete: bool,
    /// How many executions.
    pub(super) executions: u64,
    /// What is done where.
    pub(super) sites: Sites,
    /// Where plain memory is accessed.
    pub(super) plain: BTreeSet<Site>,
}

/// What a trial of a mutant came to.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// The first thing that the unmutated model does not do.
    pub(super) difference: Option<String>,
    /// How many executions.
    pub(super) executions: u64,
    /// Whether everything was explored, and no execution was cut short.
    pub(super) complete: bool,
    /// If the difference is a violation: how it comes about.
    pub(super) found: Option<Counterexample>,
}

/// What the unmutated model does under memory `ra` in a trial that is not about weak memory.
#[derive(Debug)]
pub(super) struct Weak {
    /// How many executions.
    pub(super) executions: u64,
    /// The first thing broken that is not broken otherwise.
    pub(super) broken: Option<String>,
}

/// Explores `trial` without mutants under `ra`.
pub(super) fn weakly(trial: &Trial, good: &Outcomes) -> Weak {
    let mut weak = Weak { executions: 0, broken: None };
    let Kind::Explore { script, plan, .. } = &trial.kind else { return weak };
    let plan = Plan { memory: Memory::Ra, ..*plan };
    under(&[], || {
        drive(trial, script, &plan, &mut |execution, _| {
            weak.executions += 1;
            weak.broken = broken(execution).into_iter().find(|b| !good.broken.contains(b));
            weak.broken.is_none()
        })
    });
    weak
}

/// What the unmutated model does in `trial`.
pub(super) fn unmutated(trial: &Trial) -> Outcomes {
    let mut good = Outcomes::default();
    let (complete, sites) = survey::survey(|| {
        trial.each(&[], &mut |execution, outcome| {
            good.outcomes.extend(outcome);
            good.broken.extend(broken(execution));
            good.executions += 1;
            true
        })
    });
    let plain = survey::plain_sites();
    Outcomes { complete, sites, plain, ..good }
}

/// Runs `trial` with `mutants` in force until something differs from `good`.
pub(super) fn compare(
    trial: &Trial,
    mutants: &[Mutant],
    good: &Outcomes,
    go_on: &dyn Fn() -> bool,
) -> Seen {
    if let Kind::Loom { script, bounds } = &trial.kind {
        return by_loom(script, *bounds, mutants);
    }
    let mut seen = Seen::default();
    let mut outcomes = BTreeSet::new();
    let (mut cut, mut stopped) = (false, false);
    let complete = trial.each(mutants, &mut |execution, outcome| {
        seen.executions += 1;
        cut |= !matches!(execution.end, End::Completed | End::Pruned);
        let violation = execution.found.iter().map(|f| &f.violation);
        let violation = violation.into_iter().find(|v| !good.broken.contains(&in_words(v)));
        seen.found = violation.map(|v| counterexample(execution, v));
        seen.difference = violation
            .map(in_words)
            .or_else(|| broken(execution).into_iter().find(|b| !good.broken.contains(b)))
            .or_else(|| new_outcome(outcome.as_ref(), good));
        outcomes.extend(outcome);
        stopped = seen.executions % ASK_EVERY == 0 && !go_on();
        seen.difference.is_none() && !stopped
    });
    seen.complete = complete && !cut && !stopped;
    if seen.difference.is_none() && seen.complete && good.complete {
        let missing = good.outcomes.difference(&outcomes).next();
        seen.difference = missing.map(|o| format!("never comes to: {o}"));
    }
    seen
}

/// What an execution broke, in words that do not depend on the schedule.
fn broken(execution: &Execution) -> BTreeSet<String> {
    let found = execution.found.iter().map(|f| &f.violation);
    let mut broken: BTreeSet<_> = found.map(in_words).collect();
    if execution.end == End::Panicked {
        broken.insert("the model panics".to_owned());
    }
    broken
}

fn in_words(violation: &Violation) -> String {
    format!("{} {}", violation.property.id(), violation.code)
}

fn new_outcome(outcome: Option<&Outcome>, good: &Outcomes) -> Option<String> {
    let new = outcome.filter(|o| !good.outcomes.contains(*o))?;
    // Of an incomplete exploration it may be one that was not met.
    good.complete.then(|| format!("comes to: {new}"))
}

fn by_loom(script: &Arc<Script>, bounds: Bounds, mutants: &[Mutant]) -> Seen {
    let script = Arc::clone(script);
    let setup = Setup { rt: Runtime::Loom, design: None };
    let explored = under(mutants, || {
        loom_rt::explore(bounds, move || {
            run(setup, &script);
        })
    });
    let panicked = explored.panicked.map(|_| "the model panics".to_owned());
    let violation = explored.violation.as_ref().map(in_words);
    Seen { difference: violation.or(panicked), executions: explored.executions, ..Seen::default() }
}

impl Trial {
    /// Shows `visit` each execution with `mutants` in force, and what its calls returned; whether
    /// there are no others.
    fn each(
        &self,
        mutants: &[Mutant],
        visit: &mut dyn FnMut(&Execution, Option<Outcome>) -> bool,
    ) -> bool {
        let mut run = || match &self.kind {
            Kind::Explore { script, plan, .. } if mutants.is_empty() => {
                drive(self, script, plan, visit)
            }
            Kind::Explore { script, plan, .. } => {
                let executions = self.most(plan);
                self.explore(script, &Plan { executions, ..*plan }, visit)
            }
            Kind::Scripts(scripts) => scripts.iter().all(|script| {
                let mut go_on = true;
                drive(self, script, &Plan::ONCE, &mut |execution, outcome| {
                    go_on = visit(execution, outcome);
                    go_on
                });
                go_on
            }),
            // The same steps as in the seeded runtime, which surveys.
            Kind::Loom { script, .. } => {
                drive(self, script, &Plan { executions: 300, ..Plan::ONCE }, visit);
                false
            }
        };
        // Not `under` nothing: a survey is in force.
        if mutants.is_empty() { run() } else { under(mutants, run) }
    }
}

impl Trial {
    /// Explores `script`; if loads are swapped, until it is known which. Whether everything was seen.
    fn explore(
        &self,
        script: &Arc<Script>,
        plan: &Plan,
        visit: &mut dyn FnMut(&Execution, Option<Outcome>) -> bool,
    ) -> bool {
        let stopped = Cell::new(false);
        let mut visit = |execution: &Execution, outcome: Option<Outcome>| {
            stopped.set(stopped.get() || !visit(execution, outcome));
            !stopped.get()
        };
        let swapped = anywhere(Mutation::Swap);
        seconds::forget();
        if swapped {
            let first = Plan { executions: plan.executions.min(FIRST), ..*plan };
            let complete = drive(self, script, &first, &mut visit);
            if complete && !seconds::watch_what_was_met() {
                return true;
            }
        }
        loop {
            let complete = !stopped.get() && drive(self, script, plan, &mut visit);
            if stopped.get() || !swapped || !seconds::watch_what_was_met() {
                return complete;
            }
        }
    }
}

/// Explores `script` as `plan` says; whether everything was seen.
fn drive(
    trial: &Trial,
    script: &Arc<Script>,
    plan: &Plan,
    visit: &mut dyn FnMut(&Execution, Option<Outcome>) -> bool,
) -> bool {
    let setup = Setup { rt: Runtime::Seeded, design: trial.design() };
    let results: RefCell<Option<Vec<OpResult>>> = RefCell::new(None);
    let body = || {
        let came = run(setup, script);
        results.replace(Some(came));
    };
    let mut executions = 0;
    let all = explore(plan, &body, &mut |_, execution| {
        executions += 1;
        let outcome = results.take().map(|r| outcome(&r));
        visit(execution, outcome) && executions < plan.executions
    });
    all || plan.strategy == Strategy::Random && plan.executions == 1
}

fn outcome(results: &[OpResult]) -> Outcome {
    let mut lines: Vec<_> = results.iter().map(|r| (r.line, &r.outcome)).collect();
    lines.sort_by_key(|(line, _)| *line);
    let mut text = String::new();
    for (line, outcome) in lines {
        text += &format!("{line}: {outcome:?}; ");
    }
    text
}
