// SPDX-License-Identifier: GPL-2.0-only
//! Museum W10 on this machine's kernel: does a poll for VMIN bytes wait for bytes that there is room
//! for?
//!
//! One thread writes to the master without end. Another makes room in the slave's full read buffer by a
//! few small reads and a large one that leaves less than VMIN, then polls. If that poll finds nothing for a
//! third of a second while the writer is blocked, and one more byte read makes it find something, the
//! worker had stopped although there was room. Ordinary system calls only.
//!
//! `cargo run --release --example w10_poll_vmin -- [SECONDS]`, by default 10.
#![allow(
    clippy::disallowed_methods,
    reason = "a program that tries the real kernel: its threads and its clock are the point"
)]

mod pty;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fd::OwnedFd;
use rustix::io::{ioctl_fionbio, ioctl_fionread, read, write};
use rustix::termios::{OptionalActions, SpecialCodeIndex, tcgetattr, tcsetattr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// How many bytes make a poll succeed.
const VMIN: u8 = 200;
/// When a poll has waited too long.
const LONG: Timespec = Timespec { tv_sec: 0, tv_nsec: 333_000_000 };

fn pair() -> rustix::io::Result<(OwnedFd, OwnedFd)> {
    let (master, slave) = pty::open()?;
    let mut termios = tcgetattr(&slave)?;
    termios.make_raw();
    termios.special_codes[SpecialCodeIndex::VMIN] = VMIN;
    tcsetattr(&slave, OptionalActions::Now, &termios)?;
    ioctl_fionbio(&slave, true)?;
    Ok((master, slave))
}

/// Whether the slave is readable within `limit`.
fn readable(slave: &OwnedFd, limit: Timespec) -> bool {
    let mut fds = [PollFd::new(slave, PollFlags::IN)];
    poll(&mut fds, Some(&limit)).is_ok_and(|n| n > 0)
}

/// Rounds until time is up: how many, how many stalls, and the first stall in words.
fn rounds(master: &OwnedFd, slave: &OwnedFd, limit: Duration) -> (u64, u64, Option<String>) {
    let done = AtomicBool::new(false);
    let (mut all, mut stalls, mut first) = (0_u64, 0, None);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let block = [b'x'; 512];
            while !done.load(Ordering::Relaxed) {
                let _ = write(master, &block);
            }
        });
        let mut buffer = [0; 8192];
        let start = Instant::now();
        while start.elapsed() < limit {
            for _ in 0..all % 4 {
                let _ = read(slave, &mut buffer[..1]);
            }
            let there = usize::try_from(ioctl_fionread(slave).unwrap_or(0)).unwrap_or(0);
            let most = there.saturating_sub(usize::from(VMIN) / 2);
            // Small ones first: each restarts the worker, and the last one races it.
            let _ = read(slave, &mut buffer[..1]);
            let _ = read(slave, &mut buffer[..most.clamp(1, 8192)]);
            all += 1;
            if readable(slave, LONG) {
                continue;
            }
            let left = ioctl_fionread(slave).unwrap_or(0);
            let _ = read(slave, &mut buffer[..1]);
            if readable(slave, LONG) {
                stalls += 1;
                let after = ioctl_fionread(slave).unwrap_or(0);
                first.get_or_insert_with(|| {
                    format!("{left} bytes readable, and {after} after one was read")
                });
            }
        }
        done.store(true, Ordering::Relaxed);
        // Let the writer see it.
        while readable(slave, Timespec { tv_sec: 0, tv_nsec: 50_000_000 }) {
            let _ = read(slave, &mut buffer);
        }
        let _ = rustix::termios::tcflush(slave, rustix::termios::QueueSelector::IFlush);
    });
    (all, stalls, first)
}

fn main() -> std::process::ExitCode {
    let seconds = std::env::args().nth(1).and_then(|a| a.parse().ok()).unwrap_or(10).min(3600);
    match pair() {
        Ok((master, slave)) => {
            let (all, stalls, first) = rounds(&master, &slave, Duration::from_secs(seconds));
            println!("{all} rounds: poll stalled in {stalls}; {}", first.unwrap_or_default());
            std::process::ExitCode::from(u8::from(stalls > 0))
        }
        Err(e) => {
            eprintln!("no pty to try it on: {e}");
            std::process::ExitCode::from(2)
        }
    }
}
