// SPDX-License-Identifier: GPL-2.0-only
//! `ttysim check`: designs judged on scenarios, the built-in ones or the user's own, one verdict a property.

use super::contract;
use super::input::{find_designs, find_scenarios};
use super::journal::Journal;
use super::judging::{Limits, Smaller, Work, carry_out, lines, processors};
use super::output::Output;
use super::progress::Stopwatch;
use super::values::{self, Format, Shard, policy_name};
use crate::checkpoint::Design;
use crate::error::{Error, Exit};
use crate::report::json::{Finding, Hold, Record, ShardEnd, Status, Verdict, Version};
use crate::report::verdicts::{exit, merge, table};
use crate::report::wrap::wrap;
use crate::report::{Paint, WIDTH, ktap};
use crate::sync::seeded::Memory;
use crate::sync::{Interrupt, Runtime};
use crate::verify::check::{self, Effort, PIPELINE, Unit};
use crate::verify::judge::Strategy;
use crate::verify::scenario::Scenario;
use crate::verify::section::exclusive_steps;
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
    /// How many executions an exploration, or a share of one, may take
    #[arg(long, value_name = "N", default_value = "3000000", value_parser = values::positive)]
    pub executions: u64,
    /// The seed of random and pct; the same seed gives the same schedules
    #[arg(long, value_name = "S", default_value = "1", value_parser = values::count)]
    pub seed: u64,
    /// The memory models to judge under: sc, tso, ra
    #[arg(long, value_name = "MODEL", default_value = "sc", value_delimiter = ',', value_parser = values::memory)]
    pub memory: Vec<Memory>,
    /// How many explorations, or parts of one, to do at a time; all processors unless given
    #[arg(long, value_name = "J", value_parser = values::jobs)]
    pub jobs: Option<usize>,
    /// Do only part I of N of the work, for `ttysim merge` to put together
    #[arg(long, value_name = "I/N", value_parser = Shard::parse)]
    pub shard: Option<Shard>,
    /// Stop after this many seconds; what is not decided by then is no pass
    #[arg(long, value_name = "SECONDS", value_parser = values::budget)]
    pub budget: Option<Duration>,
    /// Note in this file what is finished, and go on from what it holds
    #[arg(long, value_name = "FILE")]
    pub resume: Option<PathBuf>,
    /// Where to save a schedule of each violation
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// How many scripts are made up for C6 if no built-in one decides it
    #[arg(long, value_name = "N", default_value = "200", value_parser = values::count)]
    pub pairs: u64,
}

/// How many shares an exhaustive exploration is divided into, at least, where several machines do it.
const SHARES: u32 = 16;
/// The properties that the modelled kernel can break by itself.
const KERNELS_OWN: [&str; 3] = ["C2", "C3", "C4"];
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
    let journal = args.resume.as_deref().map(Journal::open).transpose()?;
    let work = Work {
        jobs: args.jobs.unwrap_or_else(processors),
        smaller: Smaller {
            schedule: SMALLER,
            script: if args.out.is_some() { SMALLER } else { 0 },
        },
        out: args.out.as_deref(),
        seed: args.seed,
        journal: journal.as_ref(),
        limits: &limits,
    };
    let mut verdicts = carry_out(&units, &work)?;
    let control = control(args, &scenarios, &verdicts);
    let control = merge(&carry_out(&control, &Work { out: None, ..work })?);
    verdicts.extend(contract::carry_out(&contract(args)?, &work)?);
    let verdicts = merge(&verdicts);
    let mut out = Output::new();
    match format {
        Format::Json => out.text(&json(args, &verdicts))?,
        Format::Ktap => out.text(&ktap::verdicts(&verdicts))?,
        Format::Text => out.text(&text(args, &verdicts, &control, &limits))?,
    }
    Ok(exit(&verdicts))
}

/// The units the arguments ask for: the pipeline itself too, unless designs are named.
fn select<'s>(args: &Args, scenarios: &'s [Scenario]) -> Result<Vec<Unit<'s>>, Error> {
    let designs = find_designs(&args.designs)?;
    let pipeline = args.designs.is_empty().then_some(None);
    let judged: Vec<_> = pipeline.into_iter().chain(designs.into_iter().map(Some)).collect();
    let mut units = Vec::new();
    for effort in efforts(args) {
        units.extend(judged.iter().flat_map(|design| check::units_of(scenarios, *design, &effort)));
    }
    if let Some(shard) = args.shard {
        units = check::divided(units, shard.of.clamp(SHARES, 4 * SHARES));
        units = (0..).zip(units).filter(|(i, _)| shard.has(*i)).map(|(_, unit)| unit).collect();
    }
    Ok(units)
}

/// How each design is explored: one a memory and a policy.
fn efforts(args: &Args) -> Vec<Effort> {
    let bounded =
        args.preemptions.map(|n| Strategy::Preemptions(usize::try_from(n).unwrap_or(usize::MAX)));
    let strategies: Vec<Option<Strategy>> = match (&bounded, args.policy.as_slice()) {
        (Some(bounded), _) => vec![Some(*bounded)],
        (None, []) => vec![None],
        (None, policies) => policies.iter().copied().map(Some).collect(),
    };
    let effort = |memory, strategy| Effort {
        strategy,
        executions: args.executions,
        schedules: args.schedules,
        seed: args.seed,
        memory,
    };
    let memories = args.memory.iter();
    memories.flat_map(|m| strategies.iter().map(move |s| effort(*m, *s))).collect()
}

/// The control of what was found with named designs: the same explorations with nobody peeking.
fn control<'s>(args: &Args, scenarios: &'s [Scenario], verdicts: &[Verdict]) -> Vec<Unit<'s>> {
    if args.designs.is_empty() || args.shard.is_some() {
        return Vec::new();
    }
    let broken = |unit: &Unit<'_>| {
        verdicts.iter().any(|v| {
            v.status == Status::Violated
                && KERNELS_OWN.contains(&v.property.as_str())
                && v.scenario == unit.scenario.name
                && v.memory == unit.plan.memory.name()
                && v.policy == policy_name(unit.plan.strategy)
        })
    };
    let efforts = efforts(args);
    let units = efforts.iter().flat_map(|effort| check::units_of(scenarios, None, effort));
    units.filter(broken).collect()
}

/// Whether more than schedules is judged: the built-in scenarios, as they are meant to be.
const fn judges_more(args: &Args) -> bool {
    args.scenarios.is_empty() && args.policy.is_empty() && args.preemptions.is_none()
}

/// What there is to judge besides schedules.
fn contract(args: &Args) -> Result<Vec<contract::Work>, Error> {
    if !judges_more(args) {
        return Ok(Vec::new());
    }
    let designs = find_designs(&args.designs)?;
    let work = designs.into_iter().flat_map(|d| contract::work(d, args.pairs, args.seed));
    let shard = |i: usize| args.shard.is_none_or(|shard| shard.has(i));
    Ok((0..).zip(work).filter(|(i, _)| shard(*i)).map(|(_, work)| work).collect())
}

fn json(args: &Args, verdicts: &[Verdict]) -> String {
    let mut text = lines(verdicts);
    let ends: Vec<Record> = match args.shard {
        Some(shard) => vec![Record::Shard(shard_end(shard, verdicts))],
        None => holds(args).into_iter().map(Record::Hold).collect(),
    };
    for end in ends {
        text += &end.line();
        text.push('\n');
    }
    text
}

fn shard_end(shard: Shard, verdicts: &[Verdict]) -> ShardEnd {
    let verdicts = verdicts.len() as u64;
    ShardEnd { v: Version, shard: shard.index, of: shard.of, verdicts }
}

fn text(args: &Args, verdicts: &[Verdict], control: &[Verdict], limits: &Limits) -> String {
    let mut text = table(verdicts).render(Paint::Ansi);
    text.push('\n');
    text += &bounds(verdicts);
    if limits.reached() {
        text += "Stopped early: what was not decided by then has no verdict.\n";
        text += match args.resume {
            Some(_) => "The same command goes on from here.\n",
            None => "With --resume FILE, the same command would go on from where it was stopped.\n",
        };
    }
    text + &sections(args) + &findings(verdicts, control, args)
}

/// How long each design keeps the worker out.
fn holds(args: &Args) -> Vec<Hold> {
    if !judges_more(args) {
        return Vec::new();
    }
    let designs = find_designs(&args.designs).unwrap_or_default();
    let hold = |d: &'static dyn Design| Hold {
        v: Version,
        design: d.name().to_owned(),
        steps: exclusive_steps(d),
    };
    designs.into_iter().map(hold).collect()
}

/// The same in words.
fn sections(args: &Args) -> String {
    let all: Vec<String> =
        holds(args).iter().map(|hold| format!("{} {}", hold.design, hold.steps)).collect();
    if all.is_empty() {
        return String::new();
    }
    let text = format!("Longest hold of buf->lock in one call, in steps: {}.", all.join(", "));
    wrap(&text, WIDTH).join("\n") + "\n"
}

/// What was explored, and so what the table does not speak of.
fn bounds(verdicts: &[Verdict]) -> String {
    let mut text = String::new();
    // One verdict stands for its exploration: they all have the same account.
    let mut explorations: Vec<&Verdict> = Vec::new();
    for verdict in verdicts {
        if !explorations.iter().any(|e| e.same_exploration(verdict)) {
            explorations.push(verdict);
        }
    }
    let gave_up = |e: &Verdict| {
        verdicts.iter().any(|v| v.same_exploration(e) && v.status == Status::Exhausted)
    };
    let mut say = |what: &str, wanted: &dyn Fn(&Verdict) -> bool| {
        let these: Vec<&&Verdict> = explorations.iter().filter(|e| wanted(e)).collect();
        if these.is_empty() {
            return;
        }
        let executions: u64 = these.iter().map(|e| e.executions).sum();
        let distinct: u64 = these.iter().filter_map(|e| e.distinct).sum();
        text += &format!("{what} {} explorations: {executions} executions", these.len());
        text += &match distinct {
            0 => ".\n".to_owned(),
            n => format!(", about {n} different interleavings.\n"),
        };
    };
    let exhaustive = |e: &Verdict| e.policy == policy_name(Strategy::Exhaustive);
    let drawn = |e: &Verdict| e.distinct.is_some();
    let scripts = |e: &Verdict| e.policy == contract::POLICY;
    let bounded = |e: &Verdict| !exhaustive(e) && !drawn(e) && !scripts(e);
    for memory in Memory::ALL {
        let what = format!("Explored everything, under {}, in", memory.title());
        say(&what, &|e| exhaustive(e) && !gave_up(e) && e.memory == memory.name());
    }
    say("Explored every schedule with as few preemptions as asked in", &|e| {
        bounded(e) && !gave_up(e)
    });
    say("Drew schedules in", &drawn);
    say("Gave up before the end in", &|e| !drawn(e) && gave_up(e));
    say("Compared with the original, or called where it must be refused, in", &scripts);
    text
}

/// Whether the modelled kernel breaks the same property in the same scenario with nobody peeking.
fn alone<'v>(verdict: &Verdict, mut all: impl Iterator<Item = &'v Verdict>) -> bool {
    let key = |v: &Verdict| [&v.scenario, &v.property, &v.memory].map(String::clone);
    verdict.design != PIPELINE
        && all
            .any(|v| v.design == PIPELINE && v.status == Status::Violated && key(v) == key(verdict))
}

/// One paragraph a broken property: the first scenario that breaks it.
fn findings(verdicts: &[Verdict], control: &[Verdict], args: &Args) -> String {
    let mut text = String::new();
    let mut told: Vec<[&str; 3]> = Vec::new();
    for verdict in verdicts {
        let Verdict { design, property, memory, scenario, .. } = verdict;
        let Some(found) = &verdict.finding else { continue };
        if told.contains(&[design, property, memory]) {
            continue;
        }
        told.push([design, property, memory]);
        let under = if *memory == *"sc" { String::new() } else { format!("{memory}, ") };
        text += &format!("\n{design}, {scenario}, {under}{}", size(verdict, found));
        text += &format!("  {property} {}: {}\n", found.code, found.sentence);
        if alone(verdict, verdicts.iter().chain(control)) {
            text += "  The kernel does so by itself in this scenario, with nobody peeking.\n";
        }
        if let Some(file) = &verdict.counterexample {
            text += &match verdict.policy.as_str() {
                contract::POLICY => format!("  ttysim run {file} --design {design}\n"),
                _ => format!("  ttysim replay {file}\n"),
            };
        }
    }
    if !told.is_empty() && args.out.is_none() {
        text += "\nAdd --out DIR to save a schedule of each violation, for `ttysim replay`.\n";
    }
    text
}

/// How small a counterexample is, and what went to get there.
fn size(verdict: &Verdict, found: &Finding) -> String {
    if verdict.policy == contract::POLICY {
        return format!("{}:\n", found.code);
    }
    let Some(small) = &verdict.minimised else {
        return format!("{} steps, {} switches:\n", found.steps, found.switches);
    };
    let dropped = &small.dropped;
    format!(
        "{} steps, {} preemptions ({} tries; {} threads, {} operations, {} bytes, {} \
         preemptions dropped):\n",
        small.steps,
        small.preemptions,
        small.tried,
        dropped.threads,
        dropped.operations,
        dropped.bytes,
        dropped.preemptions
    )
}
