// SPDX-License-Identifier: GPL-2.0-only
//! The same pipeline on OS threads: megabytes through a pair, nothing lost, doubled or moved.
//!
//! What the checking runtimes decide, they decide at a few bytes; this is about real locks, real
//! memory, and indices that wrap thousands of times. `TTYSIM_NATIVE_MIB=n` sends more.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail")]

use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use ttysim::checkpoint::design;
use ttysim::errno::Errno;
use ttysim::geometry::Geometry;
use ttysim::pty::{Pair, PairGhosts};
use ttysim::sync::{Role, Runtime, Thread, run_threads};
use ttysim::termios::{Termios, cc, iflag, lflag, oflag};
use ttysim::tty_io::Revents;
use ttysim::tty_struct::TtyStruct;

/// Far beyond what a test here takes; a stall ends there.
const PATIENCE: Duration = Duration::from_secs(120);

/// How many bytes go one way.
fn total() -> usize {
    let asked = std::env::var("TTYSIM_NATIVE_MIB").ok().and_then(|n| n.parse().ok());
    asked.unwrap_or(4_usize) << 20
}

/// Runs `test` on a thread of its own, and fails if it does not come to its end.
fn in_time(test: impl FnOnce() + Send + 'static) {
    let (done, ended) = channel();
    let run = move || {
        test();
        let _ = done.send(());
    };
    let thread = std::thread::Builder::new().spawn(run).unwrap();
    if ended.recv_timeout(PATIENCE) == Err(RecvTimeoutError::Timeout) {
        panic!("no end after {PATIENCE:?}: somebody sleeps and should not");
    }
    if let Err(panic) = thread.join() {
        std::panic::resume_unwind(panic);
    }
}

fn pair(geometry: &Geometry, termios: Termios) -> Arc<Pair> {
    let pair = Pair::new(Runtime::Native, geometry, PairGhosts::default());
    pair.slave.set_termios(termios).unwrap();
    pair
}

fn raw() -> Termios {
    let mut t = Termios { iflag: 0, oflag: 0, lflag: 0, ..Termios::SLAVE };
    t.cc[cc::VMIN] = 1;
    t
}

/// Lines, without echo, and nothing that is not a line's.
fn lines() -> Termios {
    Termios {
        iflag: Termios::SLAVE.iflag & !(iflag::IXON | iflag::IXOFF),
        oflag: Termios::SLAVE.oflag & !oflag::OPOST,
        lflag: lflag::ICANON,
        ..Termios::SLAVE
    }
}

/// The stream's bytes `at..at + n`: the number of each group of four, so that a piece tells where
/// it came from.
fn stream(at: usize, n: usize) -> Vec<u8> {
    (at..at + n).map(|i| ((i / 4) >> (8 * (i % 4))) as u8).collect()
}

fn program(name: &str, body: impl FnOnce() + Send + 'static) -> Thread {
    Thread { name: name.to_owned(), role: Role::Program, body: Box::new(body) }
}

/// Writes the stream in pieces of up to `most` bytes; sleeps when there is no room.
fn writer(tty: &Arc<TtyStruct>, total: usize, most: usize) -> Thread {
    let tty = Arc::clone(tty);
    program("writer", move || {
        let mut rng = fastrand::Rng::with_seed(1);
        let mut at = 0;
        while at < total {
            let piece = stream(at, rng.usize(1..=most).min(total - at));
            assert_eq!(tty.tty_write(false, &piece), Ok(piece.len()));
            at += piece.len();
        }
    })
}

/// Reads the stream in pieces of up to `most` bytes, nonblocking now and then.
fn reader(tty: &Arc<TtyStruct>, total: usize, most: usize) -> Thread {
    let tty = Arc::clone(tty);
    program("reader", move || {
        let mut rng = fastrand::Rng::with_seed(2);
        let mut at = 0;
        while at < total {
            match tty.tty_read(rng.u8(..4) == 0, rng.usize(1..=most)) {
                Ok(got) => {
                    assert!(!got.is_empty() && got == stream(at, got.len()), "at byte {at}");
                    at += got.len();
                }
                Err(errno) => assert_eq!(errno, Errno::EAGAIN),
            }
        }
    })
}

/// Runs `threads` and both workers; nothing may be left.
fn transfer(pair: &Arc<Pair>, mut threads: Vec<Thread>) {
    threads.push(pair.slave.kworker_thread(0));
    threads.push(pair.master.kworker_thread(0));
    run_threads(Runtime::Native, threads);
    for tty in [&pair.slave, &pair.master] {
        assert_eq!(tty.tty_read(true, 1), Err(Errno::EAGAIN));
        assert_eq!(tty.port.buf.observe().unread, 0);
        assert_eq!(tty.tiocinq(), Ok(0));
    }
}

#[test]
fn both_directions_at_once() {
    in_time(|| {
        let pair = pair(&Geometry::LINUX, raw());
        let (master, slave, total) = (&pair.master, &pair.slave, total());
        let threads = vec![
            writer(master, total, 6_000),
            reader(slave, total, 5_000),
            writer(slave, total, 3_000),
            reader(master, total, 9_000),
        ];
        transfer(&pair, threads);
    });
}

#[test]
fn through_buffers_of_a_few_bytes() {
    in_time(|| {
        let geometry = Geometry { mem_limit: 4, ..Geometry::tiny(4, 1) };
        let pair = pair(&geometry, raw());
        let total = total() / 64;
        transfer(&pair, vec![writer(&pair.master, total, 9), reader(&pair.slave, total, 5)]);
    });
}

#[test]
fn line_by_line() {
    in_time(|| {
        let pair = pair(&Geometry::LINUX, lines());
        let (master, slave) = (Arc::clone(&pair.master), Arc::clone(&pair.slave));
        let count = total() / 64;
        let line = |i: usize| format!("{i} {}\n", "x".repeat(i * 7 % 120)).into_bytes();
        let writer = program("writer", move || {
            for i in 0..count {
                let bytes = line(i);
                assert_eq!(master.tty_write(false, &bytes), Ok(bytes.len()));
            }
        });
        let reader = program("reader", move || {
            for i in 0..count {
                assert_eq!(slave.tty_read(false, 4096), Ok(line(i)), "line {i}");
            }
        });
        transfer(&pair, vec![writer, reader]);
    });
}

/// Whether `piece` is part of the stream.
fn is_piece(piece: &[u8]) -> bool {
    let group = |at: usize| piece.get(at..at + 4).and_then(|g| <[u8; 4]>::try_from(g).ok());
    let fits = |lead: usize| match group(lead).map(|g| u32::from_le_bytes(g) as usize) {
        Some(number) => {
            (number * 4).checked_sub(lead).is_some_and(|at| piece == stream(at, piece.len()))
        }
        // Too short to tell.
        None => true,
    };
    (0..4).any(fits)
}

#[test]
fn a_peek_sees_a_piece_of_the_stream_and_disturbs_nothing() {
    in_time(|| {
        let pair = pair(&Geometry::LINUX, raw());
        let total = total() / 2;
        let done = Arc::new(Mutex::new(false));
        let threads = [
            writer(&pair.master, total, 6_000),
            ending(reader(&pair.slave, total, 5_000), &done),
            observer(&pair.slave, &done),
        ];
        transfer(&pair, threads.into());
    });
}

/// `thread`, which says so when it is done.
fn ending(thread: Thread, done: &Arc<Mutex<bool>>) -> Thread {
    let (body, done) = (thread.body, Arc::clone(done));
    Thread {
        body: Box::new(move || {
            body();
            *done.lock().unwrap() = true;
        }),
        ..thread
    }
}

/// Peeks, polls and asks for the count until the reader is done.
fn observer(tty: &Arc<TtyStruct>, done: &Arc<Mutex<bool>>) -> Thread {
    let (tty, done) = (Arc::clone(tty), Arc::clone(done));
    program("observer", move || {
        let design = design("exclusive-restart").unwrap();
        let mut longest = 0;
        while !*done.lock().unwrap() {
            match design.checkpoint(&tty) {
                Ok(piece) => {
                    assert!(is_piece(&piece), "{} bytes that were never one piece", piece.len());
                    longest = longest.max(piece.len());
                }
                Err(errno) => assert_eq!(errno, Errno::EAGAIN),
            }
            assert!(tty.tiocinq().unwrap() < Geometry::LINUX.n_tty_buf);
            assert!(!tty.poll().any(Revents::POLLHUP));
        }
        assert!(longest > 0, "every peek was empty or refused");
    })
}
