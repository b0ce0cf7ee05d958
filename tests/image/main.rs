// SPDX-License-Identifier: GPL-2.0-only
//! Checkpoint images: bytes and states are the same thing, in any version, in C as well, and
//! whatever is done to the bytes.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail")]

mod c;
mod codec;
mod command;
mod golden;
mod mutations;
mod refused;
mod sample;
mod states;
