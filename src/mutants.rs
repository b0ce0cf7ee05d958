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
//! See [`equivalent`] for what is computed. *Argued*: there is an entry in [`reasons`], for a reviewer
//! to check. A mutant that is argued for has survived every trial all the same.
//!
//! What no trial reaches is not mutated: [`Field::reached`] tells.

mod equivalent;
mod explore;
pub mod reasons;
pub mod trial;

use crate::script::Saved;
use crate::sync::Site;
use crate::sync::mutation::survey::{SiteUse, Sites};
use crate::sync::mutation::{Mutant, Mutation};
use crate::sync::pool::parallel_map;
use explore::{Outcomes, Seen, Weak};
use std::collections::BTreeSet;
use std::sync::OnceLock;
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

/// How it is known that a mutant cannot be noticed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// Computed: something else orders what conflicts with it.
    Ordered,
    /// Computed: memory `ra` makes the two accesses in either order without being asked.
    Relaxed,
    /// There is a reason in [`reasons`], for a reviewer to check.
    Argued,
}

impl Proof {
    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ordered => "ordered",
            Self::Relaxed => "relaxed",
            Self::Argued => "argued",
        }
    }
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
        /// How that is known.
        proof: Proof,
        /// Why.
        why: String,
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
    /// Every site of the model that was reached, and what is done there.
    sites: Sites,
    /// By trial: what the unmutated model breaks under memory `ra`, once somebody has asked.
    weak: Vec<OnceLock<Weak>>,
}

impl Field {
    /// Runs `trials` without a mutant, `jobs` at a time.
    #[must_use]
    pub fn survey(trials: Vec<Trial>, jobs: usize) -> Self {
        let good = parallel_map(jobs, &trials, |_, trial| explore::unmutated(trial));
        let weak = trials.iter().map(|_| OnceLock::new()).collect();
        let mut sites = Sites::new();
        for (site, seen) in good.iter().flat_map(|g| &g.sites) {
            if !OUTSIDE.iter().any(|o| site.starts_with(o)) {
                sites.entry(site).or_default().merge(seen);
            }
        }
        Self { trials, good, sites, weak }
    }

    /// The trials' names.
    #[must_use]
    pub fn names(&self) -> BTreeSet<&str> {
        self.trials.iter().map(|t| t.name.as_str()).collect()
    }

    /// Every site of the model that was reached, and what is done there.
    #[must_use]
    pub const fn sites(&self) -> &Sites {
        &self.sites
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
                let trials = self.trials_of(&mutant, seen);
                targets.push(Target { mutant, trials });
            }
        }
        targets
    }

    /// The trials that reach the mutant's site, and can judge it; the cheap ones first.
    fn trials_of(&self, mutant: &Mutant, at: &SiteUse) -> Vec<usize> {
        let reach = |i: &usize| self.good[*i].sites.contains_key(mutant.site.as_ref());
        let mut these: Vec<_> = (0..self.trials.len())
            .filter(reach)
            .filter(|&i| self.trials[i].judges(mutant, at))
            .collect();
        // Somebody who peeks makes an exploration long: only for what nobody else reaches.
        let anybody = |i: usize| self.trials[i].design().is_none() && self.trials[i].only.is_none();
        if these.iter().any(|&i| anybody(i)) {
            these.retain(|&i| self.trials[i].design().is_none());
        }
        these.sort_by_key(|&i| (self.trials[i].only.is_some(), self.good[i].executions));
        these
    }

    /// Looks for a trial that notices `target`. `go_on` is asked now and then and may stop it, which
    /// leaves it survived.
    pub fn hunt(&self, target: &Target, go_on: &dyn Fn() -> bool) -> Report {
        let mutant = &target.mutant;
        let report =
            |fate, executions| Report { mutant: mutant.clone(), fate, executions, saved: None };
        if let Some(why) = self.ordered(mutant) {
            return report(Fate::Equivalent { proof: Proof::Ordered, why }, 0);
        }
        // Two swapped loads take many executions, all of which `ra` has anyway.
        let swapped = mutant.mutation == Mutation::Swap && self.is_relaxed(mutant);
        let mut executions = 0;
        for &i in target.trials.iter().filter(|_| !swapped) {
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
            if !go_on() {
                return report(Fate::Survived, executions);
            }
        }
        let (fate, spent) = self.explained(target, go_on);
        report(fate, executions + spent)
    }

    /// The fate of a mutant that no trial notices, and how many executions that took.
    fn explained(&self, target: &Target, go_on: &dyn Fn() -> bool) -> (Fate, u64) {
        let equivalent = |proof, why| Fate::Equivalent { proof, why };
        if let Some(why) = reasons::of(&target.mutant) {
            return (equivalent(Proof::Argued, why.to_owned()), 0);
        }
        if self.is_relaxed(&target.mutant) {
            return match self.under_ra(target) {
                Ok(why) => (equivalent(Proof::Relaxed, why), 0),
                Err(killed) => (killed, 0),
            };
        }
        let (why, spent) = self.ordered_later(target, go_on);
        (why.map_or(Fate::Survived, |why| equivalent(Proof::Ordered, why)), spent)
    }
}
