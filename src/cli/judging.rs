// SPDX-License-Identifier: GPL-2.0-only
//! Carrying out units of judging side by side, and what is reported of each.
//!
//! Data flow: [`Unit`]s -> [`carry_out`] on several OS threads -> [`UnitReport`]s in the units'
//! order, with each counterexample made small -> [`records`], and a [`Saved`] file for each.

use super::progress::{Progress, Stopwatch};
use super::values::policy_name;
use crate::error::Error;
use crate::report::json::{self, Record, Verdict, Version};
use crate::script::{Saved, Schedule};
use crate::sync::Interrupt;
use crate::sync::pool::parallel_map;
use crate::sync::seeded::Memory;
use crate::verify::Property;
use crate::verify::check::{PIPELINE, Unit, UnitReport};
use crate::verify::minimise::{self, Minimised};
use crate::verify::scenario::Size;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// How many jobs, unless the user says.
#[must_use]
pub fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// What stops the work early.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Since when.
    pub clock: Stopwatch,
    /// How long.
    pub budget: Option<Duration>,
    /// Ctrl-C.
    pub interrupt: Interrupt,
}

impl Limits {
    /// Whether it is time to stop.
    #[must_use]
    pub fn reached(&self) -> bool {
        self.interrupt.requested() || self.clock.is_over(self.budget)
    }
}

/// How much work goes into counterexamples, in executions.
#[derive(Clone, Copy, Debug)]
pub struct Smaller {
    /// Looking for a schedule with fewer preemptions.
    pub schedule: u64,
    /// Making the script smaller, for those that are saved.
    pub script: u64,
}

/// A unit's report, and how long it took.
#[derive(Debug)]
pub struct Done<'s> {
    /// What was found out.
    pub report: UnitReport<'s>,
    /// Its counterexamples, made small: those that will be saved.
    pub small: BTreeMap<Property, Minimised>,
    /// In seconds.
    pub seconds: f64,
}

/// Runs `units` on `jobs` threads. Units that come after a limit is reached explore next to
/// nothing, and say so.
///
/// # Errors
/// The first unit's that cannot be judged.
pub fn carry_out<'s>(
    units: &[Unit<'s>],
    jobs: usize,
    smaller: Smaller,
    limits: &Limits,
) -> Result<Vec<Done<'s>>, Error> {
    let progress = Mutex::new((0, Progress::new(units.len() as u64)));
    let tell = |finished: u64, doing: &str| {
        let mut progress = progress.lock().unwrap_or_else(PoisonError::into_inner);
        progress.0 += finished;
        let done = progress.0;
        progress.1.update(done, doing);
    };
    let results = parallel_map(jobs, units, |_, unit| {
        let clock = Stopwatch::start();
        let name = format!("{} on {}", unit.design_name(), unit.scenario.name);
        let report = unit.run(smaller.schedule, &mut |executions| {
            tell(0, &format!("{name}: {executions}"));
            !limits.reached()
        })?;
        let small = make_small(unit, &report, smaller.script, &mut |property, n| {
            tell(0, &format!("{name}: making {property} smaller, {n}"));
        })?;
        tell(1, &name);
        Ok(Done { report, small, seconds: clock.seconds() })
    });
    results.into_iter().collect()
}

/// The counterexamples of `report`, made small with at most so many executions each.
fn make_small(
    unit: &Unit,
    report: &UnitReport,
    executions: u64,
    tick: &mut dyn FnMut(Property, u64),
) -> Result<BTreeMap<Property, Minimised>, Error> {
    let mut small = BTreeMap::new();
    if executions == 0 {
        return Ok(small);
    }
    // An execution at Linux's sizes costs as much as several tiny ones.
    let executions = if unit.scenario.size == Size::Real { executions / 4 } else { executions };
    let script = unit.scenario.script()?;
    for verdict in &report.verdicts {
        let Some(found) = &verdict.counterexample else { continue };
        let mut tick = |n| tick(verdict.property, n);
        let minimised =
            minimise::smaller(unit.design, &script, &unit.plan, found, executions, &mut tick);
        small.insert(verdict.property, minimised);
    }
    Ok(small)
}

/// The verdicts of `done` as records. Counterexamples are saved in `out`, if there is one.
///
/// # Errors
/// A counterexample that cannot be written.
pub fn records(done: &Done, out: Option<&Path>) -> Result<Vec<Verdict>, Error> {
    let unit = &done.report.unit;
    let policy = policy_name(unit.plan.strategy);
    done.report
        .verdicts
        .iter()
        .map(|verdict| {
            let small = done.small.get(&verdict.property);
            let file = match (small, out) {
                (Some(small), Some(out)) => Some(save(unit, small, &policy, out)?),
                _ => None,
            };
            Ok(Verdict {
                v: Version,
                design: unit.design_name().to_owned(),
                scenario: unit.scenario.name.to_string(),
                property: verdict.property.id().to_owned(),
                status: verdict.status,
                exhaustive: verdict.exhaustive,
                runtime: "seeded".to_owned(),
                memory: unit.plan.memory.name().to_owned(),
                policy: policy.clone(),
                executions: done.report.judged.executions,
                seconds: done.seconds,
                counterexample: file.map(|f| f.display().to_string()),
                minimised: small.map(account),
            })
        })
        .collect()
}

fn account(small: &Minimised) -> json::Minimised {
    let account = &small.account;
    let number = |n: usize| n as u64;
    json::Minimised {
        preemptions: number(small.preemptions),
        steps: number(small.counterexample.schedule.len()),
        executions: account.executions,
        tried: account.tried,
        taken: account.taken,
        dropped: json::Dropped {
            preemptions: number(account.preemptions),
            threads: number(account.threads),
            operations: number(account.operations),
            bytes: number(account.bytes),
        },
    }
}

/// The JSON lines of `verdicts`.
#[must_use]
pub fn lines(verdicts: &[Verdict]) -> String {
    verdicts.iter().map(|v| Record::Verdict(v.clone()).line() + "\n").collect()
}

/// The counterexample as a file's content.
///
/// # Errors
/// A schedule that cannot be written down.
pub fn saved(unit: &Unit, small: &Minimised) -> Result<Saved, Error> {
    let found = &small.counterexample;
    let schedule = Schedule::new(&found.threads, &found.schedule)
        .ok_or_else(|| Error::usage("this schedule cannot be written down"))?;
    Ok(Saved {
        design: unit.design.map(|d| d.name().to_owned()),
        memory: unit.plan.memory,
        property: found.violation.property,
        code: found.violation.code.to_owned(),
        sentence: found.violation.sentence.clone(),
        scenario: unit.scenario.name.to_string(),
        trace_hash: found.hash,
        schedule,
        script: (*small.script).clone(),
    })
}

fn save(unit: &Unit, small: &Minimised, policy: &str, out: &Path) -> Result<PathBuf, Error> {
    let design = match unit.design_name() {
        PIPELINE => "pipeline",
        name => name,
    };
    let policy = match policy {
        "exhaustive" => String::new(),
        other => format!("-{}", other.replace(':', "")),
    };
    let memory = match unit.plan.memory {
        Memory::Sc => String::new(),
        other => format!("-{}", other.name()),
    };
    let property = small.counterexample.violation.property.id();
    let name = &unit.scenario.name;
    let path = out.join(format!("{design}-{name}{memory}{policy}-{property}.ttysim"));
    let text = saved(unit, small)?.to_string();
    std::fs::create_dir_all(out)
        .and_then(|()| std::fs::write(&path, text))
        .map_err(|e| Error::file("write", &path, &e))?;
    Ok(path)
}
