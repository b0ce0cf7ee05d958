// SPDX-License-Identifier: GPL-2.0-only
//! Does anything notice if one synchronisation operation is weakened or gone?
//!
//! # Data flow
//! [`trial::all`] (scenarios, scripts) -> [`Field::survey`]: what they come to without a mutant, every
//! site they reach, and from what is done there the [`Target`]s, one mutation each -> [`Field::hunt`]: trial after trial with the mutant in
//! force, until one comes out differently -> a [`Fate`]: killed by that trial, equivalent, or
//! survived.
//!
//! # What counts as noticed
//! A violation that the unmutated model does not have on the same trial; or another set of
//! outcomes: an outcome the unmutated model never has or, where both were explored completely, one
//! that it has and the mutant has not. An outcome is what every call of the script returned.
//!
//! # What counts as equivalent
//! - *Computed*, of mutations of an order: in no execution of any trial does an access at the site
//!   contend ([`SiteUse::contends`]), and some trials with threads that reach it were explored
//!   completely.
//! - *Argued*: there is an entry in [`reasons`], for a reviewer to check.
//!
//! What no trial reaches is not mutated: [`Field::reached`] tells.

mod explore;
pub mod reasons;
pub mod trial;

use crate::script::Saved;
use crate::sync::Site;
use crate::sync::mutation::survey::{SiteUse, Sites};
use crate::sync::mutation::{Mutant, Mutation};
use crate::sync::pool::parallel_map;
use explore::{Outcomes, Seen};
use std::collections::{BTreeMap, BTreeSet};
use trial::Trial;

/// Sites that are no part of the model: whoever looks on from outside takes steps too.
const OUTSIDE: [&str; 8] = [
    "checkpoint.call",
    "live.",
    "observe.",
    "run_pending_work.",
    // What a script has open (src/run/files.rs).
    "open.f_count",
    "close.f_count",
    "fget.",
    "fput.",
];

/// One mutation of one site, and the trials that reach it.
#[derive(Clone, Debug)]
pub struct Target {
    /// Which.
    pub mutant: Mutant,
    /// By number, in the order in which they are tried.
    pub trials: Vec<usize>,
}

/// What became of a mutant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Noticed.
    Killed {
        /// By the trial of this name.
        by: String,
        /// How.
        how: String,
    },
    /// It cannot be noticed.
    Equivalent {
        /// Why.
        why: String,
        /// Whether that was computed, not argued.
        computed: bool,
    },
    /// Neither noticed nor explained.
    Survived,
}

/// A mutant's fate, and what it took to know it.
#[derive(Clone, Debug)]
pub struct Report {
    /// Which.
    pub mutant: Mutant,
    /// What became of it.
    pub fate: Fate,
    /// How many executions with the mutant in force.
    pub executions: u64,
    /// If it was killed by a violation: the schedule of it, to be replayed.
    pub saved: Option<Saved>,
}

/// The trials, and what the unmutated model does in them.
pub struct Field {
    trials: Vec<Trial>,
    good: Vec<Outcomes>,
}

impl Field {
    /// Runs `trials` without a mutant, `jobs` at a time.
    #[must_use]
    pub fn survey(trials: Vec<Trial>, jobs: usize) -> Self {
        let good = parallel_map(jobs, &trials, |_, trial| explore::unmutated(trial));
        Self { trials, good }
    }

    /// Every site of the model that was reached, and what is done there.
    #[must_use]
    pub fn sites(&self) -> BTreeMap<Site, SiteUse> {
        let mut all: Sites = BTreeMap::new();
        for (site, seen) in self.good.iter().flat_map(|g| &g.sites) {
            if !OUTSIDE.iter().any(|o| site.starts_with(o)) {
                all.entry(site).or_default().merge(seen);
            }
        }
        all
    }

    /// Every site that was reached, accesses to plain memory included.
    #[must_use]
    pub fn reached(&self) -> BTreeSet<Site> {
        let plain = self.good.iter().flat_map(|g| &g.plain);
        self.good.iter().flat_map(|g| g.sites.keys()).chain(plain).copied().collect()
    }

    /// Every mutant, in the order of the sites' names.
    #[must_use]
    pub fn targets(&self) -> Vec<Target> {
        let mut targets = Vec::new();
        for (site, seen) in self.sites() {
            for mutation in seen.mutations() {
                let mutant = Mutant::new(mutation, site);
                let trials = self.trials_of(&mutant, &seen);
                targets.push(Target { mutant, trials });
            }
        }
        targets
    }

    /// The trials that reach the mutant's site, and can judge it.
    fn trials_of(&self, mutant: &Mutant, at: &SiteUse) -> Vec<usize> {
        let reach = |i: &usize| self.good[*i].sites.contains_key(mutant.site.as_ref());
        let these: Vec<_> = (0..self.trials.len())
            .filter(reach)
            .filter(|&i| self.trials[i].judges(mutant, at))
            .collect();
        // Somebody who peeks makes an exploration long: only for what nobody else reaches.
        let alone = |i: &usize| self.trials[*i].design().is_none();
        if these.iter().any(alone) { these.into_iter().filter(alone).collect() } else { these }
    }

    /// Looks for a trial that notices `target`. `go_on` is asked now and then and may stop it, which
    /// leaves it survived.
    pub fn hunt(&self, target: &Target, go_on: &dyn Fn() -> bool) -> Report {
        let mutant = &target.mutant;
        let report =
            |fate, executions| Report { mutant: mutant.clone(), fate, executions, saved: None };
        if let Some(why) = self.ordered(mutant) {
            return report(Fate::Equivalent { why, computed: true }, 0);
        }
        let mut executions = 0;
        for &i in &target.trials {
            if !go_on() {
                return report(Fate::Survived, executions);
            }
            let trial = &self.trials[i];
            let mutants = std::slice::from_ref(mutant);
            let Seen { difference, executions: spent, found, .. } =
                explore::compare(trial, mutants, &self.good[i], go_on);
            executions += spent;
            if let Some(how) = difference {
                let fate = Fate::Killed { by: trial.name.clone(), how };
                let saved = found.and_then(|found| trial.saved(mutant, &found));
                return Report { saved, ..report(fate, executions) };
            }
        }
        let (by_order, spent) = self.ordered_later(target, go_on);
        let fate = match (by_order, reasons::of(mutant)) {
            (Some(why), _) => Fate::Equivalent { why, computed: true },
            (None, Some(why)) => Fate::Equivalent { why: why.to_owned(), computed: false },
            (None, None) => Fate::Survived,
        };
        report(fate, executions + spent)
    }

    /// A store that comes after a release can still be ordered with all that conflict with it, by a
    /// release behind that one: then it is as if it had come in time.
    fn ordered_later(&self, target: &Target, go_on: &dyn Fn() -> bool) -> (Option<String>, u64) {
        let mutant = &target.mutant;
        if mutant.mutation != Mutation::Later {
            return (None, 0);
        }
        let plain = Mutant { mutation: Mutation::Plain, site: mutant.site.clone() };
        let (mut explored, mut spent) = (0, 0);
        for &i in target.trials.iter().filter(|&&i| self.trials[i].concurrent()) {
            let both = [mutant.clone(), plain.clone()];
            let seen = explore::compare(&self.trials[i], &both, &self.good[i], go_on);
            spent += seen.executions;
            if seen.difference.is_some() {
                return (None, spent);
            }
            explored += usize::from(seen.complete);
        }
        let why = format!("later, too, it never contends, in {explored} complete explorations");
        ((explored > 0).then_some(why), spent)
    }

    /// Whether every access at the site is ordered with all that conflict with it by something
    /// else, and so what the mutant does to its ordering, its atomicity or its place means nothing.
    fn ordered(&self, mutant: &Mutant) -> Option<String> {
        let sites = self.sites();
        let seen = sites.get(mutant.site.as_ref())?;
        let calm = |site: &Site| sites.get(site).is_some_and(|s| !s.contends);
        let same = match mutant.mutation {
            Mutation::Relax | Mutation::Split => !seen.contends,
            // Of two loads, one that can move freely is enough.
            Mutation::Swap => {
                !seen.contends || !seen.then_contends && seen.then_loads.iter().all(calm)
            }
            // So it is here, but not past a release: others could see that it is not there yet.
            Mutation::Later => {
                !seen.then_release && (!seen.contends || seen.then_at.iter().all(calm))
            }
            _ => false,
        };
        if !same || !seen.is_access() {
            return None;
        }
        let reach = |i: &usize| self.good[*i].sites.contains_key(mutant.site.as_ref());
        let complete = |i: &usize| self.trials[*i].concurrent() && self.good[*i].complete;
        let these: Vec<_> =
            (0..self.trials.len()).filter(reach).filter(complete).map(|i| &self.good[i]).collect();
        let executions: u64 = these.iter().map(|g| g.executions).sum();
        (!these.is_empty()).then(|| {
            let n = these.len();
            format!("never contends, in {n} complete explorations ({executions} executions)")
        })
    }
}
