// SPDX-License-Identifier: GPL-2.0-only
//! `ttysim replay`: a saved schedule, step by step.

use super::input::{design_names, name_of, read};
use super::not_built;
use super::values::{self, Format};
use crate::error::{Error, Exit};
use crate::script::{Context, Saved};
use std::path::PathBuf;

/// What `replay` can be told.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The saved schedule; - is standard input
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// How wide the drawing may be; 72 fits a commit message
    #[arg(long, value_name = "N", default_value = "100", value_parser = values::width)]
    pub width: usize,
}

/// Replays the schedule.
///
/// # Errors
/// A file that cannot be read, or is no saved schedule.
pub fn run(args: &Args, _format: Format) -> Result<Exit, Error> {
    let (file, designs) = (name_of(&args.file), design_names());
    let _saved = Saved::parse(&read(&args.file)?, &Context::file(&file).designs(&designs))?;
    Err(not_built("replay"))
}
