// SPDX-License-Identifier: GPL-2.0-only
//! How fast schedules are explored: beside loom, and beside itself.
//!
//! - the pipeline with everybody at it, at Linux's sizes: what a scheduling point costs with races
//!   checked and the trace recorded;
//! - the cost of an operation as schedules get longer, and of a schedule as jobs are added;
//! - tiny scenarios explored to the end, beside loom on the same ones (a table, no floor: loom
//!   explores another memory model, and less of it); under `ra`, which is loom's kind, an execution
//!   has to cost a fifth of loom's.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a bench may fail")]
#![allow(clippy::disallowed_methods, reason = "a bench measures time")]

mod side_by_side;

use criterion::Criterion;
use side_by_side::{Contender, Floor, Measured, criterion, end, measure};
use std::cell::Cell;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;
use ttysim::checkpoint::{Design, design};
use ttysim::run::{Setup, run};
use ttysim::sched::{Policy, Random, Share};
use ttysim::script::Script;
use ttysim::sync::loom_rt::{Bounds, explore, quiet};
use ttysim::sync::pool::parallel_map;
use ttysim::sync::seeded::{Config, Execution, Memory, ProgramMemory, execute};
use ttysim::sync::{AtomicUsize, Mutex, Name, Ordering, Role, Runtime, Thread, run_threads};
use ttysim::verify::check::body;
use ttysim::verify::judge::{Judged, Plan, Strategy, judge};
use ttysim::verify::scenario::Scenario;

/// As in the binary, so that explorations can put the program back.
#[global_allocator]
static MEMORY: ProgramMemory = ProgramMemory;

/// The threads of the body.
const THREADS: usize = 4;

/// Operations in a round of the body.
const ROUND: u64 = 5;

/// Four threads that add, look, write and lock, `ops` operations each.
fn four_threads(ops: u64) {
    let word = AtomicUsize::new(Runtime::Seeded, Name::new("", "word"), 0);
    let lock = Mutex::new(Runtime::Seeded, Name::new("", "lock"));
    let shared = Arc::new((word, lock));
    let one = |_| {
        let shared = Arc::clone(&shared);
        let body = move || {
            let (word, lock) = &*shared;
            for _ in 0..ops / ROUND {
                word.fetch_add("body.add", 1, Ordering::SeqCst);
                let seen = word.load("body.load", Ordering::SeqCst);
                word.store("body.store", seen, Ordering::SeqCst);
                drop(lock.lock("body.lock"));
            }
        };
        Thread { name: "thread".to_owned(), role: Role::Program, body: Box::new(body) }
    };
    run_threads(Runtime::Seeded, (0..THREADS).map(one).collect());
}

fn ours(policy: &mut dyn Policy, ops: u64) -> Execution {
    let config = Config { memory: Memory::Sc, max_steps: 1_000_000, record: true };
    execute(config, policy, || four_threads(ops))
}

/// A contender's next seed.
fn next(seed: &Cell<u64>) -> u64 {
    seed.replace(seed.get() + 1)
}

fn script(name: &str) -> Arc<Script> {
    match Scenario::named(name).map(Scenario::script) {
        Some(Ok(script)) => script,
        _ => panic!("no scenario {name}"),
    }
}

/// The scheduling points of `execution`: the steps of its concurrent phase.
fn points(execution: &Execution) -> u64 {
    execution.trace.iter().filter(|e| e.phase != 0).count() as u64
}

fn pipeline(c: &mut Criterion) -> usize {
    const WORST: f64 = 1e9 / 5e6;
    let script = script("real");
    let peek = design("exclusive-restart");
    let config = Config { memory: Memory::Sc, max_steps: 200_000, record: true };
    let mut contenders = Vec::new();
    for peek in [None, peek] {
        let body = body(peek, &script);
        let once = execute(config, &mut Random::new(1), &body);
        assert!(once.found.is_empty(), "{:?}", once.found);
        let name = peek.map_or("nobody peeks", Design::name);
        // The same seed each time: the same number of points.
        contenders.push(Contender::new(name, points(&once), move || {
            execute(config, &mut Random::new(1), &body);
        }));
    }
    let title = "the pipeline at Linux's sizes, random";
    criterion(c, title, &mut contenders);
    let measured = measure(title, "point", &mut contenders);
    measured.print();
    measured.check(&[Floor::Costs("nobody peeks", WORST), Floor::Costs("exclusive-restart", WORST)])
}

/// What an operation costs in schedules of more and more of them.
fn longer_schedules() -> usize {
    let lengths = [50, 200, 800, 3200];
    let seed = Cell::new(1);
    let mut contenders: Vec<_> = lengths
        .iter()
        .map(|&ops| {
            let seed = &seed;
            let run = move || {
                ours(&mut Random::new(next(seed)), ops);
            };
            Contender::new(format!("{ops} operations a thread"), THREADS as u64 * ops, run)
        })
        .collect();
    let measured = measure("longer schedules", "operation", &mut contenders);
    measured.print();
    let [shortest, longest] = [lengths[0], lengths[3]].map(|n| format!("{n} operations a thread"));
    measured.check(&[Floor::Faster(&longest, 0.67, &shortest)])
}

fn jobs() -> usize {
    let script = script("real");
    let plan = |seed: u64| Plan {
        share: Share::WHOLE,
        strategy: Strategy::Random,
        memory: Memory::Sc,
        seed,
        executions: 20,
        max_steps: 200_000,
    };
    let explore = |jobs: usize| {
        let parts: Vec<u64> = (0..4).collect();
        parallel_map(jobs, &parts, |_, part| {
            judge(&plan(part * 100), &body(design("exclusive-restart"), &script), &mut |_| true)
                .executions
        });
    };
    let mut contenders = vec![
        Contender::new("one job", 80, || explore(1)),
        Contender::new("two jobs", 80, || explore(2)),
    ];
    let measured: Measured = measure("jobs", "execution", &mut contenders);
    measured.print();
    let several = std::thread::available_parallelism().is_ok_and(|n| n.get() > 1);
    if several { measured.check(&[Floor::Faster("two jobs", 1.8, "one job")]) } else { 0 }
}

/// The same tiny scenarios, explored by us and by loom.
fn beside_loom() {
    const MOST: u64 = 200_000;
    println!("\ntiny scenarios, nobody peeking: executions, seconds, whether all was explored");
    println!("  {:<10} {:>30}   {:>34}", "", "ttysim (sc, all)", "loom (C11-like, 3 preemptions)");
    for name in ["append", "wrap", "four", "full", "sti"] {
        let script = script(name);
        let plan = Plan::everything(Memory::Sc, MOST);
        let start = Instant::now();
        let Judged { executions, pruned, complete, .. } =
            judge(&plan, &body(None, &script), &mut |_| true);
        let ours = start.elapsed().as_secs_f64();
        let start = Instant::now();
        let bounds = Bounds { preemptions: Some(3), executions: MOST };
        let loom = quiet(|| {
            explore(bounds, move || {
                run(Setup { rt: Runtime::Loom, design: None }, &script);
            })
        });
        let all = |all: bool| if all { "all" } else { "cut" };
        println!(
            "  {name:<10} {executions:>8} +{pruned:<6} {ours:>8.2} s {}   {:>15} {:>8.2} s {}",
            all(complete),
            loom.executions,
            start.elapsed().as_secs_f64(),
            all(loom.completed),
        );
    }
}

/// What an execution costs under memory `ra`, beside loom's of the same scenario: at most a fifth.
fn an_execution_beside_loom() -> usize {
    const EXECUTIONS: u64 = 1_000;
    let (peek, script) = (design("exclusive-restart"), script("four"));
    let body = body(peek, &script);
    let plan = Plan::everything(Memory::Ra, EXECUTIONS);
    let ours = || {
        judge(&plan, &body, &mut |_| true);
    };
    let loom = || {
        let script = Arc::clone(&script);
        let bounds = Bounds { preemptions: Some(3), executions: EXECUTIONS };
        quiet(|| {
            explore(bounds, move || {
                run(Setup { rt: Runtime::Loom, design: peek }, &script);
            })
        });
    };
    let mut contenders =
        vec![Contender::new("ra", EXECUTIONS, ours), Contender::new("loom", EXECUTIONS, loom)];
    let measured = measure("everybody at it, in weak memory", "execution", &mut contenders);
    measured.print();
    measured.check(&[Floor::Faster("ra", 5.0, "loom")])
}

fn main() -> ExitCode {
    let mut c = Criterion::default().configure_from_args();
    let missed = pipeline(&mut c) + longer_schedules() + jobs() + an_execution_beside_loom();
    beside_loom();
    c.final_summary();
    end(missed)
}
