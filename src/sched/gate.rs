// SPDX-License-Identifier: GPL-2.0-only
//! What a step needs in order to run: the part of an object's state that blocks threads.
//!
//! One small value per object, advanced by [`Gate::apply`] and asked by [`Gate::enabled`]. The
//! simulator uses it to know who can run; the explorer replays it to know who *could have* run
//! before a step that came earlier, which is how it sees through a release to the acquisition
//! behind it, and finds the second `queue_work` that would have started the same run.

use super::op::{Op, OpKind};
use std::fmt;

/// Mutex: locked. Semaphore: held for write. Work: running.
const HELD: u32 = 1;
/// Work: the PENDING bit.
const PENDING: u32 = 1 << 1;
/// Semaphore: one that holds it for read. There is room for [`MANY`].
const READER: u32 = 1 << 8;
/// Semaphore with writer bias: one writer that queues. There is room for [`MANY`].
const WRITER: u32 = 1 << 20;
/// The most readers, or writers that queue.
const MANY: u32 = (1 << 12) - 1;
const READERS: u32 = READER * MANY;
const WRITERS: u32 = WRITER * MANY;

/// The blocking state of one lock, work item or wait queue.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Gate {
    /// [`HELD`], [`PENDING`], and how many [`READERS`] and [`WRITERS`].
    state: u32,
    /// Work: runs that are over. Wait queue: wakeups so far.
    count: u32,
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gate")
            .field("held", &self.held())
            .field("pending", &self.pending())
            .field("readers", &((self.state / READER) & MANY))
            .field("waiting", &((self.state / WRITER) & MANY))
            .field("count", &self.count)
            .finish()
    }
}

/// What a step does to the state: numbers, not a case each, for the simulator asks at every step.
#[derive(Clone, Copy)]
struct Change {
    clears: u32,
    adds: u32,
    /// One less of it, if there is any.
    takes: u32,
    counts: u32,
}

impl Change {
    const NONE: Self = Self { clears: 0, adds: 0, takes: 0, counts: 0 };

    #[inline]
    const fn by(kind: OpKind) -> Self {
        let none = Self::NONE;
        match kind {
            OpKind::MutexLock | OpKind::MutexTryLock | OpKind::DownWrite | OpKind::TryDownWrite => {
                Self { clears: HELD, adds: HELD, ..none }
            }
            OpKind::MutexUnlock | OpKind::UpWrite => Self { clears: HELD, ..none },
            OpKind::WriterGranted => Self { clears: HELD, adds: HELD, takes: WRITER, ..none },
            OpKind::DownRead | OpKind::TryDownRead => Self { adds: READER, ..none },
            OpKind::UpRead => Self { takes: READER, ..none },
            OpKind::WriterQueue => Self { adds: WRITER, ..none },
            OpKind::WorkQueue => Self { clears: PENDING, adds: PENDING, ..none },
            OpKind::WorkBegin => Self { clears: PENDING | HELD, adds: HELD, ..none },
            OpKind::WorkEnd => Self { clears: HELD, counts: 1, ..none },
            OpKind::WakeUp => Self { counts: 1, ..none },
            _ => none,
        }
    }
}

/// Which part of the state matters to a step of `kind`, and what it has to be.
#[inline]
const fn needs(kind: OpKind) -> (u32, u32) {
    match kind {
        OpKind::MutexLock | OpKind::MutexTryLock => (HELD, 0),
        OpKind::DownRead | OpKind::TryDownRead => (HELD | WRITERS, 0),
        OpKind::DownWrite | OpKind::WriterGranted | OpKind::TryDownWrite => (HELD | READERS, 0),
        OpKind::WorkBegin => (PENDING | HELD, PENDING),
        _ => (0, 0),
    }
}

impl Gate {
    /// Mutex: locked. Semaphore: held for write. Work: running.
    #[must_use]
    pub const fn held(&self) -> bool {
        self.state & HELD != 0
    }

    /// Work: the PENDING bit.
    #[must_use]
    pub const fn pending(&self) -> bool {
        self.state & PENDING != 0
    }

    /// Work: runs that are over. Wait queue: wakeups so far.
    #[must_use]
    pub const fn count(&self) -> u32 {
        self.count
    }

    /// Whether `op` can execute now. A trylock always can: failing is its execution.
    #[must_use]
    #[inline]
    pub fn enabled(&self, op: &Op) -> bool {
        match op.kind {
            OpKind::WorkWait => self.count >= op.arg,
            OpKind::WaitWoken => self.count > op.arg,
            kind => !kind.blocks() || self.suits(kind),
        }
    }

    /// Whether `op`, a trylock, would succeed now; true for all else.
    #[must_use]
    #[inline]
    pub fn succeeds(&self, op: &Op) -> bool {
        op.kind.blocks() || self.suits(op.kind)
    }

    #[inline]
    const fn suits(self, kind: OpKind) -> bool {
        let (part, value) = needs(kind);
        self.state & part == value
    }

    /// The gate after `op`, which was enabled, executed.
    #[must_use]
    #[inline]
    pub fn apply(self, op: &Op) -> Self {
        if !self.succeeds(op) {
            return self;
        }
        let Change { clears, adds, takes, counts } = Change::by(op.kind);
        let any = self.state & (takes * MANY) != 0;
        let state = (self.state & !clears) + adds - if any { takes } else { 0 };
        Self { state, count: self.count + counts }
    }

    /// The run `flush_work` has to wait for: the pending one, else the running one, else the last
    /// finished one (no wait at all).
    #[must_use]
    #[inline]
    pub fn flush_target(&self) -> u32 {
        self.count + u32::from(self.held()) + u32::from(self.pending())
    }
}
