// SPDX-License-Identifier: GPL-2.0-only
//! Saves and restores with one flaw planted in the steps of each: C1 to C7 have to find every one. And
//! correct ones, written in other ways.
//!
//! All are `opaque-state` but for one thing. Which fields a restore brings back is planted elsewhere
//! (`planted_restore.rs`), and so is what a call does that only peeks.
//!
//! # Data flow
//! Each is judged by what `ttysim check` asks beyond C1 to C4 of a peek (`verify::contract`): refusals, rows,
//! what is kept beside others, pairs that are made up; the quick ones first, until something is found.

mod correct;
mod restores;
mod saves;

use super::hold::Held;
use super::{Caller, DEMANDS, Demand, Design, Ends, Errno, Fault, Kept, OpaqueState, PairState};
use super::{Refusal, TtyStruct, admit, checkpoint, copy, copy_user, fail, restore, size_needed};
use crate::verify::Property;
use crate::verify::check::Status;
use crate::verify::contract::{Answer, work};

/// How many pairs are made up for one.
const PAIRS: u64 = 200;

/// How many where nothing is to be found.
const RIGHT_PAIRS: u64 = 50;

/// A design.
#[derive(Clone, Copy)]
struct Planted {
    save: fn(&Caller<'_>, &TtyStruct) -> Result<PairState, Refusal>,
    restore: fn(&Caller<'_>, &PairState, &TtyStruct) -> Result<(), Refusal>,
    demands: &'static [Demand],
}

/// `opaque-state`.
const RIGHT: Planted = Planted { save: checkpoint, restore, demands: &DEMANDS };

/// What is wrong with it, the design, and the properties of which one has to break.
type Flaw = (&'static str, Planted, &'static [Property]);

impl Design for Planted {
    fn name(&self) -> &'static str {
        "planted"
    }

    fn about(&self) -> &'static str {
        "opaque-state with a flaw"
    }

    fn source(&self) -> &'static str {
        "this test"
    }

    fn checkpoint(&self, tty: &TtyStruct) -> Result<Vec<u8>, Errno> {
        OpaqueState.checkpoint(tty)
    }

    fn demands(&self) -> &'static [Demand] {
        self.demands
    }

    fn save(&self, caller: &Caller<'_>, tty: &TtyStruct) -> Result<Kept, Refusal> {
        (self.save)(caller, tty).map(|state| Kept::State(Box::new(state)))
    }

    fn restore(&self, caller: &Caller<'_>, kept: &Kept, fresh: &TtyStruct) -> Result<(), Refusal> {
        match kept {
            Kept::State(state) => (self.restore)(caller, state, fresh),
            Kept::Bytes(_) => Err(Errno::EINVAL.into()),
        }
    }
}

/// The steps of a checkpoint around `take`.
fn around(
    caller: &Caller<'_>,
    tty: &TtyStruct,
    take: impl FnOnce(&Ends<'_>) -> Result<PairState, Errno>,
) -> Result<PairState, Refusal> {
    admit(&DEMANDS, caller, tty)?;
    fail(caller, Fault::Allocation)?;
    handed_over(caller, take(&Ends::of(tty))?)
}

/// The last steps of a checkpoint.
fn handed_over(caller: &Caller<'_>, state: PairState) -> Result<PairState, Refusal> {
    let needed = size_needed(&state);
    if needed > caller.room {
        return Err(Refusal::too_small(needed));
    }
    copy_user(caller, needed)?;
    Ok(state)
}

/// Lets everything go, and restarts no work.
fn release_quietly(held: Held<'_>, ends: &Ends<'_>) {
    let Held { tty_lock, ldisc, slave, master, flow, ctrl, slave_port, master_port } = held;
    drop((master_port, slave_port, ctrl, flow, master.termios));
    ends.master.port.buf.tty_buffer_unlock_exclusive_quietly(master.exclusive);
    drop(slave.termios);
    ends.slave.port.buf.tty_buffer_unlock_exclusive_quietly(slave.exclusive);
    drop((ldisc, tty_lock));
}

/// The first answer that is one of those that are looked for.
fn judge(planted: Planted, pairs: u64, wanted: &dyn Fn(&Answer) -> bool) -> Option<Answer> {
    // Leaked: a design lives as long as the program, as a registered one does.
    let design: &'static Planted = Box::leak(Box::new(planted));
    let mut works = work(design, pairs, 1);
    // The pairs that are made up take most of the time, and come with the first.
    works.reverse();
    works.iter().find_map(|work| {
        let answers = work.run(&mut |_| true).expect("the model works");
        answers.into_iter().find(wanted)
    })
}

fn every_one_is_found(flaws: &[Flaw]) {
    let mut missed = Vec::new();
    for &(flaw, planted, properties) in flaws {
        let is_it = |a: &Answer| a.status == Status::Violated && properties.contains(&a.property);
        match judge(planted, PAIRS, &is_it) {
            Some(a) => println!("{flaw}: {} {} ({}), {:?}", a.property, a.on, a.executions, a.why),
            None => missed.push(flaw),
        }
    }
    assert!(missed.is_empty(), "missed: {}", missed.join("; "));
}

#[test]
fn saves_that_are_wrong_are_found() {
    every_one_is_found(&saves::STEPS);
}

#[test]
fn saves_that_refuse_wrongly_are_found() {
    every_one_is_found(&saves::REFUSALS);
}

#[test]
fn restores_that_are_wrong_are_found() {
    every_one_is_found(&restores::WRONG);
}

#[test]
fn what_is_right_breaks_nothing() {
    for (name, planted) in correct::RIGHT {
        let found = judge(planted, RIGHT_PAIRS, &|a| a.status != Status::Holds);
        let found = found.map(|a| format!("{} {}: {:?} {:?}", a.property, a.on, a.status, a.why));
        assert_eq!(found, None, "{name}");
    }
}
