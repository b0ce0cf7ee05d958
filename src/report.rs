// SPDX-License-Identifier: GPL-2.0-only
//! What people and programs get to read: tables, columns of steps, JSON lines.
//!
//! Data flow: commands hand plain values in and get text back; nothing here prints. Text may hold
//! ANSI styles only where [`Paint::Ansi`] is asked for; the command line's output stream removes
//! them where they are not wanted.

pub mod columns;
pub mod exhibits;
pub mod html;
pub mod image;
pub mod json;
pub mod ktap;
pub mod mail;
pub mod mutants;
pub mod relevant;
pub mod rest;
pub mod table;
pub mod trace;
pub mod verdicts;
pub(crate) mod wrap;

pub use columns::{Columns, Step};
pub use table::{Cell, Row, Table};

/// Whether text is styled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paint {
    /// Plain text.
    Plain,
    /// With ANSI escapes.
    Ansi,
}

/// The width of reports unless the user says otherwise: what kernel mail and terminals bear.
pub const WIDTH: usize = 100;
