// SPDX-License-Identifier: GPL-2.0-only
//! What mutants have to get past: scripts with one answer, scenarios explored completely, and loom.

use crate::checkpoint::{Design, design};
use crate::error::Error;
use crate::geometry::Geometry;
use crate::sched::{OpKind, Share};
use crate::script::generate::{Profile, dialogue, script};
use crate::script::{Context, Saved, Schedule, Script, parse};
use crate::sync::loom_rt::Bounds;
use crate::sync::mutation::survey::SiteUse;
use crate::sync::mutation::{Mutant, Mutation};
use crate::sync::seeded::Memory;
use crate::verify::judge::{Counterexample, Plan, Strategy};
use crate::verify::scenario::{For, SCENARIOS, Scenario, Size};
use fastrand::Rng;
use std::sync::Arc;

/// How many executions an exploration may take with a mutant in force.
const EXECUTIONS: u64 = 20_000;

/// One thing to get past.
pub struct Trial {
    /// Its name in reports.
    pub name: String,
    pub(super) kind: Kind,
}

pub(super) enum Kind {
    /// Scripts without threads: each has one outcome.
    Scripts(Vec<Arc<Script>>),
    /// A script with threads.
    Explore { design: Option<&'static dyn Design>, script: Arc<Script>, plan: Plan },
    /// The same under loom.
    Loom { script: Arc<Script>, bounds: Bounds },
}

impl Plan {
    /// One execution, for scripts without threads.
    pub(super) const ONCE: Self = Self {
        share: Share::WHOLE,
        strategy: Strategy::Random,
        memory: Memory::Sc,
        seed: 1,
        executions: 1,
        max_steps: 100_000,
    };
}

impl Trial {
    pub(super) fn design(&self) -> Option<&'static dyn Design> {
        match &self.kind {
            Kind::Explore { design, .. } => *design,
            Kind::Scripts(_) | Kind::Loom { .. } => None,
        }
    }

    /// How `mutant` was killed, as a file that replays it.
    pub(super) fn saved(&self, mutant: &Mutant, found: &Counterexample) -> Option<Saved> {
        let Kind::Explore { design, script, plan } = &self.kind else { return None };
        Some(Saved {
            design: design.map(|d| d.name().to_owned()),
            memory: plan.memory,
            property: found.violation.property,
            code: found.violation.code.to_owned(),
            sentence: found.violation.sentence.clone(),
            scenario: self.name.split(' ').next().unwrap_or_default().to_owned(),
            trace_hash: found.hash,
            mutants: vec![mutant.clone()],
            schedule: Schedule::new(&found.threads, &found.schedule)?,
            script: (**script).clone(),
        })
    }

    /// Whether it has threads and is explored.
    pub(super) const fn concurrent(&self) -> bool {
        matches!(self.kind, Kind::Explore { .. })
    }

    /// Whether what it says of `mutant` counts.
    pub(super) fn judges(&self, mutant: &Mutant, at: &SiteUse) -> bool {
        let in_loom = |k: &OpKind| matches!(k, OpKind::Fence | OpKind::WorkQueue);
        match (&self.kind, mutant.mutation) {
            // Ghost state is told of a store that comes later, as if it had been made: C1 would be
            // judged by the wrong moments.
            (Kind::Explore { design, .. }, Mutation::Later) => design.is_none(),
            (Kind::Loom { .. }, Mutation::Relax) => true,
            (Kind::Loom { .. }, Mutation::Drop) => at.kinds.iter().all(in_loom),
            // What weak memory adds is about orderings.
            (Kind::Explore { plan, .. }, mutation) if plan.memory != Memory::Sc => {
                mutation == Mutation::Relax
                    || mutation == Mutation::Drop && at.kinds.iter().all(in_loom)
            }
            (Kind::Loom { .. }, _) => false,
            _ => true,
        }
    }
}

macro_rules! scenarios {
    ($($name:literal)*) => {
        [$(($name, include_str!(concat!("../../scenarios/mutants/", $name, ".tty")))),*]
    };
}

/// Scenarios that only mutants need: the pipeline holds on all of them, and no design peeks.
static OF_MUTANTS: [(&str, &str); 68] = scenarios! {
    "asked" "close-both" "drain-settings" "echo-ops" "end-of-file" "erase" "flush-out"
    "flushed-full" "hangup" "hangup-data" "hangup-echo" "hangup-poll" "hangup-setd"
    "hangup-settings" "interrupt" "kick" "last-words" "last-words-polled" "lookahead"
    "lookahead-flush" "minimum" "mode-race" "overlong" "overwrite" "overwrite-lines" "packet"
    "packet-again" "packet-both" "packet-flow" "packet-out" "packet-settings" "packet-started"
    "packet-stopped" "poll-hangup" "poll-packet" "poll-sleep" "poller" "reopen" "reuse" "sender"
    "sender-flush" "sender-hangup" "sender-setd" "sender-settings" "sender-stopped"
    "sender-xchar" "setd" "setd-full" "setd-reader" "setd-write" "settings" "settings-back"
    "sleeper" "sleeping-line" "small-direction" "stop-chars" "stopped" "stopped-echo"
    "two-closers" "two-ends" "two-readers" "two-senders" "two-settings" "two-sleepers"
    "two-stops" "two-writers" "unstopped" "xchar"
};

/// Those of them that are explored under weaker memory too: where two threads talk without a lock.
const WEAK: [&str; 12] = [
    "flushed-full",
    "kick",
    "overwrite",
    "overwrite-lines",
    "end-of-file",
    "packet",
    "packet-both",
    "poll-sleep",
    "reuse",
    "sleeper",
    "sleeping-line",
    "unstopped",
];

/// Every trial, the cheap ones first; of the user's `own`, those that are tiny.
///
/// # Errors
/// A built-in script that is wrong: a mistake of this project's own.
pub fn all(own: &[Scenario]) -> Result<Vec<Trial>, Error> {
    let mut trials = Vec::new();
    for scenario in own.iter().filter(|s| s.size == Size::Tiny) {
        trials.push(explored(&scenario.name, None, scenario.script()?));
    }
    for (name, text) in &OF_MUTANTS {
        let file = format!("scenarios/mutants/{name}.tty");
        let script = Arc::new(parse(text, &Context::file(&file))?);
        trials.push(explored(name, None, script));
    }
    trials.extend(scripts());
    let tiny = || SCENARIOS.iter().filter(|s| s.size == Size::Tiny);
    for scenario in tiny() {
        trials.push(explored(&scenario.name, None, scenario.script()?));
    }
    // With everybody in it the exploration is too long to be repeated a hundred times.
    for scenario in tiny().filter(|s| s.judges == For::Everyone && s.name != "four") {
        trials.push(explored(&scenario.name, design("exclusive-restart"), scenario.script()?));
    }
    for memory in [Memory::Tso, Memory::Ra] {
        for (name, text) in WEAK.iter().filter_map(|n| OF_MUTANTS.iter().find(|(m, _)| m == n)) {
            let file = format!("scenarios/mutants/{name}.tty");
            let script = Arc::new(parse(text, &Context::file(&file))?);
            trials.push(under_memory(name, None, script, memory));
        }
        if let Some(full) = Scenario::named("full") {
            trials.push(under_memory("full", None, full.script()?, memory));
        }
    }
    for scenario in tiny().filter(|s| matches!(s.name.as_ref(), "append" | "full" | "wrap")) {
        let bounds = Bounds { preemptions: scenario.loom_preemptions(), executions: 20_000 };
        let kind = Kind::Loom { script: scenario.script()?, bounds };
        trials.push(Trial { name: format!("loom {}", scenario.name), kind });
    }
    Ok(trials)
}

fn explored(name: &str, design: Option<&'static dyn Design>, script: Arc<Script>) -> Trial {
    under_memory(name, design, script, Memory::Sc)
}

fn under_memory(
    name: &str,
    design: Option<&'static dyn Design>,
    script: Arc<Script>,
    memory: Memory,
) -> Trial {
    let plan = Plan {
        share: Share::WHOLE,
        strategy: Strategy::Exhaustive,
        memory,
        seed: 1,
        executions: EXECUTIONS,
        max_steps: 5_000,
    };
    let mut name = design.map_or_else(|| name.to_owned(), |d| format!("{name} ({})", d.name()));
    if memory != Memory::Sc {
        name = format!("{name} ({})", memory.name());
    }
    Trial { name, kind: Kind::Explore { design, script, plan } }
}

/// Conversations with one right answer, made up from a seed, some at a time.
fn scripts() -> Vec<Trial> {
    const AT_A_TIME: u64 = 40;
    const EACH: u64 = 6;
    const OPS: usize = 24;
    let small = Geometry {
        n_tty_buf: 16,
        ttyb_align: 2,
        ttyb_page: 4,
        mem_limit: 16,
        write_chunk: 8,
        read_chunk: 4,
        throttle: 2,
    };
    let made = |kind: &str, batch: u64, make: &dyn Fn(&mut Rng) -> Script| {
        let seeds = batch * AT_A_TIME..(batch + 1) * AT_A_TIME;
        let scripts = seeds.map(|seed| Arc::new(make(&mut Rng::with_seed(seed)))).collect();
        Trial { name: format!("{kind} {}", batch + 1), kind: Kind::Scripts(scripts) }
    };
    (0..EACH)
        .flat_map(|batch| {
            [
                made("conversations", batch, &|rng| script(rng, &Profile::CONVERSATION)),
                made("dialogues", batch, &|rng| dialogue(rng, OPS)),
                made("small conversations", batch, &|rng| Script {
                    geometry: small,
                    ..script(rng, &Profile::CONVERSATION)
                }),
                made("small dialogues", batch, &|rng| Script {
                    geometry: small,
                    ..dialogue(rng, OPS)
                }),
            ]
        })
        .collect()
}
