// SPDX-License-Identifier: GPL-2.0-only
//! The one room for atomics, locks, cells and threads, over four runtimes.
//!
//! Every primitive is a small enum over the runtimes, fixed when it is built, so that designs and
//! model code carry no generic parameter and no `cfg`:
//!
//! | runtime | atomics | locks | [`RaceCell`], [`RaceBytes`] | threads |
//! |---|---|---|---|---|
//! | [`Runtime::Native`] | `std` | `parking_lot` | plain memory | `crossbeam` scoped threads |
//! | [`Runtime::Solo`] | the same, read-modify-writes as a load and a store | words (`solo`) | plain memory of one thread | one after the other |
//! | [`Runtime::Seeded`] | [`seeded`]: values in the execution, every step scheduled | the same | plain memory and vector clocks | coroutines |
//! | [`Runtime::Loom`] | `loom` | `loom` | `loom` cells, one a byte | `loom` |
//!
//! No other module names `loom`, `parking_lot`, `crossbeam`, `corosensei` or `std::sync::atomic`'s
//! types, and `unsafe` stands nowhere else.
//!
//! # What native promises, and what it does not
//! `RaceCell` and `RaceBytes` are shared plain memory. In the checking runtimes a race on them is
//! a finding; in the native runtime it would be undefined behaviour. Only code that the checking
//! runtimes have cleared may run natively: the pipeline itself, and designs whose C4 holds. Solo has
//! no such condition: a second thread is refused.

mod abort;
mod atomic;
mod bytes;
mod cell;
mod interrupt;
mod kept;
mod lane;
pub mod loom_rt;
mod lost;
pub mod mutation;
mod mutex;
mod observer;
pub mod pool;
mod rwsem;
pub mod seeded;
mod slab;
mod solo;
mod spin;
mod stamp;
mod threads;
mod wait;
pub mod watchdog;
mod work;

use std::fmt;

pub(crate) use abort::is_deadlocked;
pub use abort::{note, report};
pub use atomic::{AtomicUsize, fence};
pub use bytes::{Fresh, RaceBytes};
pub use cell::RaceCell;
pub use interrupt::Interrupt;
pub use lane::{Any, Lane, Solo};
pub use mutex::{Mutex, MutexGuard};
pub use observer::{Moment, Observer};
pub use rwsem::{ReadGuard, RwSem, WriteGuard};
pub(crate) use seeded::silence_panics;
pub use slab::Slab;
pub(crate) use solo::Owner;
pub use stamp::Stamp;
pub use std::sync::atomic::Ordering;
pub(crate) use threads::panic_message;
pub use threads::{Blocked, Body, Rested, Role, Thread, current_thread, run_threads};
pub use wait::{WaitQueue, Waiter};
pub use work::Work;

/// Where a step is taken: `kernel_function.what`. Stable, so that reports, schedules and mutants
/// can name it.
pub type Site = &'static str;

/// Which runtime a primitive belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Runtime {
    /// OS threads and real locks.
    Native,
    /// Natively, for one thread that drives both ends: no locked instruction, and no other thread.
    Solo,
    /// The deterministic simulator.
    Seeded,
    /// The loom model checker.
    Loom,
}

impl Runtime {
    /// How many characters may be dealt with as one where the kernel takes steps for each: one
    /// where orders of steps are explored. Natively any number: to other threads a batch is its
    /// characters with nobody looking in between.
    #[must_use]
    pub const fn batch(self) -> usize {
        match self {
            Self::Native | Self::Solo => usize::MAX,
            Self::Seeded | Self::Loom => 1,
        }
    }

    /// Whether nothing is checked or recorded.
    #[must_use]
    pub const fn is_native(self) -> bool {
        matches!(self, Self::Native | Self::Solo)
    }
}

/// What an object is called in reports: `slave buf.lock`, `slave tty_buffer#2.commit`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Name {
    /// Whose it is: an end of the pair, or empty.
    pub scope: &'static str,
    /// The kernel's name of the field.
    pub field: &'static str,
    /// Which one of several, counted from 1; 0 where there is one.
    pub index: u32,
}

impl Name {
    /// A field there is one of.
    #[must_use]
    pub const fn new(scope: &'static str, field: &'static str) -> Self {
        Self { scope, field, index: 0 }
    }

    /// The `index`th of several.
    #[must_use]
    pub const fn nth(scope: &'static str, field: &'static str, index: u32) -> Self {
        Self { scope, field, index }
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.scope.is_empty() {
            write!(f, "{} ", self.scope)?;
        }
        match (self.index, self.field.split_once('.')) {
            (0, _) => f.write_str(self.field),
            (n, Some((object, field))) => write!(f, "{object}#{n}.{field}"),
            (n, None) => write!(f, "{}#{n}", self.field),
        }
    }
}
