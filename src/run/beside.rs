// SPDX-License-Identifier: GPL-2.0-only
//! A sequential script with the workers beside it, as on a real machine.
//!
//! # Data flow
//! [`super::run`] lets the workers run between the operations of a sequential script, which gives
//! it one answer. Here the script is one thread, each worker another, and the policy decides how far
//! a worker gets while a call is still at work. After each operation all of it comes to rest.
//!
//! Locks: those of the model. Seeded runtime only.

use super::{OpResult, Setup, World};
use crate::script::ast::{Op, Script};
use crate::sync::{Role, Thread, run_threads};
use std::sync::Arc;

/// Runs `script`, which has no threads, with the workers beside it.
pub fn run_beside_workers(setup: Setup, script: &Arc<Script>) -> Vec<OpResult> {
    let world = Arc::new(World::new(setup, script));
    let mut threads = super::workers(&world, script);
    threads.push(Thread {
        name: "script".to_owned(),
        role: Role::Program,
        body: {
            let (world, script) = (Arc::clone(&world), Arc::clone(script));
            Box::new(move || each(&world, &script))
        },
    });
    run_threads(setup.rt, threads);
    world.take_results()
}

fn each(world: &World, script: &Script) {
    for line in script.lines() {
        match line.op {
            // What settles outside a phase rests here.
            Op::Settle => {
                rest(world);
                world.settled(line);
            }
            _ => world.step(line),
        }
        if script.settles() {
            rest(world);
        }
    }
}

/// Waits until neither worker has anything left to do; twice, because what one of them does may
/// give the other something.
fn rest(world: &World) {
    let pair = world.pair();
    let ends = [&pair.slave, &pair.master];
    let mut quiet = 0;
    while quiet < 2 {
        ends.iter().for_each(|end| end.tty_buffer_flush_work());
        let pending = ends.iter().any(|end| end.port.buf.work.observe_pending());
        quiet = if pending { 0 } else { quiet + 1 };
    }
}
