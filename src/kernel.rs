// SPDX-License-Identifier: GPL-2.0-only
//! Scripts on a real pty pair of this machine.
//!
//! # Data flow
//! [`Script`] -> [`run`]: a fresh pair from `/dev/ptmx` ([`mod@pair`]); each operation in order, as the
//! system call it stands for ([`mod@call`]); after each, a wait until nothing moves any more
//! ([`Patience`]) -> the same [`OpResult`]s that the model gives. Nothing here judges them.
//!
//! # Settling
//! The kernel's worker runs when it likes and no call says whether it has. `poll` of an end without
//! input waits for the end's worker (`n_tty_poll`, `tty_buffer_flush_work`), so two ends without
//! input are at rest at once: the slave goes first, because its echo queues the master's worker. An
//! end with input is at rest when what `poll` and `FIONREAD` say has not changed a few times
//! in a row; on a second try, the kernel's workers are watched too.
//!
//! # Locks
//! None. A pair belongs to the thread that runs the script; only a `read ... wait` gets a second
//! one, as its watchdog.
//!
//! # Deviations
//! 1. A blocking read that outlasts [`Patience::wait`] would sleep for ever: the script ends there
//!    ([`KernelRun::blocked`]), because the only way to rouse the reader is to close the other end.
//! 2. `checkpoint` does nothing: this kernel has none.
//! 3. An end that is open is not opened a second time, and the master, once closed, is gone
//!    (`EIO`), as in the model ([`crate::tty_open`], deviation 4). Without a master, the slave's name
//!    is not looked up (`ENOENT`): it may be another pair's by now.

mod call;
mod ioctl;
mod pair;
mod session;
mod workers;

use crate::error::{Error, ErrorKind};
use crate::geometry::Geometry;
use crate::run::{OpResult, Outcome};
use crate::script::ast::{Item, Op, Script};
use pair::Pair;
use rustix::io::Errno as HostErrno;
use std::path::Path;
use std::time::Duration;

/// Where ptys come from.
const PTMX: &str = "/dev/ptmx";

/// How long to wait for the kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// How many looks in a row must show the same, where `poll` does not wait for the worker.
    pub looks: u32,
    /// The time between two looks.
    pub pause: Duration,
    /// A look between operations even where `poll` has waited for the workers.
    pub distrust: bool,
    /// Not before each of the kernel's workers that was busy has been seen idle, where they can be
    /// seen ([`mod@workers`]).
    pub workers: bool,
    /// How long a blocking read may take.
    pub wait: Duration,
}

impl Patience {
    /// For the bulk of the work: 3 looks 100 us apart. Rarely too short: a difference seen with
    /// this is no difference yet.
    pub const QUICK: Self = Self {
        looks: 3,
        pause: Duration::from_micros(100),
        distrust: false,
        workers: false,
        wait: Duration::from_millis(400),
    };

    /// For a second try, and for making a difference smaller: 3 looks 500 us apart, after every
    /// operation.
    pub const FIRM: Self = Self {
        looks: 3,
        pause: Duration::from_micros(500),
        distrust: true,
        workers: false,
        wait: Duration::from_millis(1500),
    };

    /// For scripts that are run once, and for a third try: 4 looks 2 ms apart, after every operation.
    pub const SLOW: Self = Self {
        looks: 4,
        pause: Duration::from_millis(2),
        distrust: true,
        workers: true,
        wait: Duration::from_secs(30),
    };

    /// For confirming: 5 looks 20 ms apart. On a machine with more to run than processors a worker
    /// may well wait that long for its turn.
    pub const LAST: Self = Self {
        looks: 5,
        pause: Duration::from_millis(20),
        distrust: true,
        workers: true,
        wait: Duration::from_secs(30),
    };
}

/// What came of a script on this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KernelRun {
    /// The results of its operations, up to the one that never returned.
    pub results: Vec<OpResult>,
    /// Whether a blocking read never returned.
    pub blocked: bool,
}

/// Whether this machine has ptys that this process can use.
///
/// # Errors
/// Why not.
pub fn available() -> Result<(), Error> {
    Pair::open().map(drop).map_err(|e| cannot("use", e))
}

/// The line of `script` that no real pty can run, if there is one, and why.
#[must_use]
pub fn unsupported(script: &Script) -> Option<(u32, &'static str)> {
    if script.geometry != Geometry::LINUX {
        return Some((1, "a real kernel has its own sizes: leave the 'geometry' line out"));
    }
    let threads = |item: &Item| match item {
        Item::Threads(blocks) => blocks.first().map(|b| b.line_no.0),
        Item::Op(_) => None,
    };
    if let Some(line) = script.items.iter().find_map(threads) {
        return Some((line, "threads race on a real kernel, and have no one right answer there"));
    }
    let insert = |l: &&crate::script::Line| matches!(l.op, Op::Insert { .. });
    if let Some(line) = script.lines().find(insert) {
        return Some((line.line_no.0, "a pty has no line that could bring breaks and errors"));
    }
    let restore = |l: &&crate::script::Line| matches!(l.op, Op::Restore { .. });
    script.lines().find(restore).map(|l| (l.line_no.0, "no kernel restores a checkpoint yet"))
}

/// Runs `script`, which [`unsupported`] has nothing against, on a fresh pair.
///
/// # Errors
/// That this machine has no ptys to spare, or answered with an errno that scripts do not know.
pub fn run(script: &Script, patience: &Patience) -> Result<KernelRun, Error> {
    let mut pair = Pair::open().map_err(|e| cannot("use", e))?;
    if script.lines().any(|l| l.op == Op::Signals) {
        pair.begin_session()?;
    }
    let mut results = Vec::new();
    for line in script.lines() {
        let Some(outcome) = call::perform(&mut pair, &line.op, patience)? else {
            return Ok(KernelRun { results, blocked: true });
        };
        results.push(OpResult::new(line, outcome));
        if script.settles() {
            pair.settle(patience);
        }
    }
    Ok(KernelRun { results, blocked: false })
}

/// What `doing` something to the machine's ptys ran into.
fn cannot(doing: &str, errno: HostErrno) -> Error {
    let error = Error::file(doing, Path::new(PTMX), &errno.into());
    if error.kind() == ErrorKind::File {
        return error.help("it takes a Linux with /dev/ptmx and a devpts; containers may lack it");
    }
    error
}

/// The outcome that a failed system call is in scripts.
fn failed(op: &Op, errno: HostErrno) -> Result<Outcome, Error> {
    call::errno(errno).map(Outcome::Errno).ok_or_else(|| {
        Error::new(ErrorKind::File, format!("'{op}' failed on this machine: {errno}"))
            .help("scripts have no name for this errno, so it cannot be compared")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::errno::Errno;
    use crate::script::{Context, parse};

    /// What each operation of `text` gives here; `None` where there are no ptys.
    fn outcomes(text: &str) -> Option<(Vec<Outcome>, bool)> {
        if let Err(e) = available() {
            eprintln!("SKIPPED: {e}");
            return None;
        }
        let script = parse(text, &Context::file("test")).expect("script");
        assert_eq!(unsupported(&script), None);
        let patience = Patience { wait: Duration::from_millis(200), ..Patience::SLOW };
        let done = run(&script, &patience).expect("ptys");
        Some((done.results.into_iter().map(|r| r.outcome).collect(), done.blocked))
    }

    #[test]
    fn a_line_goes_through_and_comes_back() {
        let text = "write master \"hi\\n\"\ninq slave\nread slave 64\nread master 64\nread slave 1";
        let Some(found) = outcomes(text) else { return };
        let bytes = |b: &[u8]| Outcome::Bytes(b.to_vec());
        let right = vec![
            Outcome::Number(3),
            Outcome::Number(3),
            bytes(b"hi\n"),
            bytes(b"hi\r\n"),
            Outcome::Errno(Errno::EAGAIN),
        ];
        assert_eq!(found, (right, false));
    }

    #[test]
    fn a_read_that_sleeps_for_ever_ends_the_script() {
        for end in ["slave", "master"] {
            let text = format!("inq slave\nread {end} 64 wait\ninq slave");
            let Some(found) = outcomes(&text) else { return };
            assert_eq!(found, (vec![Outcome::Number(0)], true), "{end}");
        }
    }

    #[test]
    fn a_closed_end_has_no_descriptor() {
        let text = "close slave\nread slave 1\nclose slave\nopen slave\nclose master\nread slave 1";
        let Some((found, _)) = outcomes(text) else { return };
        let ebadf = Outcome::Errno(Errno::EBADF);
        let zero = Outcome::Number(0);
        let empty = Outcome::Bytes(Vec::new());
        assert_eq!(found, [zero.clone(), ebadf.clone(), ebadf, zero.clone(), zero, empty]);
    }

    #[test]
    fn what_no_pty_can_run_is_refused() {
        let refused = |text: &str| {
            unsupported(&parse(text, &Context::file("test")).expect("script")).map(|(line, _)| line)
        };
        assert_eq!(refused("geometry n_tty_buf 8\nsettle"), Some(1));
        assert_eq!(refused("inq slave\nthread a {\nsettle\n}"), Some(2));
        assert_eq!(refused("checkpoint this slave as A\nrestore A"), Some(2));
        assert_eq!(refused("inq slave"), None);
    }
}
