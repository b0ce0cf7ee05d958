// SPDX-License-Identifier: GPL-2.0-only
//! C5, C6 and C7 of a design, and C1 and C2 once more: what sequential scripts and single calls decide.
//!
//! # Data flow
//! [`work`] lists what there is to judge of one design; [`Work::run`] judges one piece, without the
//! others. Each answer is to one question: a property on a named thing. Pairs are only made up where
//! no row has decided already.
//!
//! - C1 cut, C2 harmless: calls made alone ([`alone`]), in the rows, the [`SPOTS`] and generated pairs.
//! - C5 complete: a [`Row`] is about one part of the state. A restore that loses it is a violation,
//!   unless the design says that it does not carry that part.
//! - C6 restore: the rows; then, if they hold, the rows by the master, the [`SCENES`] in every
//!   interleaving, and generated pairs ([`pairs`]). What the scenes find may be C1 to C4 as well.
//! - C7 guarded: the [`Condition`]s.
//!
//! No locks.

use super::Property;
use super::alone::{self, SPOTS};
use super::built_in::BuiltIn;
use super::check::Status;
use super::guarded::{self, Condition};
use super::kept::{self, SCENES};
use super::pairs::{self, Judged};
use super::round_trip::{Came, judge};
use super::rows::{ROWS, Row};
use crate::checkpoint::Design;
use crate::error::{Error, ErrorKind};
use crate::script::Script;
use crate::script::ast::{End, Item, Op};

/// The most operations of a generated script.
const OPS: usize = 40;

/// What is judged of a call that is made alone.
const CALLS: [Property; 2] = [Property::C1, Property::C2];

/// What generated pairs are called in reports.
pub const GENERATED: &str = "generated";

/// What the rows are called where the master is asked.
pub const BY_THE_MASTER: &str = "by-the-master";

/// Something to judge.
#[derive(Clone, Copy, Debug)]
pub struct Work {
    /// The design.
    pub design: &'static dyn Design,
    piece: Piece,
}

#[derive(Clone, Copy, Debug)]
enum Piece {
    Restore { seed: u64, pairs: u64 },
    Alone { seed: u64, pairs: u64 },
    Guard(Condition),
}

/// What one property says.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Which property.
    pub property: Property,
    /// On what: a row, a condition, [`GENERATED`].
    pub on: String,
    /// Whether it holds.
    pub status: Status,
    /// How many runs it took.
    pub executions: u64,
    /// Why it does not hold, in one sentence.
    pub why: Option<String>,
    /// The script that shows it.
    pub script: Option<Script>,
}

/// All there is to judge of `design`, with so many generated pairs.
#[must_use]
pub fn work(design: &'static dyn Design, pairs: u64, seed: u64) -> Vec<Work> {
    let scripts = [Piece::Restore { seed, pairs }, Piece::Alone { seed, pairs }];
    let guards = Condition::ALL.into_iter().filter(|c| c.concerns(design)).map(Piece::Guard);
    scripts.into_iter().chain(guards).map(|piece| Work { design, piece }).collect()
}

impl Work {
    /// What it is about, in a word.
    #[must_use]
    pub const fn on(&self) -> &'static str {
        match self.piece {
            Piece::Restore { .. } => "restore",
            Piece::Alone { .. } => "alone",
            Piece::Guard(condition) => condition.name(),
        }
    }

    /// Judges it. `go_on` is asked now and then, with the runs so far, and may stop it.
    ///
    /// # Errors
    /// A broken row, or a model that broke down.
    pub fn run(&self, go_on: &mut dyn FnMut(u64) -> bool) -> Result<Vec<Answer>, Error> {
        match self.piece {
            Piece::Restore { seed, pairs } => {
                let mut answers = Vec::new();
                for (n, row) in (0..).zip(&ROWS) {
                    answers.extend(if go_on(n) { self.row(row)? } else { open(row).into() });
                }
                if answers.iter().all(|a| a.status == Status::Holds) {
                    answers.push(self.by_the_master(go_on)?);
                    for scene in &SCENES {
                        answers.push(self.scene(scene, go_on)?);
                    }
                }
                if pairs > 0 && answers.iter().all(|a| a.status == Status::Holds) {
                    answers.push(self.pairs(seed, pairs, go_on)?);
                }
                Ok(answers)
            }
            Piece::Alone { seed, pairs } => self.alone(seed, pairs, go_on),
            Piece::Guard(condition) => {
                let on = condition.name();
                if !go_on(0) {
                    return Ok(vec![unanswered(Property::C7, on, 0)]);
                }
                let why = guarded::judge(self.design, condition);
                Ok(vec![answer(Property::C7, on, 1, why)])
            }
        }
    }

    fn row(&self, row: &'static Row) -> Result<Vec<Answer>, Error> {
        let script = row.script()?;
        let why = self.lost(&script)?;
        let said = self.design.not_carried().contains(&row.part);
        let lost = why.clone().filter(|_| !said);
        let lost = lost.map(|why| format!("{} not carried: {why}", row.part.name()));
        let answers =
            [answer(Property::C5, row.name, 1, lost), answer(Property::C6, row.name, 1, why)];
        Ok(answers.map(|answer| answer.shown_by(&script)).into())
    }

    /// Why a row's restore does not bring everything back, if so.
    fn lost(&self, script: &Script) -> Result<Option<String>, Error> {
        Ok(match judge(self.design, script).map_err(broken)? {
            Came::Same | Came::Found(_) => None,
            Came::Differs(difference) => Some(difference.to_string()),
            Came::Refused(errno) => Some(format!("the checkpoint is refused with {errno}")),
        })
    }

    /// The rows again: kept, and restored, by the master.
    fn by_the_master(&self, go_on: &mut dyn FnMut(u64) -> bool) -> Result<Answer, Error> {
        for (n, row) in (0..).zip(&ROWS) {
            if !go_on(n) {
                return Ok(unanswered(Property::C6, BY_THE_MASTER, n));
            }
            let script = asked_of_the_master(row.script()?);
            if let Some(why) = self.lost(&script)? {
                let why = Some(format!("{}: {why}", row.name));
                return Ok(answer(Property::C6, BY_THE_MASTER, n + 1, why).shown_by(&script));
            }
        }
        Ok(answer(Property::C6, BY_THE_MASTER, ROWS.len() as u64, None))
    }

    /// A pair that is kept, or restored, while others use it.
    fn scene(&self, scene: &BuiltIn, go_on: &mut dyn FnMut(u64) -> bool) -> Result<Answer, Error> {
        let script = scene.script()?;
        let explored = kept::judge(self.design, &script, go_on).map_err(broken)?;
        let n = explored.executions;
        Ok(match explored.found {
            Some((property, why)) => answer(property, scene.name, n, Some(why)).shown_by(&script),
            None if explored.complete => answer(Property::C6, scene.name, n, None),
            None => unanswered(Property::C6, scene.name, n),
        })
    }

    /// Calls made alone: on each script C1 and C2, or what is broken instead.
    fn alone(
        &self,
        seed: u64,
        number: u64,
        go_on: &mut dyn FnMut(u64) -> bool,
    ) -> Result<Vec<Answer>, Error> {
        let rows = ROWS.iter().map(|row| Ok((row.name, row.script()?)));
        let spots = SPOTS.iter().map(|spot| Ok((spot.name, spot.script()?)));
        let mut answers = Vec::new();
        for script in rows.chain(spots) {
            let (name, script) = script?;
            answers.extend(match go_on(answers.len() as u64) {
                true => self.call_alone(name, 1, &script)?,
                false => CALLS.map(|property| unanswered(property, name, 0)).into(),
            });
        }
        for n in 0..number {
            if !go_on(n) {
                answers.extend(CALLS.map(|property| unanswered(property, GENERATED, n)));
                return Ok(answers);
            }
            let made = self.call_alone(GENERATED, n + 1, &pairs::pair(seed, n, OPS))?;
            if n + 1 == number || made.iter().any(|a| a.status == Status::Violated) {
                answers.extend(made);
                break;
            }
        }
        Ok(answers)
    }

    fn call_alone(&self, on: &str, n: u64, script: &Script) -> Result<Vec<Answer>, Error> {
        Ok(match alone::judge(self.design, script).map_err(broken)? {
            None => CALLS.map(|property| answer(property, on, n, None)).into(),
            Some((property, why)) => {
                vec![answer(property, on, n, Some(why)).shown_by(&alone::peeked(script))]
            }
        })
    }

    fn pairs(
        &self,
        seed: u64,
        number: u64,
        go_on: &mut dyn FnMut(u64) -> bool,
    ) -> Result<Answer, Error> {
        let answer = |n, why| answer(Property::C6, GENERATED, n, why);
        for n in 0..number {
            if !go_on(n) {
                return Ok(unanswered(Property::C6, GENERATED, n));
            }
            let script = pairs::pair(seed, n, OPS);
            if let Judged::Differs(_) = pairs::judge(self.design, &script).map_err(broken)? {
                let small = pairs::smaller(self.design, &script);
                let why = match pairs::judge(self.design, &small).map_err(broken)? {
                    Judged::Differs(difference) => Some(difference.to_string()),
                    _ => None,
                };
                return Ok(answer(n + 1, why).shown_by(&small));
            }
        }
        Ok(answer(number, None))
    }
}

fn answer(property: Property, on: &str, executions: u64, why: Option<String>) -> Answer {
    let status = if why.is_some() { Status::Violated } else { Status::Holds };
    Answer { property, on: on.to_owned(), status, executions, why, script: None }
}

/// There was no time for it.
fn unanswered(property: Property, on: &str, executions: u64) -> Answer {
    Answer { status: Status::Exhausted, ..answer(property, on, executions, None) }
}

/// There was no time for this row.
fn open(row: &Row) -> [Answer; 2] {
    [Property::C5, Property::C6].map(|property| unanswered(property, row.name, 0))
}

impl Answer {
    /// The same, with what shows a violation.
    fn shown_by(self, script: &Script) -> Self {
        let script = self.why.is_some().then(|| script.clone());
        Self { script, ..self }
    }
}

/// `script` where the master is asked, and not the slave.
fn asked_of_the_master(mut script: Script) -> Script {
    for item in &mut script.items {
        if let Item::Op(line) = item
            && let Op::Checkpoint { end, .. } = &mut line.op
        {
            *end = End::Master;
        }
    }
    script
}

fn broken(why: String) -> Error {
    Error::new(ErrorKind::Exhausted, why)
        .help("there is no verdict; please report this with the command line")
}
