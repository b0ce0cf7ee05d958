// SPDX-License-Identifier: GPL-2.0-only
//! `ttysim check`: designs judged on the built-in scenarios, one verdict a property.

use super::input::find_designs;
use super::not_built;
use super::values::{self, Format, Shard};
use crate::error::{Error, Exit};
use crate::sync::Runtime;
use crate::sync::seeded::Memory;
use crate::verify::judge::Strategy;
use std::path::PathBuf;
use std::time::Duration;

/// What `check` can be told.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The designs to judge; all of them if none is named
    #[arg(value_name = "DESIGN")]
    pub designs: Vec<String>,
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
    /// The memory models to judge under: sc
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

/// Judges.
///
/// # Errors
/// An unknown design.
pub fn run(args: &Args, _format: Format) -> Result<Exit, Error> {
    find_designs(&args.designs)?;
    Err(not_built("check"))
}
