// SPDX-License-Identifier: GPL-2.0-only
//! Which steps of an execution could have been taken the other way round.
//!
//! Happens-before here is the explorer's: program order and the order of dependent steps. (The
//! happens-before that defines data races is the memory model's, in `sync::seeded`.)
//!
//! A store buffer's steps are in program order too: a store is before the step with which it
//! reaches memory, that before the next one of the same buffer, and before the thread's next step
//! that waits for the buffer to be empty.

use super::gate::Gate;
use super::op::{Done, MAX_THREADS, Mark, SLOTS, dependent, is_buffer, owner};
use super::{Event, Fault, Op, OpKind, ThreadId, ThreadSet};
use crate::sync::seeded::{Memory, clock};

/// A clock over the threads and their store buffers.
type Clock = clock::Clock<SLOTS>;

/// A step of a concurrent phase, as the analysis knows it.
#[derive(Clone, Copy, Debug)]
struct Step {
    done: Done,
    phase: u8,
    before: Gate,
    /// Its number among its slot's steps, from 1.
    number: u32,
    /// All that happens before it, itself included.
    clock: Clock,
    /// The step before it on the same object, if any.
    previous: Option<usize>,
    /// The step before it of the same slot, if any.
    own: Option<usize>,
}

impl Step {
    const fn happens_before(&self, later: &Clock) -> bool {
        later.knows(self.done.thread, self.number)
    }
}

/// A thread's stores, by their steps' positions.
#[derive(Debug, Default)]
struct Stores {
    /// Those that went into the buffer.
    buffered: Vec<usize>,
    /// With which they reached memory: in the same order, and perhaps not yet all.
    reached: Vec<usize>,
}

/// Two steps that could have been taken the other way round.
#[derive(Clone, Copy, Debug)]
pub(super) struct Race {
    /// The index of the earlier step among the steps of the phases.
    pub(super) at: usize,
    /// The thread of the later one.
    pub(super) thread: ThreadId,
    /// The threads that can begin an execution in which the later one comes first.
    pub(super) initials: ThreadSet,
}

/// How far the search for earlier steps has come.
#[derive(Clone, Copy, Debug)]
struct Cursor {
    /// The next candidate on the step's object.
    on_object: Option<usize>,
    /// How many marked steps are still to be looked at.
    marked: usize,
}

/// The analysis; keeps what it knows of the common prefix between executions.
#[derive(Debug, Default)]
pub(super) struct Races {
    steps: Vec<Step>,
    /// By object: its last step.
    latest: Vec<Option<usize>>,
    /// By slot: its last step.
    last: [Option<usize>; SLOTS],
    /// The steps that mean something to an observer, in order.
    marked: Vec<usize>,
    /// Whether loads choose what they read (memory `ra`).
    chooses: bool,
    /// By thread: what went through its store buffer.
    stores: [Stores; MAX_THREADS],
    /// Scratch: the racing steps of the step in hand.
    racing: Vec<usize>,
    /// Only in tests of the tests.
    pub(super) fault: Option<Fault>,
}

impl Races {
    /// The analysis of executions under `memory`.
    pub(super) fn under(memory: Memory) -> Self {
        Self { chooses: memory == Memory::Ra, ..Self::default() }
    }

    /// Finds the races of `trace` whose later step is not among the first `kept` (which are those
    /// of the last trace), and those of the `blocked` threads' next steps.
    pub(super) fn analyse(
        &mut self,
        kept: usize,
        trace: &[Event],
        blocked: &[(ThreadId, Op)],
        mut found: impl FnMut(Race),
    ) {
        self.keep(kept);
        for event in trace.iter().filter(|e| e.phase != 0).skip(kept) {
            let clock = if self.chooses && event.op.kind.is_memory() {
                self.visit_access(event, &mut found)
            } else {
                self.visit(&event.done(), event.phase, &mut found)
            };
            self.push(event, clock);
        }
        let last = self.steps.last().filter(|_| !self.has(Fault::OverlooksTheBlocked));
        if let Some(phase) = last.map(|s| s.phase) {
            for &(thread, op) in blocked {
                // What it would mean to the observers is unknown, and need not be known: before it
                // can be taken at all, another order of its object's steps has to be tried.
                self.visit(&Done { thread, op, mark: Mark::default() }, phase, &mut found);
            }
        }
    }

    fn has(&self, fault: Fault) -> bool {
        self.fault == Some(fault)
    }

    /// Forgets the steps behind the first `kept`.
    fn keep(&mut self, kept: usize) {
        while self.steps.len() > kept {
            let Some(step) = self.steps.pop() else { break };
            let i = self.steps.len();
            let Done { thread, op, mark } = step.done;
            self.last[thread as usize] = step.own;
            if !mark.is_none() {
                self.marked.pop();
            }
            if is_buffer(thread) {
                self.stores[owner(thread) as usize].reached.pop();
            } else if op.kind == OpKind::Buffered {
                self.stores[thread as usize].buffered.pop();
            }
            if op.kind.has_object() {
                debug_assert_eq!(self.latest[op.obj as usize], Some(i));
                self.latest[op.obj as usize] = step.previous;
            }
        }
    }

    fn link(&mut self, i: usize) {
        let Done { thread, op, mark } = self.steps[i].done;
        self.steps[i].own = self.last[thread as usize].replace(i);
        if !mark.is_none() {
            self.marked.push(i);
        }
        if is_buffer(thread) {
            self.stores[owner(thread) as usize].reached.push(i);
        } else if op.kind == OpKind::Buffered {
            self.stores[thread as usize].buffered.push(i);
        }
        if !op.kind.has_object() {
            return;
        }
        let obj = op.obj as usize;
        if self.latest.len() <= obj {
            self.latest.resize(obj + 1, None);
        }
        self.steps[i].previous = self.latest[obj].replace(i);
    }

    fn push(&mut self, event: &Event, mut clock: Clock) {
        clock.tick(event.thread);
        self.steps.push(Step {
            done: event.done(),
            phase: event.phase,
            before: event.before,
            number: clock.of(event.thread),
            clock,
            previous: None,
            own: None,
        });
        self.link(self.steps.len() - 1);
    }

    /// The last step before `from` that may depend on a step like this one.
    fn earlier(&self, op: &Op, mark: Mark, from: Cursor) -> Option<(usize, Cursor)> {
        let marked = from.marked.checked_sub(1).filter(|_| !mark.is_none());
        let marked_at = marked.map(|n| self.marked[n]);
        let on_object = from.on_object.filter(|_| op.kind.has_object());
        let at = on_object.max(marked_at)?;
        let next = Cursor {
            on_object: if on_object == Some(at) { self.steps[at].previous } else { on_object },
            marked: if marked_at == Some(at) { from.marked - 1 } else { from.marked },
        };
        Some((at, next))
    }

    /// What is before the step `op` of `thread`, which comes after all known steps, in program
    /// order.
    fn program_order(&self, thread: ThreadId, phase: u8, op: &Op) -> Clock {
        let own = self.last[thread as usize].map(|i| &self.steps[i]);
        let own = own.filter(|s| s.phase == phase);
        let mut clock = own.map_or_else(Clock::default, |s| s.clock);
        let stores = &self.stores[owner(thread) as usize];
        let through_the_buffer = if is_buffer(thread) {
            stores.buffered.get(stores.reached.len())
        } else {
            stores.reached.last().filter(|_| op.drains())
        };
        if let Some(&i) = through_the_buffer {
            clock.join(&self.steps[i].clock);
        }
        clock
    }

    /// Finds the races of a step, which comes after all known steps; returns what happens before
    /// it.
    fn visit(&mut self, new: &Done, phase: u8, found: &mut impl FnMut(Race)) -> Clock {
        let &Done { thread, ref op, mark } = new;
        let mark = if self.has(Fault::OverlooksMarks) { Mark::default() } else { mark };
        let mut full = self.program_order(thread, phase, op);
        // `full`, without what only enabled this step: those steps do not order the two sides.
        let mut ordered = full;
        self.racing.clear();
        let mut cursor = Cursor {
            on_object: self.latest.get(op.obj as usize).copied().flatten(),
            marked: self.marked.len(),
        };
        while let Some((i, next)) = self.earlier(op, mark, cursor) {
            cursor = next;
            let step = &self.steps[i];
            let elsewhere = step.phase != phase || step.done.thread == thread;
            // What is ordered is in `full` as well, with all that happens before it.
            if elsewhere || step.happens_before(&ordered) || !dependent(&step.done, new) {
                continue;
            }
            if !self.has(Fault::LosesAJoin) {
                full.join(&step.clock);
            }
            if self.could_precede(i, op) {
                ordered.join(&self.steps[i].clock);
                self.racing.push(i);
            }
        }
        if self.has(Fault::DropsARace) {
            self.racing.truncate(1);
        }
        for &i in &self.racing {
            let initials = self.initials(i, thread, &ordered);
            found(Race { at: i, thread, initials });
        }
        full
    }

    /// The same under memory `ra`, for an access. What happens before it is its thread's past and
    /// the store it reads. It races with the loads, of other threads, that could have read it and
    /// came first; with the one it reads from as well, if that is a read-modify-write: it could have
    /// read what that one read. The loads need no order among themselves, so none hides another.
    fn visit_access(&mut self, event: &Event, found: &mut impl FnMut(Race)) -> Clock {
        let Event { thread, phase, op, chosen, .. } = *event;
        let own = self.program_order(thread, phase, &op);
        let mut full = own;
        let source = (chosen.read_from as usize).checked_sub(1);
        if let Some(step) = source.and_then(|i| self.steps.get(i)) {
            full.join(&step.clock);
        }
        let mut next = self.latest.get(op.obj as usize).copied().flatten();
        while let Some(i) = next {
            let step = &self.steps[i];
            next = step.previous;
            if step.phase != phase {
                break;
            }
            let orders = source != Some(i) || self.has(Fault::CountsReadsFrom);
            let past = if orders { full } else { own };
            let reads = step.done.thread != thread && step.done.op.kind.reads();
            if reads && op.kind.writes() && !step.happens_before(&past) {
                found(Race { at: i, thread, initials: self.initials(i, thread, &past) });
            }
        }
        full
    }

    /// Whether `op` would be enabled just before step `i`, after the steps that do not need `i`.
    fn could_precede(&self, i: usize, op: &Op) -> bool {
        if !op.kind.blocks() || self.has(Fault::StopsAtTheRelease) {
            return true;
        }
        let first = &self.steps[i];
        let mut on_object = self.steps[i..]
            .iter()
            .filter(|s| s.done.op.kind.has_object() && s.done.op.obj == op.obj)
            .peekable();
        // Nothing happened to the object since: it is as it was when `op` was taken.
        let Some(before) = on_object.peek().map(|s| s.before) else { return true };
        on_object
            .filter(|s| !first.happens_before(&s.clock))
            .fold(before, |gate, s| gate.apply(&s.done.op))
            .enabled(op)
    }

    /// The threads whose first step in `v` (see [`super::exhaustive`]) needs no other step of it.
    ///
    /// A thread's first step after step `i` decides for all of its steps: if that one needs `i`, they all
    /// do, and what needs any of them needs that one.
    fn initials(&self, i: usize, thread: ThreadId, ordered: &Clock) -> ThreadSet {
        let earlier = &self.steps[i];
        let later = (0..).zip(&self.last).filter(|(_, last)| last.is_some_and(|last| last > i));
        let mut undecided = later.fold(ThreadSet::EMPTY, |set, (t, _)| set.or(ThreadSet::only(t)));
        let mut initials = ThreadSet::EMPTY;
        let mut firsts = [i; SLOTS];
        let mut found = 0;
        for (n, step) in self.steps.iter().enumerate().skip(i + 1) {
            if undecided.is_empty() {
                break;
            }
            let slot = step.done.thread;
            if !undecided.contains(slot) {
                continue;
            }
            undecided = undecided.minus(ThreadSet::only(slot));
            if earlier.happens_before(&step.clock) {
                continue;
            }
            if !firsts[..found].iter().any(|&n| self.steps[n].happens_before(&step.clock)) {
                initials.insert(slot);
            }
            firsts[found] = n;
            found += 1;
        }
        let mut firsts = firsts[..found].iter().map(|&n| &self.steps[n]);
        if !firsts.any(|s| s.done.thread == thread || s.happens_before(ordered)) {
            initials.insert(thread);
        }
        initials
    }
}
