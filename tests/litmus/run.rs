// SPDX-License-Identifier: GPL-2.0-only
//! Running a litmus test on the project's own synchronisation layer.
//!
//! `READ_ONCE` and `WRITE_ONCE` are relaxed, `smp_mb()` is a `SeqCst` fence, `smp_wmb()` and
//! `smp_rmb()` are `Release` and `Acquire` fences, as in the model; a fully ordered
//! read-modify-write has a full fence on each side. A variable under `Data:` is plain memory: a
//! race on it counts as the bad outcome, for then nothing is promised any more.

use super::parse::{Condition, Fence, Process, Statement, Strength, Test};
use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex as Registers};
use ttysim::sched::Exhaustive;
use ttysim::sync::loom_rt::{Bounds, explore};
use ttysim::sync::seeded::{Config, End, Memory, execute};
use ttysim::sync::{
    AtomicUsize, Mutex, MutexGuard, Name, Ordering, RaceCell, Role, Runtime, Thread, fence,
    run_threads,
};

const SITE: &str = "litmus";

/// What the processes share.
struct Shared {
    rt: Runtime,
    words: BTreeMap<String, AtomicUsize>,
    plain: BTreeMap<String, RaceCell<usize>>,
    locks: BTreeMap<String, Mutex>,
    /// By process: its registers.
    registers: Vec<Registers<BTreeMap<String, usize>>>,
}

impl Shared {
    fn new(rt: Runtime, test: &Test) -> Self {
        let name = Name::new("", SITE);
        let first = |x: &String| test.init.get(x).copied().unwrap_or(0);
        let variables = test.processes.iter().flat_map(|p| &p.variables);
        let (plain, words): (Vec<_>, Vec<_>) = variables.partition(|x| test.data.contains(x));
        let word = |x: &String| (x.clone(), AtomicUsize::new(rt, name, first(x)));
        let cell = |x: &String| (x.clone(), RaceCell::new(rt, name, first(x)));
        let locks = test.processes.iter().flat_map(|p| &p.locks);
        let mut all = Self {
            rt,
            words: BTreeMap::new(),
            plain: BTreeMap::new(),
            locks: BTreeMap::new(),
            registers: test.processes.iter().map(|_| Registers::default()).collect(),
        };
        for x in words {
            if !all.words.contains_key(x) {
                all.words.extend([word(x)]);
            }
        }
        for x in plain {
            if !all.plain.contains_key(x) {
                all.plain.extend([cell(x)]);
            }
        }
        for l in locks {
            if !all.locks.contains_key(l) {
                all.locks.insert(l.clone(), Mutex::new(rt, name));
            }
        }
        all
    }

    fn holds(&self, condition: &Condition) -> bool {
        match condition {
            Condition::Register(process, register, value) => {
                let registers = self.registers[*process].lock().expect("no panic");
                registers.get(register).copied().unwrap_or(0) == *value
            }
            Condition::Variable(x, value) => self.words[x].observe() == *value,
            Condition::And(all) => all.iter().all(|c| self.holds(c)),
            Condition::Or(any) => any.iter().any(|c| self.holds(c)),
        }
    }
}

/// One process at work.
struct Worker<'a> {
    shared: &'a Shared,
    number: usize,
    held: BTreeMap<&'a str, MutexGuard<'a>>,
}

impl<'a> Worker<'a> {
    fn set(&self, register: &str, value: usize) {
        let mut registers = self.shared.registers[self.number].lock().expect("no panic");
        registers.insert(register.to_owned(), value);
    }

    fn get(&self, register: &str) -> usize {
        let registers = self.shared.registers[self.number].lock().expect("no panic");
        registers.get(register).copied().unwrap_or(0)
    }

    fn full(&self, strength: Strength) {
        if strength == Strength::Full {
            fence(self.shared.rt, SITE, Ordering::SeqCst);
        }
    }

    fn all(&mut self, body: &'a [Statement]) {
        for statement in body {
            self.one(statement);
        }
    }

    fn one(&mut self, statement: &'a Statement) {
        let shared = self.shared;
        match statement {
            Statement::Store(x, value, order) => match shared.plain.get(x) {
                Some(cell) => cell.set(SITE, *value),
                None => shared.words[x].store(SITE, *value, *order),
            },
            Statement::Load(register, x, order) => {
                let value = match shared.plain.get(x) {
                    Some(cell) => cell.get(SITE),
                    None => shared.words[x].load(SITE, *order),
                };
                self.set(register, value);
            }
            Statement::Exchange(register, x, value, strength) => {
                self.full(*strength);
                let old = shared.words[x].swap(SITE, *value, order(*strength));
                self.full(*strength);
                self.set(register, old);
            }
            Statement::CompareExchange(register, x, old, new, strength) => {
                self.full(*strength);
                let found = shared.words[x].compare_exchange(SITE, *old, *new, order(*strength));
                self.full(*strength);
                self.set(register, found.unwrap_or_else(|found| found));
            }
            Statement::Fence(Fence::Full) => fence(shared.rt, SITE, Ordering::SeqCst),
            Statement::Fence(Fence::Write) => fence(shared.rt, SITE, Ordering::Release),
            Statement::Fence(Fence::Read) => fence(shared.rt, SITE, Ordering::Acquire),
            Statement::Lock(l) => {
                let guard = shared.locks[l].lock(SITE);
                self.held.insert(l, guard);
            }
            Statement::Unlock(l) => drop(self.held.remove(l.as_str())),
            Statement::If(register, zero, then) => {
                if (self.get(register) == 0) == *zero {
                    self.all(then);
                }
            }
        }
    }
}

const fn order(strength: Strength) -> Ordering {
    match strength {
        Strength::Full => Ordering::AcqRel,
        Strength::Acquire => Ordering::Acquire,
        Strength::Release => Ordering::Release,
        Strength::Relaxed => Ordering::Relaxed,
    }
}

/// One execution; whether it came to the bad outcome.
fn once(rt: Runtime, test: &Arc<Test>) -> bool {
    let shared = Arc::new(Shared::new(rt, test));
    let thread = |number: usize, _: &Process| {
        let (test, shared) = (Arc::clone(test), Arc::clone(&shared));
        Thread {
            name: format!("P{number}"),
            role: Role::Program,
            body: Box::new(move || {
                let mut worker = Worker { shared: &shared, number, held: BTreeMap::new() };
                worker.all(&test.processes[number].body);
            }),
        }
    };
    run_threads(rt, test.processes.iter().enumerate().map(|(i, p)| thread(i, p)).collect());
    shared.holds(&test.bad)
}

/// Whether the bad outcome, or a data race, is possible under `memory`; every interleaving is
/// looked at.
pub(crate) fn seeded(test: &Arc<Test>, memory: Memory) -> bool {
    let bad = Cell::new(false);
    let mut policy = Exhaustive::new();
    loop {
        let config = Config { memory, record: true, max_steps: 1_000 };
        let execution = execute(config, &mut policy, || {
            bad.set(once(Runtime::Seeded, test) || bad.get());
        });
        assert_ne!(execution.end, End::Panicked, "{}: {:?}", test.name, execution.panic);
        bad.set(bad.get() || !execution.found.is_empty());
        if !policy.advance(&execution) {
            return bad.get();
        }
    }
}

/// The same under loom, which may miss some.
pub(crate) fn loom(test: &Arc<Test>) -> bool {
    let bad = Arc::new(AtomicBool::new(false));
    let (test, seen) = (Arc::clone(test), Arc::clone(&bad));
    let name = test.name.clone();
    let bounds = Bounds { preemptions: None, executions: 100_000 };
    let explored = explore(bounds, move || {
        if once(Runtime::Loom, &test) {
            seen.store(true, Ordering::SeqCst);
        }
    });
    assert_eq!(explored.panicked, None, "{name}");
    assert!(explored.completed || explored.violation.is_some(), "{name}");
    explored.violation.is_some() || bad.load(Ordering::SeqCst)
}
