// SPDX-License-Identifier: GPL-2.0-only
//! `ttysim`: a deterministic userspace model of the Linux tty input path, on which a proposed
//! checkpoint or peek ioctl is decided before anyone writes the kernel patch.
//!
//! The layers, each of which may use only those above it:
//!
//! 1. [`sync`]: the one room for atomics, locks, cells and threads, over three runtimes.
//! 2. [`sched`]: who runs next: random, PCT, exhaustive, replay.
//! 3. The model: [`tty_buffer`], [`workqueue`], [`ldisc_ref`], [`n_tty`], [`pty`].
//! 4. [`checkpoint`]: the designs under judgement; [`verify`]: the truth they are judged by.
//! 5. [`script`] and [`cli`]: how people speak to it.
#![allow(rustdoc::private_intra_doc_links, reason = "the docs are for those who work on it")]

pub mod checkpoint;
pub mod cli;
pub mod compare;
pub mod errno;
pub mod error;
pub mod export;
pub mod fault;
pub mod geometry;
pub mod kernel;
pub mod ldisc_ref;
pub mod machine;
pub mod museum;
pub mod mutants;
pub mod n_tty;
pub mod pty;
pub mod report;
pub mod run;
pub mod sched;
pub mod script;
pub mod serial;
mod session;
pub mod sync;
pub mod termios;
pub mod tty_buffer;
pub mod tty_io;
pub mod tty_open;
pub mod tty_port;
pub mod tty_struct;
pub mod verify;
pub mod workqueue;
