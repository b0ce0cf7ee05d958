// SPDX-License-Identifier: GPL-2.0-only
//! `ttysim mutants`: each synchronisation operation weakened or dropped, one at a time.

use super::input::find_scenarios;
use super::judging::{Limits, processors};
use super::output::Output;
use super::progress::{Progress, Stopwatch};
use super::values::{self, Format, Shard};
use crate::error::{Error, Exit};
use crate::mutants::{Fate, Field, Report, Target, trial};
use crate::report::json::{self, Mutated, Record, Version};
use crate::report::ktap::{Outcome, Test, document};
use crate::report::mutants::{markdown, text};
use crate::sync::Interrupt;
use crate::sync::loom_rt::quiet;
use crate::sync::mutation::Mutant;
use crate::sync::pool::parallel_map;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// What `mutants` can be told.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Only mutants with one of these words in their name, as in 'relax' or 'flush_to_ldisc'
    #[arg(value_name = "WORD")]
    pub words: Vec<String>,
    /// A script with threads, and tiny sizes, that mutants have to get past as well
    #[arg(long = "scenario", value_name = "SCRIPT")]
    pub scenarios: Vec<String>,
    /// Only the scripts given with --scenario, none of the built-in trials
    #[arg(long, requires = "scenarios")]
    pub alone: bool,
    /// How many mutants to try at a time; all processors unless given
    #[arg(long, value_name = "J", value_parser = values::jobs)]
    pub jobs: Option<usize>,
    /// Do only part I of N of the work
    #[arg(long, value_name = "I/N", value_parser = Shard::parse)]
    pub shard: Option<Shard>,
    /// Stop after this many seconds; what is not decided by then counts as survived
    #[arg(long, value_name = "SECONDS", value_parser = values::budget)]
    pub budget: Option<Duration>,
    /// Where to save the schedule of each violation that killed one
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Write the table as Markdown
    #[arg(long, value_name = "FILE")]
    pub table: Option<PathBuf>,
}

/// A report, and how long it took.
struct Done {
    report: Report,
    seconds: f64,
}

/// Mutates. The exit status is that of a finding if a mutant survives.
///
/// # Errors
/// A table that cannot be written.
pub fn run(args: &Args, format: Format) -> Result<Exit, Error> {
    let limits = Limits {
        clock: Stopwatch::start(),
        budget: args.budget,
        interrupt: Interrupt::install().map_err(|e| Error::output(&e))?,
    };
    let done = quiet(|| carry_out(args, &limits))?;
    let reports: Vec<&Report> = done.iter().map(|d| &d.report).collect();
    if let Some(path) = &args.table {
        let table = markdown(&reports);
        std::fs::write(path, table).map_err(|e| Error::file("write", path, &e))?;
    }
    if let Some(directory) = &args.out {
        save(&reports, directory)?;
    }
    let mut out = Output::new();
    match format {
        Format::Json => out.text(&done.iter().map(line).collect::<String>())?,
        Format::Ktap => {
            out.text(&document(&reports.iter().map(|r| test(r)).collect::<Vec<_>>()))?
        }
        Format::Text => out.text(&text(&reports, limits.clock.seconds()))?,
    }
    let survived = reports.iter().any(|r| r.fate == Fate::Survived);
    Ok(if survived { Exit::Found } else { Exit::Clean })
}

fn carry_out(args: &Args, limits: &Limits) -> Result<Vec<Done>, Error> {
    let jobs = args.jobs.unwrap_or_else(processors);
    let own = if args.scenarios.is_empty() { Vec::new() } else { find_scenarios(&args.scenarios)? };
    let trials = if args.alone { trial::of(&own)? } else { trial::all(&own)? };
    let field = Field::survey(trials, jobs);
    let targets = select(args, &field);
    let progress = Mutex::new((0, Progress::new(targets.len() as u64)));
    let go_on = || !limits.reached();
    Ok(parallel_map(jobs, &targets, |_, target| {
        let clock = Stopwatch::start();
        let report = field.hunt(target, &go_on);
        let mut progress = progress.lock().unwrap_or_else(PoisonError::into_inner);
        progress.0 += 1;
        let done = progress.0;
        progress.1.update(done, &target.mutant.to_string());
        Done { report, seconds: clock.seconds() }
    }))
}

/// Saves what killed each, in `MUTATION-SITE.ttysim`.
fn save(reports: &[&Report], directory: &Path) -> Result<(), Error> {
    std::fs::create_dir_all(directory).map_err(|e| Error::file("make", directory, &e))?;
    for report in reports {
        let Some(saved) = &report.saved else { continue };
        let Mutant { site, mutation } = &report.mutant;
        let path = directory.join(format!("{}-{site}.ttysim", mutation.name()));
        std::fs::write(&path, saved.to_string()).map_err(|e| Error::file("write", &path, &e))?;
    }
    Ok(())
}

/// The mutants the arguments ask for.
fn select(args: &Args, field: &Field) -> Vec<Target> {
    let wanted = |name: &str| args.words.is_empty() || args.words.iter().any(|w| name.contains(w));
    let targets = field.targets().into_iter().filter(|t| wanted(&t.mutant.to_string()));
    let shard = args.shard.unwrap_or(Shard::ALL);
    (0..).zip(targets).filter(|(i, _)| shard.has(*i)).map(|(_, target)| target).collect()
}

fn line(done: &Done) -> String {
    let Report { mutant, fate, executions, .. } = &done.report;
    let (status, by, how) = match fate {
        Fate::Killed { by, how } => ("killed", Some(by.as_str()), Some(how)),
        Fate::Equivalent { proof, why } => ("equivalent", Some(proof.name()), Some(why)),
        Fate::Survived => ("survived", None, None),
    };
    let record = Mutated {
        v: Version,
        site: mutant.site.to_string(),
        mutation: mutant.mutation.name().to_owned(),
        status: status.to_owned(),
        by: by.unwrap_or_default().to_owned(),
        how: how.cloned(),
        executions: *executions,
        seconds: json::seconds(done.seconds),
    };
    Record::Mutant(record).line() + "\n"
}

fn test(report: &Report) -> Test {
    let name = report.mutant.to_string();
    match &report.fate {
        Fate::Killed { by, how } => Test::one(&name, Outcome::Ok).note(&format!("{by}: {how}")),
        Fate::Equivalent { why, .. } => Test::one(&name, Outcome::Ok).note(why),
        Fate::Survived => Test::one(&name, Outcome::NotOk).note("nothing noticed it"),
    }
}
