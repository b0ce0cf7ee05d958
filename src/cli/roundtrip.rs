// SPDX-License-Identifier: GPL-2.0-only
//! `ttysim roundtrip`: C6 on many scripts made up.
//!
//! Data flow: numbers -> [`pairs::pair`] -> [`pairs::judge`] on several OS threads, in lots -> the
//! first difference in the order of the numbers, made smaller, or none. The same command gives the
//! same answer, however many threads it has.

use super::input::find_designs;
use super::judging::processors;
use super::output::Output;
use super::progress::{Progress, Stopwatch};
use super::values::{self, Format};
use crate::checkpoint::Design;
use crate::error::{Error, ErrorKind, Exit};
use crate::report::json::{Record, RoundTrip, Told, Version};
use crate::report::ktap::{Outcome, Test, document};
use crate::script::Script;
use crate::sync::Interrupt;
use crate::sync::pool::parallel_map;
use crate::verify::pairs::{self, Judged};
use crate::verify::round_trip::Difference;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What `roundtrip` can be told.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The designs to judge; opaque-state unless named
    #[arg(value_name = "DESIGN", default_value = "opaque-state")]
    pub designs: Vec<String>,
    /// How many scripts to make up, each cut in two by a checkpoint and a restore
    #[arg(long, value_name = "N", default_value = "10000", value_parser = values::positive)]
    pub pairs: u64,
    /// The seed they are made up from
    #[arg(long, value_name = "S", default_value = "1", value_parser = values::count)]
    pub seed: u64,
    /// Go on from pair number N of the seed
    #[arg(long, value_name = "N", default_value = "0", value_parser = values::count)]
    pub first: u64,
    /// The most operations of a script
    #[arg(long, value_name = "N", default_value = "40", value_parser = values::positive)]
    pub ops: u64,
    /// How many scripts are run at a time; all processors unless given
    #[arg(long, value_name = "J", value_parser = values::jobs)]
    pub jobs: Option<usize>,
    /// Stop after this many seconds; what was not run by then is no pass
    #[arg(long, value_name = "SECONDS", value_parser = values::budget)]
    pub budget: Option<Duration>,
    /// Save the script of a difference in DIR
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
}

/// How many pairs are handed out at a time: between two such lots, progress is shown.
const LOT: u64 = 256;

/// What came of one design's pairs.
struct Done {
    design: &'static dyn Design,
    pairs: u64,
    nothing: u64,
    stuck: u64,
    /// The number of the first that differs, what it was made into, and how it differs.
    difference: Option<(u64, Script, Difference)>,
    seconds: f64,
}

/// Runs them.
///
/// # Errors
/// An unknown design; a model that broke down; a script that cannot be saved.
pub fn run(args: &Args, format: Format) -> Result<Exit, Error> {
    let designs = find_designs(&args.designs)?;
    let interrupt = Interrupt::install().map_err(|e| Error::output(&e))?;
    let clock = Stopwatch::start();
    let stop = || interrupt.requested() || clock.is_over(args.budget);
    let mut done = Vec::new();
    for design in designs {
        done.push(one(design, args, &stop)?);
    }
    let mut out = Output::new();
    let mut tests = Vec::new();
    for done in &done {
        let file = done.save(args)?;
        match format {
            Format::Json => out.line(&Record::RoundTrip(done.record(args, file)).line())?,
            Format::Text => out.text(&done.text(args, file.as_deref()))?,
            Format::Ktap => tests.push(done.test(args)),
        }
    }
    if format == Format::Ktap {
        out.text(&document(&[Test::group("roundtrip", tests)]))?;
    }
    let found = done.iter().any(|d| d.difference.is_some());
    let short = done.iter().any(|d| d.pairs < args.pairs);
    Ok(match (found, short) {
        (true, _) => Exit::Found,
        (false, true) => Exit::Exhausted,
        (false, false) => Exit::Clean,
    })
}

/// The pairs of `design`, up to the first that differs.
fn one(design: &'static dyn Design, args: &Args, stop: &dyn Fn() -> bool) -> Result<Done, Error> {
    let clock = Stopwatch::start();
    let ops = usize::try_from(args.ops).unwrap_or(usize::MAX);
    let jobs = args.jobs.unwrap_or_else(processors);
    let mut progress = Progress::new(args.pairs);
    let mut done = Done { design, pairs: 0, nothing: 0, stuck: 0, difference: None, seconds: 0.0 };
    while done.pairs < args.pairs && done.difference.is_none() && !stop() {
        let from = args.first.saturating_add(done.pairs);
        let numbers: Vec<u64> = (from..).take(to_usize(LOT.min(args.pairs - done.pairs))).collect();
        let judged = parallel_map(jobs, &numbers, |_, &number| {
            let script = pairs::pair(args.seed, number, ops);
            pairs::judge(design, &script).map_err(|why| broken(design, number, &why))
        });
        for (number, judged) in numbers.into_iter().zip(judged) {
            done.pairs += 1;
            match judged? {
                Judged::Same => {}
                Judged::NothingToKeep => done.nothing += 1,
                Judged::WasStuck => done.stuck += 1,
                Judged::Differs(difference) => {
                    progress.update(done.pairs, "making the difference smaller");
                    let script = pairs::smaller(design, &pairs::pair(args.seed, number, ops));
                    let difference = match pairs::judge(design, &script) {
                        Ok(Judged::Differs(smaller)) => smaller,
                        _ => difference,
                    };
                    done.difference = Some((number, script, difference));
                    break;
                }
            }
        }
        progress.update(done.pairs, design.name());
    }
    done.seconds = clock.seconds();
    Ok(done)
}

fn to_usize(n: u64) -> usize {
    usize::try_from(n).unwrap_or(usize::MAX)
}

fn broken(design: &dyn Design, number: u64, why: &str) -> Error {
    let what = format!("{} on pair {number}: {why}", design.name());
    Error::new(ErrorKind::Exhausted, what)
        .help("there is no verdict; please report this with the command line")
}

impl Done {
    fn save(&self, args: &Args) -> Result<Option<String>, Error> {
        let (Some((number, script, _)), Some(dir)) = (&self.difference, args.out.as_deref()) else {
            return Ok(None);
        };
        let path = dir.join(format!("{}-pair-{}-{number}.tty", self.design.name(), args.seed));
        write(&path, &script.to_string())?;
        Ok(Some(path.display().to_string()))
    }

    fn record(&self, args: &Args, file: Option<String>) -> RoundTrip {
        RoundTrip {
            v: Version,
            design: self.design.name().to_owned(),
            seed: args.seed,
            pairs: self.pairs,
            nothing_to_keep: self.nothing,
            stuck: self.stuck,
            told: self.difference.as_ref().map(|(number, script, difference)| Told {
                number: *number,
                script: script.to_string(),
                what: difference.what.clone(),
                original: difference.original.clone(),
                restored: difference.restored.clone(),
            }),
            file,
            seconds: self.seconds,
        }
    }

    fn text(&self, args: &Args, file: Option<&str>) -> String {
        let (name, pairs, nothing) = (self.design.name(), self.pairs, self.nothing);
        let mut text = format!("{name}: {pairs} pairs in {} s, ", self.seconds);
        let Some((number, script, difference)) = &self.difference else {
            text += &format!("no difference; {nothing} of them had nothing to keep\n");
            if self.stuck > 0 {
                let n = self.stuck;
                text += &format!(
                    "{n} more began with characters in a chain, room for them, and no work queued \
                     (museum W4):\none run of the work changes the original as much\n"
                );
            }
            if pairs < args.pairs {
                text += "Stopped early: this is no pass.\n";
            }
            return text;
        };
        text += &format!("number {number} differs:\n{script}  {difference}\n");
        text += &match file {
            Some(file) => format!("  ttysim run {file} --design {name}\n"),
            None => "  Add --out DIR to save the script.\n".to_owned(),
        };
        text
    }

    fn test(&self, args: &Args) -> Test {
        let outcome = match (&self.difference, self.pairs < args.pairs) {
            (Some(_), _) => Outcome::NotOk,
            (None, true) => Outcome::Skip("stopped early".to_owned()),
            (None, false) => Outcome::Ok,
        };
        Test::one(self.design.name(), outcome).note(&self.text(args, None))
    }
}

fn write(path: &Path, text: &str) -> Result<(), Error> {
    path.parent()
        .map_or(Ok(()), fs::create_dir_all)
        .and_then(|()| fs::write(path, text))
        .map_err(|e| Error::file("write", path, &e))
}
