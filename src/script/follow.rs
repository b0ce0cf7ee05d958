// SPDX-License-Identifier: GPL-2.0-only
//! The slave's settings along a sequential script, without running it.
//!
//! Data flow: each operation in order -> [`Follow::after`] -> [`Follow::slave`], what the next one
//! meets. An operation that a closed end, a hangup or another line discipline makes fail changes
//! nothing. No locks.

use super::ast::{End, Op};
use crate::ldisc_ref::{N_NULL, N_TTY};
use crate::termios::Termios;

/// What is known so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Follow {
    /// The settings in force.
    pub slave: Termios,
    files: [File; 2],
}

/// One end's file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct File {
    open: bool,
    hung_up: bool,
    /// Whether its discipline is `N_NULL`.
    null: bool,
}

impl Default for Follow {
    /// A fresh pair.
    fn default() -> Self {
        let fresh = File { open: true, hung_up: false, null: false };
        Self { slave: Termios::SLAVE, files: [fresh; 2] }
    }
}

impl Follow {
    const fn file(&mut self, end: End) -> &mut File {
        let [master, slave] = &mut self.files;
        match end {
            End::Master => master,
            End::Slave => slave,
        }
    }

    /// Whether `end` is open.
    #[must_use]
    pub const fn is_open(&self, end: End) -> bool {
        let [master, slave] = &self.files;
        match end {
            End::Master => master.open,
            End::Slave => slave.open,
        }
    }

    /// `op` was done.
    pub fn after(&mut self, op: &Op) {
        match op {
            Op::Termios { end, change, .. } => {
                let File { open, hung_up, null } = *self.file(*end);
                if open && !hung_up && !null {
                    change.apply(&mut self.slave);
                }
            }
            Op::Setd { end, ldisc } => self.set_ldisc(*end, *ldisc),
            Op::Hangup { end } => self.hang_up(*end),
            Op::Close { end } => {
                let was_open = std::mem::replace(&mut self.file(*end).open, false);
                if was_open && *end == End::Master {
                    self.hang_up(End::Slave);
                }
            }
            Op::Open { end: End::Slave } => self.open(),
            _ => {}
        }
    }

    const fn set_ldisc(&mut self, end: End, ldisc: u32) {
        let file = self.file(end);
        if file.open && !file.hung_up && (ldisc == N_NULL || ldisc == N_TTY) {
            file.null = ldisc == N_NULL;
        }
    }

    const fn hang_up(&mut self, end: End) {
        let file = self.file(end);
        file.hung_up = true;
        file.null = false;
        if let End::Slave = end {
            self.slave = Termios::SLAVE;
        }
    }

    const fn open(&mut self) {
        let [master, slave] = &mut self.files;
        if master.open && !slave.open {
            slave.open = true;
            slave.hung_up = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::script::{Context, parse};
    use crate::termios::lflag;

    /// Whether the slave echoes after `text`.
    fn echoes(text: &str) -> bool {
        let script = parse(text, &Context::file("test")).expect("script");
        let mut follow = Follow::default();
        script.lines().for_each(|line| follow.after(&line.op));
        follow.slave.l(lflag::ECHO)
    }

    #[test]
    fn only_what_succeeds_changes_the_settings() {
        assert!(echoes("inq slave"));
        assert!(!echoes("termios slave -echo"));
        assert!(!echoes("termios master -echo"));
        assert!(echoes("close slave\ntermios slave -echo"));
        assert!(!echoes("close slave\nopen slave\ntermios slave -echo"));
        assert!(echoes("setd slave 27\ntermios slave -echo"));
        assert!(!echoes("setd slave 27\ntermios master -echo"));
        assert!(!echoes("setd slave 27\nsetd slave 0\ntermios slave -echo"));
        assert!(echoes("termios slave -echo\nhangup slave"));
        assert!(echoes("hangup slave\ntermios slave -echo"));
        assert!(!echoes("hangup slave\nclose slave\nopen slave\ntermios slave -echo"));
        assert!(echoes("termios slave -echo\nclose master"));
    }
}
