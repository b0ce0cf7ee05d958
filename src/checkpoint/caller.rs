// SPDX-License-Identifier: GPL-2.0-only
//! Who makes a checkpoint call, on what, and what it is refused for.
//!
//! # Data flow
//! A [`Caller`] makes the call; a design lists its [`Demand`]s, which [`admit`] checks in order before
//! any lock is taken. What can only be known under a lock (the line disciplines, the size) a design
//! checks itself. Refused: a [`Refusal`], and nothing has changed.
//!
//! | condition | errno | why | checked |
//! |---|---|---|---|
//! | no `CAP_SYS_ADMIN` | `EPERM` | it shows what others typed, passwords too | before any lock |
//! | file not open for reading | `EBADF` | as `read` would | before any lock |
//! | driver neither pty nor vt | `ENOTTY` | hardware has state of its own that nobody saves | before any lock |
//! | somebody who uses the end is not stopped | `EBUSY` | only where the design says that it needs it | before any lock |
//! | hung up, or the line discipline is gone | `EIO` | there is nothing to save | under `ldisc_sem` |
//! | an end's discipline is not N_TTY | `EOPNOTSUPP` | its data is not understood | under `ldisc_sem` |
//! | a lock is held, and the caller will not wait | `EAGAIN` | | instead of waiting |
//! | a signal, while waiting | `ERESTARTSYS` | | instead of waiting |
//! | no memory | `ENOMEM` | | before any lock |
//! | the buffer is too small | `EOVERFLOW`, and the size needed | as `name_to_handle_at` does | under all locks |
//! | the buffer is not there | `EFAULT` | | after all locks |
//!
//! # Deviations
//! 1. A vt has no link, and the model has no end without: as a driver it is only a name.

use crate::errno::Errno;
use crate::fault::Faults;
use crate::machine::Driver;
use crate::tty_struct::TtyStruct;
use std::fmt;

/// Who calls.
#[derive(Debug)]
pub struct Caller<'f> {
    /// It has `CAP_SYS_ADMIN`.
    pub cap_sys_admin: bool,
    /// Its file is open for reading.
    pub fmode_read: bool,
    /// Everybody who uses the pair is stopped.
    pub stopped: bool,
    /// It does not wait for locks (`O_NONBLOCK`).
    pub nonblock: bool,
    /// How large its buffer is, in bytes.
    pub room: usize,
    /// What fails in the call.
    pub faults: &'f Faults,
}

impl<'f> Caller<'f> {
    /// One that is refused nothing; for it, what `faults` says fails.
    #[must_use]
    pub const fn root(faults: &'f Faults) -> Self {
        Self {
            cap_sys_admin: true,
            fmode_read: true,
            stopped: true,
            nonblock: false,
            room: usize::MAX,
            faults,
        }
    }
}

/// What a design demands before it takes any lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Demand {
    /// `CAP_SYS_ADMIN`.
    CapSysAdmin,
    /// A file that is open for reading.
    FmodeRead,
    /// A pty or a vt.
    PtyOrVt,
    /// That everybody who uses the pair is stopped.
    Stopped,
}

impl Demand {
    /// # Errors
    /// That of the table, if it is not met.
    fn check(self, caller: &Caller<'_>, tty: &TtyStruct) -> Result<(), Errno> {
        let (met, errno) = match self {
            Self::CapSysAdmin => (caller.cap_sys_admin, Errno::EPERM),
            Self::FmodeRead => (caller.fmode_read, Errno::EBADF),
            Self::PtyOrVt => (!matches!(tty.driver, Driver::Serial), Errno::ENOTTY),
            Self::Stopped => (caller.stopped, Errno::EBUSY),
        };
        if met { Ok(()) } else { Err(errno) }
    }
}

/// Checks `demands` in order.
///
/// # Errors
/// That of the first that is not met.
pub fn admit(demands: &[Demand], caller: &Caller<'_>, tty: &TtyStruct) -> Result<(), Refusal> {
    demands.iter().try_for_each(|demand| demand.check(caller, tty)).map_err(Refusal::from)
}

/// Why a call was refused. Nothing has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// What it returns.
    pub errno: Errno,
    /// How large the buffer has to be, where it was too small.
    pub needed: Option<usize>,
}

impl Refusal {
    /// The buffer is too small.
    #[must_use]
    pub const fn too_small(needed: usize) -> Self {
        Self { errno: Errno::EOVERFLOW, needed: Some(needed) }
    }
}

impl From<Errno> for Refusal {
    fn from(errno: Errno) -> Self {
        Self { errno, needed: None }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.needed {
            Some(needed) => write!(f, "{} ({needed} bytes are needed)", self.errno),
            None => write!(f, "{}", self.errno),
        }
    }
}
