// SPDX-License-Identifier: GPL-2.0-only
//! The deterministic simulator: every thread a coroutine on one OS thread, every operation on a
//! synchronisation object a scheduling point, one policy deciding who takes the next step.
//!
//! # Data flow
//! A thread announces its next step ([`gate`], [`load`], ...) and the policy picks among the
//! threads whose steps are enabled. The picked thread takes exactly that step, then runs on
//! through code that touches nothing shared until it announces the next one. Plain memory
//! ([`CellShadow`], [`RangeShadow`]) is no scheduling point: if two accesses conflict without
//! being ordered by happens-before, that is a finding in itself; if they are ordered, the order
//! of the steps decides what they see.
//!
//! Outside a concurrent phase the caller is alone: steps execute at once, and one that is not
//! enabled is a deadlock.
//!
//! # Invariants
//! - The execution is reached through a thread-local pointer, set by [`execute`] only; a borrow of
//!   it never spans a switch.
//! - An abandoned execution takes no further step: guards that are dropped while it unwinds do
//!   nothing.

mod beginning;
mod choose;
pub(crate) mod clock;
mod exec;
mod execution;
mod holds;
mod memory;
mod mutated;
mod pending;
mod phase;
mod program;
mod quick;
mod quiet;
mod ra;
mod record;
mod region;
mod shadow;
mod steps;
mod tso;
mod turn;
mod watch;

pub use beginning::Beginning;
pub use exec::execute;
pub(crate) use exec::{
    abandon, access, alone, chooses, current, found, knowledge, new_object, note, observe,
    peek_gate, watch, within_call,
};
pub use execution::{Config, End, Execution, Found};
pub(crate) use holds::Holds;
pub use memory::Memory;
pub(crate) use phase::run_threads;
pub use program::Program;
pub(crate) use quiet::silence_panics;
pub use region::ProgramMemory;
pub(crate) use shadow::{CellShadow, RangeShadow};
pub(crate) use steps::{
    blind, compare_exchange, fence, flush_target, gate, load, mark, new_observer, observed, rmw,
    steps, store, wait_prepare, wait_woken, wait_woken_timeout,
};
pub(crate) use tso::{store_waits, when_visible};
pub use watch::{Touch, Touched, Watcher};
