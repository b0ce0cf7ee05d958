// SPDX-License-Identifier: GPL-2.0-only
//! The same body on our seeded runtime and on shuttle's, through a small shim.
//!
//! ```sh
//! cargo run --release --manifest-path benches/shuttle/Cargo.toml
//! ```
//!
//! Four threads, each with [`OPS`] synchronisation operations: both runtimes' are counted, and the
//! counts must be equal. Ours checks races and records the trace. The runtimes take turns; a figure
//! is the median of [`ROUNDS`] rounds, a ratio the median of the rounds' ratios. It fails if ours is
//! not [`FLOOR`] times as fast.
//!
//! Beside them, [`bare`]: as many coroutines (ours are of the same crate) that pass the processor on as
//! often, and do nothing else. What that takes, no runtime on them can go below.

use corosensei::stack::DefaultStack;
use corosensei::{Coroutine, CoroutineResult, Yielder};
use shuttle::scheduler::{PctScheduler, RandomScheduler, Scheduler};
use std::cell::Cell;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;
use ttysim::sched::{Pct, Policy, Random};
use ttysim::sync::seeded::{Config, Execution, Memory, execute};
use ttysim::sync::{AtomicUsize, Mutex, Name, Role, Runtime, Thread, run_threads};

/// How many times as many executions a second as shuttle.
const FLOOR: f64 = 10.0;

/// How often each runtime has its turn.
const ROUNDS: u64 = 41;

/// The executions of a turn.
const BATCH: u64 = 20;

/// The threads of the body.
const THREADS: usize = 4;

/// The synchronisation operations of each.
const OPS: u64 = 200;

/// Operations in a round of the body.
const ROUND: u64 = 5;

thread_local! {
    /// What the body did, in operations: both shims count.
    static DONE: Cell<u64> = const { Cell::new(0) };
    /// Who is next, of the bare coroutines.
    static NEXT: Cell<usize> = const { Cell::new(0) };
    /// What they draw from.
    static RANDOM: Cell<u64> = const { Cell::new(1) };
}

fn done() {
    DONE.set(DONE.get() + 1);
}

/// What the body needs of a runtime.
trait Shim: Sized + Send + Sync + 'static {
    /// A word and a lock.
    fn new() -> Self;
    fn add(&self);
    fn load(&self) -> usize;
    fn store(&self, value: usize);
    /// Takes the lock, and lets go of it: two operations.
    fn lock_and_unlock(&self);
    /// Runs them until all have returned.
    fn threads(bodies: Vec<Box<dyn FnOnce() + Send>>);
}

struct Ours {
    word: AtomicUsize,
    lock: Mutex,
}

impl Shim for Ours {
    fn new() -> Self {
        Self {
            word: AtomicUsize::new(Runtime::Seeded, Name::new("", "word"), 0),
            lock: Mutex::new(Runtime::Seeded, Name::new("", "lock")),
        }
    }

    fn add(&self) {
        done();
        self.word.fetch_add("body.add", 1, Ordering::SeqCst);
    }

    fn load(&self) -> usize {
        done();
        self.word.load("body.load", Ordering::SeqCst)
    }

    fn store(&self, value: usize) {
        done();
        self.word.store("body.store", value, Ordering::SeqCst);
    }

    fn lock_and_unlock(&self) {
        let held = self.lock.lock("body.lock");
        done();
        drop(held);
        done();
    }

    fn threads(bodies: Vec<Box<dyn FnOnce() + Send>>) {
        let thread = |body| Thread { name: "thread".to_owned(), role: Role::Program, body };
        run_threads(Runtime::Seeded, bodies.into_iter().map(thread).collect());
    }
}

struct Shuttle {
    word: shuttle::sync::atomic::AtomicUsize,
    lock: shuttle::sync::Mutex<()>,
}

impl Shim for Shuttle {
    fn new() -> Self {
        Self {
            word: shuttle::sync::atomic::AtomicUsize::new(0),
            lock: shuttle::sync::Mutex::new(()),
        }
    }

    fn add(&self) {
        done();
        self.word.fetch_add(1, Ordering::SeqCst);
    }

    fn load(&self) -> usize {
        done();
        self.word.load(Ordering::SeqCst)
    }

    fn store(&self, value: usize) {
        done();
        self.word.store(value, Ordering::SeqCst);
    }

    fn lock_and_unlock(&self) {
        let held = self.lock.lock().expect("nobody panics");
        done();
        drop(held);
        done();
    }

    fn threads(bodies: Vec<Box<dyn FnOnce() + Send>>) {
        let threads: Vec<_> = bodies.into_iter().map(shuttle::thread::spawn).collect();
        threads.into_iter().for_each(|thread| thread.join().expect("nobody panics"));
    }
}

/// Four threads that add, look, write and lock, `ops` operations each.
fn four_threads<S: Shim>(ops: u64) {
    let shared = Arc::new(S::new());
    let one = |_| {
        let shared = Arc::clone(&shared);
        let body = move || {
            for _ in 0..ops / ROUND {
                shared.add();
                let seen = shared.load();
                shared.store(seen);
                shared.lock_and_unlock();
            }
        };
        Box::new(body) as Box<dyn FnOnce() + Send>
    };
    S::threads((0..THREADS).map(one).collect());
}

fn ours(policy: &mut dyn Policy, ops: u64) -> Execution {
    let config = Config { memory: Memory::Sc, max_steps: 1_000_000, record: true };
    execute(config, policy, || four_threads::<Ours>(ops))
}

/// `executions` of the body under shuttle.
fn shuttles(scheduler: impl Scheduler + 'static) {
    let mut config = shuttle::Config::default();
    config.silence_warnings = true;
    shuttle::Runner::new(scheduler, config).run(|| four_threads::<Shuttle>(OPS));
}

/// An operation of a bare coroutine: draws who is next, and lets that one on.
#[inline(never)]
fn pass_on(me: usize, yielder: &Yielder<(), ()>) {
    done();
    // What `fastrand` draws with: its quality is not in question here, only its price.
    let state = RANDOM.get().wrapping_add(0x2d35_8dcc_aa6c_78a5);
    RANDOM.set(state);
    let product = u128::from(state) * u128::from(state ^ 0x8bb8_4b93_962e_acc9);
    let next = ((product as u64 ^ (product >> 64) as u64) >> 62) as usize % THREADS;
    if next != me {
        NEXT.set(next);
        yielder.suspend(());
    }
}

/// [`THREADS`] coroutines of `ops` operations each, at as many places of their loop as the body has.
fn bare(ops: u64, stacks: &mut Vec<DefaultStack>) {
    let one = |me| {
        let stack = stacks.pop().unwrap_or_default();
        Some(Coroutine::with_stack(stack, move |yielder: &Yielder<(), ()>, ()| {
            for _ in 0..ops / ROUND {
                pass_on(me, yielder);
                pass_on(me, yielder);
                pass_on(me, yielder);
                pass_on(me, yielder);
                pass_on(me, yielder);
            }
        }))
    };
    let mut coroutines: [Option<_>; THREADS] = std::array::from_fn(one);
    let mut left = THREADS;
    while left > 0 {
        let mut next = NEXT.get();
        // Those that have returned are passed over.
        while coroutines[next].is_none() {
            next = (next + 1) % THREADS;
        }
        let Some(coroutine) = &mut coroutines[next] else { continue };
        if let CoroutineResult::Return(()) = coroutine.resume(()) {
            stacks.extend(coroutines[next].take().map(Coroutine::into_stack));
            left -= 1;
        }
    }
}

/// The operations that `run` does.
fn counted(run: impl FnOnce()) -> u64 {
    DONE.set(0);
    run();
    DONE.get()
}

/// Seconds an execution.
fn timed(run: impl FnOnce()) -> f64 {
    let start = Instant::now();
    run();
    start.elapsed().as_secs_f64() / BATCH as f64
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Lets both take turns, and says whether the floor holds.
fn compare(name: &str, mine: impl Fn(u64), theirs: impl Fn(u64)) -> bool {
    let all = BATCH * THREADS as u64 * OPS;
    let counts = [counted(|| mine(0)), counted(|| theirs(0))];
    assert_eq!(counts, [all, all], "they do another amount of work");
    let rounds: Vec<[f64; 2]> =
        (1..=ROUNDS).map(|seed| [timed(|| mine(seed)), timed(|| theirs(seed))]).collect();
    let ratio = median(rounds.iter().map(|[mine, theirs]| theirs / mine).collect());
    let [mine, theirs] = [0, 1].map(|i| median(rounds.iter().map(|r| r[i]).collect()));
    let operations = (THREADS as u64 * OPS) as f64;
    let holds = ratio >= FLOOR;
    println!(
        "{name}: ttysim {:.0} executions/s ({:.1} ns an operation), shuttle {:.0} ({:.1} ns): \
         {ratio:.1}x, floor {FLOOR}x: {}",
        1.0 / mine,
        1e9 * mine / operations,
        1.0 / theirs,
        1e9 * theirs / operations,
        if holds { "ok" } else { "MISSED" }
    );
    holds
}

fn main() -> ExitCode {
    let one = ours(&mut Random::new(0), OPS);
    println!("an execution: {} operations, {} steps of ours", THREADS as u64 * OPS, one.steps);
    let steps = THREADS * OPS as usize;
    let batch = |policy: &dyn Fn(u64) -> Box<dyn Policy>, seed: u64| {
        for i in 0..BATCH {
            ours(&mut *policy(seed * BATCH + i), OPS).recycle();
        }
    };
    let runs = BATCH as usize;
    let random = compare(
        "random",
        |seed| batch(&|seed| Box::new(Random::new(seed)), seed),
        |seed| shuttles(RandomScheduler::new_from_seed(seed, runs)),
    );
    let pct = compare(
        "pct of depth 3",
        |seed| batch(&|seed| Box::new(Pct::new(seed, 3, steps)), seed),
        |seed| shuttles(PctScheduler::new_from_seed(seed, 3, runs)),
    );
    let mut stacks = Vec::new();
    let mut switching = |ops| (0..BATCH).for_each(|_| bare(ops, &mut stacks));
    assert_eq!(counted(|| switching(OPS)), BATCH * THREADS as u64 * OPS);
    let least = median((0..ROUNDS).map(|_| timed(|| switching(OPS))).collect());
    println!(
        "bare coroutines that pass the processor on at random, and nothing else: {:.1} ns an operation",
        1e9 * least / (THREADS as u64 * OPS) as f64
    );
    if random && pct { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
