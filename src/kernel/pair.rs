// SPDX-License-Identifier: GPL-2.0-only
//! A pty pair of this machine: its two descriptors, and waiting until it rests.
//!
//! Invariants: both descriptors are nonblocking, close-on-exec, and no controlling terminal of
//! ours (`O_NOCTTY`), so that a `^C` in a script does not signal us. No locks.

use super::ioctl::fionread;
use super::session::Session;
use super::{Patience, workers};
use crate::error::Error;
use crate::script::ast::{End, Events};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::fs::{Mode, OFlags, open};
use rustix::io::{Errno, Result, ioctl_fionbio};
use rustix::pty::{OpenptFlags, ioctl_tiocgptpeer, openpt, ptsname, unlockpt};
use std::ffi::CString;
use std::time::Duration;

/// The pair.
pub(super) struct Pair {
    master: Option<OwnedFd>,
    slave: Option<OwnedFd>,
    /// The slave's path, for when the master can no longer be asked for its peer.
    name: CString,
    /// Who gets the slave's signals, if a script asks for them.
    session: Option<Session>,
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
        let name = ptsname(&master, Vec::new())?;
        Ok(Self { master: Some(master), slave: Some(slave), name, session: None })
    }

    /// Makes the slave the terminal of a session.
    ///
    /// # Errors
    /// That there can be none.
    pub(super) fn begin_session(&mut self) -> std::result::Result<(), Error> {
        if let Some(slave) = &self.slave {
            self.session = Some(Session::begin(slave.as_fd())?);
        }
        Ok(())
    }

    /// The signals that the session was sent since this was last asked, as [`Session::signals`]
    /// says.
    pub(super) fn signals(&mut self) -> Result<Vec<u8>> {
        self.session.as_mut().map_or(Ok(Vec::new()), Session::signals)
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
                self.slave = Some(peer(master).or_else(|e| self.by_name(e))?);
                Ok(())
            }
        }
    }

    /// The slave through the file system, if asking the master failed because it was hung up.
    fn by_name(&self, why: Errno) -> Result<OwnedFd> {
        if why != Errno::IO {
            return Err(why);
        }
        let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC | OFlags::NONBLOCK;
        open(self.name.as_c_str(), flags, Mode::empty())
    }

    /// What `poll` says of `end` now. If it does not say POLLIN, the end's worker is at rest.
    pub(super) fn poll(&self, end: End) -> Result<u16> {
        self.poll_for(end, Events::known(), Duration::ZERO)
    }

    /// Waits for one of `events` at most so long; 0 if none came.
    pub(super) fn poll_for(&self, end: End, events: Events, at_most: Duration) -> Result<u16> {
        let fd = self.fd(end)?;
        // ERR and HUP come whether or not they are asked for.
        let asked = PollFlags::from_bits_retain(events.0);
        let mut polled = [PollFd::from_borrowed_fd(fd, asked)];
        let at_most = Timespec::try_from(at_most).unwrap_or_default();
        poll(&mut polled, Some(&at_most))?;
        Ok(polled.iter().fold(0, |all, p| all | p.revents().bits()))
    }

    /// Waits until the workers of both ends have nothing left to do.
    pub(super) fn settle(&self, patience: &Patience) {
        if patience.workers {
            wait_for_workers();
        }
        let mut last = self.look();
        if !patience.distrust && last.iter().all(waited_for_worker) {
            return;
        }
        let mut same = 0;
        while same < patience.looks {
            pause(patience.pause);
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

/// Waits until each worker that is busy now has been seen idle, and then each that these may have
/// given something; for a while.
fn wait_for_workers() {
    // Other ptys may keep them busy for ever.
    const LOOKS: u32 = 100;
    const MILLISECOND: Duration = Duration::from_millis(1);
    let mut looks = 0;
    for _ in End::ALL {
        let mut busy = workers::busy();
        while !busy.is_empty() && looks < LOOKS {
            pause(MILLISECOND);
            busy.retain(|pid| workers::works(*pid));
            looks += 1;
        }
    }
}

/// Sleeps for a moment: a poll of nothing.
fn pause(time: Duration) {
    let nanos = i64::from(time.subsec_nanos());
    let moment = Timespec { tv_sec: 0, tv_nsec: nanos };
    // Cut short by a signal, it is one look sooner.
    let _ = poll(&mut [], Some(&moment));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slave_has_no_name_without_its_master() {
        let Ok(mut pair) = Pair::open() else {
            eprintln!("SKIPPED: no ptys");
            return;
        };
        let name = ptsname(pair.fd(End::Master).expect("open"), Vec::new()).expect("a name");
        let reached = || open(name.as_c_str(), OFlags::RDWR | OFlags::NOCTTY, Mode::empty());
        if let Err(e) = reached() {
            eprintln!("SKIPPED: {name:?} cannot be reached: {e}");
            return;
        }
        drop(pair.take(End::Master));
        // The slave is held: nobody else can have the name yet.
        assert_eq!(reached().err(), Some(Errno::NOENT));
        assert_eq!(pair.reopen(End::Slave), Err(Errno::NOENT));
    }
}
