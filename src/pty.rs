// SPDX-License-Identifier: GPL-2.0-only
//! The pty driver: whatever one end writes is received by the other.
//!
//! # Data flow
//! `n_tty_write` -> `pty_write` -> the *link's* flip chain -> the link's work.
//!
//! # Invariants
//! - `TTY_THROTTLED` is always set, so that the line discipline always calls the unthrottle
//!   routine, which wakes sleeping writers.
//!
//! - Only the master can be in packet mode. What it has to be told about the slave waits in the
//!   *slave's* `ctrl.pktstatus`, changed under the slave's `ctrl.lock`; whether anybody wants to
//!   know, the master's `ctrl.packet`, is looked at without a lock.
//!
//! # Lock order
//! `flow.lock`, `termios_rwsem` > `ctrl.lock`; the link's `buf->lock` is never taken inside it.
//!
//! # Deviations
//! 1. Both ends are open from the start, once each.
//! 2. `TIOCSPTLCK` is not modelled: the slave is never locked.

use crate::errno::Errno;
use crate::geometry::Geometry;
use crate::machine::{Machine, Variant};
use crate::sync::{Lane, Ordering, Runtime, Site, fence};
use crate::termios::{Termios, cc, cflag, iflag, lflag};
use crate::tty_struct::{
    PtyType, TTY_IO_ERROR, TTY_OTHER_CLOSED, TTY_THROTTLED, TtyEnd, TtyStruct,
};
use crate::verify::Ghost;
use std::sync::Arc;

/// `TIOCPKT_DATA`: the first byte of a read that has data.
pub const TIOCPKT_DATA: u8 = 0;
/// `TIOCPKT_FLUSHREAD`: the slave forgot its input.
pub const TIOCPKT_FLUSHREAD: u8 = 1;
/// `TIOCPKT_FLUSHWRITE`: it forgot its output.
pub const TIOCPKT_FLUSHWRITE: u8 = 2;
/// `TIOCPKT_STOP`: its output is stopped.
pub const TIOCPKT_STOP: u8 = 4;
/// `TIOCPKT_START`: its output was started.
pub const TIOCPKT_START: u8 = 8;
/// `TIOCPKT_NOSTOP`: ^S and ^Q no longer stop and start it.
pub const TIOCPKT_NOSTOP: u8 = 16;
/// `TIOCPKT_DOSTOP`: they do now.
pub const TIOCPKT_DOSTOP: u8 = 32;
/// `TIOCPKT_IOCTL`: its settings changed, and `EXTPROC` is or was on.
pub const TIOCPKT_IOCTL: u8 = 64;

/// The truth about both directions.
#[derive(Clone, Debug, Default)]
pub struct PairGhosts {
    /// What the master writes and the slave reads.
    pub to_slave: Ghost,
    /// What the slave writes and the master reads.
    pub to_master: Ghost,
}

/// An open pty pair.
#[derive(Debug)]
pub struct Pair {
    /// The end a terminal emulator holds.
    pub master: Arc<TtyStruct>,
    /// The end a program runs on.
    pub slave: Arc<TtyStruct>,
}

impl Pair {
    /// `pty_common_install`: a fresh pair with the drivers' own settings, running the code of today.
    #[must_use]
    pub fn new(rt: Runtime, geometry: &Geometry, ghosts: PairGhosts) -> Arc<Self> {
        Self::on(Machine::default(), rt, geometry, ghosts)
    }

    /// The same on `machine`.
    #[must_use]
    pub fn on(machine: Machine, rt: Runtime, geometry: &Geometry, ghosts: PairGhosts) -> Arc<Self> {
        let master = end(machine, rt, PtyType::Master, geometry, ghosts.to_master);
        let slave = end(machine, rt, PtyType::Slave, geometry, ghosts.to_slave);
        Arc::new(Self {
            master: Arc::new(TtyStruct::new(Arc::clone(&master), Arc::clone(&slave))),
            slave: Arc::new(TtyStruct::new(slave, master)),
        })
    }

    /// Runs what is queued at either end until nothing is, slave first; for a caller who is alone.
    pub fn settle(&self) {
        while self.slave.run_pending_work() || self.master.run_pending_work() {}
    }
}

/// An open end. Never inlined: while it is made it takes some 7 KiB of stack, and loom's threads have 32.
#[inline(never)]
fn end(
    machine: Machine,
    rt: Runtime,
    subtype: PtyType,
    geometry: &Geometry,
    ghost: Ghost,
) -> Arc<TtyEnd> {
    Arc::new(TtyEnd::new(machine, rt, subtype, geometry, ghost))
}

impl<L: Lane> TtyStruct<L> {
    /// `pty_write`: as much of `buf` as the link's flip chain takes.
    ///
    /// # Locking
    /// Takes the link's `port->lock`.
    #[inline]
    pub(crate) fn pty_write(&self, buf: &[u8]) -> usize {
        if buf.is_empty() || self.stopped("pty_write.stopped") {
            return 0;
        }
        if self.link.serial.as_ref().is_some_and(|s| !s.takes("pty_write.rts")) {
            return 0;
        }
        let port = &self.link.port;
        let n = port.buf.tty_insert_flip_string_and_push_buffer(&port.lock, buf);
        // Museum 26: tty_wakeup, and so the line discipline's write_wakeup.
        if self.variant.is(Variant::WriteWakesSelf) {
            let modes = self.lockless("n_tty_write_wakeup.termios").output;
            self.process_echoes(modes);
        }
        n
    }

    /// [`TtyStruct::pty_write`] for each of `chars` on its own, with one hold of the lock.
    ///
    /// # Locking
    /// Takes the link's `port->lock`.
    pub(crate) fn pty_write_chars(&self, chars: &[u8]) -> usize {
        if chars.is_empty() || self.stopped("pty_write.stopped") {
            return 0;
        }
        let port = &self.link.port;
        port.buf.insert_each_and_push(&port.lock, chars)
    }

    /// `pty_write_room`: what is left of the link's limit; 0 while stopped.
    #[inline]
    pub fn pty_write_room(&self) -> usize {
        if self.stopped("pty_write_room.stopped") {
            return 0;
        }
        self.link.port.buf.tty_buffer_space_avail()
    }

    /// `pty_unthrottle`: the link's writers may go on.
    pub(crate) fn pty_unthrottle(&self) {
        self.link.tty_wakeup();
        self.flags.fetch_or("pty_unthrottle.throttled", TTY_THROTTLED, Ordering::Relaxed);
    }

    /// `pty_flush_buffer`: drops what this end has written and the link has not received.
    ///
    /// # Locking
    /// Takes the link's `buf->lock`, then `ctrl.lock`.
    pub(crate) fn pty_flush_buffer(&self) {
        self.link.port.buf.tty_buffer_flush();
        // Museum W5b: of what lookahead had seen, nothing is left to come.
        if self.variant.is(Variant::FlushResetsCount) {
            self.link.forget_lookahead();
        }
        if self.link.packet_mode("pty_flush_buffer.packet") {
            let _held = self.ctrl.lock.lock("pty_flush_buffer.ctrl_lock");
            self.change_pktstatus_locked(0, TIOCPKT_FLUSHWRITE);
            self.link.read_wait.wake_up("pty_flush_buffer.read_wait");
        }
    }
}

impl TtyStruct {
    /// `pty_open`, for another open of the slave.
    ///
    /// # Locking
    /// `tty_lock` held.
    ///
    /// # Errors
    /// `EIO` if the master is closed.
    pub(crate) fn pty_open(&self) -> Result<(), Errno> {
        if self.test_bit("pty_open.other_closed", TTY_OTHER_CLOSED)
            || self.link.count.load("pty_open.count", Ordering::Relaxed) != 1
        {
            self.flags.fetch_or("pty_open.io_error", TTY_IO_ERROR, Ordering::Relaxed);
            return Err(Errno::EIO);
        }
        self.flags.fetch_and("pty_open.clear_io_error", !TTY_IO_ERROR, Ordering::Relaxed);
        let link = &self.link.flags;
        link.fetch_and("pty_open.clear_other_closed", !TTY_OTHER_CLOSED, Ordering::Relaxed);
        self.flags.fetch_or("pty_open.throttled", TTY_THROTTLED, Ordering::Relaxed);
        Ok(())
    }

    /// `pty_close`. Of the slave: the master reads what is still on its way, then `EIO`; what it
    /// writes is still taken. Of the master: the slave is hung up.
    ///
    /// # Locking
    /// `tty_lock` held. Takes `ctrl.lock`; the master, then all that a hangup takes.
    pub(crate) fn pty_close(&self) {
        if self.subtype == PtyType::Slave
            && (self.test_bit("pty_close.is_io_error", TTY_IO_ERROR)
                || self.count.load("pty_close.count", Ordering::Relaxed) > 2)
        {
            return;
        }
        self.flags.fetch_or("pty_close.io_error", TTY_IO_ERROR, Ordering::Relaxed);
        self.read_wait.wake_up("pty_close.read_wait");
        self.write_wait.wake_up("pty_close.write_wait");
        {
            let _held = self.ctrl.lock.lock("pty_close.ctrl_lock");
            self.ctrl.packet.store("pty_close.packet", 0, Ordering::Relaxed);
        }
        self.link.flags.fetch_or("pty_close.other_closed", TTY_OTHER_CLOSED, Ordering::Relaxed);
        if self.subtype == PtyType::Slave {
            self.link.ghost.closing();
        }
        self.link.read_wait.wake_up("pty_close.link_read_wait");
        self.link.write_wait.wake_up("pty_close.link_write_wait");
        if self.subtype == PtyType::Master {
            let closed = "pty_close.own_other_closed";
            self.flags.fetch_or(closed, TTY_OTHER_CLOSED, Ordering::Relaxed);
            self.reversed().tty_vhangup();
        }
    }
}

impl<L: Lane> TtyStruct<L> {
    /// `pty_start`: output was started; a master in packet mode is told.
    ///
    /// # Locking
    /// `flow.lock` held. Takes `ctrl.lock`.
    pub(crate) fn pty_start(&self) {
        if self.subtype == PtyType::Slave && self.link.packet_mode("pty_start.packet") {
            self.change_pktstatus(TIOCPKT_STOP, TIOCPKT_START);
            self.link.read_wait.wake_up("pty_start.read_wait");
        }
    }

    /// `pty_stop`: output was stopped; a master in packet mode is told.
    ///
    /// # Locking
    /// `flow.lock` held. Takes `ctrl.lock`.
    pub(crate) fn pty_stop(&self) {
        if self.subtype == PtyType::Slave && self.link.packet_mode("pty_stop.packet") {
            self.change_pktstatus(TIOCPKT_START, TIOCPKT_STOP);
            self.link.read_wait.wake_up("pty_stop.read_wait");
        }
    }
}

impl TtyStruct {
    /// `pty_set_termios`: a pty always has 8 bits and no parity. A master in packet mode is told
    /// whether ^S and ^Q mean something from now on, and with `EXTPROC` of every change. Returns
    /// what the settings really become.
    ///
    /// # Locking
    /// `termios_rwsem` held for write. Takes `ctrl.lock`.
    pub(crate) fn pty_set_termios(&self, new: &Termios, old: &Termios) -> Termios {
        if self.subtype == PtyType::Slave && self.link.packet_mode("pty_set_termios.packet") {
            self.tell_settings(new, old);
        }
        Termios {
            cflag: new.cflag & !(cflag::CSIZE | cflag::PARENB) | cflag::CS8 | cflag::CREAD,
            ..*new
        }
    }

    fn tell_settings(&self, new: &Termios, old: &Termios) {
        let extproc = old.l(lflag::EXTPROC) || new.l(lflag::EXTPROC);
        let flow = stops_by_usual_chars(new);
        let flow_changed = flow != stops_by_usual_chars(old);
        if !flow_changed && !extproc {
            return;
        }
        let (mut clear, mut set) = (0, 0);
        if flow_changed {
            clear = TIOCPKT_DOSTOP | TIOCPKT_NOSTOP;
            set = if flow { TIOCPKT_DOSTOP } else { TIOCPKT_NOSTOP };
        }
        if extproc {
            set |= TIOCPKT_IOCTL;
        }
        self.change_pktstatus(clear, set);
        self.link.read_wait.wake_up("pty_set_termios.read_wait");
    }

    /// `pty_set_pktmode` (`TIOCPKT`): turns packet mode of the master on or off.
    ///
    /// # Locking
    /// Takes `ctrl.lock`.
    ///
    /// # Errors
    /// `ENOTTY` on the slave; `EIO` after a hangup.
    pub fn pty_set_pktmode(&self, on: bool) -> Result<(), Errno> {
        if self.tty_hung_up_p("tty_ioctl.f_op") {
            return Err(Errno::EIO);
        }
        if self.subtype == PtyType::Slave {
            return Err(Errno::ENOTTY);
        }
        let _held = self.ctrl.lock.lock("pty_set_pktmode.ctrl_lock");
        if on && !self.packet_mode("pty_set_pktmode.packet") {
            let status = &self.link.ctrl.pktstatus;
            status.store("pty_set_pktmode.pktstatus", 0, Ordering::Relaxed);
            // Whoever sees packet mode on adds to a status that was cleared before: pairs with
            // the slave's ctrl.lock, which whoever adds takes after looking.
            fence(self.rt, "pty_set_pktmode.smp_mb", Ordering::SeqCst);
            self.ctrl.packet.store("pty_set_pktmode.packet_set", 1, Ordering::Relaxed);
        } else if !on {
            self.ctrl.packet.store("pty_set_pktmode.packet_clear", 0, Ordering::Relaxed);
        }
        Ok(())
    }
}

/// Whether the master may handle ^S and ^Q itself.
fn stops_by_usual_chars(t: &Termios) -> bool {
    t.i(iflag::IXON) && t.cc[cc::VSTOP] == 0x13 && t.cc[cc::VSTART] == 0x11
}

impl<L: Lane> TtyEnd<L> {
    /// `ctrl.packet`. Relaxed, and without its lock.
    #[inline]
    pub(crate) fn packet_mode(&self, site: Site) -> bool {
        self.ctrl.packet.load(site, Ordering::Relaxed) != 0
    }

    /// `ctrl.pktstatus`. Relaxed, and without its lock.
    #[inline]
    pub(crate) fn pktstatus(&self, site: Site) -> usize {
        self.ctrl.pktstatus.load(site, Ordering::Relaxed)
    }

    /// Takes `ctrl.pktstatus` away, for the master to read.
    ///
    /// # Locking
    /// Takes `ctrl.lock`.
    #[cold]
    #[inline(never)]
    pub(crate) fn take_pktstatus(&self) -> u8 {
        let _held = self.ctrl.lock.lock("n_tty_read.ctrl_lock");
        let [status, ..] = self.pktstatus("n_tty_read.pktstatus_taken").to_le_bytes();
        self.ctrl.pktstatus.store("n_tty_read.pktstatus_clear", 0, Ordering::Relaxed);
        status
    }

    /// Clears and sets bits of `ctrl.pktstatus`.
    ///
    /// # Locking
    /// Takes `ctrl.lock`.
    pub(crate) fn change_pktstatus(&self, clear: u8, set: u8) {
        let _held = self.ctrl.lock.lock("pktstatus.ctrl_lock");
        self.change_pktstatus_locked(clear, set);
    }

    fn change_pktstatus_locked(&self, clear: u8, set: u8) {
        let status = self.pktstatus("pktstatus.load");
        let status = status & !usize::from(clear) | usize::from(set);
        self.ctrl.pktstatus.store("pktstatus.store", status, Ordering::Relaxed);
    }
}
