// SPDX-License-Identifier: GPL-2.0-only
//! What a checkpoint of a full pair costs natively, beside what copying the same bytes costs.
//!
//! - `peek/opaque-state`, `peek/exclusive-restart`: one call on a slave with 20 KB unread;
//! - `peek/copy`: those bytes copied once, as they lie.
//!
//! Only ratios within one run mean anything; the time of one call is printed for the reader who has a
//! bound in mind.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a bench may fail")]

use criterion::{Criterion, Throughput};
use std::hint::black_box;
use std::sync::Arc;
use ttysim::checkpoint::design;
use ttysim::geometry::Geometry;
use ttysim::pty::{Pair, PairGhosts};
use ttysim::sync::Runtime;
use ttysim::termios::Termios;

/// A raw pair whose slave takes no more.
fn full() -> Arc<Pair> {
    let pair = Pair::new(Runtime::Native, &Geometry::LINUX, PairGhosts::default());
    assert_eq!(pair.slave.set_termios(Termios::MASTER), Ok(()));
    while pair.master.tty_write(true, &[b'x'; 256]).is_ok() {
        pair.settle();
    }
    pair
}

fn main() {
    let mut c = Criterion::default().configure_from_args();
    let pair = full();
    let unread = design("opaque-state").expect("a design").checkpoint(&pair.slave);
    let unread = unread.expect("a checkpoint");
    assert!(unread.len() > 20_000, "{}", unread.len());
    let mut group = c.benchmark_group("peek");
    group.throughput(Throughput::Bytes(unread.len() as u64));
    for name in ["opaque-state", "exclusive-restart"] {
        let design = design(name).expect("a design");
        group.bench_function(name, |b| b.iter(|| design.checkpoint(black_box(&pair.slave))));
    }
    group.bench_function("copy", |b| b.iter(|| black_box(&unread).to_vec()));
    group.finish();
    c.final_summary();
}
