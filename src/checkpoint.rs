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

pub mod caller;
mod drain;
mod exclusive;
pub mod image;
mod ldisc;
pub mod opaque;
mod peekraw;
#[cfg(test)]
mod planted;
#[cfg(test)]
mod planted_calls;
#[cfg(test)]
mod planted_restore;
pub mod state;
mod walk;
mod write_back;

use crate::errno::Errno;
use crate::tty_struct::{PtyType, TtyStruct};
use caller::{Caller, Demand, Refusal};
use state::PairState;
use std::fmt;
pub use write_back::Bytes;

/// What a checkpoint keeps for a restore.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kept {
    /// What a program gets at without the kernel's help, and the bytes of a peek.
    Bytes(Bytes),
    /// Everything.
    State(Box<PairState>),
}

impl Kept {
    /// What is unread at one end, as far as it was kept.
    #[must_use]
    pub fn unread(&self, end: PtyType) -> Vec<u8> {
        match (self, end) {
            (Self::State(state), end) => state.end(end).unread(),
            (Self::Bytes(bytes), PtyType::Master) => bytes.to_master.clone(),
            (Self::Bytes(bytes), PtyType::Slave) => bytes.to_slave.clone(),
        }
    }
}

/// State beyond bytes, as a reader of a report knows it: what C5 is about. Flag bytes are not in the
/// list, because no call on a pty makes any; `opaque-state` carries them all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// Where lines end.
    LineMarks,
    /// Where `^D` was typed.
    EofMarks,
    /// That a character was quoted, and is data.
    Quoted,
    /// Where the cursor is.
    Column,
    /// Where the line that is being typed starts.
    CanonColumn,
    /// That the next character is quoted.
    Lnext,
    /// That an `ECHOPRT` erasure is open.
    Erasing,
    /// Echoes that the driver had no room for.
    Echo,
    /// Which flow control characters were already acted on.
    Lookahead,
    /// What a master in packet mode has to be told.
    PacketStatus,
    /// Whether output is stopped, and by whom.
    FlowState,
    /// The settings.
    Termios,
    /// What the line of the slave did to output that the master has not read.
    Output,
    /// How much the buffers still take.
    Room,
    /// Which ends are open.
    Files,
}

impl Part {
    /// All of them.
    pub const ALL: [Self; 15] = [
        Self::LineMarks,
        Self::EofMarks,
        Self::Quoted,
        Self::Column,
        Self::CanonColumn,
        Self::Lnext,
        Self::Erasing,
        Self::Echo,
        Self::Lookahead,
        Self::PacketStatus,
        Self::FlowState,
        Self::Termios,
        Self::Output,
        Self::Room,
        Self::Files,
    ];

    /// `line marks`, ...
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::LineMarks => "line marks",
            Self::EofMarks => "EOF marks",
            Self::Quoted => "quoted characters",
            Self::Column => "column",
            Self::CanonColumn => "canon_column",
            Self::Lnext => "lnext",
            Self::Erasing => "erasing",
            Self::Echo => "echo in flight",
            Self::Lookahead => "lookahead",
            Self::PacketStatus => "packet status",
            Self::FlowState => "flow state",
            Self::Termios => "termios",
            Self::Output => "processed output",
            Self::Room => "room",
            Self::Files => "open files",
        }
    }
}

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

    /// What the call demands of who makes it, before it takes a lock. Nothing, unless the proposal
    /// says so.
    fn demands(&self) -> &'static [Demand] {
        &[]
    }

    /// Which state beyond bytes the proposal itself says that it does not carry.
    fn not_carried(&self) -> &'static [Part] {
        &[]
    }

    /// How many executions an exploration of it may take before it is given up without a verdict.
    /// All that whoever asks allows, unless it has more interleavings than anybody waits for.
    fn executions(&self) -> u64 {
        u64::MAX
    }

    /// Keeps the pair of `tty` for a restore. Unless a design has more: what is unread at both
    /// ends, by [`Design::checkpoint`], and what a program can ask for.
    ///
    /// # Locking
    /// As [`Design::checkpoint`].
    ///
    /// # Errors
    /// As the proposal says.
    fn save(&self, caller: &Caller<'_>, tty: &TtyStruct) -> Result<Kept, Refusal> {
        caller::admit(self.demands(), caller, tty)?;
        let peek = |end: &TtyStruct| self.checkpoint(end);
        Ok(Kept::Bytes(write_back::save(tty, &peek)?))
    }

    /// Gives the pair of `fresh` what was kept. Unless a design has more: the settings, then the
    /// bytes, written through the peer.
    ///
    /// # Locking
    /// None held when called.
    ///
    /// # Errors
    /// As the proposal says.
    fn restore(&self, caller: &Caller<'_>, kept: &Kept, fresh: &TtyStruct) -> Result<(), Refusal> {
        caller::admit(self.demands(), caller, fresh)?;
        match kept {
            Kept::Bytes(bytes) => Ok(write_back::restore(bytes, caller.faults, fresh)?),
            Kept::State(_) => Err(Errno::EINVAL.into()),
        }
    }
}

impl fmt::Debug for dyn Design {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Every design this build judges, in table order.
pub static DESIGNS: [&dyn Design; 8] = [
    &peekraw::PeekrawV2,
    &peekraw::PeekrawV2Flush,
    &exclusive::Exclusive2016,
    &exclusive::ExclusiveWlock,
    &exclusive::ExclusiveOrdered,
    &exclusive::ExclusiveRestart,
    &opaque::OpaqueState,
    &drain::UserspaceDrain,
];

/// The design called `name`.
#[must_use]
pub fn design(name: &str) -> Option<&'static dyn Design> {
    DESIGNS.iter().copied().find(|d| d.name() == name)
}
