// SPDX-License-Identifier: GPL-2.0-only
//! A guard of loom's that the lock itself keeps while it is held, so that ours is only a pointer to it.

use std::mem::ManuallyDrop;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What is never dropped, unless it is taken out: a lock may go when its execution is over already, and
/// a guard cannot be dropped after that.
#[derive(Debug)]
pub(super) struct Kept<T>(ManuallyDrop<T>);

// SAFETY: the threads of a loom execution, the only ones that come here, are coroutines of one OS thread.
unsafe impl<T> Send for Kept<T> {}

impl<T> Kept<T> {
    pub(super) const fn new(value: T) -> Self {
        Self(ManuallyDrop::new(value))
    }

    pub(super) fn take(self) -> T {
        ManuallyDrop::into_inner(self.0)
    }
}

/// Where the holder of a lock keeps its guard. It is not modelled, and never waited for.
#[derive(Debug)]
pub(super) struct Slot<T>(Mutex<Option<Kept<T>>>);

impl<T> Default for Slot<T> {
    fn default() -> Self {
        Self(Mutex::new(None))
    }
}

impl<T> Slot<T> {
    pub(super) fn put(&self, value: T) {
        *unpoisoned(&self.0) = Some(Kept::new(value));
    }

    /// What is in it, to be dropped by the caller: that may be a step of the model, so `self` is not
    /// locked any more.
    pub(super) fn take(&self) -> Option<T> {
        let kept = unpoisoned(&self.0).take();
        kept.map(Kept::take)
    }
}

/// Locks what is only locked for the compiler's sake.
pub(super) fn unpoisoned<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
