// SPDX-License-Identifier: GPL-2.0-only
//! How fast schedules are explored: executions a second of the exhaustive policy on the scenario
//! with everybody in it, and of random schedules at Linux's sizes.
//!
//! An element is an execution. The pipeline alone, and the design that is expected to hold, which
//! is the one whose exploration goes on longest.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a bench may fail")]

use criterion::{Criterion, SamplingMode, Throughput};
use std::cell::Cell;
use std::hint::black_box;
use std::time::Duration;
use ttysim::checkpoint::{Design, design};
use ttysim::sched::Share;
use ttysim::sync::seeded::Memory;
use ttysim::verify::check::body;
use ttysim::verify::judge::{Judged, Plan, Strategy, judge};
use ttysim::verify::scenario::Scenario;

/// Executions a sample of the exhaustive policy: a part of the whole, from the start.
const EXHAUSTIVE: u64 = 2_000;

/// Executions a sample of each random policy.
const RANDOM: u64 = 20;

fn explore(plan: &Plan, body: &dyn Fn()) -> Judged {
    judge(plan, body, &mut |_| true)
}

fn scenario(c: &mut Criterion, name: &str, strategies: &[Strategy], executions: u64) {
    let Some(Ok(script)) = Scenario::named(name).map(Scenario::script) else {
        panic!("no scenario {name}");
    };
    let mut group = c.benchmark_group(name);
    group.sampling_mode(SamplingMode::Flat).sample_size(10);
    group.measurement_time(Duration::from_secs(8));
    for peek in [None, design("exclusive-restart")] {
        let body = body(peek, &script);
        for &strategy in strategies {
            let seed = Cell::new(0);
            let plan = || Plan {
                share: Share::WHOLE,
                strategy,
                memory: Memory::Sc,
                seed: seed.replace(seed.get() + executions),
                executions,
                max_steps: 200_000,
            };
            let judged = explore(&plan(), &body);
            assert!(judged.found.is_empty() && judged.panicked.is_none(), "{:?}", judged.found);
            let label = format!("{strategy:?}/{}", peek.map_or("nobody peeks", Design::name));
            println!("{name}/{label}: {} steps in the longest run", judged.longest);
            group.throughput(Throughput::Elements(judged.executions + judged.pruned));
            group.bench_function(label, |b| b.iter(|| black_box(explore(&plan(), &body))));
        }
    }
    group.finish();
}

fn main() {
    let mut c = Criterion::default().configure_from_args();
    scenario(&mut c, "four", &[Strategy::Exhaustive], EXHAUSTIVE);
    scenario(&mut c, "real", &[Strategy::Random, Strategy::Pct(3)], RANDOM);
    c.final_summary();
}
