// SPDX-License-Identifier: GPL-2.0-only
//! Faults on demand: the one place where a call is told that something failed.
//!
//! # Data flow
//! A call that can fail asks [`Faults::happens`] at each point where it can, with what would fail
//! there. A plan says at which of these points it does: [`Faults::none`], or [`Faults::at`] the
//! `n`th. [`every`] runs a call once without a fault, then once with a fault at each point that it
//! came to: all there are.
//!
//! Hangup, `TIOCSETD` and `close` in the middle of a call are no faults but threads, and explored
//! as such.
//!
//! No locks: a plan belongs to one call.

use crate::errno::Errno;
use std::cell::Cell;

/// What can fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// `kmalloc` returns NULL.
    Allocation,
    /// A signal arrives while the caller waits for a lock that can be waited for interruptibly.
    Signal,
    /// `copy_to_user` or `copy_from_user` reaches a page that is not there.
    Copy,
    /// Another system call that a program in userspace makes is refused.
    Call,
}

impl Fault {
    /// What the call returns because of it.
    #[must_use]
    pub const fn errno(self) -> Errno {
        match self {
            Self::Allocation => Errno::ENOMEM,
            Self::Signal => Errno::ERESTARTSYS,
            Self::Copy => Errno::EFAULT,
            Self::Call => Errno::EINTR,
        }
    }
}

/// At which point of a call something fails, and how many it came to so far.
#[derive(Debug, Default)]
pub struct Faults {
    at: Option<usize>,
    points: Cell<usize>,
    happened: Cell<Option<Fault>>,
}

impl Faults {
    /// Nothing fails.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// What is asked about at the `n`th point, from 0, fails; nothing else does.
    #[must_use]
    pub fn at(n: usize) -> Self {
        Self { at: Some(n), ..Self::default() }
    }

    /// Whether `fault` happens here: a point of the call.
    pub fn happens(&self, fault: Fault) -> bool {
        let here = self.points.get();
        self.points.set(here + 1);
        let happens = self.at == Some(here);
        if happens {
            self.happened.set(Some(fault));
        }
        happens
    }

    /// The same for `n` points in a row, one a byte: how many of the bytes are copied before one
    /// fails; `n` if none does.
    pub fn copied(&self, fault: Fault, n: usize) -> usize {
        (0..n).find(|_| self.happens(fault)).unwrap_or(n)
    }

    /// What happened.
    #[must_use]
    pub fn happened(&self) -> Option<Fault> {
        self.happened.get()
    }
}

/// Runs `call` with a fault at each of its points in turn, until one run comes to its end without:
/// the last run is that without a fault. How many there were, the last included.
pub fn every(mut call: impl FnMut(&Faults)) -> usize {
    for n in 0.. {
        let faults = Faults::at(n);
        call(&faults);
        if faults.happened().is_none() {
            return n + 1;
        }
    }
    0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_point_fails_once_and_the_last_run_does_not() {
        let mut seen = Vec::new();
        let runs = every(|faults| {
            if faults.happens(Fault::Signal) {
                return;
            }
            let copied = faults.copied(Fault::Copy, 2);
            seen.push((copied, faults.happened()));
        });
        assert_eq!(runs, 4);
        assert_eq!(seen, [(0, Some(Fault::Copy)), (1, Some(Fault::Copy)), (2, None)]);
    }
}
