// SPDX-License-Identifier: GPL-2.0-only
//! What a step needs in order to run: the part of an object's state that blocks threads.
//!
//! One small value per object, advanced by [`Gate::apply`] and asked by [`Gate::enabled`]. The
//! simulator uses it to know who can run; the explorer replays it to know who *could have* run
//! before a step that came earlier, which is how it sees through a release to the acquisition
//! behind it, and finds the second `queue_work` that would have started the same run.

use super::op::{Op, OpKind};

/// The blocking state of one lock, work item or wait queue.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Gate {
    /// Mutex: locked. Semaphore: held for write. Work: running.
    pub held: bool,
    /// Work: the PENDING bit.
    pub pending: bool,
    /// Semaphore: how many hold it for read.
    pub readers: u8,
    /// Semaphore with writer bias: how many writers queue.
    pub waiting: u8,
    /// Work: runs that are over. Wait queue: wakeups so far.
    pub count: u32,
}

impl Gate {
    /// Whether `op` can execute now. A trylock always can: failing is its execution.
    #[must_use]
    #[inline]
    pub fn enabled(&self, op: &Op) -> bool {
        match op.kind {
            OpKind::MutexLock => !self.held,
            OpKind::DownRead => !self.held && self.waiting == 0,
            OpKind::DownWrite | OpKind::WriterGranted => !self.held && self.readers == 0,
            OpKind::WorkBegin => self.pending && !self.held,
            OpKind::WorkWait => self.count >= op.arg,
            OpKind::WaitWoken => self.count > op.arg,
            _ => true,
        }
    }

    /// Whether `op`, a trylock, would succeed now; true for all else.
    #[must_use]
    #[inline]
    pub fn succeeds(&self, op: &Op) -> bool {
        match op.kind {
            OpKind::MutexTryLock => !self.held,
            OpKind::TryDownRead => !self.held && self.waiting == 0,
            OpKind::TryDownWrite => !self.held && self.readers == 0,
            _ => true,
        }
    }

    /// The gate after `op`, which was enabled, executed.
    #[must_use]
    #[inline]
    pub fn apply(mut self, op: &Op) -> Self {
        if !self.succeeds(op) {
            return self;
        }
        match op.kind {
            OpKind::MutexLock | OpKind::MutexTryLock => self.held = true,
            OpKind::DownWrite | OpKind::TryDownWrite => self.held = true,
            OpKind::MutexUnlock | OpKind::UpWrite => self.held = false,
            OpKind::WriterGranted => {
                self.held = true;
                self.waiting = self.waiting.saturating_sub(1);
            }
            OpKind::DownRead | OpKind::TryDownRead => self.readers = self.readers.saturating_add(1),
            OpKind::UpRead => self.readers = self.readers.saturating_sub(1),
            OpKind::WriterQueue => self.waiting = self.waiting.saturating_add(1),
            OpKind::WorkQueue => self.pending = true,
            OpKind::WorkBegin => {
                self.pending = false;
                self.held = true;
            }
            OpKind::WorkEnd => {
                self.held = false;
                self.count += 1;
            }
            OpKind::WakeUp => self.count += 1,
            _ => {}
        }
        self
    }

    /// The run `flush_work` has to wait for: the pending one, else the running one, else the last
    /// finished one (no wait at all).
    #[must_use]
    #[inline]
    pub fn flush_target(&self) -> u32 {
        self.count + u32::from(self.held) + u32::from(self.pending)
    }
}
