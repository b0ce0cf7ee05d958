// SPDX-License-Identifier: GPL-2.0-only
//! The abstract machine of x86-TSO, written down for the comparison alone: memory, one store buffer
//! a thread, locks. It shares nothing with the simulator, and visits every state once.

use crate::program::{Instr, LOCKS, Program, VARS};
use std::collections::{BTreeSet, VecDeque};

/// An instruction without blocks inside.
enum Code {
    Load(usize),
    Store(usize, usize),
    StoreRead(usize),
    Add(usize),
    Barrier,
    /// Goes on at the second number unless the last value read is the first.
    Unless(usize, usize),
    Lock(usize),
    /// Goes on at the second number if it is held.
    TryLock(usize, usize),
    Unlock(usize),
}

/// Locks from this number on are spinlocks: their release is a store.
const SPIN: usize = LOCKS;

/// What the locks are numbered from among the simulator's objects.
const FIRST_LOCK: usize = VARS;

fn compile(code: &[Instr], out: &mut Vec<Code>) {
    for instr in code {
        match instr {
            Instr::Load(v) => out.push(Code::Load(*v)),
            Instr::Store(v, x) => out.push(Code::Store(*v, *x)),
            Instr::StoreRead(v) => out.push(Code::StoreRead(*v)),
            Instr::Add(v) => out.push(Code::Add(*v)),
            Instr::Barrier => out.push(Code::Barrier),
            Instr::If(x, code) => {
                let at = out.len();
                out.push(Code::Barrier);
                compile(code, out);
                out[at] = Code::Unless(*x, out.len());
            }
            Instr::Locked(l, code) => locked(*l, code, out),
            Instr::Spin(l, code) => locked(SPIN + l, code, out),
            Instr::TryLocked(l, code) => try_locked(*l, code, out),
            Instr::TrySpin(l, code) => try_locked(SPIN + l, code, out),
            other => panic!("the machine has no {other:?}"),
        }
    }
}

fn locked(lock: usize, code: &[Instr], out: &mut Vec<Code>) {
    out.push(Code::Lock(lock));
    compile(code, out);
    out.push(Code::Unlock(lock));
}

fn try_locked(lock: usize, code: &[Instr], out: &mut Vec<Code>) {
    let at = out.len();
    out.push(Code::Barrier);
    compile(code, out);
    out.push(Code::Unlock(lock));
    out[at] = Code::TryLock(lock, out.len());
}

/// What a store buffer holds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Stored {
    Value(usize, usize),
    Release(usize),
}

#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Thread {
    at: usize,
    last: usize,
    log: Vec<usize>,
    buffer: VecDeque<Stored>,
}

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct State {
    memory: [usize; VARS],
    held: [bool; 2 * LOCKS],
    threads: Vec<Thread>,
}

impl State {
    /// The state after thread `t` executed `code`, if it can.
    fn step(&self, t: usize, code: &Code) -> Option<Self> {
        let mut next = self.clone();
        let Thread { at, last, log, buffer } = &mut next.threads[t];
        let locked = !matches!(code, Code::Load(_) | Code::Store(..) | Code::StoreRead(_))
            && !matches!(code, Code::Unless(..))
            && !matches!(code, Code::Unlock(l) if *l >= SPIN);
        if locked && !buffer.is_empty() {
            return None;
        }
        *at += 1;
        match *code {
            Code::Load(v) => {
                let own = buffer.iter().rev().find_map(|s| match s {
                    Stored::Value(w, x) if *w == v => Some(*x),
                    _ => None,
                });
                *last = own.unwrap_or(next.memory[v]);
                log.push(*last);
            }
            Code::Store(v, x) => buffer.push_back(Stored::Value(v, x)),
            Code::StoreRead(v) => buffer.push_back(Stored::Value(v, *last + 1)),
            Code::Add(v) => {
                *last = next.memory[v];
                log.push(*last);
                next.memory[v] += 1;
            }
            Code::Barrier => {}
            Code::Unless(x, to) if *last != x => *at = to,
            Code::Unless(..) => {}
            Code::Lock(l) if next.held[l] => return None,
            Code::Lock(l) => next.held[l] = true,
            Code::TryLock(l, to) => {
                log.push(usize::from(!next.held[l]));
                if next.held[l] {
                    *at = to;
                }
                next.held[l] = true;
            }
            Code::Unlock(l) if l >= SPIN => buffer.push_back(Stored::Release(l)),
            Code::Unlock(l) => next.held[l] = false,
        }
        Some(next)
    }

    /// The state after the oldest store of thread `t` reached memory, if there is one.
    fn reach(&self, t: usize) -> Option<Self> {
        let mut next = self.clone();
        match next.threads[t].buffer.pop_front()? {
            Stored::Value(v, x) => next.memory[v] = x,
            Stored::Release(l) => next.held[l] = false,
        }
        Some(next)
    }

    /// As [`Program::run`] says it.
    fn outcome(&self, codes: &[Vec<Code>]) -> String {
        let threads = || self.threads.iter().enumerate();
        let log: Vec<(usize, usize)> =
            threads().flat_map(|(n, t)| t.log.iter().map(move |&x| (n, x))).collect();
        let blocked: Vec<String> = threads()
            .filter_map(|(n, t)| match codes[n].get(t.at)? {
                Code::Lock(l) => Some(format!("t{n}:lock:{}", FIRST_LOCK + l)),
                _ => panic!("thread {n} stands where it could go on"),
            })
            .collect();
        format!("{log:?} {:?} {blocked:?} []", self.memory)
    }
}

/// Every outcome of `program`.
pub(crate) fn outcomes(program: &Program) -> BTreeSet<String> {
    let mut codes = Vec::new();
    for thread in &program.threads {
        let mut code = Vec::new();
        compile(thread, &mut code);
        codes.push(code);
    }
    let threads = vec![Thread::default(); codes.len()];
    let first = State { memory: [0; VARS], held: [false; 2 * LOCKS], threads };
    let mut seen = BTreeSet::from([first.clone()]);
    let mut open = vec![first];
    let mut outcomes = BTreeSet::new();
    while let Some(state) = open.pop() {
        let mut rests = true;
        for (t, code) in codes.iter().enumerate() {
            let step = code.get(state.threads[t].at).and_then(|code| state.step(t, code));
            for next in step.into_iter().chain(state.reach(t)) {
                rests = false;
                if seen.insert(next.clone()) {
                    open.push(next);
                }
            }
        }
        if rests {
            outcomes.insert(state.outcome(&codes));
        }
    }
    outcomes
}
