// SPDX-License-Identifier: GPL-2.0-only
//! Who ran when: `schedule writer*3 kworker*12 drain(writer) peek*4`. `drain(writer)` is a step of
//! the writer's store buffer: its oldest store reaches memory. `peek!2*3` are three steps of which
//! each saw, or went behind, not the newest store but one two older (memory `ra`).
//!
//! Data flow: thread slots of a run -> names -> text -> names -> thread slots of the run that
//! replays. Invariant: names are numbered by first appearance, so equal schedules are equal data.

use crate::error::{Error, ErrorKind, visible};
use crate::sched::op::{SLOTS, buffer_of, is_buffer, owner};
use crate::sched::{Pick, ThreadId};
use std::fmt::{self, Display, Formatter};

/// The most steps a saved schedule can have.
pub const MAX_STEPS: usize = 1 << 24;

/// The width below which lines are kept.
const WIDTH: usize = 100;

/// What the name of a thread's store buffer begins with; it ends with the thread's and a `)`.
const DRAIN: &str = "drain(";

/// The thread whose store buffer `name` stands for, if it stands for one.
fn drained(name: &str) -> Option<&str> {
    name.strip_prefix(DRAIN)?.strip_suffix(')')
}

/// A schedule by the threads' names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Schedule {
    /// The names, by first appearance.
    threads: Vec<String>,
    /// Indices into `threads`, and how much older than the newest was what the step saw.
    steps: Vec<(u8, u16)>,
}

impl Schedule {
    /// The schedule that took these `choices`, slots of a run whose threads were called `names`.
    /// `None` if a choice has no name, or the name could not be read back (empty, or with a blank
    /// or a `*` or `!`), or there are too many steps.
    #[must_use]
    pub fn new(names: &[String], choices: &[Pick]) -> Option<Self> {
        let mut schedule = Self::default();
        for &Pick { thread: slot, older } in choices {
            let thread = names.get(usize::from(owner(slot)))?;
            if is_buffer(slot) {
                schedule.push(&format!("{DRAIN}{thread})"), older, 1).ok()?;
            } else {
                schedule.push(thread, older, 1).ok()?;
            }
        }
        Some(schedule)
    }

    /// How many steps it has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.steps.len()
    }

    /// Whether it has none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// The names of the threads and store buffers in it, by first appearance.
    #[must_use]
    pub fn threads(&self) -> &[String] {
        &self.threads
    }

    /// The choices for a run whose threads are called `names`, by slot.
    ///
    /// # Errors
    /// [`ErrorKind::Diverged`] if that run has no thread of a name that is needed.
    pub fn slots(&self, names: &[String]) -> Result<Vec<Pick>, Error> {
        let slot_of = |name: &String| {
            let thread = drained(name).unwrap_or(name);
            let slot = names.iter().position(|n| n == thread);
            let slot = slot.and_then(|s| ThreadId::try_from(s).ok());
            let buffer = |thread| if drained(name).is_some() { buffer_of(thread) } else { thread };
            slot.map(buffer).ok_or_else(|| {
                let message = format!("the schedule runs '{}', which this script has not", thread);
                let known: Vec<&str> = names.iter().map(String::as_str).collect();
                Error::new(ErrorKind::Diverged, message).suggest(thread, &known)
            })
        };
        let slots = self.threads.iter().map(slot_of).collect::<Result<Vec<_>, _>>()?;
        let pick = |&(index, older): &(u8, u16)| {
            slots.get(usize::from(index)).map(|&thread| Pick { thread, older })
        };
        Ok(self.steps.iter().filter_map(pick).collect())
    }

    /// Appends `times` steps of `thread`, each seeing something that much older than the newest.
    fn push(&mut self, thread: &str, older: u16, times: usize) -> Result<(), String> {
        if self.steps.len().checked_add(times).is_none_or(|n| n > MAX_STEPS) {
            return Err(format!("the schedule has more than {MAX_STEPS} steps"));
        }
        let index = match self.threads.iter().position(|t| t == thread) {
            Some(index) => index,
            None if !is_thread(thread) => {
                return Err(format!("'{}' cannot be a thread's name", visible(thread)));
            }
            None if self.threads.len() >= SLOTS => {
                return Err(format!(
                    "the schedule has more than {SLOTS} names: threads and their store buffers"
                ));
            }
            None => {
                self.threads.push(thread.to_owned());
                self.threads.len() - 1
            }
        };
        let step = u8::try_from(index).unwrap_or(u8::MAX);
        self.steps.resize(self.steps.len() + times, (step, older));
        Ok(())
    }

    /// Appends what one `schedule` line says. The error holds the word that is wrong, and why.
    pub(super) fn read<'a>(&mut self, line: &'a str) -> Result<(), (&'a str, String)> {
        if line.is_empty() {
            return Err((line, "'schedule' has no value".to_owned()));
        }
        for word in line.split_whitespace() {
            let (thread, times) = word.split_once('*').unwrap_or((word, "1"));
            let plain = times.bytes().all(|b| b.is_ascii_digit());
            let count = times.parse::<usize>().ok().filter(|n| plain && *n > 0);
            let count = count.ok_or_else(|| {
                (word, format!("'{}' is no count of steps from 1 to {MAX_STEPS}", visible(times)))
            })?;
            let (thread, older) = match thread.split_once('!') {
                None => (thread, 0),
                Some((thread, older)) => {
                    let plain = older.bytes().all(|b| b.is_ascii_digit());
                    let older = older.parse::<u16>().ok().filter(|n| plain && *n > 0);
                    let wrong =
                        || (word, format!("'{}' does not end in !1 to !65535", visible(word)));
                    (thread, older.ok_or_else(wrong)?)
                }
            };
            self.push(thread, older, count).map_err(|message| (word, message))?;
        }
        Ok(())
    }
}

/// Whether a file can hold `name`.
fn is_thread(name: &str) -> bool {
    (1..=64).contains(&name.len())
        && name.bytes().all(|b| b.is_ascii_graphic() && !b"*!".contains(&b))
}

/// The `schedule` lines, each below 100 columns. An empty schedule has none.
impl Display for Schedule {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let mut line = String::new();
        for run in self.steps.chunk_by(|a, b| a == b) {
            let (index, older) = run.first().copied().unwrap_or_default();
            let thread = self.threads.get(usize::from(index)).map_or("", String::as_str);
            let mut word = format!(" {thread}");
            if older > 0 {
                word += &format!("!{older}");
            }
            if run.len() > 1 {
                word += &format!("*{}", run.len());
            }
            if !line.is_empty() && "schedule".len() + line.len() + word.len() >= WIDTH {
                writeln!(f, "schedule{line}")?;
                line.clear();
            }
            line.push_str(&word);
        }
        if line.is_empty() { Ok(()) } else { writeln!(f, "schedule{line}") }
    }
}
