// SPDX-License-Identifier: GPL-2.0-only
//! What a pair is made of, besides its sizes: which variant of the code it runs.
//!
//! A `Copy` value that travels with [`crate::geometry::Geometry`]: a script says it, the pair is
//! built with it, and each part of the pair that can differ keeps its own copy.

mod variant;

pub use variant::Variant;

/// How a pair is made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Machine {
    /// Which variant of the code it runs.
    pub variant: Variant,
}

impl Machine {
    /// The code of today, in this variant.
    #[must_use]
    pub const fn of(variant: Variant) -> Self {
        Self { variant }
    }
}
