// SPDX-License-Identifier: GPL-2.0-only
//! The truth a design is judged by: the contract's properties, one a file.

pub mod alone;
pub mod built_in;
pub mod check;
pub mod contract;
mod cut;
pub mod decisive;
pub mod distinct;
mod fifo;
pub mod ghost;
pub mod guarded;
pub mod judge;
pub mod kept;
pub mod live;
pub mod minimise;
pub mod pairs;
mod past;
pub mod round_trip;
pub mod rows;
pub mod scenario;
pub mod section;
pub mod side_by_side;
mod truth;
pub mod violation;

pub use ghost::Ghost;
pub use violation::{Access, Property, Violation};
