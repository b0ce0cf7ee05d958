// SPDX-License-Identifier: GPL-2.0-only
//! The truth about one direction of the pair, kept outside the modelled memory.
//!
//! The model calls it right after the step that makes something true, with no step in between, so
//! in the checking runtimes the ghost changes atomically with the model. It is untracked: plain
//! `std` state that no runtime schedules or sees.
//!
//! What a store makes true for others (a commit, a moved `read_tail`, a reset) becomes true when the
//! store reaches memory: under `tso` that is later than the store, and the ghost changes with the
//! store buffer's step. What is done to plain memory is true at once: it has no buffer there.
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
//!
//! # What is unread
//! The read buffer's content, then what the line discipline was given and has not dealt with yet,
//! then the visible part of the flip chain. A byte that moves from one to the next unchanged
//! changes nothing. Everything else is a change whose order the explorer must know ([`Observer`]), as
//! long as somebody peeks; under memory `ra` happens-before decides instead ([`super::past`]).

use super::cut::{Call, Time};
use super::past::{Judgement, Past, Returned};
use super::truth::{Content, Truth};
use super::{Property, Violation};
use crate::sync::{Observer, Runtime, Stamp, current_thread, note};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The truth about the data on its way to one end. Cheap to clone; [`Ghost::none`] checks nothing.
#[derive(Clone, Debug, Default)]
pub struct Ghost(Option<Arc<Shared>>);

#[derive(Debug)]
struct Shared {
    rt: Runtime,
    end: &'static str,
    /// `None`: nobody peeks, and the order of changes does not matter.
    observer: Option<Observer>,
    truth: Mutex<Truth>,
    /// Where happens-before decides (memory `ra`), and somebody peeks.
    past: Option<Mutex<Past>>,
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

    /// A ghost of the data on its way to `end`, at which somebody may peek.
    #[must_use]
    pub fn new(rt: Runtime, end: &'static str) -> Self {
        Self::build(rt, end, Some(Observer::new(rt)))
    }

    /// A ghost of the data on its way to `end`, at which nobody peeks: fewer orders matter.
    #[must_use]
    pub fn without_calls(rt: Runtime, end: &'static str) -> Self {
        Self::build(rt, end, None)
    }

    fn build(rt: Runtime, end: &'static str, observer: Option<Observer>) -> Self {
        let past = observer.filter(|o| o.by_happens_before()).map(|_| Mutex::default());
        Self(Some(Arc::new(Shared { rt, end, observer, truth: Mutex::default(), past })))
    }

    /// Changes the truth; the calls in progress see the new instant, and a finding is reported
    /// after the lock is gone.
    #[inline]
    fn change<F>(&self, f: F)
    where
        F: Fn(&mut Truth, &'static str) -> (Content, Option<Violation>) + Send + Sync + 'static,
    {
        if let Some(shared) = &self.0 {
            shared.change(f);
        }
    }

    /// As [`Ghost::change`], with the step that makes the store visible after which it is called.
    #[inline]
    fn change_when_visible<F>(&self, f: F)
    where
        F: Fn(&mut Truth, &'static str) -> (Content, Option<Violation>) + Send + Sync + 'static,
    {
        if let Some(shared) = &self.0 {
            shared.change_when_visible(f);
        }
    }

    /// `bytes` were copied behind the tail of the flip chain and counted in `used`.
    #[inline]
    pub fn staged(&self, bytes: &[u8]) {
        let Some(bytes) = self.copy(bytes) else { return };
        self.change(move |truth, _| {
            truth.stream.bytes.extend_from_slice(&bytes);
            (Content::Same, None)
        });
    }

    /// The oldest `n` staged bytes became visible: a store of `commit` covered them.
    #[inline]
    pub fn committed(&self, n: usize) {
        self.change_when_visible(move |truth, _| {
            truth.arrival += 1;
            let committed = (truth.committed() + n).min(truth.stream.bytes.len());
            truth.stream.arrivals.resize(committed, truth.arrival);
            (Content::Longer, None)
        });
    }

    /// The line discipline takes these bytes from the head of the flip chain.
    #[inline]
    pub fn received(&self, bytes: &[u8]) {
        let Some(bytes) = self.copy(bytes) else { return };
        self.change(move |truth, end| {
            let due = &truth.stream.bytes[truth.taken..truth.committed()];
            let found = (!due.starts_with(&bytes)).then(|| {
                let sentence = format!(
                    "the line discipline of the {end} is given {} where {} is next in the stream",
                    quoted(&bytes),
                    quoted(&due[..due.len().min(bytes.len())]),
                );
                Violation::new(Property::C2, "corrupted", sentence)
            });
            truth.taken = (truth.taken + bytes.len()).min(truth.committed());
            (Content::Same, found)
        });
    }

    /// The line discipline takes bytes from elsewhere (TIOCSTI). They are unread once queued.
    #[inline]
    pub fn injected(&self) {
        self.change(|truth, _| {
            truth.arrival += 1;
            (Content::Same, None)
        });
    }

    /// The line discipline turns to the next of the characters that it was given.
    #[inline]
    pub fn next_character(&self) {
        self.change(|truth, _| {
            let content = truth.finish_character();
            truth.next_character();
            (content, None)
        });
    }

    /// The line discipline is done with all that it was given.
    #[inline]
    pub fn dealt(&self) {
        self.change(|truth, _| {
            let finished = truth.finish_character();
            truth.character = None;
            if truth.dealt == truth.taken {
                return (finished, None);
            }
            truth.dealt = truth.taken;
            (Content::Changed, None)
        });
    }

    /// These bytes were appended to `read_buf` as they are (`put_tty_queue` for many).
    #[inline]
    pub fn moved(&self, bytes: &[u8]) {
        let Some(bytes) = self.copy(bytes) else { return };
        let peeking = self.peeking();
        self.change(move |truth, end| {
            let finished = truth.finish_character();
            truth.character = None;
            let found = truth.garbled(&bytes, end);
            let content = truth.append_moved(&bytes);
            truth.owe(&bytes, peeking);
            (if content == Content::Same { finished } else { content }, found)
        });
    }

    /// This byte was appended to `read_buf` (`put_tty_queue`).
    #[inline]
    pub fn queued(&self, byte: u8) {
        let peeking = self.peeking();
        self.change(move |truth, _| {
            let content = truth.append(byte);
            truth.owe(&[byte], peeking);
            (content, None)
        });
    }

    /// The newest `n` bytes of `read_buf` were taken back (erase, overflow).
    pub fn unqueued(&self, n: usize) {
        self.change(move |truth, _| {
            truth.finish_character();
            truth.queue.take_back(n);
            truth.due.truncate(truth.due.len().saturating_sub(n));
            (Content::Changed, None)
        });
    }

    /// `read_tail` moved over the oldest `n` bytes of `read_buf`, of which the reader got `seen`
    /// (fewer where an EOF mark was eaten).
    #[inline]
    pub fn consumed(&self, n: usize, seen: &[u8]) {
        let Some(seen) = self.copy(seen) else { return };
        let peeking = self.peeking();
        self.change_when_visible(move |truth, end| {
            let found = truth.consume(n, &seen, peeking, end);
            truth.consumed += seen.len();
            (Content::Changed, found)
        });
    }

    /// The step just taken, where happens-before decides.
    fn time(&self) -> Option<Stamp> {
        let weak = self.0.as_ref()?.past.is_some();
        weak.then(Stamp::last).flatten()
    }

    /// `bytes`, to be kept; `None` if nothing is.
    #[inline]
    fn copy(&self, bytes: &[u8]) -> Option<Vec<u8>> {
        self.0.as_ref().map(|_| kept(bytes))
    }

    /// Whether the current thread is inside a checkpoint call. (Seeded only: loom has no cheap
    /// name for a thread, and its proofs have no design that reads.)
    #[inline]
    fn peeking(&self) -> bool {
        self.0.as_ref().is_some_and(|shared| shared.peeking())
    }

    /// The read buffer was reset (`reset_buffer_flags`). A checkpoint call has nothing to reset.
    pub fn ldisc_reset(&self) {
        let peeking = self.peeking();
        self.change_when_visible(move |truth, end| {
            let found = (peeking && !truth.due.is_empty()).then(|| dropped(&truth.due, end));
            truth.queue.clear();
            truth.due.clear();
            truth.lost_track = false;
            (Content::Changed, found)
        });
    }

    /// An overlong line made the kernel's own rules give bytes out that were not meant to stay, or
    /// overwrite unread ones: until the buffer is reset, what readers get is no finding, and the
    /// execution says that it was not watched to the end.
    pub fn lost_track(&self) {
        if let Some(shared) = &self.0 {
            Observer::lost_track(shared.rt);
        }
        self.change(|truth, _| {
            truth.lost_track = true;
            (Content::Changed, None)
        });
    }

    /// The oldest `n` visible bytes of the flip chain were dropped (`tty_buffer_flush`): all that
    /// the flush saw, which in weak memory may be less than all there are.
    pub fn flip_flushed(&self, n: usize) {
        let peeking = self.peeking();
        self.change(move |truth, end| {
            let flip = &truth.stream.bytes[truth.taken..truth.committed()];
            let flushed = &flip[..n.min(flip.len())];
            let found = (peeking && !flushed.is_empty()).then(|| dropped(flushed, end));
            truth.taken = (truth.taken + n).min(truth.committed());
            truth.dealt = truth.taken;
            (Content::Changed, found)
        });
    }

    /// The other end was closed: whoever reads must still get all that came before.
    pub fn closing(&self) {
        let when = self.time();
        self.change(move |truth, _| {
            truth.closed = Some(Time { arrival: truth.arrival, when });
            (Content::Same, None)
        });
    }

    /// Somebody was told that there will be no more input, and `how`; `readable` bytes were there.
    pub fn ended(&self, how: &'static str, readable: usize) {
        self.change(move |truth, end| {
            let in_flip = &truth.stream.arrivals[truth.taken.min(truth.committed())..];
            let queued = truth.queue.arrivals.iter().take(readable);
            let before = truth.closed.map_or(0, |closed| {
                let before = |arrival: &&usize| closed.follows(**arrival, &truth.came);
                in_flip.iter().chain(queued).filter(before).count()
            });
            let found = (before > 0).then(|| {
                let sentence = format!(
                    "{how} at the {end}, although {before} bytes that were written before the other \
                     end was closed are still to be read"
                );
                Violation::new(Property::C2, "early-end", sentence)
            });
            (Content::Same, found)
        });
    }

    /// A checkpoint call begins: a step.
    ///
    /// # Panics
    /// Never; a ghost that was told of no calls judges none.
    #[must_use]
    pub fn call(&self) -> Ticket {
        let Some(shared) = &self.0 else { return Ticket(0) };
        let Some(observer) = shared.observer else { return Ticket(0) };
        observer.call_begins("checkpoint.call");
        let thread = current_thread(shared.rt);
        let mut truth = shared.lock();
        let began = Time { arrival: truth.arrival, when: self.time() };
        let call = Call::new(began, thread);
        truth.calls.push(Some(call));
        truth.tick(observer);
        Ticket(truth.calls.len() - 1)
    }

    /// It returns `result`, or nothing if it was refused: a step.
    pub fn returned(&self, ticket: &Ticket, design: &str, result: Option<&[u8]>) {
        let Some(shared) = &self.0 else { return };
        let Some(observer) = shared.observer else { return };
        observer.call_ends("checkpoint.call");
        let Some((call, result)) = shared.lock().end(ticket.0).zip(result) else { return };
        if let (Some(mut past), Some(began), Some(ended)) =
            (shared.past(), call.began.when, Stamp::last())
        {
            if !call.fits_any(result) {
                let (result, design) = (result.to_vec(), design.to_owned());
                past.keep(Returned { call, began, ended, result, design });
            }
            drop(past);
            if observer.alone() {
                self.settle();
            }
        } else if let Some(violation) = call.judge(result, design, shared.end) {
            note(shared.rt, violation);
        }
    }

    /// All threads rest: judges the calls that happens-before decides.
    pub fn settle(&self) {
        let Some(shared) = &self.0 else { return };
        let judged = shared.past().map(|mut past| past.settle(shared.end));
        for judgement in judged.into_iter().flatten() {
            match judgement {
                Judgement::Fits => {}
                Judgement::Broken(violation) => note(shared.rt, violation),
                Judgement::Unknown => Observer::lost_track(shared.rt),
            }
        }
    }

    /// What is unread now.
    #[must_use]
    pub fn unread(&self) -> Unread {
        let Some(shared) = &self.0 else { return Unread::default() };
        let truth = shared.lock();
        let queue = if truth.lost_track { 0 } else { truth.due.len() };
        Unread { flip: truth.committed() - truth.taken, queue }
    }

    /// A measure that grows with every byte that moves: for telling work from a livelock.
    #[must_use]
    pub fn progress(&self) -> usize {
        let Some(shared) = &self.0 else { return 0 };
        let truth = shared.lock();
        truth.committed() + truth.taken + truth.consumed
    }
}

/// Out of line: natively there is no ghost.
#[cold]
#[inline(never)]
fn kept(bytes: &[u8]) -> Vec<u8> {
    bytes.to_vec()
}

/// A checkpoint call drops what readers have to get.
fn dropped(bytes: &[u8], end: &str) -> Violation {
    let sentence =
        format!("the call itself drops {}, which readers of the {end} have to get", quoted(bytes));
    Violation::new(Property::C2, "dropped", sentence)
}

impl Shared {
    /// See [`Ghost::change`]. Out of line: natively there is no ghost, and its calls cost a test.
    #[inline(never)]
    fn change<F>(&self, f: F)
    where
        F: Fn(&mut Truth, &'static str) -> (Content, Option<Violation>) + Send + Sync + 'static,
    {
        let mut truth = self.lock();
        let (content, found) = f(&mut truth, self.end);
        if let Some(mut past) = self.past()
            && let Some(when) = Stamp::last()
        {
            truth.note_arrivals(&when);
            past.push(Arc::new(f), content, when);
        }
        if let (true, Some(observer)) = (content != Content::Same, self.observer) {
            observer.changed(truth.calls.iter().any(Option::is_some));
            truth.tick(observer);
        }
        drop(truth);
        if let Some(violation) = found {
            note(self.rt, violation);
        }
    }

    /// See [`Ghost::change_when_visible`].
    #[inline(never)]
    fn change_when_visible<F>(self: &Arc<Self>, f: F)
    where
        F: Fn(&mut Truth, &'static str) -> (Content, Option<Violation>) + Send + Sync + 'static,
    {
        if Observer::store_waits(self.rt) {
            let ghost = Arc::clone(self);
            Observer::when_visible(self.rt, Box::new(move || ghost.change(f)));
        } else {
            self.change(f);
        }
    }

    fn peeking(&self) -> bool {
        let Some(me) = current_thread(self.rt) else { return false };
        let truth = self.lock();
        truth.calls.iter().flatten().any(|call| call.thread() == Some(me))
    }

    fn lock(&self) -> MutexGuard<'_, Truth> {
        self.truth.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn past(&self) -> Option<MutexGuard<'_, Past>> {
        self.past.as_ref().map(|past| past.lock().unwrap_or_else(PoisonError::into_inner))
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
