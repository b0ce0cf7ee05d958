// SPDX-License-Identifier: GPL-2.0-only
//! State outside the modelled memory whose changes have an order that a property looks at.
//!
//! Ghost state changes together with a step of the model, with nothing in between. The explorer
//! sees steps only: without being told, it takes two such steps for independent where only the
//! ghost can tell their order. So whoever keeps ghost state of which *the order of changes*
//! matters (C1: some instant between a call's begin and its end) says here when it changes, and
//! makes the begin and end of a call steps of their own.
//!
//! # Invariants
//! - [`Observer::changed`] is called between the step it belongs to and the thread's next one; if
//!   that step is a store that waits in a buffer, inside [`Observer::when_visible`].
//! - Whether it is called depends on the calling thread's own past alone.
//! - `in_call` is true from one call's begin to its end, both of which are steps.
//!
//! Under memory `ra` the order of steps says nothing beyond happens-before, so whoever judges must
//! not look at it: he takes [`super::Stamp`]s instead, and no change has an order that the explorer
//! must know ([`Observer::by_happens_before`]).
//!
//! Natively and in loom all of this is nothing.

use super::{Runtime, Site, seeded};
use crate::sched::op::Mark;
use crate::sched::{Op, OpKind};

/// One observer.
#[derive(Clone, Copy, Debug)]
pub struct Observer {
    rt: Runtime,
    number: u8,
}

/// A moment of the execution: equal for two looks with no step between them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment(Option<u64>);

impl Observer {
    /// An observer that has seen nothing. At most eight in one execution.
    #[must_use]
    pub fn new(rt: Runtime) -> Self {
        let number = if rt == Runtime::Seeded { seeded::new_observer() % 8 } else { 0 };
        Self { rt, number }
    }

    /// What it watches changed with the step that this thread took last; `in_call`: while at least
    /// one call is in progress.
    pub fn changed(self, in_call: bool) {
        if self.rt == Runtime::Seeded && !self.by_happens_before() {
            seeded::mark(Mark::change(self.number, in_call));
        }
    }

    /// Whether changes are to be judged by happens-before, and not by their order.
    #[must_use]
    pub fn by_happens_before(self) -> bool {
        self.rt == Runtime::Seeded && seeded::chooses()
    }

    /// Whether no other thread is there.
    #[must_use]
    pub fn alone(self) -> bool {
        self.rt == Runtime::Seeded && seeded::alone()
    }

    /// Whoever watches lost track: that it finds nothing from here on means nothing.
    pub fn lost_track(rt: Runtime) {
        if rt == Runtime::Seeded {
            seeded::blind();
        }
    }

    /// Whether the store that this thread made last is not visible to others yet (`tso`).
    #[must_use]
    pub fn store_waits(rt: Runtime) -> bool {
        rt == Runtime::Seeded && seeded::store_waits()
    }

    /// Lets `effect` happen with the step that makes this thread's last store visible to others: at
    /// once, except where stores wait.
    pub fn when_visible(rt: Runtime, effect: Box<dyn FnOnce()>) {
        if rt == Runtime::Seeded { seeded::when_visible(effect) } else { effect() }
    }

    /// A call begins, here and now: one step.
    pub fn call_begins(self, site: Site) {
        self.observed(OpKind::CallBegin, site);
    }

    /// It ends: one step.
    pub fn call_ends(self, site: Site) {
        self.observed(OpKind::CallEnd, site);
    }

    fn observed(self, kind: OpKind, site: Site) {
        if self.rt == Runtime::Seeded {
            let ordered = !self.by_happens_before();
            let mark = if ordered { Mark::call(self.number) } else { Mark::default() };
            seeded::observed(&Op { obj: 0, kind, arg: 0, site }, mark);
        }
    }

    /// This moment; only the seeded runtime can tell two from each other.
    #[must_use]
    pub fn moment(self) -> Moment {
        Moment((self.rt == Runtime::Seeded).then(seeded::steps))
    }
}

impl Moment {
    /// Whether no step lies between the two, for certain.
    #[must_use]
    pub fn is(self, other: Self) -> bool {
        self.0.is_some() && self == other
    }
}
