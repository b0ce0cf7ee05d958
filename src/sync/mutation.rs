// SPDX-License-Identifier: GPL-2.0-only
//! Weakening or dropping one synchronisation operation at run time, by the name of its site.
//!
//! A [`Mutant`] is data: which site, and what is done to the step taken there. [`under`] puts some
//! in force on the current OS thread, for the executions that are begun while it lasts; so nothing
//! is recompiled, and a saved counterexample can say what it was found with. The seeded runtime
//! knows all of them ([`super::seeded`]), loom those that need no step of their own (`relax`, and
//! `drop` of a fence, a wakeup or a `queue_work`). The native runtime never looks.
//!
//! # Invariants
//! - Without mutants a step pays one test of a thread-local flag.
//! - A mutated thread is still deterministic given what it reads, so schedules replay and the
//!   explorer's claims hold for the mutated program as for any other.

pub mod seconds;
pub mod survey;

use super::{Ordering, Site};
use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::fmt;

/// What is done to the step at a site.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mutation {
    /// It orders nothing: an atomic access becomes relaxed; an acquisition, the start of a run,
    /// `queue_work`, a wakeup or a wait pass nothing on.
    Relax,
    /// It is not made. A read-modify-write only loads; with a lock goes its unlock, and a trylock
    /// succeeds; `add_wait_queue` is made only right before the sleep.
    Drop,
    /// A lock is taken shared instead of exclusive.
    Share,
    /// A load answers 0, whatever is there: a recheck is skipped.
    Zero,
    /// A read-modify-write becomes a load and a store.
    Split,
    /// A store is made after the thread's next step, unless that can block or is about the same
    /// object.
    Later,
    /// A load and the one after it are made the other way round.
    Swap,
    /// The access is taken for one to plain memory: if a conflicting one is not ordered with it by
    /// something else, that is a data race. For showing that an ordering is not needed.
    Plain,
}

impl Mutation {
    /// Every one.
    pub const ALL: [Self; 8] = [
        Self::Relax,
        Self::Drop,
        Self::Share,
        Self::Zero,
        Self::Split,
        Self::Later,
        Self::Swap,
        Self::Plain,
    ];

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Relax => "relax",
            Self::Drop => "drop",
            Self::Share => "share",
            Self::Zero => "zero",
            Self::Split => "split",
            Self::Later => "later",
            Self::Swap => "swap",
            Self::Plain => "plain",
        }
    }

    /// The one called `name`.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|m| m.name() == name)
    }
}

/// One mutated site. Prints as `relax flush_to_ldisc.commit`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mutant {
    /// Where.
    pub site: Cow<'static, str>,
    /// What.
    pub mutation: Mutation,
}

impl Mutant {
    /// `mutation` at `site`.
    #[must_use]
    pub const fn new(mutation: Mutation, site: Site) -> Self {
        Self { site: Cow::Borrowed(site), mutation }
    }
}

impl fmt::Display for Mutant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.mutation.name(), self.site)
    }
}

/// The mutations of one site.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Set(u8);

impl Set {
    /// Whether `mutation` is among them.
    pub(crate) const fn has(self, mutation: Mutation) -> bool {
        self.0 & 1 << mutation as u8 != 0
    }

    /// `order`, unless it is relaxed.
    pub(crate) const fn order(self, order: Ordering) -> Ordering {
        if self.has(Mutation::Relax) || self.has(Mutation::Plain) {
            Ordering::Relaxed
        } else {
            order
        }
    }
}

thread_local! {
    /// Whether there is any mutant, or somebody surveys the sites.
    static ACTIVE: Cell<bool> = const { Cell::new(false) };
    static IN_FORCE: RefCell<Vec<Mutant>> = const { RefCell::new(Vec::new()) };
}

/// Puts back what was in force before, even if a panic passes.
struct Restore {
    active: bool,
    before: Vec<Mutant>,
}

impl Drop for Restore {
    fn drop(&mut self) {
        ACTIVE.set(self.active);
        IN_FORCE.replace(std::mem::take(&mut self.before));
    }
}

/// Does `f`, and puts back afterwards what is in force now, even if `f` leaves behind what it put
/// in force itself: loom does not unwind every execution that it ends.
pub(crate) fn keeping<R>(f: impl FnOnce() -> R) -> R {
    let now = IN_FORCE.with_borrow(Clone::clone);
    under(&now, f)
}

/// Does `f` with `mutants` in force on this OS thread, and no others.
pub fn under<R>(mutants: &[Mutant], f: impl FnOnce() -> R) -> R {
    let _restore = Restore {
        active: ACTIVE.replace(!mutants.is_empty()),
        before: IN_FORCE.replace(mutants.to_vec()),
    };
    f()
}

/// Whether a step has to ask what is done to it.
#[inline]
pub(crate) fn any() -> bool {
    ACTIVE.get()
}

/// What is done at `site`.
pub(crate) fn at(site: Site) -> Set {
    IN_FORCE.with_borrow(|mutants| {
        let here = mutants.iter().filter(|m| m.site == site);
        Set(here.fold(0, |set, m| set | 1 << m.mutation as u8))
    })
}

/// Whether `mutation` is in force anywhere.
pub(crate) fn anywhere(mutation: Mutation) -> bool {
    IN_FORCE.with_borrow(|mutants| mutants.iter().any(|m| m.mutation == mutation))
}

/// `order` as it is at `site` now.
#[inline]
pub(crate) fn order(site: Site, order: Ordering) -> Ordering {
    if any() { at(site).order(order) } else { order }
}

/// Whether the step at `site` is dropped now.
#[inline]
pub(crate) fn drops(site: Site) -> bool {
    any() && at(site).has(Mutation::Drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mutants_are_in_force_for_as_long_as_under_lasts() {
        let one = Mutant::new(Mutation::Relax, "a.b");
        let two = Mutant::new(Mutation::Drop, "a.b");
        under(&[one.clone(), two], || {
            assert!(at("a.b").has(Mutation::Relax) && drops("a.b") && !drops("a.c"));
            under(&[], || assert!(!any()));
            assert!(any());
            assert_eq!(order("a.b", Ordering::SeqCst), Ordering::Relaxed);
        });
        assert!(!any());
        assert_eq!(one.to_string(), "relax a.b");
        assert!(Mutation::ALL.into_iter().all(|m| Mutation::from_name(m.name()) == Some(m)));
    }
}
