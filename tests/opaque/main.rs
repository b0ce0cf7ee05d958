// SPDX-License-Identifier: GPL-2.0-only
//! `opaque-state`, and what all designs make of a restore.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail")]

mod atomic;
mod faults;
mod pairs;
mod rows;
mod size;

use std::sync::Arc;
use ttysim::checkpoint::caller::Caller;
use ttysim::checkpoint::{Design, design, opaque};
use ttysim::fault::Faults;
use ttysim::geometry::Geometry;
use ttysim::pty::{Pair, PairGhosts};
use ttysim::sched::Random;
use ttysim::sync::Runtime;
use ttysim::sync::seeded::{Config, End, execute};
use ttysim::verify::Ghost;

/// A built-in design.
fn named(name: &str) -> &'static dyn Design {
    design(name).expect("a design")
}

/// A fresh pair that nobody watches.
fn fresh(geometry: &Geometry) -> Arc<Pair> {
    Pair::new(Runtime::Seeded, geometry, PairGhosts::default())
}

/// A pair with something everywhere: a line and a half to read, an echo, something in the chain.
fn busy(geometry: &Geometry) -> Arc<Pair> {
    let pair = fresh(geometry);
    pair.master.tty_write(true, b"ab\nc").expect("written");
    pair.settle();
    pair.master.tty_write(true, b"d\x16").expect("written");
    pair
}

/// Runs `body` as one execution, alone; nothing may be found.
fn alone<R>(body: impl FnOnce() -> R) -> R {
    let mut result = None;
    let execution = execute(Config::default(), &mut Random::new(1), || result = Some(body()));
    assert_eq!(execution.panic, None);
    assert!(execution.found.is_empty(), "{:?}", execution.found);
    result.expect("it came to its end")
}

/// The ghost of the pair that is restored into knows what readers will get.
#[test]
fn what_is_restored_is_watched() {
    let execution = execute(Config::default(), &mut Random::new(1), || {
        let root = Faults::none();
        let root = Caller::root(&root);
        let state = opaque::checkpoint(&root, &busy(&Geometry::LINUX).slave).expect("a checkpoint");
        let rt = Runtime::Seeded;
        let (to_slave, to_master) = (Ghost::new(rt, "slave"), Ghost::new(rt, "master"));
        let other = Pair::new(rt, &Geometry::LINUX, PairGhosts { to_slave, to_master });
        assert_eq!(opaque::restore(&root, &state, &other.slave), Ok(()));
        assert_eq!(other.slave.tty_read(true, 64), Ok(b"ab\n".to_vec()));
    });
    assert_eq!((execution.end, execution.panic), (End::Completed, None));
    assert!(execution.found.is_empty() && !execution.blind, "{:?}", execution.found);
}
