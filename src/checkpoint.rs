// SPDX-License-Identifier: GPL-2.0-only
//! Checkpoint designs: proposals for an ioctl that reads all unread tty data without consuming it.
//!
//! A design is one small file: an impl of [`Design`] against the modelled kernel functions, meant
//! to be read beside the mail that proposed it. To judge one of your own, copy the file nearest
//! to it, register it in [`DESIGNS`], and run `ttysim check NAME`.
//!
//! # What a design may use
//! What a patch could use: the functions of `tty_buffer`, `ldisc_ref`, `n_tty` and the fields of
//! `tty_struct`, with its own locks taken as the patch would take them. It returns the bytes in
//! the order in which a reader would get them, or an errno. Whether it peeked well is not its
//! business: the ghost watches.

mod exclusive;
pub mod image;
mod ldisc;
mod peekraw;
pub mod state;
mod walk;

use crate::errno::Errno;
use crate::tty_struct::TtyStruct;
use std::fmt;

/// A proposed checkpoint call.
pub trait Design: Sync {
    /// Its name on the command line.
    fn name(&self) -> &'static str;

    /// What it does, in one line.
    fn about(&self) -> &'static str;

    /// Where it was proposed.
    fn source(&self) -> &'static str;

    /// The call, on the end whose unread input it peeks.
    ///
    /// # Locking
    /// None held when called; what it takes is its own affair, and the point.
    ///
    /// # Errors
    /// As the proposal says.
    fn checkpoint(&self, tty: &TtyStruct) -> Result<Vec<u8>, Errno>;
}

impl fmt::Debug for dyn Design {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Every design this build judges, in table order.
pub static DESIGNS: [&dyn Design; 6] = [
    &peekraw::PeekrawV2,
    &peekraw::PeekrawV2Flush,
    &exclusive::Exclusive2016,
    &exclusive::ExclusiveWlock,
    &exclusive::ExclusiveOrdered,
    &exclusive::ExclusiveRestart,
];

/// The design called `name`.
#[must_use]
pub fn design(name: &str) -> Option<&'static dyn Design> {
    DESIGNS.iter().copied().find(|d| d.name() == name)
}
