// SPDX-License-Identifier: GPL-2.0-only
//! RC11 by its axioms, and by brute force: every reads-from, every modification order, every order
//! of lock sections, each execution graph judged as a whole.
//!
//! Written from the paper (Lahav, Vafeiadis, Kang, Hur, Dreyer, *Repairing Sequential Consistency in
//! C/C++11*, PLDI 2017) and from nothing in `src/`: no steps, no clocks, no order of execution.
//! Release sequences are C++20's.

use super::weak::{Instr, Outcome, VARS, Weak};
use std::collections::BTreeSet;
use ttysim::sync::Ordering;

/// One event of a graph.
#[derive(Clone, Debug)]
struct Event {
    /// `usize::MAX` for the initial stores.
    thread: usize,
    what: What,
    order: Ordering,
    /// A value to store, where the program says it.
    value: Value,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    Read(usize),
    Write(usize),
    Update(usize),
    Fence,
    Lock(usize),
    Unlock(usize),
}

#[derive(Clone, Copy, Debug)]
enum Value {
    None,
    Given(usize),
    /// One more than what event number `n` read (0 if there is none).
    After(Option<usize>),
}

/// The value that event `by` read (0 without one) is, or is not, `value`.
#[derive(Clone, Copy, Debug)]
struct Must {
    by: Option<usize>,
    value: usize,
    is: bool,
}

impl What {
    fn reads(self) -> Option<usize> {
        match self {
            Self::Read(v) | Self::Update(v) => Some(v),
            _ => None,
        }
    }

    fn writes(self) -> Option<usize> {
        match self {
            Self::Write(v) | Self::Update(v) => Some(v),
            _ => None,
        }
    }

    /// Variables and locks are different places; a fence has none.
    fn place(self) -> Option<(bool, usize)> {
        match self {
            Self::Read(v) | Self::Write(v) | Self::Update(v) => Some((false, v)),
            Self::Lock(l) | Self::Unlock(l) => Some((true, l)),
            Self::Fence => None,
        }
    }
}

/// A relation between events: by event, a set of events.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Rel(Vec<u64>);

impl Rel {
    fn of(n: usize, pairs: impl Fn(usize, usize) -> bool) -> Self {
        let row = |a| (0..n).filter(|&b| pairs(a, b)).fold(0, |row, b| row | 1 << b);
        Self((0..n).map(row).collect())
    }

    fn has(&self, a: usize, b: usize) -> bool {
        self.0[a] >> b & 1 != 0
    }

    fn or(&self, other: &Self) -> Self {
        Self(self.0.iter().zip(&other.0).map(|(a, b)| a | b).collect())
    }

    fn then(&self, other: &Self) -> Self {
        let row = |row: &u64| {
            let next = other.0.iter().enumerate().filter(|(b, _)| row >> b & 1 != 0);
            next.fold(0, |all, (_, set)| all | set)
        };
        Self(self.0.iter().map(row).collect())
    }

    fn plus(&self) -> Self {
        let mut all = self.clone();
        loop {
            let more = all.or(&all.then(&all));
            if more == all {
                return all;
            }
            all = more;
        }
    }

    fn maybe(&self) -> Self {
        let itself = Self((0..self.0.len()).map(|a| 1 << a).collect());
        self.or(&itself)
    }

    fn within(&self, from: impl Fn(usize) -> bool, to: impl Fn(usize) -> bool) -> Self {
        Self::of(self.0.len(), |a, b| self.has(a, b) && from(a) && to(b))
    }

    fn irreflexive(&self) -> bool {
        (0..self.0.len()).all(|a| !self.has(a, a))
    }
}

/// A path through a program, as a list of events: what each `If` and each compare-exchange does is
/// guessed, and noted as what must have been read.
#[derive(Debug)]
struct Path {
    events: Vec<Event>,
    must: Vec<Must>,
    threads: usize,
}

const INIT: usize = usize::MAX;

impl Path {
    /// The path for the guesses that are the bits of `guess`; `None` if there are more bits than
    /// guesses, so that each path comes once.
    fn new(program: &Weak, mut guess: u64) -> Option<Self> {
        let mut path =
            Self { events: Vec::new(), must: Vec::new(), threads: program.threads.len() };
        for v in 0..VARS {
            path.push(INIT, What::Write(v), Ordering::Relaxed, Value::Given(0));
        }
        for (thread, code) in program.threads.iter().enumerate() {
            path.add(thread, code, &mut None, &mut guess);
        }
        (guess == 0).then_some(path)
    }

    fn push(&mut self, thread: usize, what: What, order: Ordering, value: Value) -> usize {
        self.events.push(Event { thread, what, order, value });
        self.events.len() - 1
    }

    /// Adds `code`; `last`: the event that read last.
    fn add(&mut self, t: usize, code: &[Instr], last: &mut Option<usize>, guess: &mut u64) {
        for instr in code {
            match *instr {
                Instr::Load(v, order) => {
                    *last = Some(self.push(t, What::Read(v), order, Value::None));
                }
                Instr::Store(v, x, order) => {
                    self.push(t, What::Write(v), order, Value::Given(x));
                }
                Instr::StoreRead(v, order) => {
                    self.push(t, What::Write(v), order, Value::After(*last));
                }
                Instr::Add(v, order) => {
                    let me = Some(self.events.len());
                    *last = Some(self.push(t, What::Update(v), order, Value::After(me)));
                }
                Instr::Cas(v, expected, new, order) => {
                    let is = take(guess);
                    *last = Some(if is {
                        self.push(t, What::Update(v), order, Value::Given(new))
                    } else {
                        self.push(t, What::Read(v), Ordering::Relaxed, Value::None)
                    });
                    self.must.push(Must { by: *last, value: expected, is });
                }
                Instr::Fence(order) => {
                    self.push(t, What::Fence, order, Value::None);
                }
                Instr::If(value, ref code) => {
                    let is = take(guess);
                    self.must.push(Must { by: *last, value, is });
                    if is {
                        self.add(t, code, last, guess);
                    }
                }
                Instr::Locked(l, ref code) => {
                    self.push(t, What::Lock(l), Ordering::Acquire, Value::None);
                    self.add(t, code, last, guess);
                    self.push(t, What::Unlock(l), Ordering::Release, Value::None);
                }
            }
        }
    }
}

fn take(guess: &mut u64) -> bool {
    let bit = *guess & 1 != 0;
    *guess >>= 1;
    bit
}

/// How many guesses a program needs at most.
fn guesses(code: &[Instr]) -> u32 {
    let one = |instr: &Instr| match instr {
        Instr::Cas(..) => 1,
        Instr::If(_, code) => 1 + guesses(code),
        Instr::Locked(_, code) => guesses(code),
        _ => 0,
    };
    code.iter().map(one).sum()
}

/// One execution graph.
struct Graph<'p> {
    path: &'p Path,
    /// By event: which it reads.
    rf: Vec<Option<usize>>,
    /// By variable: its stores in modification order, the initial one first.
    mo: Vec<Vec<usize>>,
    /// By lock: its acquisitions in order.
    locks: Vec<Vec<usize>>,
}

const fn acquires(order: Ordering) -> bool {
    matches!(order, Ordering::Acquire | Ordering::AcqRel | Ordering::SeqCst)
}

const fn releases(order: Ordering) -> bool {
    matches!(order, Ordering::Release | Ordering::AcqRel | Ordering::SeqCst)
}

impl Graph<'_> {
    fn event(&self, n: usize) -> &Event {
        &self.path.events[n]
    }

    /// The values that events read and write, if `sb`, `rf` and the locks' order have no cycle and
    /// every guess was right.
    fn values(&self, causes: &Rel) -> Option<(Vec<usize>, Vec<usize>)> {
        let n = self.path.events.len();
        if !causes.plus().irreflexive() {
            return None;
        }
        let (mut read, mut wrote) = (vec![0; n], vec![0; n]);
        // Without a cycle, as many rounds as events settle everything.
        for _ in 0..n {
            for e in 0..n {
                read[e] = self.rf[e].map_or(0, |w| wrote[w]);
                wrote[e] = match self.event(e).value {
                    Value::None => 0,
                    Value::Given(x) => x,
                    Value::After(by) => by.map_or(0, |by| read[by]) + 1,
                };
            }
        }
        let right = |m: &Must| (m.by.map_or(0, |by| read[by]) == m.value) == m.is;
        self.path.must.iter().all(right).then_some((read, wrote))
    }

    /// The outcome, if RC11 allows the graph.
    fn outcome(&self) -> Option<Outcome> {
        let n = self.path.events.len();
        let ev = |a: usize| self.event(a);
        let what = |a: usize| ev(a).what;
        let sb = Rel::of(n, |a, b| {
            let init = ev(a).thread == INIT && ev(b).thread != INIT;
            init || ev(a).thread == ev(b).thread && ev(a).thread != INIT && a < b
        });
        let rf = Rel::of(n, |a, b| self.rf[b] == Some(a));
        let mo = Rel::of(n, |a, b| {
            let at = |list: &Vec<usize>, e| list.iter().position(|&x| x == e);
            self.mo.iter().any(|l| at(l, a).zip(at(l, b)).is_some_and(|(a, b)| a < b))
        });
        // An unlock synchronises with every later acquisition of its lock.
        let unlocked = |lock: usize| {
            let l = what(lock);
            let mut after = (lock..n).filter(|&e| ev(e).thread == ev(lock).thread);
            after.find(|&e| matches!((l, what(e)), (What::Lock(a), What::Unlock(b)) if a == b))
        };
        let lock_order = Rel::of(n, |a, b| {
            self.locks.iter().any(|list| {
                let from = list.iter().position(|&l| unlocked(l) == Some(a));
                let to = list.iter().position(|&l| l == b);
                from.zip(to).is_some_and(|(from, to)| from < to)
            })
        });
        let (read, wrote) = self.values(&sb.or(&rf).or(&lock_order))?;
        let rb = Rel::of(n, |a, b| a != b && self.rf[a].is_some_and(|w| mo.has(w, b)));
        let eco = rf.or(&mo).or(&rb).plus();
        let is_read = |a: usize| what(a).reads().is_some();
        let is_write = |a: usize| what(a).writes().is_some();
        let is_fence = |a: usize| what(a) == What::Fence;
        let update = |a: usize| matches!(what(a), What::Update(_));
        // Atomicity: an update is next to what it reads.
        let next_to =
            |w: usize, u: usize| mo.has(w, u) && !(0..n).any(|x| mo.has(w, x) && mo.has(x, u));
        if (0..n).any(|u| update(u) && !self.rf[u].is_some_and(|w| next_to(w, u))) {
            return None;
        }
        let release_fence = |a: usize| is_fence(a) && releases(ev(a).order);
        let acquire_fence = |a: usize| is_fence(a) && acquires(ev(a).order);
        let continued = rf.within(|_| true, update).plus().maybe().within(is_write, |_| true);
        let to_store = sb
            .within(release_fence, is_write)
            .or(&Rel::of(n, |a, b| a == b && is_write(a) && releases(ev(a).order)));
        let from_load = sb
            .within(is_read, acquire_fence)
            .or(&Rel::of(n, |a, b| a == b && is_read(a) && acquires(ev(a).order)));
        let sw = to_store.then(&continued).then(&rf).then(&from_load);
        let hb = sb.or(&sw).or(&lock_order).plus();
        if !hb.irreflexive() || !hb.then(&eco).irreflexive() {
            return None;
        }
        let sc = |a: usize| ev(a).order == Ordering::SeqCst;
        let (esc, fsc) = (|a: usize| sc(a) && !is_fence(a), |a: usize| sc(a) && is_fence(a));
        let elsewhere = Rel::of(n, |a, b| {
            let (x, y) = (what(a).place(), what(b).place());
            sb.has(a, b) && (x.is_none() || x != y)
        });
        let here = Rel::of(n, |a, b| {
            hb.has(a, b) && what(a).place().is_some() && what(a).place() == what(b).place()
        });
        let scb = sb.or(&elsewhere.then(&hb).then(&elsewhere)).or(&here).or(&mo).or(&rb);
        let identity = |set: &dyn Fn(usize) -> bool| Rel::of(n, |a, b| a == b && set(a));
        let from = identity(&esc).or(&hb.maybe().within(fsc, |_| true));
        let to = identity(&esc).or(&hb.maybe().within(|_| true, fsc));
        let base = from.then(&scb).then(&to);
        let fences = hb.or(&hb.then(&eco).then(&hb)).within(fsc, fsc);
        if !base.or(&fences).plus().irreflexive() {
            return None;
        }
        let threads = self.path.threads;
        let of = |t| (0..n).filter(move |&e| self.event(e).thread == t);
        Some(Outcome {
            read: (0..threads)
                .map(|t| of(t).filter(|&e| is_read(e)).map(|e| read[e]).collect())
                .collect(),
            last: self.mo.iter().map(|l| l.last().map_or(0, |&w| wrote[w])).collect(),
        })
    }
}

/// Every order of `rest` behind `first`.
fn orders(first: Vec<usize>, rest: &[usize]) -> Vec<Vec<usize>> {
    if rest.is_empty() {
        return vec![first];
    }
    let with = |i: usize| {
        let mut rest = rest.to_vec();
        let mut first = first.clone();
        first.push(rest.remove(i));
        orders(first, &rest)
    };
    (0..rest.len()).flat_map(with).collect()
}

/// One of each.
fn product(lists: &[Vec<Vec<usize>>]) -> Vec<Vec<Vec<usize>>> {
    lists.iter().fold(vec![Vec::new()], |all, list| {
        let with = |done: &Vec<Vec<usize>>| {
            let done = done.clone();
            list.iter().map(move |l| {
                let mut done = done.clone();
                done.push(l.clone());
                done
            })
        };
        all.iter().flat_map(with).collect()
    })
}

/// What RC11 allows `program`: its outcomes, and how many execution graphs there are. `None`: there
/// are too many candidates for brute force.
pub(crate) fn allowed(program: &Weak, most: usize) -> Option<(BTreeSet<Outcome>, usize)> {
    let mut outcomes = BTreeSet::new();
    let mut graphs = 0;
    let guesses: u32 = program.threads.iter().map(|code| guesses(code)).sum();
    for path in (0..1 << guesses).filter_map(|guess| Path::new(program, guess)) {
        let n = path.events.len();
        let all = |pick: &dyn Fn(What) -> bool| -> Vec<usize> {
            (0..n).filter(|&e| pick(path.events[e].what)).collect()
        };
        let mo: Vec<_> = (0..VARS)
            .map(|v| {
                let stores = all(&|w| w.writes() == Some(v));
                orders(vec![stores[0]], &stores[1..])
            })
            .collect();
        let locks: Vec<_> =
            (0..2).map(|l| orders(Vec::new(), &all(&|w| w == What::Lock(l)))).collect();
        let (mo, locks) = (product(&mo), product(&locks));
        let readers = all(&|w| w.reads().is_some());
        let sources: Vec<Vec<Vec<usize>>> = readers
            .iter()
            .map(|&r| {
                let v = path.events[r].what.reads();
                all(&|w| w.writes() == v).into_iter().filter(|&w| w != r).map(|w| vec![w]).collect()
            })
            .collect();
        let ways = sources.iter().map(Vec::len).product::<usize>();
        if ways.saturating_mul(mo.len() * locks.len()) > most {
            return None;
        }
        for sources in product(&sources) {
            let mut rf = vec![None; n];
            for (&r, w) in readers.iter().zip(&sources) {
                rf[r] = Some(w[0]);
            }
            for mo in &mo {
                for locks in &locks {
                    let (rf, mo, locks) = (rf.clone(), mo.clone(), locks.clone());
                    if let Some(outcome) = (Graph { path: &path, rf, mo, locks }).outcome() {
                        graphs += 1;
                        outcomes.insert(outcome);
                    }
                }
            }
        }
    }
    Some((outcomes, graphs))
}
