// SPDX-License-Identifier: GPL-2.0-only
//! What model and kernel make of a script, against what it expects.
//!
//! # Data flow
//! Path -> text -> [`Script`] -> [`on_model`] and [`kernel::run`] -> a [`Row`] for every line that is
//! not as it must be. A row that the kernel is to blame for counts once the kernel had more time,
//! twice: its worker may come late on a busy machine.
//!
//! # Invariants
//! A script without an `expect`, one that falls under a rule of what races, and one that no pty
//! could run are failures, whether or not this machine has ptys.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread::available_parallelism;
use std::time::Duration;
use ttysim::compare::rules::excluded;
use ttysim::compare::{Answer, Comparison, answers, on_model};
use ttysim::error::Error;
use ttysim::kernel::{self, Patience};
use ttysim::run::{Outcome, meets, unsupported};
use ttysim::script::{Context, Expect, Line, Op, Script, parse, parse_bytes};
use ttysim::sync::pool::parallel_map;

/// How long the kernel gets: each one's verdict stands only if it is good, the last one's always.
const PATIENCE: [Patience; 3] = [
    Patience::QUICK,
    Patience::SLOW,
    Patience { looks: 8, pause: Duration::from_millis(10), ..Patience::SLOW },
];

/// What this machine's ptys can be used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ptys {
    /// Nothing: there are none.
    None,
    /// All but `TIOCSTI`, which this kernel allows to the privileged only.
    NoSti,
    /// Everything.
    All,
}

impl Ptys {
    /// Those of this machine.
    pub(crate) fn of_this_machine() -> Self {
        if kernel::available().is_err() {
            return Self::None;
        }
        let probe = parse("sti slave \"a\"", &Context::file("probe")).unwrap();
        let done = kernel::run(&probe, &Patience::QUICK).unwrap();
        match done.results.first().map(|r| &r.outcome) {
            Some(Outcome::Number(0)) => Self::All,
            _ => Self::NoSti,
        }
    }

    /// Whether `script` can run on them.
    fn run(self, script: &Script) -> bool {
        match self {
            Self::None => false,
            Self::NoSti => !script.lines().any(|l| matches!(l.op, Op::Sti { .. })),
            Self::All => true,
        }
    }
}

/// A line that is not as it must be. `None`: the side did not come that far, or did not run.
#[derive(Debug)]
pub(crate) struct Row {
    /// The line.
    pub(crate) line: Line,
    /// The model's answer.
    pub(crate) model: Option<Answer>,
    /// The kernel's.
    pub(crate) kernel: Option<Answer>,
    /// Whether the script ran on the kernel.
    pub(crate) on_kernel: bool,
}

impl Row {
    fn met_by(&self, answer: Option<&Answer>) -> bool {
        match (&self.line.expect, answer) {
            (Some(expect), Some(Answer::Outcome(outcome))) => meets(expect, outcome),
            (Some(_), _) => false,
            (None, Some(Answer::Broken(_)) | None) => false,
            (None, Some(_)) => true,
        }
    }

    fn agreed(&self) -> bool {
        let side = |answer: &Option<Answer>| answer.clone().into_iter().collect();
        let sides = Comparison { model: side(&self.model), kernel: side(&self.kernel) };
        sides.first_difference().is_none()
    }

    /// Whether this is as it must be.
    fn good(&self) -> bool {
        self.met_by(self.model.as_ref())
            && (!self.on_kernel || self.met_by(self.kernel.as_ref()) && self.agreed())
    }

    /// Whether a kernel with more time might make it good, or make it worse.
    fn is_the_kernels(&self) -> bool {
        let certain = self.line.expect.is_some() && self.met_by(self.kernel.as_ref());
        self.on_kernel && !self.good() && !certain
    }
}

/// Why a script fails.
#[derive(Debug)]
pub(crate) enum Fault {
    /// It cannot be read, or no pty could run it.
    Unusable(String),
    /// It expects nothing.
    ExpectsNothing,
    /// It has more than one answer: the name of the rule and the reason.
    Races(&'static str, &'static str),
    /// These lines are not as they must be.
    Lines(Vec<Row>),
}

/// What came of all scripts.
#[derive(Debug, Default)]
pub(crate) struct Report {
    /// How many there were.
    pub(crate) scripts: usize,
    /// How many of them ran on the kernel.
    pub(crate) on_kernel: usize,
    /// Those that fail, each by its path below the scripts' home.
    pub(crate) failures: Vec<(String, Fault)>,
}

/// Judges the scripts at `paths`, which are below `home`.
pub(crate) fn judge_all(home: &Path, paths: &[PathBuf], ptys: Ptys) -> Report {
    let jobs = available_parallelism().map_or(1, usize::from);
    let verdicts = parallel_map(jobs, paths, |_, path| judge(path, ptys));
    let mut report = Report { scripts: paths.len(), ..Report::default() };
    for (path, (ran, fault)) in paths.iter().zip(verdicts) {
        report.on_kernel += usize::from(ran);
        let name = path.strip_prefix(home).unwrap_or(path).display().to_string();
        report.failures.extend(fault.map(|fault| (name, fault)));
    }
    report
}

/// Whether the script at `path` ran on the kernel, and why it fails.
fn judge(path: &Path, ptys: Ptys) -> (bool, Option<Fault>) {
    match usable(path) {
        Err(fault) => (false, Some(fault)),
        Ok(script) => match rows(&script, ptys) {
            Err(e) => (false, Some(Fault::Unusable(e.to_string()))),
            Ok(rows) => {
                let bad = !rows.is_empty();
                (ptys.run(&script), bad.then_some(Fault::Lines(rows)))
            }
        },
    }
}

/// The script at `path`, if it is one for this suite.
fn usable(path: &Path) -> Result<Script, Fault> {
    let name = path.display().to_string();
    let bytes = fs::read(path).map_err(|e| Fault::Unusable(e.to_string()))?;
    let script =
        parse_bytes(&bytes, &Context::file(&name)).map_err(|e| Fault::Unusable(e.to_string()))?;
    if let Some((line, why)) = unsupported(&script) {
        return Err(Fault::Unusable(format!("line {}: {why}", line.line_no.0)));
    }
    // Before the next, which would call threads unusable on a pty and hide the reason.
    if let Some(rule) = excluded(&script) {
        return Err(Fault::Races(rule.name, rule.why));
    }
    if let Some((line, why)) = kernel::unsupported(&script) {
        return Err(Fault::Unusable(format!("line {line}: {why}")));
    }
    if script.lines().all(|l| l.expect.is_none()) {
        return Err(Fault::ExpectsNothing);
    }
    Ok(script)
}

/// The lines of `script` that are not as they must be.
fn rows(script: &Script, ptys: Ptys) -> Result<Vec<Row>, Error> {
    let model = on_model(script);
    if !ptys.run(script) {
        return Ok(bad_rows(script, &model, None));
    }
    let mut bad = Vec::new();
    for patience in &PATIENCE {
        let kernel = answers(kernel::run(script, patience)?);
        bad = bad_rows(script, &model, Some(&kernel));
        if !bad.iter().any(Row::is_the_kernels) {
            break;
        }
    }
    Ok(bad)
}

fn bad_rows(script: &Script, model: &[Answer], kernel: Option<&[Answer]>) -> Vec<Row> {
    let row = |(i, line): (usize, &Line)| Row {
        line: line.clone(),
        model: model.get(i).cloned(),
        kernel: kernel.and_then(|k| k.get(i).cloned()),
        on_kernel: kernel.is_some(),
    };
    script.lines().enumerate().map(row).filter(|row| !row.good()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(expect: Option<u64>, model: Option<u64>, kernel: Option<u64>) -> Row {
        let script = parse("inq slave", &Context::file("test")).unwrap();
        let mut line = script.lines().next().unwrap().clone();
        line.expect = expect.map(Expect::Ret);
        let answer = |n: u64| Answer::Outcome(Outcome::Number(n));
        Row { line, model: model.map(answer), kernel: kernel.map(answer), on_kernel: true }
    }

    #[test]
    fn both_sides_must_meet_the_expectation_and_agree() {
        assert!(row(Some(1), Some(1), Some(1)).good());
        assert!(row(None, Some(1), Some(1)).good());
        assert!(!row(Some(1), Some(2), Some(1)).good());
        assert!(!row(Some(1), Some(1), Some(2)).good());
        assert!(!row(Some(1), Some(2), Some(2)).good());
        assert!(!row(None, Some(1), Some(2)).good());
    }

    #[test]
    fn a_line_that_was_never_reached_is_not_good() {
        assert!(!row(Some(1), None, None).good());
        assert!(!row(None, None, None).good());
        assert!(!row(None, Some(1), None).good());
        assert!(Row { on_kernel: false, ..row(Some(1), Some(1), None) }.good());
        assert!(!Row { on_kernel: false, ..row(Some(1), Some(2), None) }.good());
    }

    #[test]
    fn the_kernel_is_asked_again_unless_it_met_what_was_expected() {
        assert!(row(Some(1), Some(1), Some(2)).is_the_kernels());
        assert!(row(Some(1), Some(2), Some(2)).is_the_kernels());
        assert!(row(None, Some(1), Some(2)).is_the_kernels());
        assert!(!row(Some(1), Some(2), Some(1)).is_the_kernels());
        assert!(!row(Some(1), Some(1), Some(1)).is_the_kernels());
    }
}
