// SPDX-License-Identifier: GPL-2.0-only
//! Watching an execution: what a replay records beyond its steps.
//!
//! Data flow: the body registers a [`Watcher`]; from then on it is called whenever a thread stands
//! before its next step or returns, with the number of steps taken: what it sees is what the last
//! of them made, its effects on plain memory included. Accesses to plain memory are kept as
//! [`Touch`]es, because they are no steps and so in no trace.
//!
//! # Invariants
//! - Looking is no step: a watcher may use the `observe` functions only, which neither ask the
//!   scheduler nor leave a mark in a shadow. A watched execution has the same trace and hash.

use crate::sched::ThreadId;
use crate::sync::{Name, Site};
use std::rc::Rc;

/// Is called with the number of steps taken so far.
pub type Watcher = Rc<dyn Fn(usize)>;

/// An access to plain memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Touched {
    /// What was accessed.
    pub name: Name,
    /// For a byte array: from where, and how many.
    pub range: Option<(usize, usize)>,
    /// Where, in the model.
    pub site: Site,
    /// `read` or `write`.
    pub verb: &'static str,
}

/// An access to plain memory in an execution that was watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Touch {
    /// How many steps came before it.
    pub at: usize,
    /// Who.
    pub thread: ThreadId,
    /// What.
    pub what: Touched,
}
