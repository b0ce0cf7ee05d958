// SPDX-License-Identifier: GPL-2.0-only
//! The modelled pipeline against facts measured on Linux 6.18, one thread at a time, in the native
//! and in the seeded runtime.

#![allow(clippy::panic, clippy::unwrap_used, reason = "that is how a test fails")]

mod calls;
mod capacity;
mod closing;
mod echo;
mod input;
mod lines;
mod output;
mod packet;
mod races;
mod steps;
mod timing;

use std::sync::Arc;
use ttysim::errno::Errno;
use ttysim::geometry::Geometry;
use ttysim::pty::{Pair, PairGhosts};
use ttysim::sched::{Choice, Point, Policy};
use ttysim::sync::seeded::{Config, End, execute};
use ttysim::sync::{Ordering, Rested, Role, Runtime, Thread, run_threads};
use ttysim::termios::{Termios, cc, iflag, lflag, oflag};
use ttysim::tty_buffer::{TTY_BREAK, TTY_OVERRUN, TTY_PARITY};
use ttysim::tty_io::{FlowAction, Queue, Revents};
use ttysim::tty_struct::{Signal, TtyStruct};
use ttysim::verify::Ghost;

/// Of those that can go on, the first one goes; mostly there is one thread.
struct First;

impl Policy for First {
    fn pick(&mut self, point: &Point<'_>) -> Choice {
        point.enabled.first().map_or(Choice::Diverged, Choice::Run)
    }
}

/// Runs `body` on a fresh pair in the runtimes; the ghosts and the race detector watch.
fn on_pair_of(geometry: &Geometry, body: impl Fn(&Pair)) {
    body(&fresh(Runtime::Native, geometry));
    body(&fresh(Runtime::Solo, geometry));
    let config = Config { max_steps: 20_000_000, ..Config::default() };
    let execution = execute(config, &mut First, || {
        body(&fresh(Runtime::Seeded, geometry));
    });
    if let Some(message) = execution.panic {
        panic!("{message}");
    }
    assert!(execution.found.is_empty(), "{:?}", execution.found);
    assert_eq!(execution.end, End::Completed);
}

fn on_pair(body: impl Fn(&Pair)) {
    on_pair_of(&Geometry::LINUX, body);
}

fn fresh(rt: Runtime, geometry: &Geometry) -> Arc<Pair> {
    let ghosts =
        PairGhosts { to_slave: Ghost::new(rt, "slave"), to_master: Ghost::new(rt, "master") };
    Pair::new(rt, geometry, ghosts)
}

fn raw() -> Termios {
    let mut t = Termios { iflag: 0, oflag: 0, lflag: 0, ..Termios::SLAVE };
    t.cc[cc::VMIN] = 1;
    t
}

fn cooked() -> Termios {
    Termios {
        lflag: Termios::SLAVE.lflag & !lflag::ECHO,
        oflag: Termios::SLAVE.oflag & !oflag::OPOST,
        ..Termios::SLAVE
    }
}

fn set(pair: &Pair, termios: Termios) {
    pair.slave.set_termios(termios).unwrap();
}

/// Writes all of it, and lets the worker finish.
fn send(pair: &Pair, from: &TtyStruct, bytes: &[u8]) {
    assert_eq!(from.tty_write(true, bytes), Ok(bytes.len()));
    pair.settle();
}

fn input(pair: &Pair, bytes: &[u8]) {
    send(pair, &pair.master, bytes);
}

fn read(pair: &Pair, nr: usize) -> Result<Vec<u8>, Errno> {
    let result = pair.slave.tty_read(true, nr);
    pair.settle();
    result
}

fn expect(pair: &Pair, nr: usize, bytes: &[u8]) {
    let got = read(pair, nr).unwrap();
    assert_eq!(got.escape_ascii().to_string(), bytes.escape_ascii().to_string());
}

fn expect_eagain(pair: &Pair) {
    assert_eq!(read(pair, 64), Err(Errno::EAGAIN));
}

fn read_master(pair: &Pair, nr: usize) -> Result<Vec<u8>, Errno> {
    let result = pair.master.tty_read(true, nr);
    pair.settle();
    result
}

fn expect_master(pair: &Pair, nr: usize, bytes: &[u8]) {
    let got = read_master(pair, nr).unwrap_or_default();
    assert_eq!(got.escape_ascii().to_string(), bytes.escape_ascii().to_string());
}

/// What is left for the master to read.
fn drain_master(pair: &Pair) -> Vec<u8> {
    let mut all = Vec::new();
    while let Ok(bytes) = read_master(pair, 4096) {
        all.extend(bytes);
    }
    all
}

/// What is left to read, in reads of `nr`.
fn drain(pair: &Pair, nr: usize) -> Vec<u8> {
    let mut all = Vec::new();
    while let Ok(bytes) = read(pair, nr) {
        all.extend(bytes);
    }
    all
}

struct Capacity {
    accepted: usize,
    /// The first short write: its number, counted from 1, and how much it took.
    first_short: Option<(usize, usize)>,
}

/// Writes `size` bytes at a time until nothing is accepted any more.
fn fill(pair: &Pair, from: &TtyStruct, chunk: &[u8]) -> Capacity {
    let mut capacity = Capacity { accepted: 0, first_short: None };
    for number in 1.. {
        match from.tty_write(true, chunk) {
            Ok(n) => {
                capacity.accepted += n;
                if n < chunk.len() {
                    capacity.first_short.get_or_insert((number, n));
                }
            }
            Err(errno) => {
                assert_eq!(errno, Errno::EAGAIN);
                return capacity;
            }
        }
        pair.settle();
    }
    capacity
}
