// SPDX-License-Identifier: GPL-2.0-only
//! Generated cases: a script, a design or none, and a schedule.
//!
//! Data flow: [`Parts`], which proptest shrinks piece by piece -> [`Script`] -> one execution.

use proptest::collection::vec;
use proptest::option::weighted;
use proptest::prelude::*;
use std::fmt;
use std::ops::RangeInclusive;
use std::sync::Arc;
use ttysim::checkpoint::{Design, design};
use ttysim::geometry::Geometry;
use ttysim::run::{OpResult, Setup, run};
use ttysim::sched::{Pct, Policy, Random};
use ttysim::script::ast::{DesignRef, End, Item, Line, LineNo, Op, Queue, Script, ThreadBlock};
use ttysim::script::{Context, parse};
use ttysim::sync::Runtime;
use ttysim::sync::seeded::{Config, Execution, execute};

/// More than any case here takes: reaching it is a livelock.
const MAX_STEPS: u64 = 400_000;

/// How the schedule is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Draw {
    /// Uniformly.
    Random,
    /// PCT of this depth.
    Pct(usize),
}

/// A script and one schedule of it.
#[derive(Clone)]
pub(crate) struct Case {
    pub(crate) script: Arc<Script>,
    pub(crate) design: Option<&'static dyn Design>,
    pub(crate) draw: Draw,
    pub(crate) seed: u64,
}

impl fmt::Debug for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let design = self.design.map_or("nobody peeks", Design::name);
        writeln!(f, "# {design}, {:?} from seed {}", self.draw, self.seed)?;
        write!(f, "{}", self.script)
    }
}

/// What came of a case.
pub(crate) struct Ran {
    pub(crate) execution: Execution,
    pub(crate) results: Vec<OpResult>,
}

impl Case {
    /// The same case under another schedule.
    pub(crate) fn with_seed(&self, seed: u64) -> Self {
        Self { seed, ..self.clone() }
    }

    /// The policy that chooses its schedule.
    fn policy(&self) -> Box<dyn Policy> {
        match self.draw {
            Draw::Random => Box::new(Random::new(self.seed)),
            Draw::Pct(depth) => Box::new(Pct::new(self.seed, depth, 200)),
        }
    }

    /// Runs it.
    pub(crate) fn run(&self) -> Ran {
        self.run_under(&mut *self.policy())
    }

    /// Runs it under another policy.
    pub(crate) fn run_under(&self, policy: &mut dyn Policy) -> Ran {
        let setup = Setup { rt: Runtime::Seeded, design: self.design };
        let mut results = Vec::new();
        let execution = execute(config(), policy, || results = run(setup, &self.script));
        Ran { execution, results }
    }
}

/// What cases run under.
pub(crate) fn config() -> Config {
    Config { max_steps: MAX_STEPS, record: true, ..Config::default() }
}

/// One call of a reader.
#[derive(Clone, Copy, Debug)]
pub(crate) enum ReaderCall {
    Read(usize),
    Poll,
    Inq,
}

/// The pieces of a case.
#[derive(Clone, Debug)]
pub(crate) struct Parts {
    pub(crate) geometry: Geometry,
    pub(crate) canonical: bool,
    /// Written before the threads start; the worker finishes after those with `true`.
    pub(crate) before: Vec<(Vec<u8>, bool)>,
    pub(crate) writers: Vec<Vec<Vec<u8>>>,
    pub(crate) readers: Vec<Vec<ReaderCall>>,
    /// Whether the first reader blocks. One only: who waits for a sleeping reader's lock is not
    /// told from a deadlock.
    pub(crate) waits: bool,
    pub(crate) peeks: usize,
    pub(crate) flush: bool,
    /// Reads of this length follow the threads, so many that nothing readable is left.
    pub(crate) tail: Option<usize>,
    pub(crate) draw: Draw,
    pub(crate) seed: u64,
}

impl Parts {
    pub(crate) fn case(&self, design: Option<&'static dyn Design>) -> Case {
        let script = Arc::new(self.script());
        Case { script, design, draw: self.draw, seed: self.seed }
    }

    /// Everything that is written, whether or not it will be accepted.
    pub(crate) fn written(&self) -> impl Iterator<Item = &Vec<u8>> {
        self.before.iter().map(|(bytes, _)| bytes).chain(self.writers.iter().flatten())
    }

    fn script(&self) -> Script {
        let mut items = vec![op(self.settings())];
        for (bytes, settle) in &self.before {
            items.push(op(write(bytes)));
            if *settle {
                items.push(op(Op::Settle));
            }
        }
        items.push(Item::Threads(self.threads()));
        if let Some(n) = self.tail {
            let bytes: usize = self.written().map(Vec::len).sum();
            for _ in 0..self.reads_left(bytes, n) {
                items.push(op(Op::Settle));
                items.push(op(Op::Read { end: End::Slave, n, wait: false }));
            }
        }
        Script { geometry: self.geometry, items, ..Script::default() }
    }

    /// How many reads of `n` bytes surely empty the pipeline of `bytes` bytes.
    fn reads_left(&self, bytes: usize, n: usize) -> usize {
        let least = if self.canonical { 1 } else { n.min(self.geometry.n_tty_buf - 1) };
        bytes / least + 2
    }

    /// The settings, as a `termios` line has them.
    fn settings(&self) -> Op {
        let words = if self.canonical { "sane -echo" } else { "raw -echo" };
        let script = parse(&format!("termios slave {words}"), &Context::file("settings"));
        let line = script.ok().and_then(|s| s.lines().next().map(|line| line.op.clone()));
        line.expect("a line of settings")
    }

    fn threads(&self) -> Vec<ThreadBlock> {
        let slave = End::Slave;
        let mut blocks = Vec::new();
        for (i, chunks) in self.writers.iter().enumerate() {
            blocks.push(block(format!("writer{i}"), chunks.iter().map(|c| write(c))));
        }
        for (i, calls) in self.readers.iter().enumerate() {
            let wait = self.waits && i == 0;
            let calls = calls.iter().map(|call| match *call {
                ReaderCall::Read(n) => Op::Read { end: slave, n, wait },
                ReaderCall::Poll => Op::Poll { end: slave },
                ReaderCall::Inq => Op::Inq { end: slave },
            });
            blocks.push(block(format!("reader{i}"), calls));
        }
        if self.peeks > 0 {
            let peek =
                |i| Op::Checkpoint { design: DesignRef::This, end: slave, label: format!("P{i}") };
            blocks.push(block("peeker".to_owned(), (0..self.peeks).map(peek)));
        }
        if self.flush && blocks.len() < ttysim::script::ast::MAX_THREADS {
            let flush = Op::Flush { end: slave, queue: Queue::In };
            blocks.push(block("flusher".to_owned(), std::iter::once(flush)));
        }
        blocks
    }
}

fn op(op: Op) -> Item {
    Item::Op(Line::new(op))
}

fn write(bytes: &[u8]) -> Op {
    Op::Write { end: End::Master, bytes: bytes.to_vec() }
}

fn block(name: String, ops: impl Iterator<Item = Op>) -> ThreadBlock {
    ThreadBlock { line_no: LineNo(0), name, lines: ops.map(Line::new).collect() }
}

/// Sizes, and how long chunks and reads are at them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scale {
    n_tty_buf: (u32, u32),
    align: (u32, u32),
    most: usize,
}

/// A read buffer of one usable byte, in which everybody stands in everybody's way.
pub(crate) const TIGHT: Scale = Scale { n_tty_buf: (1, 1), align: (0, 1), most: 4 };
/// A few bytes.
pub(crate) const SMALL: Scale = Scale { n_tty_buf: (1, 4), align: (0, 2), most: 16 };
/// Up to a few hundred.
pub(crate) const MEDIUM: Scale = Scale { n_tty_buf: (5, 8), align: (2, 5), most: 300 };

impl Scale {
    /// Any sizes the model accepts.
    pub(crate) fn geometry(self) -> impl Strategy<Value = Geometry> {
        let power = |(least, most): (u32, u32)| (least..=most).prop_map(|bits| 1_usize << bits);
        let most = self.most;
        (
            power(self.n_tty_buf),
            power(self.align),
            1..=most,
            1..=8 * most,
            1..=most,
            1..=most,
            0..=most,
        )
            .prop_map(
                |(n_tty_buf, ttyb_align, page, limit, write_chunk, read_chunk, throttle)| {
                    Geometry {
                        n_tty_buf,
                        ttyb_align,
                        ttyb_page: page,
                        mem_limit: limit,
                        write_chunk,
                        read_chunk,
                        throttle,
                    }
                },
            )
    }

    /// Lengths of chunks and reads.
    pub(crate) fn length(self) -> RangeInclusive<usize> {
        1..=self.most
    }

    fn reader(self) -> impl Strategy<Value = Vec<ReaderCall>> {
        let call = prop_oneof![
            4 => self.length().prop_map(ReaderCall::Read),
            1 => Just(ReaderCall::Poll),
            1 => Just(ReaderCall::Inq),
        ];
        vec(call, 1..=4)
    }

    /// Cases with chunks of bytes that `byte` draws, of up to `writers` writers and `readers`
    /// readers.
    pub(crate) fn parts(
        self,
        canonical: bool,
        byte: impl Strategy<Value = u8> + Clone + 'static,
        writers: usize,
        readers: usize,
    ) -> impl Strategy<Value = Parts> {
        let chunk = vec(byte, self.length());
        let script = (
            self.geometry(),
            vec((chunk.clone(), any::<bool>()), 0..=2),
            vec(vec(chunk, 1..=3), 1..=writers),
            vec(self.reader(), 0..=readers),
            any::<bool>(),
            0..=2_usize,
            weighted(0.2, Just(())),
        );
        (script, draw(), any::<u64>()).prop_map(
            move |((geometry, before, writers, readers, waits, peeks, flush), draw, seed)| Parts {
                geometry,
                canonical,
                before,
                writers,
                readers,
                waits,
                peeks,
                flush: flush.is_some(),
                tail: None,
                draw,
                seed,
            },
        )
    }
}

/// Either kind of schedule.
pub(crate) fn draw() -> impl Strategy<Value = Draw> + Clone {
    prop_oneof![Just(Draw::Random), (1..=4_usize).prop_map(Draw::Pct)]
}

/// Bytes that line discipline settings act on, and plain ones.
pub(crate) fn typed() -> impl Strategy<Value = u8> + Clone {
    prop_oneof![
        16 => b'a'..=b'z',
        4 => Just(b'\n'),
        2 => prop::sample::select(b"\x04\x7f\x15\r".to_vec()),
        1 => prop::sample::select(b"\x03\x16\x17\x12\x11\x13\x00\xff".to_vec()),
    ]
}

/// Nobody peeks, or the design that survives judgement does.
pub(crate) fn harmless() -> impl Strategy<Value = Option<&'static dyn Design>> {
    prop_oneof![Just(None), Just(design("exclusive-restart"))]
}

/// Any design at all, or none.
pub(crate) fn anybody() -> impl Strategy<Value = Option<&'static dyn Design>> {
    weighted(0.8, prop::sample::select(ttysim::checkpoint::DESIGNS.to_vec()))
}
