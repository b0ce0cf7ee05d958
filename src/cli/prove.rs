// SPDX-License-Identifier: GPL-2.0-only
//! `ttysim prove`: the loom proofs, with executions, seconds and bounds.

use super::input::find_designs;
use super::not_built;
use super::values::{self, Format};
use crate::error::{Error, Exit};
use std::time::Duration;

/// What `prove` can be told.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The designs to prove; all of them if none is named
    #[arg(value_name = "DESIGN")]
    pub designs: Vec<String>,
    /// loom's bound on preemptions; none unless given
    #[arg(long, value_name = "N", value_parser = values::count)]
    pub preemptions: Option<u64>,
    /// How many proofs to run at a time; all processors unless given
    #[arg(long, value_name = "J", value_parser = values::jobs)]
    pub jobs: Option<usize>,
    /// Stop each proof after this many seconds; what is not decided by then is no pass
    #[arg(long, value_name = "SECONDS", value_parser = values::budget)]
    pub budget: Option<Duration>,
}

/// Proves.
///
/// # Errors
/// An unknown design.
pub fn run(args: &Args, _format: Format) -> Result<Exit, Error> {
    find_designs(&args.designs)?;
    Err(not_built("prove"))
}
