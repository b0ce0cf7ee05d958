// SPDX-License-Identifier: GPL-2.0-only
//! The two steps whose order decides: what a report marks where no data race names its two sides.
//!
//! Two dependent steps of different threads, neither of which had to wait for the other, are a
//! race. Of a violating execution's races, one is decisive if the same execution with these two
//! steps in the opposite order, and the rest as far as possible as it was, does not break the
//! property. There may be several: races on memory come before those on locks and work, and of
//! these the two that are nearest to each other.
//!
//! Where locks tie many steps together, no two of them can be turned round alone. Then whole runs of
//! two threads are, one after the other, and the nearest dependent steps of the two runs stand for
//! them. There may be no pair at all, where the property breaks in any order.

use super::Violation;
use crate::sched::{Alternatives, Choice, Event, OpKind, Pick, Point, Policy};
use crate::sync::seeded::{Config, End, Execution, execute};

/// The most executions this may take.
const TRIES: usize = 400;

/// The decisive pair, as positions in the trace; the earlier first.
pub fn decisive(
    config: Config,
    execution: &Execution,
    violation: &Violation,
    body: &dyn Fn(),
) -> Option<(usize, usize)> {
    let trace = &execution.trace;
    let mut races = races(trace);
    races.sort_by_key(|&(i, j)| (!(is_memory(&trace[i]) && is_memory(&trace[j])), j - i, j));
    let mut breaks = |choices: Vec<Pick>| {
        let mut policy = Guided::new(choices);
        let other = execute(Config { record: true, ..config }, &mut policy, body);
        let same = |v: &Violation| v.property == violation.property && v.code == violation.code;
        other.end != End::Completed || other.found.iter().any(|f| same(&f.violation))
    };
    let mut tries = races.into_iter().take(TRIES);
    let pair = tries.find(|&(i, j)| !breaks(reversed(trace, i, j)));
    pair.or_else(|| swapped_runs(trace, &mut breaks))
}

/// The pair that stands for two runs of threads whose order decides.
fn swapped_runs(
    trace: &[Event],
    breaks: &mut dyn FnMut(Vec<Pick>) -> bool,
) -> Option<(usize, usize)> {
    let steps: Vec<usize> = (0..trace.len()).filter(|&i| trace[i].phase != 0).collect();
    let runs: Vec<&[usize]> = steps.chunk_by(|&a, &b| trace[a].thread == trace[b].thread).collect();
    (1..runs.len().min(TRIES)).find_map(|k| {
        let pairs = runs[k - 1].iter().flat_map(|&i| runs[k].iter().map(move |&j| (i, j)));
        let tied = pairs.filter(|&(i, j)| trace[i].depends_on(&trace[j]));
        let nearest = tied.min_by_key(|&(i, j)| j - i)?;
        let mut other = runs.clone();
        other.swap(k - 1, k);
        let choices = other.concat().into_iter().map(|i| trace[i].pick()).collect();
        (!breaks(choices)).then_some(nearest)
    })
}

const fn is_memory(event: &Event) -> bool {
    matches!(event.op.kind, OpKind::Load | OpKind::Store | OpKind::Rmw)
}

/// The pairs that could have come the other way round.
fn races(trace: &[Event]) -> Vec<(usize, usize)> {
    let mut races = Vec::new();
    for i in 0..trace.len() {
        let first = &trace[i];
        if first.phase == 0 {
            continue;
        }
        let later = follows(trace, i);
        for j in i + 1..trace.len() {
            let second = &trace[j];
            let direct = second.phase == first.phase
                && second.thread != first.thread
                && first.depends_on(second);
            // Nothing between them that needs the first and that the second needs.
            let free = (i + 1..j)
                .filter(|&k| later[k])
                .all(|k| trace[k].thread != second.thread && !trace[k].depends_on(second));
            if direct && free {
                races.push((i, j));
            }
        }
    }
    races
}

/// For each step, whether it happens after step `i`.
fn follows(trace: &[Event], i: usize) -> Vec<bool> {
    let mut later = vec![false; trace.len()];
    later[i] = true;
    for k in i + 1..trace.len() {
        later[k] = (i..k)
            .filter(|&m| later[m])
            .any(|m| trace[m].thread == trace[k].thread || trace[m].depends_on(&trace[k]));
    }
    later
}

/// The order of threads in which step `j` comes before step `i`.
fn reversed(trace: &[Event], i: usize, j: usize) -> Vec<Pick> {
    let later = follows(trace, i);
    let before = (0..j).filter(|&k| k < i || !later[k]);
    let after = (i..trace.len()).filter(|&k| k != j && (k > j || later[k]));
    before
        .chain(std::iter::once(j))
        .chain(after)
        .filter(|&k| trace[k].phase != 0)
        .map(|k| trace[k].pick())
        .collect()
}

/// Follows a list of choices as far as it fits: the first of them that can be made is made, and
/// when none can, threads run on as long as they can.
#[derive(Debug)]
pub struct Guided {
    choices: Vec<Pick>,
    /// What the step that was picked last should do.
    older: usize,
}

impl Guided {
    /// Along `choices`.
    #[must_use]
    pub fn new(mut choices: Vec<Pick>) -> Self {
        choices.reverse();
        Self { choices, older: 0 }
    }
}

impl Policy for Guided {
    fn pick(&mut self, point: &Point<'_>) -> Choice {
        let at = self.choices.iter().rposition(|p| point.enabled.contains(p.thread));
        let listed = at.map(|at| self.choices.remove(at));
        self.older = listed.map_or(0, |pick| usize::from(pick.older));
        let listed = listed.map(|pick| pick.thread);
        match listed.or(point.running()).or(point.enabled.first()) {
            Some(thread) => Choice::Run(thread),
            None => Choice::Diverged,
        }
    }

    fn choose(&mut self, alternatives: &Alternatives<'_>) -> Option<usize> {
        let older = self.older;
        let fits = older < alternatives.count && (alternatives.allowed)(older);
        Some(if fits { older } else { 0 })
    }
}
