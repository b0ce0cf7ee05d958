// SPDX-License-Identifier: GPL-2.0-only
//! Visiting an exhibit: is it found, and is the fixed code clean?
//!
//! Data flow: the exhibit's script with the broken variant -> explored until the expected finding
//! comes up -> its counterexample, made small; the same script with the fixed variant -> explored
//! with the same budget, to the end if the budget allows. Deterministic, like all exploring.

use super::{Exhibit, Needs};
use crate::error::{Error, ErrorKind};
use crate::machine::Variant;
use crate::run::{Setup, run};
use crate::script::Script;
use crate::sync::Runtime;
use crate::sync::loom_rt::{self, Bounds};
use crate::sync::seeded::Memory;
use crate::verify::check::body;
use crate::verify::judge::{Judged, Plan, judge, judge_until, minimise};
use crate::verify::minimise::{Minimised, smaller};
use std::sync::Arc;

/// How much work a visit may be, in executions.
#[derive(Clone, Copy, Debug)]
pub struct Effort {
    /// Looking for the finding; and the fixed code gets as many.
    pub executions: u64,
    /// Making the counterexample small.
    pub smaller: u64,
    /// Asking loom.
    pub loom: u64,
}

impl Default for Effort {
    fn default() -> Self {
        Self { executions: 200_000, smaller: 20_000, loom: 20_000 }
    }
}

/// What an exploration saw.
#[derive(Clone, Debug)]
pub struct Seen {
    /// How many executions that took, those not counted that were cut short for being known.
    pub executions: u64,
    /// Whether there is nothing left to explore.
    pub complete: bool,
    /// What it found, in words: of each property the first.
    pub findings: Vec<String>,
}

/// What a visit found out.
#[derive(Clone, Debug)]
pub struct Visit {
    /// Which.
    pub exhibit: &'static Exhibit,
    /// How both were explored.
    pub plan: Plan,
    /// The code with the bug.
    pub broken: Seen,
    /// The expected finding, made small; `None`: it was not found.
    pub found: Option<Minimised>,
    /// The code without it, if there is such.
    pub fixed: Option<Seen>,
    /// What loom made of the code with the bug, where that is about weak memory.
    pub loom: Option<LoomSaw>,
}

/// What loom saw.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LoomSaw {
    /// Whether it found something wrong with the expected property.
    pub found: bool,
    /// In how many executions.
    pub executions: u64,
}

impl Visit {
    /// Whether the fixed code showed nothing.
    #[must_use]
    pub fn clean(&self) -> bool {
        self.fixed.as_ref().is_none_or(|seen| seen.findings.is_empty())
    }
}

impl Seen {
    fn of(judged: &Judged) -> Self {
        Self {
            executions: judged.executions,
            complete: judged.complete,
            findings: judged.found.values().map(|c| c.violation.to_string()).collect(),
        }
    }
}

/// Visits `exhibit`. `go_on` is asked now and then, with the executions so far, and may stop it.
///
/// # Errors
/// A script that is wrong, or a panic of the model's own.
pub fn visit(
    exhibit: &'static Exhibit,
    effort: Effort,
    go_on: &mut dyn FnMut(u64) -> bool,
) -> Result<Visit, Error> {
    let plan = plan(exhibit, effort);
    let script = exhibit.script(exhibit.broken)?;
    let wanted = |judged: &Judged| {
        let found = judged.found.get(&exhibit.property);
        found.filter(|c| c.violation.code == exhibit.code).is_some()
    };
    let broken = judge_until(&plan, &body(None, &script), &wanted, go_on);
    sane(exhibit, broken.panicked.as_deref())?;
    let found =
        broken.found.get(&exhibit.property).filter(|c| c.violation.code == exhibit.code).map(
            |found| {
                let found = minimise(&plan, found, effort.smaller, &body(None, &script));
                smaller(None, &script, &plan, &found, effort.smaller, &mut |_| {})
            },
        );
    let fixed = match exhibit.fixed {
        Some(variant) => Some(explore(exhibit, variant, &plan, go_on)?),
        None => None,
    };
    let loom = match exhibit.needs {
        Needs::Nothing | Needs::Interleaving => None,
        Needs::StoreBuffers | Needs::Weaker | Needs::Weak => Some(by_loom(exhibit, effort)?),
    };
    Ok(Visit { exhibit, plan, broken: Seen::of(&broken), found, fixed, loom })
}

fn explore(
    exhibit: &'static Exhibit,
    variant: Variant,
    plan: &Plan,
    go_on: &mut dyn FnMut(u64) -> bool,
) -> Result<Seen, Error> {
    let script: Arc<Script> = exhibit.script(variant)?;
    let judged = judge(plan, &body(None, &script), go_on);
    sane(exhibit, judged.panicked.as_deref())?;
    Ok(Seen::of(&judged))
}

/// Loom's opinion: evidence that the finding is one of C11's memory, not of this explorer's.
fn by_loom(exhibit: &'static Exhibit, effort: Effort) -> Result<LoomSaw, Error> {
    let script = exhibit.script(exhibit.broken)?;
    let setup = Setup { rt: Runtime::Loom, design: None };
    let bounds = Bounds { preemptions: Some(3), executions: effort.loom };
    let explored = loom_rt::explore(bounds, move || {
        run(setup, &script);
    });
    sane(exhibit, explored.panicked.as_deref())?;
    let found = explored.violation.is_some_and(|v| v.property == exhibit.property);
    Ok(LoomSaw { found, executions: explored.executions })
}

const fn plan(exhibit: &Exhibit, effort: Effort) -> Plan {
    Plan::everything(
        match exhibit.needs {
            Needs::StoreBuffers => Memory::Tso,
            Needs::Weaker => Memory::Ra,
            Needs::Nothing | Needs::Interleaving | Needs::Weak => Memory::Sc,
        },
        effort.executions,
    )
}

/// Whether what was judged is a verdict at all.
fn sane(exhibit: &Exhibit, panicked: Option<&str>) -> Result<(), Error> {
    let Some(message) = panicked else { return Ok(()) };
    let what = format!("the model panicked on exhibit {}: {message}", exhibit.id);
    Err(Error::new(ErrorKind::Exhausted, what).help("there is no verdict; please report this"))
}
