// SPDX-License-Identifier: GPL-2.0-only
//! `system_unbound_wq`, as far as the tty layer uses it: `buf.work` of each end.
//!
//! The PENDING bit, the run and `flush_work` are [`crate::sync::Work`]; this file says what a run
//! does and who runs it.
//!
//! # Data flow
//! `queue_work` sets PENDING; [`TtyStruct::kworker`], or a caller who is alone, clears it and runs
//! `flush_to_ldisc`.
//!
//! # Deviations
//! 1. One kworker an end: the kernel's unbound queue also runs the works of both ends at once, and
//!    never one work twice at once.
//! 2. `cancel_work_sync` lets a run that is queued come to its end instead of taking it back: that is
//!    what it finds if it comes a little later.

use crate::sync::{Lane, Role, Thread};
use crate::tty_struct::TtyStruct;
use std::sync::Arc;

/// What the worker of an end is called in reports and schedules.
#[must_use]
pub fn kworker_name(end: &str) -> String {
    format!("kworker/{end}")
}

impl TtyStruct {
    /// One run of the work.
    fn flush_to_ldisc(&self) {
        match self.solo() {
            Some(solo) => solo.port_flush_to_ldisc(),
            None => self.port_flush_to_ldisc(),
        }
    }

    /// `tty_buffer_cancel_work`: from here on no run begins or goes on.
    ///
    /// # Locking
    /// As [`TtyStruct::tty_buffer_flush_work`].
    pub(crate) fn tty_buffer_cancel_work(&self) {
        self.port.buf.work.flush("tty_buffer_cancel_work.cancel_work_sync", &|| {
            self.flush_to_ldisc();
        });
    }

    /// The body of the thread that runs this end's `flush_to_ldisc` whenever it is queued. In loom
    /// at most `tries` times.
    pub fn kworker(&self, tries: usize) {
        self.port.buf.work.worker("kworker.flush_to_ldisc", tries, &|| {
            self.flush_to_ldisc();
        });
    }

    /// That thread.
    #[must_use]
    pub fn kworker_thread(self: &Arc<Self>, tries: usize) -> Thread {
        let tty = Arc::clone(self);
        Thread {
            name: kworker_name(self.name),
            role: Role::Worker(Arc::clone(&self.port.buf.work)),
            body: Box::new(move || tty.kworker(tries)),
        }
    }

    /// Runs this end's work here and now if it is queued; for a caller who is alone. Returns
    /// whether it ran.
    pub fn run_pending_work(&self) -> bool {
        self.port.buf.work.run_pending("run_pending_work.flush_to_ldisc", &|| {
            self.flush_to_ldisc();
        })
    }

    /// `tty_buffer_flush_work`: waits for the run that is queued or going on; queues none.
    ///
    /// # Locking
    /// Must not be called with anything the run takes: `buf->lock`, or `termios_rwsem` (museum 8).
    pub fn tty_buffer_flush_work(&self) {
        self.port.buf.work.flush("tty_buffer_flush_work.flush_work", &|| {
            self.flush_to_ldisc();
        });
    }
}

impl<L: Lane> TtyStruct<L> {
    /// The rest of [`TtyStruct::flush_to_ldisc`].
    fn port_flush_to_ldisc(&self) {
        self.port.alive();
        self.port.buf.flush_to_ldisc(self);
    }
}
