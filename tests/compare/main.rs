// SPDX-License-Identifier: GPL-2.0-only
//! `ttysim compare`, as far as it takes more than a unit: that its generator speaks of everything.

#![allow(clippy::panic, clippy::expect_used, reason = "that is how a test fails")]

mod generator;
mod stty;
mod wrong_rules;
