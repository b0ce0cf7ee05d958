// SPDX-License-Identifier: GPL-2.0-only
//! `ttysim prove`: the second opinion, by loom, with executions, seconds and bounds.
//!
//! A loom pass is evidence and is called so: loom misses interleavings even when it completes
//! (ARCHITECTURE.md). It stops at its first finding, so the other properties of that proof have no
//! verdict.

use super::input::{find_designs, find_scenarios};
use super::judging::{Limits, lines, processors};
use super::output::Output;
use super::progress::{Progress, Stopwatch};
use super::values::{self, Format};
use crate::checkpoint::Design;
use crate::error::{Error, ErrorKind, Exit};
use crate::report::json::{Verdict, Version};
use crate::report::verdicts::{exit, table};
use crate::report::{Paint, ktap};
use crate::run::{Setup, run as run_script};
use crate::script::ast::{Line, Op};
use crate::sync::loom_rt::{Bounds, Explored, explore_until, quiet};
use crate::sync::pool::parallel_map;
use crate::sync::{Interrupt, Runtime};
use crate::verify::Property;
use crate::verify::check::{PIPELINE, Status};
use crate::verify::scenario::{For, Scenario, Size};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// The most executions of one proof.
const EXECUTIONS: u64 = 20_000_000;

/// What `prove` can be told.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The designs to prove; all of them if none is named
    #[arg(value_name = "DESIGN")]
    pub designs: Vec<String>,
    /// A tiny scenario to prove on, built in or a script; all of them unless named
    #[arg(long = "scenario", value_name = "NAME|SCRIPT")]
    pub scenarios: Vec<String>,
    /// loom's bound on preemptions, or 'unbounded'; unless given, each scenario has its own
    #[arg(long, value_name = "N", value_parser = values::loom_bound)]
    pub preemptions: Option<values::LoomBound>,
    /// How many proofs to run at a time; all processors unless given
    #[arg(long, value_name = "J", value_parser = values::jobs)]
    pub jobs: Option<usize>,
    /// Stop after this many seconds; what is not decided by then is no pass
    #[arg(long, value_name = "SECONDS", value_parser = values::budget)]
    pub budget: Option<Duration>,
}

/// One design on one scenario.
struct Proof<'s> {
    design: Option<&'static dyn Design>,
    scenario: &'s Scenario,
    preemptions: Option<usize>,
}

/// What came of it.
struct Proved {
    explored: Explored,
    seconds: f64,
}

/// Proves.
///
/// # Errors
/// An unknown design, or a panic that is no finding.
pub fn run(args: &Args, format: Format) -> Result<Exit, Error> {
    let scenarios = find_scenarios(&args.scenarios)?;
    let proofs = select(args, &scenarios)?;
    let limits = Limits {
        clock: Stopwatch::start(),
        budget: args.budget,
        interrupt: Interrupt::install().map_err(|e| Error::output(&e))?,
    };
    let proved = quiet(|| carry_out(&proofs, args.jobs.unwrap_or_else(processors), &limits))?;
    let mut verdicts = Vec::new();
    let mut notes = String::new();
    for (proof, proved) in proofs.iter().zip(&proved) {
        verdicts.extend(proof.verdicts(proved)?);
        notes += &proof.note(proved);
    }
    let mut out = Output::new();
    match format {
        Format::Json => out.text(&lines(&verdicts))?,
        Format::Ktap => out.text(&ktap::verdicts(&verdicts))?,
        Format::Text => {
            out.text(&table(&verdicts).render(Paint::Ansi))?;
            out.text(&format!("\n{notes}\n{CAVEAT}"))?;
        }
    }
    Ok(exit(&verdicts))
}

const CAVEAT: &str = "\
Evidence, not proof: loom misses interleavings even when it completes (its issues 166 and 392). It
explores no failing trylock and no sleeping reader, and gives the worker a fixed number of tries.
`ttysim check` explores everything, under sequential consistency.
";

fn select<'s>(args: &Args, scenarios: &'s [Scenario]) -> Result<Vec<Proof<'s>>, Error> {
    let designs = find_designs(&args.designs)?;
    let pipeline = args.designs.is_empty().then_some(None);
    let judged: Vec<_> = pipeline.into_iter().chain(designs.into_iter().map(Some)).collect();
    let proofs = judged.into_iter().flat_map(|design| {
        scenarios
            .iter()
            .filter(move |s| s.size == Size::Tiny && !sleeps(s))
            .filter(move |s| design.is_none() || s.judges == For::Everyone)
            .map(move |scenario| Proof {
                design,
                scenario,
                preemptions: match args.preemptions {
                    Some(values::LoomBound(bound)) => bound,
                    None => scenario.loom_preemptions(),
                },
            })
    });
    let proofs: Vec<_> = proofs.collect();
    if proofs.is_empty() {
        let what =
            "no scenario named is for loom: it needs a tiny geometry, and for a design a peek";
        return Err(Error::usage(what));
    }
    Ok(proofs)
}

/// Whether somebody may sleep for ever: to loom that is a mistake of the program.
fn sleeps(scenario: &Scenario) -> bool {
    let waits = |line: &Line| matches!(line.op, Op::Read { wait: true, .. });
    scenario.script().is_ok_and(|script| script.lines().any(waits))
}

fn carry_out(proofs: &[Proof], jobs: usize, limits: &Limits) -> Result<Vec<Proved>, Error> {
    let progress = Mutex::new((0, Progress::new(proofs.len() as u64)));
    let results = parallel_map(jobs, proofs, |_, proof| {
        let clock = Stopwatch::start();
        let result = proof.explore(limits);
        let mut progress = progress.lock().unwrap_or_else(PoisonError::into_inner);
        progress.0 += 1;
        let done = progress.0;
        progress.1.update(done, &proof.scenario.name);
        result.map(|explored| Proved { explored, seconds: clock.seconds() })
    });
    results.into_iter().collect()
}

impl Proof<'_> {
    fn design_name(&self) -> &'static str {
        self.design.map_or(PIPELINE, Design::name)
    }

    fn explore(&self, limits: &Limits) -> Result<Explored, Error> {
        let script = self.scenario.script()?;
        let setup = Setup { rt: Runtime::Loom, design: self.design };
        let bounds = Bounds { preemptions: self.preemptions, executions: EXECUTIONS };
        let limits = limits.clone();
        Ok(explore_until(
            bounds,
            move || limits.reached(),
            move || {
                run_script(setup, &script);
            },
        ))
    }

    fn verdicts(&self, proved: &Proved) -> Result<Vec<Verdict>, Error> {
        let explored = &proved.explored;
        if let Some(message) = &explored.panicked {
            let (scenario, design) = (&self.scenario.name, self.design_name());
            let what = format!("loom panicked on {scenario} with {design}: {message}");
            return Err(Error::new(ErrorKind::Exhausted, what));
        }
        let status = |property| match &explored.violation {
            Some(v) if v.property == property => Status::Violated,
            None if explored.completed => Status::Holds,
            _ => Status::Exhausted,
        };
        let verdict = |property: Property| Verdict {
            v: Version,
            design: self.design_name().to_owned(),
            scenario: self.scenario.name.to_string(),
            property: property.id().to_owned(),
            status: status(property),
            exhaustive: false,
            runtime: "loom".to_owned(),
            memory: "c11".to_owned(),
            policy: self.bound(),
            executions: explored.executions,
            seconds: proved.seconds,
            distinct: None,
            finding: None,
            counterexample: None,
            minimised: None,
        };
        Ok(Property::CHECKED.into_iter().map(verdict).collect())
    }

    fn bound(&self) -> String {
        self.preemptions.map_or_else(|| "unbounded".to_owned(), |n| format!("preemptions:{n}"))
    }

    /// `loom: exclusive-2016 on append, preemptions:2: 34 executions in 0.01 s, C1 gap: ...`
    fn note(&self, proved: &Proved) -> String {
        let explored = &proved.explored;
        let end = match &explored.violation {
            Some(violation) => violation.to_string(),
            None if explored.completed => "completed, nothing found".to_owned(),
            None => "cut short: no verdict".to_owned(),
        };
        format!(
            "loom: {} on {}, {}: {} executions in {} s, {end}\n",
            self.design_name(),
            self.scenario.name,
            self.bound(),
            explored.executions,
            proved.seconds
        )
    }
}
