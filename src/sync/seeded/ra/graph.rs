// SPDX-License-Identifier: GPL-2.0-only
//! The execution graph of a phase, as far as the axiom on sequentially consistent events needs it.
//!
//! RC11 demands that `psc` is acyclic, over the `SeqCst` accesses (`Esc`) and fences (`Fsc`):
//! ```text
//! scb      = sb ∪ (sb|≠loc ; hb ; sb|≠loc) ∪ hb|loc ∪ mo ∪ rb
//! psc_base = ([Esc] ∪ [Fsc];hb?) ; scb ; ([Esc] ∪ hb?;[Fsc])
//! psc_F    = [Fsc] ; (hb ∪ hb;eco;hb) ; [Fsc]
//! psc      = psc_base ∪ psc_F
//! ```
//! It is computed anew for an access that is about to choose something else than the newest: only
//! such a choice gives the new event an edge to an older one, so only it can close a cycle. And only
//! if the event is `SeqCst`, or happens after a `SeqCst` fence.
//!
//! Happens-before is asked of clocks: `a hb b` iff `b`'s clock knows `a`'s step.
//!
//! # Limits
//! Beyond [`MOST_EVENTS`] or [`MOST_SC`] in a phase nothing is computed any more: every choice that
//! would have to be judged is forbidden, which is sound (no execution that RC11 forbids) and no
//! longer complete. [`Graph::coarse`] says so, and an exploration in which it happened is not called
//! exhaustive. Tiny scenarios are far below.
//!
//! # Deviations
//! 1. Accesses to plain memory are no events here. They could count in `sb|≠loc`, where a thread's
//!    only step between two accesses to one location is plain memory; without them `psc` has fewer
//!    edges, so more is allowed.

use super::{Effect, Place};
use crate::sched::ThreadId;
use crate::sync::seeded::clock::Clock;

/// The most events of a phase that are judged.
const MOST_EVENTS: usize = 1_024;

/// The most `SeqCst` events of a phase that are judged: one bit each.
const MOST_SC: usize = 64;

/// An event: an access to an atomic, a `SeqCst` fence, or another step (which is there for being
/// between two others).
#[derive(Clone, Debug)]
pub(super) struct Access {
    pub(super) thread: ThreadId,
    /// Its number among its thread's steps.
    pub(super) at: u32,
    /// The location; of a fence, none.
    pub(super) obj: u32,
    /// All that happens before it, itself included.
    pub(super) clock: Clock,
    pub(super) reads: bool,
    /// The store it reads, by number; `None` for the one from before the phase.
    pub(super) source: Option<u32>,
    pub(super) writes: bool,
    pub(super) sc: bool,
    pub(super) fence: bool,
}

impl Access {
    /// A step that is no access.
    pub(super) const fn other(thread: ThreadId, at: u32, obj: u32, clock: &Clock) -> Self {
        let (reads, writes, sc, fence) = (false, false, false, false);
        Self { thread, at, obj, clock: *clock, reads, source: None, writes, sc, fence }
    }

    /// The first value of a location made by `thread`: a store that belongs to its last step.
    pub(super) const fn init(thread: ThreadId, obj: u32, clock: &Clock) -> Self {
        let at = clock.of(thread).saturating_sub(1);
        let clock = clock.until(thread, at);
        Self { writes: true, ..Self::other(thread, at, obj, &clock) }
    }

    /// A `SeqCst` fence.
    pub(super) const fn fence(thread: ThreadId, at: u32, clock: &Clock) -> Self {
        Self { sc: true, fence: true, ..Self::other(thread, at, u32::MAX, clock) }
    }

    const fn happens_before(&self, later: &Self) -> bool {
        later.clock.knows(self.thread, self.at)
    }

    /// Two events of one location.
    const fn same_place(&self, other: &Self) -> bool {
        !self.fence && !other.fence && self.obj == other.obj
    }
}

/// The events of a phase, in the order in which they were added.
#[derive(Debug, Default)]
pub(super) struct Graph {
    events: Vec<Access>,
    /// The `SeqCst` ones among them.
    sc: Vec<u32>,
    /// How many events there was no room for.
    full: usize,
    coarse: std::cell::Cell<bool>,
}

/// What is computed for one question: `psc` between the `SeqCst` events.
struct Psc<'a> {
    graph: &'a Graph,
    /// The event that is asked about: number `events.len()`.
    new: &'a Access,
    /// The numbers of the `SeqCst` events.
    sc: Vec<u32>,
    /// By `SeqCst` event: which it has an edge to.
    edges: Vec<u64>,
}

/// An access in its location's modification order: stores stand at odd places, what is between at
/// even ones.
#[derive(Clone, Copy)]
struct Standing {
    event: u32,
    /// Of the store read.
    read: Option<usize>,
    /// Of the store made.
    written: Option<usize>,
}

impl Standing {
    /// `mo` or `rb`.
    fn before(&self, later: &Self) -> bool {
        let from = self.written.or(self.read);
        from.zip(later.written).is_some_and(|(from, to)| from < to) && self.event != later.event
    }

    /// `eco`: those, `rf`, and their compositions.
    fn eco(&self, later: &Self) -> bool {
        let read = match (self.written, later.read) {
            (Some(from), Some(to)) => from <= to,
            (None, Some(to)) => self.read.is_some_and(|from| from < to),
            _ => false,
        };
        (read || self.before(later)) && self.event != later.event
    }
}

impl Graph {
    /// Without events.
    pub(super) fn clear(&mut self) {
        self.events.clear();
        self.sc.clear();
        self.full = 0;
        self.coarse.set(false);
    }

    /// Takes the last event back, which was taken or not.
    pub(super) fn take_back(&mut self, taken: bool) {
        if !taken {
            self.full -= 1;
        } else if self.events.pop().is_some_and(|event| event.sc) {
            self.sc.pop();
        }
    }

    pub(super) fn coarse(&self) -> bool {
        self.coarse.get()
    }

    /// Adds an event; its number.
    pub(super) fn add(&mut self, access: Access) -> Option<u32> {
        if self.full > 0 || self.events.len() >= MOST_EVENTS || self.sc.len() >= MOST_SC {
            self.full += 1;
            return None;
        }
        let number = self.events.len() as u32;
        if access.sc {
            self.sc.push(number);
        }
        self.events.push(access);
        Some(number)
    }

    /// Whether `psc` is still acyclic with `new`, which is not in the graph yet and would have
    /// `effect` on its location.
    pub(super) fn acyclic<'a>(
        &self,
        places: impl Iterator<Item = (u32, &'a Place)> + Clone,
        new: &Access,
        effect: Effect,
    ) -> bool {
        let after_fence = |&i: &u32| {
            let fence = &self.events[i as usize];
            fence.fence && fence.happens_before(new)
        };
        if !new.sc && self.full == 0 && !self.sc.iter().any(after_fence) {
            return true;
        }
        if self.full > 0 {
            self.coarse.set(true);
            return false;
        }
        let mut sc = self.sc.clone();
        if new.sc {
            sc.push(self.events.len() as u32);
        }
        if sc.len() < 2 {
            return true;
        }
        let edges = vec![0; sc.len()];
        let mut psc = Psc { graph: self, new, sc, edges };
        let mut here = places.clone().filter(|(obj, _)| *obj == new.obj);
        if !here.any(|(_, place)| psc.leads_on(place, effect)) {
            return true;
        }
        psc.add_happens_before();
        for (obj, place) in places {
            let here = obj == new.obj;
            if place.accesses.len() + usize::from(here) > 1 {
                psc.add_location(place, here.then_some(effect));
            }
        }
        psc.acyclic()
    }
}

impl Psc<'_> {
    fn event(&self, number: u32) -> &Access {
        self.graph.events.get(number as usize).unwrap_or(self.new)
    }

    /// The edges that come from happens-before alone.
    fn add_happens_before(&mut self) {
        for i in 0..self.sc.len() {
            for j in 0..self.sc.len() {
                let (a, b) = (self.event(self.sc[i]), self.event(self.sc[j]));
                let edge = i != j && a.happens_before(b) && {
                    // Between two accesses, `scb` is less than `hb`.
                    let accesses = !a.fence && !b.fence;
                    !accesses || a.same_place(b) || a.thread == b.thread || self.around(i, j)
                };
                self.edges[i] |= u64::from(edge) << j;
            }
        }
    }

    /// `sb|≠loc ; hb ; sb|≠loc` between two accesses of different threads.
    fn around(&self, i: usize, j: usize) -> bool {
        let (a, b) = (self.event(self.sc[i]), self.event(self.sc[j]));
        let after = |x: &&Access| x.thread == a.thread && x.at > a.at && !x.same_place(a);
        let before = |x: &&Access| x.thread == b.thread && x.at < b.at && !x.same_place(b);
        let first = self.graph.events.iter().find(after);
        let last = self.graph.events.iter().rev().find(before);
        first.zip(last).is_some_and(|(first, last)| first.happens_before(last))
    }

    /// Whether the new event, which does `effect` to `place`, has an edge to an older one. Nothing
    /// happens after it, so any that it has goes through what comes later in modification order.
    fn leads_on(&self, place: &Place, effect: Effect) -> bool {
        let new = self.standing_of_new(effect);
        place.accesses.iter().any(|&event| {
            let later = self.standing(event, place);
            (new.before(&later) || new.eco(&later)) && {
                let (_, after, own) = self.sides(event);
                after | own != 0
            }
        })
    }

    fn standing(&self, event: u32, place: &Place) -> Standing {
        let position = |event: Option<u32>| {
            let at = place.order.iter().position(|s| s.event == event);
            2 * at.unwrap_or(0) + 1
        };
        let access = self.event(event);
        Standing {
            event,
            read: access.reads.then(|| position(access.source)),
            written: access.writes.then(|| position(Some(event))),
        }
    }

    fn standing_of_new(&self, effect: Effect) -> Standing {
        Standing {
            event: self.graph.events.len() as u32,
            read: effect.reads.map(|at| 2 * at + 1),
            written: effect.writes.map(|at| 2 * at),
        }
    }

    /// The edges that go through the accesses of one location; `effect`: the new one's.
    fn add_location(&mut self, place: &Place, effect: Option<Effect>) {
        let mut standings: Vec<Standing> = Vec::with_capacity(place.accesses.len() + 1);
        standings.extend(place.accesses.iter().map(|&event| self.standing(event, place)));
        standings.extend(effect.map(|effect| self.standing_of_new(effect)));
        // Most accesses have nothing `SeqCst` on one side, and no edge begins or ends with them.
        let mut from: Vec<(&Standing, u64, u64)> = Vec::with_capacity(standings.len());
        let mut to: Vec<(&Standing, u64, u64)> = Vec::with_capacity(standings.len());
        for standing in &standings {
            let (before, after, own) = self.sides(standing.event);
            from.extend((before | own != 0).then_some((standing, before, own)));
            to.extend((after | own != 0).then_some((standing, after, own)));
        }
        for &(earlier, before, own) in &from {
            for &(later, after, to_own) in &to {
                if earlier.before(later) {
                    self.connect(before | own, after | to_own);
                } else if earlier.eco(later) {
                    self.connect(before, after);
                }
            }
        }
    }

    /// The `SeqCst` fences before an access, those after it, and itself if it is `SeqCst`.
    fn sides(&self, event: u32) -> (u64, u64, u64) {
        let access = self.event(event);
        let (mut before, mut after, mut own) = (0, 0, 0);
        for (i, &number) in self.sc.iter().enumerate() {
            let other = self.event(number);
            let bit = 1 << i;
            if other.fence {
                before |= if other.happens_before(access) { bit } else { 0 };
                after |= if access.happens_before(other) { bit } else { 0 };
            } else if number == event {
                own |= bit;
            }
        }
        (before, after, own)
    }

    fn connect(&mut self, from: u64, to: u64) {
        for (i, edges) in self.edges.iter_mut().enumerate() {
            if from >> i & 1 != 0 {
                *edges |= to;
            }
        }
    }

    /// Warshall's closure, and then no event reaches itself.
    fn acyclic(mut self) -> bool {
        for k in 0..self.edges.len() {
            for i in 0..self.edges.len() {
                if self.edges[i] >> k & 1 != 0 {
                    self.edges[i] |= self.edges[k];
                }
            }
        }
        self.edges.iter().enumerate().all(|(i, edges)| edges >> i & 1 == 0)
    }
}
