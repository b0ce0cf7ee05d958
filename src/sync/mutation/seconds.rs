// SPDX-License-Identifier: GPL-2.0-only
//! What the second one of two swapped loads is about.
//!
//! A swapped load answers what its object held at an earlier step, so the explorer has to try the
//! order of that step with every store to the object. Which object it will be is unknown at the
//! step. So an exploration watches the objects that are known to it when it begins, by name, and notes
//! those that turn up; once none turned up that was not watched, everything was explored.
//!
//! # Invariants
//! - What is watched does not change while an exploration lasts: whether a store is marked depends on
//!   its own thread's past alone.

use crate::sync::Name;
use std::cell::RefCell;
use std::collections::BTreeSet;

#[derive(Default)]
struct Seconds {
    watched: BTreeSet<Name>,
    met: BTreeSet<Name>,
}

thread_local! {
    static SECONDS: RefCell<Seconds> = RefCell::default();
}

/// Begins with none: another mutant.
pub fn forget() {
    SECONDS.take();
}

/// Another exploration watches what was met as well. Whether that is more than before: then there is
/// something left to explore.
#[must_use]
pub fn watch_what_was_met() -> bool {
    SECONDS.with_borrow_mut(|s| {
        let before = s.watched.len();
        s.watched.append(&mut s.met);
        s.watched.len() > before
    })
}

/// A second load is about the object called `name`.
pub(crate) fn meet(name: Name) {
    SECONDS.with_borrow_mut(|s| s.met.insert(name));
}

/// Whether the order of stores to the object called `name` matters.
pub(crate) fn is_watched(name: Name) -> bool {
    SECONDS.with_borrow(|s| s.watched.contains(&name))
}
