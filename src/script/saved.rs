// SPDX-License-Identifier: GPL-2.0-only
//! A counterexample in one readable file: what was broken, by which schedule of which script.
//!
//! ```text
//! ttysim-schedule 1
//! design exclusive-2016
//! memory sc
//! property C3
//! code stall
//! sentence the worker is idle and 2 bytes wait in the flip chain
//! scenario two-pushes
//! trace-hash 00f1e2d3c4b5a697
//! schedule writer*3 kworker*12 writer peek*4
//! script
//! geometry n_tty_buf 8
//! write master "abc"
//! ```
//! The first line names the format; the other headers come in any order, once each (`schedule` any
//! number of times, one continuing the other, none if nothing was concurrent; `mutation`, as in
//! `mutation relax flush_to_ldisc.commit`, once for each site that was mutated); `script` ends them and begins the script, which
//! goes on to the end of the file. A `design` of `none` judges the pipeline alone. The schedule
//! holds the concurrent phases only, by the threads' names: those survive a change of slots.
//!
//! Data flow: a finding -> [`Saved`] -> text -> [`Saved::parse`] -> a replay, by
//! [`Schedule::slots`] of the run that replays it. Invariants: `parse(print(x)) == x`, given a
//! one-line sentence; lengths are checked before anything is built. No locks.

mod schedule;
#[cfg(test)]
mod tests;

use super::ast::Script;
use super::parse::{self, Context};
use crate::error::{Error, Place, visible};
use crate::sync::mutation::{Mutant, Mutation};
use crate::sync::seeded::Memory;
use crate::verify::Property;
pub use schedule::{MAX_STEPS, Schedule};
use std::fmt::{self, Display, Formatter};

/// The first line of every saved schedule.
pub const MAGIC: &str = "ttysim-schedule 1";

/// A saved counterexample.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Saved {
    /// The design that was judged; `None` if the pipeline alone was.
    pub design: Option<String>,
    /// The memory model it ran under.
    pub memory: Memory,
    /// Which property broke.
    pub property: Property,
    /// The violation's stable word, [`crate::verify::Violation::code`].
    pub code: String,
    /// The violation in one sentence, on one line.
    pub sentence: String,
    /// The name of the scenario the script came from: one word.
    pub scenario: String,
    /// [`crate::sync::seeded::Execution::hash`] of the run that broke it.
    pub trace_hash: u64,
    /// The sites that were mutated.
    pub mutants: Vec<Mutant>,
    /// Who ran when.
    pub schedule: Schedule,
    /// What they ran.
    pub script: Script,
}

impl Saved {
    /// The counterexample that `bytes` are. `cx` says what errors call the file and which designs
    /// there are.
    ///
    /// # Errors
    /// The first thing that is wrong, with its place and what to do about it.
    pub fn parse(bytes: &[u8], cx: &Context<'_>) -> Result<Self, Error> {
        let text = parse::text(bytes, cx.file)?;
        let mut reader = Reader { cx, rest: Some(text), line_no: 0 };
        let magic = reader.field().filter(|f| f.line.trim_end() == MAGIC);
        if magic.is_none() {
            let line = text.split('\n').next().unwrap_or_default();
            return Err(Field::split(cx, 1, line)
                .error_at_key(format!("this is no saved schedule: its first line is not '{MAGIC}'"))
                .help("`ttysim check --out DIR` saves schedules; a plain script is for `run`"));
        }
        let mut headers = Headers::default();
        loop {
            let Some(field) = reader.field() else {
                return Err(Field::split(cx, reader.line_no, "")
                    .error_at_key("the file ends before its 'script' line".to_owned())
                    .help("it is cut short: copy it again, or let `check` save it again"));
            };
            match field.key {
                "" => {}
                "script" => return headers.build(&field, &reader),
                _ => headers.set(&field)?,
            }
        }
    }
}

/// The file under reading, line by line.
struct Reader<'a> {
    cx: &'a Context<'a>,
    /// What has not been read; `None` behind the last line.
    rest: Option<&'a str>,
    /// How many lines have been read.
    line_no: u32,
}

impl<'a> Reader<'a> {
    fn field(&mut self) -> Option<Field<'a>> {
        let (line, rest) = match self.rest?.split_once('\n') {
            Some((line, rest)) => (line, Some(rest)),
            None => (self.rest?, None),
        };
        self.rest = rest;
        self.line_no = self.line_no.saturating_add(1);
        Some(Field::split(self.cx, self.line_no, line))
    }
}

/// A header line: its first word, and the rest.
#[derive(Clone, Copy)]
struct Field<'a> {
    cx: &'a Context<'a>,
    line_no: u32,
    line: &'a str,
    key: &'a str,
    value: &'a str,
}

impl<'a> Field<'a> {
    fn split(cx: &'a Context<'a>, line_no: u32, line: &'a str) -> Self {
        let trimmed = line.trim();
        let (key, value) = trimmed.split_once([' ', '\t']).unwrap_or((trimmed, ""));
        Self { cx, line_no, line, key, value: value.trim_start() }
    }

    /// An error about `part`, which must be a slice of the line.
    fn error(&self, part: &str, message: String) -> Error {
        let chars = |s: &str| u32::try_from(s.chars().count()).unwrap_or(u32::MAX);
        let before = (part.as_ptr() as usize).checked_sub(self.line.as_ptr() as usize);
        let before = before.and_then(|n| self.line.get(..n)).unwrap_or_default();
        let place = Place {
            file: self.cx.file.to_owned(),
            line: self.line_no.max(1),
            column: chars(before).saturating_add(1),
            width: chars(part).max(1),
            text: self.line.to_owned(),
        };
        Error::syntax(place, message)
    }

    fn error_at_key(&self, message: String) -> Error {
        self.error(self.key, message)
    }

    /// The value, which must be one word.
    fn word(&self) -> Result<&'a str, Error> {
        if self.value.is_empty() {
            return Err(self.error_at_key(format!("'{}' has no value", self.key)));
        }
        match self.value.split_whitespace().nth(1) {
            None => Ok(self.value),
            Some(more) => Err(self.error(more, format!("'{}' takes one word", self.key))),
        }
    }

    fn unknown(&self, what: &str, known: &[&str]) -> Error {
        let message = format!("unknown {what} '{}'", visible(self.value));
        self.error(self.value, message).suggest(self.value, known)
    }

    /// A design's name, or `none`.
    fn design(&self) -> Result<Option<String>, Error> {
        let name = self.word()?;
        let known = self.cx.designs;
        if name == "none" {
            return Ok(None);
        }
        if !super::ast::is_name(name) || !(known.is_empty() || known.contains(&name)) {
            return Err(self.unknown("design", &[known, &["none"]].concat()));
        }
        Ok(Some(name.to_owned()))
    }

    fn memory(&self) -> Result<Memory, Error> {
        Memory::from_name(self.word()?).ok_or_else(|| self.unknown("memory model", &Memory::NAMES))
    }

    fn property(&self) -> Result<Property, Error> {
        let property = Property::from_id(self.word()?);
        property
            .ok_or_else(|| self.unknown("property", &["C1", "C2", "C3", "C4", "C5", "C6", "C7"]))
    }

    /// `relax flush_to_ldisc.commit`
    fn mutant(&self) -> Result<Mutant, Error> {
        let (name, site) = self.value.split_once([' ', '\t']).unwrap_or((self.value, ""));
        let known = Mutation::ALL.map(Mutation::name);
        let mutation = Mutation::from_name(name).ok_or_else(|| {
            self.error(name, format!("unknown mutation '{}'", visible(name))).suggest(name, &known)
        })?;
        let site = site.trim();
        let is_site = |c: char| c.is_ascii_alphanumeric() || "_.".contains(c);
        if site.is_empty() || !site.chars().all(is_site) {
            return Err(self
                .error(site, "a mutation is followed by a site".to_owned())
                .help("as in: mutation relax flush_to_ldisc.commit"));
        }
        Ok(Mutant { site: site.to_owned().into(), mutation })
    }

    fn hash(&self) -> Result<u64, Error> {
        let word = self.word()?;
        let hex = word.len() <= 16 && word.bytes().all(|b| b.is_ascii_hexdigit());
        hex.then(|| u64::from_str_radix(word, 16).ok()).flatten().ok_or_else(|| {
            let message = format!("'{}' is no hash", visible(word));
            self.error(word, message).help("at most 16 hex digits")
        })
    }
}

/// The headers' names, in the order they are printed.
const HEADERS: [&str; 8] =
    ["design", "memory", "property", "code", "sentence", "scenario", "trace-hash", "schedule"];

/// The headers read so far.
#[derive(Default)]
struct Headers {
    design: Option<Option<String>>,
    memory: Option<Memory>,
    property: Option<Property>,
    code: Option<String>,
    sentence: Option<String>,
    scenario: Option<String>,
    trace_hash: Option<u64>,
    mutants: Vec<Mutant>,
    schedule: Schedule,
}

impl Headers {
    fn set(&mut self, f: &Field<'_>) -> Result<(), Error> {
        match f.key {
            "design" => once(&mut self.design, f, Field::design),
            "memory" => once(&mut self.memory, f, Field::memory),
            "property" => once(&mut self.property, f, Field::property),
            "code" => once(&mut self.code, f, |f| f.word().map(str::to_owned)),
            "sentence" => once(&mut self.sentence, f, |f| Ok(f.value.to_owned())),
            "scenario" => once(&mut self.scenario, f, |f| f.word().map(str::to_owned)),
            "trace-hash" => once(&mut self.trace_hash, f, Field::hash),
            "mutation" => {
                self.mutants.push(f.mutant()?);
                Ok(())
            }
            "schedule" => {
                self.schedule.read(f.value).map_err(|(part, message)| f.error(part, message))
            }
            key => {
                let known = [HEADERS.as_slice(), &["mutation", "script"]].concat();
                let message = format!("unknown header '{}'", visible(key));
                Err(f.error_at_key(message).suggest(key, &known))
            }
        }
    }

    /// The counterexample, of which `at` is the line that ends the headers.
    fn build(self, at: &Field<'_>, reader: &Reader<'_>) -> Result<Saved, Error> {
        if !at.value.is_empty() {
            let message = "the script begins on the line below 'script'".to_owned();
            return Err(at.error(at.value, message));
        }
        let missing = |name: &str| {
            at.error_at_key(format!("no '{name}' header before 'script'"))
                .help(format!("a saved schedule has: {}", HEADERS.join(", ")))
        };
        let first_line = reader.line_no.saturating_add(1);
        let cx = Context { first_line, ..*reader.cx };
        Ok(Saved {
            design: self.design.ok_or_else(|| missing("design"))?,
            memory: self.memory.ok_or_else(|| missing("memory"))?,
            property: self.property.ok_or_else(|| missing("property"))?,
            code: self.code.ok_or_else(|| missing("code"))?,
            sentence: self.sentence.ok_or_else(|| missing("sentence"))?,
            scenario: self.scenario.ok_or_else(|| missing("scenario"))?,
            trace_hash: self.trace_hash.ok_or_else(|| missing("trace-hash"))?,
            mutants: self.mutants,
            schedule: self.schedule,
            script: parse::parse(reader.rest.unwrap_or_default(), &cx)?,
        })
    }
}

/// Sets `slot` to what `read` makes of the line, if it has not been set before.
fn once<'a, T>(
    slot: &mut Option<T>,
    f: &Field<'a>,
    read: impl FnOnce(&Field<'a>) -> Result<T, Error>,
) -> Result<(), Error> {
    if slot.is_some() {
        return Err(f.error_at_key(format!("a second '{}'", f.key)));
    }
    *slot = Some(read(f)?);
    Ok(())
}

/// The whole file.
impl Display for Saved {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(f, "{MAGIC}")?;
        writeln!(f, "design {}", self.design.as_deref().unwrap_or("none"))?;
        writeln!(f, "memory {}", self.memory.name())?;
        writeln!(f, "property {}", self.property)?;
        writeln!(f, "code {}", self.code)?;
        let sentence = self.sentence.split_whitespace().collect::<Vec<_>>().join(" ");
        writeln!(f, "sentence {sentence}")?;
        writeln!(f, "scenario {}", self.scenario)?;
        writeln!(f, "trace-hash {:016x}", self.trace_hash)?;
        for mutant in &self.mutants {
            writeln!(f, "mutation {mutant}")?;
        }
        write!(f, "{}", self.schedule)?;
        write!(f, "script\n{}", self.script)
    }
}
