// SPDX-License-Identifier: GPL-2.0-only
//! `ttysim compare`: the same scripts on the model and on this machine's ptys.

use super::input::{design_names, name_of, read};
use super::judging::processors;
use super::output::Output;
use super::progress::{Progress, Stopwatch};
use super::run::runnable;
use super::values::{self, Format};
use crate::compare::batch::{Judged, Report, Verdict, generate_and_judge, judge};
use crate::compare::coverage::{Count, Coverage};
use crate::compare::rules::RULES;
use crate::compare::{Answer, Difference, on_model};
use crate::error::{Error, Exit};
use crate::kernel;
use crate::report::json::{self, Differs, Feature, Record, Summary, Version};
use crate::report::ktap::{Outcome, Test, document};
use crate::script::{Context, parse_bytes};
use crate::sync::Interrupt;
use std::fs;
use std::path::{Path, PathBuf};

/// What `compare` can be told.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Scripts to compare; - is standard input. Without any, scripts are generated
    #[arg(value_name = "SCRIPT")]
    pub scripts: Vec<PathBuf>,
    /// Generate N scripts; 1000 if no script is named
    #[arg(long, value_name = "N", value_parser = values::positive)]
    pub generate: Option<u64>,
    /// The seed they are generated from
    #[arg(long, value_name = "S", default_value = "1", value_parser = values::count)]
    pub seed: u64,
    /// Go on from script number N of the seed
    #[arg(long, value_name = "N", default_value = "0", value_parser = values::count)]
    pub first: u64,
    /// The most operations of a generated script
    #[arg(long, value_name = "N", default_value = "40", value_parser = values::positive)]
    pub ops: u64,
    /// How many scripts are run at a time; unless given, four for each processor: they mostly wait
    #[arg(long, value_name = "J", value_parser = values::jobs)]
    pub jobs: Option<usize>,
    /// Stop at the first difference
    #[arg(long)]
    pub until_difference: bool,
    /// Save each difference in DIR, as a script that expects the kernel's answers
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
}

/// How many scripts are generated if nothing is said.
const GENERATE: u64 = 1000;
/// How many scripts are handed out at a time: between two such lots, progress is shown.
const LOT: u64 = 512;
/// How many differences are made smaller: it takes a while.
const SMALLER: usize = 12;

/// Compares.
///
/// # Errors
/// That there are no ptys; a script that cannot be read, or is wrong, or that no pty can run; a
/// difference that cannot be saved.
pub fn run(args: &Args, format: Format) -> Result<Exit, Error> {
    kernel::available()?;
    let clock = Stopwatch::start();
    let mut out = Output::new();
    let mut report = Report::default();
    let mut told = 0;
    let mut tests = Vec::new();
    for path in &args.scripts {
        tests.push(one(path, &mut report)?);
        tell(&report, &mut told, args, format, &mut out)?;
    }
    let none = if args.scripts.is_empty() { GENERATE } else { 0 };
    let wanted = args.generate.unwrap_or(none);
    let interrupt = Interrupt::install().map_err(|e| Error::output(&e))?;
    let mut progress = Progress::new(wanted);
    let (mut next, end) = (args.first, args.first.saturating_add(wanted));
    let ops = usize::try_from(args.ops).unwrap_or(usize::MAX);
    let jobs = args.jobs.unwrap_or_else(|| 4 * processors());
    let lot = if args.until_difference { jobs as u64 } else { LOT };
    while next < end && !interrupt.requested() {
        if args.until_difference && !report.differences.is_empty() {
            break;
        }
        let lot = next..end.min(next.saturating_add(lot));
        next = lot.end;
        let smaller = report.differences.len() < SMALLER;
        for judged in generate_and_judge(args.seed, lot, ops, jobs, smaller)? {
            let name = format!("script {} of seed {}", judged.number, args.seed);
            tests.push(test(&name, &judged.verdict));
            report.add(judged);
        }
        if report.differences.len() > told {
            progress.clear();
            tell(&report, &mut told, args, format, &mut out)?;
        }
        progress.update(next - args.first, "comparing");
    }
    drop(progress);
    out.text(&match format {
        Format::Json => Record::Summary(summary(&report, &clock)).line() + "\n",
        Format::Ktap => document(&[Test::group("compare", tests)]),
        Format::Text => text(&report, &clock, wanted > 0),
    })?;
    Ok(if report.differences.is_empty() { Exit::Clean } else { Exit::Found })
}

/// Compares the script at `path`.
fn one(path: &Path, report: &mut Report) -> Result<Test, Error> {
    let (file, designs) = (name_of(path), design_names());
    let script = parse_bytes(&read(path)?, &Context::file(&file).designs(&designs))?;
    runnable(&script, &file)?;
    super::run::runnable_on_kernel(&script, &file)?;
    let model = on_model(&script);
    let verdict = judge(&script, &model, true)?;
    let test = test(&file, &verdict);
    report.add(Judged { number: report.scripts, script, model, verdict });
    Ok(test)
}

/// What came of one script. One that was not compared has no verdict.
fn test(name: &str, verdict: &Verdict) -> Test {
    match verdict {
        Verdict::Excluded(rule) => Test::one(name, Outcome::Skip(format!("not compared: {rule}"))),
        Verdict::Differs(difference) => {
            Test::one(name, Outcome::NotOk).note(&difference.side_by_side())
        }
        Verdict::Same => Test::one(name, Outcome::Ok),
        Verdict::Reordered => {
            Test::one(name, Outcome::Ok).note("agreed in another order of workers")
        }
        Verdict::Unsteady => Test::one(name, Outcome::Ok).note("agreed when given more time"),
    }
}

/// Reports the differences that have not been reported yet.
fn tell(
    report: &Report,
    told: &mut usize,
    args: &Args,
    format: Format,
    out: &mut Output,
) -> Result<(), Error> {
    for (number, difference) in report.differences.iter().skip(*told) {
        let saved = args.out.as_deref().map(|dir| save(difference, *number, args, dir));
        let saved = saved.transpose()?;
        *told += 1;
        out.text(&match format {
            Format::Json => Record::Difference(record(difference, *number, saved)).line() + "\n",
            Format::Ktap => String::new(),
            Format::Text => {
                let whence = match &saved {
                    Some(file) => format!("saved as {file}"),
                    None => "add --out DIR to save it".to_owned(),
                };
                let sides = difference.side_by_side();
                format!("difference {told}, script {number}, {whence}:\n{sides}\n")
            }
        })?;
    }
    Ok(())
}

fn save(difference: &Difference, number: u64, args: &Args, dir: &Path) -> Result<String, Error> {
    fs::create_dir_all(dir).map_err(|e| Error::file("make", dir, &e))?;
    let path = dir.join(format!("difference-{}-{number}.tty", args.seed));
    fs::write(&path, difference.to_script()).map_err(|e| Error::file("write", &path, &e))?;
    Ok(path.display().to_string())
}

fn record(difference: &Difference, number: u64, file: Option<String>) -> Differs {
    let words = |answers: &[Answer]| answers.get(difference.at).map(Answer::words);
    Differs {
        v: Version,
        script: difference.script.to_string(),
        number,
        at: difference.at as u64,
        op: difference.script.lines().nth(difference.at).map(|l| l.op.to_string()),
        model: words(&difference.sides.model),
        kernel: words(&difference.sides.kernel),
        file,
    }
}

fn summary(report: &Report, clock: &Stopwatch) -> Summary {
    let feature = |count: Count| Feature { on: count.on, off: count.off };
    let coverage = report.coverage.iter().map(|(n, c)| (n.to_owned(), feature(c))).collect();
    Summary {
        v: Version,
        scripts: report.scripts,
        operations: report.operations,
        differences: report.differences.len() as u64,
        unsteady: report.unsteady,
        reordered: report.reordered,
        excluded: report.excluded.iter().map(|(n, c)| ((*n).to_owned(), *c)).collect(),
        seconds: json::seconds(clock.seconds()),
        coverage,
    }
}

fn text(report: &Report, clock: &Stopwatch, generated: bool) -> String {
    let mut text = format!(
        "{} scripts with {} operations in {} s: {} differences",
        report.scripts,
        report.operations,
        clock.seconds(),
        report.differences.len()
    );
    text.push('\n');
    if report.unsteady > 0 {
        let n = report.unsteady;
        text += &format!("{n} of them agreed once the kernel was given more time\n");
    }
    if report.reordered > 0 {
        let n = report.reordered;
        text += &format!("{n} of them agreed in another order of the kernel's workers\n");
    }
    for rule in RULES {
        if let Some(n) = report.excluded.get(rule.name) {
            text += &format!("not compared, {n} scripts, {}: {}\n", rule.name, rule.why);
        }
    }
    if generated {
        text += &features(&report.coverage);
    }
    text
}

/// The coverage in columns, then what is missing from it.
fn features(coverage: &Coverage) -> String {
    let cell = |(name, count): (&str, Count)| match count.off {
        Some(off) => format!("{name} {}/{off}", count.on),
        None => format!("{name} {}", count.on),
    };
    let cells: Vec<String> = coverage.iter().map(cell).collect();
    let width = cells.iter().map(String::len).max().unwrap_or_default() + 2;
    let mut text = "exercised in so many scripts (switches: on/off):\n".to_owned();
    for row in cells.chunks((96 / width).max(1)) {
        let line: String = row.iter().map(|c| format!("{c:width$}")).collect();
        text += &format!("  {}\n", line.trim_end());
    }
    let missing = coverage.missing();
    if missing.is_empty() {
        return text + "nothing was left out\n";
    }
    text + &format!("NEVER EXERCISED: {}\n", missing.join(", "))
}
