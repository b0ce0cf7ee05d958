// SPDX-License-Identifier: GPL-2.0-only
//! The truth a design is judged by: the contract's properties, one a file.

pub mod check;
mod cut;
pub mod decisive;
pub mod distinct;
pub mod ghost;
pub mod judge;
pub mod live;
pub mod minimise;
mod past;
pub mod scenario;
pub mod violation;

pub use ghost::Ghost;
pub use violation::{Access, Property, Violation};
