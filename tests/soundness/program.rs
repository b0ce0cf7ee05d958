// SPDX-License-Identifier: GPL-2.0-only
//! Small random concurrent programs over the crate's own primitives.

use fastrand::Rng;
use std::sync::Arc;
use std::sync::Mutex as StdMutex;
use ttysim::sync::seeded::Memory;
use ttysim::sync::{
    AtomicUsize, Mutex, Name, Observer, Ordering, Role, Runtime, RwSem, Thread, WaitQueue, Work,
    fence, run_threads,
};

/// The families of generated programs.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Shape {
    /// Two threads, four accesses each.
    TwoByFour,
    /// Three threads, three accesses each.
    ThreeByThree,
    /// Two or three threads with critical sections and trylocks.
    Locks,
    /// Accesses that depend on what was read.
    Conditionals,
    /// Semaphores, work items and wait queues: everything that blocks.
    Gates,
    /// A semaphore with writer bias.
    Bias,
    /// Four threads, two accesses each.
    FourByTwo,
    /// As `Gates`, with two of each object, nested.
    Crowd,
    /// State that only an observer sees, and calls during which the order of its changes matters.
    Observed,
    /// Accesses and full barriers: for store buffers.
    Barriers,
    /// Critical sections of mutexes and of spinlocks, whose release is a store.
    Spinlocks,
}

/// One instruction.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Instr {
    Load(usize),
    Store(usize, usize),
    /// Stores the last value read, plus one.
    StoreRead(usize),
    Add(usize),
    /// A full barrier.
    Barrier,
    /// An access, with which the observed state changes.
    Change(Box<Instr>),
    /// The observer looks on while the block runs.
    Call(Vec<Instr>),
    /// As `Locked` and `TryLocked`, a spinlock.
    Spin(usize, Vec<Instr>),
    TrySpin(usize, Vec<Instr>),
    /// Runs the block if the last value read is this one.
    If(usize, Vec<Instr>),
    Locked(usize, Vec<Instr>),
    /// Runs the block if the lock was free; notes which.
    TryLocked(usize, Vec<Instr>),
    Read(usize, Vec<Instr>),
    Write(usize, Vec<Instr>),
    TryRead(usize, Vec<Instr>),
    TryWrite(usize, Vec<Instr>),
    Queue(usize),
    Flush(usize),
    Wake(usize),
    /// Prepares, runs the block, sleeps.
    Wait(usize, Vec<Instr>),
}

/// A program: its threads, and what the workers do if it has any.
#[derive(Clone, Debug)]
pub(crate) struct Program {
    pub(crate) threads: Vec<Vec<Instr>>,
    workers: Vec<Vec<Instr>>,
    bias: bool,
}

pub(crate) const VARS: usize = 2;
/// Mutexes, and as many spinlocks.
pub(crate) const LOCKS: usize = 2;
/// Semaphores, work items and wait queues, each.
const OBJECTS: usize = 2;

fn access(rng: &mut Rng) -> Instr {
    let var = rng.usize(..VARS);
    match rng.u8(..8) {
        0..=2 => Instr::Load(var),
        3..=4 => Instr::Store(var, rng.usize(1..4)),
        5..=6 => Instr::StoreRead(var),
        _ => Instr::Add(var),
    }
}

fn block(rng: &mut Rng, len: usize, mut make: impl FnMut(&mut Rng) -> Instr) -> Vec<Instr> {
    (0..len).map(|_| make(rng)).collect()
}

fn locked(rng: &mut Rng) -> Instr {
    let len = rng.usize(..2);
    match rng.u8(..5) {
        0..=1 => Instr::Locked(rng.usize(..LOCKS), block(rng, len + 1, access)),
        2 => Instr::TryLocked(rng.usize(..LOCKS), block(rng, len, access)),
        // Nested in either order: deadlocks are outcomes too.
        3 => {
            let (a, b) = if rng.bool() { (0, 1) } else { (1, 0) };
            Instr::Locked(a, vec![Instr::Locked(b, block(rng, len, access))])
        }
        _ => access(rng),
    }
}

fn barred(rng: &mut Rng) -> Instr {
    if rng.u8(..6) == 0 { Instr::Barrier } else { access(rng) }
}

fn spinning(rng: &mut Rng) -> Instr {
    let (len, lock) = (rng.usize(..3), rng.usize(..LOCKS));
    match rng.u8(..8) {
        0..=2 => Instr::Spin(lock, block(rng, len, access)),
        3 => Instr::TrySpin(lock, block(rng, len, access)),
        4 => Instr::Spin(lock, vec![Instr::Spin(1 - lock, block(rng, len, access))]),
        5 => locked(rng),
        _ => barred(rng),
    }
}

fn conditional(rng: &mut Rng) -> Instr {
    if rng.bool() {
        let len = rng.usize(1..3);
        Instr::If(rng.usize(..3), block(rng, len, access))
    } else {
        access(rng)
    }
}

fn gated(rng: &mut Rng) -> Instr {
    gated_of(rng, 1, access)
}

/// An instruction on one of `n` objects of each kind.
fn gated_of(rng: &mut Rng, n: usize, inner: fn(&mut Rng) -> Instr) -> Instr {
    let (len, i) = (rng.usize(..2), rng.usize(..n));
    match rng.u8(..12) {
        0 => Instr::Read(i, block(rng, len + 1, inner)),
        1 => Instr::Write(i, block(rng, len, inner)),
        2 => Instr::TryRead(i, block(rng, len, inner)),
        3 => Instr::TryWrite(i, block(rng, len, inner)),
        4..=6 => Instr::Queue(i),
        7 => Instr::Flush(i),
        8 => Instr::Wake(i),
        9 => Instr::Wait(i, block(rng, len, inner)),
        _ => access(rng),
    }
}

fn crowded(rng: &mut Rng) -> Instr {
    gated_of(rng, OBJECTS, |rng| match rng.u8(..3) {
        0 => gated_of(rng, OBJECTS, access),
        1 => locked(rng),
        _ => access(rng),
    })
}

/// At most `n` workers.
fn block_of_workers(rng: &mut Rng, n: usize, make: fn(&mut Rng) -> Instr) -> Vec<Vec<Instr>> {
    let n = rng.usize(..=n);
    (0..n).map(|_| block(rng, 1, make)).collect()
}

fn observed(rng: &mut Rng) -> Instr {
    let changing = |rng: &mut Rng| match rng.bool() {
        true => Instr::Change(Box::new(access(rng))),
        false => access(rng),
    };
    let len = rng.usize(1..3);
    match rng.u8(..6) {
        0..=1 => Instr::Call(block(rng, len, changing)),
        2 => Instr::Locked(rng.usize(..LOCKS), block(rng, 1, changing)),
        3 => Instr::Queue(0),
        _ => Instr::Change(Box::new(access(rng))),
    }
}

fn semaphore(rng: &mut Rng) -> Instr {
    let len = rng.usize(..2);
    match rng.u8(..5) {
        0..=1 => Instr::Read(0, block(rng, len, access)),
        2 => Instr::Write(0, block(rng, len, access)),
        3 => Instr::TryRead(0, block(rng, len, access)),
        _ => Instr::TryWrite(0, block(rng, len, access)),
    }
}

/// How many steps an instruction takes at most.
fn steps(instr: &Instr) -> u64 {
    let block = |code: &[Instr]| code.iter().map(steps).sum::<u64>();
    match instr {
        Instr::If(_, code) => block(code),
        Instr::Locked(_, code) | Instr::TryLocked(_, code) => 2 + block(code),
        Instr::Spin(_, code) | Instr::TrySpin(_, code) => 2 + block(code),
        Instr::Wait(_, code) | Instr::Call(code) => 2 + block(code),
        Instr::Read(_, code) | Instr::TryRead(_, code) | Instr::TryWrite(_, code) => {
            2 + block(code)
        }
        Instr::Write(_, code) => 3 + block(code),
        Instr::Flush(_) => 2,
        Instr::Change(access) => steps(access),
        _ => 1,
    }
}

/// How many stores an instruction buffers at most.
fn stores(instr: &Instr) -> u64 {
    let block = |code: &[Instr]| code.iter().map(stores).sum::<u64>();
    match instr {
        Instr::Store(..) | Instr::StoreRead(_) => 1,
        Instr::Change(access) => stores(access),
        Instr::Spin(_, code) | Instr::TrySpin(_, code) => 1 + block(code),
        Instr::If(_, code)
        | Instr::Locked(_, code)
        | Instr::TryLocked(_, code)
        | Instr::Wait(_, code)
        | Instr::Call(code)
        | Instr::Read(_, code)
        | Instr::TryRead(_, code)
        | Instr::TryWrite(_, code)
        | Instr::Write(_, code) => block(code),
        _ => 0,
    }
}

/// The most interleavings brute force is asked to enumerate for one program.
const INTERLEAVINGS: u64 = 30_000;

impl Program {
    /// A program of these threads alone.
    pub(crate) fn of(threads: &[&[Instr]]) -> Self {
        let threads = threads.iter().map(|code| code.to_vec()).collect();
        Self { threads, workers: Vec::new(), bias: false }
    }

    /// The program number `seed` of its shape, to be run under `memory`.
    pub(crate) fn generate(shape: Shape, seed: u64, memory: Memory) -> Self {
        let mut rng = Rng::with_seed(seed);
        loop {
            let program = Self::draw(shape, &mut rng);
            if program.interleavings(memory) <= INTERLEAVINGS {
                return program;
            }
        }
    }

    /// The multinomial coefficient of the threads' lengths: an upper bound. A store buffer counts
    /// as a thread.
    fn interleavings(&self, memory: Memory) -> u64 {
        let mut total = 0;
        let mut ways: u64 = 1;
        let length = |code: &Vec<Instr>| code.iter().map(steps).sum::<u64>();
        let workers = self.workers.iter().map(|code| 2 + length(code));
        let buffered = |code: &Vec<Instr>| code.iter().map(stores).sum::<u64>();
        let all = self.threads.iter().chain(&self.workers);
        let buffers = all.filter(|_| memory == Memory::Tso).map(buffered);
        for steps in self.threads.iter().map(length).chain(workers).chain(buffers) {
            for i in 1..=steps {
                total += 1;
                ways = ways.saturating_mul(total) / i;
            }
        }
        ways
    }

    fn draw(shape: Shape, rng: &mut Rng) -> Self {
        let threads = |rng: &mut Rng, n: usize, len: usize, f: fn(&mut Rng) -> Instr| {
            (0..n).map(|_| block(rng, len, f)).collect::<Vec<_>>()
        };
        let mut program = Self { threads: Vec::new(), workers: Vec::new(), bias: false };
        program.threads = match shape {
            Shape::TwoByFour => threads(rng, 2, 4, access),
            Shape::ThreeByThree => threads(rng, 3, 3, access),
            Shape::Locks if rng.bool() => threads(rng, 3, 1, locked),
            Shape::Locks => threads(rng, 2, 2, locked),
            Shape::Conditionals => threads(rng, 2, 3, conditional),
            Shape::Gates => {
                program.workers = block_of_workers(rng, 1, access);
                if rng.bool() { threads(rng, 3, 1, gated) } else { threads(rng, 2, 2, gated) }
            }
            Shape::Bias => {
                program.bias = true;
                if rng.bool() {
                    threads(rng, 3, 1, semaphore)
                } else {
                    threads(rng, 2, 2, semaphore)
                }
            }
            Shape::FourByTwo => threads(rng, 4, 2, access),
            Shape::Crowd => {
                program.workers = block_of_workers(rng, OBJECTS, access);
                if rng.bool() { threads(rng, 3, 1, crowded) } else { threads(rng, 2, 2, crowded) }
            }
            Shape::Barriers if rng.bool() => threads(rng, 3, 2, barred),
            Shape::Barriers => threads(rng, 2, 4, barred),
            Shape::Spinlocks if rng.bool() => threads(rng, 3, 1, spinning),
            Shape::Spinlocks => threads(rng, 2, 2, spinning),
            Shape::Observed => {
                program.workers =
                    block_of_workers(rng, 1, |rng| Instr::Change(Box::new(access(rng))));
                if rng.bool() { threads(rng, 3, 1, observed) } else { threads(rng, 2, 2, observed) }
            }
        };
        program
    }

    /// Runs it; the outcome as text.
    pub(crate) fn run(&self, rt: Runtime) -> String {
        let world = Arc::new(World::new(rt, self.bias));
        let mut threads = Vec::new();
        for (n, code) in self.threads.iter().enumerate() {
            let (world, code) = (Arc::clone(&world), code.clone());
            threads.push(Thread {
                name: format!("t{n}"),
                role: Role::Program,
                body: Box::new(move || world.exec(n, &code, &mut 0)),
            });
        }
        for (n, code) in self.workers.iter().enumerate() {
            let (world, code) = (Arc::clone(&world), code.clone());
            let work = Arc::clone(&world.works[n]);
            threads.push(Thread {
                name: format!("worker{n}"),
                role: Role::Worker(Arc::clone(&work)),
                body: Box::new(move || work.worker("w", 2, &|| world.exec(6 + n, &code, &mut 0))),
            });
        }
        let rested = run_threads(rt, threads);
        let blocked: Vec<String> = rested
            .blocked
            .iter()
            .map(|b| format!("{}:{}:{}", b.thread, b.op.kind.word(), b.op.obj))
            .collect();
        let vars: Vec<usize> = world.vars.iter().map(AtomicUsize::observe).collect();
        let mut log = world.log.lock().unwrap().clone();
        // Each thread's registers in its own order; between threads the log's order is no outcome.
        log.sort_by_key(|(n, _)| *n);
        let mut seen = world.seen.lock().unwrap().clone();
        seen.sort();
        format!("{log:?} {vars:?} {blocked:?} {seen:?}")
    }
}

struct World {
    vars: Vec<AtomicUsize>,
    rt: Runtime,
    locks: Vec<Mutex>,
    spins: Vec<Mutex>,
    sems: Vec<RwSem>,
    works: Vec<Arc<Work>>,
    queues: Vec<WaitQueue>,
    log: StdMutex<Vec<(usize, usize)>>,
    watch: Observer,
    history: StdMutex<History>,
    seen: StdMutex<Vec<Seen>>,
}

/// What the observer knows: who changed its state, in order, and how many calls there are.
#[derive(Default)]
struct History {
    changes: Vec<usize>,
    calls: usize,
}

/// One call as the observer saw it: whose, who had changed the state before (in no order), and who
/// did so meanwhile, in order.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Seen(usize, Vec<usize>, Vec<usize>);

impl World {
    fn new(rt: Runtime, bias: bool) -> Self {
        let name = |field| Name::new("", field);
        Self {
            vars: (0..VARS).map(|_| AtomicUsize::new(rt, name("var"), 0)).collect(),
            locks: (0..LOCKS).map(|_| Mutex::new(rt, name("lock"))).collect(),
            spins: (0..LOCKS).map(|_| Mutex::spinlock(rt, name("spinlock"))).collect(),
            rt,
            sems: (0..OBJECTS)
                .map(|_| {
                    if bias {
                        RwSem::with_writer_bias(rt, name("sem"))
                    } else {
                        RwSem::new(rt, name("sem"))
                    }
                })
                .collect(),
            works: (0..OBJECTS).map(|_| Arc::new(Work::new(rt, name("work")))).collect(),
            queues: (0..OBJECTS).map(|_| WaitQueue::new(rt, name("queue"))).collect(),
            log: StdMutex::default(),
            watch: Observer::new(rt),
            history: StdMutex::default(),
            seen: StdMutex::default(),
        }
    }

    fn note(&self, thread: usize, value: usize) {
        self.log.lock().unwrap().push((thread, value));
    }

    fn exec(self: &Arc<Self>, me: usize, code: &[Instr], last: &mut usize) {
        for instr in code {
            self.step(me, instr, last);
        }
    }

    fn step(self: &Arc<Self>, me: usize, instr: &Instr, last: &mut usize) {
        match instr {
            Instr::Load(v) => {
                *last = self.vars[*v].load("load", Ordering::Acquire);
                self.note(me, *last);
            }
            Instr::Store(v, x) => self.vars[*v].store("store", *x, Ordering::Release),
            Instr::StoreRead(v) => self.vars[*v].store("store", *last + 1, Ordering::Release),
            Instr::Add(v) => {
                *last = self.vars[*v].fetch_add("add", 1, Ordering::AcqRel);
                self.note(me, *last);
            }
            Instr::If(x, code) => {
                if *last == *x {
                    self.exec(me, code, last);
                }
            }
            Instr::Locked(l, code) => {
                let _guard = self.locks[*l].lock("lock");
                self.exec(me, code, last);
            }
            Instr::TryLocked(l, code) => {
                let guard = self.locks[*l].try_lock("trylock");
                self.tried(me, guard.is_some(), code, last);
            }
            Instr::Barrier => fence(self.rt, "barrier", Ordering::SeqCst),
            Instr::Spin(l, code) => {
                let _guard = self.spins[*l].lock("spin");
                self.exec(me, code, last);
            }
            Instr::TrySpin(l, code) => {
                let guard = self.spins[*l].try_lock("tryspin");
                self.tried(me, guard.is_some(), code, last);
            }
            Instr::Read(i, code) => {
                let _guard = self.sems[*i].down_read("read");
                self.exec(me, code, last);
            }
            Instr::Write(i, code) => {
                let _guard = self.sems[*i].down_write("write");
                self.exec(me, code, last);
            }
            Instr::TryRead(i, code) => {
                let guard = self.sems[*i].down_read_trylock("tryread");
                self.tried(me, guard.is_some(), code, last);
            }
            Instr::TryWrite(i, code) => {
                let guard = self.sems[*i].down_write_trylock("trywrite");
                self.tried(me, guard.is_some(), code, last);
            }
            Instr::Queue(i) => self.works[*i].queue("queue"),
            Instr::Flush(i) => self.works[*i].flush("flush", &|| {}),
            Instr::Wake(i) => self.queues[*i].wake_up("wake"),
            Instr::Wait(i, code) => {
                let mut waiter = self.queues[*i].prepare("prepare");
                self.exec(me, code, last);
                waiter.wait_woken("wait");
            }
            Instr::Change(access) => {
                self.step(me, access, last);
                let world = Arc::clone(self);
                let change = move || {
                    let mut history = world.history.lock().unwrap();
                    history.changes.push(me);
                    world.watch.changed(history.calls > 0);
                };
                Observer::when_visible(self.rt, Box::new(change));
            }
            Instr::Call(code) => self.observe(me, code, last),
        }
    }

    fn observe(self: &Arc<Self>, me: usize, code: &[Instr], last: &mut usize) {
        self.watch.call_begins("call");
        let mut before = {
            let mut history = self.history.lock().unwrap();
            history.calls += 1;
            history.changes.clone()
        };
        self.exec(me, code, last);
        self.watch.call_ends("call");
        let mut history = self.history.lock().unwrap();
        history.calls -= 1;
        let meanwhile = history.changes[before.len()..].to_vec();
        before.sort_unstable();
        self.seen.lock().unwrap().push(Seen(me, before, meanwhile));
    }

    fn tried(self: &Arc<Self>, me: usize, ok: bool, code: &[Instr], last: &mut usize) {
        self.note(me, usize::from(ok));
        if ok {
            self.exec(me, code, last);
        }
    }
}
