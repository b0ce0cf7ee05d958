// SPDX-License-Identifier: GPL-2.0-only
//! Museum W1, W2, W3 and W9 on this machine's kernel: does input get stuck in the flip chain?
//!
//! Each round writes to the master what the slave's read buffer has no room for, reads all that comes at the
//! slave, and asks whether anything is missing although nobody is at work any more. Ordinary
//! system calls only. Who interferes:
//! - `w1`: one TIOCSTI while the worker moves 4000 bytes;
//! - `w2`: the same with a read buffer that is full when the first flip buffer is: the reader that empties it
//!   would restart the worker, had TIOCSTI not cleared `no_room`;
//! - `w3`: the reader itself, which empties the full buffer with one read of many chunks while the
//!   worker finds it full;
//! - `w9`: the same with ICANON and EXTPROC, where the worker's second look counts lines.
//!
//! `cargo run --release --example w_stalls -- w1|w2|w3|w9 [SECONDS]`, by default 10.
#![allow(
    clippy::disallowed_methods,
    reason = "a program that tries the real kernel: its threads and its clock are the point"
)]

mod pty;

use rustix::fd::OwnedFd;
use rustix::io::{ioctl_fionbio, ioctl_fionread, read, write};
use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};
use std::cell::Cell;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// What a read buffer holds.
const FULL: usize = 4095;
/// What one round writes.
const BURST: usize = 4000;
/// How much of that the first flip buffer takes: what `write` hands over at a time.
const FIRST: usize = 2048;
/// What TIOCSTI types; nobody else writes it.
const TYPED: u8 = b'x';
/// How long input may stay away before it counts as stuck.
const PATIENCE: Duration = Duration::from_millis(100);

/// What is tried.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Weakness {
    W1,
    W2,
    W3,
    W9,
}

impl Weakness {
    fn from_name(name: &str) -> Option<Self> {
        [("w1", Self::W1), ("w2", Self::W2), ("w3", Self::W3), ("w9", Self::W9)]
            .into_iter()
            .find_map(|(word, which)| (word == name).then_some(which))
    }

    /// Whether somebody types beside the worker.
    const fn types(self) -> bool {
        matches!(self, Self::W1 | Self::W2)
    }

    /// How much is in the read buffer before the burst.
    const fn before(self) -> usize {
        match self {
            Self::W1 => 0,
            Self::W2 => FULL - FIRST,
            // The burst begins with the bytes that fill it.
            Self::W3 | Self::W9 => FULL - 100,
        }
    }
}

struct Pty {
    master: OwnedFd,
    slave: OwnedFd,
    /// How many bytes were written, and read; their values follow from that.
    sent: Cell<usize>,
    read: Cell<usize>,
    /// How often a byte came that was not next.
    disorder: Cell<u64>,
}

/// The value of the byte with this number: printable, and not [`TYPED`].
fn value(number: usize) -> u8 {
    b'!' + u8::try_from(number % 83).unwrap_or_default()
}

impl Pty {
    fn new(which: Weakness) -> rustix::io::Result<Self> {
        let (master, slave) = pty::open()?;
        let mut termios = tcgetattr(&slave)?;
        termios.make_raw();
        if which == Weakness::W9 {
            // EXTPROC: whoever writes to the master has edited the line already.
            termios.local_modes.insert(LocalModes::ICANON | LocalModes::EXTPROC);
        }
        tcsetattr(&slave, OptionalActions::Now, &termios)?;
        ioctl_fionbio(&slave, true)?;
        ioctl_fionbio(&master, true)?;
        let (sent, read, disorder) = Default::default();
        let pty = Self { master, slave, sent, read, disorder };
        if which == Weakness::W9 {
            // Before anything was read, ICANON takes what fills the buffer for an overlong line.
            pty.send(1)?;
            pty.receive(1);
        }
        Ok(pty)
    }

    /// Writes `n` bytes to the master.
    fn send(&self, mut n: usize) -> rustix::io::Result<()> {
        let start = Instant::now();
        while n > 0 {
            let first = self.sent.get();
            let bytes: Vec<u8> = (first..first + n).map(value).collect();
            match write(&self.master, &bytes) {
                Ok(written) => {
                    n -= written;
                    self.sent.set(first + written);
                }
                Err(rustix::io::Errno::AGAIN) if start.elapsed() < PATIENCE => {}
                Err(e) => return Err(e),
            }
        }
        Ok(())
    }

    /// What one read gives, what was typed not counted.
    fn take(&self) -> usize {
        let mut bytes = [0; 2 * FULL];
        let n = read(&self.slave, &mut bytes).unwrap_or(0);
        let ours = bytes[..n].iter().filter(|b| **b != TYPED);
        let first = self.read.get();
        let mut next = first;
        for byte in ours {
            if *byte != value(next) {
                self.disorder.set(self.disorder.get() + 1);
                // Go on from there.
                next = (next..next + 83).find(|n| value(*n) == *byte).unwrap_or(next);
            }
            next += 1;
        }
        self.read.set(next);
        next - first
    }

    /// Reads until `n` bytes came or nothing has for too long: how many.
    fn receive(&self, n: usize) -> usize {
        let (mut got, mut last) = (0, Instant::now());
        while got < n {
            match self.take() {
                0 if last.elapsed() > PATIENCE => break,
                0 => std::thread::yield_now(),
                some => {
                    got += some;
                    last = Instant::now();
                }
            }
        }
        got
    }

    /// Waits until the read buffer holds `n` bytes, or will not.
    fn wait_for(&self, n: usize) -> usize {
        let start = Instant::now();
        loop {
            let held = ioctl_fionread(&self.slave).map_or(0, |n| usize::try_from(n).unwrap_or(0));
            if held >= n || start.elapsed() > PATIENCE {
                return held;
            }
        }
    }
}

/// What the rounds saw.
#[derive(Default)]
struct Counts {
    rounds: u64,
    /// Bytes that came out of order.
    disorder: u64,
    /// Bytes stayed away, and all came with one more.
    stuck: u64,
    /// Of `w2`: the same, but the buffer was not full, so that there was nothing to restart: W1 alone.
    short: u64,
    /// Bytes that never came.
    lost: u64,
}

/// What came of one round.
enum Round {
    /// Everything came.
    Fine,
    /// It was stuck, and so many bytes did not come with one more.
    Stuck(usize),
    /// It was stuck with room in the buffer.
    Short,
}

/// One round; `turn` tells the other thread that it is its turn.
fn round(pty: &Pty, which: Weakness, number: u64, turn: &dyn Fn()) -> rustix::io::Result<Round> {
    let before = which.before();
    pty.send(before)?;
    pty.wait_for(before);
    turn();
    pty.send(BURST)?;
    if !which.types() {
        // The reader is to come when the worker finds the buffer full.
        (0..number % 997).for_each(|_| std::hint::spin_loop());
    }
    let due = before + BURST;
    if which == Weakness::W2 {
        // The reader comes when all is at rest, and finds the buffer full, or it is W1 alone.
        if pty.wait_for(FULL) < FULL {
            pty.receive(due);
            pty.send(1)?;
            pty.receive(due);
            return Ok(Round::Short);
        }
        std::thread::sleep(Duration::from_micros(200));
    }
    let mut got = pty.receive(due);
    if got == due {
        return Ok(Round::Fine);
    }
    pty.send(1)?;
    got += pty.receive(due + 1 - got);
    Ok(Round::Stuck(due + 1 - got))
}

/// Rounds until time is up.
fn rounds(pty: &Pty, which: Weakness, limit: Duration) -> rustix::io::Result<Counts> {
    let (go, done, over) = (AtomicU64::new(0), AtomicU64::new(0), AtomicBool::new(false));
    let mut counts = Counts::default();
    std::thread::scope(|scope| {
        let (types, slave) = (which.types(), &pty.slave);
        let (go, done, over) = (&go, &done, &over);
        let typist = move || {
            let mut seen = 0;
            while !over.load(Ordering::Relaxed) {
                let now = go.load(Ordering::Acquire);
                if now == seen {
                    std::thread::yield_now();
                    continue;
                }
                seen = now;
                (0..now % 997 * 3).for_each(|_| std::hint::spin_loop());
                // A full buffer drops it; that is as it is.
                let _ = sti::type_in(slave, TYPED);
                done.store(now, Ordering::Release);
            }
        };
        if types {
            scope.spawn(typist);
        }
        let start = Instant::now();
        let result = (|| {
            while start.elapsed() < limit {
                counts.rounds += 1;
                let turn = || go.store(counts.rounds, Ordering::Release);
                match round(pty, which, counts.rounds, &turn)? {
                    Round::Fine => {}
                    Round::Short => counts.short += 1,
                    Round::Stuck(lost) => {
                        counts.stuck += 1;
                        counts.lost += lost as u64;
                    }
                }
                while types && done.load(Ordering::Acquire) != counts.rounds {
                    std::thread::yield_now();
                }
                // What was typed late.
                pty.take();
            }
            Ok(())
        })();
        over.store(true, Ordering::Relaxed);
        result
    })?;
    counts.disorder = pty.disorder.get();
    Ok(counts)
}

/// TIOCSTI, for which rustix has no function.
mod sti {
    use rustix::fd::OwnedFd;
    use rustix::ioctl::{Setter, ioctl};

    const TIOCSTI: rustix::ioctl::Opcode = 0x5412;

    /// Types `byte`.
    pub(super) fn type_in(slave: &OwnedFd, byte: u8) -> rustix::io::Result<()> {
        // SAFETY: TIOCSTI reads one byte from the pointer.
        unsafe { ioctl(slave, Setter::<TIOCSTI, u8>::new(byte)) }
    }
}

fn main() -> ExitCode {
    let mut args = std::env::args().skip(1);
    let Some(which) = args.next().and_then(|a| Weakness::from_name(&a)) else {
        eprintln!("which one? w1, w2, w3 or w9; then how many seconds");
        return ExitCode::from(2);
    };
    let seconds = args.next().and_then(|a| a.parse().ok()).unwrap_or(10).min(3600);
    let result = Pty::new(which).and_then(|pty| rounds(&pty, which, Duration::from_secs(seconds)));
    match result {
        Ok(Counts { rounds, disorder, stuck, short, lost }) => {
            println!(
                "{rounds} rounds: stuck until one more byte came in {stuck}, with room in the \
                 buffer in {short} more; {disorder} times another byte than the next, {lost} bytes \
                 missing in the end"
            );
            ExitCode::from(u8::from(stuck + short + disorder + lost > 0))
        }
        Err(e) => {
            eprintln!("it cannot be tried here: {e}");
            ExitCode::from(2)
        }
    }
}
