// SPDX-License-Identifier: GPL-2.0-only
//! How far long work is, on standard error, if that is a terminal and otherwise not at all.
//!
//! The one room for the clock: what is measured here is shown, and stops work that has a budget,
//! but never decides what a run does. No locks: whoever works in parallel reports to one owner.

use std::io::{IsTerminal, Write, stderr};
use std::time::{Duration, Instant};

/// Time since it was started.
#[derive(Clone, Copy, Debug)]
pub struct Stopwatch(Instant);

impl Stopwatch {
    /// Starts now.
    #[must_use]
    #[allow(clippy::disallowed_methods, reason = "timing is shown; it decides nothing in a run")]
    pub fn start() -> Self {
        Self(Instant::now())
    }

    /// How long ago that was.
    #[must_use]
    pub fn elapsed(self) -> Duration {
        self.0.elapsed()
    }

    /// How long ago that was, in seconds to the millisecond.
    #[must_use]
    pub fn seconds(self) -> f64 {
        crate::report::json::seconds(self.elapsed().as_secs_f64())
    }

    /// Whether `budget`, if there is one, is spent.
    #[must_use]
    pub fn is_over(self, budget: Option<Duration>) -> bool {
        budget.is_some_and(|b| self.elapsed() >= b)
    }
}

/// How often the line is drawn at most.
const EVERY: Duration = Duration::from_millis(100);
/// How many characters the bar has.
const BAR: usize = 24;

/// A line that is drawn over and over, and wiped in the end.
#[derive(Debug)]
pub struct Progress {
    /// Whether anybody looks.
    shown: bool,
    total: u64,
    /// How many executions there were.
    executions: u64,
    clock: Stopwatch,
    /// When the line was drawn last.
    drawn: Option<Duration>,
}

impl Progress {
    /// A line about `total` pieces of work.
    #[must_use]
    pub fn new(total: u64) -> Self {
        let dumb = std::env::var_os("TERM").is_none_or(|t| t == "dumb");
        Self {
            shown: stderr().is_terminal() && !dumb,
            total,
            executions: 0,
            clock: Stopwatch::start(),
            drawn: None,
        }
    }

    /// There were `n` more executions: the line says how many a second.
    pub const fn ran(&mut self, n: u64) {
        self.executions = self.executions.saturating_add(n);
    }

    /// `done` pieces are finished, and `doing` is going on. Call it as often as you like.
    pub fn update(&mut self, done: u64, doing: &str) {
        let now = self.clock.elapsed();
        if !self.shown || self.drawn.is_some_and(|t| now.saturating_sub(t) < EVERY) {
            return;
        }
        self.drawn = Some(now);
        let line = bar(done, self.total, now, self.executions, doing);
        // Whether anybody can read it is not worth failing for.
        let _ = write!(stderr(), "\r\x1b[K{line}");
    }

    /// Wipes the line, so that something else can be written.
    pub fn clear(&mut self) {
        if self.drawn.take().is_some() {
            let _ = write!(stderr(), "\r\x1b[K");
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.clear();
    }
}

fn bar(done: u64, total: u64, elapsed: Duration, executions: u64, doing: &str) -> String {
    let done = done.min(total);
    let full = u128::from(done) * BAR as u128 / u128::from(total.max(1));
    let full = usize::try_from(full).unwrap_or(BAR).min(BAR);
    let doing: String = doing.chars().filter(|c| !c.is_control()).take(40).collect();
    format!(
        "[{}{}] {done}/{total} {}s{}{} {doing}",
        "#".repeat(full),
        ".".repeat(BAR - full),
        elapsed.as_secs(),
        left(done, total, elapsed),
        rate(executions, elapsed),
    )
}

/// `, about 12s left`: if what is left takes as long as what is done.
fn left(done: u64, total: u64, elapsed: Duration) -> String {
    if done == 0 || done >= total {
        return String::new();
    }
    let left = elapsed.as_secs_f64() * (total - done) as f64 / done as f64;
    format!(", about {left:.0}s left")
}

/// `, 41k/s`.
fn rate(executions: u64, elapsed: Duration) -> String {
    let seconds = elapsed.as_secs_f64();
    if executions == 0 || seconds < 0.1 {
        return String::new();
    }
    match executions as f64 / seconds {
        few if few < 10_000.0 => format!(", {few:.0}/s"),
        many => format!(", {:.0}k/s", many / 1000.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_is_never_longer_than_a_line() {
        let long = "x\x1b".repeat(100);
        let line = bar(12, 24, Duration::from_secs(3), 0, &long);
        let expected =
            format!("[############............] 12/24 3s, about 3s left {}", "x".repeat(40));
        assert_eq!(line, expected);
        assert!(bar(u64::MAX, u64::MAX, Duration::MAX, u64::MAX, &long).len() < 160);
        assert!(bar(5, 0, Duration::ZERO, 7, "").starts_with("[...."));
    }

    #[test]
    fn a_bar_says_how_fast_it_goes_and_how_long_it_will_take() {
        let line = |executions| bar(1, 5, Duration::from_secs(10), executions, "x");
        assert!(line(0).ends_with("1/5 10s, about 40s left x"));
        assert!(line(70_000).ends_with("1/5 10s, about 40s left, 7000/s x"));
        assert!(line(420_000).ends_with(", 42k/s x"));
    }

    #[test]
    fn a_budget_can_be_over_or_absent() {
        let clock = Stopwatch::start();
        assert!(!clock.is_over(None) && clock.is_over(Some(Duration::ZERO)));
        assert!(clock.seconds() >= 0.0);
    }
}
