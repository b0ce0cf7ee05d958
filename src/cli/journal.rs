// SPDX-License-Identifier: GPL-2.0-only
//! What `check --resume FILE` knows already: the units that an earlier, interrupted run finished.
//!
//! Data flow: a file of [`Record::Unit`] lines -> [`Journal::open`] -> [`Journal::known`] before a
//! unit is run, [`Journal::append`] after it. A line is written whole and at once, so what was
//! finished survives whatever ends the process; a last line that was cut is dropped.
//!
//! # Invariants
//! - A line counts for the same unit only: design, scenario and its script, policy, memory, seed,
//!   number of executions, share, and the very program that judged.
//! - What was stopped by a limit is no result and is not written.

use super::input::{name_of, read_at_most};
use super::values::policy_name;
use crate::error::{Error, ErrorKind};
use crate::report::json::{Record, UnitDone, Verdict, Version};
use crate::script::parse::utf8;
use crate::verify::check::Unit;
use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::Write;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

/// The most bytes of a journal.
const MAX_FILE: u64 = 1 << 28;

/// An open journal.
#[derive(Debug)]
pub struct Journal {
    file: Mutex<File>,
    name: String,
    build: String,
    known: BTreeMap<String, Vec<Verdict>>,
}

impl Journal {
    /// Opens the journal at `path`, or begins one there.
    ///
    /// # Errors
    /// It cannot be read or written, is no journal, or is another build's.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let name = name_of(path);
        let build = this_build()?;
        let text = if path.exists() { read_at_most(path, MAX_FILE)? } else { Vec::new() };
        let text = utf8(&text, &name)?;
        let whole = text.rfind('\n').map_or(0, |end| end + 1);
        let known = read(&text[..whole], &name, &build)?;
        let open = || -> std::io::Result<File> {
            let file = OpenOptions::new().create(true).append(true).open(path)?;
            file.set_len(whole as u64)?;
            Ok(file)
        };
        let file = Mutex::new(open().map_err(|e| Error::file("write", path, &e))?);
        Ok(Self { file, name, build, known })
    }

    /// What was found out about `unit`, if an earlier run finished it.
    ///
    /// # Errors
    /// The scenario's script is wrong.
    pub fn known(&self, unit: &Unit) -> Result<Option<&[Verdict]>, Error> {
        Ok(self.known.get(&key(unit)?).map(Vec::as_slice))
    }

    /// Notes that `unit` is finished.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn append(&self, unit: &Unit, verdicts: &[Verdict]) -> Result<(), Error> {
        let done = UnitDone {
            v: Version,
            build: self.build.clone(),
            unit: key(unit)?,
            verdicts: verdicts.to_vec(),
        };
        let line = Record::Unit(done).line() + "\n";
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.write_all(line.as_bytes()).map_err(|e| Error::file("write", Path::new(&self.name), &e))
    }
}

/// The finished units that `text` holds.
fn read(text: &str, name: &str, build: &str) -> Result<BTreeMap<String, Vec<Verdict>>, Error> {
    let mut known = BTreeMap::new();
    for (i, line) in text.lines().enumerate() {
        let Ok(Record::Unit(done)) = Record::parse(line) else {
            let what = format!("{name}:{}: this line is no finished unit", i + 1);
            return Err(Error::new(ErrorKind::File, what)
                .help("--resume takes what an earlier `check --resume` wrote, or a new file"));
        };
        if done.build != build {
            let what = format!("{name} was begun by another build of ttysim");
            return Err(Error::new(ErrorKind::File, what)
                .help("its results may not hold for this one: begin a new file"));
        }
        known.insert(done.unit, done.verdicts);
    }
    Ok(known)
}

/// What tells `unit` from every other.
fn key(unit: &Unit) -> Result<String, Error> {
    let plan = &unit.plan;
    Ok(format!(
        "{} on {} {:016x} by {} under {}, seed {}, {} executions, share {} of {}",
        unit.design_name(),
        unit.scenario.name,
        digest(unit.scenario.script()?.to_string().as_bytes()),
        policy_name(plan.strategy),
        plan.memory.name(),
        plan.seed,
        plan.executions,
        plan.share.index,
        plan.share.of
    ))
}

/// A digest of this very program.
fn this_build() -> Result<String, Error> {
    let program = std::env::current_exe().and_then(std::fs::read);
    let program = program.map_err(|e| Error::file("read", Path::new("this program"), &e))?;
    Ok(format!("{:016x}", digest(&program)))
}

/// The standard hasher with its fixed keys: the same in every run of one build, which is all that
/// a journal is good for.
fn digest(bytes: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    bytes.hash(&mut hasher);
    hasher.finish()
}
