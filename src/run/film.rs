// SPDX-License-Identifier: GPL-2.0-only
//! A film of a replay: what the pair looked like after each step.
//!
//! Data flow: [`roll`] registers a watcher with the execution ([`crate::sync::seeded::watch`]);
//! each time it is called, a [`Frame`] is taken of the pair and kept under the number of steps
//! taken so far. Invariant: taking a frame uses `observe` functions only, so that a filmed run is
//! step by step the run it is a film of (a test compares the hashes).

use super::World;
use crate::n_tty::ReadState;
use crate::pty::Pair;
use crate::sync::seeded;
use crate::tty_buffer::ChainState;
use crate::tty_struct::TtyStruct;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

/// One direction of the pair: what is on its way to this end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndFrame {
    /// `master` or `slave`.
    pub name: &'static str,
    /// The flip chain.
    pub chain: ChainState,
    /// The line discipline's read buffer.
    pub ldisc: ReadState,
}

/// Both directions at one moment, the slave's first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// The slave's, then the master's.
    pub ends: [EndFrame; 2],
}

/// The frames of one run.
#[derive(Debug, Default)]
pub struct Film {
    frames: BTreeMap<usize, Frame>,
    last: Option<Frame>,
}

impl Frame {
    fn of(pair: &Pair) -> Self {
        let end = |tty: &TtyStruct| EndFrame {
            name: tty.name,
            chain: tty.port.buf.observe_chain(),
            ldisc: tty.disc_data.observe(),
        };
        Self { ends: [end(&pair.slave), end(&pair.master)] }
    }
}

impl Film {
    /// What it looked like when so many steps had been taken.
    #[must_use]
    pub fn after(&self, steps: usize) -> Option<&Frame> {
        self.frames.range(..=steps).next_back().map(|(_, frame)| frame)
    }

    /// What it looked like when the script had ended, or else when it was last seen.
    #[must_use]
    pub fn last(&self) -> Option<&Frame> {
        self.last.as_ref().or_else(|| self.frames.values().next_back())
    }

    /// The script has ended.
    pub(super) fn end(&mut self, pair: &Pair) {
        self.last = Some(Frame::of(pair));
    }
}

/// Begins to film the pair of `world`, whichever it is at the time. What an earlier run left on `film` is wiped.
pub(super) fn roll(film: &Rc<RefCell<Film>>, world: &Arc<World>) {
    *film.borrow_mut() = Film::default();
    let (film, world) = (Rc::clone(film), Arc::clone(world));
    seeded::watch(Rc::new(move |steps| {
        film.borrow_mut().frames.insert(steps, Frame::of(&world.pair()));
    }));
}
