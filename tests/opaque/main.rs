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
use ttysim::checkpoint::state::{EchoState, PairState};
use ttysim::checkpoint::{Design, design, opaque};
use ttysim::fault::Faults;
use ttysim::geometry::Geometry;
use ttysim::pty::{Pair, PairGhosts};
use ttysim::sched::Random;
use ttysim::sync::Runtime;
use ttysim::sync::seeded::{Config, End, execute};
use ttysim::termios::{Termios, lflag};
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

/// Restores `state` into a pair that is watched, and has `then` go on with it: whether the ghost knew what
/// readers get.
fn is_watched(state: &PairState, then: impl FnOnce(&Pair)) -> bool {
    let execution = execute(Config::default(), &mut Random::new(1), || {
        let rt = Runtime::Seeded;
        let (to_slave, to_master) = (Ghost::new(rt, "slave"), Ghost::new(rt, "master"));
        let other = Pair::new(rt, &Geometry::LINUX, PairGhosts { to_slave, to_master });
        let root = Faults::none();
        assert_eq!(opaque::restore(&Caller::root(&root), state, &other.slave), Ok(()));
        then(&other);
    });
    assert_eq!((execution.end, execution.panic), (End::Completed, None));
    assert!(execution.found.is_empty(), "{:?}", execution.found);
    !execution.blind
}

#[test]
fn what_is_restored_is_watched() {
    let state = alone(|| opaque::observe(&busy(&Geometry::LINUX).slave));
    assert!(is_watched(&state, |pair| {
        assert_eq!(pair.slave.tty_read(true, 64), Ok(b"ab\n".to_vec()));
    }));
}

#[test]
fn what_the_kernel_itself_leaves_in_doubt_is_not() {
    let overlong = alone(|| {
        let pair = fresh(&Geometry::LINUX);
        let lflag = Termios::SLAVE.lflag & !lflag::ECHO | lflag::EXTPROC;
        pair.slave.set_termios(Termios { lflag, ..Termios::SLAVE }).expect("settings");
        for _ in 0..3 {
            pair.master.tty_write(true, &[b'x'; 2000]).expect("written");
            pair.settle();
        }
        opaque::observe(&pair.slave)
    });
    // The last byte is there to be read, and to be replaced.
    assert!(!is_watched(&overlong, |_| {}));
}

#[test]
fn half_an_echo_waits_for_its_end() {
    // No thread leaves half an operation behind (museum 16b), so a restore has to.
    let mut state = alone(|| opaque::observe(&fresh(&Geometry::LINUX).slave));
    state.slave.n_tty.echo = EchoState { tail: 0, head: 2, commit: 1, mark: 1, buf: vec![0xff; 2] };
    let output = alone(|| {
        let (other, root) = (fresh(&Geometry::LINUX), Faults::none());
        assert_eq!(opaque::restore(&Caller::root(&root), &state, &other.slave), Ok(()));
        assert_eq!(other.slave.tty_write(true, b"x"), Ok(1));
        other.settle();
        other.master.tty_read(true, 64)
    });
    assert_eq!(output, Ok(b"x".to_vec()));
}
