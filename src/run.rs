// SPDX-License-Identifier: GPL-2.0-only
//! Running a script on the model, under any runtime.
//!
//! # Data flow
//! [`Script`] -> [`run`]: a fresh pair; each item in order, thread blocks as one concurrent phase
//! with the workers beside them -> an [`OpResult`] for every operation. Once a script had threads, what
//! rests is judged ([`crate::verify::live`]): who sleeps, what is stuck.

mod beside;
mod files;
mod film;
mod oops;
mod op;
mod record;
mod restore;

pub use beside::run_beside_workers;
pub use film::{EndFrame, Film, Frame};
pub use op::unsupported;
pub use record::{OpResult, Outcome, meets};
pub use restore::{Observed, observe};

use crate::checkpoint::Design;
use crate::geometry::Geometry;
use crate::machine::Machine;
use crate::pty::{Pair, PairGhosts};
use crate::script::ast::{End, Item, Line, Op, Script, ThreadBlock};
use crate::sync::mutation::under;
use crate::sync::{Rested, Role, Runtime, Thread, is_deadlocked, note, run_threads};
use crate::tty_struct::{Signal, TtyStruct};
use crate::verify::ghost::Ticket;
use crate::verify::{Ghost, Property, Violation, live};
use crate::workqueue::kworker_name;
use std::cell::RefCell;
use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError};

/// What a script is run with.
#[derive(Clone, Copy)]
pub struct Setup {
    /// The runtime.
    pub rt: Runtime,
    /// What `checkpoint this` means; `None`: nobody peeks.
    pub design: Option<&'static dyn Design>,
}

/// What a fresh pair of a script is made of.
struct Blueprint {
    machine: Machine,
    rt: Runtime,
    geometry: Geometry,
    /// Whether somebody peeks: at the master, at the slave.
    peeked: [bool; 2],
}

impl Blueprint {
    fn pair(&self) -> Arc<Pair> {
        let ghost = |end: End, peeked: bool| match self.rt {
            // Native threads change model and ghost at different moments.
            Runtime::Native | Runtime::Solo => Ghost::none(),
            rt if peeked => Ghost::new(rt, end.name()),
            rt => Ghost::without_calls(rt, end.name()),
        };
        let [master, slave] = self.peeked;
        let to_slave = ghost(End::Slave, slave);
        let ghosts = PairGhosts { to_slave, to_master: ghost(End::Master, master) };
        Pair::on(self.machine, self.rt, &self.geometry, ghosts)
    }
}

/// One run in progress: shared by its threads.
pub(crate) struct World {
    pub(crate) setup: Setup,
    /// The pair that calls are made on: a restore puts another one there.
    pair: Mutex<Arc<Pair>>,
    blueprint: Blueprint,
    files: files::Files,
    kept: restore::Shelf,
    results: Mutex<Vec<OpResult>>,
    /// Calls whose interval began before they were made; see [`World::ticket`].
    early: Mutex<Vec<(End, Ticket)>>,
    /// How many of the slave's signals were asked for.
    asked: Mutex<usize>,
}

impl World {
    fn new(setup: Setup, script: &Script) -> Self {
        let blueprint = Blueprint {
            machine: Machine { pauses: script.pauses(), ..script.machine },
            rt: setup.rt,
            geometry: script.geometry,
            peeked: End::ALL.map(|end| op::peeks(&setup, script, end)),
        };
        Self {
            setup,
            pair: Mutex::new(blueprint.pair()),
            blueprint,
            files: files::Files::new(setup.rt, script),
            kept: restore::Shelf::new(script),
            results: Mutex::default(),
            early: Mutex::default(),
            asked: Mutex::default(),
        }
    }

    /// The pair that calls are made on.
    pub(crate) fn pair(&self) -> Arc<Pair> {
        Arc::clone(&self.pair.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn end(&self, end: End) -> Arc<TtyStruct> {
        let pair = self.pair();
        match end {
            End::Master => Arc::clone(&pair.master),
            End::Slave => Arc::clone(&pair.slave),
        }
    }

    /// The ghost's ticket for a checkpoint call on `end`, whose interval begins now.
    ///
    /// Under loom it began when the threads did: in weak memory a thread may see the past of
    /// whatever does not happen before it, so "before the call" can only mean "before the spawn".
    pub(crate) fn ticket(&self, end: End) -> Ticket {
        // The lock is gone before `call`, which is a step: other threads run in it.
        self.begun_early(end).unwrap_or_else(|| self.end(end).ghost.call())
    }

    fn begun_early(&self, end: End) -> Option<Ticket> {
        let mut early = self.early.lock().unwrap_or_else(PoisonError::into_inner);
        let at = early.iter().position(|(e, _)| *e == end)?;
        Some(early.swap_remove(at).1)
    }

    fn begin_early(&self, blocks: &[ThreadBlock]) {
        if self.setup.rt != Runtime::Loom {
            return;
        }
        let mut early = self.early.lock().unwrap_or_else(PoisonError::into_inner);
        for line in blocks.iter().flat_map(|b| &b.lines) {
            if let Op::Checkpoint { end, .. } = &line.op {
                early.push((*end, self.end(*end).ghost.call()));
            }
        }
    }

    /// The signals that the slave's session was sent since this was last called.
    fn new_signals(&self) -> Vec<Signal> {
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        let all = self.slave_signals();
        let new = all.get(*asked..).unwrap_or_default().to_vec();
        *asked = all.len();
        new
    }

    fn step(&self, line: &Line) {
        self.note(line, op::perform(self, &line.op));
    }

    /// A `settle` is over.
    fn settled(&self, line: &Line) {
        self.note(line, Outcome::Number(0));
    }

    fn note(&self, line: &Line, outcome: Outcome) {
        let result = OpResult::new(line, outcome);
        self.results.lock().unwrap_or_else(PoisonError::into_inner).push(result);
    }

    fn take_results(&self) -> Vec<OpResult> {
        let mut results = self.results.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *results)
    }
}

/// Runs `script`; in the seeded and loom runtimes, findings go to the execution.
pub fn run(setup: Setup, script: &Arc<Script>) -> Vec<OpResult> {
    carry_out(&Arc::new(World::new(setup, script)), script)
}

/// The same in the seeded runtime, with `film` seeing the state after each step.
pub fn run_filmed(setup: Setup, script: &Arc<Script>, film: &Rc<RefCell<Film>>) -> Vec<OpResult> {
    let world = Arc::new(World::new(setup, script));
    film::roll(film, &world);
    let results = carry_out(&world, script);
    film.borrow_mut().end(&world.pair());
    results
}

/// The same as [`run`], where an expectation that is not met is a finding; not if somebody waits for ever,
/// for what others then wait for in vain is no wonder.
pub fn run_judged(setup: Setup, script: &Arc<Script>) {
    let results = run(setup, script);
    if !is_deadlocked(setup.rt) {
        note_unmet(setup, &results);
    }
}

/// Reports the first expectation that was not met.
pub fn note_unmet(setup: Setup, results: &[OpResult]) {
    let unmet = results.iter().find_map(|r| Some((r, r.unmet.as_ref()?)));
    if let Some((result, expect)) = unmet {
        let OpResult { line, op, outcome, .. } = result;
        let sentence = format!("line {line}, '{op}', gives {outcome} where {expect} is expected");
        note(setup.rt, Violation::new(Property::C2, UNEXPECTED, sentence));
    }
}

/// The word of a finding that is an expectation of the script itself.
pub const UNEXPECTED: &str = "unexpected";

fn carry_out(world: &Arc<World>, script: &Script) -> Vec<OpResult> {
    match script.machine.variant.edits() {
        [] => items(world, script),
        edits => under(edits, || items(world, script)),
    }
}

fn items(world: &Arc<World>, script: &Script) -> Vec<OpResult> {
    let settles = script.settles();
    for item in &script.items {
        match item {
            Item::Op(line) => {
                world.step(line);
                if settles {
                    world.pair().settle();
                }
            }
            Item::Threads(blocks) => {
                let rested = concurrently(world, script, blocks);
                live::judge(&world.pair(), &rested);
            }
        }
    }
    if world.files.are_released() {
        live::judge_release(&world.pair());
    }
    if script.has_threads() {
        live::drain(&world.pair());
    }
    world.take_results()
}

/// The names of the threads of a seeded run of `script`, by slot.
#[must_use]
pub fn thread_names(script: &Script) -> Vec<String> {
    let mut names = vec!["main".to_owned()];
    for item in &script.items {
        if let Item::Threads(blocks) = item {
            names.extend(blocks.iter().map(|b| b.name.clone()));
            names.extend([End::Slave, End::Master].map(|end| kworker_name(end.name())));
        }
    }
    names
}

fn concurrently(world: &Arc<World>, script: &Script, blocks: &[ThreadBlock]) -> Rested {
    world.prepare(blocks);
    world.begin_early(blocks);
    let mut threads: Vec<Thread> = blocks
        .iter()
        .map(|block| {
            let (world, lines) = (Arc::clone(world), block.lines.clone());
            Thread {
                name: block.name.clone(),
                role: Role::Program,
                body: Box::new(move || lines.iter().for_each(|line| world.step(line))),
            }
        })
        .collect();
    threads.extend(workers(world, script));
    run_threads(world.setup.rt, threads)
}

/// The kworkers of the phase. Loom has few threads: it gets the one whose data the script is about.
fn workers(world: &World, script: &Script) -> Vec<Thread> {
    let pair = world.pair();
    let mut workers = vec![pair.slave.kworker_thread(script.worker_runs)];
    if world.setup.rt != Runtime::Loom {
        workers.push(pair.master.kworker_thread(script.worker_runs));
    }
    workers
}
