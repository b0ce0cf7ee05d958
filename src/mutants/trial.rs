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

/// How many executions an exploration may take.
const EXECUTIONS: u64 = 20_000;

/// And one that is for a single site, with the mutant in force.
const EXECUTIONS_OF_ONE: u64 = 60_000;

/// One thing to get past.
pub struct Trial {
    /// Its name in reports.
    pub name: String,
    /// The one site that it is for; `None`: all that it reaches.
    pub(super) only: Option<&'static str>,
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

    /// How many executions it may take with a mutant in force.
    pub(super) const fn most(&self, plan: &Plan) -> u64 {
        if self.only.is_some() { EXECUTIONS_OF_ONE } else { plan.executions }
    }

    /// Whether it has threads and is explored.
    pub(super) const fn concurrent(&self) -> bool {
        matches!(self.kind, Kind::Explore { .. })
    }

    /// Whether it is explored, and under sequential consistency.
    pub(super) fn is_sequential_memory(&self) -> bool {
        matches!(&self.kind, Kind::Explore { plan, .. } if plan.memory == Memory::Sc)
    }

    /// Whether what it says of `mutant` counts.
    pub(super) fn judges(&self, mutant: &Mutant, at: &SiteUse) -> bool {
        let in_loom = |k: &OpKind| matches!(k, OpKind::Fence | OpKind::WorkQueue);
        if self.only.is_some_and(|site| site != mutant.site) {
            return false;
        }
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
static OF_MUTANTS: [(&str, &str); 132] = scenarios! {
    "any-restarts" "aside" "asked" "close-both" "close-both-after" "closers-after" "console"
    "drain-settings" "echo-ops" "echo-ops-raw" "end-of-file" "erase" "erased" "flush-close"
    "flush-echoes" "flush-forgets" "flush-out" "flushed-full" "free-list" "hangup"
    "hangup-close" "hangup-data" "hangup-echo" "hangup-null" "hangup-poll" "hangup-setd"
    "hangup-settings" "inq-lines" "interrupt" "interrupt-asked" "kick" "last-close" "last-words"
    "last-words-polled" "limit" "limit-recycled" "line-flush" "lookahead" "lookahead-flush"
    "lookahead-two" "marked-setd" "minimum" "mode-forgets" "mode-lines" "mode-race" "mode-raw"
    "mode-wakes" "other-setd" "other-settings" "overlong" "overlong-close" "overlong-flush"
    "overwrite" "overwrite-lines" "packet" "packet-again" "packet-both" "packet-flow"
    "packet-hangup" "packet-hungup" "packet-out" "packet-out-both" "packet-settings"
    "packet-start-stop" "packet-started" "packet-stop-start" "packet-stopped" "packet-twice"
    "poll-after-write" "poll-extproc" "poll-hangup" "poll-lines" "poll-packet" "poll-raw"
    "poll-settings" "poll-sleep" "poller" "reopen" "reopened-close" "reopened-flush"
    "reopened-hangup" "reopened-vhangup" "reprint" "reuse" "sender" "sender-extproc" "sender-flush"
    "sender-flush-again" "sender-hangup" "sender-later" "sender-master" "sender-opost"
    "sender-overlong" "sender-setd" "sender-settings" "sender-stopped" "sender-xchar" "setd"
    "setd-close" "setd-full" "setd-reader" "setd-write" "settings" "settings-back"
    "skipped-mark" "sleeper" "sleeping-line" "small-direction" "sti-line" "stop-chars" "stopped"
    "stopped-echo" "two-closers" "two-ends" "two-exclusive" "two-lines" "two-readers"
    "two-senders" "two-senders-chunks" "two-setds" "two-settings" "two-sleepers" "two-stops"
    "two-stops-master" "two-writers" "unstopped" "vhangup-poll" "woken-settings" "wrapped-line"
    "xchar" "xchar-echo" "xchar-stopped"
};

/// Scenarios that are long, or that nobody but one site needs: tried last, and for that site alone.
static OF_ONE_SITE: [(&str, &str, &str); 3] = [
    (
        "lookahead_bufs.next",
        "lookahead-missed",
        include_str!("../../scenarios/mutants/lookahead-missed.tty"),
    ),
    ("checkpoint_walk.next", "walk", include_str!("../../scenarios/mutants/walk.tty")),
    (
        "pty_close.other_closed",
        "setd-other-close",
        include_str!("../../scenarios/mutants/setd-other-close.tty"),
    ),
];

/// Those of them that are explored under weaker memory too: where two threads talk without a lock.
const WEAK: [&str; 13] = [
    "flushed-full",
    "kick",
    "overwrite",
    "overwrite-lines",
    "end-of-file",
    "packet",
    "packet-both",
    "poll-after-write",
    "poll-sleep",
    "reuse",
    "sleeper",
    "sleeping-line",
    "unstopped",
];

/// Scenarios about what a call gets wrong: what goes on beside it has trials of its own.
const ABOUT_CALLS: [&str; 10] = [
    "two-peekers",
    "asleep",
    "settings",
    "hung-up",
    "interrupted",
    "told",
    "typist",
    "both-ends",
    "no-room",
    "becomes-lines",
];

/// A user's scenarios, those that are tiny.
///
/// # Errors
/// A built-in script that is wrong: a mistake of this project's own.
pub fn of(own: &[Scenario]) -> Result<Vec<Trial>, Error> {
    let tiny = own.iter().filter(|s| s.size == Size::Tiny);
    tiny.map(|scenario| Ok(explored(&scenario.name, None, scenario.script()?))).collect()
}

/// Every trial; of the user's `own`, those that are tiny.
///
/// # Errors
/// As [`of`].
pub fn all(own: &[Scenario]) -> Result<Vec<Trial>, Error> {
    let mut trials = of(own)?;
    for (name, text) in &OF_MUTANTS {
        let file = format!("scenarios/mutants/{name}.tty");
        let script = Arc::new(parse(text, &Context::file(&file))?);
        trials.push(explored(name, None, script));
    }
    for (site, name, text) in &OF_ONE_SITE {
        let file = format!("scenarios/mutants/{name}.tty");
        let script = Arc::new(parse(text, &Context::file(&file))?);
        trials.push(Trial { only: Some(site), ..explored(name, None, script) });
    }
    trials.extend(scripts());
    let about_calls = |s: &Scenario| ABOUT_CALLS.contains(&s.name.as_ref());
    let tiny = || SCENARIOS.iter().filter(|s| s.size == Size::Tiny && !about_calls(s));
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
        trials.push(Trial { name: format!("loom {}", scenario.name), only: None, kind });
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
    let plan = Plan::everything(memory, EXECUTIONS);
    let mut name = design.map_or_else(|| name.to_owned(), |d| format!("{name} ({})", d.name()));
    if memory != Memory::Sc {
        name = format!("{name} ({})", memory.name());
    }
    Trial { name, only: None, kind: Kind::Explore { design, script, plan } }
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
        let name = format!("{kind} {}", batch + 1);
        Trial { name, only: None, kind: Kind::Scripts(scripts) }
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
