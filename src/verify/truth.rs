// SPDX-License-Identifier: GPL-2.0-only
//! Where each byte of one direction of the pair is, and what each change makes of it.
//!
//! [`super::ghost`] says when something becomes true, and to whom it matters; here is what. No locks: the
//! ghost holds its own around each change.
//!
//! # Invariants
//! - `dealt <= taken <= committed <= staged`, each a position in the stream.
//! - A byte has an arrival as soon as it is visible, and keeps it in the queue.

use super::cut::{Call, Instant, Time};
use super::fifo::Fifo;
use super::ghost::quoted;
use super::{Property, Violation};
use crate::sync::{Observer, Stamp};

/// A byte, and which arrival brought it.
#[derive(Clone, Copy, Debug)]
struct Arrived {
    byte: u8,
    arrival: usize,
}

/// Bytes, and which arrival brought each.
#[derive(Debug, Default)]
pub(super) struct Bytes {
    pub(super) bytes: Fifo<u8>,
    pub(super) arrivals: Fifo<usize>,
}

/// What is where.
#[derive(Debug, Default)]
pub(super) struct Truth {
    /// Every byte ever put into the flip chain, in order; those without an arrival are not visible
    /// yet.
    pub(super) stream: Bytes,
    /// How often something became visible or was injected.
    pub(super) arrival: usize,
    /// When each of these was, where happens-before decides.
    pub(super) came: Vec<Stamp>,
    /// How many bytes of the stream left the chain, to the line discipline or by a flush.
    pub(super) taken: usize,
    /// How many of those the line discipline has dealt with: the rest is in its hands.
    pub(super) dealt: usize,
    /// The character that the line discipline is at.
    pub(super) character: Option<Character>,
    /// What is in `read_buf`, oldest first.
    pub(super) queue: Bytes,
    /// What readers have to get next, had nobody peeked: as `queue`, but what a checkpoint call
    /// itself takes out or puts in does not count.
    pub(super) due: Fifo<u8>,
    /// Bytes that reached a reader.
    pub(super) consumed: usize,
    /// The checkpoint calls in progress, by ticket.
    pub(super) calls: Vec<Option<Call>>,
    /// When the other end was closed.
    pub(super) closed: Option<Time>,
    /// Nothing is known of `queue` and `due`, see [`super::Ghost::lost_track`].
    pub(super) lost_track: bool,
}

/// A character that the line discipline deals with on its own.
#[derive(Clone, Copy, Debug)]
pub(super) struct Character {
    it: Arrived,
    /// Whether it had its effect, and so is no longer unread itself.
    done: bool,
}

/// Whether what is unread is another sequence of bytes than before.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Content {
    Same,
    /// It is longer at its end.
    Longer,
    Changed,
}

impl Truth {
    /// How many bytes of the stream became visible so far.
    pub(super) fn committed(&self) -> usize {
        self.stream.arrivals.len()
    }

    /// The first byte of the stream in the line discipline's hands.
    fn in_hand(&self) -> Option<Arrived> {
        (self.dealt < self.taken).then(|| Arrived {
            byte: self.stream.bytes[self.dealt],
            arrival: self.stream.arrivals[self.dealt],
        })
    }

    /// The line discipline turns to the next of the characters that it was given.
    pub(super) fn next_character(&mut self) {
        self.character = self.in_hand().map(|it| Character { it, done: false });
    }

    /// The character that the line discipline is at is no longer unread.
    pub(super) fn finish_character(&mut self) -> Content {
        match &mut self.character {
            Some(c) if !c.done => {
                c.done = true;
                self.dealt += 1;
                Content::Changed
            }
            _ => Content::Same,
        }
    }

    /// `byte` is queued: the character at hand itself, what became of it, or what was injected.
    pub(super) fn append(&mut self, byte: u8) -> Content {
        let (arrival, same) = match self.character {
            Some(c) => (c.it.arrival, !c.done && c.it.byte == byte),
            None => match self.in_hand() {
                Some(it) => {
                    self.dealt += 1;
                    (it.arrival, it.byte == byte)
                }
                None => (self.arrival, false),
            },
        };
        self.finish_character();
        self.queue.bytes.push(byte);
        self.queue.arrivals.push(arrival);
        if same { Content::Same } else { Content::Changed }
    }

    /// What is queued as it came must be what came.
    pub(super) fn garbled(&self, bytes: &[u8], end: &str) -> Option<Violation> {
        let given = &self.stream.bytes[self.dealt..self.taken];
        if given.is_empty() || given.starts_with(bytes) {
            return None;
        }
        let sentence = format!(
            "the line discipline of the {end} queues {} where it was given {}",
            quoted(bytes),
            quoted(&given[..given.len().min(bytes.len())]),
        );
        Some(Violation::new(Property::C2, "garbled", sentence))
    }

    /// `bytes` are queued, none of which needed to be looked at.
    pub(super) fn append_moved(&mut self, bytes: &[u8]) -> Content {
        let n = bytes.len();
        let given = self.dealt..self.taken.min(self.dealt + n);
        if self.stream.bytes.get(given.clone()) == Some(bytes) {
            self.queue.bytes.extend_from_slice(bytes);
            self.queue.arrivals.extend_from_slice(&self.stream.arrivals[given]);
            self.dealt += n;
            return Content::Same;
        }
        for &byte in bytes {
            self.append(byte);
        }
        Content::Changed
    }

    /// Readers have to get `bytes`, unless a checkpoint call put them in.
    pub(super) fn owe(&mut self, bytes: &[u8], peeking: bool) {
        if !peeking {
            self.due.extend_from_slice(bytes);
        }
    }

    /// `read_tail` moves over `n` bytes; what the reader saw must be what was next, in the buffer
    /// and in what readers have to get.
    pub(super) fn consume(
        &mut self,
        n: usize,
        seen: &[u8],
        peeking: bool,
        end: &str,
    ) -> Option<Violation> {
        let queued = &self.queue.bytes;
        let misread = n > queued.len() || !queued.starts_with(seen);
        let lost = !peeking && !self.due.starts_with(seen);
        let found = match (misread, lost) {
            _ if self.lost_track => None,
            (true, _) => Some(("misread", queued)),
            (false, true) => Some(("out-of-order", &self.due)),
            (false, false) => None,
        };
        let found = found.map(|(code, next)| {
            let (got, next) = (quoted(seen), quoted(&next[..next.len().min(seen.len().max(1))]));
            let sentence = format!("a reader of the {end} gets {got} where {next} is next");
            Violation::new(Property::C2, code, sentence)
        });
        self.queue.drop_first(n);
        if !peeking {
            self.due.drop_first(n);
        }
        found
    }

    /// The call that is `ticket`-th is over; `None` if it cannot be judged.
    pub(super) fn end(&mut self, ticket: usize) -> Option<Call> {
        let call = self.calls.get_mut(ticket).and_then(Option::take)?;
        (!self.lost_track).then_some(call)
    }

    /// The calls in progress see what is unread now.
    pub(super) fn tick(&mut self, observer: Observer) {
        let mut calls = std::mem::take(&mut self.calls);
        for call in calls.iter_mut().flatten() {
            let instant = self.instant(call);
            call.see(instant, observer.moment());
        }
        self.calls = calls;
    }

    /// What is unread now, for `call`.
    pub(super) fn instant(&self, call: &Call) -> Instant {
        let stream = self.dealt..self.committed();
        let parts = [(&self.queue, 0..self.queue.bytes.len()), (&self.stream, stream)];
        let (mut content, mut required) = (Vec::new(), 0);
        for (part, range) in parts {
            let arrivals = &part.arrivals[range.clone()];
            let old = arrivals.iter().rposition(|&a| call.began.follows(a, &self.came));
            required = old.map_or(required, |i| content.len() + i + 1);
            content.extend_from_slice(&part.bytes[range]);
        }
        Instant { content, required }
    }

    /// Whatever arrived just now did so with the step `when`.
    pub(super) fn note_arrivals(&mut self, when: &Stamp) {
        self.came.resize(self.arrival, *when);
    }
}

impl Bytes {
    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        self.arrivals.clear();
    }

    /// Drops the newest `n`.
    pub(super) fn take_back(&mut self, n: usize) {
        let left = self.bytes.len().saturating_sub(n);
        self.bytes.truncate(left);
        self.arrivals.truncate(left);
    }

    /// Drops the oldest `n`.
    fn drop_first(&mut self, n: usize) {
        self.bytes.drop_first(n);
        self.arrivals.drop_first(n);
    }
}
