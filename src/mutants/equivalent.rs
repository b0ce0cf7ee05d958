// SPDX-License-Identifier: GPL-2.0-only
//! Mutations of an order that nothing can notice, as far as that can be computed.
//!
//! # Ordered
//! In no execution of any trial does an access at the site contend ([`contends`]): something
//! else orders it with all that conflict with it, so it could as well be plain. Then its ordering,
//! its atomicity, and its place among its neighbours that release nothing mean nothing under any
//! memory model. Only where some trial with threads that reaches the site was explored completely.
//!
//! # Relaxed
//! Memory `ra` (RC11) makes the two accesses in either order without being asked, so whatever the
//! mutant does the unmutated model does under `ra`, and the mutant adds nothing:
//! - *swap* of a relaxed load of x and the next load, of y. Say the mutant loads y at one moment and
//!   x at a later one. Unmutated, x is loaded at the later moment, and then y reads what it would
//!   have read before: nothing that the load of x brought with it forbids that, for it is relaxed.
//! - *later*, where the step that comes first instead is a load of another object (not both
//!   sequentially consistent), or a relaxed store or read-modify-write: that releases nothing, so to
//!   others the two have no order. They may read what was there before the store until the mutant
//!   makes it, and their own stores meanwhile have their place in modification order in front of it.
//!
//! What is left to be shown is that the unmutated model is right under `ra`: each trial with threads
//! that reaches the site is explored under `ra`, and if it breaks something there that it does not
//! break otherwise, that is a finding, and the mutant counts as killed by it.
//!
//! [`contends`]: crate::sync::mutation::survey::SiteUse::contends

use super::explore::{self, Outcomes, Weak};
use super::{Fate, Field, Target};
use crate::sync::Site;
use crate::sync::mutation::{Mutant, Mutation};

impl Field {
    /// Whether every access at the site is ordered with all that conflict with it by something
    /// else, and so what the mutant does to its ordering, its atomicity or its place means nothing.
    pub(super) fn ordered(&self, mutant: &Mutant) -> Option<String> {
        let sites = &self.sites;
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
        let complete = |i: &usize| self.trials[*i].concurrent() && self.good[*i].complete;
        let these: Vec<_> = self.reaching(mutant).filter(complete).map(|i| &self.good[i]).collect();
        let executions: u64 = these.iter().map(|g: &&Outcomes| g.executions).sum();
        (!these.is_empty()).then(|| {
            let n = these.len();
            format!("never contends, in {n} complete explorations ({executions} executions)")
        })
    }

    /// A store that comes after a release can still be ordered with all that conflict with it, by a
    /// release behind that one: then it is as if it had come in time. And how many executions it
    /// took to know.
    pub(super) fn ordered_later(
        &self,
        target: &Target,
        go_on: &dyn Fn() -> bool,
    ) -> (Option<String>, u64) {
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

    /// Whether memory `ra` does what the mutant does without being asked.
    pub(super) fn is_relaxed(&self, mutant: &Mutant) -> bool {
        let here = self.sites.get(mutant.site.as_ref());
        here.is_some_and(|seen| match mutant.mutation {
            Mutation::Swap => !seen.ordered,
            Mutation::Later => !seen.then_release,
            _ => false,
        })
    }

    /// What the trials that reach the site of a mutant that is only what `ra` does come to under `ra`.
    pub(super) fn under_ra(&self, target: &Target) -> Result<String, Fate> {
        let (mut explored, mut executions) = (0, 0);
        let these = target.trials.iter().copied();
        for i in these.filter(|&i| self.trials[i].is_sequential_memory()) {
            let trial = &self.trials[i];
            let weak = self.weak[i].get_or_init(|| explore::weakly(trial, &self.good[i]));
            let Weak { executions: n, broken } = weak;
            explored += 1;
            executions += n;
            if let Some(how) = broken {
                let by = format!("{} (ra, unmutated)", trial.name);
                return Err(Fate::Killed { by, how: how.clone() });
            }
        }
        if explored == 0 {
            return Err(Fate::Survived);
        }
        Ok(format!(
            "`ra` has both orders and breaks nothing: {explored} explorations, {executions} executions"
        ))
    }

    /// The trials that reach the mutant's site.
    fn reaching(&self, mutant: &Mutant) -> impl Iterator<Item = usize> {
        let site = mutant.site.clone();
        (0..self.trials.len()).filter(move |&i| self.good[i].sites.contains_key(site.as_ref()))
    }
}
