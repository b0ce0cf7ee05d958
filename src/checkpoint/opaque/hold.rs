// SPDX-License-Identifier: GPL-2.0-only
//! Holding both ends of a pair still.
//!
//! # Lock order
//! ```text
//! tty_lock master > tty_lock slave
//!   > ldisc_sem slave (read) > ldisc_sem master (read)
//!   > buf->lock slave > termios_rwsem slave (write)
//!   > buf->lock master > termios_rwsem master (write)
//!   > flow.lock slave > flow.lock master > ctrl.lock master
//!   > port->lock slave > port->lock master
//! ```
//! # Why it cannot deadlock
//! Everything else that holds one of these and waits for another:
//!
//! | who | holds | waits for |
//! |---|---|---|
//! | close of the master | `tty_lock` master | `tty_lock` slave, `ldisc_sem` slave (write) |
//! | `TIOCSETD`, hangup | `tty_lock` | `ldisc_sem` (write), `termios_rwsem` |
//! | read, write, ioctl | `ldisc_sem` (read) | `termios_rwsem`, `output_lock`, the link's `port->lock`; `buf->lock` without `termios_rwsem` |
//! | settings, through the master | `ldisc_sem` master (read) | `termios_rwsem` slave |
//! | the worker, `TIOCSTI` | `buf->lock` | `termios_rwsem`, `output_lock`, the link's `port->lock`, `flow.lock` |
//! | `isig` in the slave's worker | `buf->lock`, `termios_rwsem` slave | `buf->lock` **master**, `ctrl.lock` slave |
//! | change of settings | `termios_rwsem` | `flow.lock`, `output_lock` |
//! | flow control | `flow.lock` | `ctrl.lock` of the same end |
//!
//! All of them go down the list. The one that crosses from end to end with more than a driver's
//! lock is `isig`: it drops the output of its end under its own `termios_rwsem`. Hence the slave
//! first. A master has no signals (its settings are the driver's, all off, and nobody can change
//! them; a state that says otherwise is not restored), so nobody crosses the other way. `flush_work` waits for a worker that may wait for
//! `buf->lock`; whoever calls it holds neither that nor `termios_rwsem` (museum 8), only
//! `atomic_read_lock` and `ldisc_sem`, which nobody here waits for.
//!
//! # Why it is enough
//! | what | who could change it | kept out by |
//! |---|---|---|
//! | flags, `count`, the discipline | close, open, hangup, `TIOCSETD` | `tty_lock` |
//! | `head`, `read`, `lookahead`, freed buffers | worker, flush, `TIOCSTI` | `buf->lock` |
//! | `tail`, `used`, `commit`, the free list | the link's writer or echo | `port->lock` |
//! | `n_tty_data` | worker, reader, writer, settings, flush | `termios_rwsem`, and `buf->lock` for lookahead |
//! | `flow`, `pktstatus` of a start or stop | `TCXONC`, ^S, ^Q | `flow.lock` |
//! | `packet` | `TIOCPKT`, close | `ctrl.lock` of the master, `tty_lock` |
//!
//! `output_lock` and `atomic_read_lock` are not needed: who changes anything under them holds
//! `termios_rwsem` for read, or `buf->lock`. Both ends are held at once, so that what is copied was
//! there at one instant.

use super::super::caller::Caller;
use crate::errno::Errno;
use crate::fault::Fault;
use crate::ldisc_ref::{Ldisc, LdiscRef};
use crate::sync::{Mutex, MutexGuard, Site, WriteGuard};
use crate::tty_buffer::ExclusiveGuard;
use crate::tty_struct::{PtyType, TtyEnd, TtyStruct};

/// The two ends of a pair, by what they are.
#[derive(Clone, Copy)]
pub(super) struct Ends<'a> {
    pub(super) master: &'a TtyEnd,
    pub(super) slave: &'a TtyEnd,
}

/// Both ends, held still.
#[must_use = "release it"]
pub(super) struct Held<'a> {
    pub(super) tty_lock: [MutexGuard<'a>; 2],
    pub(super) ldisc: [LdiscRef<'a>; 2],
    pub(super) slave: EndHeld<'a>,
    pub(super) master: EndHeld<'a>,
    pub(super) flow: [MutexGuard<'a>; 2],
    pub(super) ctrl: MutexGuard<'a>,
    pub(super) slave_port: MutexGuard<'a>,
    pub(super) master_port: MutexGuard<'a>,
}

/// One end's share of the locks that sleep.
pub(super) struct EndHeld<'a> {
    pub(super) exclusive: ExclusiveGuard<'a>,
    pub(super) termios: WriteGuard<'a>,
}

impl<'a> Ends<'a> {
    pub(super) fn of(tty: &'a TtyStruct) -> Self {
        match tty.subtype {
            PtyType::Master => Self { master: tty, slave: &tty.link },
            PtyType::Slave => Self { master: &tty.link, slave: tty },
        }
    }

    /// Holds both.
    ///
    /// # Locking
    /// Takes everything in the module's list.
    ///
    /// # Errors
    /// `EIO` if an end's line discipline is gone, `EOPNOTSUPP` if it is not N_TTY; `EAGAIN` if a
    /// lock is held and the caller does not wait, `ERESTARTSYS` if a signal interrupts it.
    pub(super) fn hold(&self, caller: &Caller<'_>) -> Result<Held<'a>, Errno> {
        let Self { master, slave } = *self;
        let tty_lock = [
            lock(&master.legacy_mutex, "tty_hold.tty_lock_master", caller)?,
            lock(&slave.legacy_mutex, "tty_hold.tty_lock_slave", caller)?,
        ];
        let ldisc = [n_tty(slave)?, n_tty(master)?];
        let slave_held = EndHeld::take(slave, caller)?;
        let master_held = match EndHeld::take(master, caller) {
            Ok(held) => held,
            Err(errno) => {
                slave_held.release(slave);
                return Err(errno);
            }
        };
        let flow = [
            slave.flow.lock.lock("tty_hold.flow_lock_slave"),
            master.flow.lock.lock("tty_hold.flow_lock_master"),
        ];
        let ctrl = master.ctrl.lock.lock("tty_hold.ctrl_lock_master");
        let slave_port = slave.port.lock.lock("tty_hold.port_lock_slave");
        let master_port = master.port.lock.lock("tty_hold.port_lock_master");
        let (slave, master) = (slave_held, master_held);
        Ok(Held { tty_lock, ldisc, slave, master, flow, ctrl, slave_port, master_port })
    }
}

impl Held<'_> {
    /// Lets everything go on, the last lock first: works are queued where a chain holds anything.
    pub(super) fn release(self, ends: &Ends<'_>) {
        drop(self.master_port);
        drop(self.slave_port);
        drop(self.ctrl);
        drop(self.flow);
        self.master.release(ends.master);
        self.slave.release(ends.slave);
        drop(self.ldisc);
        drop(self.tty_lock);
    }
}

impl<'a> EndHeld<'a> {
    pub(super) fn take(end: &'a TtyEnd, caller: &Caller<'_>) -> Result<Self, Errno> {
        let buf = &end.port.buf;
        let exclusive = if caller.nonblock {
            buf.tty_buffer_trylock_exclusive().ok_or(Errno::EAGAIN)?
        } else {
            buf.tty_buffer_lock_exclusive()
        };
        match write_lock(end, caller) {
            Ok(termios) => Ok(Self { exclusive, termios }),
            Err(errno) => {
                buf.tty_buffer_unlock_exclusive_restart(exclusive);
                Err(errno)
            }
        }
    }

    pub(super) fn release(self, end: &TtyEnd) {
        drop(self.termios);
        end.port.buf.tty_buffer_unlock_exclusive_restart(self.exclusive);
    }
}

/// `termios_rwsem` for write: at once, or until a signal interrupts the wait.
fn write_lock<'a>(end: &'a TtyEnd, caller: &Caller<'_>) -> Result<WriteGuard<'a>, Errno> {
    let sem = &end.termios_rwsem;
    if caller.nonblock {
        return sem.down_write_trylock("tty_hold.termios_rwsem_try").ok_or(Errno::EAGAIN);
    }
    if caller.faults.happens(Fault::Signal) {
        return Err(Fault::Signal.errno());
    }
    Ok(sem.down_write("tty_hold.termios_rwsem"))
}

/// `mutex_lock_interruptible`, or `mutex_trylock` for a caller who does not wait.
pub(super) fn lock<'a>(
    mutex: &'a Mutex,
    site: Site,
    caller: &Caller<'_>,
) -> Result<MutexGuard<'a>, Errno> {
    if caller.nonblock {
        return mutex.try_lock(site).ok_or(Errno::EAGAIN);
    }
    if caller.faults.happens(Fault::Signal) {
        return Err(Fault::Signal.errno());
    }
    Ok(mutex.lock(site))
}

/// A reference to the end's N_TTY. It never waits: whoever wants to change the discipline holds
/// `tty_lock`.
pub(super) fn n_tty(end: &TtyEnd) -> Result<LdiscRef<'_>, Errno> {
    let ld = end.tty_ldisc_ref_wait().ok_or(Errno::EIO)?;
    if ld.ldisc == Ldisc::NTty { Ok(ld) } else { Err(Errno::EOPNOTSUPP) }
}
