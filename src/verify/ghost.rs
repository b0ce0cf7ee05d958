// SPDX-License-Identifier: GPL-2.0-only
//! The truth about one direction of the pair, kept outside the modelled memory.
//!
//! The model calls it right after the step that makes something true, with no step in between, so
//! in the checking runtimes the ghost changes atomically with the model. It is untracked: plain
//! `std` state that no runtime schedules or sees.
//!
//! ```text
//! staged -> committed -> received/injected -> queued -> consumed
//!   flip buffer, unseen | flip, visible | ldisc takes it | in read_buf | read
//! ```
//!
//! # What it checks as it goes
//! - what the line discipline takes is what was committed next (C2);
//! - what a reader gets is what was queued next (C2);
//! - for each checkpoint call it keeps every instant's content, for [`super::cut`] (C1).

use super::cut::{Call, Instant};
use super::{Property, Violation};
use crate::sync::{Runtime, current_thread, note};
use std::sync::{Arc, Mutex, PoisonError};

/// The truth about the data on its way to one end. Cheap to clone; [`Ghost::none`] checks nothing.
#[derive(Clone, Debug, Default)]
pub struct Ghost(Option<Arc<Shared>>);

#[derive(Debug)]
struct Shared {
    rt: Runtime,
    end: &'static str,
    truth: Mutex<Truth>,
}

/// What is where.
#[derive(Debug, Default)]
struct Truth {
    /// Every byte ever put into the flip chain, in order.
    stream: Vec<u8>,
    /// How many of them are visible to the consumer.
    committed: usize,
    /// How many of them left the chain, to the line discipline or by a flush.
    taken: usize,
    /// What is in `read_buf`, oldest first.
    queue: Vec<u8>,
    /// What readers have to get next, had nobody peeked: as `queue`, but what a checkpoint call
    /// itself takes out or puts in does not count.
    due: Vec<u8>,
    /// Bytes that reached a reader.
    consumed: usize,
    /// The checkpoint calls in progress, by ticket.
    calls: Vec<Option<Call>>,
    /// Nothing is known of `queue` and `due`, see [`Ghost::lost_track`].
    lost_track: bool,
}

/// What is unread, as the ghost knows it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unread {
    /// In the flip chain, visible.
    pub flip: usize,
    /// In the read buffer, as far as readers still have to get it.
    pub queue: usize,
}

/// A checkpoint call in progress.
#[derive(Debug)]
pub struct Ticket(usize);

impl Ghost {
    /// A ghost that believes everything.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// A ghost of the data on its way to `end`.
    #[must_use]
    pub fn new(rt: Runtime, end: &'static str) -> Self {
        Self(Some(Arc::new(Shared { rt, end, truth: Mutex::default() })))
    }

    /// Changes the truth; the calls in progress see the new instant, and a finding is reported
    /// after the lock is gone.
    fn change(&self, f: impl FnOnce(&mut Truth, &'static str) -> Option<Violation>) {
        let Some(shared) = &self.0 else { return };
        let mut truth = shared.truth.lock().unwrap_or_else(PoisonError::into_inner);
        let found = f(&mut truth, shared.end);
        truth.tick();
        drop(truth);
        if let Some(violation) = found {
            note(shared.rt, violation);
        }
    }

    /// `bytes` were copied behind the tail of the flip chain and counted in `used`.
    pub fn staged(&self, bytes: &[u8]) {
        self.change(|truth, _| {
            truth.stream.extend_from_slice(bytes);
            None
        });
    }

    /// The oldest `n` staged bytes became visible: a store of `commit` covered them.
    pub fn committed(&self, n: usize) {
        self.change(|truth, _| {
            truth.committed = (truth.committed + n).min(truth.stream.len());
            None
        });
    }

    /// The line discipline takes these bytes from the head of the flip chain.
    pub fn received(&self, bytes: &[u8]) {
        self.change(|truth, end| {
            let due = &truth.stream[truth.taken..truth.committed];
            let found = (!due.starts_with(bytes)).then(|| {
                let sentence = format!(
                    "the line discipline of the {end} is given {} where {} is next in the stream",
                    quoted(bytes),
                    quoted(&due[..due.len().min(bytes.len())]),
                );
                Violation::new(Property::C2, "corrupted", sentence)
            });
            truth.taken = (truth.taken + bytes.len()).min(truth.committed);
            found
        });
    }

    /// The line discipline takes these bytes from elsewhere (TIOCSTI).
    pub fn injected(&self, bytes: &[u8]) {
        // They enter the truth when they are queued.
        let _ = bytes;
    }

    /// These bytes were appended to `read_buf` (`put_tty_queue`).
    pub fn queued(&self, bytes: &[u8]) {
        let peeking = self.peeking();
        self.change(|truth, _| {
            truth.queue.extend_from_slice(bytes);
            if !peeking {
                truth.due.extend_from_slice(bytes);
            }
            None
        });
    }

    /// The newest `n` bytes of `read_buf` were taken back (erase, overflow).
    pub fn unqueued(&self, n: usize) {
        self.change(|truth, _| {
            truth.queue.truncate(truth.queue.len().saturating_sub(n));
            truth.due.truncate(truth.due.len().saturating_sub(n));
            None
        });
    }

    /// `read_tail` moved over the oldest `n` bytes of `read_buf`, of which the reader got `seen`
    /// (fewer where an EOF mark was eaten).
    pub fn consumed(&self, n: usize, seen: &[u8]) {
        let peeking = self.peeking();
        self.change(|truth, end| {
            let found = truth.consume(n, seen, peeking, end);
            truth.consumed += seen.len();
            found
        });
    }

    /// Whether the current thread is inside a checkpoint call. (Seeded only: loom has no cheap
    /// name for a thread, and its proofs have no design that reads.)
    fn peeking(&self) -> bool {
        let Some(shared) = &self.0 else { return false };
        let Some(me) = current_thread(shared.rt) else { return false };
        let truth = shared.truth.lock().unwrap_or_else(PoisonError::into_inner);
        truth.calls.iter().flatten().any(|call| call.thread() == Some(me))
    }

    /// The read buffer was reset (`reset_buffer_flags`).
    pub fn ldisc_reset(&self) {
        self.change(|truth, _| {
            truth.queue.clear();
            truth.due.clear();
            truth.lost_track = false;
            None
        });
    }

    /// An overlong line made the kernel's own rules give bytes out that were not meant to stay, or
    /// overwrite unread ones: until the buffer is reset, what readers get is no finding.
    pub fn lost_track(&self) {
        self.change(|truth, _| {
            truth.lost_track = true;
            None
        });
    }

    /// The oldest `n` visible bytes of the flip chain were dropped (`tty_buffer_flush`): all that
    /// the flush saw, which in weak memory may be less than all there are.
    pub fn flip_flushed(&self, n: usize) {
        self.change(|truth, _| {
            truth.taken = (truth.taken + n).min(truth.committed);
            None
        });
    }

    /// A checkpoint call begins.
    #[must_use]
    pub fn call(&self) -> Ticket {
        let mut ticket = Ticket(0);
        let thread = self.0.as_ref().and_then(|shared| current_thread(shared.rt));
        self.change(|truth, _| {
            ticket.0 = truth.calls.len();
            let committed = truth.committed;
            truth.calls.push(Some(Call::new(committed, thread)));
            None
        });
        ticket
    }

    /// It returns `result`, or nothing if it was refused.
    pub fn returned(&self, ticket: &Ticket, design: &str, result: Option<&[u8]>) {
        self.change(|truth, end| {
            let call = truth.calls.get_mut(ticket.0).and_then(Option::take)?;
            if truth.lost_track {
                return None;
            }
            call.judge(&truth.stream, result?, design, end)
        });
    }

    /// What is unread now.
    #[must_use]
    pub fn unread(&self) -> Unread {
        let Some(shared) = &self.0 else { return Unread::default() };
        let truth = shared.truth.lock().unwrap_or_else(PoisonError::into_inner);
        let queue = if truth.lost_track { 0 } else { truth.due.len() };
        Unread { flip: truth.committed - truth.taken, queue }
    }

    /// A measure that grows with every byte that moves: for telling work from a livelock.
    #[must_use]
    pub fn progress(&self) -> usize {
        let Some(shared) = &self.0 else { return 0 };
        let truth = shared.truth.lock().unwrap_or_else(PoisonError::into_inner);
        truth.committed + truth.taken + truth.consumed
    }
}

impl Truth {
    /// `read_tail` moves over `n` bytes; what the reader saw must be what was next, in the buffer
    /// and in what readers have to get.
    fn consume(&mut self, n: usize, seen: &[u8], peeking: bool, end: &str) -> Option<Violation> {
        let misread = n > self.queue.len() || !self.queue.starts_with(seen);
        let lost = !peeking && !self.due.starts_with(seen);
        let next = if misread { &self.queue } else { &self.due };
        let next = quoted(&next[..next.len().min(seen.len().max(1))]);
        self.queue.drain(..n.min(self.queue.len()));
        if !peeking {
            self.due.drain(..n.min(self.due.len()));
        }
        let sentence = format!("a reader of the {end} gets {} where {next} is next", quoted(seen));
        let code = match (misread, lost) {
            _ if self.lost_track => return None,
            (true, _) => "misread",
            (false, true) => "out-of-order",
            (false, false) => return None,
        };
        Some(Violation::new(Property::C2, code, sentence))
    }

    fn tick(&mut self) {
        for call in self.calls.iter_mut().flatten() {
            call.see(Instant { queue: self.queue.clone(), flip: self.taken..self.committed });
        }
    }
}

/// Bytes for a sentence: quoted, escaped, and shortened in the middle when long.
#[must_use]
pub fn quoted(bytes: &[u8]) -> String {
    const SHOWN: usize = 24;
    if bytes.len() <= 2 * SHOWN {
        return format!("\"{}\"", bytes.escape_ascii());
    }
    let (head, tail) = (&bytes[..SHOWN], &bytes[bytes.len() - SHOWN..]);
    format!("\"{}\"...\"{}\" ({} bytes)", head.escape_ascii(), tail.escape_ascii(), bytes.len())
}
