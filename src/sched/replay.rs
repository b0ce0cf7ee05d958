// SPDX-License-Identifier: GPL-2.0-only
//! Following a recorded schedule.

use super::{Alternatives, Choice, Event, Pick, Point, Policy};

/// Takes the recorded choices one by one; anything that does not fit is a divergence.
#[derive(Debug)]
pub struct Replay {
    choices: Vec<Pick>,
    at: usize,
}

impl Replay {
    /// The schedule `choices`.
    #[must_use]
    pub const fn new(choices: Vec<Pick>) -> Self {
        Self { choices, at: 0 }
    }

    /// How many choices were used.
    #[must_use]
    pub const fn used(&self) -> usize {
        self.at
    }

    /// How many choices there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.choices.len()
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.choices.is_empty()
    }
}

impl Policy for Replay {
    fn pick(&mut self, point: &Point<'_>) -> Choice {
        let Some(&Pick { thread, .. }) = self.choices.get(self.at) else {
            return Choice::Diverged;
        };
        self.at += 1;
        if point.enabled.contains(thread) { Choice::Run(thread) } else { Choice::Diverged }
    }

    fn choose(&mut self, alternatives: &Alternatives<'_>) -> Option<usize> {
        let pick = self.at.checked_sub(1).and_then(|at| self.choices.get(at));
        let older = pick.map_or(0, |pick| usize::from(pick.older));
        // What there is not, or is not allowed, is a divergence.
        let fits = older < alternatives.count && (alternatives.allowed)(older);
        Some(if fits { older } else { alternatives.count })
    }
}

/// The choices that led to `trace`.
#[must_use]
pub fn schedule_of(trace: &[Event]) -> Vec<Pick> {
    trace.iter().filter(|e| e.phase != 0).map(Event::pick).collect()
}

/// How often `schedule` leaves a thread that could have gone on: its preemptions, given who was
/// enabled at each point. Without that knowledge, the number of switches is an upper bound.
#[must_use]
pub fn switches(schedule: &[Pick]) -> usize {
    schedule.windows(2).filter(|w| w[0].thread != w[1].thread).count()
}

/// How many of its choices are to see something older than the newest.
#[must_use]
pub fn stale(schedule: &[Pick]) -> usize {
    schedule.iter().filter(|pick| pick.older > 0).count()
}
