// SPDX-License-Identifier: GPL-2.0-only
//! What an atomic access sees, and what it orders.
//!
//! The happens-before it maintains is C11's, from
//! the orderings written in the code (release stores, acquire loads, release sequences of
//! read-modify-writes, fences), whatever the values: that is what finds a missing release under
//! `sc` as a data race, though every load sees the newest store.

use super::clock::Clock;
use std::sync::atomic::Ordering;

/// The memory models of the seeded runtime.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Memory {
    /// Sequentially consistent: a load sees the newest store of the interleaving.
    #[default]
    Sc,
    /// x86-TSO: a store waits in its thread's buffer before others see it; see [`super::tso`].
    Tso,
    /// RC11 (C11 with repaired `SeqCst`): what a load sees is a choice; see [`super::ra`].
    Ra,
}

impl Memory {
    /// The models a user can name.
    pub const NAMES: [&'static str; 3] = ["sc", "tso", "ra"];

    /// All of them.
    pub const ALL: [Self; 3] = [Self::Sc, Self::Tso, Self::Ra];

    /// The model called `name`.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|m| m.name() == name)
    }

    /// What it is called in a sentence.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Sc => "sequential consistency",
            Self::Tso => "x86-TSO",
            Self::Ra => "C11 (RC11) memory",
        }
    }

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sc => "sc",
            Self::Tso => "tso",
            Self::Ra => "ra",
        }
    }
}

/// One atomic location.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Location {
    /// The newest value.
    pub(super) value: usize,
    /// What a thread that acquires this value learns.
    pub(super) message: Clock,
}

/// A thread's part of happens-before.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct View {
    /// What it knows.
    pub(super) clock: Clock,
    /// What its relaxed loads would teach it at an acquire fence.
    pub(super) pending: Clock,
    /// What it knew at its last release fence: the message of its relaxed stores.
    pub(super) fenced: Clock,
}

impl View {
    /// The view of a thread that starts with everything `parent` knows.
    pub(super) fn child(parent: &Clock) -> Self {
        Self { clock: *parent, ..Self::default() }
    }
}

pub(super) const fn acquires(order: Ordering) -> bool {
    matches!(order, Ordering::Acquire | Ordering::AcqRel | Ordering::SeqCst)
}

pub(super) const fn releases(order: Ordering) -> bool {
    matches!(order, Ordering::Release | Ordering::AcqRel | Ordering::SeqCst)
}

#[inline]
pub(super) fn learn(view: &mut View, message: &Clock, order: Ordering) {
    if acquires(order) {
        view.clock.join(message);
    } else {
        view.pending.join(message);
    }
}

#[inline]
pub(super) const fn message(view: &View, order: Ordering) -> Clock {
    if releases(order) { view.clock } else { view.fenced }
}

/// Memory as `sc` has it, and `tso` behind its store buffers.
impl Location {
    /// The value that `view`'s thread loads.
    #[inline]
    pub(super) fn load(&self, view: &mut View, order: Ordering) -> usize {
        learn(view, &self.message, order);
        self.value
    }

    /// Publishes `value`.
    #[inline]
    pub(super) fn store(&mut self, view: &View, value: usize, order: Ordering) {
        self.value = value;
        self.message = message(view, order);
    }

    /// Loads, then publishes `f` of it, with nothing in between. Returns the old value.
    #[inline]
    pub(super) fn rmw(
        &mut self,
        view: &mut View,
        order: Ordering,
        f: impl FnOnce(usize) -> usize,
    ) -> usize {
        let old = self.value;
        learn(view, &self.message, order);
        self.value = f(old);
        // Joined, not replaced: a read-modify-write continues the release sequence.
        self.message.join(&message(view, order));
        old
    }
}

impl View {
    /// A fence of its thread. (Under `ra` this is the part of it that orders fences.)
    pub(super) fn fence(&mut self, order: Ordering) {
        if acquires(order) {
            let pending = self.pending;
            self.clock.join(&pending);
        }
        if releases(order) {
            self.fenced = self.clock;
        }
    }
}
