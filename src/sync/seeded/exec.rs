// SPDX-License-Identifier: GPL-2.0-only
//! One execution: its objects, its threads, its trace, and every step a thread can take.

use super::clock::Clock;
use super::memory::{Location, Memory, MemoryModel, View};
use super::watch::{Touch, Touched, Watcher};
use crate::sched::op::{MAIN, MAX_THREADS};
use crate::sched::{Choice, Event, Gate, Op, OpKind, Point, Policy, ThreadId, ThreadSet};
use crate::sync::abort::Abandon;
use crate::sync::{Name, Ordering, Site};
use crate::verify::{Access, Property, Violation};
use corosensei::Yielder;
use corosensei::stack::DefaultStack;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

/// What an execution runs under.
#[derive(Clone, Copy, Debug)]
pub struct Config {
    /// The memory model.
    pub memory: Memory,
    /// The most steps; more is a livelock.
    pub max_steps: u64,
    /// Whether to keep the trace (the exhaustive policy and reports need it).
    pub record: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self { memory: Memory::Sc, max_steps: 1_000_000, record: false }
    }
}

/// Why an execution ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The body returned.
    Completed,
    /// A finding after which it made no sense to go on.
    Violated,
    /// The policy had nothing new to see here.
    Pruned,
    /// A recorded schedule did not fit.
    Diverged,
    /// The body panicked: a mistake in the model.
    Panicked,
}

/// A finding, and how long the trace was when it was made.
#[derive(Clone, Debug)]
pub struct Found {
    /// What.
    pub violation: Violation,
    /// The number of steps before it.
    pub step: u64,
}

/// What an execution did.
#[derive(Debug)]
pub struct Execution {
    /// Why it ended.
    pub end: End,
    /// The first finding of each property.
    pub found: Vec<Found>,
    /// How many steps it took, inside phases and outside.
    pub steps: u64,
    /// A digest of every step and value.
    pub hash: u64,
    /// The steps, if [`Config::record`].
    pub trace: Vec<Event>,
    /// The steps that threads stood before at the end, by slot.
    pub pending: [Option<Op>; MAX_THREADS],
    /// The threads that could have gone on at the end.
    pub enabled: ThreadSet,
    /// The objects' names, by number.
    pub names: Vec<Name>,
    /// The threads' names, by slot.
    pub threads: Vec<String>,
    /// The panic's message, if [`End::Panicked`].
    pub panic: Option<String>,
    /// The accesses to plain memory, if the execution was watched.
    pub touches: Vec<Touch>,
}

/// A coroutine's handle to its own suspension.
pub(super) type Yield = Yielder<(), ()>;
pub(super) type Coroutine = corosensei::Coroutine<(), (), (), DefaultStack>;

/// One synchronisation object.
struct Object {
    name: Name,
    location: Location,
    gate: Gate,
    /// What readers' releases teach a writer (semaphores), and ends teach waiters (work).
    second: Clock,
}

/// One thread.
pub(super) struct Slot {
    pub(super) name: String,
    pub(super) view: View,
    /// When a sleep with a timeout is over, on the virtual clock.
    pub(super) deadline: Option<u64>,
    pub(super) yielder: Cell<*const Yield>,
}

/// The execution in progress on this OS thread.
pub(super) struct Exec {
    config: Config,
    memory: Box<dyn MemoryModel>,
    policy: *mut dyn Policy,
    objects: Vec<Object>,
    pub(super) threads: Vec<Slot>,
    pub(super) pending: [Option<Op>; MAX_THREADS],
    pub(super) current: ThreadId,
    /// The virtual clock, in milliseconds.
    now: u64,
    /// Who runs next; set by whoever suspends.
    pub(super) next: Option<ThreadId>,
    /// The phase's threads are being brought to their first steps: none is taken yet.
    pub(super) starting: bool,
    /// 0 outside phases.
    pub(super) phase: u8,
    pub(super) phases: u8,
    last: Option<ThreadId>,
    last_event: Option<Event>,
    depth: usize,
    pub(super) end: Option<End>,
    /// The run is over and workers that are asked for their next run return instead.
    pub(super) stopping: bool,
    found: Vec<Found>,
    steps: u64,
    hash: u64,
    trace: Vec<Event>,
    /// Threads that rested without returning.
    pub(super) parked: Vec<(ThreadId, Coroutine)>,
    pub(super) stacks: Vec<DefaultStack>,
    /// Who looks on; nobody outside replays.
    watcher: Option<Watcher>,
    touches: Vec<Touch>,
}

thread_local! {
    static CURRENT: Cell<*mut Exec> = const { Cell::new(std::ptr::null_mut()) };
    /// Coroutine stacks are mapped once and used again.
    static STACKS: Cell<Vec<DefaultStack>> = const { Cell::new(Vec::new()) };
}

/// Borrows the execution. `None` outside of one (a guard dropped late).
#[inline]
pub(super) fn with<R>(f: impl FnOnce(&mut Exec) -> R) -> Option<R> {
    let exec = CURRENT.get();
    if exec.is_null() {
        return None;
    }
    // SAFETY: the pointer is set by `execute` to a live value on its stack frame and reset before
    // that frame ends. Everything runs on this OS thread, and no `f` suspends or calls `with`.
    Some(f(unsafe { &mut *exec }))
}

/// Runs `body` as one execution under `policy`.
pub fn execute(config: Config, policy: &mut dyn Policy, body: impl FnOnce()) -> Execution {
    // SAFETY: only the lifetime is erased; the pointer dies with `exec`, before this borrow ends.
    let policy = unsafe {
        std::mem::transmute::<*mut (dyn Policy + '_), *mut (dyn Policy + 'static)>(policy)
    };
    let mut exec = Exec::new(config, policy);
    let outer = CURRENT.replace(&raw mut exec);
    let result = catch_unwind(AssertUnwindSafe(body));
    super::phase::dismiss();
    CURRENT.set(outer);
    STACKS.set(std::mem::take(&mut exec.stacks));
    exec.finish(result)
}

impl Exec {
    fn new(config: Config, policy: *mut dyn Policy) -> Self {
        let mut main = View::default();
        main.clock.tick(MAIN);
        let yielder = Cell::new(std::ptr::null());
        Self {
            config,
            memory: config.memory.build(),
            policy,
            objects: Vec::with_capacity(64),
            threads: vec![Slot { name: "main".to_owned(), view: main, deadline: None, yielder }],
            now: 0,
            pending: [None; MAX_THREADS],
            current: MAIN,
            next: None,
            starting: false,
            phase: 0,
            phases: 0,
            last: None,
            last_event: None,
            depth: 0,
            end: None,
            stopping: false,
            found: Vec::new(),
            steps: 0,
            hash: 0xcbf2_9ce4_8422_2325,
            trace: Vec::new(),
            parked: Vec::new(),
            stacks: STACKS.take(),
            watcher: None,
            touches: Vec::new(),
        }
    }

    fn finish(self, result: Result<(), Box<dyn std::any::Any + Send>>) -> Execution {
        let mut panic = None;
        let end = match result {
            Ok(()) => self.end.unwrap_or(End::Completed),
            Err(payload) => match crate::sync::threads::finding(payload) {
                Ok(Abandon::Over) => self.end.unwrap_or(End::Violated),
                Ok(Abandon::Found(_)) => End::Violated,
                Err(message) => {
                    panic = Some(message);
                    End::Panicked
                }
            },
        };
        let enabled = self.enabled();
        Execution {
            end,
            enabled,
            found: self.found,
            steps: self.steps,
            hash: self.hash,
            trace: self.trace,
            pending: self.pending,
            names: self.objects.into_iter().map(|o| o.name).collect(),
            threads: self.threads.into_iter().map(|t| t.name).collect(),
            panic,
            touches: self.touches,
        }
    }

    /// Whether steps execute at once.
    const fn alone(&self) -> bool {
        self.phase == 0
    }

    /// Whether `thread` could take `op` now.
    fn open(&self, thread: usize, op: &Op) -> bool {
        !op.kind.blocks()
            || self.objects[op.obj as usize].gate.enabled(op)
            || self.threads[thread].deadline.is_some_and(|at| at <= self.now)
    }

    fn enabled(&self) -> ThreadSet {
        let mut set = ThreadSet::EMPTY;
        for (t, op) in self.pending.iter().enumerate() {
            if op.is_some_and(|op| self.open(t, &op)) {
                set.insert(t as ThreadId);
            }
        }
        set
    }

    /// Nobody can go on: lets time pass until somebody can. False if time ends nobody's sleep.
    fn pass_time(&mut self) -> bool {
        let sleeping = self.threads.iter().zip(&self.pending).filter(|(_, op)| op.is_some());
        let Some(next) = sleeping.filter_map(|(t, _)| t.deadline).min() else { return false };
        self.now = self.now.max(next);
        true
    }

    /// Asks the policy who is next. `None`: everybody rests, or the execution is over.
    pub(super) fn choose(&mut self) -> Option<ThreadId> {
        let mut enabled = self.enabled();
        if enabled.is_empty() && self.pass_time() {
            enabled = self.enabled();
        }
        if enabled.is_empty() {
            return None;
        }
        let point = Point {
            enabled,
            pending: &self.pending,
            last: self.last,
            last_event: self.last_event.as_ref(),
            depth: self.depth,
        };
        // SAFETY: the policy outlives the execution (`execute`), and it cannot reach back here.
        let choice = unsafe { &mut *self.policy }.pick(&point);
        self.depth += 1;
        match choice {
            Choice::Run(t) if enabled.contains(t) => Some(t),
            Choice::Run(_) | Choice::Diverged => {
                self.end = Some(End::Diverged);
                None
            }
            Choice::Prune => {
                self.end = Some(End::Pruned);
                None
            }
        }
    }

    pub(super) fn begin_phase(&mut self) {
        self.phases = self.phases.saturating_add(1);
        self.phase = self.phases;
        self.last = None;
        self.last_event = None;
    }

    fn record(&mut self, op: &Op, ok: bool, before: Gate, read: usize, wrote: usize) {
        let thread = self.current;
        self.steps += 1;
        let event = Event { thread, phase: self.phase, op: *op, ok, before, read, wrote };
        for word in [
            u64::from(thread) << 40 | u64::from(op.obj) << 8 | op.kind as u64,
            read as u64,
            wrote as u64 ^ u64::from(ok) << 63,
        ] {
            self.hash = (self.hash ^ word).wrapping_mul(0x0000_0100_0000_01b3).rotate_left(23);
        }
        if self.config.record {
            self.trace.push(event);
        }
        if self.phase != 0 {
            self.last = Some(thread);
            self.last_event = Some(event);
        }
        self.threads[thread as usize].view.clock.tick(thread);
    }

    pub(super) fn note(&mut self, violation: Violation) {
        if !self.found.iter().any(|f| f.violation.property == violation.property) {
            self.found.push(Found { violation, step: self.steps });
        }
    }

    pub(super) fn object_name(&self, obj: u32) -> Name {
        self.objects[obj as usize].name
    }

    fn view(&mut self) -> &mut View {
        &mut self.threads[self.current as usize].view
    }
}

/// What a thread does after it announced its step.
enum Turn {
    Take,
    Suspend,
    Blocked,
    TooLong,
    /// The execution is over and this thread is only unwinding.
    Over,
}

/// From here on `watcher` is shown the state after each step; see [`super::watch`].
pub(crate) fn watch(watcher: Watcher) {
    with(|e| e.watcher = Some(watcher));
}

/// Shows the watcher, if there is one, what the steps so far have made.
#[inline]
pub(super) fn show() {
    let watcher = with(|e| {
        let going_on = e.end.is_none();
        e.watcher.as_ref().filter(|_| going_on).map(|w| (Watcher::clone(w), e.trace.len()))
    });
    if let Some(Some((watcher, steps))) = watcher {
        watcher(steps);
    }
}

/// Announces `op`, waits for the turn. False if the execution is over and nothing may happen.
fn turn(op: &Op) -> bool {
    show();
    let turn = with(|e| {
        if e.end.is_some() {
            return Turn::Over;
        }
        if e.steps >= e.config.max_steps {
            return Turn::TooLong;
        }
        if e.alone() {
            if let Some(at) = e.threads[MAIN as usize].deadline {
                e.now = e.now.max(at);
            }
            return if e.open(MAIN as usize, op) { Turn::Take } else { Turn::Blocked };
        }
        e.pending[e.current as usize] = Some(*op);
        if e.starting {
            return Turn::Suspend;
        }
        e.next = e.choose();
        if e.next == Some(e.current) && e.end.is_none() { Turn::Take } else { Turn::Suspend }
    });
    match turn {
        None | Some(Turn::Over) => false,
        Some(Turn::Take) => true,
        Some(Turn::Suspend) => {
            suspend();
            with(|e| !e.stopping).unwrap_or(false)
        }
        Some(Turn::Blocked) => {
            let name = with(|e| e.objects[op.obj as usize].name.to_string()).unwrap_or_default();
            let sentence = format!(
                "the script waits for ever: {} of {name} at {}, and no thread is left to end it",
                op.kind.word(),
                op.site
            );
            note(Violation::new(Property::C3, "deadlock", sentence));
            abandon()
        }
        Some(Turn::TooLong) => {
            let steps = with(|e| e.config.max_steps).unwrap_or(0);
            let sentence = format!("no rest within {steps} steps (last at {})", op.site);
            note(Violation::new(Property::C3, "livelock", sentence));
            abandon()
        }
    }
}

/// Gives up the processor; returns when the scheduler picks this thread.
fn suspend() {
    let yielder = with(|e| e.threads[e.current as usize].yielder.get());
    if let Some(yielder) = yielder.filter(|y| !y.is_null()) {
        // SAFETY: set by the coroutine's own start to its yielder, which lives as long as it does.
        unsafe { &*yielder }.suspend(());
    }
}

/// Ends the execution from inside the model.
pub(crate) fn abandon() -> ! {
    with(|e| {
        e.end.get_or_insert(End::Violated);
        e.next = None;
    });
    resume_unwind(Box::new(Abandon::Over))
}

/// Records a finding; the first of each property is kept.
pub(crate) fn note(violation: Violation) {
    with(|e| e.note(violation));
}

/// Whether the caller is the only thread.
pub(crate) fn alone() -> bool {
    with(|e| e.alone()).unwrap_or(true)
}

/// The current thread.
pub(crate) fn current() -> Option<ThreadId> {
    with(|e| e.current)
}

/// The current thread's side of a conflict.
pub(crate) fn access(site: Site, verb: &'static str) -> Access {
    access_of(with(|e| e.current).unwrap_or(MAIN), site, verb)
}

/// A thread's side of a conflict.
pub(super) fn access_of(thread: ThreadId, site: Site, verb: &'static str) -> Access {
    let thread = with(|e| e.threads.get(thread as usize).map(|t| t.name.clone())).flatten();
    Access { thread: thread.unwrap_or_default(), site, verb }
}

/// Lends the current thread's clock, for an access to plain memory. `None` while the execution is
/// being torn down.
#[inline]
pub(super) fn with_clock<R>(what: &Touched, f: impl FnOnce(ThreadId, &Clock) -> R) -> Option<R> {
    with(|e| {
        if e.end.is_some() {
            return None;
        }
        let current = e.current;
        if e.watcher.is_some() {
            e.touches.push(Touch { at: e.trace.len(), thread: current, what: *what });
        }
        Some(f(current, &e.view().clock))
    })
    .flatten()
}

/// A new object.
pub(crate) fn new_object(name: Name, value: usize) -> u32 {
    with(|e| {
        let location = Location { value, ..Location::default() };
        let gate = Gate::default();
        e.objects.push(Object { name, location, gate, second: Clock::default() });
        (e.objects.len() - 1) as u32
    })
    .unwrap_or(0)
}

/// An atomic's value, from outside the model.
pub(crate) fn observe(obj: u32) -> usize {
    with(|e| e.objects[obj as usize].location.value).unwrap_or(0)
}

/// A gate, from outside the model.
pub(crate) fn peek_gate(obj: u32) -> Gate {
    with(|e| e.objects[obj as usize].gate).unwrap_or_default()
}

/// An atomic load.
pub(crate) fn load(obj: u32, site: Site, order: Ordering) -> usize {
    let op = Op { obj, kind: OpKind::Load, arg: 0, site };
    if !turn(&op) {
        return observe(obj);
    }
    with(|e| {
        let view = &mut e.threads[e.current as usize].view;
        let value = e.memory.load(view, &mut e.objects[obj as usize].location, order);
        e.record(&op, true, Gate::default(), value, 0);
        value
    })
    .unwrap_or(0)
}

/// An atomic store.
pub(crate) fn store(obj: u32, site: Site, value: usize, order: Ordering) {
    let op = Op { obj, kind: OpKind::Store, arg: 0, site };
    if !turn(&op) {
        return;
    }
    with(|e| {
        let view = &mut e.threads[e.current as usize].view;
        e.memory.store(view, &mut e.objects[obj as usize].location, value, order);
        e.record(&op, true, Gate::default(), 0, value);
    });
}

/// An atomic read-modify-write; returns the old value.
pub(crate) fn rmw(obj: u32, site: Site, order: Ordering, f: impl Fn(usize) -> usize) -> usize {
    let op = Op { obj, kind: OpKind::Rmw, arg: 0, site };
    if !turn(&op) {
        return observe(obj);
    }
    with(|e| {
        let view = &mut e.threads[e.current as usize].view;
        let at = &mut e.objects[obj as usize].location;
        let old = e.memory.rmw(view, at, order, &mut |old| f(old));
        let new = at.value;
        e.record(&op, true, Gate::default(), old, new);
        old
    })
    .unwrap_or(0)
}

/// A fence.
pub(crate) fn fence(op: &Op, order: Ordering) {
    if !turn(op) {
        return;
    }
    with(|e| {
        let thread = e.current;
        let view = &mut e.threads[thread as usize].view;
        e.memory.fence(thread, view, order);
        e.record(op, true, Gate::default(), 0, 0);
    });
}

/// A step on a lock, a work item or a wait queue. False if a trylock failed, or if the execution
/// is over.
pub(crate) fn gate(op: &Op) -> bool {
    if !turn(op) {
        return false;
    }
    with(|e| e.pass(op)).unwrap_or(false)
}

/// `flush_work`'s snapshot: the run to wait for.
pub(crate) fn flush_target(op: &Op) -> u32 {
    gate(op);
    with(|e| e.last_gate(op).flush_target()).unwrap_or(0)
}

/// `add_wait_queue`: the wakeups seen so far.
pub(crate) fn wait_prepare(op: &Op) -> u32 {
    gate(op);
    with(|e| e.last_gate(op).count).unwrap_or(0)
}

/// `wait_woken`: the wakeups seen when it returns.
pub(crate) fn wait_woken(op: &Op) -> u32 {
    wait_prepare(op)
}

/// `wait_woken` with a timeout: what is left of it, and the wakeups seen.
pub(crate) fn wait_woken_timeout(op: &Op, timeout: u64) -> (u64, u32) {
    let deadline = with(|e| {
        let deadline = e.now.saturating_add(timeout);
        // A wakeup that is already there costs no time, even for a caller who is alone.
        let woken = e.objects[op.obj as usize].gate.enabled(op);
        e.threads[e.current as usize].deadline = (!woken || !e.alone()).then_some(deadline);
        deadline
    });
    gate(op);
    with(|e| {
        let current = e.current as usize;
        e.threads[current].deadline = None;
        let count = e.last_gate(op).count;
        let left =
            if count > op.arg { deadline.unwrap_or(0).saturating_sub(e.now).max(1) } else { 0 };
        (left, count)
    })
    .unwrap_or((0, op.arg))
}

impl Exec {
    const fn last_gate(&self, op: &Op) -> Gate {
        // Nothing ran since the step: the gate is as it left it.
        self.objects.as_slice()[op.obj as usize].gate
    }

    /// Takes a gate step: state, happens-before, trace.
    fn pass(&mut self, op: &Op) -> bool {
        let object = &mut self.objects[op.obj as usize];
        let view = &mut self.threads[self.current as usize].view;
        let before = object.gate;
        let ok = before.succeeds(op);
        object.gate = before.apply(op);
        let main = &mut object.location.message;
        match op.kind {
            // A failed trylock orders nothing.
            _ if !ok => {}
            OpKind::MutexLock
            | OpKind::MutexTryLock
            | OpKind::DownRead
            | OpKind::TryDownRead
            | OpKind::WorkBegin
            | OpKind::WaitPrepare
            | OpKind::WaitWoken => view.clock.join(main),
            OpKind::DownWrite | OpKind::WriterGranted | OpKind::TryDownWrite => {
                view.clock.join(main);
                view.clock.join(&object.second);
            }
            OpKind::MutexUnlock | OpKind::UpWrite | OpKind::WorkQueue | OpKind::WakeUp => {
                main.join(&view.clock);
            }
            OpKind::UpRead | OpKind::WorkEnd => object.second.join(&view.clock),
            OpKind::WorkWait => view.clock.join(&object.second),
            _ => {}
        }
        self.record(op, ok, before, 0, 0);
        ok
    }
}
