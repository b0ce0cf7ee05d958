// SPDX-License-Identifier: GPL-2.0-only
//! Opening, closing and hanging up an end (`tty_open`, `tty_release`, `__tty_hangup`).
//!
//! # Data flow
//! The slave can be closed and opened again: what it has not read waits for the next one who opens
//! it, and its settings stay. After a hangup (`TIOCVHANGUP`) whoever opens it gets a line discipline
//! anew. The master can be closed once: that hangs the slave up.
//!
//! # Lock order
//! `tty_lock` of the master > that of the slave > `ldisc_sem`.
//!
//! # Deviations
//! 1. `tty_release` does not wait for sleepers to leave the wait queues: a sleeper holds its file,
//!    so the last close comes after it.
//! 2. The last close of both ends only marks the ports as freed: memory goes with the pair.
//! 3. The slave is the terminal of one session, of which only the signals it gets are kept: its
//!    leader lives on, whatever it gets.
//! 4. An end that is open is not opened a second time; a master, once closed, is gone (`EIO`).

use crate::errno::Errno;
use crate::machine::Variant;
use crate::sync::{Ordering, Site};
use crate::tty_struct::{
    PtyType, Signal, TTY_HUPPED, TTY_HUPPING, TTY_OTHER_CLOSED, TTY_THROTTLED, TtyEnd, TtyStruct,
};

impl TtyStruct {
    /// The way to the slave's node: closing the master has removed it (`devpts_pty_kill`).
    ///
    /// # Errors
    /// `ENOENT` if it is gone.
    pub fn devpts_lookup(&self) -> Result<(), Errno> {
        let gone = self.subtype == PtyType::Slave
            && self.test_bit("devpts_lookup.other_closed", TTY_OTHER_CLOSED);
        if gone { Err(Errno::ENOENT) } else { Ok(()) }
    }

    /// `tty_open` of the slave (`tty_reopen`, `pty_open`).
    ///
    /// # Locking
    /// Takes `tty_lock`, and `ldisc_sem` for read; after a hangup, for write.
    ///
    /// # Errors
    /// `EIO` for the master, which cannot be opened again, and if the master is being closed.
    pub fn tty_open(&self) -> Result<(), Errno> {
        if self.subtype == PtyType::Master {
            return Err(Errno::EIO);
        }
        let _tty_lock = self.legacy_mutex.lock("tty_open.tty_lock");
        // tty_reopen waits while the discipline is being changed. Without one the slave was hung
        // up.
        if self.tty_ldisc_ref_wait().is_none() {
            self.tty_ldisc_reinit()?;
        }
        self.add_count("tty_reopen.count", 1);
        if let Err(errno) = self.pty_open() {
            self.add_count("tty_release.count", 1_usize.wrapping_neg());
            return Err(errno);
        }
        self.flags.fetch_and("tty_open.hupped", !TTY_HUPPED, Ordering::Relaxed);
        self.set_hung_up("tty_open.f_op", false);
        Ok(())
    }

    /// `tty_release`: the only file of this end is closed.
    ///
    /// # Locking
    /// Takes `tty_lock`; the master's, then the slave's as well.
    pub fn tty_release(&self) {
        let tty_lock = self.legacy_mutex.lock("tty_release.tty_lock");
        self.pty_close();
        let master = self.subtype == PtyType::Master;
        let slave_lock = master.then(|| self.link.legacy_mutex.lock("tty_release.tty_lock_slave"));
        let minus_one = 1_usize.wrapping_neg();
        if master {
            self.link.add_count("tty_release.link_count", minus_one);
        }
        self.add_count("tty_release.count", minus_one);
        let last = [&self.count, &self.link.count]
            .iter()
            .all(|count| count.load("tty_release.final", Ordering::Relaxed) == 0);
        drop(slave_lock);
        drop(tty_lock);
        if last {
            self.release_tty();
        }
    }

    /// `release_tty`: nobody has either end open.
    fn release_tty(&self) {
        self.tty_buffer_cancel_work();
        // Museum 31: the other end's may still run.
        if !self.variant.is(Variant::LinkNotCancelled) {
            self.reversed().tty_buffer_cancel_work();
        }
        self.port.free();
        self.link.port.free();
    }

    /// `TIOCVHANGUP`.
    ///
    /// # Locking
    /// As [`TtyStruct::tty_vhangup`].
    ///
    /// # Errors
    /// `EIO` if it was hung up before.
    pub fn tiocvhangup(&self) -> Result<(), Errno> {
        if self.tty_hung_up_p("tty_ioctl.f_op") {
            return Err(Errno::EIO);
        }
        self.tty_vhangup();
        Ok(())
    }

    /// `tty_vhangup` (`__tty_hangup`): nothing can be done any more with whoever has this end open.
    ///
    /// # Locking
    /// Takes `tty_lock`, then all that [`TtyStruct::tty_ldisc_hangup`] takes, then `ctrl.lock`.
    pub(crate) fn tty_vhangup(&self) {
        let _tty_lock = self.legacy_mutex.lock("tty_hangup.tty_lock");
        if self.test_bit("tty_hangup.is_hupped", TTY_HUPPED) {
            return;
        }
        self.flags.fetch_or("tty_hangup.hupping", TTY_HUPPING, Ordering::Relaxed);
        // The file, if there is one.
        self.set_hung_up("tty_hangup.f_op", true);
        if self.subtype == PtyType::Slave {
            self.kill_pgrp(Signal::SIGHUP);
        }
        self.tty_ldisc_hangup();
        {
            let _held = self.ctrl.lock.lock("tty_hangup.ctrl_lock");
            self.flags.fetch_and("tty_hangup.throttled", !TTY_THROTTLED, Ordering::Relaxed);
            self.ctrl.pktstatus.store("tty_hangup.pktstatus", 0, Ordering::Relaxed);
        }
        self.flags.fetch_or("tty_hangup.hupped", TTY_HUPPED, Ordering::Relaxed);
        self.flags.fetch_and("tty_hangup.hupping_clear", !TTY_HUPPING, Ordering::Relaxed);
    }
}

impl TtyEnd {
    /// Changes `tty->count`.
    ///
    /// # Locking
    /// `tty_lock` held.
    fn add_count(&self, site: Site, n: usize) {
        // Plain in the kernel, where only holders of tty_lock write it.
        let count = self.count.load(site, Ordering::Relaxed);
        self.count.store(site, count.wrapping_add(n), Ordering::Relaxed);
    }
}
