// SPDX-License-Identifier: GPL-2.0-only
//! What the native pipeline carries, beside this machine's real ptys and the bare copies.
//!
//! Each workload is one batch of bytes, written at one end and read at the other: by one thread
//! that does both and, where the model needs it, runs the work in between (the solo runtime); and by
//! a writer and a reader on threads of their own (the native runtime; the model's worker is a third,
//! as the kernel's is). What one thread costs where others could come is shown, too.
//!
//! The copies that no data path can avoid are the writer's into the flip buffers, from there into
//! the read buffer, and from there to the reader, see [`Copies`].
//!
//! Only ratios within one run mean anything. Floors: see [`floors`], and [`dispatch`].
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a bench may fail")]

mod side_by_side;

use criterion::Criterion;
use rustix::fd::OwnedFd;
use rustix::pty::{OpenptFlags, ioctl_tiocgptpeer, openpt, unlockpt};
use rustix::termios::{InputModes, LocalModes, OptionalActions, OutputModes, tcgetattr, tcsetattr};
use side_by_side::{Contender, Floor, criterion, end, measure};
use std::hint::black_box;
use std::process::ExitCode;
use std::sync::Arc;
use ttysim::geometry::Geometry;
use ttysim::pty::{Pair, PairGhosts};
use ttysim::sync::{AtomicUsize, Name, Ordering, Role, Runtime, Thread, run_threads};
use ttysim::termios::{Termios, iflag, lflag, oflag};
use ttysim::tty_struct::TtyStruct;

/// The most a read buffer holds.
const CHUNK: usize = Geometry::LINUX.n_tty_buf - 1;

/// The length of a line, its end included.
const LINE: usize = 64;

/// How many batches a run with threads carries.
const BATCHES: usize = 256;

/// What is carried, and how.
#[derive(Clone, Copy)]
struct Load {
    name: &'static str,
    /// The slave's modes.
    iflag: u32,
    oflag: u32,
    lflag: u32,
    /// Whether the slave writes and the master reads, and not the other way round.
    output: bool,
    /// Whether a batch is lines, each read on its own.
    lines: bool,
}

const LOADS: [Load; 4] = [
    Load { name: "raw", iflag: 0, oflag: 0, lflag: 0, output: false, lines: false },
    Load { name: "lines", iflag: iflag::ICRNL, oflag: 0, lflag: CANON, output: false, lines: true },
    Load {
        name: "lines, echo",
        iflag: iflag::ICRNL,
        oflag: OUTPUT,
        lflag: CANON | lflag::ECHO | lflag::ECHOE | lflag::ECHOK | lflag::ECHOCTL,
        output: false,
        lines: true,
    },
    Load { name: "output", iflag: 0, oflag: OUTPUT, lflag: 0, output: true, lines: false },
];

const CANON: u32 = lflag::ICANON | lflag::ISIG | lflag::IEXTEN;
const OUTPUT: u32 = oflag::OPOST | oflag::ONLCR;

const MODEL: &str = "ttysim";
const NATIVE: &str = "ttysim, with locks";
const REAL: &str = "this machine's pty";
const COPIES: &str = "the copies alone";

fn floors(load: &str) -> &'static [Floor<'static>] {
    match load {
        "raw" => &[Floor::Faster(MODEL, 0.5, COPIES), Floor::Faster(MODEL, 10.0, REAL)],
        "lines" => &[Floor::Costs(MODEL, 1.0), Floor::Faster(MODEL, 15.0, REAL)],
        "lines, echo" => &[Floor::Costs(MODEL, 3.0)],
        _ => &[],
    }
}

impl Load {
    fn batch(&self) -> Vec<u8> {
        if !self.lines && !self.output {
            return (0..CHUNK).map(|i| i as u8).collect();
        }
        let line = |n: usize| (0..LINE - 1).map(move |i| b' ' + ((n + i) % 94) as u8);
        (0..CHUNK / LINE).flat_map(|n| line(n).chain([b'\n'])).collect()
    }

    /// How many bytes come out for a batch: NL becomes CR NL.
    fn arriving(&self, batch: &[u8]) -> usize {
        let ends = if self.output { batch.len() / LINE } else { 0 };
        batch.len() + ends
    }

    fn pair_of(&self, rt: Runtime) -> Arc<Pair> {
        let pair = Pair::new(rt, &Geometry::LINUX, PairGhosts::default());
        let modes =
            Termios { iflag: self.iflag, oflag: self.oflag, lflag: self.lflag, ..Termios::SLAVE };
        assert_eq!(pair.slave.set_termios(modes), Ok(()));
        pair
    }
}

/// A batch through the model, by a caller who is alone.
struct Alone {
    pair: Arc<Pair>,
    load: Load,
    read: Vec<u8>,
}

impl Alone {
    fn carry(&mut self, batch: &[u8]) {
        let (from, to) = ends(&self.pair, &self.load);
        assert_eq!(from.tty_write(true, batch), Ok(batch.len()));
        to.run_pending_work();
        read_all(to, &mut self.read, self.load.arriving(batch));
        if self.load.lflag & lflag::ECHO != 0 {
            from.run_pending_work();
            read_all(from, &mut self.read, batch.len() + batch.len() / LINE);
        }
    }
}

fn read_all(tty: &TtyStruct, into: &mut Vec<u8>, mut left: usize) {
    while left > 0 {
        into.clear();
        left -= tty.tty_read_to(true, CHUNK, into).unwrap();
        black_box(&into);
    }
}

fn ends<'p>(pair: &'p Pair, load: &Load) -> (&'p Arc<TtyStruct>, &'p Arc<TtyStruct>) {
    if load.output { (&pair.slave, &pair.master) } else { (&pair.master, &pair.slave) }
}

/// A pair of this machine's ptys.
struct Real {
    master: OwnedFd,
    slave: OwnedFd,
    load: Load,
    read: Vec<u8>,
}

impl Real {
    fn open(load: Load) -> rustix::io::Result<Self> {
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
        let master = openpt(flags)?;
        unlockpt(&master)?;
        let slave = ioctl_tiocgptpeer(&master, flags)?;
        let mut modes = tcgetattr(&slave)?;
        modes.input_modes = InputModes::from_bits_retain(load.iflag);
        modes.output_modes = OutputModes::from_bits_retain(load.oflag);
        modes.local_modes = LocalModes::from_bits_retain(load.lflag);
        tcsetattr(&slave, OptionalActions::Now, &modes)?;
        Ok(Self { master, slave, load, read: vec![0; CHUNK] })
    }

    fn carry(&mut self, batch: &[u8]) {
        let (from, to) = if self.load.output {
            (&self.slave, &self.master)
        } else {
            (&self.master, &self.slave)
        };
        write_all(from, batch);
        drain(to, &mut self.read, self.load.arriving(batch));
        if self.load.lflag & lflag::ECHO != 0 {
            drain(from, &mut self.read, batch.len() + batch.len() / LINE);
        }
    }

    /// `batch` [`BATCHES`] times, by a writer and a reader.
    fn stream(&mut self, batch: &[u8]) {
        let arriving = self.load.arriving(batch) * BATCHES;
        let (from, to) = if self.load.output {
            (&self.slave, &self.master)
        } else {
            (&self.master, &self.slave)
        };
        let read = &mut self.read;
        std::thread::scope(|scope| {
            scope.spawn(|| (0..BATCHES).for_each(|_| write_all(from, batch)));
            drain(to, read, arriving);
        });
    }
}

fn write_all(to: &OwnedFd, mut bytes: &[u8]) {
    while !bytes.is_empty() {
        bytes = &bytes[rustix::io::write(to, bytes).unwrap()..];
    }
}

fn drain(from: &OwnedFd, into: &mut [u8], mut left: usize) {
    while left > 0 {
        left -= rustix::io::read(from, &mut *into).unwrap();
    }
}

/// The copies that no data path can avoid, into memory of the same sizes and at the same places as the
/// pipeline's: a write's pieces into flip buffers of their own, of which there are three; each of them into
/// the circular read buffer, in which no batch begins where the last one did; and out of that.
struct Copies {
    flip: [Vec<u8>; 3],
    /// Which of them comes next.
    turn: usize,
    ring: Vec<u8>,
    /// Where the batch begins in the ring.
    at: usize,
    read: Vec<u8>,
}

impl Copies {
    fn new() -> Self {
        let flip = || vec![0; 2 * Geometry::LINUX.ttyb_page];
        Self {
            flip: [flip(), flip(), flip()],
            turn: 0,
            ring: vec![0; Geometry::LINUX.n_tty_buf],
            at: 0,
            read: Vec::with_capacity(CHUNK),
        }
    }

    fn carry(&mut self, batch: &[u8]) {
        let pieces = batch.chunks(Geometry::LINUX.write_chunk);
        for (i, piece) in pieces.clone().enumerate() {
            let flip = &mut self.flip[(self.turn + i) % 3];
            flip[..piece.len()].copy_from_slice(black_box(piece));
        }
        let (mask, mut at) = (self.ring.len() - 1, self.at);
        for (i, piece) in pieces.clone().enumerate() {
            let flip = black_box(&self.flip[(self.turn + i) % 3][..piece.len()]);
            let (straight, wrapped) = flip.split_at(flip.len().min(self.ring.len() - at));
            self.ring[at..at + straight.len()].copy_from_slice(straight);
            self.ring[..wrapped.len()].copy_from_slice(wrapped);
            at = (at + flip.len()) & mask;
        }
        self.turn += pieces.len();
        let ring = black_box(&self.ring[..]);
        let straight = batch.len().min(ring.len() - self.at);
        self.read.clear();
        self.read.extend_from_slice(&ring[self.at..self.at + straight]);
        self.read.extend_from_slice(&ring[..batch.len() - straight]);
        black_box(&self.read);
        self.at = at;
    }
}

/// `batch` [`BATCHES`] times through the model, by a writer, a worker and a reader.
fn stream(load: Load, batch: &Arc<[u8]>) {
    let pair = load.pair_of(Runtime::Native);
    let (from, to) = ends(&pair, &load);
    let arriving = load.arriving(batch) * BATCHES;
    let writer = {
        let (from, batch) = (Arc::clone(from), Arc::clone(batch));
        move || {
            for _ in 0..BATCHES {
                assert_eq!(from.tty_write(false, &batch), Ok(batch.len()));
            }
        }
    };
    let reader = {
        let to = Arc::clone(to);
        move || {
            let mut left = arriving;
            let mut read = Vec::with_capacity(CHUNK);
            while left > 0 {
                read.clear();
                left -= to.tty_read_to(false, CHUNK, &mut read).unwrap();
            }
        }
    };
    let program = |name: &str, body: Box<dyn FnOnce() + Send>| Thread {
        name: name.to_owned(),
        role: Role::Program,
        body,
    };
    let threads = vec![
        program("writer", Box::new(writer)),
        program("reader", Box::new(reader)),
        to.kworker_thread(0),
    ];
    run_threads(Runtime::Native, threads);
}

fn one_thread(c: &mut Criterion, load: Load) -> usize {
    let batch = load.batch();
    let bytes = batch.len() as u64;
    let [mut alone, mut locking] = [Runtime::Solo, Runtime::Native].map(|rt| Alone {
        pair: load.pair_of(rt),
        load,
        read: Vec::with_capacity(CHUNK),
    });
    let mut copies = Copies::new();
    let mut contenders = vec![
        Contender::new(MODEL, bytes, || alone.carry(black_box(&batch))),
        Contender::new(NATIVE, bytes, || locking.carry(black_box(&batch))),
        Contender::new(COPIES, bytes, || copies.carry(black_box(&batch))),
    ];
    match Real::open(load) {
        Ok(mut real) => {
            let run = {
                let batch = batch.clone();
                move || real.carry(&batch)
            };
            contenders.push(Contender::new(REAL, bytes, run));
        }
        Err(e) => println!("SKIPPED: no ptys here: {e}"),
    }
    let title = format!("{}, one thread", load.name);
    criterion(c, &title, &mut contenders);
    let measured = measure(&title, "B", &mut contenders);
    measured.print();
    measured.check(floors(load.name))
}

fn threads(c: &mut Criterion, load: Load) {
    let batch: Arc<[u8]> = load.batch().into();
    let bytes = (batch.len() * BATCHES) as u64;
    let mut contenders = vec![Contender::new(MODEL, bytes, || stream(load, &batch))];
    if let Ok(mut real) = Real::open(load) {
        let batch = Arc::clone(&batch);
        contenders.push(Contender::new(REAL, bytes, move || real.stream(&batch)));
    }
    let title = format!("{}, writer and reader", load.name);
    criterion(c, &title, &mut contenders);
    measure(&title, "B", &mut contenders).print();
}

/// How often a raw batch asks which runtime it is in: each call does (a write, a run of the work, a read), the
/// work item when it is queued (by each of the two pieces of the write, and by the reader, as the read buffer was full)
/// and when it is run, and the worker for the lane of what it runs. All else takes the solo runtime for granted.
const ASKED: u64 = 3 + 3 + 1 + 1;

/// What it costs to ask: words through our enum, beside bare words. The loads do not wait for each
/// other, so nothing hides the enum's test. That, times how often a raw batch asks, must be less than a
/// twentieth of what the batch takes.
fn dispatch() -> usize {
    const WORDS: usize = 512;
    const OURS: &str = "through the enum";
    const BARE: &str = "the bare words";
    let word = |_| AtomicUsize::new(Runtime::Solo, Name::new("", "word"), 1);
    let ours: Vec<AtomicUsize> = (0..WORDS).map(word).collect();
    let bare: Vec<_> = (0..WORDS).map(std::sync::atomic::AtomicUsize::new).collect();
    let mut contenders = vec![
        Contender::new(OURS, WORDS as u64, || {
            let words = black_box(&ours).iter();
            black_box(words.fold(0_usize, |all, w| all ^ w.load("bench", Ordering::Acquire)));
        }),
        Contender::new(BARE, WORDS as u64, || {
            let words = black_box(&bare).iter();
            black_box(words.fold(0_usize, |all, w| all ^ w.load(Ordering::Acquire)));
        }),
    ];
    let measured = measure("dispatch: loads", "load", &mut contenders);
    measured.print();
    let batch = LOADS[0].batch();
    let pair = LOADS[0].pair_of(Runtime::Solo);
    let mut alone = Alone { pair, load: LOADS[0], read: Vec::new() };
    let mut raw = [Contender::new("raw", 1, || alone.carry(&batch))];
    let batch_seconds = measure("raw", "batch", &mut raw).seconds("raw");
    let each = (measured.seconds(OURS) - measured.seconds(BARE)).max(0.0);
    let share = each * ASKED as f64 / batch_seconds;
    let holds = share <= 0.05;
    println!(
        "  {}: asked {ASKED} times, {:.3} ns each, in a batch of {:.0} ns: {:.1} %, at most 5 %",
        if holds { "ok" } else { "MISSED" },
        1e9 * each,
        1e9 * batch_seconds,
        100.0 * share
    );
    usize::from(!holds)
}

fn main() -> ExitCode {
    let mut c = Criterion::default().configure_from_args();
    let mut missed: usize = LOADS.iter().map(|load| one_thread(&mut c, *load)).sum();
    missed += dispatch();
    for load in LOADS.iter().filter(|l| l.lflag & lflag::ECHO == 0) {
        threads(&mut c, *load);
    }
    c.final_summary();
    end(missed)
}
