// SPDX-License-Identifier: GPL-2.0-only
//! Museum W6 on this machine's kernel: does a reader's `push = 0` undo a worker's `lnext = 1`?
//!
//! Each round: raw input, then canonical mode, so that a read of it clears `push`; at the same time the
//! master writes ^V ^C and a newline. If the ^V is forgotten, the ^C is a signal character: with nobody to
//! get the signal it only flushes, and the line that is read has no \x03. Ordinary system calls only.
//!
//! `cargo run --release --example w06_lost_lnext -- [SECONDS]`, by default 10.
#![allow(
    clippy::disallowed_methods,
    reason = "a program that tries the real kernel: its threads and its clock are the point"
)]

mod pty;

use rustix::fd::OwnedFd;
use rustix::io::{ioctl_fionbio, read, write};
use rustix::termios::{
    LocalModes, OptionalActions, QueueSelector, Termios, tcflush, tcgetattr, tcsetattr,
};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

struct Pty {
    master: OwnedFd,
    slave: OwnedFd,
    raw: Termios,
    cooked: Termios,
}

impl Pty {
    fn new() -> rustix::io::Result<Self> {
        let (master, slave) = pty::open()?;
        ioctl_fionbio(&slave, true)?;
        let mut cooked = tcgetattr(&slave)?;
        cooked.local_modes.remove(LocalModes::ECHO);
        let mut raw = cooked.clone();
        raw.make_raw();
        Ok(Self { master, slave, raw, cooked })
    }

    /// The bytes of one read, or none.
    fn read(&self) -> Vec<u8> {
        let mut bytes = vec![0; 64];
        let n = read(&self.slave, bytes.as_mut_slice()).unwrap_or(0);
        bytes.truncate(n);
        bytes
    }

    /// Reads until something comes.
    fn read_some(&self) -> Vec<u8> {
        let start = Instant::now();
        loop {
            let bytes = self.read();
            if !bytes.is_empty() || start.elapsed() > Duration::from_millis(200) {
                return bytes;
            }
        }
    }
}

/// Rounds until time is up: how many, and in how many the ^V was lost.
fn rounds(pty: &Pty, limit: Duration) -> rustix::io::Result<(u64, u64)> {
    let (go, done) = (AtomicU64::new(0), AtomicU64::new(0));
    let (mut all, mut lost) = (0, 0);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut seen = 0;
            loop {
                let now = go.load(Ordering::Acquire);
                if now == u64::MAX {
                    return;
                }
                if now == seen {
                    std::thread::yield_now();
                    continue;
                }
                seen = now;
                (0..now % 97).for_each(|_| std::hint::spin_loop());
                let _ = write(&pty.master, b"\x16\x03c\n");
                done.store(now, Ordering::Release);
            }
        });
        let start = Instant::now();
        let result = (|| {
            while start.elapsed() < limit {
                tcsetattr(&pty.slave, OptionalActions::Now, &pty.raw)?;
                tcflush(&pty.slave, QueueSelector::IFlush)?;
                write(&pty.master, b"ab")?;
                // A poll waits for the worker.
                let fd = rustix::event::PollFd::new(&pty.slave, rustix::event::PollFlags::IN);
                rustix::event::poll(&mut [fd], None)?;
                tcsetattr(&pty.slave, OptionalActions::Now, &pty.cooked)?;
                all += 1;
                go.store(all, Ordering::Release);
                (0..all / 97 % 400).for_each(|_| std::hint::spin_loop());
                let first = pty.read();
                while done.load(Ordering::Acquire) != all {
                    std::thread::yield_now();
                }
                let line = pty.read_some();
                if first == b"ab" && line == b"c\n" {
                    lost += 1;
                }
            }
            Ok(())
        })();
        go.store(u64::MAX, Ordering::Release);
        result
    })?;
    Ok((all, lost))
}

fn main() -> std::process::ExitCode {
    let seconds = std::env::args().nth(1).and_then(|a| a.parse().ok()).unwrap_or(10).min(3600);
    let result = Pty::new().and_then(|pty| rounds(&pty, Duration::from_secs(seconds)));
    match result {
        Ok((all, lost)) => {
            println!("{all} rounds: the ^V was lost in {lost}");
            std::process::ExitCode::from(u8::from(lost > 0))
        }
        Err(e) => {
            eprintln!("no pty to try it on: {e}");
            std::process::ExitCode::from(2)
        }
    }
}
