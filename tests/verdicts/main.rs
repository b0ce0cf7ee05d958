// SPDX-License-Identifier: GPL-2.0-only
//! The main job, judged: the verdicts on the built-in designs are computed, and are those that
//! reading the kernel predicts; a design of somebody else's gets a right one too.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail")]

mod designs;
mod ends;
mod golden;
mod minimised;
mod own_design;
