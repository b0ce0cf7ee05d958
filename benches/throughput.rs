// SPDX-License-Identifier: GPL-2.0-only
//! What the native pipeline carries, beside what the same bytes cost without it.
//!
//! - `chunk/pipeline`: 4095 bytes written, moved by the work and read, on one thread, so that no
//!   scheduler is measured;
//! - `chunk/copies`: the three copies such a chunk needs (flip buffer, read buffer, reader) alone;
//! - `stream/threads`: the same with a writer, a worker and a reader on threads of their own.
//!
//! Only ratios within one run mean anything.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a bench may fail")]

use criterion::{BatchSize, Criterion, Throughput};
use std::hint::black_box;
use std::sync::Arc;
use ttysim::geometry::Geometry;
use ttysim::pty::{Pair, PairGhosts};
use ttysim::sync::{Role, Runtime, Thread, run_threads};
use ttysim::termios::{Termios, cc};

/// The most a read buffer holds.
const CHUNK: usize = Geometry::LINUX.n_tty_buf - 1;

fn pair() -> Arc<Pair> {
    let pair = Pair::new(Runtime::Native, &Geometry::LINUX, PairGhosts::default());
    let mut raw = Termios { iflag: 0, oflag: 0, lflag: 0, ..Termios::SLAVE };
    raw.cc[cc::VMIN] = 1;
    assert_eq!(pair.slave.set_termios(raw), Ok(()));
    pair
}

/// One chunk through the pair.
fn carry(pair: &Pair, chunk: &[u8]) -> usize {
    let written = pair.master.tty_write(true, chunk);
    pair.slave.run_pending_work();
    let read = pair.slave.tty_read(true, CHUNK);
    assert_eq!(written, read.as_ref().map(Vec::len).map_err(|e| *e));
    written.unwrap_or_default()
}

/// The copies of one chunk, in the pieces in which the pipeline makes them.
fn copies(chunk: &[u8], flip: &mut [u8], ring: &mut [u8]) -> usize {
    let geometry = Geometry::LINUX;
    for (from, to) in chunk.chunks(geometry.ttyb_page).zip(flip.chunks_mut(geometry.ttyb_page)) {
        to[..from.len()].copy_from_slice(black_box(from));
    }
    for (from, to) in flip.chunks(geometry.ttyb_page).zip(ring.chunks_mut(geometry.ttyb_page)) {
        to[..from.len()].copy_from_slice(black_box(from));
    }
    let mut read = Vec::with_capacity(CHUNK);
    for piece in ring[..CHUNK].chunks(geometry.read_chunk) {
        read.extend_from_slice(black_box(piece));
    }
    black_box(read).len()
}

fn one_thread(c: &mut Criterion) {
    let chunk: Vec<u8> = (0..CHUNK).map(|i| i as u8).collect();
    let mut group = c.benchmark_group("chunk");
    group.throughput(Throughput::Bytes(CHUNK as u64));
    let pair = pair();
    group.bench_function("pipeline", |b| b.iter(|| carry(&pair, black_box(&chunk))));
    let (mut flip, mut ring) = (vec![0; CHUNK], vec![0; CHUNK + 1]);
    group.bench_function("copies", |b| {
        b.iter(|| copies(black_box(&chunk), &mut flip, &mut ring));
    });
    group.finish();
}

fn threads(c: &mut Criterion) {
    const TOTAL: usize = 256 * CHUNK;
    let mut group = c.benchmark_group("stream");
    group.throughput(Throughput::Bytes(TOTAL as u64)).sample_size(20);
    group.bench_function("threads", |b| {
        b.iter_batched(pair, |p| stream(&p, TOTAL), BatchSize::PerIteration)
    });
    group.finish();
}

/// A writer, a worker and a reader move `total` bytes.
fn stream(pair: &Arc<Pair>, total: usize) {
    let (master, slave) = (Arc::clone(&pair.master), Arc::clone(&pair.slave));
    let writer = move || {
        for _ in 0..total / CHUNK {
            assert_eq!(master.tty_write(false, &[b'x'; CHUNK]), Ok(CHUNK));
        }
    };
    let reader = move || {
        let mut left = total;
        while left > 0 {
            left -= slave.tty_read(false, CHUNK).map_or(0, |got| got.len());
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
        pair.slave.kworker_thread(0),
    ];
    run_threads(Runtime::Native, threads);
}

fn main() {
    let mut c = Criterion::default().configure_from_args();
    one_thread(&mut c);
    threads(&mut c);
    c.final_summary();
}
