// SPDX-License-Identifier: GPL-2.0-only
//! `ttysim replay`: a saved schedule, step by step.

use super::input::{design_names, find_design, name_of, read};
use super::output::Output;
use super::run::runnable;
use super::values::{self, Format};
use crate::error::{Error, ErrorKind, Exit};
use crate::report::Columns;
use crate::report::json::{Record, Replay, Version};
use crate::report::trace::steps;
use crate::run::thread_names;
use crate::script::{Context, Saved};
use crate::sync::seeded::{Config, End, Execution, Found};
use crate::verify::check::body;
use crate::verify::judge;
use std::path::PathBuf;
use std::sync::Arc;

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

/// Replays the schedule. The exit status is that of a finding if it reproduces one.
///
/// # Errors
/// A file that cannot be read, is no saved schedule, or does not fit its script any more.
pub fn run(args: &Args, format: Format) -> Result<Exit, Error> {
    let (file, designs) = (name_of(&args.file), design_names());
    let saved = Saved::parse(&read(&args.file)?, &Context::file(&file).designs(&designs))?;
    runnable(&saved.script, &file)?;
    let execution = replayed(&saved)?;
    let found = execution
        .found
        .iter()
        .find(|f| f.violation.property == saved.property && f.violation.code == saved.code);
    let reproduced = found.is_some() && execution.hash == saved.trace_hash;
    let report = match format {
        Format::Json => json(&saved, &execution, reproduced),
        Format::Text => text(args, &saved, &execution, found, reproduced),
    };
    Output::new().text(&report)?;
    Ok(if found.is_some() { Exit::Found } else { Exit::Clean })
}

/// Runs the schedule.
fn replayed(saved: &Saved) -> Result<Execution, Error> {
    let design = saved.design.as_deref().map(find_design).transpose()?;
    let script = Arc::new(saved.script.clone());
    let choices = saved.schedule.slots(&thread_names(&script))?;
    let config = Config { memory: saved.memory, record: true, ..Config::default() };
    let (execution, used) = judge::replay(config, &choices, &body(design, &script));
    if execution.end == End::Diverged || used < choices.len() && execution.end == End::Completed {
        let what = format!(
            "the schedule does not fit: after {} of its {} steps the run took another way",
            used.min(choices.len()),
            choices.len()
        );
        return Err(Error::new(ErrorKind::Diverged, what)
            .help("the model, the design or the script has changed since; run `check` again"));
    }
    Ok(execution)
}

fn json(saved: &Saved, execution: &Execution, reproduced: bool) -> String {
    let record = Replay {
        v: Version,
        reproduced,
        property: saved.property.id().to_owned(),
        trace_hash: format!("{:016x}", execution.hash),
    };
    Record::Replay(record).line() + "\n"
}

fn text(
    args: &Args,
    saved: &Saved,
    execution: &Execution,
    found: Option<&Found>,
    reproduced: bool,
) -> String {
    let design = saved.design.as_deref().unwrap_or("nobody peeks");
    let mut text =
        format!("{design}, scenario {}, memory {}\n\n", saved.scenario, saved.memory.name());
    text += &saved.script.to_string();
    text.push('\n');
    match found {
        Some(found) => {
            let columns = Columns {
                threads: &execution.threads,
                steps: &steps(execution),
                violation: &found.violation,
            };
            text += &columns.render(args.width);
        }
        None => text += "This schedule breaks nothing any more.\n",
    }
    if found.is_some() && !reproduced {
        text += "\nThe same property breaks, but not by the same trace as was recorded.\n";
    }
    text
}
