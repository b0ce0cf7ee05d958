// SPDX-License-Identifier: GPL-2.0-only
//! `ttysim replay`: a saved schedule, step by step.
//!
//! Data flow: the file -> the run it describes, filmed -> the finding -> which two steps decide it
//! -> text, a mail's body, JSON, KTAP or a page. Nothing is searched for here: what was saved is shown.

use super::input::{design_names, find_design, name_of, read};
use super::output::Output;
use super::run::runnable;
use super::values::{self, Format};
use crate::error::{Error, ErrorKind, Exit};
use crate::report::html::{Timeline, page};
use crate::report::json::{Record, Replay, Version};
use crate::report::ktap::{Outcome, Test, document};
use crate::report::mail::{self, mail};
use crate::report::trace::{Drawing, Selection, Wanted, draw, select};
use crate::report::{Columns, rest};
use crate::run::{Film, Setup, note_unmet, run_filmed, thread_names};
use crate::script::{Context, Saved};
use crate::sync::seeded::{Config, End, Execution};
use crate::sync::{Runtime, mutation};
use crate::verify::check::body;
use crate::verify::decisive::decisive;
use crate::verify::judge;
use crate::verify::{Property, Violation};
use std::cell::RefCell;
use std::path::PathBuf;
use std::rc::Rc;
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
    /// Draw every step, those too that touch nothing another thread touches
    #[arg(long)]
    pub all: bool,
    /// Print the body of a mail: scenario, drawing in 72 columns, how to see it again
    #[arg(long, conflicts_with = "width")]
    pub mail: bool,
    /// Write a page to step through: lanes, locks, the flip chain and the read buffer
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
}

/// A replay, and all that is known about it.
pub(super) struct Replayed {
    pub(super) saved: Saved,
    pub(super) execution: Execution,
    pub(super) film: Film,
    pub(super) preemptions: usize,
    /// What was broken, if it broke again.
    pub(super) violation: Option<Violation>,
    /// The two steps whose order decides.
    pub(super) decisive: Option<(usize, usize)>,
}

/// Replays the schedule. The exit status is that of a finding if it reproduces one.
///
/// # Errors
/// A file that cannot be read, is no saved schedule, or does not fit its script any more.
pub fn run(args: &Args, format: Format) -> Result<Exit, Error> {
    let file = name_of(&args.file);
    let replayed = Replayed::new(load(&args.file)?, &file)?;
    let report = match (format, &replayed.violation) {
        (Format::Json, _) => replayed.json(),
        (Format::Ktap, _) => replayed.ktap(),
        (Format::Text, Some(violation)) if args.mail => {
            mail(&replayed.saved, &replayed.drawn(violation, args.all, mail::WIDTH))
        }
        (Format::Text, _) => replayed.text(args),
    };
    if let (Some(path), Some(violation)) = (&args.html, &replayed.violation) {
        let page = replayed.page(violation);
        std::fs::write(path, page).map_err(|e| Error::file("write", path, &e))?;
    }
    Output::new().text(&report)?;
    Ok(if replayed.violation.is_some() { Exit::Found } else { Exit::Clean })
}

/// The counterexample at `path`.
fn load(path: &std::path::Path) -> Result<Saved, Error> {
    let (file, designs) = (name_of(path), design_names());
    Saved::parse(&read(path)?, &Context::file(&file).designs(&designs))
}

impl Replayed {
    /// Runs what `saved`, of the file called `file`, describes.
    ///
    /// # Errors
    /// That the script cannot be run, or the schedule does not fit it.
    pub(super) fn new(saved: Saved, file: &str) -> Result<Self, Error> {
        runnable(&saved.script, file)?;
        let design = saved.design.as_deref().map(find_design).transpose()?;
        let script = Arc::new(saved.script.clone());
        let choices = saved.schedule.slots(&thread_names(&script))?;
        let config = Config { memory: saved.memory, record: true, ..Config::default() };
        let film = Rc::new(RefCell::new(Film::default()));
        let filmed = || {
            let setup = Setup { rt: Runtime::Seeded, design };
            note_unmet(setup, &run_filmed(setup, &script, &film));
        };
        let mutated = saved.mutants.clone();
        let replay = mutation::under(&mutated, || judge::replay(config, &choices, &filmed));
        let execution = replay.execution;
        if execution.end == End::Diverged
            || replay.used < choices.len() && execution.end == End::Completed
        {
            return Err(diverged(replay.used, choices.len()));
        }
        let same = |v: &Violation| v.property == saved.property && v.code == saved.code;
        let violation = execution.found.iter().map(|f| &f.violation).find(|v| same(v)).cloned();
        // A data race names its two sides itself.
        let wanted = violation.as_ref().filter(|v| v.accesses.is_empty());
        let decisive = mutation::under(&mutated, || {
            wanted.and_then(|v| decisive(config, &execution, v, &body(design, &script)))
        });
        let film = film.take();
        Ok(Self { saved, execution, film, preemptions: replay.preemptions, violation, decisive })
    }

    /// Whether it is the very execution that was recorded.
    fn reproduced(&self) -> bool {
        self.violation.is_some() && self.execution.hash == self.saved.trace_hash
    }

    pub(super) fn drawing(&self, violation: &Violation, all: bool) -> Drawing {
        draw(&self.execution, &Wanted { violation, decisive: self.decisive, all })
    }

    fn json(&self) -> String {
        let record = Replay {
            v: Version,
            reproduced: self.reproduced(),
            property: self.saved.property.id().to_owned(),
            trace_hash: format!("{:016x}", self.execution.hash),
        };
        Record::Replay(record).line() + "\n"
    }

    fn ktap(&self) -> String {
        let saved = &self.saved;
        let design = saved.design.as_deref().unwrap_or("nobody peeks");
        let name = format!("{design} {} {}", saved.scenario, saved.property);
        document(&[match &self.violation {
            Some(violation) => {
                Test::one(&name, Outcome::NotOk).note(&self.drawn(violation, false, mail::WIDTH))
            }
            None => Test::one(&name, Outcome::Ok).note("this schedule breaks nothing any more"),
        }])
    }

    fn text(&self, args: &Args) -> String {
        let saved = &self.saved;
        let design = saved.design.as_deref().unwrap_or("nobody peeks");
        let (scenario, memory) = (&saved.scenario, saved.memory.name());
        let mut text = format!("{design}, scenario {scenario}, memory {memory}\n");
        for mutant in &saved.mutants {
            text += &format!("mutated: {mutant}\n");
        }
        text.push('\n');
        match &self.violation {
            Some(violation) => text += &self.told(violation, args.all, args.width),
            None => text += &format!("{}\nThis schedule breaks nothing any more.\n", saved.script),
        }
        if self.violation.is_some() && !self.reproduced() {
            text += "\nThe same property breaks, but not by the same trace as was recorded.\n";
        }
        text
    }

    /// The script and its interleaving, `width` columns wide; nothing if nothing breaks.
    pub(super) fn story(&self, width: usize) -> String {
        self.violation.as_ref().map_or_else(String::new, |v| self.told(v, false, width))
    }

    fn told(&self, violation: &Violation, all: bool, width: usize) -> String {
        format!("{}\n{}", self.saved.script, self.drawn(violation, all, width))
    }

    /// The page to step through.
    fn page(&self, violation: &Violation) -> String {
        let saved = &self.saved;
        let design = saved.design.as_deref().unwrap_or("nobody peeks");
        let title = format!("{design}, {}: {} {}", saved.scenario, saved.property, violation.code);
        let wanted = Wanted { violation, decisive: self.decisive, all: false };
        let Selection { shown, decides, until } = select(&self.execution, &wanted);
        page(&Timeline {
            title: &title,
            execution: &self.execution,
            film: &self.film,
            shown: &shown,
            decides: &decides,
            found: Some(until),
            sentence: &violation.to_string(),
            notes: &self.below(violation, &self.drawing(violation, false)),
            saved: &saved.to_string(),
        })
    }

    /// The interleaving and everything there is to say below it.
    fn drawn(&self, violation: &Violation, all: bool, width: usize) -> String {
        let drawing = self.drawing(violation, all);
        let below = self.below(violation, &drawing);
        Columns {
            threads: &self.execution.threads,
            steps: &drawing.steps,
            violation,
            below: &below,
        }
        .render(width)
    }
}

impl Replayed {
    /// What there is to say below the drawing.
    fn below(&self, violation: &Violation, drawing: &Drawing) -> Vec<String> {
        let mut below = vec![counts(drawing, self.preemptions)];
        if let Some([earlier, later]) = &drawing.sides {
            below.push(format!(
                "* decides it: {earlier}, then {later}. The other way round, the same run breaks \
                 nothing."
            ));
        }
        // Elsewhere the run was cut short, or what is left is as it should be.
        if matches!(violation.property, Property::C2 | Property::C3) {
            below.extend(self.film.last().map(rest::left).unwrap_or_default());
        }
        below
    }
}

/// How much of the execution the drawing shows.
fn counts(drawing: &Drawing, preemptions: usize) -> String {
    let shown = drawing.shown;
    let plural = if preemptions == 1 { "" } else { "s" };
    let mut text = format!("{shown} of {} steps, {preemptions} preemption{plural}", drawing.of);
    if let Some(scope) = drawing.scope {
        text += &format!("; all objects are the {scope}'s");
    }
    if shown < drawing.of {
        text += "; what touches nothing another thread touches is left out";
    }
    text
}

fn diverged(used: usize, of: usize) -> Error {
    let used = used.min(of);
    let what = format!(
        "the schedule does not fit: after {used} of its {of} steps the run took another way"
    );
    Error::new(ErrorKind::Diverged, what)
        .help("the model, the design or the script has changed since; run `check` again")
}
