// SPDX-License-Identifier: GPL-2.0-only
//! System calls on a tty (`tty_io.c`, `tty_ioctl.c`).
//!
//! # Data flow
//! Each call takes a reference to the line discipline, does its work there, and lets go. After a
//! hangup none gets that far: the open file then has `hung_up_tty_fops`.
//!
//! # Lock order
//! `ldisc_sem` > `atomic_write_lock` or `atomic_read_lock` > `termios_rwsem`.
//!
//! # Deviations
//! 1. Job control never refuses (`tty_check_change`, `TOSTOP`): there is one session, in the
//!    foreground.
//! 2. No signal arrives in a sleeping call, and copying to the user never faults.
//! 3. `TIOCSTI` always has the capability it needs.

use crate::errno::Errno;
use crate::ldisc_ref::{Ldisc, LdiscRef};
use crate::machine::Variant;
use crate::n_tty::Cookie;
use crate::sync::{Lane, Name, Ordering, Site, WaitQueue, report};
use crate::termios::Termios;
use crate::tty_struct::{FlowChange, PtyType, TTY_IO_ERROR, TTY_THROTTLED, TtyStruct};
use crate::verify::{Property, Violation};

/// What `TCFLSH` drops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Queue {
    /// `TCIFLUSH`: input.
    In,
    /// `TCOFLUSH`: output.
    Out,
    /// `TCIOFLUSH`: both.
    Both,
}

/// When `tcsetattr` changes the settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// `TCSETS`.
    Now,
    /// `TCSETSW`: once all output is sent.
    Drain,
    /// `TCSETSF`: as `Drain`, and the line discipline forgets its input.
    Flush,
}

/// What `TCXONC` does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FlowAction {
    /// `TCOOFF`: stops output.
    OutputOff,
    /// `TCOON`: starts it again.
    OutputOn,
    /// `TCIOFF`: sends a STOP character.
    InputOff,
    /// `TCION`: sends a START character.
    InputOn,
}

/// Where a call sleeps whose buffer is in memory that is not there.
pub(crate) const FAULT: &str = "page fault";

/// Where a poll sleeps.
pub const DO_POLL: Site = "do_poll.schedule";

/// `revents` of `poll`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Revents(pub u16);

impl Revents {
    /// `POLLIN`: a read returns something.
    pub const POLLIN: u16 = 0x001;
    /// `POLLPRI`: a packet mode status is due.
    pub const POLLPRI: u16 = 0x002;
    /// `POLLOUT`: a write takes something.
    pub const POLLOUT: u16 = 0x004;
    /// `POLLERR`: the end was hung up.
    pub const POLLERR: u16 = 0x008;
    /// `POLLHUP`: the other end is closed.
    pub const POLLHUP: u16 = 0x010;
    /// `POLLRDNORM`.
    pub const POLLRDNORM: u16 = 0x040;
    /// `POLLWRNORM`.
    pub const POLLWRNORM: u16 = 0x100;

    /// `hung_up_tty_poll`: nothing will ever block again.
    const HUNG_UP: Self = Self(
        Self::POLLIN
            | Self::POLLOUT
            | Self::POLLERR
            | Self::POLLHUP
            | Self::POLLRDNORM
            | Self::POLLWRNORM,
    );

    /// Whether any of `bits` is on.
    #[must_use]
    pub const fn any(self, bits: u16) -> bool {
        self.0 & bits != 0
    }
}

impl TtyStruct {
    /// `tty_read`: up to `nr` bytes. Empty is end of file.
    ///
    /// # Locking
    /// `ldisc_sem` for read; then those of `n_tty_read`.
    ///
    /// # Errors
    /// `EAGAIN` if there is nothing, or another reader is at it, and `nonblock`; `EIO` when the
    /// end, or the other, is closed; `EOPNOTSUPP` with `N_NULL`.
    pub fn tty_read(&self, nonblock: bool, nr: usize) -> Result<Vec<u8>, Errno> {
        let mut read = Vec::new();
        self.tty_read_to(nonblock, nr, &mut read)?;
        Ok(read)
    }

    /// [`TtyStruct::tty_read`] into the caller's buffer: appends to `to`, and returns how much.
    ///
    /// # Locking
    /// As [`TtyStruct::tty_read`].
    ///
    /// # Errors
    /// As [`TtyStruct::tty_read`]; then nothing was appended.
    pub fn tty_read_to(&self, nonblock: bool, nr: usize, to: &mut Vec<u8>) -> Result<usize, Errno> {
        match self.solo() {
            Some(solo) => solo.file_tty_read(nonblock, nr, to),
            None => self.tty_read_shared(nonblock, nr, to),
        }
    }

    /// Out of line, so that the other lane need not save registers for this one.
    #[inline(never)]
    fn tty_read_shared(&self, nonblock: bool, nr: usize, to: &mut Vec<u8>) -> Result<usize, Errno> {
        self.file_tty_read(nonblock, nr, to)
    }

    #[inline(never)]
    fn tty_write_shared(&self, nonblock: bool, buf: &[u8]) -> Result<usize, Errno> {
        self.file_tty_write(nonblock, buf)
    }
}

impl<L: Lane> TtyStruct<L> {
    /// The rest of [`TtyStruct::tty_read_to`].
    #[inline(always)]
    fn file_tty_read(&self, nonblock: bool, nr: usize, to: &mut Vec<u8>) -> Result<usize, Errno> {
        if self.tty_hung_up_p("tty_read.f_op") {
            return Ok(0);
        }
        if self.test_bit("tty_read.io_error", TTY_IO_ERROR) {
            return Err(Errno::EIO);
        }
        match self.tty_ldisc_ref_wait() {
            None => Ok(0),
            Some(ld) if ld.ldisc == Ldisc::NNull => Err(Errno::EOPNOTSUPP),
            Some(_ld) => self.iterate_tty_read(nonblock, nr, to),
        }
    }

    /// `iterate_tty_read`: chunk by chunk; the cookie keeps the locks in between.
    #[inline]
    fn iterate_tty_read(
        &self,
        nonblock: bool,
        nr: usize,
        to: &mut Vec<u8>,
    ) -> Result<usize, Errno> {
        let mut cookie = None;
        let read = self.n_tty_read(nonblock, nr, &mut cookie, to)?;
        match cookie {
            // Museum T2: others may come in between.
            Some(cookie) if self.variant.is(Variant::CookieUnlocked) => {
                drop(cookie);
                Ok(read + self.read_again(nonblock, nr - read, to))
            }
            // Museum T2: the rest is for another call.
            Some(cookie) if read > 0 && !self.variant.is(Variant::ShortRead) => {
                Ok(read + self.read_on(cookie, nr - read, to))
            }
            _ => Ok(read),
        }
    }

    /// Museum T2: the rest of a read, a call a chunk.
    #[inline(never)]
    fn read_again(&self, nonblock: bool, nr: usize, to: &mut Vec<u8>) -> usize {
        let mut read = 0;
        while read < nr {
            let mut cookie = None;
            match self.n_tty_read(nonblock, nr - read, &mut cookie, to) {
                Ok(0) | Err(_) => break,
                Ok(n) => read += n,
            }
            if cookie.is_none() {
                break;
            }
        }
        read
    }

    /// What comes after the first chunk, of `nr` bytes at most.
    #[inline(never)]
    fn read_on<'a>(&'a self, cookie: Cookie<'a, L>, nr: usize, to: &mut Vec<u8>) -> usize {
        let mut cookie = Some(cookie);
        let mut read = 0;
        while cookie.is_some() {
            // A line is short, and needs no more than it has; whoever comes here reads on.
            to.reserve((nr - read).min(self.geometry.n_tty_buf));
            match self.n_tty_read_more(nr - read, &mut cookie, to) {
                0 => break,
                n => read += n,
            }
        }
        read
    }
}

impl TtyStruct {
    /// `tty_write`: writes `buf` in chunks of `write_chunk`; returns how much was taken.
    ///
    /// # Locking
    /// `ldisc_sem` for read, `atomic_write_lock`; then those of `n_tty_write`.
    ///
    /// # Errors
    /// `EAGAIN` if nothing fits, or another writer is at it, and `nonblock`; `EIO` when the end is
    /// closed or hung up; `EOPNOTSUPP` with `N_NULL`.
    pub fn tty_write(&self, nonblock: bool, buf: &[u8]) -> Result<usize, Errno> {
        match self.solo() {
            Some(solo) => solo.file_tty_write(nonblock, buf),
            None => self.tty_write_shared(nonblock, buf),
        }
    }
}

impl<L: Lane> TtyStruct<L> {
    /// The rest of [`TtyStruct::tty_write`].
    #[inline(always)]
    fn file_tty_write(&self, nonblock: bool, buf: &[u8]) -> Result<usize, Errno> {
        if self.tty_hung_up_p("tty_write.f_op") || self.test_bit("tty_write.io_error", TTY_IO_ERROR)
        {
            return Err(Errno::EIO);
        }
        let ld = self.tty_ldisc_ref_wait().ok_or(Errno::EIO)?;
        let held = match self.atomic_write_lock.try_lock("tty_write_lock.trylock") {
            Some(held) => held,
            None if nonblock => return Err(Errno::EAGAIN),
            None => self.atomic_write_lock.lock("tty_write_lock.lock"),
        };
        let retval = match ld.ldisc {
            Ldisc::NTty => self.iterate_tty_write(nonblock, buf),
            Ldisc::NNull => Err(Errno::EOPNOTSUPP),
        };
        drop(held);
        self.write_wait.wake_up("tty_write_unlock.write_wait");
        retval
    }

    /// `iterate_tty_write`.
    ///
    /// # Locking
    /// `atomic_write_lock` held.
    #[inline]
    fn iterate_tty_write(&self, nonblock: bool, mut buf: &[u8]) -> Result<usize, Errno> {
        let chunk = self.geometry.write_chunk;
        let mut written = 0;
        loop {
            let size = chunk.min(buf.len());
            match self.n_tty_write(nonblock, &buf[..size]) {
                Ok(0) => break,
                Ok(n) => {
                    written += n;
                    buf = &buf[n..];
                }
                Err(errno) if written == 0 => return Err(errno),
                Err(_) => break,
            }
            if buf.is_empty() {
                break;
            }
        }
        Ok(written)
    }
}

impl TtyStruct {
    /// `tty_poll`, once and without waiting.
    ///
    /// # Locking
    /// `ldisc_sem` for read.
    pub fn poll(&self) -> Revents {
        if self.tty_hung_up_p("tty_poll.f_op") {
            return Revents::HUNG_UP;
        }
        match self.tty_ldisc_ref_wait() {
            None => Revents::HUNG_UP,
            Some(ld) if ld.ldisc == Ldisc::NNull => Revents::default(),
            Some(_ld) => self.n_tty_poll(),
        }
    }

    /// `do_poll`: looks, and sleeps until one of `events` is there; or `POLLERR` or `POLLHUP`,
    /// which nobody has to ask for.
    ///
    /// # Locking
    /// As [`TtyStruct::poll`], and none while it sleeps.
    pub fn do_poll(&self, events: u16) -> Revents {
        let wanted = events | Revents::POLLERR | Revents::POLLHUP;
        // poll_wait: it is in the queue before it looks.
        // Museum 28: input wakes those alone who wait for POLLIN.
        let unkeyed = self.variant.is(Variant::KeyedWakeup) && events & Revents::POLLIN == 0;
        let queue = if unkeyed { &self.unkeyed_wait } else { &self.read_wait };
        let mut wait = queue.prepare("do_poll.add_wait_queue");
        loop {
            let revents = self.poll().0 & wanted;
            if revents != 0 {
                return Revents(revents);
            }
            wait.wait_woken(DO_POLL);
        }
    }

    /// A call that sleeps for ever with its reference to the line discipline held, as one does whose
    /// buffer is in memory that somebody else has to supply.
    ///
    /// # Locking
    /// `ldisc_sem` for read.
    ///
    /// # Errors
    /// `EIO` after a hangup.
    pub fn hold_ldisc(&self) -> Result<(), Errno> {
        let _ld = self.tty_ldisc_ref_wait().ok_or(Errno::EIO)?;
        let fault = WaitQueue::new(self.rt, Name::new(self.name, FAULT));
        fault.prepare("hold.fault").wait_woken("hold.handle_userfault");
        Ok(())
    }

    /// The end of `tty_ioctl`: what only the line discipline understands.
    ///
    /// # Errors
    /// `EIO` after a hangup; `EINVAL` with `N_NULL`, which understands nothing.
    fn ldisc_for_ioctl(&self) -> Result<LdiscRef<'_>, Errno> {
        if self.tty_hung_up_p("tty_ioctl.f_op") {
            return Err(Errno::EIO);
        }
        let ld = self.tty_ldisc_ref_wait();
        // Museum 22: ld->ops, and there is no ld.
        if self.variant.is(Variant::NoNullCheck) && ld.is_none() {
            let sentence = "an ioctl follows the line discipline of a tty that was hung up: NULL";
            report(self.rt, Violation::new(Property::C4, "null-dereference", sentence));
        }
        let ld = ld.ok_or(Errno::EIO)?;
        match ld.ldisc {
            Ldisc::NTty => Ok(ld),
            Ldisc::NNull => Err(Errno::EINVAL),
        }
    }

    /// `tiocsti`: injects `ch` as if it had been received. A full raw buffer drops it silently.
    ///
    /// # Locking
    /// `ldisc_sem` for read, exclusive access to the flip chain.
    ///
    /// # Errors
    /// `EIO` after a hangup.
    pub fn tiocsti(&self, ch: u8) -> Result<(), Errno> {
        if self.tty_hung_up_p("tty_ioctl.f_op") {
            return Err(Errno::EIO);
        }
        let ld = self.tty_ldisc_ref_wait().ok_or(Errno::EIO)?;
        // Museum 9: nothing keeps the worker out. 16b and 16c are of that time.
        let locks = !matches!(
            self.variant.get(),
            Variant::StiUnlocked | Variant::HalfOperation | Variant::EchoBarriers
        );
        let exclusive = locks.then(|| self.port.buf.tty_buffer_lock_exclusive());
        if ld.ldisc == Ldisc::NTty {
            self.n_tty_receive_buf(&[ch], None);
        }
        if let Some(exclusive) = exclusive {
            self.port.buf.tty_buffer_unlock_exclusive(exclusive);
        }
        Ok(())
    }

    /// `TCFLSH`: first the flip chain (`tty_ioctl`), then the line discipline
    /// (`tty_perform_flush`).
    ///
    /// # Locking
    /// The flip chain's; then `ldisc_sem` for read, `termios_rwsem` for write.
    ///
    /// # Errors
    /// `EIO` after a hangup; `EINVAL` with `N_NULL`, once the flip chain is flushed.
    pub fn tcflush(&self, queue: Queue) -> Result<(), Errno> {
        if self.tty_hung_up_p("tty_ioctl.f_op") {
            return Err(Errno::EIO);
        }
        if queue != Queue::Out {
            self.port.buf.tty_buffer_flush();
        }
        let _ld = self.ldisc_for_ioctl()?;
        if queue != Queue::Out {
            self.n_tty_flush_buffer();
            // Museum 14c: nor is the driver told that there is room.
            if !self.variant.is(Variant::FlushWithoutKick) {
                self.tty_unthrottle();
            }
        }
        if queue != Queue::In {
            self.pty_flush_buffer();
        }
        Ok(())
    }

    /// `TCXONC`.
    ///
    /// # Locking
    /// `ldisc_sem` for read; `flow.lock`, or those of a write.
    ///
    /// # Errors
    /// `EIO` after a hangup; `EINVAL` with `N_NULL`.
    pub fn tcxonc(&self, action: FlowAction) -> Result<(), Errno> {
        let _ld = self.ldisc_for_ioctl()?;
        let termios = self.lockless("tcxonc.termios");
        match action {
            FlowAction::OutputOff => self.tcooff(),
            FlowAction::OutputOn => self.tcoon(),
            FlowAction::InputOff => self.tty_send_xchar(termios.stop),
            FlowAction::InputOn => self.tty_send_xchar(termios.start),
        }
        Ok(())
    }

    fn tcooff(&self) {
        let _held = self.flow.lock.lock("tcooff.flow_lock");
        if !self.tco_stopped() {
            let set = "tcooff.tco_stopped";
            self.flow.tco_stopped.store(set, 1, Ordering::Relaxed);
            self.stop_locked();
        }
    }

    fn tcoon(&self) {
        let _held = self.flow.lock.lock("tcoon.flow_lock");
        if self.tco_stopped() {
            let clear = "tcoon.tco_stopped";
            self.flow.tco_stopped.store(clear, 0, Ordering::Relaxed);
            self.start_locked();
        }
    }

    /// `tty_send_xchar`: writes `ch` even if output is stopped. A disabled character is not sent.
    fn tty_send_xchar(&self, ch: u8) {
        if ch == crate::termios::DISABLED_CHAR {
            return;
        }
        let was_stopped = self.stopped("tty_send_xchar.stopped");
        let held = self.atomic_write_lock.lock("tty_send_xchar.write_lock");
        {
            let _sem = self.termios_rwsem.down_read("tty_send_xchar.termios_rwsem");
            if was_stopped {
                self.start_tty();
            }
            self.pty_write(&[ch]);
            if was_stopped {
                self.stop_tty();
            }
        }
        drop(held);
        self.write_wait.wake_up("tty_send_xchar.write_wait");
    }

    /// `TIOCINQ` (`FIONREAD`): what a read could return, EOF marks not counted.
    ///
    /// # Locking
    /// `ldisc_sem` for read, `termios_rwsem` for write.
    ///
    /// # Errors
    /// `EIO` after a hangup; `EINVAL` with `N_NULL`.
    pub fn tiocinq(&self) -> Result<usize, Errno> {
        let _ld = self.ldisc_for_ioctl()?;
        Ok(self.n_tty_inq())
    }

    /// `TIOCOUTQ`: `tty_chars_in_buffer`, which a pty does not count: 0.
    ///
    /// # Locking
    /// `ldisc_sem` for read.
    ///
    /// # Errors
    /// `EIO` after a hangup; `EINVAL` with `N_NULL`.
    pub fn tiocoutq(&self) -> Result<usize, Errno> {
        let _ld = self.ldisc_for_ioctl()?;
        Ok(0)
    }

    /// `TCSETS`: [`TtyStruct::tcsetattr`] at once.
    ///
    /// # Errors
    /// As there.
    pub fn set_termios(&self, termios: Termios) -> Result<(), Errno> {
        self.tcsetattr(termios, When::Now)
    }

    /// `TCSETS`, `TCSETSW`, `TCSETSF`. On the master it sets the slave's, as the kernel's
    /// `tty_mode_ioctl` does.
    ///
    /// # Locking
    /// `ldisc_sem` for read, `termios_rwsem` for write; not `Now`: first `atomic_write_lock`.
    ///
    /// # Errors
    /// `EIO` after a hangup; `EINVAL` with `N_NULL`.
    pub fn tcsetattr(&self, termios: Termios, when: When) -> Result<(), Errno> {
        let _ld = self.ldisc_for_ioctl()?;
        match self.subtype {
            PtyType::Slave => self.set_real_termios(&termios, when),
            PtyType::Master => self.reversed().set_real_termios(&termios, when),
        }
        Ok(())
    }

    /// `set_termios` of the tty that has the settings. A pty has no output of its own to wait for.
    fn set_real_termios(&self, termios: &Termios, when: When) {
        if when == When::Now {
            return self.tty_set_termios(termios);
        }
        let held = self.atomic_write_lock.lock("set_termios.write_lock");
        if when == When::Flush && self.tty_ldisc_ref().is_some_and(|ld| ld.ldisc == Ldisc::NTty) {
            self.n_tty_flush_buffer();
        }
        self.tty_set_termios(termios);
        drop(held);
        self.write_wait.wake_up("tty_write_unlock.write_wait");
    }

    /// `tty_set_termios`.
    ///
    /// # Locking
    /// Takes `termios_rwsem` for write; the line discipline learns of the change only if its
    /// reference is to be had at once.
    pub fn tty_set_termios(&self, new: &Termios) {
        let _sem = self.termios_rwsem.down_write("tty_set_termios.termios_rwsem");
        let old = self.termios.get("tty_set_termios.old");
        let new = self.pty_set_termios(new, &old);
        self.assign_termios(&new);
        if self.tty_ldisc_ref().is_some_and(|ld| ld.ldisc == Ldisc::NTty) {
            self.n_tty_set_termios(&new, &old);
        }
    }

    /// `TCGETS`. On the master it returns the slave's.
    ///
    /// # Locking
    /// Takes `termios_rwsem` for read.
    pub fn get_termios(&self) -> Termios {
        let end = match self.subtype {
            PtyType::Slave => self,
            PtyType::Master => &*self.link,
        };
        let _sem = end.termios_rwsem.down_read("copy_termios.termios_rwsem");
        end.termios.get("copy_termios.termios")
    }
}

impl<L: Lane> TtyStruct<L> {
    /// `tty_unthrottle`.
    ///
    /// # Locking
    /// Takes `termios_rwsem` for write.
    pub(crate) fn tty_unthrottle(&self) {
        let _sem = self.termios_rwsem.down_write("tty_unthrottle.termios_rwsem");
        if self.test_and_clear_throttled("tty_unthrottle.throttled") {
            self.pty_unthrottle();
        }
        self.flow_change.set("tty_unthrottle.flow_change", FlowChange::NoChange);
    }

    /// `tty_unthrottle_safe`.
    ///
    /// # Locking
    /// Takes `throttle_mutex`.
    pub(crate) fn tty_unthrottle_safe(&self) {
        let _held = self.throttle_mutex.lock("tty_unthrottle_safe.throttle_mutex");
        if self.test_bit("tty_unthrottle_safe.throttled", TTY_THROTTLED)
            && self.flow_change.get("tty_unthrottle_safe.flow_change") == FlowChange::UnthrottleSafe
        {
            self.test_and_clear_throttled("tty_unthrottle_safe.clear_throttled");
            self.pty_unthrottle();
        }
    }

    fn test_and_clear_throttled(&self, site: Site) -> bool {
        let old = self.flags.fetch_and(site, !TTY_THROTTLED, Ordering::SeqCst);
        old & TTY_THROTTLED != 0
    }
}
