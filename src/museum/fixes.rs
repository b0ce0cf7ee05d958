// SPDX-License-Identifier: GPL-2.0-only
//! The candidate fixes of W1: which of them close it, and what each costs.
//!
//! Data flow: each candidate, and the code of today, on W1's own script, explored to the end: does
//! it still stall, and how many interleavings are there; and on the built-in scenario `real-sti` at
//! Linux's sizes, the same random schedules for each: how many steps, how many runs of the work,
//! and how many of those moved nothing.

use super::Exhibit;
use crate::error::Error;
use crate::machine::Variant;
use crate::sched::{Event, OpKind, Random};
use crate::sync::seeded::{Config, Memory, execute};
use crate::verify::Property;
use crate::verify::check::body;
use crate::verify::judge::{Plan, judge};
use crate::verify::scenario::Scenario;
use std::sync::Arc;

/// What a candidate does, and costs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fix {
    /// Which.
    pub variant: Variant,
    /// Whether bytes still get stuck on W1's script.
    pub stalls: bool,
    /// Whether no interleaving of it is left.
    pub complete: bool,
    /// How many there are.
    pub executions: u64,
    /// How many random schedules of `real-sti` were drawn.
    pub schedules: u64,
    /// In how many of them bytes got stuck.
    pub stalled: u64,
    /// Steps of all of them together.
    pub steps: u64,
    /// Runs of the work.
    pub runs: u64,
    /// Of these, how many moved nothing.
    pub idle: u64,
}

/// The candidates, the code of today first.
pub const CANDIDATES: [Variant; 4] =
    [Variant::Today, Variant::RestartIfNext, Variant::RestartIfAny, Variant::RestartAlways];

/// Judges `variant` with so many random schedules.
///
/// # Errors
/// A script that is wrong: a mistake of this project's own.
pub fn judge_fix(exhibit: &Exhibit, variant: Variant, schedules: u64) -> Result<Fix, Error> {
    let script = exhibit.script(variant)?;
    let plan = Plan::everything(Memory::Sc, 200_000);
    let judged = judge(&plan, &body(None, &script), &mut |_| true);
    let mut fix = Fix {
        variant,
        stalls: judged.found.contains_key(&Property::C3),
        complete: judged.complete,
        executions: judged.executions,
        schedules,
        stalled: 0,
        steps: 0,
        runs: 0,
        idle: 0,
    };
    let Some(real) = Scenario::named("real-sti") else { return Ok(fix) };
    let mut real = (*real.script()?).clone();
    real.machine.variant = variant;
    let real = Arc::new(real);
    for seed in 0..schedules {
        let config = Config { record: true, ..Config::default() };
        let execution = execute(config, &mut Random::new(seed), body(None, &real));
        fix.stalled +=
            u64::from(execution.found.iter().any(|f| f.violation.property == Property::C3));
        fix.steps += execution.steps;
        fix.count(&execution.trace);
    }
    Ok(fix)
}

impl Fix {
    /// Counts the runs of the phase, and those in which nothing was received.
    fn count(&mut self, trace: &[Event]) {
        let mut moved = None;
        for event in trace.iter().filter(|e| e.phase != 0) {
            match event.op.kind {
                OpKind::WorkBegin => {
                    self.runs += 1;
                    moved = Some(false);
                }
                OpKind::WorkEnd => self.idle += u64::from(moved.take() == Some(false)),
                _ if event.op.site == RECEIVES => moved = moved.map(|_| true),
                _ => {}
            }
        }
    }
}

/// The step that a run takes when it has something to hand over.
const RECEIVES: &str = "n_tty_receive_buf_common.termios_rwsem";
