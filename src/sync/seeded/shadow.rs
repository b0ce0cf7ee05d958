// SPDX-License-Identifier: GPL-2.0-only
//! The history of plain memory: who wrote last, who has read since, and whether a new access is
//! ordered after them (FastTrack's rules, Flanagan and Freund, PLDI 2009).
//!
//! Of a script that is alone no history is kept: it knows all that was done, and whoever comes later
//! knows all that it did.

use super::clock::Clock;
use super::exec::{self, Accessed};
use super::watch::Touched;
use crate::sched::ThreadId;
use crate::sync::{Name, Site};
use crate::verify::{Access, Property, Violation};
use std::cell::RefCell;

/// One access: which step of which thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    thread: ThreadId,
    at: u32,
    site: Site,
}

impl Stamp {
    /// Before every step: what fresh memory carries.
    const NEVER: Self = Self { thread: 0, at: 0, site: "never" };

    fn now(at: &Accessed<'_>, site: Site) -> Self {
        Self { thread: at.thread, at: at.clock.of(at.thread), site }
    }

    const fn before(&self, clock: &Clock) -> bool {
        clock.knows(self.thread, self.at)
    }
}

/// What one piece of memory remembers.
#[derive(Clone, Debug, PartialEq, Eq)]
struct History {
    write: Stamp,
    /// The last read; further ones, by threads not ordered with it, are in `reads`.
    read: Stamp,
    reads: Vec<Stamp>,
}

/// An earlier access that conflicts, and what it was.
struct Conflict {
    earlier: Stamp,
    verb: &'static str,
}

impl History {
    const FRESH: Self = Self { write: Stamp::NEVER, read: Stamp::NEVER, reads: Vec::new() };

    fn on_read(&mut self, now: Stamp, clock: &Clock) -> Option<Conflict> {
        let conflict =
            (!self.write.before(clock)).then_some(Conflict { earlier: self.write, verb: "write" });
        if self.read.thread == now.thread || self.read.before(clock) {
            self.read = now;
        } else if let Some(mine) = self.reads.iter_mut().find(|r| r.thread == now.thread) {
            *mine = now;
        } else {
            self.reads.push(now);
        }
        conflict
    }

    fn on_write(&mut self, now: Stamp, clock: &Clock) -> Option<Conflict> {
        let reads = std::iter::once(&self.read).chain(&self.reads);
        let conflict = if self.write.before(clock) {
            reads
                .into_iter()
                .find(|r| !r.before(clock))
                .map(|&earlier| Conflict { earlier, verb: "read" })
        } else {
            Some(Conflict { earlier: self.write, verb: "write" })
        };
        *self = Self { write: now, ..Self::FRESH };
        conflict
    }
}

/// Says that two accesses race.
fn race(what: &dyn std::fmt::Display, conflict: &Conflict, site: Site, verb: &'static str) {
    let earlier = exec::access_of(conflict.earlier.thread, conflict.earlier.site, conflict.verb);
    let later = exec::access(site, verb);
    let sentence =
        format!("data race on {what}: {earlier}, then {later}, with nothing ordering them");
    exec::note(Violation::new(Property::C4, "data-race", sentence).between(earlier, later));
}

/// The history of a single variable.
#[derive(Debug)]
pub(crate) struct CellShadow {
    name: Name,
    history: RefCell<History>,
}

impl CellShadow {
    pub(crate) const fn new(name: Name) -> Self {
        Self { name, history: RefCell::new(History::FRESH) }
    }

    #[inline]
    pub(crate) fn read(&self, site: Site) {
        let what = Touched { name: self.name, range: None, site, verb: "read" };
        let conflict = exec::with_clock(&what, |at| {
            if at.alone {
                return None;
            }
            self.history.borrow_mut().on_read(Stamp::now(&at, site), at.clock)
        });
        if let Some(Some(conflict)) = conflict {
            race(&self.name, &conflict, site, "read");
        }
    }

    #[inline]
    pub(crate) fn write(&self, site: Site) {
        let what = Touched { name: self.name, range: None, site, verb: "write" };
        let conflict = exec::with_clock(&what, |at| {
            if at.alone {
                return None;
            }
            self.history.borrow_mut().on_write(Stamp::now(&at, site), at.clock)
        });
        if let Some(Some(conflict)) = conflict {
            race(&self.name, &conflict, site, "write");
        }
    }
}

/// A run of bytes that share a history.
#[derive(Clone, Debug)]
struct Run {
    /// One past its last byte.
    end: usize,
    written: bool,
    history: History,
}

/// The history of a byte array: runs in ascending order, together covering it.
#[derive(Debug)]
pub(crate) struct RangeShadow {
    name: Name,
    len: usize,
    runs: RefCell<Vec<Run>>,
    freed: RefCell<Option<Access>>,
}

impl RangeShadow {
    pub(crate) fn new(name: Name, len: usize, written: bool) -> Self {
        let runs = vec![Run { end: len, written, history: History::FRESH }];
        Self { name, len, runs: RefCell::new(runs), freed: RefCell::new(None) }
    }

    pub(crate) fn freed_at(&self, site: Site) {
        *self.freed.borrow_mut() = Some(exec::access(site, "free"));
    }

    pub(crate) fn freed(&self) -> Option<Access> {
        self.freed.borrow().clone()
    }

    /// The bytes count as never written again; who touched them last is kept, so that a late
    /// access from the previous life still races.
    pub(crate) fn revive(&self, site: Site) {
        self.write(site, 0, self.len);
        self.runs.borrow_mut().iter_mut().for_each(|r| r.written = false);
    }

    pub(crate) fn write(&self, site: Site, off: usize, n: usize) {
        if n == 0 {
            return;
        }
        let what = Touched { name: self.name, range: Some((off, n)), site, verb: "write" };
        let conflict = exec::with_clock(&what, |at| {
            let now = Stamp::now(&at, site);
            let mut runs = self.runs.borrow_mut();
            let (first, last) = isolate(&mut runs, off, off + n);
            let mut conflict = None;
            for run in &mut runs[first..=last] {
                conflict = conflict.or(run.history.on_write(now, at.clock));
            }
            // One write leaves one history: the runs become one.
            runs.drain(first..last);
            runs[first].written = true;
            conflict
        });
        if let Some(Some(conflict)) = conflict {
            race(&Bytes { name: self.name, off, n }, &conflict, site, "write");
        }
    }

    pub(crate) fn read(&self, site: Site, off: usize, n: usize) {
        if n == 0 {
            return;
        }
        let what = Touched { name: self.name, range: Some((off, n)), site, verb: "read" };
        let result = exec::with_clock(&what, |at| {
            let now = Stamp::now(&at, site);
            let mut runs = self.runs.borrow_mut();
            if at.alone {
                return (None, written(&runs, off, off + n));
            }
            let (first, last) = isolate(&mut runs, off, off + n);
            let mut conflict = None;
            let mut written = true;
            for run in &mut runs[first..=last] {
                written &= run.written;
                conflict = conflict.or(run.history.on_read(now, at.clock));
            }
            (conflict, written)
        });
        let Some((conflict, written)) = result else {
            return;
        };
        let what = Bytes { name: self.name, off, n };
        if let Some(conflict) = conflict {
            race(&what, &conflict, site, "read");
        }
        if !written {
            let sentence = format!("{what} is read before it is written ({site})");
            exec::note(Violation::new(Property::C4, "uninitialised", sentence));
        }
    }
}

/// `slave read_buf[3..5]`.
struct Bytes {
    name: Name,
    off: usize,
    n: usize,
}

impl std::fmt::Display for Bytes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}[{}..{}]", self.name, self.off, self.off + self.n)
    }
}

/// Whether all of `off..end` has been written.
fn written(runs: &[Run], off: usize, end: usize) -> bool {
    let first = runs.partition_point(|r| r.end <= off);
    let last = runs.partition_point(|r| r.end < end);
    runs[first..=last].iter().all(|r| r.written)
}

/// Splits runs so that `off..end` consists of whole ones; returns the first and the last.
fn isolate(runs: &mut Vec<Run>, off: usize, end: usize) -> (usize, usize) {
    let mut first = runs.partition_point(|r| r.end <= off);
    let start = if first == 0 { 0 } else { runs[first - 1].end };
    if start < off {
        let head = Run { end: off, ..runs[first].clone() };
        runs.insert(first, head);
        first += 1;
    }
    let last = runs.partition_point(|r| r.end < end);
    if runs[last].end > end {
        let head = Run { end, ..runs[last].clone() };
        runs.insert(last, head);
    }
    (first, last)
}
