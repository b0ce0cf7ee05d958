// SPDX-License-Identifier: GPL-2.0-only
//! What holds of every script, every size and every schedule, tried on generated ones.
//!
//! `PROPTEST_CASES=n` sets how many cases each property draws, `PROPTEST_RNG_SEED=n` which: without
//! it they are the same in every run. A case that fails is shrunk and saved as a schedule; the
//! message ends with the command that replays it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail")]

mod agreement;
mod case;
mod determinism;
mod harness;
mod integrity;
mod language;
mod lines;
mod pipeline;
mod small;
