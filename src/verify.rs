// SPDX-License-Identifier: GPL-2.0-only
//! The truth a design is judged by: the contract's properties, one a file.

mod cut;
pub mod ghost;
pub mod judge;
pub mod violation;

pub use ghost::Ghost;
pub use violation::{Access, Property, Violation};
