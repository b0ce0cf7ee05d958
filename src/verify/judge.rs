// SPDX-License-Identifier: GPL-2.0-only
//! Running one body many times: until everything is explored, every property is broken, or the
//! budget is spent.

use super::distinct::Distinct;
use super::{Property, Violation};
use crate::sched::replay::{stale, switches};
use crate::sched::{
    Alternatives, Bounded, Choice, Exhaustive, Pct, Pick, Point, Policy, Random, Replay, Share,
    schedule_of,
};
use crate::sync::seeded::{Config, End, Execution, Memory, Program, execute};
use std::collections::BTreeMap;

/// How schedules are chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strategy {
    /// Every Mazurkiewicz trace: source-set DPOR with sleep sets.
    Exhaustive,
    /// Every schedule with at most this many preemptions, without reduction.
    Preemptions(usize),
    /// Uniformly random.
    Random,
    /// Probabilistic concurrency testing of this depth.
    Pct(usize),
}

/// What to run and how long.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// How schedules are chosen.
    pub strategy: Strategy,
    /// The memory model.
    pub memory: Memory,
    /// The first seed of random strategies; execution `i` uses `seed + i`.
    pub seed: u64,
    /// The most executions.
    pub executions: u64,
    /// The most steps of one execution.
    pub max_steps: u64,
    /// Of an exhaustive exploration: which share is explored.
    pub share: Share,
}

impl Plan {
    /// A tiny script explored completely under `memory`, unless that takes more than `executions`.
    #[must_use]
    pub const fn everything(memory: Memory, executions: u64) -> Self {
        Self {
            strategy: Strategy::Exhaustive,
            memory,
            // Nothing is drawn.
            seed: 1,
            executions,
            max_steps: 5_000,
            share: Share::WHOLE,
        }
    }
}

/// An execution that breaks a property.
#[derive(Clone, Debug)]
pub struct Counterexample {
    /// What broke.
    pub violation: Violation,
    /// Who took each step of the concurrent phases, and what it chose to do.
    pub schedule: Vec<Pick>,
    /// The threads' names, by slot.
    pub threads: Vec<String>,
    /// The digest of the whole execution.
    pub hash: u64,
}

/// What a plan found out.
#[derive(Clone, Debug, Default)]
pub struct Judged {
    /// Executions that ran.
    pub executions: u64,
    /// Executions cut short because all that could follow was known; not counted above.
    pub pruned: u64,
    /// Executions that a finding cut short; counted above.
    pub cut: u64,
    /// Whether the strategy has nothing left (always false for the random ones).
    pub complete: bool,
    /// The longest execution, in steps.
    pub longest: u64,
    /// The first counterexample of each property.
    pub found: BTreeMap<Property, Counterexample>,
    /// Whether the ghost lost track in one of them.
    pub blind: bool,
    /// Whether in one of them something was not tried that memory `ra` allows.
    pub coarse: bool,
    /// A digest of all executions, in order.
    pub hash: u64,
    /// The different executions among them.
    pub distinct: Distinct,
    /// A panic of the model's own: the verdict is void.
    pub panicked: Option<String>,
}

impl Judged {
    /// Whether "no counterexample" means "there is none": everything was explored, no path was
    /// cut short by another finding, and no racy value could have hidden behind the order of
    /// synchronisation.
    #[must_use]
    pub fn exhaustive(&self) -> bool {
        self.complete && self.cut == 0 && !self.coarse && !self.found.contains_key(&Property::C4)
    }

    fn note(&mut self, execution: &Execution) {
        match execution.end {
            End::Pruned => {
                self.pruned += 1;
                return;
            }
            End::Violated | End::Diverged | End::Panicked => self.cut += 1,
            End::Completed => {}
        }
        self.executions += 1;
        self.blind |= execution.blind;
        self.coarse |= execution.coarse;
        self.longest = self.longest.max(execution.steps);
        self.hash = self.hash.rotate_left(7) ^ execution.hash;
        self.distinct.add(execution.hash);
        if let Some(message) = &execution.panic {
            self.panicked.get_or_insert_with(|| message.clone());
        }
        for found in &execution.found {
            self.found
                .entry(found.violation.property)
                .or_insert_with(|| counterexample(execution, &found.violation));
        }
    }

    fn decided(&self) -> bool {
        self.panicked.is_some() || Property::CHECKED.iter().all(|p| self.found.contains_key(p))
    }
}

pub(crate) fn counterexample(execution: &Execution, violation: &Violation) -> Counterexample {
    Counterexample {
        violation: violation.clone(),
        schedule: schedule_of(&execution.trace),
        threads: execution.threads.clone(),
        hash: execution.hash,
    }
}

/// A strategy in progress.
enum Explorer {
    Exhaustive(Box<Exhaustive>),
    Bounded(Bounded),
    Random(Random),
    Pct(Pct),
}

impl Explorer {
    /// For execution number `run`. A share is divided at `depth`.
    fn new(plan: &Plan, depth: usize, longest: u64, run: u64) -> Self {
        let seed = plan.seed.wrapping_add(run);
        match plan.strategy {
            Strategy::Exhaustive => {
                Self::Exhaustive(Box::new(Exhaustive::sharing(plan.memory, plan.share, depth)))
            }
            Strategy::Preemptions(n) => Self::Bounded(Bounded::new(Some(n))),
            Strategy::Random => Self::Random(Random::new(seed)),
            Strategy::Pct(depth) => {
                let steps = usize::try_from(longest).unwrap_or(usize::MAX).max(32);
                Self::Pct(Pct::new(seed, depth, steps))
            }
        }
    }

    fn policy(&mut self) -> &mut dyn Policy {
        match self {
            Self::Exhaustive(p) => p.as_mut(),
            Self::Bounded(p) => p,
            Self::Random(p) => p,
            Self::Pct(p) => p,
        }
    }

    /// Whether the execution just finished is of the plan's share.
    fn is_ours(&self) -> bool {
        !matches!(self, Self::Exhaustive(p) if !p.is_ours())
    }

    /// Prepares the next execution; false when there is none.
    fn advance(&mut self, plan: &Plan, execution: &Execution, run: u64, longest: u64) -> bool {
        match self {
            Self::Exhaustive(p) => p.advance(execution),
            Self::Bounded(p) => p.advance(),
            Self::Random(_) | Self::Pct(_) => {
                *self = Self::new(plan, 0, longest, run);
                true
            }
        }
    }
}

/// Carries out `plan` on `body`. `go_on` is asked now and then, with the executions so far, and
/// may stop it.
///
/// What `body` makes it may keep nowhere but in itself: see [`Program`]. Whoever wants to look at it
/// uses [`explore`].
pub fn judge(plan: &Plan, body: &dyn Fn(), go_on: &mut dyn FnMut(u64) -> bool) -> Judged {
    judge_until(plan, body, &Judged::decided, go_on)
}

/// The same, and it stops as soon as `enough` says so of what is known by then.
pub fn judge_until(
    plan: &Plan,
    body: &dyn Fn(),
    enough: &dyn Fn(&Judged) -> bool,
    go_on: &mut dyn FnMut(u64) -> bool,
) -> Judged {
    const ASK_EVERY: u64 = 256;
    let mut judged = Judged::default();
    let mut program = Program::new(body);
    let mut run_once = |policy: &mut dyn Policy| program.execute(plan.config(), policy);
    let complete = explore_by(&mut run_once, plan, body, &mut |run, execution| {
        judged.note(execution);
        let spent = judged.executions + judged.pruned >= plan.executions;
        let decided = judged.panicked.is_some() || enough(&judged);
        !spent && !decided && (run % ASK_EVERY != 0 || go_on(judged.executions))
    });
    judged.complete = complete;
    judged
}

/// How many heads ([`crate::sched::share`]) an exploration is divided into, at least, for each of
/// its shares: so many that none of them is much larger than the others.
const HEADS_A_SHARE: u64 = 8;

/// The depth at which the exploration of `plan` is divided, if it is: the least at which there are
/// enough heads, or none is left to be divided. The same for all shares.
fn depth_of(plan: &Plan, body: &dyn Fn()) -> usize {
    const STEP: usize = 3;
    if plan.strategy != Strategy::Exhaustive || plan.share.is_whole() {
        return 0;
    }
    let wanted = HEADS_A_SHARE * u64::from(plan.share.of);
    // A share that has no head: all that it does is to count them.
    let none = Share { index: plan.share.of, ..plan.share };
    for depth in (STEP..).step_by(STEP) {
        let mut explorer = Exhaustive::sharing(plan.memory, none, depth);
        let mut divided = false;
        loop {
            let execution = execute(plan.config(), &mut explorer, body);
            divided |= explorer.is_foreign();
            if !explorer.advance(&execution) || explorer.heads() >= wanted {
                break;
            }
        }
        if explorer.heads() >= wanted || !divided {
            return depth;
        }
    }
    0
}

/// Runs `body` as `plan` says, whatever its budget, for as long as `visit` wants, which sees every
/// execution and its number. Whether the strategy has nothing left.
pub fn explore(
    plan: &Plan,
    body: &dyn Fn(),
    visit: &mut dyn FnMut(u64, &Execution) -> bool,
) -> bool {
    let mut run = |policy: &mut dyn Policy| execute(plan.config(), policy, body);
    explore_by(&mut run, plan, body, visit)
}

/// The same, where `run` runs the body once.
fn explore_by(
    run_once: &mut dyn FnMut(&mut dyn Policy) -> Execution,
    plan: &Plan,
    body: &dyn Fn(),
    visit: &mut dyn FnMut(u64, &Execution) -> bool,
) -> bool {
    let mut explorer = Explorer::new(plan, depth_of(plan, body), 0, 0);
    let mut longest = 0;
    for run in 1.. {
        let execution = run_once(explorer.policy());
        if execution.end != End::Pruned {
            longest = longest.max(execution.steps);
        }
        let go_on = !explorer.is_ours() || visit(run, &execution);
        let more = explorer.advance(plan, &execution, run, longest);
        execution.recycle();
        if !more {
            return true;
        }
        if !go_on {
            break;
        }
    }
    false
}

impl Plan {
    /// What each execution runs under.
    #[must_use]
    pub const fn config(&self) -> Config {
        Config { memory: self.memory, max_steps: self.max_steps, record: true }
    }
}

/// A schedule that was followed.
#[derive(Debug)]
pub struct Replayed {
    /// What came of it.
    pub execution: Execution,
    /// How many of its choices were used.
    pub used: usize,
    /// How often it left a thread that could have gone on.
    pub preemptions: usize,
}

/// Replays `schedule` on `body`.
pub fn replay(config: Config, schedule: &[Pick], body: &dyn Fn()) -> Replayed {
    let mut policy = Replay::new(schedule.to_vec());
    let mut counting = Counting::new(&mut policy);
    let execution = execute(Config { record: true, ..config }, &mut counting, body);
    let preemptions = counting.preemptions;
    Replayed { execution, used: policy.used(), preemptions }
}

/// A policy whose preemptions are counted.
pub struct Counting<'a> {
    inner: &'a mut dyn Policy,
    /// How often it left a thread that could have gone on.
    pub preemptions: usize,
}

impl<'a> Counting<'a> {
    /// Counts those of `inner`.
    pub const fn new(inner: &'a mut dyn Policy) -> Self {
        Self { inner, preemptions: 0 }
    }
}

impl Policy for Counting<'_> {
    fn pick(&mut self, point: &Point<'_>) -> Choice {
        let repeated = self.inner.repeat().map(Choice::Run);
        let choice = repeated.unwrap_or_else(|| self.inner.pick(point));
        if let (Choice::Run(chosen), Some(running)) = (choice, point.running()) {
            self.preemptions += usize::from(chosen != running);
        }
        choice
    }

    fn choose(&mut self, alternatives: &Alternatives<'_>) -> Option<usize> {
        self.inner.repeat_choice().or_else(|| self.inner.choose(alternatives))
    }
}

/// Looks for a counterexample to the same property with fewer preemptions, then with fewer steps:
/// enumerates the schedules with no preemption, one, two, ..., at most `executions` in all.
pub fn minimise(
    plan: &Plan,
    original: &Counterexample,
    executions: u64,
    body: &dyn Fn(),
) -> Counterexample {
    let mut left = executions;
    let most = switches(&original.schedule) + stale(&original.schedule);
    for preemptions in 0..=most {
        let mut best: Option<Counterexample> = None;
        let mut policy = Bounded::new(Some(preemptions));
        loop {
            if left == 0 {
                return best.unwrap_or_else(|| original.clone());
            }
            left -= 1;
            let execution = execute(plan.config(), &mut policy, body);
            let same = |v: &Violation| {
                v.property == original.violation.property && v.code == original.violation.code
            };
            if let Some(found) = execution.found.iter().find(|f| same(&f.violation)) {
                let candidate = counterexample(&execution, &found.violation);
                if best.as_ref().is_none_or(|b| candidate.schedule.len() < b.schedule.len()) {
                    best = Some(candidate);
                }
            }
            if !policy.advance() {
                break;
            }
        }
        if let Some(best) = best {
            return best;
        }
    }
    original.clone()
}
