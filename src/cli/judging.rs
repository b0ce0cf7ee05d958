// SPDX-License-Identifier: GPL-2.0-only
//! Carrying out units of judging side by side, and what is reported of each.
//!
//! Data flow: [`Unit`]s -> [`carry_out`] on several OS threads -> [`UnitReport`]s, each
//! counterexample made small and saved -> [`Verdict`]s in the units' order, noted in the
//! [`Journal`].

use super::journal::Journal;
use super::progress::{Progress, Stopwatch};
use super::values::policy_name;
use crate::checkpoint::Design;
use crate::error::Error;
use crate::report::json::{self, Finding, Record, Status, Verdict, Version};
use crate::sched::replay::switches;
use crate::script::{Saved, Schedule};
use crate::sync::Interrupt;
use crate::sync::pool::parallel_map;
use crate::sync::seeded::Memory;
use crate::verify::Property;
use crate::verify::check::{PIPELINE, Unit, UnitReport, body};
use crate::verify::judge::{Counterexample, Strategy, minimise};
use crate::verify::minimise::{Minimised, smaller};
use crate::verify::scenario::Size;
use crate::verify::side_by_side::Sides;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// So few units are done one after the other, each on all jobs, where they can be divided.
const FEW: usize = 8;

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

/// How the work is done.
#[derive(Clone, Copy, Debug)]
pub struct Work<'a> {
    /// On how many OS threads.
    pub jobs: usize,
    /// How small counterexamples are made.
    pub smaller: Smaller,
    /// Where they are saved.
    pub out: Option<&'a Path>,
    /// The first seed of all.
    pub seed: u64,
    /// What an earlier run finished, and where to note what this one does.
    pub journal: Option<&'a Journal>,
    /// When to stop.
    pub limits: &'a Limits,
}

/// A unit's report, and how long it took.
struct Done<'s> {
    report: UnitReport<'s>,
    /// Its counterexamples, made small: those that will be saved.
    small: BTreeMap<Property, Minimised>,
    /// In seconds.
    seconds: f64,
}

/// Which share of an exploration broke a property first. Of several shares' counterexamples only the
/// first one's is reported, so the others' need not be made small.
#[derive(Default)]
struct Firsts(Mutex<BTreeMap<(String, Property), u32>>);

impl Firsts {
    /// Whether no share before `unit`'s, which broke `property`, is known to have broken it too.
    fn is_first(&self, unit: &Unit, property: Property) -> bool {
        let memory = unit.plan.memory.name();
        let key = format!("{} {} {memory}", unit.design_name(), unit.scenario.name);
        let mut firsts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let first = firsts.entry((key, property)).or_insert(unit.plan.share.index);
        *first = (*first).min(unit.plan.share.index);
        *first == unit.plan.share.index
    }
}

/// Runs `units`; their verdicts, in the units' order. Units that come after a limit is reached
/// explore next to nothing, and say so.
///
/// # Errors
/// The first unit's that cannot be judged, saved or noted.
pub fn carry_out(units: &[Unit], work: &Work) -> Result<Vec<Verdict>, Error> {
    let firsts = Firsts::default();
    let progress = Mutex::new((0, Progress::new(units.len() as u64)));
    let tell = |finished: u64, executions: u64, doing: &str| {
        let mut progress = progress.lock().unwrap_or_else(PoisonError::into_inner);
        progress.0 += finished;
        let done = progress.0;
        progress.1.ran(executions);
        progress.1.update(done, doing);
    };
    let judge = |unit: &Unit, sides: Option<Sides>| {
        let name = format!("{} on {}", unit.design_name(), unit.scenario.name);
        let known = work.journal.map(|j| j.known(unit)).transpose()?.flatten();
        let verdicts = match known {
            Some(known) => known.to_vec(),
            None => carry_out_one(unit, sides, work, &firsts, &|executions, doing| {
                tell(0, executions, &format!("{name}: {doing}"));
            })?,
        };
        tell(1, 0, &name);
        Ok(verdicts)
    };
    // Whether any is divided does not depend on the jobs, and so the result does not.
    let few = units.len() <= FEW;
    let divided = |i: &usize| few && units[*i].can_be_divided();
    let (alone, together): (Vec<usize>, Vec<usize>) = (0..units.len()).partition(divided);
    let on_all = |&i: &usize| (i, judge(&units[i], Some(Sides::on(work.jobs))));
    let mut results: Vec<(usize, Result<Vec<Verdict>, Error>)> = alone.iter().map(on_all).collect();
    results.extend(parallel_map(work.jobs, &together, |_, &i| (i, judge(&units[i], None))));
    results.sort_by_key(|(i, _)| *i);
    let verdicts: Result<Vec<Vec<Verdict>>, Error> = results.into_iter().map(|(_, r)| r).collect();
    Ok(verdicts?.concat())
}

/// Judges `unit`. `tell` hears of each bunch of executions, and what they were for.
fn carry_out_one(
    unit: &Unit,
    sides: Option<Sides>,
    work: &Work,
    firsts: &Firsts,
    tell: &dyn Fn(u64, &str),
) -> Result<Vec<Verdict>, Error> {
    let clock = Stopwatch::start();
    let mut ran = 0;
    let whole = unit.plan.share.is_whole();
    let at_once = if whole { work.smaller.schedule } else { 0 };
    let mut report = unit.run_on(sides, at_once, &mut |executions| {
        tell(executions.saturating_sub(ran), &executions.to_string());
        ran = executions;
        !work.limits.reached()
    })?;
    let first = |property| whole || firsts.is_first(unit, property);
    if !whole {
        let body = body(unit.design, &unit.scenario.script()?);
        for verdict in &mut report.verdicts {
            let Some(found) = &mut verdict.counterexample else { continue };
            if first(verdict.property) {
                *found = minimise(&unit.plan, found, work.smaller.schedule, &body);
            }
        }
    }
    let small = make_small(unit, &report, &first, work.smaller.script, &mut |property, n| {
        tell(0, &format!("making {property} smaller, {n}"));
    })?;
    let done = Done { report, small, seconds: clock.seconds() };
    let verdicts = records(&done, work)?;
    let stopped = work.limits.reached() && verdicts.iter().any(|v| v.status == Status::Exhausted);
    if let Some(journal) = work.journal.filter(|_| !stopped) {
        journal.append(unit, &verdicts)?;
    }
    Ok(verdicts)
}

/// The counterexamples of `report` that are `wanted`, made small with at most so many executions
/// each.
fn make_small(
    unit: &Unit,
    report: &UnitReport,
    wanted: &dyn Fn(Property) -> bool,
    executions: u64,
    tick: &mut dyn FnMut(Property, u64),
) -> Result<BTreeMap<Property, Minimised>, Error> {
    let mut small = BTreeMap::new();
    if executions == 0 {
        return Ok(small);
    }
    let executions = executions.min(unit.design.map_or(u64::MAX, Design::executions));
    // An execution at Linux's sizes costs as much as several tiny ones.
    let executions = if unit.scenario.size == Size::Real { executions / 4 } else { executions };
    let script = unit.scenario.script()?;
    for verdict in &report.verdicts {
        let Some(found) = &verdict.counterexample else { continue };
        if !wanted(verdict.property) {
            continue;
        }
        let mut tick = |n| tick(verdict.property, n);
        let minimised = smaller(unit.design, &script, &unit.plan, found, executions, &mut tick);
        small.insert(verdict.property, minimised);
    }
    Ok(small)
}

/// The verdicts of `done` as records. Counterexamples are saved, if they are to be.
fn records(done: &Done, work: &Work) -> Result<Vec<Verdict>, Error> {
    let unit = &done.report.unit;
    let policy = policy_name(unit.plan.strategy);
    done.report
        .verdicts
        .iter()
        .map(|verdict| {
            let small = done.small.get(&verdict.property);
            let file = match (small, work.out) {
                (Some(small), Some(out)) => Some(save(unit, small, work, out)?),
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
                distinct: drawn(unit).then(|| done.report.judged.distinct.estimate()),
                finding: verdict.counterexample.as_ref().map(|found| finding(found, small)),
                counterexample: file.map(|f| f.display().to_string()),
                minimised: small.map(account),
            })
        })
        .collect()
}

/// Whether the unit's schedules are drawn.
const fn drawn(unit: &Unit) -> bool {
    matches!(unit.plan.strategy, Strategy::Random | Strategy::Pct(_))
}

/// What was found, by the smallest schedule there is of it.
fn finding(found: &Counterexample, small: Option<&Minimised>) -> Finding {
    let found = small.map_or(found, |s| &s.counterexample);
    Finding {
        code: found.violation.code.to_owned(),
        sentence: found.violation.sentence.clone(),
        steps: found.schedule.len() as u64,
        switches: switches(&found.schedule) as u64,
    }
}

/// The size of a small counterexample, and what it took.
pub(super) fn account(small: &Minimised) -> json::Minimised {
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
    verdicts.iter().map(|v| Record::Verdict(Box::new(v.clone())).line() + "\n").collect()
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
        mutants: Vec::new(),
        schedule,
        script: (*small.script).clone(),
    })
}

fn save(unit: &Unit, small: &Minimised, work: &Work, out: &Path) -> Result<PathBuf, Error> {
    let design = match unit.design_name() {
        PIPELINE => "pipeline",
        name => name,
    };
    let policy = match policy_name(unit.plan.strategy).as_str() {
        "exhaustive" => String::new(),
        other => format!("-{}", other.replace(':', "")),
    };
    let memory = match unit.plan.memory {
        Memory::Sc => String::new(),
        other => format!("-{}", other.name()),
    };
    let property = small.counterexample.violation.property.id();
    // The parts of a large sample differ in their seeds, those of an exploration in their shares;
    // the first is named like the whole.
    let part = match (unit.plan.seed, unit.plan.share.index) {
        (seed, 0) if seed == work.seed => String::new(),
        (seed, 0) => format!("-seed{seed}"),
        (_, share) => format!("-share{}", share + 1),
    };
    let scenario = &unit.scenario.name;
    let path = out.join(format!("{design}-{scenario}{memory}{policy}{part}-{property}.ttysim"));
    save_as(&path, &saved(unit, small)?)
}

/// Writes `saved` to `path`, whose directory is made if need be.
///
/// # Errors
/// Why it cannot be written.
pub(super) fn save_as(path: &Path, saved: &Saved) -> Result<PathBuf, Error> {
    let dir = path.parent().map_or(Ok(()), std::fs::create_dir_all);
    dir.and_then(|()| std::fs::write(path, saved.to_string()))
        .map_err(|e| Error::file("write", path, &e))?;
    Ok(path.to_owned())
}
