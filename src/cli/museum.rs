// SPDX-License-Identifier: GPL-2.0-only
//! `ttysim museum`: the historical bugs, put back and found again, and the weaknesses of today.
//!
//! The exit status is that of the checker, not of the kernel: 0 if every exhibit was found and every
//! fixed code was clean. A weakness of today's code that was found is a result like any other.

use super::judging::{Limits, processors, save_as};
use super::output::Output;
use super::progress::{Progress, Stopwatch};
use super::replay::Replayed;
use super::values::{self, Format, policy_name};
use crate::error::{Error, Exit, nearest};
use crate::machine::Variant;
use crate::museum::fixes::{CANDIDATES, Fix, judge_fix};
use crate::museum::visit::{Effort, Visit, visit};
use crate::museum::{EXHIBITS, Exhibit, Tier};
use crate::report::WIDTH;
use crate::report::exhibits::{self, card, ktap, table};
use crate::report::json::{self, Record, Version};
use crate::script::{Saved, Schedule};
use crate::sync::Interrupt;
use crate::sync::loom_rt::quiet;
use crate::sync::pool::parallel_map;
use crate::verify::minimise::Minimised;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// What `museum` can be told.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The exhibits to visit, by number, in full; a table of all if none is named
    #[arg(value_name = "ID")]
    pub ids: Vec<String>,
    /// Only say what there is
    #[arg(long)]
    pub list: bool,
    /// The most executions of each exploration
    #[arg(long, value_name = "N", default_value = "200000", value_parser = values::positive)]
    pub executions: u64,
    /// How many exhibits to visit at a time; all processors unless given
    #[arg(long, value_name = "J", value_parser = values::jobs)]
    pub jobs: Option<usize>,
    /// Stop after this many seconds; what is not decided by then is no pass
    #[arg(long, value_name = "SECONDS", value_parser = values::budget)]
    pub budget: Option<Duration>,
    /// Compare the fixes that were proposed for W1: which close it, and what each costs
    #[arg(long, conflicts_with_all = ["ids", "list", "out"])]
    pub fixes: bool,
    /// Where to save a schedule of each finding
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
}

/// A visit, and how long it took.
struct Done {
    visit: Visit,
    seconds: f64,
    file: Option<PathBuf>,
}

/// Visits.
///
/// # Errors
/// An unknown number, or a schedule that cannot be saved.
pub fn run(args: &Args, format: Format) -> Result<Exit, Error> {
    let exhibits = select(&args.ids)?;
    if args.list {
        let lines: Vec<String> = exhibits.iter().map(|e| listed(e)).collect();
        Output::new().text(&lines.concat())?;
        return Ok(Exit::Clean);
    }
    if args.fixes {
        return fixes(args, format);
    }
    let limits = Limits {
        clock: Stopwatch::start(),
        budget: args.budget,
        interrupt: Interrupt::install().map_err(|e| Error::output(&e))?,
    };
    let done = tour(args, &exhibits, &limits)?;
    let visits: Vec<Visit> = done.iter().map(|d| d.visit.clone()).collect();
    let mut out = Output::new();
    match format {
        Format::Json => {
            for d in &done {
                out.line(&Record::Exhibit(Box::new(record(d))).line())?;
            }
        }
        Format::Ktap => out.text(&ktap(&visits))?,
        Format::Text if args.ids.is_empty() => {
            out.text(&table(&visits))?;
            out.text(LEGEND)?;
        }
        Format::Text => {
            for d in &done {
                out.text(&(card(&d.visit) + &story(&d.visit)? + &replay_line(d) + "\n"))?;
            }
        }
    }
    Ok(exit(&visits))
}

/// How many schedules at Linux's sizes each fix of W1 gets.
const SCHEDULES: u64 = 2_000;

fn fixes(args: &Args, format: Format) -> Result<Exit, Error> {
    let w1 = Exhibit::find("W1").ok_or_else(|| Error::usage("there is no exhibit W1"))?;
    let jobs = args.jobs.unwrap_or_else(processors);
    let judged = parallel_map(jobs, &CANDIDATES, |_, fix| judge_fix(w1, *fix, SCHEDULES));
    let judged = judged.into_iter().collect::<Result<Vec<Fix>, Error>>()?;
    let mut out = Output::new();
    match format {
        Format::Text => out.text(&exhibits::fixes(&judged))?,
        Format::Json => {
            judged.iter().try_for_each(|fix| out.line(&json::Fix::record(fix).line()))?
        }
        Format::Ktap => out.text(&exhibits::fixes_ktap(&judged))?,
    }
    let cure = |fix: &Fix| fix.variant != Variant::Today && (fix.stalls || fix.stalled > 0);
    Ok(if judged.iter().any(cure) { Exit::Found } else { Exit::Clean })
}

const LEGEND: &str = "
by: the memory model of the seeded explorer; and in how many executions loom found it too.
executions: until it was found. smallest: preemptions / steps of the counterexample, made small. all: no
interleaving is left; the fixed code had the same budget. `ttysim museum ID` tells the story.
";

fn select(ids: &[String]) -> Result<Vec<&'static Exhibit>, Error> {
    if ids.is_empty() {
        return Ok(EXHIBITS.to_vec());
    }
    let mut chosen = Vec::new();
    for id in ids {
        let known: Vec<&str> = EXHIBITS.iter().map(|e| e.id).collect();
        // 2c stands for all of its kind.
        let family = |e: &&&Exhibit| {
            let id = id.to_ascii_lowercase();
            let own = e.id.to_ascii_lowercase();
            own == id || own.strip_prefix(&id).is_some_and(|rest| rest.starts_with('-'))
        };
        let found: Vec<_> = EXHIBITS.iter().filter(family).copied().collect();
        if found.is_empty() {
            let error =
                Error::usage(format!("there is no exhibit '{}'", crate::error::visible(id)));
            return Err(match nearest(id, &known) {
                Some(best) => error.help(format!("did you mean '{best}'? `museum --list` has all")),
                None => error.help("`ttysim museum --list` says what there is"),
            });
        }
        chosen.extend(found);
    }
    Ok(chosen)
}

fn listed(exhibit: &Exhibit) -> String {
    let commit = if exhibit.commit.is_empty() { "-" } else { exhibit.commit };
    format!(
        "{:14}  {:12}  {}\n",
        exhibit.id,
        commit.split(',').next().unwrap_or("-"),
        exhibit.title
    )
}

fn tour(args: &Args, exhibits: &[&'static Exhibit], limits: &Limits) -> Result<Vec<Done>, Error> {
    let effort = Effort { executions: args.executions, ..Effort::default() };
    let progress = Mutex::new((0, Progress::new(exhibits.len() as u64)));
    let tell = |finished: u64, doing: &str| {
        let mut progress = progress.lock().unwrap_or_else(PoisonError::into_inner);
        progress.0 += finished;
        let done = progress.0;
        progress.1.update(done, doing);
    };
    let jobs = args.jobs.unwrap_or_else(processors);
    let results = quiet(|| {
        parallel_map(jobs, exhibits, |_, exhibit| {
            let clock = Stopwatch::start();
            let visit = visit(exhibit, effort, &mut |executions| {
                tell(0, &format!("{}: {executions}", exhibit.id));
                !limits.reached()
            })?;
            tell(1, exhibit.id);
            let file = match (&visit.found, &args.out) {
                (Some(small), Some(out)) => Some(save(&visit, small, out)?),
                _ => None,
            };
            Ok(Done { visit, seconds: clock.seconds(), file })
        })
    });
    results.into_iter().collect()
}

fn save(visit: &Visit, small: &Minimised, out: &Path) -> Result<PathBuf, Error> {
    save_as(&out.join(format!("museum-{}.ttysim", visit.exhibit.id)), &saved(visit, small)?)
}

/// The counterexample of `visit`, for a replay.
fn saved(visit: &Visit, small: &Minimised) -> Result<Saved, Error> {
    let found = &small.counterexample;
    let schedule = Schedule::new(&found.threads, &found.schedule)
        .ok_or_else(|| Error::usage("this schedule cannot be written down"))?;
    Ok(Saved {
        design: None,
        memory: visit.plan.memory,
        mutants: Vec::new(),
        property: found.violation.property,
        code: found.violation.code.to_owned(),
        sentence: found.violation.sentence.clone(),
        scenario: format!("museum-{}", visit.exhibit.id),
        trace_hash: found.hash,
        schedule,
        script: (*small.script).clone(),
    })
}

/// The longest drawing that is shown here, in lines; a replay shows any.
const STORY: usize = 150;

/// What was found, as `replay` draws it: the script, and who did what when.
fn story(visit: &Visit) -> Result<String, Error> {
    let Some(small) = &visit.found else { return Ok(String::new()) };
    let replayed = Replayed::new(saved(visit, small)?, &format!("museum {}", visit.exhibit.id))?;
    let drawing = replayed.story(WIDTH);
    let lines = drawing.lines().count();
    Ok(if lines > STORY {
        format!("\n{}\n(the drawing has {lines} lines: replay it)\n\n", small.script)
    } else {
        format!("\n{drawing}\n")
    })
}

fn replay_line(done: &Done) -> String {
    match (&done.file, &done.visit.found) {
        (Some(file), _) => format!("ttysim replay {}\n", file.display()),
        (None, Some(_)) => "add --out DIR to save it for `ttysim replay`\n".to_owned(),
        (None, None) => String::new(),
    }
}

fn record(done: &Done) -> json::Exhibit {
    let Visit { exhibit, plan, broken, found, fixed, loom } = &done.visit;
    json::Exhibit {
        v: Version,
        id: exhibit.id.to_owned(),
        tier: exhibit.tier.number(),
        commit: exhibit.commit.split(", ").filter(|c| !c.is_empty()).map(str::to_owned).collect(),
        title: exhibit.title.to_owned(),
        variant: exhibit.broken.name().to_owned(),
        found: found.is_some(),
        complete: broken.complete,
        property: exhibit.property.id().to_owned(),
        code: exhibit.code.to_owned(),
        fixed: exhibit.fixed.map(|v| v.name().to_owned()),
        fixed_clean: fixed.as_ref().map(|_| done.visit.clean()),
        fixed_executions: fixed.as_ref().map(|seen| seen.executions),
        fixed_exhaustive: fixed.as_ref().map(|seen| seen.complete),
        runtime: "seeded".to_owned(),
        memory: plan.memory.name().to_owned(),
        policy: policy_name(plan.strategy),
        executions: broken.executions,
        seconds: done.seconds,
        counterexample: done.file.as_ref().map(|f| f.display().to_string()),
        loom: loom.map(|l| json::LoomSaw { found: l.found, executions: l.executions }),
        minimised: found.as_ref().map(super::judging::account),
    }
}

/// How the tour ended: see the module.
fn exit(visits: &[Visit]) -> Exit {
    let undecided = |v: &&Visit| v.found.is_none() && !v.broken.complete;
    let missed = |v: &&Visit| v.exhibit.tier != Tier::Weakness && v.found.is_none();
    let wrong = |v: &&Visit| missed(v) && v.broken.complete || !v.clean();
    if visits.iter().any(|v| wrong(&v)) {
        Exit::Found
    } else if visits.iter().any(|v| undecided(&v)) {
        Exit::Exhausted
    } else {
        Exit::Clean
    }
}
