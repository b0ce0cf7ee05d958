// SPDX-License-Identifier: GPL-2.0-only
//! The pty driver: whatever one end writes is received by the other.
//!
//! # Data flow
//! `n_tty_write` -> `pty_write` -> the *link's* flip chain -> the link's work.
//!
//! # Invariants
//! - `TTY_THROTTLED` is always set, so that the line discipline always calls the unthrottle
//!   routine, which wakes sleeping writers.
//!
//! # Deviations
//! 1. Packet mode is not modelled: no status byte is ever due.
//! 2. Both ends are open from the start, once each. Closing the master, and with it hangup, is not
//!    modelled; the slave can be closed.

use crate::geometry::Geometry;
use crate::sync::{Ordering, Runtime};
use crate::tty_struct::{
    PtyType, TTY_IO_ERROR, TTY_OTHER_CLOSED, TTY_THROTTLED, TtyEnd, TtyStruct,
};
use crate::verify::Ghost;
use std::sync::Arc;

/// The truth about both directions.
#[derive(Clone, Debug, Default)]
pub struct PairGhosts {
    /// What the master writes and the slave reads.
    pub to_slave: Ghost,
    /// What the slave writes and the master reads.
    pub to_master: Ghost,
}

/// An open pty pair.
#[derive(Debug)]
pub struct Pair {
    /// The end a terminal emulator holds.
    pub master: Arc<TtyStruct>,
    /// The end a program runs on.
    pub slave: Arc<TtyStruct>,
}

impl Pair {
    /// `pty_common_install`: a fresh pair with the drivers' own settings.
    #[must_use]
    pub fn new(rt: Runtime, geometry: &Geometry, ghosts: PairGhosts) -> Arc<Self> {
        let master = Arc::new(TtyEnd::new(rt, PtyType::Master, geometry, ghosts.to_master));
        let slave = Arc::new(TtyEnd::new(rt, PtyType::Slave, geometry, ghosts.to_slave));
        Arc::new(Self {
            master: Arc::new(TtyStruct::new(Arc::clone(&master), Arc::clone(&slave))),
            slave: Arc::new(TtyStruct::new(slave, master)),
        })
    }

    /// Runs what is queued at either end until nothing is, slave first; for a caller who is alone.
    pub fn settle(&self) {
        while self.slave.run_pending_work() || self.master.run_pending_work() {}
    }
}

impl TtyStruct {
    /// `pty_write`: as much of `buf` as the link's flip chain takes.
    ///
    /// # Locking
    /// Takes the link's `port->lock`.
    pub(crate) fn pty_write(&self, buf: &[u8]) -> usize {
        if buf.is_empty() || self.stopped("pty_write.stopped") {
            return 0;
        }
        let port = &self.link.port;
        port.buf.tty_insert_flip_string_and_push_buffer(&port.lock, buf)
    }

    /// `pty_write_room`: what is left of the link's limit; 0 while stopped.
    pub fn pty_write_room(&self) -> usize {
        if self.stopped("pty_write_room.stopped") {
            return 0;
        }
        self.link.port.buf.tty_buffer_space_avail()
    }

    /// `pty_unthrottle`: the link's writers may go on.
    pub(crate) fn pty_unthrottle(&self) {
        self.link.tty_wakeup();
        self.flags.fetch_or("pty_unthrottle.throttled", TTY_THROTTLED, Ordering::Relaxed);
    }

    /// `pty_flush_buffer`: drops what this end has written and the link has not received.
    ///
    /// # Locking
    /// Takes the link's `buf->lock`.
    pub(crate) fn pty_flush_buffer(&self) {
        self.link.port.buf.tty_buffer_flush();
    }

    /// `pty_close`, for the last close of the slave: the master reads what is still on its way,
    /// then `EIO`; what it writes is still taken.
    pub fn pty_close(&self) {
        self.flags.fetch_or("pty_close.io_error", TTY_IO_ERROR, Ordering::Relaxed);
        self.read_wait.wake_up("pty_close.read_wait");
        self.write_wait.wake_up("pty_close.write_wait");
        self.link.flags.fetch_or("pty_close.other_closed", TTY_OTHER_CLOSED, Ordering::Relaxed);
        self.link.read_wait.wake_up("pty_close.link_read_wait");
        self.link.write_wait.wake_up("pty_close.link_write_wait");
    }
}
