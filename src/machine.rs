// SPDX-License-Identifier: GPL-2.0-only
//! What a pair is made of, besides its sizes: which variant of the code it runs, and what it says its
//! driver is.
//!
//! A `Copy` value that travels with [`crate::geometry::Geometry`]: a script says it, the pair is
//! built with it, and each part of the pair that can differ keeps its own copy.

mod variant;

pub use variant::Variant;

/// `driver->type`, as far as a checkpoint asks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Driver {
    /// `TTY_DRIVER_TYPE_PTY`.
    #[default]
    Pty,
    /// `TTY_DRIVER_TYPE_CONSOLE`.
    Vt,
    /// `TTY_DRIVER_TYPE_SERIAL`.
    Serial,
}

/// How a pair is made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Machine {
    /// Which variant of the code it runs.
    pub variant: Variant,
    /// What it says its driver is. Every end has the pty's functions.
    pub driver: Driver,
}

impl Machine {
    /// The code of today, in this variant.
    #[must_use]
    pub const fn of(variant: Variant) -> Self {
        Self { variant, driver: Driver::Pty }
    }
}
