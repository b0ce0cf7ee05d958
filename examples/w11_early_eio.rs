// SPDX-License-Identifier: GPL-2.0-only
//! Museum W11 on this machine's kernel: does a pty master read EIO while bytes are still to come?
//!
//! Each round one thread opens the slave, writes a byte and closes it; another reads the master until
//! EIO, then reads once more. If that gives a byte, EIO came too early. A third asks
//! for FIONREAD of the master without end, which takes `termios_rwsem` for write, so that the reader
//! is held up at the right place. Ordinary system calls only.
//!
//! `cargo run --release --example w11_early_eio -- [SECONDS] [HAMMER]`, by default 10 s and one
//! thread that hammers; 0 for none.
#![allow(
    clippy::disallowed_methods,
    reason = "a program that tries the real kernel: its threads and its clock are the point"
)]

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::io::{Errno, ioctl_fionbio, ioctl_fionread, read, write};
use rustix::pty::{OpenptFlags, ioctl_tiocgptpeer, openpt, unlockpt};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// What the rounds saw.
#[derive(Debug, Default)]
struct Counts {
    rounds: u64,
    /// EIO, and then a byte after all.
    early_eio: u64,
    /// `poll` said POLLHUP without POLLIN, and then there was a byte.
    early_hup: u64,
}

/// A master and how its slave is opened.
struct Pty {
    master: OwnedFd,
}

impl Pty {
    fn new() -> rustix::io::Result<Self> {
        let master = openpt(FLAGS)?;
        unlockpt(&master)?;
        ioctl_fionbio(&master, true)?;
        let pty = Self { master };
        let slave = pty.slave()?;
        let mut termios = rustix::termios::tcgetattr(&slave)?;
        termios.make_raw();
        rustix::termios::tcsetattr(&slave, rustix::termios::OptionalActions::Now, &termios)?;
        Ok(pty)
    }

    fn slave(&self) -> rustix::io::Result<OwnedFd> {
        ioctl_tiocgptpeer(&self.master, FLAGS)
    }
}

const FLAGS: OpenptFlags = OpenptFlags::RDWR.union(OpenptFlags::NOCTTY);

/// Reads until EIO. `true`: a byte came after it.
fn reads_after_eio(master: BorrowedFd<'_>) -> bool {
    let mut byte = [0; 8];
    loop {
        match read(master, &mut byte) {
            Ok(_) => return false,
            Err(Errno::AGAIN) => {}
            Err(_) => break,
        }
    }
    matches!(read(master, &mut byte), Ok(n) if n > 0)
}

/// Polls until POLLHUP. `true`: it came without POLLIN, and yet there was a byte.
fn hangs_up_early(master: BorrowedFd<'_>) -> bool {
    let now = Timespec { tv_sec: 0, tv_nsec: 0 };
    let revents = loop {
        let mut fds = [PollFd::from_borrowed_fd(master, PollFlags::IN)];
        if poll(&mut fds, Some(&now)).is_err() {
            return false;
        }
        let revents = fds[0].revents();
        if !revents.is_empty() {
            break revents;
        }
    };
    let mut byte = [0; 8];
    !revents.contains(PollFlags::IN) && matches!(read(master, &mut byte), Ok(n) if n > 0)
}

/// Rounds until time is up. Odd numbers of `turn`: the slave is open, and it is the reader's turn.
fn rounds(pty: &Pty, limit: Duration, hammers: usize) -> Counts {
    let (turn, done) = (AtomicUsize::new(0), AtomicBool::new(false));
    let wait = |odd: usize| {
        while turn.load(Ordering::Acquire) % 2 != odd && !done.load(Ordering::Relaxed) {
            std::thread::yield_now();
        }
    };
    let mut counts = Counts::default();
    std::thread::scope(|scope| {
        for _ in 0..hammers {
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    // Its answer does not matter, only that it was asked.
                    let _ = ioctl_fionread(&pty.master);
                }
            });
        }
        scope.spawn(|| {
            let mut delay = 0;
            while !done.load(Ordering::Relaxed) {
                wait(0);
                let Ok(slave) = pty.slave() else { continue };
                turn.fetch_add(1, Ordering::Release);
                delay = (delay + 7) % 2000;
                (0..delay).for_each(|_| std::hint::spin_loop());
                let _ = write(&slave, b"x");
            }
        });
        let start = Instant::now();
        while start.elapsed() < limit {
            wait(1);
            let by_poll = counts.rounds % 2 == 1;
            let fd = pty.master.as_fd();
            let early = if by_poll { hangs_up_early(fd) } else { reads_after_eio(fd) };
            counts.rounds += 1;
            counts.early_eio += u64::from(early && !by_poll);
            counts.early_hup += u64::from(early && by_poll);
            turn.fetch_add(1, Ordering::Release);
        }
        done.store(true, Ordering::Relaxed);
    });
    counts
}

fn main() -> std::process::ExitCode {
    let mut args = std::env::args().skip(1);
    let mut number = |default: u64| args.next().and_then(|a| a.parse().ok()).unwrap_or(default);
    let limit = Duration::from_secs(number(10).min(3600));
    let hammers = usize::try_from(number(1).min(8)).unwrap_or(1);
    let pty = match Pty::new() {
        Ok(pty) => pty,
        Err(e) => {
            eprintln!("no pty here: {e}");
            return std::process::ExitCode::from(2);
        }
    };
    let Counts { rounds, early_eio, early_hup } = rounds(&pty, limit, hammers);
    println!(
        "{rounds} rounds, {hammers} hammering: EIO too early {early_eio}, POLLHUP without POLLIN \
         too early {early_hup}"
    );
    std::process::ExitCode::from(u8::from(early_eio + early_hup > 0))
}
