// SPDX-License-Identifier: GPL-2.0-only
//! References to the line discipline, and changing it (`tty_ldisc.c`).
//!
//! # Data flow
//! Every user of the line discipline holds `ldisc_sem` for read; changing it needs the write side.
//! A queued writer keeps new readers out, and makes their trylocks fail: so the worker's
//! `tty_ldisc_ref` gives up while somebody waits to change the discipline.
//!
//! # Lock order
//! `legacy_mutex` (`tty_lock`) > `ldisc_sem` > everything else of the tty.
//!
//! # Deviations
//! 1. `ldisc_sem` has no timeouts: `tty_set_ldisc` waits for ever instead of 5 seconds.
//! 2. `N_TTY` is the only discipline there is; its data lives as long as the tty.

use crate::errno::Errno;
use crate::sync::{Ordering, ReadGuard};
use crate::tty_struct::{TTY_LDISC_CHANGING, TTY_LDISC_HALTED, TtyEnd, TtyStruct};

/// `N_TTY`.
pub const N_TTY: u32 = 0;

/// Which line discipline is attached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ldisc {
    /// `n_tty.c`.
    NTty,
}

impl Ldisc {
    /// Its number, as in `TIOCSETD`.
    #[must_use]
    pub const fn num(self) -> u32 {
        match self {
            Self::NTty => N_TTY,
        }
    }
}

/// A reference to the attached line discipline; dropping it is `tty_ldisc_deref`.
#[must_use]
#[derive(Debug)]
pub struct LdiscRef<'a> {
    /// Which one it is.
    pub ldisc: Ldisc,
    #[allow(dead_code, reason = "held for its drop")]
    held: ReadGuard<'a>,
}

impl TtyEnd {
    /// `tty_ldisc_ref_wait`: waits while the discipline is being changed. `None` after a hangup.
    ///
    /// # Locking
    /// Takes `ldisc_sem` for read, for as long as the reference lives.
    pub fn tty_ldisc_ref_wait(&self) -> Option<LdiscRef<'_>> {
        let held = self.ldisc_sem.down_read("tty_ldisc_ref_wait.ldisc_sem");
        let ldisc = self.ldisc.get("tty_ldisc_ref_wait.ldisc")?;
        Some(LdiscRef { ldisc, held })
    }

    /// `tty_ldisc_ref`: `None` also while somebody changes the discipline, or waits to.
    ///
    /// # Locking
    /// Takes `ldisc_sem` for read if that is possible at once.
    pub fn tty_ldisc_ref(&self) -> Option<LdiscRef<'_>> {
        let held = self.ldisc_sem.down_read_trylock("tty_ldisc_ref.ldisc_sem")?;
        let ldisc = self.ldisc.get("tty_ldisc_ref.ldisc")?;
        Some(LdiscRef { ldisc, held })
    }
}

impl TtyStruct {
    /// `tty_set_ldisc` (`TIOCSETD`). Setting the discipline that is attached changes nothing, but
    /// restarts the work.
    ///
    /// # Locking
    /// `tty_lock`, then `ldisc_sem` for write.
    ///
    /// # Errors
    /// `EINVAL` for a discipline that does not exist; `EIO` after a hangup.
    pub fn tty_set_ldisc(&self, disc: u32) -> Result<(), Errno> {
        if disc != N_TTY {
            return Err(Errno::EINVAL);
        }
        let _tty_lock = self.legacy_mutex.lock("tty_set_ldisc.tty_lock");
        // tty_ldisc_lock: kindly asks blocked readers to let go of their references.
        self.flags.fetch_or("tty_ldisc_lock.changing", TTY_LDISC_CHANGING, Ordering::Relaxed);
        self.read_wait.wake_up("tty_ldisc_lock.read_wait");
        self.write_wait.wake_up("tty_ldisc_lock.write_wait");
        let held = self.ldisc_sem.down_write("tty_ldisc_lock.ldisc_sem");
        self.flags.fetch_or("tty_ldisc_lock.halted", TTY_LDISC_HALTED, Ordering::Relaxed);
        let retval = match self.ldisc.get("tty_set_ldisc.ldisc") {
            // The same discipline: a no-op. There is no other.
            Some(_) => Ok(()),
            None => Err(Errno::EIO),
        };
        // tty_ldisc_unlock: CHANGING can go first, because the semaphore wakes writers first.
        self.flags.fetch_and("tty_ldisc_unlock.halted", !TTY_LDISC_HALTED, Ordering::Relaxed);
        self.flags.fetch_and("tty_ldisc_unlock.changing", !TTY_LDISC_CHANGING, Ordering::Relaxed);
        drop(held);
        // The worker may have found the discipline in flux and given up.
        self.port.buf.tty_buffer_restart_work("tty_set_ldisc.queue_work");
        retval
    }
}
