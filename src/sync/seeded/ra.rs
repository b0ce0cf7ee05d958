// SPDX-License-Identifier: GPL-2.0-only
//! Memory `ra`: RC11, operationally.
//!
//! The axioms are those of Lahav, Vafeiadis, Kang, Hur and Dreyer, *Repairing Sequential
//! Consistency in C/C++11* (PLDI 2017): coherence, atomicity, acyclic `psc`, acyclic `sb ∪ rf`.
//! Release sequences are C++20's (and Rust's): a store and the read-modify-writes that continue it.
//!
//! # How
//! Steps are taken in an order that linearises `sb ∪ rf`: a load reads a store that has been made.
//! That order says nothing else. Each location keeps its stores in *modification order*, and every
//! access chooses ([`Alternatives`]): a load, which store it reads; a store, its place; a
//! read-modify-write, which store it reads, and then its place is right behind it. What remains of
//! the axioms, step by step:
//! - *coherence*: what a thread knows (by happens-before) bounds its choice from below. A store is
//!   known if its own step is, or a step that read it. So one clock a thread is enough: each store
//!   notes by when each thread first saw it;
//! - *atomicity*: nobody gets between a store and the read-modify-write that read it;
//! - *psc*: see [`graph`].
//!
//! The axioms hold of every prefix of an execution that satisfies them, and the newest store, or
//! place, satisfies them always. So every RC11 execution is reached by some choices, choices reach
//! nothing else, and nobody gets stuck. Load buffering (reading what is stored later) has a cycle in
//! `sb ∪ rf` and is excluded, as in RC11.
//!
//! # Invariants
//! - Outside phases every location has one store, known to all.
//! - `order[0]` of a location is older than every store of the phase.

mod graph;

use super::clock::Clock;
use super::exec::{End, Exec, suspend, with};
use super::memory::{View, acquires, learn, message};
use crate::sched::op::{Chosen, MAX_THREADS};
use crate::sched::{Alternatives, Fault, Gate, Op, OpKind, ThreadId};
use crate::sync::Ordering;
use graph::{Access, Graph};

/// One store of a location.
#[derive(Clone, Copy, Debug)]
struct Store {
    value: usize,
    /// What a thread that acquires it learns.
    message: Clock,
    /// By thread: its first step that wrote or read it; [`NEVER`] if there is none.
    seen: [u32; MAX_THREADS],
    /// It is a read-modify-write of the one before it: nothing goes between.
    exclusive: bool,
    /// How many steps of phases there had been with it; 0 from before the phase.
    since: u32,
    /// Its number in the graph; `None` from before the phase.
    event: Option<u32>,
}

const NEVER: u32 = u32::MAX;

impl Store {
    /// A store known to everybody.
    const fn settled(value: usize, message: Clock) -> Self {
        let seen = [0; MAX_THREADS];
        Self { value, message, seen, exclusive: false, since: 0, event: None }
    }

    fn known(&self, clock: &Clock) -> bool {
        (0..).zip(self.seen).any(|(thread, at)| clock.knows(thread, at))
    }

    fn see(&mut self, thread: ThreadId, at: u32) {
        let seen = &mut self.seen[thread as usize];
        *seen = at.min(*seen);
    }
}

/// One atomic location.
#[derive(Debug, Default)]
struct Place {
    /// In modification order, the oldest first.
    order: Vec<Store>,
    /// Its accesses in this phase, by their numbers in the graph.
    accesses: Vec<u32>,
}

impl Place {
    /// The oldest store that may be read, and after which a store may go.
    fn bound(&self, clock: &Clock) -> usize {
        self.order.iter().rposition(|s| s.known(clock)).unwrap_or(0)
    }

    /// The place of alternative `older` for a load.
    const fn read_at(&self, older: usize) -> usize {
        self.order.len() - 1 - older
    }
}

/// What an access would do to its location's modification order, with `older` chosen.
#[derive(Clone, Copy, Debug)]
struct Effect {
    /// Reads the store there.
    reads: Option<usize>,
    /// Goes before the store there, or to the end.
    writes: Option<usize>,
}

/// What a thread is about to do to a location.
#[derive(Clone, Copy)]
struct Attempt<'a> {
    op: &'a Op,
    order: Ordering,
    /// A compare-exchange: the value without which it is a relaxed load.
    expected: Option<usize>,
}

impl Attempt<'_> {
    fn effect(&self, place: &Place, older: usize) -> Effect {
        let at = place.order.len() - older;
        match self.op.kind {
            OpKind::Store => Effect { reads: None, writes: Some(at) },
            OpKind::Rmw if self.succeeds(place, older) => {
                Effect { reads: Some(at - 1), writes: Some(at) }
            }
            _ => Effect { reads: Some(at - 1), writes: None },
        }
    }

    fn succeeds(&self, place: &Place, older: usize) -> bool {
        self.expected.is_none_or(|expected| place.order[place.read_at(older)].value == expected)
    }
}

/// The memory of one execution.
#[derive(Debug, Default)]
pub(super) struct Ra {
    /// By object. Locks and work items have one too, of no use.
    places: Vec<Place>,
    graph: Graph,
    /// Only in tests of the tests.
    pub(super) fault: Option<Fault>,
}

impl Ra {
    /// A new object, made by `thread`, which knows `clock`.
    pub(super) fn create(&mut self, value: usize, thread: ThreadId, clock: &Clock, alone: bool) {
        let mut store = Store::settled(value, Clock::default());
        let mut accesses = Vec::new();
        if !alone {
            store.seen = [NEVER; MAX_THREADS];
            store.see(thread, clock.of(thread).saturating_sub(1));
            let obj = self.places.len() as u32;
            store.event = self.graph.add(Access::init(thread, obj, clock));
            accesses.extend(store.event);
        }
        self.places.push(Place { order: vec![store], accesses });
    }

    /// Everybody rests: what happened happens before all that follows.
    pub(super) fn settle(&mut self) {
        for place in &mut self.places {
            if let Some(&Store { value, message, .. }) = place.order.last() {
                place.order.clear();
                place.order.push(Store::settled(value, message));
            }
            place.accesses.clear();
        }
        self.graph.clear();
    }

    /// Whether alternatives had to be left out because the phase is too long to judge them.
    pub(super) fn coarse(&self) -> bool {
        self.graph.coarse()
    }

    fn has(&self, fault: Fault) -> bool {
        self.fault == Some(fault)
    }

    /// How many alternatives there are.
    fn count(&self, attempt: &Attempt<'_>, clock: &Clock) -> usize {
        let place = &self.places[attempt.op.obj as usize];
        let bound = if self.has(Fault::SkipsCoherence) { 0 } else { place.bound(clock) };
        place.order.len() - bound
    }

    /// Whether the axioms allow alternative `older`.
    fn allows(&self, attempt: &Attempt<'_>, older: usize, thread: ThreadId, view: &View) -> bool {
        let place = &self.places[attempt.op.obj as usize];
        let effect = attempt.effect(place, older);
        let taken = |at: usize| place.order.get(at).is_some_and(|next| next.exclusive);
        if effect.writes.is_some_and(taken) && !self.has(Fault::SplitsAnExchange) {
            return false;
        }
        older == 0
            || self.has(Fault::ForgetsPsc)
            || self.acyclic(&self.access(attempt, effect, thread, view), effect)
    }

    /// The access as an event, were it taken now.
    fn access(
        &self,
        attempt: &Attempt<'_>,
        effect: Effect,
        thread: ThreadId,
        view: &View,
    ) -> Access {
        let place = &self.places[attempt.op.obj as usize];
        let order = attempt.order_of(effect);
        let mut clock = view.clock;
        let source = effect.reads.map(|at| &place.order[at]);
        if let Some(source) = source.filter(|_| acquires(order)) {
            clock.join(&source.message);
        }
        Access {
            thread,
            at: view.clock.of(thread),
            obj: attempt.op.obj,
            clock,
            reads: effect.reads.is_some(),
            source: source.and_then(|s| s.event),
            writes: effect.writes.is_some(),
            sc: order == Ordering::SeqCst,
            fence: false,
        }
    }

    fn acyclic(&self, access: &Access, effect: Effect) -> bool {
        self.graph.acyclic(&self.places, access, effect)
    }

    /// Takes alternative `older`; returns what was read and what was written.
    fn take(
        &mut self,
        attempt: &Attempt<'_>,
        older: usize,
        at: When,
        view: &mut View,
        new: impl FnOnce(usize) -> usize,
    ) -> Taken {
        let obj = attempt.op.obj as usize;
        let effect = attempt.effect(&self.places[obj], older);
        let order = attempt.order_of(effect);
        let continues = !self.has(Fault::LosesAReleaseSequence);
        let event = match at.alone {
            true => None,
            false => self.graph.add(self.access(attempt, effect, at.thread, view)),
        };
        let place = &mut self.places[obj];
        place.accesses.extend(event);
        let step = view.clock.of(at.thread);
        let mut taken = Taken::default();
        // A read-modify-write continues the release sequence of what it reads.
        let mut continued = Clock::default();
        if let Some(source) = effect.reads.map(|at| &mut place.order[at]) {
            taken.read = source.value;
            taken.read_from = source.since;
            continued = source.message;
            source.see(at.thread, step);
            learn(view, &continued, order);
        }
        if let Some(position) = effect.writes {
            let mut store = Store::settled(new(taken.read), message(view, order));
            if effect.reads.is_some() {
                if continues {
                    store.message.join(&continued);
                }
                store.exclusive = !at.alone;
            }
            taken.wrote = store.value;
            taken.written = true;
            if at.alone {
                place.order.clear();
                place.order.push(store);
            } else {
                store.seen = [NEVER; MAX_THREADS];
                store.see(at.thread, step);
                store.since = at.steps;
                store.event = event;
                place.order.insert(position, store);
            }
        }
        taken.newest = place.order.last().map_or(0, |s| s.value);
        taken
    }
}

impl Attempt<'_> {
    /// A compare-exchange that fails orders nothing.
    fn order_of(&self, effect: Effect) -> Ordering {
        if self.expected.is_some() && effect.writes.is_none() {
            Ordering::Relaxed
        } else {
            self.order
        }
    }
}

/// When and by whom an access is made.
#[derive(Clone, Copy)]
struct When {
    thread: ThreadId,
    alone: bool,
    /// How many steps of phases there have been with this one.
    steps: u32,
}

/// What an access did.
#[derive(Clone, Copy, Default)]
struct Taken {
    read: usize,
    read_from: u32,
    wrote: usize,
    written: bool,
    /// The newest value in modification order.
    newest: usize,
}

/// The turn is this thread's: makes the access `op`. Returns the value read, and whether it wrote.
pub(super) fn access(
    op: &Op,
    order: Ordering,
    expected: Option<usize>,
    new: impl FnOnce(usize) -> usize,
) -> (usize, bool) {
    let attempt = Attempt { op, order, expected };
    match with(|e| e.access(&attempt, new)).flatten() {
        Some(result) => result,
        None => {
            suspend();
            (super::observe(op.obj), false)
        }
    }
}

impl Exec {
    fn access(
        &mut self,
        attempt: &Attempt<'_>,
        new: impl FnOnce(usize) -> usize,
    ) -> Option<(usize, bool)> {
        let older = if self.alone() { 0 } else { self.choose_alternative(attempt)? };
        let at = When { thread: self.current, alone: self.alone(), steps: self.depth() as u32 };
        let ra = self.ra.as_mut()?;
        let view = &mut self.threads[at.thread as usize].view;
        let taken = ra.take(attempt, older, at, view, new);
        let op = attempt.op;
        self.objects[op.obj as usize].location.value = taken.newest;
        let chosen = Chosen { older: older as u16, read_from: taken.read_from };
        let ok = taken.written || attempt.expected.is_none();
        self.record_chosen(op, ok, Gate::default(), (taken.read, taken.wrote), chosen);
        Some((taken.read, taken.written))
    }

    /// Asks the policy what the access does. `None`: the execution is over.
    fn choose_alternative(&mut self, attempt: &Attempt<'_>) -> Option<usize> {
        let thread = self.current;
        let view = &self.threads[thread as usize].view;
        let ra = self.ra.as_ref()?;
        let place = &ra.places[attempt.op.obj as usize];
        let count = ra.count(attempt, &view.clock);
        let alternatives = Alternatives {
            count,
            allowed: &|older| older < count && ra.allows(attempt, older, thread, view),
            since: &|older| match attempt.op.kind {
                OpKind::Store => usize::MAX,
                _ => place.order[place.read_at(older)].since as usize,
            },
        };
        let chosen = self.ask(|policy| policy.choose(&alternatives));
        match chosen {
            Some(older) if older < count => Some(older),
            Some(_) => self.stop(End::Diverged),
            None => self.stop(End::Pruned),
        }
    }
}

/// The current thread made an object.
pub(super) fn create(e: &mut Exec, value: usize) {
    let (thread, alone) = (e.current, e.alone());
    let clock = &e.threads[thread as usize].view.clock;
    if let Some(ra) = &mut e.ra {
        ra.create(value, thread, clock, alone);
    }
}

/// The current thread made a fence: an event that `psc` knows.
pub(super) fn fence(e: &mut Exec, order: Ordering) {
    if order == Ordering::SeqCst {
        add(e, Access::fence);
    } else {
        add(e, |thread, at, clock| Access::other(thread, at, u32::MAX, clock));
    }
}

/// The current thread takes a step that is no access.
pub(super) fn other_step(e: &mut Exec, op: &Op) {
    if op.kind.has_object() {
        add(e, |thread, at, clock| Access::other(thread, at, op.obj, clock));
    }
}

fn add(e: &mut Exec, event: impl FnOnce(ThreadId, u32, &Clock) -> Access) {
    if e.alone() {
        return;
    }
    let thread = e.current;
    let clock = &e.threads[thread as usize].view.clock;
    if let Some(ra) = &mut e.ra {
        ra.graph.add(event(thread, clock.of(thread), clock));
    }
}
