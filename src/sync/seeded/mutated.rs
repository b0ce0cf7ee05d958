// SPDX-License-Identifier: GPL-2.0-only
//! What becomes of a step at a mutated site; see [`crate::sync::mutation`].
//!
//! # How
//! - *Later*: the store is kept, and made after the thread's next step. Ghost state is told as if
//!   it had been made at once, so no property that asks *when* something became true (C1) may be
//!   judged under it.
//! - *Swap*: before the first load the thread takes a step of its own, at which nothing is read.
//!   The load after the first one answers what its object held at that step: that is the order
//!   "second, first". Which object that will be is unknown at the step, so the explorer takes the
//!   step for one that the order of every store matters to, to any object that it can be
//!   ([`seconds`]).
//! - *Plain*: every access to every atomic is remembered, and compared by the rules of plain
//!   memory where one of the two is at the mutated site. What orders two accesses is what the later
//!   thread knew before its access, and what the earlier one passed on after its own.
//!
//! # Invariants
//! - At most one store a thread is kept, and none beyond the end of its thread.

use super::clock::Clock;
use super::exec::{Exec, abandon, access, access_of, note, peek_gate, with};
use super::memory::Location;
use super::steps;
use crate::sched::op::{MAX_THREADS, Mark};
use crate::sched::{Op, OpKind, ThreadId};
use crate::sync::mutation::survey::{self, Taken};
use crate::sync::mutation::{self, Mutation, seconds};
use crate::sync::{Name, Ordering, Site};
use crate::verify::{Property, Violation};

/// The observer's number under which stores are marked for swapped loads: the last one, which no
/// ghost reaches.
const LOOKOUT: u8 = 7;

/// What an `add_wait_queue` that was dropped has seen.
const UNPREPARED: u32 = u32::MAX;

/// What mutations keep between steps.
#[derive(Default)]
pub(super) struct Mutated {
    /// By thread: the store that comes after its next step.
    kept: [Option<Kept>; MAX_THREADS],
    /// By thread: how much had happened when it was about to swap two loads, and the first's object.
    lookouts: [Option<(usize, u32)>; MAX_THREADS],
    /// Whether the past is kept: what each store found.
    looking: bool,
    past: Vec<(u32, Location)>,
    /// By thread: the last step, for a survey.
    last: [Option<Taken>; MAX_THREADS],
    /// By thread: if that was a load, where, and what the thread knew before it.
    loaded: [Option<(Site, Clock)>; MAX_THREADS],
    /// By object: who accessed it when.
    accesses: Vec<Vec<Stamp>>,
}

/// A store that was not made yet.
#[derive(Clone, Copy)]
struct Kept {
    obj: u32,
    site: Site,
    value: usize,
    order: Ordering,
}

impl Kept {
    fn make(self) {
        let before = knows();
        steps::take_store(self.obj, self.site, self.value, self.order);
        taken(self.obj, self.site, Access::Write, before);
    }
}

/// How an atomic was accessed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Access {
    Read,
    Write,
}

/// An access, for the rules of plain memory.
#[derive(Clone, Copy)]
struct Stamp {
    thread: ThreadId,
    at: u32,
    site: Site,
    access: Access,
    /// At the mutated site.
    plain: bool,
}

impl Mutated {
    /// As the mutants in force ask.
    pub(super) fn new() -> Self {
        let looking = mutation::any() && mutation::anywhere(Mutation::Swap);
        Self { looking, ..Self::default() }
    }
}

impl Exec {
    /// A store is about to be made; called for every one.
    #[inline]
    pub(super) fn keep_past(&mut self, obj: u32) {
        if self.mutated.looking {
            let location = self.objects[obj as usize].location;
            self.mutated.past.push((obj, location));
        }
    }

    /// It was made.
    #[inline]
    pub(super) fn mark_store(&mut self, obj: u32) {
        if self.mutated.looking && seconds::is_watched(self.object_name(obj)) {
            self.mark(Mark::change(LOOKOUT, false));
        }
    }

    /// `obj` as it was when `from` stores had been made.
    fn past(&self, obj: u32, from: usize) -> Location {
        let later = self.mutated.past[from..].iter().find(|(o, _)| *o == obj);
        later.map_or(self.objects[obj as usize].location, |(_, location)| *location)
    }
}

/// Takes a step about `obj` with the store that was kept for it.
fn step<R>(obj: Option<u32>, can_block: bool, take: impl FnOnce() -> R) -> R {
    let kept = with(|e| {
        e.mutated.lookouts[e.current as usize] = None;
        e.mutated.kept[e.current as usize].take()
    });
    match kept.flatten() {
        None => take(),
        Some(store) if can_block || obj == Some(store.obj) => {
            store.make();
            take()
        }
        Some(store) => {
            let result = take();
            store.make();
            result
        }
    }
}

/// Tells whoever surveys the sites of a step; `None`: about no object.
fn surveyed(obj: Option<u32>, site: Site, kind: OpKind, order: Ordering) {
    if !survey::surveying() {
        return;
    }
    let step = Taken { site, obj, kind, order };
    let last = with(|e| {
        let current = e.current as usize;
        if kind != OpKind::Load {
            e.mutated.loaded[current] = None;
        }
        e.mutated.last[current].replace(step)
    });
    survey::taken(last.flatten(), step);
}

/// The thread ends: nothing may be left undone.
pub(super) fn finish() {
    step(None, true, || {});
}

/// An atomic load.
pub(super) fn load(obj: u32, site: Site, order: Ordering) -> usize {
    let set = mutation::at(site);
    surveyed(Some(obj), site, OpKind::Load, order);
    let before = knows();
    if set.has(Mutation::Zero) {
        // Still a step: a loop around it must not go on for ever unseen.
        return step(Some(obj), false, || {
            steps::take_load_of(obj, site, Ordering::Relaxed, |_| Location::default())
        });
    }
    let order = set.order(order);
    let lookout = with(|e| e.mutated.lookouts[e.current as usize].take()).flatten();
    let value = match lookout {
        Some((from, first)) if first != obj => {
            seconds::meet(with(|e| e.object_name(obj)).unwrap_or(Name::new("", "")));
            steps::take_load_of(obj, site, order, |e| e.past(obj, from))
        }
        _ => step(Some(obj), false, || {
            if set.has(Mutation::Swap) {
                look_out(obj, site);
            }
            steps::take_load(obj, site, order)
        }),
    };
    taken(obj, site, Access::Read, before);
    survey::accessed(site, order, value);
    value
}

/// The step that stands for the second of two swapped loads.
fn look_out(obj: u32, site: Site) {
    steps::observed(&Op { obj: 0, kind: OpKind::Lookout, arg: 0, site }, Mark::call(LOOKOUT));
    with(|e| e.mutated.lookouts[e.current as usize] = Some((e.mutated.past.len(), obj)));
}

/// An atomic store.
pub(super) fn store(obj: u32, site: Site, value: usize, order: Ordering) {
    let set = mutation::at(site);
    if set.has(Mutation::Drop) {
        return;
    }
    surveyed(Some(obj), site, OpKind::Store, order);
    survey::accessed(site, order, 0);
    let store = Kept { obj, site, value, order: set.order(order) };
    if set.has(Mutation::Later) {
        step(None, true, || {});
        with(|e| e.mutated.kept[e.current as usize] = Some(store));
    } else {
        step(Some(obj), false, || store.make());
    }
}

/// An atomic read-modify-write.
pub(super) fn rmw(obj: u32, site: Site, order: Ordering, f: impl Fn(usize) -> usize) -> usize {
    let set = mutation::at(site);
    surveyed(Some(obj), site, OpKind::Rmw, order);
    let before = knows();
    survey::accessed(site, order, 0);
    let order = set.order(order);
    let old = step(Some(obj), false, || {
        if set.has(Mutation::Drop) {
            return steps::take_load(obj, site, order);
        }
        if set.has(Mutation::Split) {
            let old = steps::take_load(obj, site, order);
            steps::take_store(obj, site, f(old), order);
            return old;
        }
        steps::take_rmw(obj, site, order, f)
    });
    let access_kind = if set.has(Mutation::Drop) { Access::Read } else { Access::Write };
    taken(obj, site, access_kind, before);
    old
}

/// A fence.
pub(super) fn fence(op: &Op, order: Ordering) {
    surveyed(None, op.site, OpKind::Fence, order);
    if !mutation::at(op.site).has(Mutation::Drop) {
        step(None, false, || steps::take_fence(op, order));
    }
}

/// A step on a lock, a work item or a wait queue.
pub(super) fn gate(op: &Op) -> bool {
    let set = mutation::at(op.site);
    surveyed(Some(op.obj), op.site, op.kind, Ordering::AcqRel);
    if set.has(Mutation::Drop) {
        // A worker that is not to begin never does; all else is passed by.
        return op.kind != OpKind::WorkBegin;
    }
    let mut op = *op;
    if set.has(Mutation::Share) {
        op.kind = match op.kind {
            OpKind::WriterQueue => return true,
            OpKind::DownWrite | OpKind::WriterGranted => OpKind::DownRead,
            OpKind::TryDownWrite => OpKind::TryDownRead,
            OpKind::UpWrite => OpKind::UpRead,
            kind => kind,
        };
    }
    if op.kind == OpKind::WaitWoken && op.arg == UNPREPARED {
        steps::take_gate(&Op { kind: OpKind::WaitPrepare, ..op }, true);
        op.arg = peek_gate(op.obj).count();
    }
    // A failing trylock returns at once, but it decides what comes next.
    let waits = op.kind.blocks() || matches!(op.kind, OpKind::MutexTryLock | OpKind::TryDownRead);
    step(Some(op.obj), waits || op.kind == OpKind::TryDownWrite, || {
        steps::take_gate(&op, !set.has(Mutation::Relax))
    })
}

/// `add_wait_queue`; `None` if it is not dropped.
pub(super) fn unprepared(op: &Op) -> Option<u32> {
    let dropped = op.kind == OpKind::WaitPrepare && mutation::at(op.site).has(Mutation::Drop);
    dropped.then_some(UNPREPARED)
}

/// What the current thread knows, if anybody asks how accesses are ordered.
fn knows() -> Option<Clock> {
    let asked = survey::surveying() || mutation::anywhere(Mutation::Plain);
    asked.then(|| with(|e| e.threads[e.current as usize].view.clock)).flatten()
}

/// An access was made by a thread that knew `before` just before it. If a conflicting one is not
/// ordered with it, both sites contend; if one of them is plain, that is a race.
fn taken(obj: u32, site: Site, access_kind: Access, before: Option<Clock>) {
    let Some(before) = before else { return };
    let plain = mutation::at(site).has(Mutation::Plain);
    let conflicts = with(|e| {
        let thread = e.current;
        // Stamped with what the thread knows after it: its own release does not tell of it.
        let at = e.threads[thread as usize].view.clock.of(thread);
        let now = Stamp { thread, at, site, access: access_kind, plain };
        e.mutated.first_of_two(obj, now, &before);
        e.mutated.remember(obj, now, &before)
    });
    let conflicts = conflicts.unwrap_or_default();
    for earlier in &conflicts {
        survey::contended(earlier.site);
        survey::contended(site);
    }
    let Some(earlier) = conflicts.into_iter().find(|e| e.plain || plain) else { return };
    let verb = |a: Access| if a == Access::Write { "write" } else { "read" };
    let name = with(|e| e.object_name(obj).to_string()).unwrap_or_default();
    let earlier = access_of(earlier.thread, earlier.site, verb(earlier.access));
    let later = access(site, verb(access_kind));
    let sentence =
        format!("as plain memory, {name} races: {earlier}, then {later}, nothing ordering them");
    note(Violation::new(Property::C4, "plain-race", sentence).between(earlier, later));
    abandon();
}

impl Stamp {
    /// Whether `earlier` and this access, made by a thread that knew `clock`, race.
    fn conflicts(&self, earlier: &Self, clock: &Clock) -> bool {
        earlier.thread != self.thread
            && (earlier.access == Access::Write || self.access == Access::Write)
            && !clock.knows(earlier.thread, earlier.at)
    }
}

impl Mutated {
    /// If `now` is the second of two loads: whether it would contend as the first.
    fn first_of_two(&mut self, obj: u32, now: Stamp, before: &Clock) {
        if now.access == Access::Write {
            return;
        }
        let current = now.thread as usize;
        let Some((site, earlier)) = self.loaded[current].replace((now.site, *before)) else {
            return;
        };
        let known = self.accesses.get(obj as usize).into_iter().flatten();
        if known.into_iter().any(|e| now.conflicts(e, &earlier)) {
            survey::contended_first(site);
        }
    }

    /// Remembers `now`, and returns the earlier accesses that conflict with it unordered.
    fn remember(&mut self, obj: u32, now: Stamp, clock: &Clock) -> Vec<Stamp> {
        let obj = obj as usize;
        if self.accesses.len() <= obj {
            self.accesses.resize_with(obj + 1, Vec::new);
        }
        let known = &mut self.accesses[obj];
        let conflicts = known.iter().filter(|e| now.conflicts(e, clock)).copied().collect();
        // Of one thread's accesses at a site, whoever knows the last knows all.
        known.retain(|e| (e.thread, e.site, e.access) != (now.thread, now.site, now.access));
        known.push(now);
        conflicts
    }
}
