// SPDX-License-Identifier: GPL-2.0-only
//! One execution: its objects, its threads, its trace, and who takes the next step.

use super::beginning::Beginning;
use super::clock::Clock;
use super::execution::{ALONE_CALLING, Config, End, Execution, Found, alone_limit};
use super::memory::{Location, Memory, View};
use super::mutated::Mutated;
use super::pending::Pending;
use super::ra::{self, Ra};
use super::region;
use super::tso::StoreBuffers;
use super::watch::{Touch, Touched, Watcher};
use crate::sched::op::MAIN;
use crate::sched::{Event, Gate, Policy, ThreadId};
use crate::sync::abort::Abandon;
use crate::sync::{Name, Site, mutation};
use crate::verify::{Access, Violation};
use corosensei::Yielder;
use corosensei::stack::{DefaultStack, Stack, StackPointer};
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

/// A coroutine's handle to its own suspension.
pub(super) type Yield = Yielder<(), ()>;
pub(super) type Coroutine = corosensei::Coroutine<(), (), (), Lent>;

/// A coroutine's stack. The model's deepest call chain needs a fraction of it, even unoptimised.
pub(super) const STACK: usize = 256 * 1024;

/// A stack that a coroutine has from [`Exec::stacks`], which has it longer.
pub(super) struct Lent {
    base: StackPointer,
    limit: StackPointer,
}

impl Lent {
    pub(super) fn of(stack: &DefaultStack) -> Self {
        Self { base: stack.base(), limit: stack.limit() }
    }
}

// SAFETY: it is the stack that it was made of, which has a guard page and lives longer: it goes from
// execution to execution, and no coroutine is resumed after its own.
unsafe impl Stack for Lent {
    fn base(&self) -> StackPointer {
        self.base
    }

    fn limit(&self) -> StackPointer {
        self.limit
    }
}

/// One synchronisation object.
#[derive(Clone)]
pub(super) struct Object {
    name: Name,
    pub(super) location: Location,
    pub(super) gate: Gate,
    /// What readers' releases teach a writer (semaphores), and ends teach waiters (work).
    pub(super) second: Clock,
}

/// One thread.
#[derive(Clone)]
pub(super) struct Slot {
    pub(super) name: String,
    pub(super) view: View,
    /// When a sleep with a timeout is over, on the virtual clock.
    pub(super) deadline: Option<u64>,
    pub(super) yielder: Cell<*const Yield>,
    /// An address near where its stack ended when it last suspended; 0 if it never did.
    pub(super) low: Cell<usize>,
}

impl Slot {
    /// A thread that was not started.
    pub(super) const fn new(name: String, view: View) -> Self {
        let (yielder, low) = (Cell::new(std::ptr::null()), Cell::new(0));
        Self { name, view, deadline: None, yielder, low }
    }
}

/// The execution in progress on this OS thread.
pub(super) struct Exec {
    pub(super) config: Config,
    pub(super) policy: *mut dyn Policy,
    /// What loads choose from, in a phase, if they do.
    pub(super) ra: Option<Box<Ra>>,
    /// Whether there was more to choose from than could be judged.
    pub(super) coarse: bool,
    /// What the last execution began with, of which this one repeats so many steps; see
    /// [`super::beginning`].
    pub(super) beginning: Option<Beginning>,
    pub(super) repeated: u64,
    /// Whether further steps are part of the next one's.
    pub(super) keeps: bool,
    pub(super) objects: Vec<Object>,
    /// How many observers there are; see [`crate::sync::Observer`].
    pub(super) observers: u8,
    pub(super) threads: Vec<Slot>,
    pub(super) pending: Pending,
    /// Empty outside phases, and under `sc`.
    pub(super) buffers: StoreBuffers,
    pub(super) current: ThreadId,
    /// The virtual clock, in milliseconds.
    pub(super) now: u64,
    /// Who runs next; set by whoever suspends.
    pub(super) next: Option<ThreadId>,
    /// The phase's threads are being brought to their first steps: none is taken yet.
    pub(super) starting: bool,
    /// Steps are like most: see [`super::quick`].
    pub(super) quick: bool,
    /// 0 outside phases.
    pub(super) phase: u8,
    pub(super) phases: u8,
    /// Who took the last step of the phase.
    pub(super) last: Option<ThreadId>,
    /// The last step, if there is no trace that has it.
    pub(super) last_event: Option<Event>,
    pub(super) depth: usize,
    pub(super) end: Option<End>,
    /// The run is over and workers that are asked for their next run return instead.
    pub(super) stopping: bool,
    pub(super) found: Vec<Found>,
    /// The ghost lost track.
    pub(super) blind: bool,
    pub(super) steps: u64,
    /// How many steps there may be before the phase, or what is outside phases, is too long.
    pub(super) limit: u64,
    /// How many steps lie between where that was set and `limit`.
    pub(super) allowed: u64,
    pub(super) hash: u64,
    /// The steps; from the first on those that are repeated, taken or not.
    pub(super) trace: Vec<Event>,
    /// Threads that rested without returning.
    pub(super) parked: Vec<(ThreadId, Coroutine)>,
    /// By thread; the script has one only if it can be left.
    pub(super) stacks: Vec<DefaultStack>,
    /// The program is put back for the next execution: this one is not unwound. See [`super::program`].
    pub(super) kept: bool,
    /// After how many steps everybody suspends, to be copied; and whether they have.
    pub(super) pause_at: Option<u64>,
    pub(super) paused: bool,
    /// No mutant was in force.
    pub(super) plain: bool,
    /// Who looks on; nobody outside replays.
    pub(super) watcher: Option<Watcher>,
    touches: Vec<Touch>,
    /// What mutants keep between steps.
    pub(super) mutated: Mutated,
}

thread_local! {
    pub(super) static CURRENT: Cell<*mut Exec> = const { Cell::new(std::ptr::null_mut()) };
    static SPARE: Cell<Spare> = const { Cell::new(Spare::NONE) };
}

/// Memory that the next execution can use again: nothing in it says anything.
struct Spare {
    /// Mapped once.
    stacks: Vec<DefaultStack>,
    objects: Vec<Object>,
    ra: Option<Box<Ra>>,
    /// A trace that nobody needs any more; see [`Execution::recycle`].
    trace: Vec<Event>,
}

impl Spare {
    const NONE: Self =
        Self { stacks: Vec::new(), objects: Vec::new(), ra: None, trace: Vec::new() };
}

impl Default for Spare {
    fn default() -> Self {
        Self::NONE
    }
}

impl Execution {
    /// Nobody needs it any more: the next one on this OS thread can use its memory.
    pub fn recycle(self) {
        let mut trace = self.trace;
        trace.clear();
        SPARE.set(Spare { trace, ..SPARE.take() });
    }
}

/// Borrows the execution. `None` outside of one (a guard dropped late). What `f` allocates is the
/// simulator's.
#[inline]
pub(super) fn with<R>(f: impl FnOnce(&mut Exec) -> R) -> Option<R> {
    region::outside(|| with_inside(f))
}

/// The same, where what `f` allocates is the program's.
#[inline]
pub(super) fn with_inside<R>(f: impl FnOnce(&mut Exec) -> R) -> Option<R> {
    let exec = CURRENT.get();
    if exec.is_null() {
        return None;
    }
    // SAFETY: the pointer is set by `run_under` to a live value on its stack frame and reset before
    // that frame ends. Everything runs on this OS thread, and no `f` suspends or calls `with`.
    Some(f(unsafe { &mut *exec }))
}

/// Runs `body` as one execution under `policy`.
pub fn execute(config: Config, policy: &mut dyn Policy, body: impl FnOnce()) -> Execution {
    run_under(config, policy, || {
        let result = catch_unwind(AssertUnwindSafe(body));
        super::phase::dismiss();
        result
    })
}

/// What a thread, or the script, panicked with.
pub(super) type Panic = Box<dyn std::any::Any + Send>;

/// One execution, which `run` runs and ends.
pub(super) fn run_under(
    config: Config,
    policy: &mut dyn Policy,
    run: impl FnOnce() -> Result<(), Panic>,
) -> Execution {
    let fault = policy.fault();
    // SAFETY: only the lifetime is erased; the pointer dies with `exec`, before this borrow ends.
    let policy = unsafe {
        std::mem::transmute::<*mut (dyn Policy + '_), *mut (dyn Policy + 'static)>(policy)
    };
    let mut exec = Exec::new(config, policy);
    exec.buffers.fault = fault;
    if let Some(ra) = &mut exec.ra {
        ra.fault = fault;
    }
    exec.begin_quick();
    let outer = CURRENT.replace(&raw mut exec);
    let result = run();
    CURRENT.set(outer);
    exec.finish(result)
}

impl Exec {
    fn new(config: Config, policy: *mut dyn Policy) -> Self {
        let Spare { stacks, objects, ra, mut trace } = SPARE.take();
        let chooses = config.memory == Memory::Ra;
        // SAFETY: as in `ask`.
        let mut beginning = unsafe { &mut *policy }.beginning().map(std::mem::take);
        beginning = beginning.filter(|_| chooses && config.record && !mutation::any());
        let mut past = None;
        if let Some(beginning) = &mut beginning {
            trace.extend_from_slice(beginning.events());
            past = beginning.take_memory();
            // SAFETY: as in `ask`.
            unsafe { &mut *policy }.skip(beginning.points());
        }
        let ra = chooses.then(|| past.or(ra).unwrap_or_default());
        let mut main = View::default();
        main.clock.tick(MAIN);
        Self {
            config,
            policy,
            ra,
            coarse: false,
            keeps: beginning.is_some(),
            beginning,
            repeated: trace.len() as u64,
            objects,
            observers: 0,
            threads: vec![Slot::new("main".to_owned(), main)],
            now: 0,
            pending: Pending::default(),
            buffers: StoreBuffers::default(),
            current: MAIN,
            next: None,
            starting: false,
            quick: false,
            phase: 0,
            phases: 0,
            last: None,
            last_event: None,
            depth: 0,
            end: None,
            stopping: false,
            found: Vec::new(),
            blind: false,
            steps: 0,
            limit: alone_limit(),
            allowed: alone_limit(),
            hash: 0xcbf2_9ce4_8422_2325,
            trace,
            parked: Vec::new(),
            stacks,
            kept: false,
            pause_at: None,
            paused: false,
            plain: true,
            watcher: None,
            touches: Vec::new(),
            mutated: Mutated::new(),
        }
    }

    fn finish(mut self, result: Result<(), Panic>) -> Execution {
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
        let coarse = self.coarse || self.ra.as_ref().is_some_and(|ra| ra.coarse());
        self.end_beginning();
        if let Some(beginning) = self.beginning.take() {
            // A repetition that diverged has not taken them all.
            self.trace.truncate(self.steps as usize);
            // SAFETY: as in `ask`.
            if let Some(kept) = unsafe { &mut *self.policy }.beginning() {
                *kept = beginning;
            }
        }
        let names = self.objects.iter().map(|o| o.name).collect();
        self.spare();
        Execution {
            end,
            enabled,
            found: self.found,
            steps: self.steps,
            hash: self.hash,
            trace: self.trace,
            pending: *self.pending.steps(),
            names,
            threads: self.threads.into_iter().map(|t| t.name).collect(),
            panic,
            blind: self.blind,
            coarse,
            touches: self.touches,
            plain: self.plain,
        }
    }

    /// Leaves its memory to the next execution.
    fn spare(&mut self) {
        let (mut objects, mut ra) = (std::mem::take(&mut self.objects), self.ra.take());
        objects.clear();
        if let Some(ra) = &mut ra {
            ra.clear();
        }
        let stacks = std::mem::take(&mut self.stacks);
        SPARE.set(Spare { stacks, objects, ra, trace: Vec::new() });
    }

    /// Whether stores wait in buffers.
    pub(super) fn buffers_stores(&self) -> bool {
        self.config.memory == Memory::Tso && !self.alone()
    }

    /// Whether steps execute at once.
    pub(super) const fn alone(&self) -> bool {
        self.phase == 0
    }

    /// How many scheduling points there have been.
    pub(super) const fn depth(&self) -> usize {
        self.depth
    }

    pub(super) fn begin_phase(&mut self) {
        if self.config.memory == Memory::Ra {
            self.ra.get_or_insert_default();
        }
        self.quick = false;
        self.plain &= !mutation::any();
        self.phases = self.phases.saturating_add(1);
        self.phase = self.phases;
        self.allow(self.config.max_steps);
        self.last = None;
        self.last_event = None;
    }

    pub(super) fn end_phase(&mut self) {
        self.phase = 0;
        self.allow(alone_limit());
        self.current = MAIN;
        self.begin_quick();
    }

    /// From here on there may be so many steps.
    fn allow(&mut self, steps: u64) {
        self.allowed = steps;
        self.limit = self.steps.saturating_add(steps);
    }

    pub(super) fn note(&mut self, violation: Violation) {
        if !self.found.iter().any(|f| f.violation.property == violation.property) {
            // A copy: what the program made is gone with it.
            self.found.push(Found { violation: violation.clone(), step: self.steps });
        }
    }

    pub(super) fn object_name(&self, obj: u32) -> Name {
        self.objects[obj as usize].name
    }

    pub(super) fn view(&mut self) -> &mut View {
        &mut self.threads[self.current as usize].view
    }
}

/// From here on `watcher` is shown the state after each step; see [`super::watch()`].
pub(crate) fn watch(watcher: Watcher) {
    with(|e| {
        e.quick = false;
        e.watcher = Some(watcher);
    });
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

/// Makes a design's call. Where the script is alone, so that nothing else ends what loops for ever, it
/// has far fewer steps than the script.
pub(crate) fn within_call<R>(call: impl FnOnce() -> R) -> R {
    if with_inside(|e| e.alone()) != Some(true) {
        return call();
    }
    with_inside(|e| e.allow(ALONE_CALLING));
    let result = call();
    with_inside(|e| e.allow(alone_limit()));
    result
}

/// Whether a finding with this word was recorded.
pub(crate) fn found(code: &str) -> bool {
    with_inside(|e| e.found.iter().any(|f| f.violation.code == code)).unwrap_or(false)
}

/// Whether loads choose what they read (memory `ra`).
#[inline]
pub(crate) fn chooses() -> bool {
    with_inside(|e| e.config.memory == Memory::Ra).unwrap_or(false)
}

/// Whether the caller is the only thread.
pub(crate) fn alone() -> bool {
    with(|e| e.alone()).unwrap_or(true)
}

/// The current thread.
pub(crate) fn current() -> Option<ThreadId> {
    with(|e| e.current)
}

/// The current thread, and what it knows.
pub(crate) fn knowledge() -> Option<(ThreadId, Clock)> {
    with(|e| (e.current, e.threads[e.current as usize].view.clock))
}

/// The current thread's side of a conflict.
pub(crate) fn access(site: Site, verb: &'static str) -> Access {
    access_of(with(|e| e.current).unwrap_or(MAIN), site, verb)
}

/// A thread's side of a conflict.
pub(super) fn access_of(thread: ThreadId, site: Site, verb: &'static str) -> Access {
    // The program keeps it.
    let thread = with_inside(|e| e.threads.get(thread as usize).map(|t| t.name.clone())).flatten();
    Access { thread: thread.unwrap_or_default(), site, verb }
}

/// Who accesses plain memory, and what it knows.
#[derive(Clone, Copy)]
pub(super) struct Accessed<'a> {
    pub(super) thread: ThreadId,
    pub(super) clock: &'a Clock,
    /// It is the script, with nobody else there.
    pub(super) alone: bool,
}

/// Lends the current thread's clock, for an access to plain memory. `None` while the execution is
/// being torn down.
#[inline]
pub(super) fn with_clock<R>(what: &Touched, f: impl FnOnce(Accessed<'_>) -> R) -> Option<R> {
    if mutation::any() {
        mutation::survey::accessed_plain(what.site);
    }
    // A history is the program's.
    with_inside(|e| {
        if e.end.is_some() {
            return None;
        }
        let thread = e.current;
        if e.watcher.is_some() {
            e.touches.push(Touch { at: e.trace.len(), thread, what: *what });
        }
        let clock = &e.threads[thread as usize].view.clock;
        Some(f(Accessed { thread, clock, alone: e.alone() }))
    })
    .flatten()
}

/// A new object.
pub(crate) fn new_object(name: Name, value: usize) -> u32 {
    with(|e| {
        let location = Location { value, ..Location::default() };
        let gate = Gate::default();
        ra::create(e, value);
        e.objects.push(Object { name, location, gate, second: Clock::default() });
        (e.objects.len() - 1) as u32
    })
    .unwrap_or(0)
}

/// An atomic's value as the current thread has it, from outside the model.
pub(crate) fn observe(obj: u32) -> usize {
    with(|e| match e.buffers.newest(e.current, obj) {
        Some((value, _)) => value,
        None => e.objects[obj as usize].location.value,
    })
    .unwrap_or(0)
}

/// A gate, from outside the model.
pub(crate) fn peek_gate(obj: u32) -> Gate {
    with(|e| e.objects[obj as usize].gate).unwrap_or_default()
}
