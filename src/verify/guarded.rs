// SPDX-License-Identifier: GPL-2.0-only
//! C7: a call that must not be made is refused, with the right errno, and changes nothing.
//!
//! # Data flow
//! Each [`Condition`] makes a small pair with something to keep, in which one thing is not as it must
//! be, and lets the design keep it, asked on either end. The answer must be the errno of the table in
//! [`crate::checkpoint::caller`], and the pair must be what it was: everything of it is compared. Then
//! others go on with it: who waits for ever waits for a lock that the call has kept ([`kept_lock`]).
//!
//! Where a state is kept, the restore is a call as well, and judged by the same conditions ([`restore`]).
//!
//! No locks: each condition is an execution of its own.

mod restore;

use crate::checkpoint::caller::{Caller, Demand, Refusal};
use crate::checkpoint::state::PairState;
use crate::checkpoint::{Design, Kept, image, opaque};
use crate::errno::Errno;
use crate::fault::{Fault, Faults, every};
use crate::geometry::Geometry;
use crate::ldisc_ref::{N_NULL, N_TTY};
use crate::machine::{Driver, Machine};
use crate::pty::{Pair, PairGhosts};
use crate::sched::Random;
use crate::sync::Runtime;
use crate::sync::seeded::{Config, execute};
use crate::termios::Termios;
use crate::tty_struct::{PtyType, Signal, TtyStruct};
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
    /// The pair for a restore was used already.
    NotFresh,
    /// What a restore is given is no state.
    NoState,
}

/// The ends that a call can be made on.
const ENDS: [PtyType; 2] = [PtyType::Slave, PtyType::Master];

impl Condition {
    /// All of them.
    pub const ALL: [Self; 12] = [
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
        Self::NotFresh,
        Self::NoState,
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
            Self::NotFresh => "not-fresh",
            Self::NoState => "no-state",
        }
    }

    /// The errnos that are right.
    const fn errnos(self) -> &'static [Errno] {
        match self {
            Self::NoCapability => &[Errno::EPERM],
            Self::NotReadable => &[Errno::EBADF],
            Self::NotStopped | Self::NotFresh => &[Errno::EBUSY],
            Self::OtherDriver => &[Errno::ENOTTY],
            Self::HungUp => &[Errno::EIO],
            Self::OtherDiscipline | Self::OtherDisciplineThere => {
                &[Errno::ENOTTY, Errno::EOPNOTSUPP]
            }
            Self::Busy => &[Errno::EAGAIN],
            Self::TooSmall => &[Errno::EOVERFLOW],
            Self::NoState => &[Errno::EINVAL],
            Self::Faults => {
                &[Errno::ENOMEM, Errno::ERESTARTSYS, Errno::EFAULT, Errno::EINTR, Errno::EIO]
            }
        }
    }

    /// What the pair is made on.
    fn machine(self) -> Machine {
        let driver = if self == Self::OtherDriver { Driver::Serial } else { Driver::Pty };
        Machine { driver, ..Machine::default() }
    }

    /// Makes it so for a call at `end` of `pair`.
    fn bring_about(self, pair: &Pair, end: PtyType) {
        let (here, there) = match end {
            PtyType::Slave => (&pair.slave, &pair.master),
            PtyType::Master => (&pair.master, &pair.slave),
        };
        let done = match (self, end) {
            (Self::HungUp, PtyType::Slave) => {
                pair.master.tty_release();
                Ok(())
            }
            // Nobody asks a master that is closed, and it is no more once it was hung up.
            (Self::HungUp, PtyType::Master) => pair.slave.tiocvhangup(),
            (Self::OtherDiscipline, _) => here.tty_set_ldisc(N_NULL),
            (Self::OtherDisciplineThere, _) => there.tty_set_ldisc(N_NULL),
            _ => Ok(()),
        };
        pair.settle();
        debug_assert!(done.is_ok());
    }

    /// Who calls.
    const fn caller(self, faults: &Faults) -> Caller<'_> {
        let root = Caller::root(faults);
        match self {
            Self::NoCapability => Caller { cap_sys_admin: false, ..root },
            Self::NotReadable => Caller { fmode_read: false, ..root },
            Self::NotStopped => Caller { stopped: false, ..root },
            Self::Busy => Caller { nonblock: true, ..root },
            _ => root,
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
        said = Some(judge_on(design, condition));
    });
    let broken = execution.panic.map(|message| format!("the model panicked: {message}"));
    // Alone, a call that waits for a lock waits for ever. Others do not come back either.
    let ended = execution.found.into_iter().next().map(|f| f.violation.sentence);
    match said {
        Some(said) => said.or(broken),
        None => broken.or(ended).or_else(|| Some("the call does not come back".to_owned())),
    }
}

fn judge_on(design: &'static dyn Design, condition: Condition) -> Option<String> {
    let saved = match condition {
        Condition::TooSmall => too_small(design),
        Condition::Faults => faults(design),
        Condition::NotFresh | Condition::NoState => None,
        Condition::Busy => LOCKS.into_iter().find_map(|lock| busy(design, lock)),
        Condition::OtherDriver => refused(design, condition).or_else(|| served(design, Driver::Vt)),
        _ => refused(design, condition),
    };
    saved.or_else(|| restore::judge(design, condition))
}

/// Asked on either end, it is refused.
fn refused(design: &dyn Design, condition: Condition) -> Option<String> {
    ENDS.into_iter().find_map(|end| {
        let pair = busy_pair(condition, end);
        let before = seen(&pair);
        let faults = Faults::none();
        let answer = design.save(&condition.caller(&faults), asked(&pair, end));
        left_alone(wrong(&answer, condition), &before, &pair)
    })
}

/// A lock that sleeps is held, and the caller does not wait.
fn busy(design: &dyn Design, lock: Lock) -> Option<String> {
    let pair = busy_pair(Condition::Busy, PtyType::Slave);
    let before = seen(&pair);
    let faults = Faults::none();
    let call = || design.save(&Condition::Busy.caller(&faults), &pair.slave);
    let answer = lock.around(&pair.slave, call);
    left_alone(wrong(&answer, Condition::Busy), &before, &pair)
}

/// A pair of `driver` is not refused.
fn served(design: &dyn Design, driver: Driver) -> Option<String> {
    let pair = pair_on(Machine { driver, ..Machine::default() });
    let answer = design.save(&Caller::root(&Faults::none()), &pair.slave);
    answer.err().map(|refusal| format!("a {driver:?} is refused with {refusal}"))
}

/// What is `wrong`; or that the pair is not what it was `before`; or that others cannot go on with it.
fn left_alone(wrong: Option<String>, before: &Seen, pair: &Pair) -> Option<String> {
    wrong.or_else(|| changed(before, pair)).or_else(|| kept_lock(pair))
}

/// Takes the locks of a read, of a write, and of a change of the line discipline. Who waits for one that
/// the call has kept waits for ever, which the run itself finds; but not for a reference.
fn kept_lock(pair: &Pair) -> Option<String> {
    let open = |end: &&Arc<TtyStruct>| end.count.observe() > 0;
    let mut busy = false;
    for end in [&pair.slave, &pair.master].into_iter().filter(open) {
        // Whatever they say, they come back.
        let _ = end.tty_write(true, b"x");
        let _ = end.tty_read(true, 1);
        let _ = end.set_termios(end.get_termios());
        busy |= end.tty_set_ldisc(N_NULL) == Err(Errno::EBUSY);
        let _ = end.tty_set_ldisc(N_TTY);
    }
    pair.settle();
    busy.then(|| "it keeps a reference to the line discipline".to_owned())
}

/// Which lock is held.
#[derive(Clone, Copy, Debug)]
enum Lock {
    Termios,
    Tty,
    Chain,
    Reader,
    Writer,
}

const LOCKS: [Lock; 5] = [Lock::Termios, Lock::Tty, Lock::Chain, Lock::Reader, Lock::Writer];

impl Lock {
    /// Makes `call` while it is held at the end `tty`.
    fn around<R>(self, tty: &TtyStruct, call: impl FnOnce() -> R) -> R {
        match self {
            Self::Termios => {
                let _reader = tty.termios_rwsem.down_read("n_tty_read.termios_rwsem");
                call()
            }
            Self::Tty => {
                let _setter = tty.legacy_mutex.lock("tty_set_ldisc.tty_lock");
                call()
            }
            Self::Chain => {
                let _worker = tty.port.buf.lock.lock("flush_to_ldisc.lock");
                call()
            }
            Self::Reader => {
                let _reader = tty.disc_data.atomic_read_lock.lock("n_tty_read.atomic_read_lock");
                call()
            }
            Self::Writer => {
                let _writer = tty.link.atomic_write_lock.lock("tty_write.atomic_write_lock");
                call()
            }
        }
    }
}

/// A pair with something to keep, in which `condition` holds for a call at `end`.
fn busy_pair(condition: Condition, end: PtyType) -> Arc<Pair> {
    let pair = pair_on(condition.machine());
    condition.bring_about(&pair, end);
    pair
}

/// A pair with something to keep.
fn pair_on(machine: Machine) -> Arc<Pair> {
    let pair = fresh_pair(machine);
    // Two lines for the slave, of which the second is not finished, and their echo for the master.
    let written = pair.master.tty_write(true, b"ab\nc");
    pair.settle();
    debug_assert!(written.is_ok());
    pair
}

fn fresh_pair(machine: Machine) -> Arc<Pair> {
    Pair::on(machine, Runtime::Seeded, &Geometry::tiny(16, 4), PairGhosts::default())
}

fn asked(pair: &Pair, end: PtyType) -> &TtyStruct {
    match end {
        PtyType::Slave => &pair.slave,
        PtyType::Master => &pair.master,
    }
}

/// What is wrong with `answer`.
fn wrong(answer: &Result<Kept, Refusal>, condition: Condition) -> Option<String> {
    match answer {
        // It did without that lock.
        Ok(_) if condition == Condition::Busy => None,
        Ok(kept) => Some(format!("it is not refused, and gives away {}", described(kept))),
        Err(refusal) => wrongly(refusal, condition),
    }
}

/// What is wrong with how it is refused.
fn wrongly(refusal: &Refusal, condition: Condition) -> Option<String> {
    let right = condition.errnos();
    (!right.contains(&refusal.errno)).then(|| {
        let right: Vec<String> = right.iter().map(Errno::to_string).collect();
        format!("it is refused with {refusal}, not with {}", right.join(" or "))
    })
}

fn described(kept: &Kept) -> String {
    match kept {
        Kept::Bytes(b) => format!("{} bytes", b.to_master.len() + b.to_slave.len()),
        Kept::State(state) => format!("an image of {} bytes", image::size_needed(state)),
    }
}

/// What a call must not change: both ends, and the signals that each has sent.
type Seen = (PairState, [Vec<Signal>; 2]);

fn seen(pair: &Pair) -> Seen {
    (opaque::observe(&pair.slave), [pair.slave.signals(), pair.master.signals()])
}

fn changed(before: &Seen, pair: &Pair) -> Option<String> {
    (*before != seen(pair)).then(|| "it is refused, and has changed the pair".to_owned())
}

/// Refused with the size that is needed; with that size it works.
fn too_small(design: &dyn Design) -> Option<String> {
    [pair_on(Machine::default()), large_pair()].iter().find_map(|pair| too_small_for(design, pair))
}

/// A pair of Linux's sizes with more to keep than fits into a page.
fn large_pair() -> Arc<Pair> {
    let pair = Pair::new(Runtime::Seeded, &Geometry::LINUX, PairGhosts::default());
    let raw = pair.slave.set_termios(Termios::MASTER);
    for _ in 0..4 {
        let _ = pair.master.tty_write(true, &[b'x'; 2048]);
        pair.settle();
    }
    debug_assert!(raw.is_ok());
    pair
}

fn too_small_for(design: &dyn Design, pair: &Pair) -> Option<String> {
    let before = seen(pair);
    let none = Faults::none();
    let with = |room| design.save(&Caller { room, ..Caller::root(&none) }, &pair.slave);
    let answer = with(1);
    let needed = match &answer {
        Ok(kept) => return Some(format!("{} go into a buffer of 1", described(kept))),
        Err(refusal) => refusal.needed,
    };
    wrong(&answer, Condition::TooSmall).or_else(|| changed(&before, pair)).or_else(|| match needed
        .map(|n| (n, with(n - 1), with(n)))
    {
        None => Some("it does not say which size is needed".to_owned()),
        Some((n, Ok(_), _)) => Some(format!("{n} bytes are said to be needed, fewer are enough")),
        Some((n, _, Err(refusal))) => Some(format!("{n} bytes are needed, but then: {refusal}")),
        Some(_) => left_alone(None, &before, pair),
    })
}

/// Whatever fails, at whatever point: an errno, and the pair is what it was.
fn faults(design: &dyn Design) -> Option<String> {
    let mut found = None;
    every(|faults| {
        if found.is_some() {
            return;
        }
        let pair = pair_on(Machine::default());
        let before = seen(&pair);
        let answer = design.save(&Caller::root(faults), &pair.slave);
        // What the call itself queued is no change, but what it wrote is.
        pair.settle();
        let Some(fault) = faults.happened() else { return };
        let what = wrong(&answer, Condition::Faults).or_else(|| other_errno(&answer, fault));
        let what = left_alone(what, &before, &pair);
        found = what.map(|what| format!("{fault:?} fails: {what}"));
    });
    found
}

/// It says that something else has failed.
fn other_errno<T>(answer: &Result<T, Refusal>, fault: Fault) -> Option<String> {
    let said = answer.as_ref().err()?.errno;
    (said != fault.errno()).then(|| format!("it says {said}, not {}", fault.errno()))
}
