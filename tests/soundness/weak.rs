// SPDX-License-Identifier: GPL-2.0-only
//! Small concurrent programs over atomics of every strength, fences and locks, and what they do in
//! the seeded runtime. [`super::rc11`] says what they may do.

use fastrand::Rng;
use std::sync::{Arc, Mutex as StdMutex};
use ttysim::sync::{AtomicUsize, Mutex, Name, Ordering, Role, Runtime, Thread, fence, run_threads};

pub(crate) const VARS: usize = 3;

/// How many of them generated programs use.
const USED: usize = 2;

/// One instruction. Variables and locks by number.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Instr {
    Load(usize, Ordering),
    Store(usize, usize, Ordering),
    /// Stores the last value read, plus one.
    StoreRead(usize, Ordering),
    Add(usize, Ordering),
    /// Compares, exchanges.
    Cas(usize, usize, usize, Ordering),
    Fence(Ordering),
    /// Runs the block if the last value read is this one.
    If(usize, Vec<Instr>),
    Locked(usize, Vec<Instr>),
}

/// A program: its threads.
#[derive(Clone, Debug)]
pub(crate) struct Weak {
    pub(crate) threads: Vec<Vec<Instr>>,
}

/// The families of generated programs.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Shape {
    TwoByFour,
    ThreeByThree,
    FourByTwo,
    /// Mostly sequentially consistent accesses and fences.
    Strong,
    /// Mostly read-modify-writes.
    Exchanges,
    Locks,
    Conditionals,
    /// What loom can do: no sequentially consistent access, no failing compare-exchange.
    Loom,
}

fn any(rng: &mut Rng, orders: &[Ordering]) -> Ordering {
    orders[rng.usize(..orders.len())]
}

const LOADS: [Ordering; 3] = [Ordering::Relaxed, Ordering::Acquire, Ordering::SeqCst];
const STORES: [Ordering; 3] = [Ordering::Relaxed, Ordering::Release, Ordering::SeqCst];
const RMWS: [Ordering; 5] =
    [Ordering::Relaxed, Ordering::Acquire, Ordering::Release, Ordering::AcqRel, Ordering::SeqCst];

fn access(rng: &mut Rng) -> Instr {
    let var = rng.usize(..USED);
    match rng.u8(..16) {
        0..=5 => Instr::Load(var, any(rng, &LOADS)),
        6..=9 => Instr::Store(var, rng.usize(1..4), any(rng, &STORES)),
        10 => Instr::StoreRead(var, any(rng, &STORES)),
        11 => Instr::Add(var, any(rng, &RMWS)),
        12 => Instr::Cas(var, rng.usize(..2), 3, any(rng, &RMWS)),
        _ => Instr::Fence(any(rng, &RMWS[1..])),
    }
}

fn strong(rng: &mut Rng) -> Instr {
    let var = rng.usize(..USED);
    match rng.u8(..10) {
        0..=2 => Instr::Fence(Ordering::SeqCst),
        3 => Instr::Load(var, Ordering::SeqCst),
        4 => Instr::Store(var, rng.usize(1..4), Ordering::SeqCst),
        5 => Instr::Add(var, Ordering::SeqCst),
        _ => access(rng),
    }
}

fn exchange(rng: &mut Rng) -> Instr {
    let var = rng.usize(..USED);
    match rng.u8(..4) {
        0 => Instr::Add(var, any(rng, &RMWS)),
        1 => Instr::Cas(var, rng.usize(..2), rng.usize(1..4), any(rng, &RMWS)),
        _ => access(rng),
    }
}

fn loom(rng: &mut Rng) -> Instr {
    let var = rng.usize(..USED);
    match rng.u8(..12) {
        0..=4 => Instr::Load(var, any(rng, &LOADS[..2])),
        5..=7 => Instr::Store(var, rng.usize(1..4), any(rng, &STORES[..2])),
        8..=9 => Instr::StoreRead(var, any(rng, &STORES[..2])),
        _ => Instr::Fence(any(rng, &RMWS[1..])),
    }
}

fn block(rng: &mut Rng, len: usize, make: fn(&mut Rng) -> Instr) -> Vec<Instr> {
    (0..len).map(|_| make(rng)).collect()
}

fn locked(rng: &mut Rng) -> Instr {
    let len = rng.usize(1..3);
    match rng.u8(..5) {
        0..=1 => Instr::Locked(rng.usize(..2), block(rng, len, access)),
        _ => access(rng),
    }
}

fn conditional(rng: &mut Rng) -> Instr {
    let len = rng.usize(1..3);
    match rng.u8(..3) {
        0 => Instr::If(rng.usize(..3), block(rng, len, access)),
        _ => access(rng),
    }
}

impl Weak {
    /// The program number `seed` of its shape.
    pub(crate) fn generate(shape: Shape, seed: u64) -> Self {
        let mut rng = Rng::with_seed(seed ^ 0x7a);
        let (n, len, make): (usize, usize, fn(&mut Rng) -> Instr) = match shape {
            Shape::TwoByFour => (2, 4, access),
            Shape::ThreeByThree => (3, 3, access),
            Shape::FourByTwo => (4, 2, access),
            Shape::Strong => (3, 3, strong),
            Shape::Exchanges => (3, 2, exchange),
            Shape::Locks => (2, 3, locked),
            Shape::Conditionals => (2, 3, conditional),
            Shape::Loom => (2, 4, loom),
        };
        Self { threads: (0..n).map(|_| block(&mut rng, len, make)).collect() }
    }

    /// Runs it; what each thread read, and the final values.
    pub(crate) fn run(&self, rt: Runtime) -> Outcome {
        let world = Arc::new(World {
            rt,
            vars: (0..VARS).map(|_| AtomicUsize::new(rt, Name::new("", "var"), 0)).collect(),
            locks: (0..2).map(|_| Mutex::new(rt, Name::new("", "lock"))).collect(),
            read: (0..self.threads.len()).map(|_| StdMutex::default()).collect(),
        });
        let thread = |(n, code): (usize, &Vec<Instr>)| {
            let (world, code) = (Arc::clone(&world), code.clone());
            Thread {
                name: format!("t{n}"),
                role: Role::Program,
                body: Box::new(move || world.exec(n, &code, &mut 0)),
            }
        };
        run_threads(rt, self.threads.iter().enumerate().map(thread).collect());
        Outcome {
            read: world.read.iter().map(|r| r.lock().unwrap().clone()).collect(),
            last: world.vars.iter().map(AtomicUsize::observe).collect(),
        }
    }
}

/// What a program can notice.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Outcome {
    /// By thread: the values read, in order.
    pub(crate) read: Vec<Vec<usize>>,
    /// By variable: the last value in modification order.
    pub(crate) last: Vec<usize>,
}

struct World {
    rt: Runtime,
    vars: Vec<AtomicUsize>,
    locks: Vec<Mutex>,
    read: Vec<StdMutex<Vec<usize>>>,
}

impl World {
    fn exec(&self, me: usize, code: &[Instr], last: &mut usize) {
        for instr in code {
            let read = match *instr {
                Instr::Load(v, order) => self.vars[v].load("load", order),
                Instr::Add(v, order) => self.vars[v].fetch_add("add", 1, order),
                Instr::Cas(v, expected, new, order) => {
                    match self.vars[v].compare_exchange("cas", expected, new, order) {
                        Ok(old) | Err(old) => old,
                    }
                }
                Instr::Store(v, x, order) => {
                    self.vars[v].store("store", x, order);
                    continue;
                }
                Instr::StoreRead(v, order) => {
                    self.vars[v].store("store", *last + 1, order);
                    continue;
                }
                Instr::Fence(order) => {
                    fence(self.rt, "fence", order);
                    continue;
                }
                Instr::If(x, ref code) => {
                    if *last == x {
                        self.exec(me, code, last);
                    }
                    continue;
                }
                Instr::Locked(l, ref code) => {
                    let _guard = self.locks[l].lock("lock");
                    self.exec(me, code, last);
                    continue;
                }
            };
            *last = read;
            self.read[me].lock().unwrap().push(read);
        }
    }
}
