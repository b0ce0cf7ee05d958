// SPDX-License-Identifier: GPL-2.0-only
//! `ttysim merge`: the JSON of several shards of `check`, put together.
//!
//! Data flow: files -> lines -> [`Record`]s -> one verdict a question -> a table or JSON. A shard
//! ends with a line that says which it was and how many verdicts it had; where such lines exist, a
//! missing or cut shard is noticed and never counts as a pass.

use super::input::{name_of, read_at_most};
use super::output::Output;
use super::values::{Format, Shard};
use crate::error::{Error, ErrorKind, Exit, Place, visible};
use crate::report::json::{Record, ShardEnd, Status, Verdict};
use crate::report::{Paint, ktap, verdicts};
use crate::script::parse::utf8;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// The most bytes of one file.
const MAX_FILE: u64 = 1 << 28;

/// What `merge` can be told.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// What the shards of `check --format json` wrote; - is standard input
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<PathBuf>,
}

/// Merges.
///
/// # Errors
/// A file that cannot be read or holds something else, or a shard that is there twice.
pub fn run(args: &Args, format: Format) -> Result<Exit, Error> {
    let mut parts = Parts::default();
    for path in &args.files {
        let bytes = read_at_most(path, MAX_FILE)?;
        let file = name_of(path);
        parts.file(&file, utf8(&bytes, &file)?)?;
    }
    let merged = verdicts::merge(&parts.verdicts);
    let Some(worst) = verdicts::worst(&merged) else {
        return Err(Error::new(ErrorKind::File, "there is no verdict in these files")
            .help("name the files that `ttysim check --format json` wrote"));
    };
    let mut out = Output::new();
    match format {
        Format::Text => out.text(&verdicts::table(&merged).render(Paint::Ansi))?,
        Format::Ktap => out.text(&ktap::verdicts(&merged))?,
        Format::Json => {
            for verdict in merged {
                out.line(&Record::Verdict(Box::new(verdict)).line())?;
            }
        }
    }
    conclude(worst, parts.incomplete())
}

/// How the process ends. A violation stands whatever is missing; without one, what is missing
/// leaves everything open.
fn conclude(worst: Status, incomplete: Option<Error>) -> Result<Exit, Error> {
    match (worst, incomplete) {
        (Status::Violated, _) => Ok(Exit::Found),
        (_, Some(error)) => Err(error),
        (Status::Exhausted, None) => Ok(Exit::Exhausted),
        (Status::Holds, None) => Ok(Exit::Clean),
    }
}

/// What the files held.
#[derive(Default)]
struct Parts {
    verdicts: Vec<Verdict>,
    /// The shards that are complete, and which file they came from.
    shards: BTreeMap<u32, String>,
    /// How many shards there should be, by the first that said so.
    of: Option<u32>,
    /// A file with verdicts that no shard line counts.
    uncounted: Option<String>,
}

impl Parts {
    fn file(&mut self, file: &str, text: &str) -> Result<(), Error> {
        let mut since = 0;
        for (i, line) in text.lines().enumerate().filter(|(_, l)| !l.trim().is_empty()) {
            let wrong = |column: u32, message: String| {
                Error::syntax(
                    Place {
                        file: file.to_owned(),
                        line: u32::try_from(i).unwrap_or(u32::MAX).saturating_add(1),
                        column: column.max(1),
                        width: 1,
                        text: line.to_owned(),
                    },
                    message,
                )
                .help("it must be what `ttysim check --format json` wrote, complete")
            };
            match Record::parse(line).map_err(|(message, column)| wrong(column, message))? {
                Record::Verdict(verdict) => {
                    self.verdicts.push(*verdict);
                    since += 1;
                }
                Record::Shard(end) => {
                    self.shard(file, &end, since).map_err(|message| wrong(1, message))?;
                    since = 0;
                }
                // A whole check's; it speaks of a design and not of an exploration.
                Record::Hold(_) => {}
                Record::Unit(_)
                | Record::Op(_)
                | Record::Run(_)
                | Record::Replay(_)
                | Record::Exhibit(_)
                | Record::Fix(_)
                | Record::Difference(_)
                | Record::Summary(_)
                | Record::Checked(_)
                | Record::Image(_)
                | Record::Mutant(_)
                | Record::RoundTrip(_) => {
                    return Err(wrong(1, "this line is no verdict".to_owned()));
                }
            }
        }
        if since > 0 && self.uncounted.is_none() {
            self.uncounted = Some(file.to_owned());
        }
        Ok(())
    }

    /// Notes the end of a shard, before which stood `since` verdicts.
    fn shard(&mut self, file: &str, end: &ShardEnd, since: u64) -> Result<(), String> {
        let of = *self.of.get_or_insert(end.of);
        if end.shard == 0 || end.shard > end.of || end.of > Shard::MOST {
            return Err(format!("there is no shard {}/{}", end.shard, end.of));
        }
        if of != end.of {
            return Err(format!("this is a shard of {}, an earlier one was of {of}", end.of));
        }
        if end.verdicts != since {
            return Err(format!("this shard had {} verdicts, here are {since}", end.verdicts));
        }
        match self.shards.insert(end.shard, file.to_owned()) {
            Some(other) => Err(format!("shard {}/{of} is in {other} already", end.shard)),
            None => Ok(()),
        }
    }

    /// What keeps the whole from being complete, if anything does.
    fn incomplete(&self) -> Option<Error> {
        let of = self.of?;
        if let Some(file) = &self.uncounted {
            let what =
                format!("{} is cut short: no shard ends behind its last verdicts", visible(file));
            return Some(Error::new(ErrorKind::Exhausted, what).help("run that shard again"));
        }
        let absent = |index: &u32| !self.shards.contains_key(index);
        let missing: Vec<u32> = (1..=of).filter(absent).collect();
        let index = *missing.first()?;
        let (n, first) = (missing.len(), Shard { index, of });
        let what = format!("{n} of {of} shards are missing, the first is {first}");
        let help = format!("run `ttysim check --format json --shard {first}`, and merge again");
        Some(Error::new(ErrorKind::Exhausted, what).help(help))
    }
}
