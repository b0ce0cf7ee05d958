// SPDX-License-Identifier: GPL-2.0-only
//! A pty pair of this machine: its two descriptors, and waiting until it rests.
//!
//! Invariants: both descriptors are nonblocking, close-on-exec, and no controlling terminal of
//! anybody (`O_NOCTTY`), so that a `^C` in a script signals nobody. No locks.

use super::Patience;
use super::ioctl::fionread;
use crate::script::ast::{End, Events};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::io::{Errno, Result, ioctl_fionbio};
use rustix::pty::{OpenptFlags, ioctl_tiocgptpeer, openpt, unlockpt};

/// The pair.
pub(super) struct Pair {
    master: Option<OwnedFd>,
    slave: Option<OwnedFd>,
}

/// What can be seen of a pair from outside.
type Look = [Option<(u16, Option<u32>)>; 2];

impl Pair {
    /// A fresh one.
    pub(super) fn open() -> Result<Self> {
        let master = openpt(flags())?;
        unlockpt(&master)?;
        let slave = peer(&master)?;
        ioctl_fionbio(&master, true)?;
        Ok(Self { master: Some(master), slave: Some(slave) })
    }

    /// The descriptor of `end`.
    pub(super) fn fd(&self, end: End) -> Result<BorrowedFd<'_>> {
        let fd = match end {
            End::Master => &self.master,
            End::Slave => &self.slave,
        };
        fd.as_ref().map(AsFd::as_fd).ok_or(Errno::BADF)
    }

    /// Takes the descriptor of `end` away; dropping it closes it.
    pub(super) const fn take(&mut self, end: End) -> Option<OwnedFd> {
        match end {
            End::Master => self.master.take(),
            End::Slave => self.slave.take(),
        }
    }

    /// Puts back what [`Pair::take`] took.
    pub(super) fn put(&mut self, end: End, fd: Option<OwnedFd>) {
        match end {
            End::Master => self.master = fd,
            End::Slave => self.slave = fd,
        }
    }

    /// Opens `end` again, unless it is open. Without its master a slave has no name any more, and
    /// what had it may be another pair's by now: nothing is tried.
    pub(super) fn reopen(&mut self, end: End) -> Result<()> {
        match (end, &self.master, &self.slave) {
            (End::Slave, None, _) => Err(Errno::NOENT),
            (End::Master, None, _) => Err(Errno::IO),
            (End::Master, Some(_), _) | (End::Slave, Some(_), Some(_)) => Ok(()),
            (End::Slave, Some(master), None) => {
                self.slave = Some(peer(master)?);
                Ok(())
            }
        }
    }

    /// What `poll` says of `end` now. If it does not say POLLIN, the end's worker is at rest.
    pub(super) fn poll(&self, end: End) -> Result<u16> {
        let fd = self.fd(end)?;
        // ERR and HUP come whether or not they are asked for.
        let asked = PollFlags::from_bits_retain(Events::known().0);
        let mut polled = [PollFd::from_borrowed_fd(fd, asked)];
        poll(&mut polled, Some(&Timespec { tv_sec: 0, tv_nsec: 0 }))?;
        Ok(polled.iter().fold(0, |all, p| all | p.revents().bits()))
    }

    /// Waits until the workers of both ends have nothing left to do.
    pub(super) fn settle(&self, patience: &Patience) {
        let mut last = self.look();
        if !patience.distrust && last.iter().all(waited_for_worker) {
            return;
        }
        let mut same = 0;
        while same < patience.looks {
            pause(patience);
            let now = self.look();
            same = if now == last { same + 1 } else { 0 };
            last = now;
        }
    }

    /// The slave first: its echo is the master's input.
    fn look(&self) -> Look {
        [End::Slave, End::Master].map(|end| {
            let events = self.poll(end).ok()?;
            let inq = self.fd(end).and_then(fionread).ok();
            Some((events, inq))
        })
    }
}

/// Whether this look at an end has waited for its worker (`n_tty_poll` without input). What a
/// closed end's worker does, nobody can wait for.
fn waited_for_worker(end: &Option<(u16, Option<u32>)>) -> bool {
    const POLLIN: u16 = PollFlags::IN.bits();
    const POLLHUP: u16 = PollFlags::HUP.bits();
    end.is_some_and(|(events, inq)| events & (POLLIN | POLLHUP) == 0 && inq.is_some())
}

fn flags() -> OpenptFlags {
    OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC
}

/// The slave of `master`, without a walk through the file system, where it may have another name.
fn peer(master: &OwnedFd) -> Result<OwnedFd> {
    let slave = ioctl_tiocgptpeer(master, flags())?;
    ioctl_fionbio(&slave, true)?;
    Ok(slave)
}

/// Sleeps for a moment: a poll of nothing.
fn pause(patience: &Patience) {
    let nanos = i64::from(patience.pause.subsec_nanos());
    let moment = Timespec { tv_sec: 0, tv_nsec: nanos };
    // Cut short by a signal, it is one look sooner.
    let _ = poll(&mut [], Some(&moment));
}
