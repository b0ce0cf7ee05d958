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
//! - Outside phases every location has one store, known to all: what [`Location`] says. There are
//!   places for the locations that the phase has accessed, and only during the phase.
//! - `order[0]` of a place is older than every store of the phase.

mod graph;

use super::clock::Clock;
use super::exec::{Exec, Object, with};
use super::execution::End;
use super::memory::{Location, View, acquires, learn, message};
use super::turn::suspend;
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

/// One atomic location in a phase.
#[derive(Debug, Default)]
struct Place {
    /// In modification order, the oldest first. None: the phase has not accessed it.
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
    /// The objects whose places are in use.
    touched: Vec<u32>,
    graph: Graph,
    /// Only in tests of the tests.
    pub(super) fault: Option<Fault>,
    /// What to take back in order to be as before.
    log: Vec<Done>,
    /// The number of the step in hand.
    step: u32,
}

/// Something that was done to memory.
#[derive(Clone, Copy, Debug)]
struct Done {
    /// With which step, or before it and after the one before.
    step: u32,
    obj: u32,
    what: What,
}

#[derive(Clone, Copy, Debug)]
enum What {
    /// The location's place came into use.
    Used,
    /// An event was added to the graph, which took it or did not.
    Event { taken: bool },
    /// The store at that position was seen by a thread, which had seen it at that step.
    Seen { position: usize, thread: ThreadId, before: u32 },
    /// A store went to that position.
    Stored { position: usize },
}

impl Ra {
    /// An object is about to be accessed; what `at` holds is older than the phase.
    fn touch(&mut self, obj: u32, at: &Location) {
        if self.place(obj).order.is_empty() {
            self.use_place(obj, Store::settled(at.value, at.message));
        }
    }

    fn place(&mut self, obj: u32) -> &mut Place {
        let obj = obj as usize;
        if self.places.len() <= obj {
            self.places.resize_with(obj + 1, Place::default);
        }
        &mut self.places[obj]
    }

    fn use_place(&mut self, obj: u32, first: Store) {
        self.place(obj).order.push(first);
        self.touched.push(obj);
        self.note(obj, What::Used);
    }

    /// A new object, made in a phase by `thread`, which knows `clock`.
    fn create(&mut self, obj: u32, value: usize, thread: ThreadId, clock: &Clock) {
        let mut store = Store::settled(value, Clock::default());
        store.seen = [NEVER; MAX_THREADS];
        store.see(thread, clock.of(thread).saturating_sub(1));
        let event = Access::init(thread, obj, clock);
        self.use_place(obj, store);
        let event = self.add_access(event);
        self.places[obj as usize].order[0].event = event;
    }

    /// Adds an event that is no access to an atomic.
    fn add(&mut self, event: Access) -> Option<u32> {
        let number = self.graph.add(event);
        self.note(u32::MAX, What::Event { taken: number.is_some() });
        number
    }

    /// Adds an access to a place in use.
    fn add_access(&mut self, access: Access) -> Option<u32> {
        let obj = access.obj;
        let number = self.graph.add(access);
        self.places[obj as usize].accesses.extend(number);
        self.note(obj, What::Event { taken: number.is_some() });
        number
    }

    fn note(&mut self, obj: u32, what: What) {
        self.log.push(Done { step: self.step, obj, what });
    }

    /// Takes back all that was done with step number `step` and since.
    pub(super) fn rewind(&mut self, step: usize) {
        while let Some(&Done { obj, what, .. }) =
            self.log.last().filter(|done| done.step as usize >= step)
        {
            self.log.pop();
            let place = self.places.get_mut(obj as usize);
            match (what, place) {
                (What::Event { taken }, place) => {
                    self.graph.take_back(taken);
                    if let Some(place) = place.filter(|_| taken) {
                        place.accesses.pop();
                    }
                }
                (What::Used, Some(place)) => {
                    place.order.clear();
                    self.touched.pop();
                }
                (What::Seen { position, thread, before }, Some(place)) => {
                    place.order[position].seen[thread as usize] = before;
                }
                (What::Stored { position }, Some(place)) => {
                    place.order.remove(position);
                }
                (_, None) => {}
            }
        }
    }

    /// Everybody rests: what happened happens before all that follows, and `objects` are as it left
    /// them.
    pub(super) fn settle(&self, objects: &mut [Object]) {
        for &obj in &self.touched {
            if let Some(&Store { value, message, .. }) = self.places[obj as usize].order.last() {
                objects[obj as usize].location = Location { value, message };
            }
        }
    }

    /// As new, for another phase: only its allocations are used again.
    pub(super) fn clear(&mut self) {
        for obj in self.touched.drain(..) {
            let place = &mut self.places[obj as usize];
            place.order.clear();
            place.accesses.clear();
        }
        self.graph.clear();
        self.log.clear();
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
        let places = self.touched.iter().map(|&obj| (obj, &self.places[obj as usize]));
        self.graph.acyclic(places, access, effect)
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
        let event = self.add_access(self.access(attempt, effect, at.thread, view));
        let place = &mut self.places[obj];
        let step = view.clock.of(at.thread);
        let mut taken = Taken::default();
        // A read-modify-write continues the release sequence of what it reads.
        let mut continued = Clock::default();
        let mut seen = None;
        if let Some(source) = effect.reads.map(|at| &mut place.order[at]) {
            taken.read = source.value;
            taken.read_from = source.since;
            continued = source.message;
            let before = source.seen[at.thread as usize];
            source.see(at.thread, step);
            seen = effect.reads.map(|position| What::Seen { position, thread: at.thread, before });
            learn(view, &continued, order);
        }
        if let Some(position) = effect.writes {
            let mut store = Store::settled(new(taken.read), message(view, order));
            if effect.reads.is_some() {
                if continues {
                    store.message.join(&continued);
                }
                store.exclusive = true;
            }
            taken.wrote = store.value;
            taken.written = true;
            store.seen = [NEVER; MAX_THREADS];
            store.see(at.thread, step);
            store.since = at.steps;
            store.event = event;
            place.order.insert(position, store);
        }
        taken.newest = place.order.last().map_or(0, |s| s.value);
        if let Some(seen) = seen {
            self.note(attempt.op.obj, seen);
        }
        if let Some(position) = effect.writes {
            self.note(attempt.op.obj, What::Stored { position });
        }
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
        if self.alone() {
            return Some(self.settled_access(attempt, new));
        }
        let op = attempt.op;
        let location = &self.objects[op.obj as usize].location;
        let ra = self.ra.as_mut()?;
        ra.step = self.steps as u32;
        ra.touch(op.obj, location);
        let older = self.choose_alternative(attempt)?;
        let at = When { thread: self.current, steps: self.depth() as u32 };
        let ra = self.ra.as_mut()?;
        let view = &mut self.threads[at.thread as usize].view;
        let taken = ra.take(attempt, older, at, view, new);
        self.objects[op.obj as usize].location.value = taken.newest;
        let chosen = Chosen { older: older as u16, read_from: taken.read_from };
        let ok = taken.written || attempt.expected.is_none();
        self.record_chosen(op, ok, Gate::default(), (taken.read, taken.wrote), chosen);
        Some((taken.read, taken.written))
    }

    /// The script is alone: a location has one store. What that one and the script know of each other
    /// is nothing new to anybody.
    fn settled_access(
        &mut self,
        attempt: &Attempt<'_>,
        new: impl FnOnce(usize) -> usize,
    ) -> (usize, bool) {
        let op = attempt.op;
        let value = &mut self.objects[op.obj as usize].location.value;
        let fails = attempt.expected.is_some_and(|expected| expected != *value);
        let read = if op.kind.reads() { *value } else { 0 };
        let writes = op.kind.writes() && !fails;
        let wrote = if writes { new(read) } else { 0 };
        if writes {
            *value = wrote;
        }
        self.record_chosen(op, !fails, Gate::default(), (read, wrote), Chosen::default());
        (read, writes)
    }

    /// Asks the policy what the access does. `None`: the execution is over.
    fn choose_alternative(&mut self, attempt: &Attempt<'_>) -> Option<usize> {
        let thread = self.current;
        let view = &self.threads[thread as usize].view;
        let ra = self.ra.as_ref()?;
        let place = &ra.places[attempt.op.obj as usize];
        if let Some(older) = self.ask(|policy| policy.repeat_choice()) {
            let there = older < place.order.len();
            return if there { Some(older) } else { self.stop(End::Diverged) };
        }
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
    if e.alone() || e.repeats() {
        return;
    }
    let thread = e.current;
    let clock = &e.threads[thread as usize].view.clock;
    if let Some(ra) = &mut e.ra {
        ra.step = e.steps as u32;
        ra.create(e.objects.len() as u32, value, thread, clock);
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
        ra.step = e.steps as u32;
        ra.add(event(thread, clock.of(thread), clock));
    }
}
