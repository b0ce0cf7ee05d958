// SPDX-License-Identifier: GPL-2.0-only
//! C7: a call that must not be made is refused, with the right errno, and changes nothing.
//!
//! # Data flow
//! Each [`Condition`] makes a small pair with something to keep, in which one thing is not as it must
//! be, and lets the design keep it. The answer must be the errno of the table in
//! [`crate::checkpoint::caller`], and the pair must be what it was: everything of it is compared.
//!
//! No locks: each condition is an execution of its own.

use crate::checkpoint::caller::{Caller, Demand, Refusal};
use crate::checkpoint::state::PairState;
use crate::checkpoint::{Design, Kept, image, opaque};
use crate::errno::Errno;
use crate::fault::{Faults, every};
use crate::geometry::Geometry;
use crate::ldisc_ref::N_NULL;
use crate::machine::{Driver, Machine};
use crate::pty::{Pair, PairGhosts};
use crate::sched::Random;
use crate::sync::Runtime;
use crate::sync::seeded::{Config, execute};
use std::sync::Arc;

/// Something that is not as it must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    /// The caller has no `CAP_SYS_ADMIN`.
    NoCapability,
    /// Its file is not open for reading.
    NotReadable,
    /// Somebody who uses the pair is not stopped. Only for designs that demand it.
    NotStopped,
    /// The driver is neither a pty's nor a vt's.
    OtherDriver,
    /// The end was hung up, its master is closed.
    HungUp,
    /// Its line discipline is not N_TTY.
    OtherDiscipline,
    /// The line discipline of the other end is not.
    OtherDisciplineThere,
    /// A lock is held that the call needs, and the caller does not wait.
    Busy,
    /// The caller's buffer is too small.
    TooSmall,
    /// Memory, a signal, a copy to the caller, or a system call of a program: one of them fails,
    /// at any point.
    Faults,
}

impl Condition {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::NoCapability,
        Self::NotReadable,
        Self::NotStopped,
        Self::OtherDriver,
        Self::HungUp,
        Self::OtherDiscipline,
        Self::OtherDisciplineThere,
        Self::Busy,
        Self::TooSmall,
        Self::Faults,
    ];

    /// What reports call it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::NoCapability => "no-capability",
            Self::NotReadable => "not-readable",
            Self::NotStopped => "not-stopped",
            Self::OtherDriver => "other-driver",
            Self::HungUp => "hung-up",
            Self::OtherDiscipline => "other-ldisc",
            Self::OtherDisciplineThere => "other-ldisc-at-the-peer",
            Self::Busy => "busy",
            Self::TooSmall => "too-small",
            Self::Faults => "faults",
        }
    }

    /// The errnos that are right.
    const fn errnos(self) -> &'static [Errno] {
        match self {
            Self::NoCapability => &[Errno::EPERM],
            Self::NotReadable => &[Errno::EBADF],
            Self::NotStopped => &[Errno::EBUSY],
            Self::OtherDriver => &[Errno::ENOTTY],
            Self::HungUp => &[Errno::EIO],
            Self::OtherDiscipline | Self::OtherDisciplineThere => {
                &[Errno::ENOTTY, Errno::EOPNOTSUPP]
            }
            Self::Busy => &[Errno::EAGAIN],
            Self::TooSmall => &[Errno::EOVERFLOW],
            Self::Faults => {
                &[Errno::ENOMEM, Errno::ERESTARTSYS, Errno::EFAULT, Errno::EINTR, Errno::EIO]
            }
        }
    }

    /// Whether `design` has anything to do with it.
    #[must_use]
    pub fn concerns(self, design: &dyn Design) -> bool {
        self != Self::NotStopped || design.demands().contains(&Demand::Stopped)
    }
}

/// A violation in one sentence; `None`: `design` is guarded against `condition`.
#[must_use]
pub fn judge(design: &'static dyn Design, condition: Condition) -> Option<String> {
    let mut said = None;
    let execution = execute(Config::default(), &mut Random::new(1), || {
        said = judge_on(design, condition);
    });
    let broken = execution.panic.map(|message| format!("the model panicked: {message}"));
    // Alone, a call that waits for a lock waits for ever.
    let waits = execution.found.into_iter().find(|f| f.violation.code == "deadlock");
    said.or(broken).or_else(|| waits.map(|f| f.violation.sentence))
}

fn judge_on(design: &'static dyn Design, condition: Condition) -> Option<String> {
    match condition {
        Condition::TooSmall => too_small(design),
        Condition::Faults => faults(design),
        _ => refusal(design, condition),
    }
}

fn refusal(design: &dyn Design, condition: Condition) -> Option<String> {
    let pair = busy_pair(condition);
    let before = opaque::observe(&pair.slave);
    let faults = Faults::none();
    let mut caller = Caller::root(&faults);
    match condition {
        Condition::NoCapability => caller.cap_sys_admin = false,
        Condition::NotReadable => caller.fmode_read = false,
        Condition::NotStopped => caller.stopped = false,
        Condition::Busy => caller.nonblock = true,
        _ => {}
    }
    let reader = (condition == Condition::Busy)
        .then(|| pair.slave.termios_rwsem.down_read("n_tty_read.termios_rwsem"));
    let answer = design.save(&caller, &pair.slave);
    drop(reader);
    wrong(&answer, condition).or_else(|| changed(&before, &pair))
}

/// A pair with something to keep, in which `condition` holds.
fn busy_pair(condition: Condition) -> Arc<Pair> {
    let driver = match condition {
        Condition::OtherDriver => Driver::Serial,
        _ => Driver::Pty,
    };
    let machine = Machine { driver, ..Machine::default() };
    let pair = Pair::on(machine, Runtime::Seeded, &Geometry::tiny(16, 4), PairGhosts::default());
    // Two lines for the slave, of which the second is not finished, and their echo for the master.
    let written = pair.master.tty_write(true, b"ab\nc");
    pair.settle();
    let done = match condition {
        Condition::HungUp => {
            pair.master.tty_release();
            Ok(())
        }
        Condition::OtherDiscipline => pair.slave.tty_set_ldisc(N_NULL),
        Condition::OtherDisciplineThere => pair.master.tty_set_ldisc(N_NULL),
        _ => Ok(()),
    };
    pair.settle();
    debug_assert!(written.is_ok() && done.is_ok());
    pair
}

/// What is wrong with `answer`.
fn wrong(answer: &Result<Kept, Refusal>, condition: Condition) -> Option<String> {
    match answer {
        // It did without that lock.
        Ok(_) if condition == Condition::Busy => None,
        Ok(kept) => Some(format!("it is not refused, and gives away {}", described(kept))),
        Err(refusal) if condition.errnos().contains(&refusal.errno) => None,
        Err(refusal) => {
            let right: Vec<String> = condition.errnos().iter().map(Errno::to_string).collect();
            Some(format!("it is refused with {refusal}, not with {}", right.join(" or ")))
        }
    }
}

fn described(kept: &Kept) -> String {
    match kept {
        Kept::Bytes(b) => format!("{} bytes", b.to_master.len() + b.to_slave.len()),
        Kept::State(state) => format!("an image of {} bytes", image::size_needed(state)),
    }
}

fn changed(before: &PairState, pair: &Pair) -> Option<String> {
    let after = opaque::observe(&pair.slave);
    (*before != after).then(|| "it is refused, and has changed the pair".to_owned())
}

/// Refused with the size that is needed; with that size it works.
fn too_small(design: &dyn Design) -> Option<String> {
    let pair = busy_pair(Condition::TooSmall);
    let before = opaque::observe(&pair.slave);
    let none = Faults::none();
    let with = |room| design.save(&Caller { room, ..Caller::root(&none) }, &pair.slave);
    let answer = with(1);
    let needed = match &answer {
        Ok(kept) => return Some(format!("{} go into a buffer of 1", described(kept))),
        Err(refusal) => refusal.needed,
    };
    wrong(&answer, Condition::TooSmall).or_else(|| changed(&before, &pair)).or_else(|| match needed
        .map(|n| (n, with(n - 1), with(n)))
    {
        None => Some("it does not say which size is needed".to_owned()),
        Some((n, Ok(_), _)) => Some(format!("{n} bytes are said to be needed, fewer are enough")),
        Some((n, _, Err(refusal))) => Some(format!("{n} bytes are needed, but then: {refusal}")),
        Some(_) => changed(&before, &pair),
    })
}

/// Whatever fails, at whatever point: an errno, and the pair is what it was.
fn faults(design: &dyn Design) -> Option<String> {
    let mut found = None;
    every(|faults| {
        if found.is_some() {
            return;
        }
        let pair = busy_pair(Condition::Faults);
        let before = opaque::observe(&pair.slave);
        let answer = design.save(&Caller::root(faults), &pair.slave);
        // What the call itself queued is no change, but what it wrote is.
        pair.settle();
        let Some(fault) = faults.happened() else { return };
        let what = wrong(&answer, Condition::Faults).or_else(|| changed(&before, &pair));
        found = what.map(|what| format!("{fault:?} fails: {what}"));
    });
    found
}
