// SPDX-License-Identifier: GPL-2.0-only
//! The runtimes find what they promise to find, and nothing in code that has none of it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail")]

use std::sync::Arc;
use ttysim::sched::{Bounded, Exhaustive};
use ttysim::sync::loom_rt::{Bounds, Explored, explore};
use ttysim::sync::seeded::{Config, End, execute};
use ttysim::sync::{
    AtomicUsize, Body, Fresh, Mutex, Name, Ordering, RaceBytes, RaceCell, Role, Runtime, RwSem,
    Thread, WaitQueue, Work, run_threads,
};
use ttysim::verify::{Property, Violation};

fn name(field: &'static str) -> Name {
    Name::new("", field)
}

fn threads(rt: Runtime, bodies: Vec<Body>) {
    let name = |i| format!("t{i}");
    let make = |(i, body)| Thread { name: name(i), role: Role::Program, body };
    run_threads(rt, bodies.into_iter().enumerate().map(make).collect());
}

/// All findings of an exhaustive seeded exploration, one a property.
fn seeded(body: impl Fn(Runtime)) -> Vec<Violation> {
    let mut policy = Exhaustive::new();
    let mut found: Vec<Violation> = Vec::new();
    loop {
        let config = Config { record: true, max_steps: 1_000, ..Config::default() };
        let execution = execute(config, &mut policy, || body(Runtime::Seeded));
        assert_ne!(execution.end, End::Panicked, "{:?}", execution.panic);
        for f in &execution.found {
            if !found.iter().any(|v| v.property == f.violation.property) {
                found.push(f.violation.clone());
            }
        }
        if !policy.advance(&execution) {
            return found;
        }
    }
}

fn loom(body: impl Fn(Runtime) + Send + Sync + 'static) -> Explored {
    let bounds = Bounds { preemptions: None, executions: 100_000 };
    let explored = explore(bounds, move || body(Runtime::Loom));
    assert_eq!(explored.panicked, None);
    explored
}

/// A message through a plain cell, published with `store` and taken with `load`.
fn publish(rt: Runtime, store: Ordering, load: Ordering) {
    let cell = Arc::new(RaceCell::new(rt, name("cell"), 0));
    let flag = Arc::new(AtomicUsize::new(rt, name("flag"), 0));
    let (cell2, flag2) = (Arc::clone(&cell), Arc::clone(&flag));
    threads(
        rt,
        vec![
            Box::new(move || {
                cell.set("writer.cell", 1);
                flag.store("writer.flag", 1, store);
            }),
            Box::new(move || {
                if flag2.load("reader.flag", load) == 1 {
                    cell2.get("reader.cell");
                }
            }),
        ],
    );
}

#[test]
fn a_published_cell_is_no_race_and_a_relaxed_one_is() {
    let good = |rt| publish(rt, Ordering::Release, Ordering::Acquire);
    assert_eq!(seeded(good), []);
    let explored = loom(good);
    assert!(explored.completed && explored.violation.is_none(), "{explored:?}");
    for (store, load) in
        [(Ordering::Relaxed, Ordering::Acquire), (Ordering::Release, Ordering::Relaxed)]
    {
        let bad = move |rt| publish(rt, store, load);
        let found = seeded(bad);
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].property, found[0].code), (Property::C4, "data-race"));
        let sides: Vec<_> = found[0].accesses.iter().map(|a| (a.site, a.verb)).collect();
        assert_eq!(sides, [("writer.cell", "write"), ("reader.cell", "read")]);
        let violation = loom(bad).violation.expect("loom finds it too");
        assert_eq!(violation.property, Property::C4);
    }
}

#[test]
fn bytes_know_their_bounds_their_life_and_what_was_written() {
    let bytes = |rt| RaceBytes::new(rt, name("bytes"), 4, Fresh::Uninit);
    let codes = |body: &dyn Fn(Runtime)| -> Vec<&'static str> {
        seeded(body).iter().map(|v| v.code).collect()
    };
    assert_eq!(codes(&|rt| bytes(rt).write("w", 2, b"xyz")), ["out-of-bounds"]);
    assert_eq!(codes(&|rt| bytes(rt).write("w", usize::MAX, b"xyz")), ["out-of-bounds"]);
    assert_eq!(
        codes(&|rt| {
            let b = bytes(rt);
            b.write("w", 1, b"xy");
            b.get("r", 1);
            b.get("r", 3);
        }),
        ["uninitialised"]
    );
    let freed = |rt| {
        let b = bytes(rt);
        b.write("w", 0, b"abcd");
        b.poison("kfree");
        b.get("late", 0);
    };
    let found = seeded(freed);
    assert_eq!(found[0].code, "use-after-free");
    assert_eq!(found[0].accesses[0].site, "kfree");
    assert_eq!(found[0].accesses[1].site, "late");
    assert_eq!(
        codes(&|rt| {
            let b = bytes(rt);
            b.write("w", 0, b"abcd");
            b.poison("free");
            b.revive("alloc");
            b.get("r", 0);
        }),
        ["uninitialised"]
    );
}

#[test]
fn neighbouring_bytes_do_not_race_and_the_same_byte_does() {
    let body = |rt, second: usize| {
        let b = Arc::new(RaceBytes::new(rt, name("bytes"), 8, Fresh::Zeroed));
        let c = Arc::clone(&b);
        threads(
            rt,
            vec![
                Box::new(move || b.write("first", 0, b"abc")),
                Box::new(move || c.write("second", second, b"xyz")),
            ],
        );
    };
    assert_eq!(seeded(|rt| body(rt, 3)), []);
    assert_eq!(seeded(|rt| body(rt, 2))[0].code, "data-race");
    assert!(loom(move |rt| body(rt, 3)).violation.is_none());
    assert!(loom(move |rt| body(rt, 2)).violation.is_some());
}

#[test]
fn a_lock_cycle_rests_with_both_threads_blocked() {
    let mut policy = Bounded::new(None);
    let (mut blocked, mut free) = (0, 0);
    loop {
        let mut rested = None;
        let config = Config { record: true, ..Config::default() };
        execute(config, &mut policy, || {
            let rt = Runtime::Seeded;
            let locks = Arc::new([Mutex::new(rt, name("a")), Mutex::new(rt, name("b"))]);
            let make = |first: usize| -> Thread {
                let locks = Arc::clone(&locks);
                Thread {
                    name: format!("t{first}"),
                    role: Role::Program,
                    body: Box::new(move || {
                        let _outer = locks[first].lock("outer");
                        let _inner = locks[1 - first].lock("inner");
                    }),
                }
            };
            rested = Some(run_threads(rt, vec![make(0), make(1)]));
        });
        match rested.expect("the body ran").blocked.as_slice() {
            [] => free += 1,
            [a, b] => {
                assert_eq!((a.op.site, b.op.site), ("inner", "inner"));
                blocked += 1;
            }
            one => panic!("only one is blocked: {one:?}"),
        }
        if !policy.advance() {
            break;
        }
    }
    assert!(blocked > 0 && free > 0);
}

#[test]
fn a_script_that_waits_alone_for_ever_is_a_deadlock() {
    let body = |rt| {
        let lock = Mutex::new(rt, name("lock"));
        let _first = lock.lock("first");
        let _second = lock.lock("second");
    };
    let found = seeded(body);
    assert_eq!((found[0].property, found[0].code), (Property::C3, "deadlock"));
}

#[test]
fn a_wakeup_between_prepare_and_sleep_is_not_lost() {
    let body = |rt| {
        let queue = Arc::new(WaitQueue::new(rt, name("wait")));
        let flag = Arc::new(AtomicUsize::new(rt, name("flag"), 0));
        let (queue2, flag2) = (Arc::clone(&queue), Arc::clone(&flag));
        threads(
            rt,
            vec![
                Box::new(move || {
                    let mut waiter = queue.prepare("prepare");
                    while flag.load("test", Ordering::Acquire) == 0 {
                        waiter.wait_woken("sleep");
                    }
                }),
                Box::new(move || {
                    flag2.store("set", 1, Ordering::Release);
                    queue2.wake_up("wake");
                }),
            ],
        );
    };
    let mut policy = Exhaustive::new();
    loop {
        let config = Config { record: true, ..Config::default() };
        let execution = execute(config, &mut policy, || body(Runtime::Seeded));
        assert_eq!(execution.pending[1], None, "the sleeper returned");
        if !policy.advance(&execution) {
            break;
        }
    }
    body(Runtime::Native);
}

#[test]
fn time_passes_only_when_nobody_can_go_on() {
    let mut left = (0, 0, 0);
    let mut policy = Exhaustive::new();
    execute(Config { record: true, ..Config::default() }, &mut policy, || {
        let rt = Runtime::Seeded;
        let queue = Arc::new(WaitQueue::new(rt, name("wait")));
        // Alone: nobody will wake it.
        left.0 = queue.prepare("prepare").wait_woken_timeout("sleep", 100);
        // With a waker: no time passes.
        let result = Arc::new(std::sync::Mutex::new(0));
        let (sleeper, waker, out) = (Arc::clone(&queue), Arc::clone(&queue), Arc::clone(&result));
        let mut waiter_first = vec![Box::new(move || {
            let mut waiter = sleeper.prepare("prepare");
            *out.lock().unwrap() = waiter.wait_woken_timeout("sleep", 100);
        }) as Body];
        waiter_first.push(Box::new(move || waker.wake_up("wake")));
        threads(rt, waiter_first);
        left.1 = *result.lock().unwrap();
        let mut waiter = queue.prepare("prepare");
        queue.wake_up("wake");
        left.2 = waiter.wait_woken_timeout("sleep", 100);
    });
    assert_eq!(left, (0, 100, 100));
    let native = WaitQueue::new(Runtime::Native, name("wait"));
    assert_eq!(native.prepare("prepare").wait_woken_timeout("sleep", 1), 0);
}

#[test]
fn native_threads_workers_and_semaphores_come_to_rest() {
    let rt = Runtime::Native;
    let work = Arc::new(Work::new(rt, name("work")));
    let sum = Arc::new(AtomicUsize::new(rt, name("sum"), 0));
    let sem = Arc::new(RwSem::new(rt, name("sem")));
    let total = Arc::new(RaceCell::new(rt, name("total"), 0usize));
    let run: Arc<dyn Fn() + Send + Sync> = {
        let (sem, total, sum) = (Arc::clone(&sem), Arc::clone(&total), Arc::clone(&sum));
        Arc::new(move || {
            let _guard = sem.down_read("run");
            sum.store("run", total.get("run"), Ordering::Release);
        })
    };
    let producer = {
        let (work, run) = (Arc::clone(&work), Arc::clone(&run));
        move || {
            for _ in 0..1_000 {
                let guard = sem.down_write("add");
                total.set("add", total.get("add") + 1);
                drop(guard);
                work.queue("queue");
            }
            work.flush("flush", &*run);
        }
    };
    let worker = {
        let work = Arc::clone(&work);
        move || work.worker("run", 0, &*run)
    };
    run_threads(
        rt,
        vec![
            Thread { name: "producer".to_owned(), role: Role::Program, body: Box::new(producer) },
            Thread {
                name: "kworker".to_owned(),
                role: Role::Worker(Arc::clone(&work)),
                body: Box::new(worker),
            },
        ],
    );
    assert_eq!(sum.observe(), 1_000);
}

#[test]
fn an_endless_loop_is_a_livelock() {
    let body = |rt| {
        let x = Arc::new(AtomicUsize::new(rt, name("x"), 0));
        threads(rt, vec![Box::new(move || while x.load("spin", Ordering::Relaxed) == 0 {})]);
    };
    let found = seeded(body);
    assert_eq!((found[0].property, found[0].code), (Property::C3, "livelock"));
}
