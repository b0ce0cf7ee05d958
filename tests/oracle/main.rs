// SPDX-License-Identifier: GPL-2.0-only
//! An oracle of n_tty and the pty pair, against which the model is checked.
//!
//! Written from the kernel's behaviour and compared with real ptys of Linux 6.18, independently of
//! the model, and as plainly as it can be: one thread, whole histories instead of rings, positions
//! that only grow, one function for what one operation of a script does. Where the model and the
//! oracle disagree, the kernel decides.
//!
//! # What it does not know
//! It says so, and the rest of the script is not compared; [`limits`] lists the reasons, each with
//! a script that runs into it. Not in scripts, so not here either: the signals themselves (that INTR
//! flushes is here; nothing reports that it kills), threads, geometries other than Linux's. Breaks
//! and bytes of wrong parity no pty has: [`flagged`] brings them as a serial driver would.

#![allow(clippy::panic, clippy::unwrap_used, reason = "that is how a test fails")]

mod compare;
mod ctype;
mod echo;
mod erase;
mod facts;
mod flagged;
mod flip;
mod input;
mod limits;
mod output;
mod pair;
mod read;
mod scripts;
mod tty;
