// SPDX-License-Identifier: GPL-2.0-only
//! One operation of a script as the system call it stands for.
//!
//! No locks.

use super::ioctl::{
    fionread, tcgets, tcsets, tcsetsf, tcsetsw, tiocoutq, tiocpkt, tiocsetd, tiocsti, tiocvhangup,
};
use super::pair::Pair;
use super::{Patience, failed};
use crate::errno::Errno;
use crate::error::Error;
use crate::run::Outcome;
use crate::script::ast::{End, FlowAction, Op, Queue, Rare, When};
use crate::script::settings::TermiosChange;
use crate::sync::watchdog::with_limit;
use rustix::fd::BorrowedFd;
use rustix::io::{Errno as HostErrno, Result as HostResult, ioctl_fionbio};
use rustix::io::{read as host_read, write as host_write};
use rustix::termios::{Action, QueueSelector, tcflow, tcflush};

/// Performs `op`. `None`: it is a read, or a poll, that never returned.
///
/// # Errors
/// An errno that scripts do not know.
pub(super) fn perform(
    pair: &mut Pair,
    op: &Op,
    patience: &Patience,
) -> Result<Option<Outcome>, Error> {
    let outcome = match op {
        Op::Read { end, n, wait: true } => match blocking_read(pair, *end, *n, patience) {
            Some(result) => result.map(Outcome::Bytes),
            None => return Ok(None),
        },
        Op::Rare { end, call: Rare::Await(events) } => {
            match pair.poll_for(*end, *events, patience.wait) {
                Ok(0) => return Ok(None),
                revents => revents.map(Outcome::Events),
            }
        }
        // It is not made to sleep: what does not fit at once counts as never written.
        Op::Rare { end, call: Rare::Send(bytes) } => {
            match pair.fd(*end).and_then(|fd| host_write(fd, bytes)) {
                Ok(n) if n == bytes.len() => number(Ok(n)),
                _ => return Ok(None),
            }
        }
        Op::Close { end } => done(pair.take(*end).map(drop).ok_or(HostErrno::BADF)),
        Op::Open { end } => done(pair.reopen(*end)),
        Op::Signals => pair.signals().map(Outcome::Bytes),
        Op::Settle => {
            pair.settle(patience);
            Ok(Outcome::Number(0))
        }
        _ => call(pair, op),
    };
    outcome.or_else(|e| failed(op, e)).map(Some)
}

/// The calls that return at once.
fn call(pair: &Pair, op: &Op) -> HostResult<Outcome> {
    match op {
        Op::Termios { end, change, when } => done(set_termios(pair.fd(*end)?, change, *when)),
        Op::Write { end, bytes } => number(host_write(pair.fd(*end)?, bytes)),
        Op::Read { end, n, .. } => read(pair.fd(*end)?, *n).map(Outcome::Bytes),
        Op::Inq { end } => fionread(pair.fd(*end)?).map(|n| Outcome::Number(n.into())),
        Op::Outq { end } => {
            tiocoutq(pair.fd(*end)?).map(|n| Outcome::Number(n.unsigned_abs().into()))
        }
        Op::Poll { end } => pair.poll(*end).map(Outcome::Events),
        Op::Flush { end, queue } => done(tcflush(pair.fd(*end)?, selector(*queue))),
        Op::Flow { end, action } => done(tcflow(pair.fd(*end)?, flow(*action))),
        Op::Packet { on } => done(tiocpkt(pair.fd(End::Master)?, *on)),
        Op::Sti { end, byte } => done(tiocsti(pair.fd(*end)?, *byte)),
        Op::Setd { end, ldisc } => done(tiocsetd(pair.fd(*end)?, *ldisc)),
        Op::Hangup { end } => done(tiocvhangup(pair.fd(*end)?)),
        // Nobody has the call, and no pty has a line: `unsupported` refuses the latter.
        Op::Checkpoint { .. } | Op::Restore { .. } | Op::Insert { .. } => Ok(Outcome::Skipped),
        // `perform` has done these.
        Op::Rare { .. } | Op::Settle | Op::Close { .. } | Op::Open { .. } | Op::Signals => {
            Ok(Outcome::Skipped)
        }
    }
}

fn number(result: HostResult<usize>) -> HostResult<Outcome> {
    result.map(|n| Outcome::Number(n as u64))
}

fn done(result: HostResult<()>) -> HostResult<Outcome> {
    result.map(|()| Outcome::Number(0))
}

fn set_termios(fd: BorrowedFd<'_>, change: &TermiosChange, when: When) -> HostResult<()> {
    let old = tcgets(fd)?;
    let mut new = old.settings();
    change.apply(&mut new);
    match when {
        When::Now => tcsets(fd, old.with(&new)),
        When::Drain => tcsetsw(fd, old.with(&new)),
        When::Flush => tcsetsf(fd, old.with(&new)),
    }
}

fn read(fd: BorrowedFd<'_>, n: usize) -> HostResult<Vec<u8>> {
    let mut bytes = vec![0; n];
    let got = host_read(fd, bytes.as_mut_slice())?;
    bytes.truncate(got);
    Ok(bytes)
}

/// `None` if it took too long; then the other end is closed, which made it return.
fn blocking_read(
    pair: &mut Pair,
    end: End,
    n: usize,
    patience: &Patience,
) -> Option<HostResult<Vec<u8>>> {
    let other = pair.take(end.other());
    let fd = match pair.fd(end) {
        Ok(fd) => fd,
        Err(e) => {
            pair.put(end.other(), other);
            return Some(Err(e));
        }
    };
    let mut kept = other;
    let call = || {
        ioctl_fionbio(fd, false)?;
        let result = read(fd, n);
        ioctl_fionbio(fd, true)?;
        result
    };
    let (result, in_time) = with_limit(patience.wait, call, || drop(kept.take()));
    pair.put(end.other(), kept);
    in_time.then_some(result)
}

const fn selector(queue: Queue) -> QueueSelector {
    match queue {
        Queue::In => QueueSelector::IFlush,
        Queue::Out => QueueSelector::OFlush,
        Queue::Both => QueueSelector::IOFlush,
    }
}

const fn flow(action: FlowAction) -> Action {
    match action {
        FlowAction::Ooff => Action::OOff,
        FlowAction::Oon => Action::OOn,
        FlowAction::Ioff => Action::IOff,
        FlowAction::Ion => Action::IOn,
    }
}

/// What scripts call `errno`.
pub(super) fn errno(errno: HostErrno) -> Option<Errno> {
    const KNOWN: [(HostErrno, Errno); 14] = [
        (HostErrno::PERM, Errno::EPERM),
        (HostErrno::NOENT, Errno::ENOENT),
        (HostErrno::INTR, Errno::EINTR),
        (HostErrno::IO, Errno::EIO),
        (HostErrno::BADF, Errno::EBADF),
        (HostErrno::AGAIN, Errno::EAGAIN),
        (HostErrno::NOMEM, Errno::ENOMEM),
        (HostErrno::FAULT, Errno::EFAULT),
        (HostErrno::BUSY, Errno::EBUSY),
        (HostErrno::INVAL, Errno::EINVAL),
        (HostErrno::NOTTY, Errno::ENOTTY),
        (HostErrno::NOSPC, Errno::ENOSPC),
        (HostErrno::OVERFLOW, Errno::EOVERFLOW),
        (HostErrno::OPNOTSUPP, Errno::EOPNOTSUPP),
    ];
    KNOWN.iter().find(|(host, _)| *host == errno).map(|(_, name)| *name)
}
