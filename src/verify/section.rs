// SPDX-License-Identifier: GPL-2.0-only
//! How long a checkpoint call keeps the worker out: while it holds `buf->lock`, the tty stands still.
//!
//! Measured in steps (operations on locks, atomics and work items), on a slave whose input is full: what
//! a script at Linux's sizes can make of the chain. Copied bytes are no steps.
//!
//! No locks: one execution.

use crate::checkpoint::Design;
use crate::geometry::Geometry;
use crate::pty::{Pair, PairGhosts};
use crate::sched::{Event, OpKind, Random};
use crate::sync::seeded::{Config, Execution, execute};
use crate::sync::{Name, Runtime};
use crate::termios::Termios;
use std::sync::Arc;

/// The longest hold of a `buf->lock` in one call of `design`, in steps; 0 if it takes none.
#[must_use]
pub fn exclusive_steps(design: &'static dyn Design) -> u64 {
    // What comes before the call is the same in both runs.
    let before = run(None).trace.len();
    let with = run(Some(design));
    holds(with.trace.get(before..).unwrap_or_default(), &with.names).max().unwrap_or(0)
}

fn run(design: Option<&'static dyn Design>) -> Execution {
    let config = Config { record: true, ..Config::default() };
    execute(config, &mut Random::new(1), || {
        let pair = full_pair();
        // What the call returns is for others to judge.
        let _ = design.map(|design| design.checkpoint(&pair.slave));
    })
}

/// A pair whose slave takes no more.
fn full_pair() -> Arc<Pair> {
    let pair = Pair::new(Runtime::Seeded, &Geometry::LINUX, PairGhosts::default());
    let raw = pair.slave.set_termios(Termios::MASTER);
    debug_assert!(raw.is_ok());
    while pair.master.tty_write(true, &[b'x'; 256]).is_ok() {
        pair.settle();
    }
    pair
}

/// The lengths of the holds of a `buf->lock` by anybody but the worker.
fn holds<'e>(trace: &'e [Event], names: &'e [Name]) -> impl Iterator<Item = u64> + 'e {
    let is_buf_lock =
        |e: &Event| names.get(e.op.obj as usize).is_some_and(|n| n.field == "buf.lock");
    let takes = |e: &Event| matches!(e.op.kind, OpKind::MutexLock | OpKind::MutexTryLock) && e.ok;
    let ours = |e: &&Event| e.op.site != "flush_to_ldisc.lock";
    let taken = trace.iter().enumerate().filter(move |(_, e)| takes(e) && is_buf_lock(e));
    taken.filter(move |(_, e)| ours(e)).map(|(from, taken)| {
        let gives = |e: &&Event| e.op.obj == taken.op.obj && e.op.kind == OpKind::MutexUnlock;
        let rest = trace.get(from..).unwrap_or_default();
        rest.iter().position(|e| gives(&e)).unwrap_or(rest.len()) as u64
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checkpoint::{DESIGNS, design};

    #[test]
    fn who_takes_the_lock_holds_it_and_who_carries_more_holds_it_longer() {
        let steps = |name: &str| design(name).map(exclusive_steps);
        assert_eq!(steps("peekraw-v2"), Some(0));
        assert!(steps("exclusive-restart") > Some(0));
        assert!(steps("opaque-state") > steps("exclusive-restart"));
        assert!(DESIGNS.iter().all(|d| exclusive_steps(*d) < 10_000));
    }
}
