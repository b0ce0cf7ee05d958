// SPDX-License-Identifier: GPL-2.0-only
//! `checkpoint ... as A` and `restore A`: the rest of the script goes on with a fresh pair.
//!
//! # Data flow
//! A checkpoint whose label is restored later keeps the whole pair ([`Design::save`]); any other is
//! a peek at one end. A restore makes a fresh pair, opens and closes its ends as they were at the
//! checkpoint, and gives it what was kept ([`Design::restore`]). If that fails the script stays with
//! the pair it has.
//!
//! A restore in a thread is made into a fresh pair that the threads beside it use as well: it takes the place
//! of the one before when they begin ([`World::prepare`]).
//!
//! # Invariants
//! - In a phase there is one restore at most.
//! - The session is no part of a tty, and not restored: a signal that was sent stays sent, and a
//!   session that a hangup ended stays so. The fresh pair begins with the signals of the one before.
//!
//! Locks: the shelf's own, never held across a call.

use super::oops::caught;
use super::{OpResult, Outcome, Setup, World, carry_out};
use crate::checkpoint::caller::Caller;
use crate::checkpoint::{Design, Kept};
use crate::errno::Errno;
use crate::fault::Faults;
use crate::pty::Pair;
use crate::script::ast::{Op, Script, ThreadBlock};
use crate::tty_struct::{PtyType, Signal, TtyStruct};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What checkpoints kept, by label.
pub(super) struct Shelf {
    /// The labels that the script restores.
    wanted: BTreeSet<String>,
    items: Mutex<BTreeMap<String, Item>>,
    /// What the pair in use is fresh for.
    prepared: Mutex<Option<String>>,
}

#[derive(Clone)]
struct Item {
    design: &'static dyn Design,
    kept: Kept,
    /// Which ends were open: master, slave.
    open: [bool; 2],
    /// The end that it was kept by.
    by: PtyType,
}

impl Shelf {
    pub(super) fn new(script: &Script) -> Self {
        let wanted = script.lines().filter_map(|line| match &line.op {
            Op::Restore { label } => Some(label.clone()),
            _ => None,
        });
        Self { wanted: wanted.collect(), items: Mutex::default(), prepared: Mutex::default() }
    }

    /// Whether `label` is restored later.
    pub(super) fn wants(&self, label: &str) -> bool {
        self.wanted.contains(label)
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Item>> {
        self.items.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn prepared(&self) -> MutexGuard<'_, Option<String>> {
        self.prepared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl World {
    /// Keeps the pair of `tty` as `label`; returns what is unread at `tty`.
    pub(super) fn save(
        &self,
        design: &'static dyn Design,
        tty: &TtyStruct,
        label: &str,
    ) -> Result<Vec<u8>, Errno> {
        let kept = design.save(&Caller::root(&Faults::none()), tty).map_err(|r| r.errno)?;
        let unread = kept.unread(tty.subtype);
        let item = Item { design, kept, open: self.files.open_ends(), by: tty.subtype };
        self.kept.lock().insert(label.to_owned(), item);
        Ok(unread)
    }

    /// Goes on with a fresh pair that is as the one kept as `label`.
    pub(super) fn restore(&self, label: &str) -> Outcome {
        let Some(Item { design, kept, open, by }) = self.kept.lock().get(label).cloned() else {
            // Nobody peeks, or the checkpoint was refused.
            return Outcome::Skipped;
        };
        let prepared = self.kept.prepared().take_if(|it| *it == label).is_some();
        let pair = if prepared { self.pair() } else { self.fresh(open) };
        // Whoever keeps a pair restores it: by the same end, unless that is closed.
        let tty = if by == PtyType::Slave && open[1] { &pair.slave } else { &pair.master };
        let restored = caught(tty.rt, design.name(), || {
            design.restore(&Caller::root(&Faults::none()), &kept, tty)
        });
        match restored {
            Ok(()) if prepared => Outcome::Number(0),
            Ok(()) => {
                self.files.exchange(open);
                self.use_pair(pair);
                Outcome::Number(0)
            }
            Err(refusal) => Outcome::Errno(refusal.errno),
        }
    }

    /// Goes on with a fresh pair, if one of `blocks` restores what was kept.
    pub(super) fn prepare(&self, blocks: &[ThreadBlock]) {
        let restored = blocks.iter().flat_map(|b| &b.lines).find_map(|line| match &line.op {
            Op::Restore { label } => Some(label),
            _ => None,
        });
        let Some(label) = restored else { return };
        let Some(open) = self.kept.lock().get(label).map(|item| item.open) else { return };
        let pair = self.fresh(open);
        self.files.exchange(open);
        self.use_pair(pair);
        *self.kept.prepared() = Some(label.clone());
    }

    /// A fresh pair with these ends open: master, slave.
    fn fresh(&self, [master, slave]: [bool; 2]) -> Arc<Pair> {
        let pair = self.blueprint.pair();
        if !slave {
            pair.slave.tty_release();
        }
        if !master {
            pair.master.tty_release();
        }
        pair
    }

    /// The signals that the slave's session was sent, by this pair and those before it.
    pub(super) fn slave_signals(&self) -> Vec<Signal> {
        self.pair().slave.signals()
    }

    fn use_pair(&self, pair: Arc<Pair>) {
        let old =
            std::mem::replace(&mut *self.pair.lock().unwrap_or_else(PoisonError::into_inner), pair);
        // The session is no part of the tty: what it was sent it was sent, and if it is over it is.
        let now = self.pair();
        for (old, new) in [(&old.master, &now.master), (&old.slave, &now.slave)] {
            for signal in old.signals() {
                new.sent.push(|_| signal);
            }
        }
    }
}

/// What can be told of a run from outside.
#[derive(Clone, Debug)]
pub struct Observed {
    /// What came of each operation.
    pub results: Vec<OpResult>,
    /// The signals sent by each end, the oldest first: master, slave.
    pub signals: [Vec<Signal>; 2],
    /// The pair at the end.
    pub pair: Arc<Pair>,
}

/// [`super::run`], and everything else that can be told.
pub fn observe(setup: Setup, script: &Arc<Script>) -> Observed {
    let world = Arc::new(World::new(setup, script));
    let results = carry_out(&world, script);
    let pair = world.pair();
    let signals = [pair.master.signals(), pair.slave.signals()];
    Observed { results, signals, pair }
}
