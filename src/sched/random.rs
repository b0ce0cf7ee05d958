// SPDX-License-Identifier: GPL-2.0-only
//! Random scheduling: uniform, and probabilistic concurrency testing.

use super::op::{MAX_THREADS, SLOTS};
use super::{Alternatives, Choice, Point, Policy};
use fastrand::Rng;

/// What a step does, where it has a choice: half of the time the newest, a quarter of the time the
/// next older one, and so on. What is not allowed gives way to what is newer.
fn draw(rng: &mut Rng, alternatives: &Alternatives<'_>) -> usize {
    let mut older = 0;
    while older + 1 < alternatives.count && rng.bool() {
        older += 1;
    }
    (1..=older).rev().find(|&n| (alternatives.allowed)(n)).unwrap_or(0)
}

/// Picks uniformly among the enabled threads.
#[derive(Debug)]
pub struct Random(Rng);

impl Random {
    /// The schedule of `seed`.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(Rng::with_seed(seed))
    }
}

impl Policy for Random {
    fn pick(&mut self, point: &Point<'_>) -> Choice {
        let n = self.0.usize(..point.enabled.len().max(1));
        point.enabled.nth(n).map_or(Choice::Diverged, Choice::Run)
    }

    fn choose(&mut self, alternatives: &Alternatives<'_>) -> Option<usize> {
        Some(draw(&mut self.0, alternatives))
    }
}

/// PCT (Burckhardt, Kothari, Musuvathi, Nagarakatte, ASPLOS 2010): threads run by random
/// priority, and at `depth - 1` random steps the running thread's priority drops below all
/// others. Finds a bug of depth `d` among `n` threads and `k` steps with probability at least
/// `1 / (n * k^(d-1))` in one run.
#[derive(Debug)]
pub struct Pct {
    /// By slot; higher runs first. A store buffer has one of its own: that of a thread, and goes
    /// before it or after.
    priority: [u32; SLOTS],
    /// Steps at which the running thread drops, ascending.
    changes: Vec<usize>,
    next_change: usize,
    /// For what steps do where they have a choice.
    rng: Rng,
}

impl Pct {
    /// The schedule of `seed` for a program of about `steps` scheduling points.
    #[must_use]
    pub fn new(seed: u64, depth: usize, steps: usize) -> Self {
        let mut rng = Rng::with_seed(seed);
        let drops = depth.saturating_sub(1);
        let mut threads: [u32; MAX_THREADS] = std::array::from_fn(|i| 2 * (i + drops) as u32);
        rng.shuffle(&mut threads);
        let mut changes: Vec<usize> = (0..drops).map(|_| rng.usize(..steps.max(1))).collect();
        changes.sort_unstable();
        let mut priority = [0; SLOTS];
        let (first, buffers) = priority.split_at_mut(MAX_THREADS);
        first.copy_from_slice(&threads);
        for buffer in buffers {
            let thread = threads[rng.usize(..MAX_THREADS)];
            *buffer = if rng.bool() { thread + 1 } else { thread.saturating_sub(1) };
        }
        Self { priority, changes, next_change: 0, rng }
    }
}

impl Policy for Pct {
    fn pick(&mut self, point: &Point<'_>) -> Choice {
        while self.changes.get(self.next_change).is_some_and(|&at| at <= point.depth) {
            if let Some(last) = point.last {
                // Later drops land lower than earlier ones, and all below the initial priorities.
                self.priority[last as usize] = (self.changes.len() - 1 - self.next_change) as u32;
            }
            self.next_change += 1;
        }
        let first = point.enabled.iter().max_by_key(|&t| self.priority[t as usize]);
        first.map_or(Choice::Diverged, Choice::Run)
    }

    fn choose(&mut self, alternatives: &Alternatives<'_>) -> Option<usize> {
        Some(draw(&mut self.rng, alternatives))
    }
}
