// SPDX-License-Identifier: GPL-2.0-only
//! Judging designs on scenarios: the main job, one [`Unit`] at a time.

use super::Property;
use super::judge::{Counterexample, Judged, Plan, Strategy, judge, minimise};
use super::scenario::{For, SCENARIOS, Scenario, Size};
use super::side_by_side::{Sides, judge_side_by_side};
use crate::checkpoint::Design;
use crate::error::{Error, ErrorKind};
use crate::run::{Setup, run_judged};
use crate::sched::Share;
use crate::script::Script;
use crate::sync::Runtime;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What the pipeline itself is called in tables: the modelled kernel, with the peeks left out.
pub const PIPELINE: &str = "(nobody peeks)";

/// One design on one scenario under one strategy.
#[derive(Clone, Copy, Debug)]
pub struct Unit<'s> {
    /// The design; `None`: the pipeline itself.
    pub design: Option<&'static dyn Design>,
    /// The scenario.
    pub scenario: &'s Scenario,
    /// How it is explored.
    pub plan: Plan,
}

/// What is known about a property.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// No counterexample in all that was run.
    Holds,
    /// The budget was spent before everything was explored, or the ghost lost track of what is
    /// unread: no verdict.
    Exhausted,
    /// There is a counterexample.
    Violated,
}

/// What a unit says about one property.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// Which.
    pub property: Property,
    /// What.
    pub status: Status,
    /// Whether `Holds` means "no interleaving breaks it", not only "none that was run".
    pub exhaustive: bool,
    /// The minimised counterexample.
    pub counterexample: Option<Counterexample>,
}

/// What a unit found out.
#[derive(Clone, Debug)]
pub struct UnitReport<'s> {
    /// Which.
    pub unit: Unit<'s>,
    /// The exploration's own account.
    pub judged: Judged,
    /// One a checked property, in order.
    pub verdicts: Vec<Verdict>,
}

/// How much work to put in.
#[derive(Clone, Copy, Debug)]
pub struct Effort {
    /// Strategies for tiny scenarios; `None`: exhaustive.
    pub strategy: Option<Strategy>,
    /// The most executions of an exploration.
    pub executions: u64,
    /// How many schedules each random strategy draws.
    pub schedules: u64,
    /// The first seed.
    pub seed: u64,
    /// The memory model.
    pub memory: crate::sync::seeded::Memory,
}

impl<'s> Unit<'s> {
    /// The design's name, or [`PIPELINE`].
    #[must_use]
    pub fn design_name(&self) -> &'static str {
        self.design.map_or(PIPELINE, Design::name)
    }

    /// Runs it. `go_on` is asked now and then, with the executions so far, and may stop it.
    ///
    /// # Errors
    /// A scenario that cannot be parsed, or a panic of the model's own.
    pub fn run(
        &self,
        minimise_executions: u64,
        go_on: &mut dyn FnMut(u64) -> bool,
    ) -> Result<UnitReport<'s>, Error> {
        self.run_on(None, minimise_executions, go_on)
    }

    /// Whether it is one exploration that can be divided as it goes on.
    #[must_use]
    pub fn can_be_divided(&self) -> bool {
        self.plan.strategy == Strategy::Exhaustive && self.plan.share.is_whole()
    }

    /// The same, where one that [can be divided](Self::can_be_divided) is, on `sides`.
    ///
    /// # Errors
    /// As [`Unit::run`].
    pub fn run_on(
        &self,
        sides: Option<Sides>,
        minimise_executions: u64,
        go_on: &mut dyn FnMut(u64) -> bool,
    ) -> Result<UnitReport<'s>, Error> {
        let minimise_executions =
            minimise_executions.min(self.design.map_or(u64::MAX, Design::executions));
        // An execution at Linux's sizes costs as much as several tiny ones.
        let minimise_executions = match self.scenario.size {
            Size::Tiny => minimise_executions,
            Size::Real => minimise_executions / 8,
        };
        let script = self.scenario.script()?;
        let body = body(self.design, &script);
        let judged = match sides {
            Some(sides) => judge_side_by_side(&self.plan, sides, &body, go_on),
            None => judge(&self.plan, &body, go_on),
        };
        if let Some(message) = &judged.panicked {
            let (scenario, design) = (&self.scenario.name, self.design_name());
            let what = format!("the model panicked on {scenario} with {design}: {message}");
            return Err(Error::new(ErrorKind::Exhausted, what)
                .help("there is no verdict; please report this with the command line"));
        }
        let verdicts = Property::CHECKED
            .into_iter()
            .map(|property| self.verdict(property, &judged, minimise_executions, &body))
            .collect();
        Ok(UnitReport { unit: *self, judged, verdicts })
    }

    fn verdict(
        &self,
        property: Property,
        judged: &Judged,
        executions: u64,
        body: &dyn Fn(),
    ) -> Verdict {
        let found = judged.found.get(&property);
        let status = match (found, self.plan.strategy) {
            (Some(_), _) => Status::Violated,
            (None, Strategy::Exhaustive | Strategy::Preemptions(_)) if !judged.complete => {
                Status::Exhausted
            }
            // Stopped before all schedules were drawn, and not because all was decided.
            (None, _) if judged.executions < self.plan.executions && !judged.complete => {
                Status::Exhausted
            }
            // What the ghost did not see it cannot have found. The cells look for themselves (C4).
            (None, _) if judged.blind && property != Property::C4 => Status::Exhausted,
            (None, _) => Status::Holds,
        };
        Verdict {
            property,
            status,
            exhaustive: self.plan.strategy == Strategy::Exhaustive && judged.exhaustive(),
            counterexample: found.map(|c| minimise(&self.plan, c, executions, body)),
        }
    }
}

/// One run of `script`, with `design` as the one under judgement.
pub fn body(design: Option<&'static dyn Design>, script: &Arc<Script>) -> impl Fn() + use<> {
    let script = Arc::clone(script);
    move || {
        run_judged(Setup { rt: Runtime::Seeded, design }, &script);
    }
}

/// The units that judge `design` (`None`: the pipeline itself) on the built-in scenarios.
#[must_use]
pub fn units(design: Option<&'static dyn Design>, effort: &Effort) -> Vec<Unit<'static>> {
    units_of(&SCENARIOS, design, effort)
}

/// The units that judge `design` (`None`: the pipeline itself) on these scenarios.
#[must_use]
pub fn units_of<'s>(
    scenarios: &'s [Scenario],
    design: Option<&'static dyn Design>,
    effort: &Effort,
) -> Vec<Unit<'s>> {
    scenarios
        .iter()
        .filter(|s| design.is_none() || s.judges == For::Everyone)
        .flat_map(|scenario| {
            strategies(scenario.size, effort)
                .into_iter()
                .flat_map(move |strategy| parts(effort.plan(design, scenario.size, strategy)))
                .map(move |plan| Unit { design, scenario, plan })
        })
        .collect()
}

/// The most schedules that one unit draws. More are several units, so that they can be drawn side by
/// side, on several machines, and not lost when the work is interrupted.
pub const SCHEDULES_A_UNIT: u64 = 200_000;

/// `units`, those that explore everything divided into `shares` each.
#[must_use]
pub fn divided<'s>(units: Vec<Unit<'s>>, shares: u32) -> Vec<Unit<'s>> {
    let shares_of = |unit: Unit<'s>| {
        let exhaustive = unit.plan.strategy == Strategy::Exhaustive;
        let of = if exhaustive { shares.max(1) } else { 1 };
        (0..of).map(move |index| {
            let share = if exhaustive { Share { index, of } } else { unit.plan.share };
            Unit { plan: Plan { share, ..unit.plan }, ..unit }
        })
    };
    units.into_iter().flat_map(shares_of).collect()
}

/// `plan`, in parts that draw as many schedules at most as a unit may. The parts depend on the plan
/// alone.
fn parts(plan: Plan) -> Vec<Plan> {
    if !matches!(plan.strategy, Strategy::Random | Strategy::Pct(_)) {
        return vec![plan];
    }
    let step = usize::try_from(SCHEDULES_A_UNIT).unwrap_or(usize::MAX);
    (0..plan.executions.max(1))
        .step_by(step)
        .map(|first| Plan {
            seed: plan.seed.wrapping_add(first),
            executions: (plan.executions - first).min(SCHEDULES_A_UNIT),
            ..plan
        })
        .collect()
}

fn strategies(size: Size, effort: &Effort) -> Vec<Strategy> {
    match (effort.strategy, size) {
        (Some(Strategy::Exhaustive) | None, Size::Tiny) => vec![Strategy::Exhaustive],
        // Enumerating at Linux's sizes would not end in a lifetime.
        (Some(Strategy::Exhaustive | Strategy::Preemptions(_)), Size::Real) => Vec::new(),
        (Some(strategy), _) => vec![strategy],
        (None, Size::Real) => vec![Strategy::Pct(3), Strategy::Random],
    }
}

impl Effort {
    fn plan(&self, design: Option<&dyn Design>, size: Size, strategy: Strategy) -> Plan {
        Plan {
            strategy,
            share: Share::WHOLE,
            memory: self.memory,
            seed: self.seed,
            executions: match strategy {
                Strategy::Random | Strategy::Pct(_) => self.schedules,
                _ => self.executions.min(design.map_or(u64::MAX, Design::executions)),
            },
            max_steps: match size {
                Size::Tiny => 5_000,
                Size::Real => 200_000,
            },
        }
    }
}
