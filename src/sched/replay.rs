// SPDX-License-Identifier: GPL-2.0-only
//! Following a recorded schedule.

use super::{Choice, Event, Point, Policy, ThreadId};

/// Takes the recorded choices one by one; anything that does not fit is a divergence.
#[derive(Debug)]
pub struct Replay {
    choices: Vec<ThreadId>,
    at: usize,
}

impl Replay {
    /// The schedule `choices`.
    #[must_use]
    pub const fn new(choices: Vec<ThreadId>) -> Self {
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
        let Some(&thread) = self.choices.get(self.at) else { return Choice::Diverged };
        self.at += 1;
        if point.enabled.contains(thread) { Choice::Run(thread) } else { Choice::Diverged }
    }
}

/// The choices that led to `trace`.
#[must_use]
pub fn schedule_of(trace: &[Event]) -> Vec<ThreadId> {
    trace.iter().filter(|e| e.phase != 0).map(|e| e.thread).collect()
}

/// How often `schedule` leaves a thread that could have gone on: its preemptions, given who was
/// enabled at each point. Without that knowledge, the number of switches is an upper bound.
#[must_use]
pub fn switches(schedule: &[ThreadId]) -> usize {
    schedule.windows(2).filter(|w| w[0] != w[1]).count()
}
