// SPDX-License-Identifier: GPL-2.0-only
//! What an execution is asked to be, and what it turned out to be.

use super::memory::Memory;
use super::watch::Touch;
use crate::sched::op::SLOTS;
use crate::sched::{Event, Op, ThreadSet};
use crate::sync::{Name, mutation};
use crate::verify::Violation;

/// What an execution runs under.
#[derive(Clone, Copy, Debug)]
pub struct Config {
    /// The memory model.
    pub memory: Memory,
    /// The most steps of a phase; more is a livelock. Outside phases there may be far more.
    pub max_steps: u64,
    /// Whether to keep the trace (the exhaustive policy and reports need it).
    pub record: bool,
}

/// The most steps outside phases. The script is alone there, and what it does ends; so this is only
/// for what loops for ever, and far more than a long conversation takes.
const ALONE: u64 = 100_000_000;
/// The same with a mutant in force, which may well make it loop for ever.
const ALONE_MUTATED: u64 = 2_000_000;

/// The same in a call of a design, which may loop for ever as well: far more than one that carries all of a
/// pair takes.
pub(super) const ALONE_CALLING: u64 = 1_000_000;

/// How many steps the script has where it is alone.
pub(super) fn alone_limit() -> u64 {
    if mutation::any() { ALONE_MUTATED } else { ALONE }
}

impl Default for Config {
    fn default() -> Self {
        Self { memory: Memory::Sc, max_steps: 1_000_000, record: false }
    }
}

/// Why an execution ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The body returned.
    Completed,
    /// A finding after which it made no sense to go on.
    Violated,
    /// The policy had nothing new to see here.
    Pruned,
    /// A recorded schedule did not fit.
    Diverged,
    /// The body panicked: a mistake in the model.
    Panicked,
}

/// A finding, and how long the trace was when it was made.
#[derive(Clone, Debug)]
pub struct Found {
    /// What.
    pub violation: Violation,
    /// The number of steps before it.
    pub step: u64,
}

/// What an execution did.
#[derive(Debug)]
pub struct Execution {
    /// Why it ended.
    pub end: End,
    /// The first finding of each property.
    pub found: Vec<Found>,
    /// How many steps it took, inside phases and outside.
    pub steps: u64,
    /// A digest of every step and value.
    pub hash: u64,
    /// The steps, if [`Config::record`].
    pub trace: Vec<Event>,
    /// The steps that threads stood before at the end, by slot.
    pub pending: [Option<Op>; SLOTS],
    /// The threads that could have gone on at the end.
    pub enabled: ThreadSet,
    /// The objects' names, by number.
    pub names: Vec<Name>,
    /// The threads' names, by slot.
    pub threads: Vec<String>,
    /// The panic's message, if [`End::Panicked`].
    pub panic: Option<String>,
    /// Whether the ghost lost track: that it found nothing means nothing.
    pub blind: bool,
    /// Whether a phase was so long that not everything memory `ra` allows was offered.
    pub coarse: bool,
    /// The accesses to plain memory, if the execution was watched.
    pub touches: Vec<Touch>,
    /// No mutant was in force in any phase.
    pub(super) plain: bool,
}
