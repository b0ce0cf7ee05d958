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
//! 1. `ldisc_sem` has no timeouts: `tty_set_ldisc` waits for ever instead of 5 seconds. Where the
//!    script says `machine ldsem` it has, see [`ldsem`].
//! 2. `N_TTY` and `N_NULL` are the only disciplines there are; the data of `N_TTY` is zeroed, not
//!    allocated again.

mod ldsem;

pub use ldsem::{LDSEM_SLEEP, LdSem, LdSemaphore, ReadHold, WriteHold};

use crate::errno::Errno;
use crate::machine::Variant;
use crate::sync::{Any, Lane, Ordering};
use crate::tty_struct::{TTY_HUPPED, TTY_LDISC_CHANGING, TTY_LDISC_HALTED, TtyEnd, TtyStruct};

/// `N_TTY`.
pub const N_TTY: u32 = 0;
/// `N_NULL`.
pub const N_NULL: u32 = 27;

/// How long `tty_set_ldisc` waits, in milliseconds.
const FIVE_SECONDS: u64 = 5_000;

/// Which line discipline is attached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ldisc {
    /// `n_tty.c`.
    NTty,
    /// `n_null.c`: takes no input, and every read, write and ioctl is refused.
    NNull,
}

impl Ldisc {
    /// Its number, as in `TIOCSETD`.
    #[must_use]
    pub const fn num(self) -> u32 {
        match self {
            Self::NTty => N_TTY,
            Self::NNull => N_NULL,
        }
    }

    /// `tty_ldisc_get`.
    const fn get(disc: u32) -> Option<Self> {
        match disc {
            N_TTY => Some(Self::NTty),
            N_NULL => Some(Self::NNull),
            _ => None,
        }
    }
}

/// A reference to the attached line discipline; dropping it is `tty_ldisc_deref`.
#[must_use]
#[derive(Debug)]
pub struct LdiscRef<'a, L: Lane = Any> {
    /// Which one it is.
    pub ldisc: Ldisc,
    #[allow(dead_code, reason = "held for its drop")]
    held: ReadHold<'a, L>,
}

impl<L: Lane> TtyEnd<L> {
    /// `tty_ldisc_ref_wait`: waits while the discipline is being changed. `None` after a hangup.
    ///
    /// # Locking
    /// Takes `ldisc_sem` for read, for as long as the reference lives.
    #[inline(always)]
    pub fn tty_ldisc_ref_wait(&self) -> Option<LdiscRef<'_, L>> {
        let held = self.ldisc_sem.down_read("tty_ldisc_ref_wait.ldisc_sem");
        let ldisc = self.ldisc.get("tty_ldisc_ref_wait.ldisc")?;
        Some(LdiscRef { ldisc, held })
    }

    /// `tty_ldisc_ref`: `None` also while somebody changes the discipline, or waits to.
    ///
    /// # Locking
    /// Takes `ldisc_sem` for read if that is possible at once.
    #[inline]
    pub fn tty_ldisc_ref(&self) -> Option<LdiscRef<'_, L>> {
        let held = self.ldisc_sem.down_read_trylock("tty_ldisc_ref.ldisc_sem")?;
        let ldisc = self.ldisc.get("tty_ldisc_ref.ldisc")?;
        Some(LdiscRef { ldisc, held })
    }
}

impl TtyStruct {
    /// `tty_ldisc_lock`: keeps everybody out of the line discipline. Blocked readers and writers
    /// are kindly asked to let go of their references first.
    ///
    /// # Locking
    /// Takes `ldisc_sem` for write.
    ///
    /// # Errors
    /// `EBUSY` if `timeout`, in milliseconds, runs out. CHANGING stays set then, as in the kernel
    /// (museum W4).
    fn tty_ldisc_lock(&self, timeout: Option<u64>) -> Result<WriteHold<'_>, Errno> {
        self.flags.fetch_or("tty_ldisc_lock.changing", TTY_LDISC_CHANGING, Ordering::Relaxed);
        self.read_wait.wake_up("tty_ldisc_lock.read_wait");
        self.write_wait.wake_up("tty_ldisc_lock.write_wait");
        let held = self.ldisc_sem.down_write("tty_ldisc_lock.ldisc_sem", timeout);
        if held.is_none() && self.variant.is(Variant::ChangeRestarts) {
            let clear = "tty_ldisc_lock.changing_clear";
            self.flags.fetch_and(clear, !TTY_LDISC_CHANGING, Ordering::Relaxed);
            self.port.buf.tty_buffer_restart_work("tty_ldisc_lock.queue_work");
        }
        let held = held.ok_or(Errno::EBUSY)?;
        self.flags.fetch_or("tty_ldisc_lock.halted", TTY_LDISC_HALTED, Ordering::Relaxed);
        Ok(held)
    }

    /// `tty_ldisc_unlock`: CHANGING can go first, because the semaphore wakes writers first.
    fn tty_ldisc_unlock(&self, held: WriteHold<'_>) {
        self.flags.fetch_and("tty_ldisc_unlock.halted", !TTY_LDISC_HALTED, Ordering::Relaxed);
        self.flags.fetch_and("tty_ldisc_unlock.changing", !TTY_LDISC_CHANGING, Ordering::Relaxed);
        drop(held);
    }

    /// `tty_set_ldisc` (`TIOCSETD`). Setting the discipline that is attached changes nothing, but
    /// restarts the work; another one begins with empty buffers.
    ///
    /// # Locking
    /// `tty_lock`, then `ldisc_sem` for write.
    ///
    /// # Errors
    /// `EINVAL` for a discipline that does not exist; `EIO` after a hangup; `EBUSY` if somebody
    /// keeps the one there is for more than five seconds.
    pub fn tty_set_ldisc(&self, disc: u32) -> Result<(), Errno> {
        if self.tty_hung_up_p("tty_ioctl.f_op") {
            return Err(Errno::EIO);
        }
        let disc = Ldisc::get(disc).ok_or(Errno::EINVAL)?;
        let _tty_lock = self.legacy_mutex.lock("tty_set_ldisc.tty_lock");
        let held = self.tty_ldisc_lock(Some(FIVE_SECONDS))?;
        // Museum 23: the other end's as well, whatever its owner is doing.
        let both = self.variant.is(Variant::LockBoth);
        let other =
            both.then(|| self.link.ldisc_sem.down_write("tty_ldisc_lock_pair.ldisc_sem", None));
        let retval = self.change_ldisc(disc);
        drop(other);
        self.tty_ldisc_unlock(held);
        // The worker may have found the discipline in flux and given up.
        self.port.buf.tty_buffer_restart_work("tty_set_ldisc.queue_work");
        retval
    }

    /// The middle of `tty_set_ldisc`.
    ///
    /// # Locking
    /// `ldisc_sem` held for write.
    fn change_ldisc(&self, disc: Ldisc) -> Result<(), Errno> {
        let old = self.ldisc.get("tty_set_ldisc.ldisc").ok_or(Errno::EIO)?;
        if old == disc {
            return Ok(());
        }
        if self.test_bit("tty_set_ldisc.hupped", TTY_HUPPED) {
            return Err(Errno::EIO);
        }
        self.tty_ldisc_close(old);
        self.ldisc.set("tty_set_ldisc.new_ldisc", Some(disc));
        if disc == Ldisc::NTty {
            self.n_tty_open();
        }
        Ok(())
    }

    /// `tty_ldisc_close`.
    ///
    /// # Locking
    /// `ldisc_sem` held for write.
    fn tty_ldisc_close(&self, old: Ldisc) {
        if old == Ldisc::NTty {
            self.n_tty_close();
        }
    }

    /// `tty_ldisc_hangup` without `reinit`: forgets input and output, resets the settings and
    /// leaves the end without a discipline.
    ///
    /// # Locking
    /// `tty_lock` held. Takes `ldisc_sem` for read if that is possible at once; then for write.
    pub(crate) fn tty_ldisc_hangup(&self) {
        if let Some(ld) = self.tty_ldisc_ref() {
            if ld.ldisc == Ldisc::NTty {
                self.n_tty_flush_buffer();
            }
            self.pty_flush_buffer();
        }
        self.write_wait.wake_up("tty_ldisc_hangup.write_wait");
        self.read_wait.wake_up("tty_ldisc_hangup.read_wait");
        // Without a timeout it cannot fail.
        let Ok(held) = self.tty_ldisc_lock(None) else { return };
        self.tty_reset_termios();
        if let Some(old) = self.ldisc.get("tty_ldisc_hangup.ldisc") {
            self.tty_ldisc_close(old);
            self.ldisc.set("tty_ldisc_kill.ldisc", None);
        }
        self.tty_ldisc_unlock(held);
    }

    /// The middle of `tty_init_dev` and `tty_reopen`: a line discipline for an end that has none yet,
    /// or that was hung up (`tty_ldisc_reinit`). Nothing restarts the work (museum W4).
    ///
    /// # Locking
    /// `tty_lock` held. Takes `ldisc_sem` for write.
    ///
    /// # Errors
    /// `EBUSY` if somebody keeps it for more than five seconds.
    pub(crate) fn tty_ldisc_reinit(&self) -> Result<(), Errno> {
        // Museum 17 and 18: the worker may be in what is just being set up.
        let locks = !matches!(self.variant.get(), Variant::InitUnlocked | Variant::ReopenUnlocked);
        let held = locks.then(|| self.tty_ldisc_lock(Some(FIVE_SECONDS))).transpose()?;
        if self.ldisc.get("tty_ldisc_reinit.ldisc").is_none() {
            self.ldisc.set("tty_ldisc_reinit.new_ldisc", Some(Ldisc::NTty));
            self.n_tty_open();
        }
        if let Some(held) = held {
            self.tty_ldisc_unlock(held);
        }
        if self.variant.is(Variant::ChangeRestarts) {
            self.port.buf.tty_buffer_restart_work("tty_reopen.queue_work");
        }
        Ok(())
    }

    /// `tty_reset_termios`.
    ///
    /// # Locking
    /// Takes `termios_rwsem` for write.
    fn tty_reset_termios(&self) {
        let _sem = self.termios_rwsem.down_write("tty_reset_termios.termios_rwsem");
        self.assign_termios(&self.subtype.init_termios());
    }
}
