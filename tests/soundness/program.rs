// SPDX-License-Identifier: GPL-2.0-only
//! Small random concurrent programs over the crate's own primitives.

use fastrand::Rng;
use std::sync::Arc;
use std::sync::Mutex as StdMutex;
use ttysim::sync::{
    AtomicUsize, Mutex, Name, Ordering, Role, Runtime, RwSem, Thread, WaitQueue, Work, run_threads,
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
}

/// One instruction.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Instr {
    Load(usize),
    Store(usize, usize),
    /// Stores the last value read, plus one.
    StoreRead(usize),
    Add(usize),
    /// Runs the block if the last value read is this one.
    If(usize, Vec<Instr>),
    Locked(usize, Vec<Instr>),
    /// Runs the block if the lock was free; notes which.
    TryLocked(usize, Vec<Instr>),
    Read(Vec<Instr>),
    Write(Vec<Instr>),
    TryRead(Vec<Instr>),
    TryWrite(Vec<Instr>),
    Queue,
    Flush,
    Wake,
    /// Prepares, runs the block, sleeps.
    Wait(Vec<Instr>),
}

/// A program: its threads, and what the worker does if it has one.
#[derive(Clone, Debug)]
pub(crate) struct Program {
    threads: Vec<Vec<Instr>>,
    worker: Option<Vec<Instr>>,
    bias: bool,
}

const VARS: usize = 2;
const LOCKS: usize = 2;

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

fn conditional(rng: &mut Rng) -> Instr {
    if rng.bool() {
        let len = rng.usize(1..3);
        Instr::If(rng.usize(..3), block(rng, len, access))
    } else {
        access(rng)
    }
}

fn gated(rng: &mut Rng) -> Instr {
    let len = rng.usize(..2);
    match rng.u8(..12) {
        0 => Instr::Read(block(rng, len + 1, access)),
        1 => Instr::Write(block(rng, len, access)),
        2 => Instr::TryRead(block(rng, len, access)),
        3 => Instr::TryWrite(block(rng, len, access)),
        4..=6 => Instr::Queue,
        7 => Instr::Flush,
        8 => Instr::Wake,
        9 => Instr::Wait(block(rng, len, access)),
        _ => access(rng),
    }
}

fn semaphore(rng: &mut Rng) -> Instr {
    let len = rng.usize(..2);
    match rng.u8(..5) {
        0..=1 => Instr::Read(block(rng, len, access)),
        2 => Instr::Write(block(rng, len, access)),
        3 => Instr::TryRead(block(rng, len, access)),
        _ => Instr::TryWrite(block(rng, len, access)),
    }
}

/// How many steps an instruction takes at most.
fn steps(instr: &Instr) -> u64 {
    let block = |code: &[Instr]| code.iter().map(steps).sum::<u64>();
    match instr {
        Instr::If(_, code) => block(code),
        Instr::Locked(_, code) | Instr::TryLocked(_, code) | Instr::Wait(code) => 2 + block(code),
        Instr::Read(code) | Instr::TryRead(code) | Instr::TryWrite(code) => 2 + block(code),
        Instr::Write(code) => 3 + block(code),
        Instr::Flush => 2,
        _ => 1,
    }
}

/// The most interleavings brute force is asked to enumerate for one program.
const INTERLEAVINGS: u64 = 30_000;

impl Program {
    /// The program number `seed` of its shape.
    pub(crate) fn generate(shape: Shape, seed: u64) -> Self {
        let mut rng = Rng::with_seed(seed);
        loop {
            let program = Self::draw(shape, &mut rng);
            if program.interleavings() <= INTERLEAVINGS {
                return program;
            }
        }
    }

    /// The multinomial coefficient of the threads' lengths: an upper bound.
    fn interleavings(&self) -> u64 {
        let mut total = 0;
        let mut ways: u64 = 1;
        for code in self.threads.iter().chain(&self.worker) {
            let overhead = if Some(code) == self.worker.as_ref() { 2 } else { 0 };
            for i in 1..=overhead + code.iter().map(steps).sum::<u64>() {
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
        let mut program = Self { threads: Vec::new(), worker: None, bias: false };
        program.threads = match shape {
            Shape::TwoByFour => threads(rng, 2, 4, access),
            Shape::ThreeByThree => threads(rng, 3, 3, access),
            Shape::Locks if rng.bool() => threads(rng, 3, 1, locked),
            Shape::Locks => threads(rng, 2, 2, locked),
            Shape::Conditionals => threads(rng, 2, 3, conditional),
            Shape::Gates => {
                program.worker = rng.bool().then(|| block(rng, 1, access));
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
        if let Some(code) = &self.worker {
            let (world, code) = (Arc::clone(&world), code.clone());
            let work = Arc::clone(&world.work);
            threads.push(Thread {
                name: "worker".to_owned(),
                role: Role::Worker(Arc::clone(&work)),
                body: Box::new(move || work.worker("w", 2, &|| world.exec(7, &code, &mut 0))),
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
        format!("{log:?} {vars:?} {blocked:?}")
    }
}

struct World {
    vars: Vec<AtomicUsize>,
    locks: Vec<Mutex>,
    sem: RwSem,
    work: Arc<Work>,
    queue: WaitQueue,
    log: StdMutex<Vec<(usize, usize)>>,
}

impl World {
    fn new(rt: Runtime, bias: bool) -> Self {
        let name = |field| Name::new("", field);
        Self {
            vars: (0..VARS).map(|_| AtomicUsize::new(rt, name("var"), 0)).collect(),
            locks: (0..LOCKS).map(|_| Mutex::new(rt, name("lock"))).collect(),
            sem: if bias {
                RwSem::with_writer_bias(rt, name("sem"))
            } else {
                RwSem::new(rt, name("sem"))
            },
            work: Arc::new(Work::new(rt, name("work"))),
            queue: WaitQueue::new(rt, name("queue")),
            log: StdMutex::default(),
        }
    }

    fn note(&self, thread: usize, value: usize) {
        self.log.lock().unwrap().push((thread, value));
    }

    fn exec(&self, me: usize, code: &[Instr], last: &mut usize) {
        for instr in code {
            self.step(me, instr, last);
        }
    }

    fn step(&self, me: usize, instr: &Instr, last: &mut usize) {
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
            Instr::Read(code) => {
                let _guard = self.sem.down_read("read");
                self.exec(me, code, last);
            }
            Instr::Write(code) => {
                let _guard = self.sem.down_write("write");
                self.exec(me, code, last);
            }
            Instr::TryRead(code) => {
                let guard = self.sem.down_read_trylock("tryread");
                self.tried(me, guard.is_some(), code, last);
            }
            Instr::TryWrite(code) => {
                let guard = self.sem.down_write_trylock("trywrite");
                self.tried(me, guard.is_some(), code, last);
            }
            Instr::Queue => self.work.queue("queue"),
            Instr::Flush => self.work.flush("flush", &|| {}),
            Instr::Wake => self.queue.wake_up("wake"),
            Instr::Wait(code) => {
                let mut waiter = self.queue.prepare("prepare");
                self.exec(me, code, last);
                waiter.wait_woken("wait");
            }
        }
    }

    fn tried(&self, me: usize, ok: bool, code: &[Instr], last: &mut usize) {
        self.note(me, usize::from(ok));
        if ok {
            self.exec(me, code, last);
        }
    }
}
