// SPDX-License-Identifier: GPL-2.0-only
//! The second opinion: the same races under loom, in C11-like memory, one file a race.
//!
//! A loom pass is evidence, not proof ([`gap`] shows why). So each proof prints how many
//! executions loom ran and whether it completed or was capped (capped fails), says what loom
//! cannot see there, compares the outcomes it reached with those of our own explorer, and has a
//! twin in which a known-bad variant is caught by the same proof.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail")]

mod four_threads;
mod gap;
mod producer_worker;
mod producer_worker_peek;
mod proof;
mod tiocsti;
mod worker_reader;
mod worker_reader_peek;
