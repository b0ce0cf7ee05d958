// SPDX-License-Identifier: GPL-2.0-only
//! Each mutation does what it says to small programs of its own, and nothing to their other sites.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail")]

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize as Register;
use std::sync::atomic::Ordering::{Relaxed, SeqCst};
use ttysim::sched::Exhaustive;
use ttysim::sync::loom_rt::{Bounds, explore};
use ttysim::sync::mutation::{Mutant, Mutation, seconds, under};
use ttysim::sync::seeded::{Config, End, execute};
use ttysim::sync::{
    AtomicUsize, Body, Mutex, Name, Ordering, RaceCell, Role, Runtime, RwSem, Site, Thread,
    WaitQueue, Work, run_threads,
};

const RT: Runtime = Runtime::Seeded;

fn name(field: &'static str) -> Name {
    Name::new("", field)
}

fn run(rt: Runtime, bodies: Vec<Body>) -> Vec<Site> {
    let make = |(i, body)| Thread { name: format!("t{i}"), role: Role::Program, body };
    let rested = run_threads(rt, bodies.into_iter().enumerate().map(make).collect());
    rested.blocked.iter().map(|b| b.op.site).collect()
}

/// What an exhaustive exploration saw: outcomes, and the codes of findings.
#[derive(Debug, Default, PartialEq, Eq)]
struct Seen {
    outcomes: BTreeSet<Vec<usize>>,
    codes: BTreeSet<&'static str>,
}

/// Explores `body`, which returns what came of it, with `mutants` in force.
fn explored(mutants: &[(Mutation, Site)], body: &dyn Fn() -> Vec<usize>) -> Seen {
    let mutants: Vec<_> = mutants.iter().map(|&(m, site)| Mutant::new(m, site)).collect();
    under(&mutants, || {
        let mut policy = Exhaustive::new();
        let seen = RefCell::new(Seen::default());
        seconds::forget();
        loop {
            let config = Config { record: true, max_steps: 1_000, ..Config::default() };
            let execution = execute(config, &mut policy, || {
                let outcome = body();
                seen.borrow_mut().outcomes.insert(outcome);
            });
            assert_ne!(execution.end, End::Panicked, "{:?}", execution.panic);
            seen.borrow_mut().codes.extend(execution.found.iter().map(|f| f.violation.code));
            if policy.advance(&execution) {
                continue;
            }
            if !seconds::watch_what_was_met() {
                return seen.into_inner();
            }
            policy = Exhaustive::new();
        }
    })
}

/// Two atomics, written in one order and read in the other.
fn message() -> Vec<usize> {
    let [x, y] = ["x", "y"].map(|n| Arc::new(AtomicUsize::new(RT, name(n), 0)));
    let reads = Arc::new([const { Register::new(0) }; 2]);
    let (x2, y2, r) = (Arc::clone(&x), Arc::clone(&y), Arc::clone(&reads));
    run(
        RT,
        vec![
            Box::new(move || {
                x.store("writer.x", 1, Ordering::Relaxed);
                y.store("writer.y", 1, Ordering::Relaxed);
            }),
            Box::new(move || {
                r[1].store(y2.load("reader.y", Ordering::Relaxed), Relaxed);
                r[0].store(x2.load("reader.x", Ordering::Relaxed), Relaxed);
            }),
        ],
    );
    reads.iter().map(|r| r.load(SeqCst)).collect()
}

#[test]
fn stores_come_later_and_loads_are_swapped() {
    let lost = vec![0, 1];
    let good = explored(&[], &message);
    assert_eq!(good.outcomes.len(), 3);
    assert!(!good.outcomes.contains(&lost));
    for mutant in [(Mutation::Later, "writer.x"), (Mutation::Swap, "reader.y")] {
        let seen = explored(&[mutant], &message);
        assert!(seen.outcomes.contains(&lost), "{mutant:?}: {seen:?}");
    }
    // Both: the same with the roles exchanged.
    let both = [(Mutation::Later, "writer.x"), (Mutation::Swap, "reader.y")];
    assert_eq!(explored(&both, &message).outcomes, [vec![0, 0], lost, vec![1, 1]].into());
    // A site that only sounds alike.
    assert_eq!(explored(&[(Mutation::Later, "writer")], &message), good);
    // The last store has no next step: it is made before the thread ends.
    assert_eq!(explored(&[(Mutation::Later, "writer.y")], &message).outcomes, good.outcomes);
}

#[test]
fn a_load_that_answers_zero_and_a_store_that_is_dropped() {
    let zero = explored(&[(Mutation::Zero, "reader.x")], &message);
    assert!(zero.outcomes.iter().all(|o| o[0] == 0) && zero.outcomes.iter().any(|o| o[1] == 1));
    let dropped = explored(&[(Mutation::Drop, "writer.x")], &message);
    assert_eq!(dropped.outcomes, zero.outcomes);
}

/// Two threads add to a counter.
fn count() -> Vec<usize> {
    let n = Arc::new(AtomicUsize::new(RT, name("n"), 0));
    let add = |site: Site| -> Body {
        let n = Arc::clone(&n);
        Box::new(move || {
            n.fetch_add(site, 1, Ordering::Relaxed);
        })
    };
    run(RT, vec![add("one.add"), add("two.add")]);
    vec![n.observe()]
}

#[test]
fn a_counter_is_not_incremented_or_not_in_one_step() {
    assert_eq!(explored(&[], &count).outcomes, [vec![2]].into());
    assert_eq!(explored(&[(Mutation::Drop, "one.add")], &count).outcomes, [vec![1]].into());
    let split = explored(&[(Mutation::Split, "one.add")], &count);
    assert_eq!(split.outcomes, [vec![1], vec![2]].into());
}

/// What [`guarded`] is about.
struct Guarded {
    sem: RwSem,
    mutex: Mutex,
    biased: RwSem,
    cells: [RaceCell<usize>; 3],
}

impl Guarded {
    fn body(self: &Arc<Self>, [down, lock, queue]: [Site; 3]) -> Body {
        let this = Arc::clone(self);
        Box::new(move || {
            {
                let _held = this.sem.down_write(down);
                this.cells[0].set("a", 1);
            }
            {
                let _held = this.mutex.lock(lock);
                this.cells[1].set("b", 1);
            }
            let _held = this.biased.down_write(queue);
            this.cells[2].set("c", 1);
        })
    }
}

/// Cells that two threads write, each under a lock of another kind.
fn guarded() -> Vec<usize> {
    let shared = Arc::new(Guarded {
        sem: RwSem::new(RT, name("sem")),
        mutex: Mutex::new(RT, name("mutex")),
        biased: RwSem::with_writer_bias(RT, name("biased")),
        cells: ["a", "b", "c"].map(|n| RaceCell::new(RT, name(n), 0)),
    });
    let one = shared.body(["one.down", "one.lock", "one.queue"]);
    let blocked = run(RT, vec![one, shared.body(["two.down", "two.lock", "two.queue"])]);
    vec![blocked.len()]
}

#[test]
fn a_lock_is_dropped_shared_or_orders_nothing() {
    let good = explored(&[], &guarded);
    assert_eq!((good.outcomes, good.codes), ([vec![0]].into(), [].into()));
    let codes = |mutants: &[_]| explored(mutants, &guarded).codes;
    for site in ["one.down", "one.lock", "one.queue", "two.queue"] {
        for mutation in [Mutation::Drop, Mutation::Relax] {
            assert_eq!(codes(&[(mutation, site)]), ["data-race"].into(), "{mutation:?} {site}");
        }
    }
    // One shared hold still keeps an exclusive one out.
    for [one, two] in [["one.down", "two.down"], ["one.queue", "two.queue"]] {
        let [one, two] = [(Mutation::Share, one), (Mutation::Share, two)];
        assert_eq!((codes(&[one]), codes(&[two])), ([].into(), [].into()));
        assert_eq!(codes(&[one, two]), ["data-race"].into());
    }
}

/// A sleeper and its waker; the flag is looked at between `add_wait_queue` and the sleep.
fn sleeper() -> Vec<usize> {
    let queue = Arc::new(WaitQueue::new(RT, name("queue")));
    let flag = Arc::new(AtomicUsize::new(RT, name("flag"), 0));
    let (queue2, flag2) = (Arc::clone(&queue), Arc::clone(&flag));
    let blocked = run(
        RT,
        vec![
            Box::new(move || {
                let mut wait = queue.prepare("sleeper.prepare");
                if flag.load("sleeper.flag", Ordering::Relaxed) == 0 {
                    wait.wait_woken("sleeper.wait");
                }
            }),
            Box::new(move || {
                flag2.store("waker.flag", 1, Ordering::Relaxed);
                queue2.wake_up("waker.wake_up");
            }),
        ],
    );
    vec![blocked.len()]
}

#[test]
fn a_wakeup_is_lost() {
    assert_eq!(explored(&[], &sleeper).outcomes, [vec![0]].into());
    for mutant in [
        (Mutation::Drop, "waker.wake_up"),
        (Mutation::Drop, "sleeper.prepare"),
        (Mutation::Later, "waker.flag"),
    ] {
        assert_eq!(explored(&[mutant], &sleeper).outcomes, [vec![0], vec![1]].into(), "{mutant:?}");
    }
}

/// A worker that reads what was there when the work was queued.
fn worker() -> Vec<usize> {
    let (work, cell) = (Arc::new(Work::new(RT, name("work"))), RaceCell::new(RT, name("c"), 0));
    let cell = Arc::new(cell);
    let runs = Arc::new(Register::new(0));
    let (work2, cell2, work3, runs2) =
        (Arc::clone(&work), Arc::clone(&cell), Arc::clone(&work), Arc::clone(&runs));
    let kworker = Thread {
        name: "kworker".to_owned(),
        role: Role::Worker(Arc::clone(&work)),
        body: Box::new(move || {
            work2.worker("kworker.run", 1, &|| {
                cell2.get("kworker.c");
                runs2.fetch_add(1, SeqCst);
            });
        }),
    };
    let body: Body = Box::new(move || {
        cell.set("queuer.c", 1);
        work3.queue("queuer.queue_work");
    });
    let queuer = Thread { name: "queuer".to_owned(), role: Role::Program, body };
    run_threads(RT, vec![queuer, kworker]);
    vec![runs.load(SeqCst)]
}

#[test]
fn queue_work_is_dropped_or_orders_nothing() {
    let good = explored(&[], &worker);
    assert_eq!((good.outcomes, good.codes), ([vec![1]].into(), [].into()));
    let none = explored(&[(Mutation::Drop, "queuer.queue_work")], &worker);
    assert_eq!(none.outcomes, [vec![0]].into());
    for site in ["queuer.queue_work", "kworker.run"] {
        assert_eq!(explored(&[(Mutation::Relax, site)], &worker).codes, ["data-race"].into());
    }
}

/// Two atomics, of which one is always accessed with a mutex held.
fn needless() -> Vec<usize> {
    let words = ["x", "y"].map(|n| AtomicUsize::new(RT, name(n), 0));
    let shared = Arc::new((Mutex::new(RT, name("mutex")), words));
    let body = |[lock, x, y]: [Site; 3]| -> Body {
        let s = Arc::clone(&shared);
        Box::new(move || {
            {
                let _held = s.0.lock(lock);
                s.1[0].fetch_add(x, 1, Ordering::SeqCst);
            }
            s.1[1].fetch_add(y, 1, Ordering::SeqCst);
        })
    };
    run(RT, vec![body(["one.lock", "one.x", "one.y"]), body(["two.lock", "two.x", "two.y"])]);
    vec![]
}

#[test]
fn plain_tells_whether_something_else_orders_an_access() {
    assert_eq!(explored(&[(Mutation::Plain, "one.x")], &needless).codes, [].into());
    assert_eq!(explored(&[(Mutation::Plain, "one.y")], &needless).codes, ["plain-race"].into());
    let unlocked = [(Mutation::Plain, "one.x"), (Mutation::Drop, "one.lock")];
    assert_eq!(explored(&unlocked, &needless).codes, ["plain-race"].into());
}

#[test]
fn loom_relaxes_what_is_mutated() {
    let publish = || {
        let rt = Runtime::Loom;
        let cell = Arc::new(RaceCell::new(rt, name("cell"), 0));
        let flag = Arc::new(AtomicUsize::new(rt, name("flag"), 0));
        let (cell2, flag2) = (Arc::clone(&cell), Arc::clone(&flag));
        run(
            rt,
            vec![
                Box::new(move || {
                    cell.set("writer.cell", 1);
                    flag.store("writer.flag", 1, Ordering::Release);
                }),
                Box::new(move || {
                    if flag2.load("reader.flag", Ordering::Acquire) == 1 {
                        cell2.get("reader.cell");
                    }
                }),
            ],
        );
    };
    let bounds = Bounds { preemptions: None, executions: 10_000 };
    let found = |mutants: &[Mutant]| under(mutants, || explore(bounds, publish).violation);
    assert!(found(&[]).is_none());
    for site in ["writer.flag", "reader.flag"] {
        assert!(found(&[Mutant::new(Mutation::Relax, site)]).is_some(), "{site}");
    }
}
