// SPDX-License-Identifier: GPL-2.0-only
//! Who runs next in the seeded runtime.
//!
//! [`op`] says what a step is and which steps depend on each other, [`gate`] what a step needs in
//! order to run; [`policy`] is the interface; the other files are one policy each.

pub mod bounded;
pub mod exhaustive;
pub mod fault;
pub mod gate;
pub mod op;
pub mod policy;
mod races;
pub mod random;
pub mod replay;
pub mod share;

pub use bounded::Bounded;
pub use exhaustive::{Exhaustive, Stats};
pub use fault::Fault;
pub use gate::Gate;
pub use op::{Done, Event, Mark, Op, OpKind, Pick, ThreadId, ThreadSet};
pub use policy::{Alternatives, Choice, Point, Policy};
pub use random::{Pct, Random};
pub use replay::{Replay, schedule_of};
pub use share::Share;
