// SPDX-License-Identifier: GPL-2.0-only
//! Running a body under loom, and reading its answer honestly.
//!
//! `loom::model::Builder::check` returns the same way when it is done and when it was cut short,
//! so executions are counted here and compared with the cap. And even a completed exploration is
//! evidence, not proof: loom remembers only the last access to each atomic (its issues 166 and
//! 392), which `tests/loom/gap.rs` documents.

use super::abort::Abandon;
use super::mutation::keeping;
use super::threads::finding;
use crate::verify::{Property, Violation};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// How far loom may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// The most preemptions a schedule may have; `None` for no bound.
    pub preemptions: Option<usize>,
    /// The most executions.
    pub executions: u64,
}

/// What loom did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explored {
    /// How many executions it ran.
    pub executions: u64,
    /// Whether it stopped because it had no more to explore.
    pub completed: bool,
    /// What it found.
    pub violation: Option<Violation>,
    /// A panic that is no finding: a mistake in the model or in loom.
    pub panicked: Option<String>,
}

/// Explores `body` under loom.
pub fn explore(bounds: Bounds, body: impl Fn() + Send + Sync + 'static) -> Explored {
    explore_until(bounds, || false, body)
}

/// Runs `f` without the panic messages in which loom reports its own findings.
pub fn quiet<R>(f: impl FnOnce() -> R) -> R {
    silence_cancelled_threads();
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let result = f();
    std::panic::set_hook(hook);
    result
}

/// Explores `body` under loom until it is done or `stop` says so, which is asked before each
/// execution.
pub fn explore_until(
    bounds: Bounds,
    stop: impl Fn() -> bool + Send + Sync + 'static,
    body: impl Fn() + Send + Sync + 'static,
) -> Explored {
    let executions = Arc::new(AtomicU64::new(0));
    let counter = Arc::clone(&executions);
    silence_cancelled_threads();
    // Every field is set: the builder's defaults come from the environment.
    let mut builder = loom::model::Builder::new();
    builder.max_threads = 5;
    builder.max_branches = 10_000;
    builder.preemption_bound = bounds.preemptions;
    // The cap is looked at before an execution, every `checkpoint_interval`.
    builder.checkpoint_interval = 1;
    builder.max_permutations = usize::try_from(bounds.executions).ok().map(|n| n + 1);
    builder.max_duration = None;
    builder.checkpoint_file = None;
    builder.expect_explicit_explore = false;
    builder.location = false;
    builder.log = false;
    let result = keeping(|| {
        catch_unwind(AssertUnwindSafe(|| {
            builder.check(move || {
                if stop() {
                    resume_unwind(Box::new(Abandon::Over));
                }
                counter.fetch_add(1, Ordering::Relaxed);
                body();
            });
        }))
    });
    let executions = executions.load(Ordering::Relaxed);
    let mut explored = Explored {
        executions,
        completed: result.is_ok() && executions < bounds.executions,
        violation: None,
        panicked: None,
    };
    match result.map_err(finding) {
        Ok(()) | Err(Ok(Abandon::Over)) => {}
        Err(Ok(Abandon::Found(violation))) => explored.violation = Some(*violation),
        Err(Err(message)) => match loom_finding(&message) {
            Some(violation) => explored.violation = Some(violation),
            None => explored.panicked = Some(message),
        },
    }
    explored
}

/// Loom ends each execution by unwinding what is left of its coroutines. To the panic hook that is
/// a panic, one an execution, with a message and a backtrace that cost more than the execution.
fn silence_cancelled_threads() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        let hook = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if !info.location().is_some_and(|at| at.file().contains("/generator-")) {
                hook(info);
            }
        }));
    });
}

/// Loom's own findings come as panic messages.
fn loom_finding(message: &str) -> Option<Violation> {
    let first = message.lines().map(str::trim).find(|l| !l.is_empty()).unwrap_or_default();
    if message.contains("Causality violation") || message.contains("already borrowed") {
        return Some(Violation::new(Property::C4, "data-race", format!("loom: {first}")));
    }
    if message.contains("deadlock") {
        return Some(Violation::new(Property::C3, "deadlock", format!("loom: {first}")));
    }
    None
}
