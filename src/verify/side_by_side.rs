// SPDX-License-Identifier: GPL-2.0-only
//! One exhaustive exploration on several OS threads.
//!
//! How an exploration divides is known only as it goes on: most of it lies below one of the first branches, and
//! executions part where a load has a choice, or a race was found. So it is divided as it goes on, in
//! rounds. In a round each part ([`crate::sched::Exhaustive::split`]) that has anything to try runs a
//! fixed number of executions; then their news are passed on, and as long as there are few, those that are
//! not done are split.
//!
//! # Invariants
//! - What happens in a round depends on the parts alone, and between rounds they are seen to in the order in
//!   which they were made: so the result is the same on however many threads, and whoever is faster.

use super::judge::{Judged, Plan};
use crate::sched::Exhaustive;
use crate::sync::pool::parallel_map;
use crate::sync::seeded::Program;
use std::sync::{Mutex, PoisonError};

/// With fewer parts that have something to try than that, those are split that are not done.
const WANTED: usize = 32;

/// The most parts: those that have nothing to try any more are kept, too.
const MOST: usize = 10_000;

/// How much is done side by side.
#[derive(Clone, Copy, Debug)]
pub struct Sides {
    /// On how many OS threads.
    pub jobs: usize,
    /// How many executions a part runs in a round. What is found first depends on it.
    pub slice: u64,
}

impl Sides {
    /// On so many OS threads, and otherwise as it pays.
    #[must_use]
    pub const fn on(jobs: usize) -> Self {
        Self { jobs, slice: 1_000 }
    }
}

struct Part {
    explorer: Mutex<Exhaustive>,
    /// By node above its own: whose it is.
    owners: Vec<usize>,
    /// Whether it has anything to try.
    busy: bool,
}

/// Carries out `plan`, an exhaustive one, on several OS threads. `go_on` is asked between rounds, with the
/// executions so far, and may stop it. As for [`super::judge::judge`], `body` keeps nothing but in itself.
pub fn judge_side_by_side(
    plan: &Plan,
    sides: Sides,
    body: &(dyn Fn() + Sync),
    go_on: &mut dyn FnMut(u64) -> bool,
) -> Judged {
    let whole = Mutex::new(Exhaustive::under(plan.memory));
    let mut parts = vec![Part { explorer: whole, owners: Vec::new(), busy: true }];
    let mut judged = Judged::default();
    loop {
        let busy: Vec<usize> = (0..parts.len()).filter(|&i| parts[i].busy).collect();
        if busy.is_empty() {
            judged.complete = true;
            return judged;
        }
        let run = |_, &i: &usize| slice(plan, sides.slice, &parts[i].explorer, body);
        let slices = parallel_map(sides.jobs, &busy, run);
        for (&i, (slice, more)) in busy.iter().zip(slices) {
            judged.absorb(slice);
            parts[i].busy = more;
        }
        for &i in &busy {
            pass_on_news(&mut parts, i);
        }
        let spent = judged.executions + judged.pruned >= plan.executions;
        if spent || judged.decided() || !go_on(judged.executions) {
            return judged;
        }
        let mut left = parts.iter().filter(|p| p.busy).count();
        for i in busy {
            if left >= WANTED || parts.len() >= MOST {
                break;
            }
            if parts[i].busy {
                let before = parts.len();
                split(&mut parts, i);
                left += parts[before..].iter().filter(|p| p.busy).count();
                left -= usize::from(!parts[i].busy);
            }
        }
    }
}

/// One part in one round; whether it is not done.
fn slice(
    plan: &Plan,
    executions: u64,
    explorer: &Mutex<Exhaustive>,
    body: &(dyn Fn() + Sync),
) -> (Judged, bool) {
    let mut explorer = explorer.lock().unwrap_or_else(PoisonError::into_inner);
    let mut program = Program::new(body);
    let mut judged = Judged::default();
    for _ in 0..executions {
        let execution = program.execute(plan.config(), &mut *explorer);
        judged.note(&execution);
        let more = explorer.advance(&execution);
        execution.recycle();
        if !more {
            explorer.rest();
            return (judged, false);
        }
    }
    (judged, true)
}

fn explorer_of(part: &mut Part) -> &mut Exhaustive {
    part.explorer.get_mut().unwrap_or_else(PoisonError::into_inner)
}

/// What part `i` found is to be tried above its own node, whoever has those nodes hears.
fn pass_on_news(parts: &mut [Part], i: usize) {
    for (at, threads) in explorer_of(&mut parts[i]).take_news() {
        let owner = &mut parts[parts[i].owners[at]];
        let busy = owner.busy;
        owner.busy = explorer_of(owner).hear(threads, busy);
    }
}

/// Part `i` keeps its own node, and of each node further down there is a new part.
fn split(parts: &mut Vec<Part>, i: usize) {
    let explorer = std::mem::take(explorer_of(&mut parts[i]));
    let mut owners = parts[i].owners.clone();
    for (n, (explorer, busy)) in explorer.split().into_iter().enumerate() {
        let number = if n == 0 { i } else { parts.len() };
        let explorer = Mutex::new(explorer);
        let part = Part { explorer, owners: owners.clone(), busy };
        match n {
            0 => parts[i] = part,
            _ => parts.push(part),
        }
        owners.push(number);
    }
}
