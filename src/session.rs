// SPDX-License-Identifier: GPL-2.0-only
//! The program of the slave's session that waits for a signal.
//!
//! Data flow: `kill_pgrp` -> [`Waiting::signalled`] -> whoever is in [`Waiting::pause`]. Which signals were sent
//! is kept elsewhere, and is no part of the modelled memory; that one came is, because a program acts
//! on it.
//!
//! # Invariants
//! - It is there in scripts that have a `pause` only: nobody else's signals take steps for it.

use crate::sync::{AtomicUsize, Name, Ordering, Runtime, WaitQueue};

/// Where a program sleeps until its session is sent a signal.
pub(crate) const QUEUE: &str = "session";

/// Whether a signal came, and who waits for it.
#[derive(Debug)]
pub(crate) struct Waiting {
    came: AtomicUsize,
    queue: WaitQueue,
}

impl Waiting {
    /// Of the session whose terminal is `end`.
    pub(crate) fn new(rt: Runtime, end: &'static str) -> Self {
        Self {
            came: AtomicUsize::new(rt, Name::new(end, "signal"), 0),
            queue: WaitQueue::new(rt, Name::new(end, QUEUE)),
        }
    }

    /// A signal was sent.
    pub(crate) fn signalled(&self) {
        // Pairs with the ACQUIRE in `pause`: what was done before the signal is seen by who gets it.
        self.came.store("kill_pgrp.signal", 1, Ordering::Release);
        self.queue.wake_up("kill_pgrp.session");
    }

    /// `pause(2)`, but for signals that came before.
    pub(crate) fn pause(&self) {
        let mut wait = self.queue.prepare("pause.add_wait_queue");
        while self.came.load("pause.signal", Ordering::Acquire) == 0 {
            wait.wait_woken("pause.wait_woken");
        }
    }
}
