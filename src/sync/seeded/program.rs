// SPDX-License-Identifier: GPL-2.0-only
//! A program that one exploration runs again and again, and that is put back instead of run from the start.
//!
//! [`super::beginning`] knows what the steps did that an execution repeats; but to take the first new one,
//! the program itself has to be where it was: its data, its stacks. It can be run up to there once
//! more. Here it is copied: a [`Snapshot`] has all that the program allocated ([`super::region`]), what is
//! on the stacks of its threads, and the simulator's state.
//!
//! # How
//! ```text
//! Program::execute: the nearest snapshot before the first new step is put back (or the body begins)
//!   -> the steps between are repeated
//!   -> before the first new step everybody suspends: a snapshot is taken there, if it is worth it
//!   -> the program goes on; when it is over, it is left as it is: nothing is dropped, or unwound
//! ```
//! The script runs on a stack of its own, so that it can be left, too.
//!
//! # Invariants
//! - A snapshot is taken, and put back, while every thread of the program is suspended; what the next
//!   instruction of each needs is on its stack.
//! - What the program owns lies in its region or on its stacks, and what the simulator owns does not: so
//!   the program runs with the region lent, and `exec::with` withdraws it.
//! - The first execution is an ordinary one. What is made once for all (a static that is made when it
//!   is first used) is made then, outside the region.
//! - No program has anything but memory: no file, no lock of the process.
//!
//! Snapshots are taken in the first phase only, and under memory `ra`, as beginnings are.

use super::exec::{Coroutine, Exec, Lent, Object, STACK, Slot, Yield, run_under, with};
use super::execution::{Config, Execution, Found};
use super::pending::Pending;
use super::region::Region;
use crate::sched::op::{MAIN, MAX_THREADS};
use crate::sched::{Policy, ThreadId};
use crate::sync::mutation;
use corosensei::CoroutineResult;
use corosensei::stack::{DefaultStack, Stack};
use std::mem::MaybeUninit;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// How many steps are rather repeated than put back.
const GAP: u64 = 6;

/// How far below a local of the function that suspends a thread its stack may be in use.
const SLACK: usize = 512;

/// A program, and what is kept of it between executions.
///
/// What the body allocates is gone with the execution, though nothing was dropped: so it must leave nothing
/// of it where others look later (a table outside, a `thread_local!`). Counting is fine. In a binary that
/// does not allocate with [`super::ProgramMemory`], each execution is an ordinary one, and may leave
/// what it likes.
pub struct Program<'a> {
    body: &'a dyn Fn(),
    kept: Option<Box<Kept>>,
    /// Whether it can be kept at all, once that is known.
    keeps: Option<bool>,
}

impl std::fmt::Debug for Program<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Program").field("keeps", &self.keeps).finish_non_exhaustive()
    }
}

struct Kept {
    region: Region,
    /// By thread.
    stacks: Vec<DefaultStack>,
    /// The script. It is never dropped: all that it owns is forgotten.
    main: MaybeUninit<Coroutine>,
    /// In the order of their steps, which each begins with.
    snapshots: Vec<Snapshot>,
}

/// The program before a step.
struct Snapshot {
    memory: Vec<u8>,
    /// By thread: from where on its stack is in use, and what is there.
    stacks: Vec<(usize, Vec<u8>)>,
    main: MaybeUninit<Coroutine>,
    exec: Frozen,
}

/// The simulator's state, as far as it is not known from the beginning.
pub(super) struct Frozen {
    objects: Vec<Object>,
    threads: Vec<Slot>,
    pending: Pending,
    found: Vec<Found>,
    observers: u8,
    current: ThreadId,
    now: u64,
    phase: u8,
    phases: u8,
    last: Option<ThreadId>,
    depth: usize,
    blind: bool,
    coarse: bool,
    steps: u64,
    limit: u64,
    hash: u64,
}

impl<'a> Program<'a> {
    /// A program that runs `body`.
    #[must_use]
    pub const fn new(body: &'a dyn Fn()) -> Self {
        Self { body, kept: None, keeps: None }
    }

    /// Runs it as [`super::execute`] would. Between two calls the policy must have learned from the
    /// execution ([`Policy::beginning`]), and no other program.
    pub fn execute(&mut self, config: Config, policy: &mut dyn Policy) -> Execution {
        if self.kept.is_none() {
            if self.keeps == Some(true) {
                self.kept = Kept::new();
            }
            if self.kept.is_none() {
                let execution = super::execute(config, policy, self.body);
                let known = self.keeps.is_some();
                self.keeps = Some(!known && execution.plain && policy.beginning().is_some());
                return execution;
            }
        }
        let Some(kept) = &mut self.kept else { return super::execute(config, policy, self.body) };
        let (execution, whole) = kept.execute(config, policy, self.body);
        if !whole {
            self.kept = None;
        }
        execution
    }
}

impl Kept {
    fn new() -> Option<Box<Self>> {
        let region = Region::new()?;
        let stacks = (0..MAX_THREADS).map(|_| DefaultStack::new(STACK)).collect::<Result<_, _>>();
        Some(Box::new(Self {
            region,
            stacks: stacks.ok()?,
            main: MaybeUninit::uninit(),
            snapshots: Vec::new(),
        }))
    }

    /// False: it cannot be put back any more.
    fn execute(
        &mut self,
        config: Config,
        policy: &mut dyn Policy,
        body: &dyn Fn(),
    ) -> (Execution, bool) {
        let mut whole = true;
        let execution = run_under(config, policy, || {
            self.begin(body);
            let result = loop {
                // SAFETY: `begin` has made it, or put it back.
                let main = unsafe { self.main.assume_init_mut() };
                let resume = || catch_unwind(AssertUnwindSafe(|| main.resume(())));
                let (result, room) = self.region.lend(resume);
                whole &= room;
                match result {
                    Ok(CoroutineResult::Yield(())) if with(|e| e.paused) == Some(true) => {
                        self.paused(whole);
                    }
                    Ok(_) => break Ok(()),
                    Err(panic) => break Err(panic),
                }
            };
            with(|e| {
                e.parked.drain(..).for_each(|(_, coroutine)| std::mem::forget(coroutine));
                std::mem::swap(&mut e.stacks, &mut self.stacks);
            });
            result
        });
        (execution, whole)
    }

    /// The program is where the nearest snapshot has it, or at its start.
    fn begin(&mut self, body: &dyn Fn()) {
        with(|e| {
            std::mem::swap(&mut e.stacks, &mut self.stacks);
            e.kept = true;
            let first_new = e.repeated;
            while self.snapshots.last().is_some_and(|s| s.exec.steps > first_new) {
                self.snapshots.pop();
            }
            let from = match self.snapshots.last() {
                Some(snapshot) => {
                    snapshot.put_back(e, &mut self.region, &mut self.main);
                    e.steps
                }
                None => {
                    self.region.reset();
                    self.main = MaybeUninit::new(script(&e.stacks[MAIN as usize], body));
                    0
                }
            };
            e.pause_at = (first_new >= from + GAP).then_some(first_new);
        });
    }

    /// Everybody suspended.
    fn paused(&mut self, whole: bool) {
        with(|e| {
            e.paused = false;
            e.pause_at = None;
            if whole {
                self.snapshots.push(Snapshot::take(e, &self.region, &self.main));
            }
        });
    }
}

/// The script, on its own stack.
fn script(stack: &DefaultStack, body: &dyn Fn()) -> Coroutine {
    // SAFETY: only the lifetime is erased. The body outlives the program, and so the coroutine's last
    // resumption.
    let body = unsafe { std::mem::transmute::<&dyn Fn(), &'static dyn Fn()>(body) };
    Coroutine::with_stack(Lent::of(stack), move |yielder: &Yield, ()| {
        with(|e| e.threads[MAIN as usize].yielder.set(yielder));
        body();
    })
}

/// The script suspends: to be copied, or because the execution is over.
pub(super) fn pause() {
    super::turn::suspend_thread(MAIN);
}

impl Snapshot {
    fn take(exec: &Exec, region: &Region, main: &MaybeUninit<Coroutine>) -> Self {
        let used = |(slot, stack): (&Slot, &DefaultStack)| {
            let from = match slot.low.get() {
                0 => stack.base().get(),
                low => low.saturating_sub(SLACK).max(stack.limit().get()),
            };
            // SAFETY: the stack is mapped from there to its base, and its thread is suspended.
            let copy = unsafe {
                std::slice::from_raw_parts(from as *const u8, stack.base().get() - from).to_vec()
            };
            (from, copy)
        };
        Self {
            memory: region.copy(),
            stacks: exec.threads.iter().zip(&exec.stacks).map(used).collect(),
            // SAFETY: a copy of its bytes, which is not used but to put them back.
            main: unsafe { std::ptr::read(main) },
            exec: exec.freeze(),
        }
    }

    fn put_back(&self, exec: &mut Exec, region: &mut Region, main: &mut MaybeUninit<Coroutine>) {
        region.put_back(&self.memory);
        for (from, bytes) in &self.stacks {
            // SAFETY: as in `take`.
            unsafe {
                std::ptr::copy_nonoverlapping(bytes.as_ptr(), *from as *mut u8, bytes.len());
            }
        }
        // SAFETY: the bytes that it had; what it was since then is forgotten.
        *main = unsafe { std::ptr::read(&raw const self.main) };
        exec.thaw(&self.exec);
    }
}

impl Exec {
    fn freeze(&self) -> Frozen {
        Frozen {
            objects: self.objects.clone(),
            threads: self.threads.clone(),
            pending: self.pending,
            found: self.found.clone(),
            observers: self.observers,
            current: self.current,
            now: self.now,
            phase: self.phase,
            phases: self.phases,
            last: self.last,
            depth: self.depth,
            blind: self.blind,
            coarse: self.coarse,
            steps: self.steps,
            limit: self.limit,
            hash: self.hash,
        }
    }

    fn thaw(&mut self, frozen: &Frozen) {
        self.quick = false;
        self.objects.clone_from(&frozen.objects);
        self.threads.clone_from(&frozen.threads);
        self.pending = frozen.pending;
        self.found.clone_from(&frozen.found);
        self.observers = frozen.observers;
        self.current = frozen.current;
        self.now = frozen.now;
        self.phase = frozen.phase;
        self.phases = frozen.phases;
        self.last = frozen.last;
        self.depth = frozen.depth;
        self.blind = frozen.blind;
        self.coarse = frozen.coarse;
        self.steps = frozen.steps;
        self.limit = frozen.limit;
        self.hash = frozen.hash;
    }

    /// Whether everybody is to suspend before the next decision.
    pub(super) fn pauses(&self) -> bool {
        self.pause_at == Some(self.steps) && self.keeps && !mutation::any()
    }
}
