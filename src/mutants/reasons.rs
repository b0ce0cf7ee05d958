// SPDX-License-Identifier: GPL-2.0-only
//! Why some mutants cannot be noticed, for a reviewer to check.

use crate::sync::mutation::{Mutant, Mutation};

/// A reason, and the mutants it is for.
struct Reason {
    mutation: Mutation,
    sites: &'static [&'static str],
    why: &'static str,
}

/// The reasons.
static REASONS: [Reason; 0] = [];

/// Why `mutant` cannot be noticed.
#[must_use]
pub fn of(mutant: &Mutant) -> Option<&'static str> {
    let reason = REASONS
        .iter()
        .find(|r| r.mutation == mutant.mutation && r.sites.contains(&mutant.site.as_ref()))?;
    Some(reason.why)
}
