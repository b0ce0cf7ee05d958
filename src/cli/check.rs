// SPDX-License-Identifier: GPL-2.0-only
//! `ttysim check`: designs judged on scenarios, the built-in ones or the user's own, one verdict a property.

use super::input::{find_designs, find_scenarios};
use super::judging::{Done, Limits, Smaller, carry_out, lines, processors, records};
use super::output::Output;
use super::progress::Stopwatch;
use super::values::{self, Format, Shard};
use crate::error::{Error, Exit};
use crate::report::json::{Record, ShardEnd, Verdict, Version};
use crate::report::verdicts::{exit, table};
use crate::report::{Paint, ktap};
use crate::sched::replay::switches;
use crate::sync::seeded::Memory;
use crate::sync::{Interrupt, Runtime};
use crate::verify::check::{self, Effort, Unit};
use crate::verify::judge::Strategy;
use crate::verify::minimise::Minimised;
use crate::verify::scenario::Scenario;
use std::path::PathBuf;
use std::time::Duration;

/// What `check` can be told.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The designs to judge; all of them if none is named
    #[arg(value_name = "DESIGN")]
    pub designs: Vec<String>,
    /// A scenario to judge on, by name, or a script; all built-in ones unless given
    #[arg(long = "scenario", value_name = "NAME|SCRIPT")]
    pub scenarios: Vec<String>,
    /// What runs the model: seeded
    #[arg(long, value_name = "RUNTIME", default_value = "seeded", value_parser = values::check_runtime)]
    pub runtime: Runtime,
    /// How to choose schedules: exhaustive, random, pct:D; else as each scenario says
    #[arg(long, value_name = "POLICY", value_delimiter = ',', value_parser = values::policy)]
    pub policy: Vec<Strategy>,
    /// Explore every schedule with at most N preemptions
    #[arg(long, value_name = "N", conflicts_with = "policy", value_parser = values::count)]
    pub preemptions: Option<u64>,
    /// How many schedules random and pct draw in each scenario
    #[arg(long, value_name = "N", default_value = "10000", value_parser = values::positive)]
    pub schedules: u64,
    /// The seed of random and pct; the same seed gives the same schedules
    #[arg(long, value_name = "S", default_value = "1", value_parser = values::count)]
    pub seed: u64,
    /// The memory models to judge under: sc, tso
    #[arg(long, value_name = "MODEL", default_value = "sc", value_delimiter = ',', value_parser = values::memory)]
    pub memory: Vec<Memory>,
    /// How many scenarios to judge at a time; all processors unless given
    #[arg(long, value_name = "J", value_parser = values::jobs)]
    pub jobs: Option<usize>,
    /// Do only part I of N of the work, for `ttysim merge` to put together
    #[arg(long, value_name = "I/N", value_parser = Shard::parse)]
    pub shard: Option<Shard>,
    /// Stop after this many seconds; what is not decided by then is no pass
    #[arg(long, value_name = "SECONDS", value_parser = values::budget)]
    pub budget: Option<Duration>,
    /// Where to save a schedule of each violation
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
}

/// How many executions an exploration may take before it is given up.
const EXECUTIONS: u64 = 3_000_000;
/// How many executions making one counterexample smaller may take: first its schedule, and then,
/// if it is saved, its script.
const SMALLER: u64 = 20_000;

/// Judges.
///
/// # Errors
/// An unknown design, or a counterexample that cannot be saved.
pub fn run(args: &Args, format: Format) -> Result<Exit, Error> {
    let scenarios = find_scenarios(&args.scenarios)?;
    let units = select(args, &scenarios)?;
    let limits = Limits {
        clock: Stopwatch::start(),
        budget: args.budget,
        interrupt: Interrupt::install().map_err(|e| Error::output(&e))?,
    };
    let jobs = args.jobs.unwrap_or_else(processors);
    let script = if args.out.is_some() { SMALLER } else { 0 };
    let done = carry_out(&units, jobs, Smaller { schedule: SMALLER, script }, &limits)?;
    let mut verdicts = Vec::new();
    for unit in &done {
        verdicts.extend(records(unit, args.out.as_deref())?);
    }
    let mut out = Output::new();
    match format {
        Format::Json => out.text(&json(args, &verdicts))?,
        Format::Ktap => out.text(&ktap::verdicts(&verdicts))?,
        Format::Text => out.text(&text(args, &done, &verdicts, &limits))?,
    }
    Ok(exit(&verdicts))
}

/// The units the arguments ask for: the pipeline itself too, unless designs are named.
fn select<'s>(args: &Args, scenarios: &'s [Scenario]) -> Result<Vec<Unit<'s>>, Error> {
    let designs = find_designs(&args.designs)?;
    let pipeline = args.designs.is_empty().then_some(None);
    let judged: Vec<_> = pipeline.into_iter().chain(designs.into_iter().map(Some)).collect();
    let bounded =
        args.preemptions.map(|n| Strategy::Preemptions(usize::try_from(n).unwrap_or(usize::MAX)));
    let strategies: Vec<Option<Strategy>> = match (&bounded, args.policy.as_slice()) {
        (Some(bounded), _) => vec![Some(*bounded)],
        (None, []) => vec![None],
        (None, policies) => policies.iter().copied().map(Some).collect(),
    };
    let mut units = Vec::new();
    for &memory in &args.memory {
        for &strategy in &strategies {
            let effort = Effort {
                strategy,
                executions: EXECUTIONS,
                schedules: args.schedules,
                seed: args.seed,
                memory,
            };
            units.extend(
                judged.iter().flat_map(|design| check::units_of(scenarios, *design, &effort)),
            );
        }
    }
    if let Some(shard) = args.shard {
        units = (0..).zip(units).filter(|(i, _)| shard.has(*i)).map(|(_, unit)| unit).collect();
    }
    Ok(units)
}

fn json(args: &Args, verdicts: &[Verdict]) -> String {
    let mut text = lines(verdicts);
    if let Some(shard) = args.shard {
        text += &Record::Shard(shard_end(shard, verdicts)).line();
        text.push('\n');
    }
    text
}

fn shard_end(shard: Shard, verdicts: &[Verdict]) -> ShardEnd {
    let verdicts = verdicts.len() as u64;
    ShardEnd { v: Version, shard: shard.index, of: shard.of, verdicts }
}

fn text(args: &Args, done: &[Done], verdicts: &[Verdict], limits: &Limits) -> String {
    let mut text = table(verdicts).render(Paint::Ansi);
    text.push('\n');
    text += &bounds(done, limits);
    text += &findings(done, verdicts, args);
    text
}

/// What was explored, and so what the table does not speak of.
fn bounds(done: &[Done], limits: &Limits) -> String {
    let mut text = String::new();
    let mut say = |what: &str, wanted: &dyn Fn(&Done) -> bool| {
        let these: Vec<&Done> = done.iter().filter(|d| wanted(d)).collect();
        if !these.is_empty() {
            let executions: u64 = these.iter().map(|d| d.report.judged.executions).sum();
            text += &format!("{what} {} explorations: {executions} executions.\n", these.len());
        }
    };
    let complete = |d: &Done| d.report.judged.complete;
    let strategy = |d: &Done| d.report.unit.plan.strategy;
    let exhaustive = |d: &Done| strategy(d) == Strategy::Exhaustive;
    let bounded = |d: &Done| matches!(strategy(d), Strategy::Preemptions(_));
    for memory in Memory::ALL {
        let what = format!("Explored everything, under {}, in", memory.title());
        say(&what, &|d| exhaustive(d) && complete(d) && d.report.unit.plan.memory == memory);
    }
    say("Explored every schedule with as few preemptions as asked in", &|d| {
        bounded(d) && complete(d)
    });
    say("Drew schedules in", &|d| !exhaustive(d) && !bounded(d));
    say("Gave up before the end in", &|d| (exhaustive(d) || bounded(d)) && !complete(d));
    if limits.reached() {
        text += "Stopped early: what was not decided by then has no verdict.\n";
    }
    text
}

/// One paragraph a broken property: the scenario that breaks it in the fewest steps.
fn findings(done: &[Done], verdicts: &[Verdict], args: &Args) -> String {
    let mut text = String::new();
    let mut told = Vec::new();
    let found = done.iter().flat_map(|d| {
        d.report.verdicts.iter().filter_map(move |v| Some((d, v.counterexample.as_ref()?)))
    });
    for (unit, counterexample) in found {
        let (design, scenario) =
            (unit.report.unit.design_name(), unit.report.unit.scenario.name.as_ref());
        let memory = unit.report.unit.plan.memory.name();
        let property = counterexample.violation.property.id();
        if told.contains(&(design, memory, property)) {
            continue;
        }
        told.push((design, memory, property));
        let under = if memory == "sc" { String::new() } else { format!("{memory}, ") };
        text += &format!("\n{design}, {scenario}, {under}");
        let small = unit.small.get(&counterexample.violation.property);
        text += &match small {
            Some(small) => size(small),
            None => {
                let schedule = &counterexample.schedule;
                format!("{} steps, {} switches:\n", schedule.len(), switches(schedule))
            }
        };
        let violation = small.map_or(&counterexample.violation, |s| &s.counterexample.violation);
        text += &format!("  {violation}\n");
        let file = verdicts.iter().find(|v| {
            (v.design.as_str(), v.scenario.as_str()) == (design, scenario)
                && (v.memory.as_str(), v.property.as_str()) == (memory, property)
        });
        if let Some(file) = file.and_then(|v| v.counterexample.as_ref()) {
            text += &format!("  ttysim replay {file}\n");
        }
    }
    if !told.is_empty() && args.out.is_none() {
        text += "\nAdd --out DIR to save a schedule of each violation, for `ttysim replay`.\n";
    }
    text
}

/// How small a counterexample is, and what went to get there.
fn size(small: &Minimised) -> String {
    let (account, steps) = (&small.account, small.counterexample.schedule.len());
    format!(
        "{steps} steps, {} preemptions ({} tries; {} threads, {} operations, {} bytes, {} \
         preemptions dropped):\n",
        small.preemptions,
        account.tried,
        account.threads,
        account.operations,
        account.bytes,
        account.preemptions
    )
}
