// SPDX-License-Identifier: GPL-2.0-only
//! Carrying out units of judging side by side, and what is reported of each.
//!
//! Data flow: [`Unit`]s -> [`carry_out`] on several OS threads -> [`UnitReport`]s in the units'
//! order -> [`records`], and a [`Saved`] file for each counterexample.

use super::progress::{Progress, Stopwatch};
use super::values::policy_name;
use crate::error::Error;
use crate::report::json::{Record, Verdict, Version};
use crate::script::{Saved, Schedule};
use crate::sync::Interrupt;
use crate::sync::pool::parallel_map;
use crate::verify::check::{PIPELINE, Unit, UnitReport};
use crate::verify::judge::Counterexample;
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

/// A unit's report, and how long it took.
#[derive(Debug)]
pub struct Done {
    /// What was found out.
    pub report: UnitReport,
    /// In seconds.
    pub seconds: f64,
}

/// Runs `units` on `jobs` threads. Units that come after a limit is reached explore next to
/// nothing, and say so.
///
/// # Errors
/// The first unit's that cannot be judged.
pub fn carry_out(
    units: &[Unit],
    jobs: usize,
    minimise: u64,
    limits: &Limits,
) -> Result<Vec<Done>, Error> {
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
        let report = unit.run(minimise, &mut |executions| {
            tell(0, &format!("{name}: {executions}"));
            !limits.reached()
        });
        tell(1, &name);
        report.map(|report| Done { report, seconds: clock.seconds() })
    });
    results.into_iter().collect()
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
            let file = match (&verdict.counterexample, out) {
                (Some(c), Some(out)) => Some(save(unit, c, &policy, out)?),
                _ => None,
            };
            Ok(Verdict {
                v: Version,
                design: unit.design_name().to_owned(),
                scenario: unit.scenario.name.to_owned(),
                property: verdict.property.id().to_owned(),
                status: verdict.status,
                exhaustive: verdict.exhaustive,
                runtime: "seeded".to_owned(),
                memory: unit.plan.memory.name().to_owned(),
                policy: policy.clone(),
                executions: done.report.judged.executions,
                seconds: done.seconds,
                counterexample: file.map(|f| f.display().to_string()),
            })
        })
        .collect()
}

/// The JSON lines of `verdicts`.
#[must_use]
pub fn lines(verdicts: &[Verdict]) -> String {
    verdicts.iter().map(|v| Record::Verdict(v.clone()).line() + "\n").collect()
}

/// The counterexample as a file's content.
///
/// # Errors
/// A built-in scenario that cannot be parsed, or a schedule that cannot be written down.
pub fn saved(unit: &Unit, found: &Counterexample) -> Result<Saved, Error> {
    let schedule = Schedule::new(&found.threads, &found.schedule)
        .ok_or_else(|| Error::usage("this schedule cannot be written down"))?;
    Ok(Saved {
        design: unit.design.map(|d| d.name().to_owned()),
        memory: unit.plan.memory,
        property: found.violation.property,
        code: found.violation.code.to_owned(),
        sentence: found.violation.sentence.clone(),
        scenario: unit.scenario.name.to_owned(),
        trace_hash: found.hash,
        schedule,
        script: (*unit.scenario.script()?).clone(),
    })
}

fn save(unit: &Unit, found: &Counterexample, policy: &str, out: &Path) -> Result<PathBuf, Error> {
    let design = match unit.design_name() {
        PIPELINE => "pipeline",
        name => name,
    };
    let policy = match policy {
        "exhaustive" => String::new(),
        other => format!("-{}", other.replace(':', "")),
    };
    let property = found.violation.property.id();
    let path = out.join(format!("{design}-{}{policy}-{property}.ttysim", unit.scenario.name));
    let text = saved(unit, found)?.to_string();
    std::fs::create_dir_all(out)
        .and_then(|()| std::fs::write(&path, text))
        .map_err(|e| Error::file("write", &path, &e))?;
    Ok(path)
}
