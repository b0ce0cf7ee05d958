// SPDX-License-Identifier: GPL-2.0-only
//! `ttysim run`: one script, one record an operation.

use super::input::{design_names, find_design, name_of, read};
use super::not_built;
use super::values::{self, Format, On};
use crate::error::{Error, Exit};
use crate::script::{Context, parse_bytes};
use std::path::PathBuf;

/// What `run` can be told.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The script; - is standard input
    #[arg(value_name = "SCRIPT")]
    pub script: PathBuf,
    /// What to run it on; several with commas
    #[arg(long, value_name = "ON", value_enum, default_value = "model", value_delimiter = ',')]
    pub on: Vec<On>,
    /// The seed that chooses the schedule of thread blocks
    #[arg(long, value_name = "S", default_value = "1", value_parser = values::count)]
    pub seed: u64,
    /// The design that `checkpoint this` means; unless given, such lines do nothing
    #[arg(long, value_name = "DESIGN")]
    pub design: Option<String>,
}

/// Runs the script.
///
/// # Errors
/// A script that cannot be read, or is wrong; an unknown design.
pub fn run(args: &Args, _format: Format) -> Result<Exit, Error> {
    args.design.as_deref().map(find_design).transpose()?;
    let (file, designs) = (name_of(&args.script), design_names());
    let _script = parse_bytes(&read(&args.script)?, &Context::file(&file).designs(&designs))?;
    Err(not_built("run"))
}
