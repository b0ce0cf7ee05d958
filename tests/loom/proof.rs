// SPDX-License-Identifier: GPL-2.0-only
//! One loom proof: a script, a design, a bound; what loom reached, beside what our explorer did.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use ttysim::checkpoint;
use ttysim::run::{OpResult, Setup, run};
use ttysim::sched::Exhaustive;
use ttysim::script::{Context, Script, parse};
use ttysim::sync::Runtime;
use ttysim::sync::loom_rt::{Bounds, Explored, explore, quiet};
use ttysim::sync::seeded::{Config, End, execute};
use ttysim::verify::Violation;

/// Reaching it is a failure: a capped exploration has proven nothing.
const CAP: u64 = 1_500_000;

/// What a proof is about.
#[derive(Clone, Copy)]
pub(crate) struct Proof {
    pub(crate) name: &'static str,
    pub(crate) script: &'static str,
    /// `None`: nobody peeks.
    pub(crate) design: Option<&'static str>,
    /// `None`: no bound.
    pub(crate) preemptions: Option<usize>,
    /// What loom cannot see here.
    pub(crate) blind: &'static str,
}

impl Proof {
    fn script(&self) -> Arc<Script> {
        Arc::new(parse(self.script, &Context::file(self.name)).expect("the script is right"))
    }

    fn setup(&self, rt: Runtime) -> Setup {
        let design = self.design.map(|d| checkpoint::design(d).expect("a built-in design"));
        Setup { rt, design }
    }

    fn loom(&self) -> (Explored, BTreeSet<String>) {
        let (script, setup) = (self.script(), self.setup(Runtime::Loom));
        let seen = Arc::new(Mutex::new(BTreeSet::new()));
        let sink = Arc::clone(&seen);
        let bounds = Bounds { preemptions: self.preemptions, executions: CAP };
        let explored = explore(bounds, move || {
            let outcome = outcome(run(setup, &script));
            sink.lock().expect("not poisoned").insert(outcome);
        });
        let seen = seen.lock().expect("not poisoned").clone();
        (explored, seen)
    }

    fn ours(&self) -> BTreeSet<String> {
        let (script, setup) = (self.script(), self.setup(Runtime::Seeded));
        let mut outcomes = BTreeSet::new();
        let mut policy = Exhaustive::new();
        loop {
            let mut reached = String::new();
            let config = Config { record: true, max_steps: 5_000, ..Config::default() };
            let execution = execute(config, &mut policy, || reached = outcome(run(setup, &script)));
            assert!(execution.found.is_empty(), "{:?}", execution.found);
            if execution.end == End::Completed {
                outcomes.insert(reached);
            }
            if !policy.advance(&execution) {
                return outcomes;
            }
        }
    }

    /// Loom completes, finds nothing, and reaches nothing that our explorer does not.
    pub(crate) fn holds(&self) {
        let (explored, loom) = self.loom();
        let ours = self.ours();
        let bound = self.preemptions.map_or("no bound".to_owned(), |n| format!("{n} preemptions"));
        println!(
            "loom: {}: {} executions, {bound}, {}; {} of our {} outcomes. It cannot see: {}",
            self.name,
            explored.executions,
            if explored.completed { "completed" } else { "CAPPED" },
            loom.intersection(&ours).count(),
            ours.len(),
            self.blind
        );
        assert_eq!((explored.violation, explored.panicked), (None, None), "{}", self.name);
        assert!(explored.completed, "{}: capped, which proves nothing", self.name);
        let extra: Vec<_> = loom.difference(&ours).collect();
        assert!(extra.is_empty(), "{}: loom reaches what we do not: {extra:#?}", self.name);
    }

    /// The same proof of a known-bad variant: loom's finding.
    pub(crate) fn caught(&self) -> Violation {
        let (explored, _) = quiet(|| self.loom());
        println!("loom: {}: caught at execution {}", self.name, explored.executions);
        explored.violation.expect("the known-bad variant is caught")
    }
}

/// What each operation gave, in the order of the script.
fn outcome(mut results: Vec<OpResult>) -> String {
    results.sort_by_key(|r| r.line);
    results.iter().map(|r| format!("{}:{:?} ", r.line, r.outcome)).collect()
}
