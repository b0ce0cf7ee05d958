// SPDX-License-Identifier: GPL-2.0-only
//! A session whose terminal the slave is, to see which signals the kernel sends.
//!
//! # Data flow
//! `setsid` runs a shell that no signal is ignored in, the leader of a new session. It opens the slave, which thereby becomes its
//! terminal, and closes it again: a terminal need not be open. It traps what a line discipline and a
//! hangup send, and answers each with the signal's name; `SIGURG`, which comes from here, with a
//! newline. A shell runs the traps of pending signals in the order of their numbers, so `SIGURG`
//! is behind all others.
//!
//! # Deviations
//! 1. A signal that is pending is not sent again: each counts once.
//!
//! No locks. The shell is ended with the [`Session`].

use crate::error::{Error, ErrorKind};
use rustix::fd::{AsRawFd, BorrowedFd};
use rustix::io::{Errno, Result};
use rustix::process::{Pid, Signal, kill_process};
use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// What the shell does. A read that a signal interrupts fails as one at the end of the file does,
/// so that it looks whether this process is still there.
const SCRIPT: &str = "exec 3<>/proc/$1/fd/$2 3>&- 2>/dev/null
trap 'printf \"SIGHUP \"' HUP
trap 'printf \"SIGINT \"' INT
trap 'printf \"SIGQUIT \"' QUIT
trap 'printf \"SIGTSTP \"' TSTP
trap 'echo' URG
echo
while kill -0 $1; do read line; done";

/// A shell cannot trap what was ignored when it began, and what runs in the background of a script
/// (or under nohup) inherits that `SIGINT` and `SIGQUIT` (or `SIGHUP`) are.
const HEARD: &str = "--default-signal=HUP,INT,QUIT,TSTP,URG";

/// What a slave's signals can be, in the order of their numbers.
const NAMES: [&str; 4] = ["SIGHUP", "SIGINT", "SIGQUIT", "SIGTSTP"];

/// The session, and the pipes to its leader.
pub(super) struct Session {
    shell: Child,
    says: BufReader<ChildStdout>,
    /// Nothing is said to it: as long as this is open, its `read` waits.
    _hears: Option<ChildStdin>,
}

impl Session {
    /// One whose terminal is `slave`.
    ///
    /// # Errors
    /// That `setsid` or a shell is missing, or that `slave` cannot be reached through `/proc`.
    pub(super) fn begin(slave: BorrowedFd<'_>) -> std::result::Result<Self, Error> {
        let (pid, fd) = (std::process::id().to_string(), slave.as_raw_fd().to_string());
        let spawned = Command::new("setsid")
            .args(["env", HEARD, "sh", "-c", SCRIPT, "sh", &pid, &fd])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn();
        let mut shell = spawned.map_err(|e| cannot(&e.to_string()))?;
        let hears = shell.stdin.take();
        let says = shell.stdout.take().ok_or_else(|| cannot("it has no output"))?;
        let mut session = Self { shell, says: BufReader::new(says), _hears: hears };
        // Its first line says that it is ready.
        session.line().map_err(|e| cannot(&e.to_string()))?;
        Ok(session)
    }

    /// The names of the signals that came since the last call, each once, in the order of their
    /// numbers.
    pub(super) fn signals(&mut self) -> Result<Vec<u8>> {
        let pid = i32::try_from(self.shell.id()).ok().and_then(Pid::from_raw);
        kill_process(pid.ok_or(Errno::SRCH)?, Signal::URG)?;
        let line = self.line()?;
        let came: BTreeSet<&str> = line.split_whitespace().collect();
        let names: Vec<&str> = NAMES.into_iter().filter(|name| came.contains(name)).collect();
        Ok(names.join(" ").into_bytes())
    }

    fn line(&mut self) -> Result<String> {
        let mut line = String::new();
        match self.says.read_line(&mut line) {
            Ok(1..) => Ok(line),
            _ => Err(Errno::IO),
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // It may be gone already; whatever it was, it is waited for.
        let _ = self.shell.kill();
        let _ = self.shell.wait();
    }
}

fn cannot(why: &str) -> Error {
    Error::new(ErrorKind::File, format!("cannot begin a session to see its signals: {why}"))
        .help("'signals' takes setsid(1), env(1) of coreutils 8.31 or newer, a shell and /proc")
}

#[cfg(test)]
mod tests {
    use super::super::pair::Pair;
    use crate::script::ast::End;
    use rustix::io::write;

    #[test]
    fn a_session_sees_each_signal_once() {
        let Ok(mut pair) = Pair::open() else {
            eprintln!("SKIPPED: no ptys");
            return;
        };
        pair.begin_session().expect("a session");
        let all = write(pair.fd(End::Master).expect("open"), b"\x03\x03\x1a\x1c\x03");
        assert_eq!(all, Ok(5));
        let _ = pair.poll(End::Slave);
        assert_eq!(pair.signals().expect("signals"), b"SIGINT SIGQUIT SIGTSTP");
        assert_eq!(pair.signals().expect("signals"), b"");
        drop(pair.take(End::Master));
        assert_eq!(pair.signals().expect("signals"), b"SIGHUP");
    }
}
