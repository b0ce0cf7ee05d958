// SPDX-License-Identifier: GPL-2.0-only
//! The situations a script gets into, as far as its operations and the model's answers show them:
//! the part of [`super::coverage`] that no single word of a script makes.
//!
//! No locks.

use crate::errno::Errno;
use crate::run::Outcome;
use crate::script::ast::{End, Op};
use crate::termios::{Termios, cc, iflag, lflag};
use crate::tty_io::Revents;

/// Every situation.
pub(super) const STATES: [&str; 29] = [
    "packet:data",
    "packet:dostop",
    "packet:flushread",
    "packet:flushwrite",
    "packet:ioctl",
    "packet:nostop",
    "packet:start",
    "packet:stop",
    "poll:err",
    "poll:hup",
    "poll:in",
    "poll:no-out",
    "poll:pri",
    "read:eagain",
    "read:eio",
    "read:empty",
    "read:many-chunks",
    "read:of-a-full-buffer",
    "state:full-input",
    "state:full-output",
    "state:hung-up",
    "state:icanon-to-raw",
    "state:lookahead",
    "state:overlong-line",
    "state:raw-to-icanon",
    "state:reopened",
    "write:eagain",
    "write:eio",
    "write:short",
];

/// The packets of one bit each, in the order of the bits.
const PACKETS: [&str; 7] = [
    "packet:flushread",
    "packet:flushwrite",
    "packet:stop",
    "packet:start",
    "packet:nostop",
    "packet:dostop",
    "packet:ioctl",
];

/// What is known of the pair between two operations.
pub(super) struct States {
    /// `N_TTY_BUF_SIZE`.
    size: usize,
    /// How much was written to the slave since it was last read.
    to_slave: usize,
    /// Whether a newline was in it.
    lines: bool,
    to_master: usize,
    packet: bool,
}

impl States {
    pub(super) const fn new(size: usize) -> Self {
        Self { size, to_slave: 0, lines: false, to_master: 0, packet: false }
    }

    /// `op`, made under `t`, gave `outcome`: `note` is told what that shows.
    pub(super) fn after(
        &mut self,
        t: &Termios,
        op: &Op,
        outcome: &Outcome,
        mut note: impl FnMut(&str),
    ) {
        match (op, outcome) {
            (Op::Write { end: End::Master, bytes }, _) => self.input(t, bytes, &mut note),
            (Op::Write { end: End::Slave, bytes }, _) => {
                self.to_master += bytes.len();
                if self.to_master > self.size {
                    note("state:full-output");
                }
            }
            (Op::Read { end: End::Slave, .. }, _) => (self.to_slave, self.lines) = (0, false),
            (Op::Read { end: End::Master, .. }, Outcome::Bytes(bytes)) => {
                self.to_master = 0;
                if self.packet {
                    packets(bytes, &mut note);
                }
            }
            (Op::Packet { on }, Outcome::Number(_)) => self.packet = *on,
            (Op::Open { .. }, Outcome::Number(_)) => note("state:reopened"),
            (Op::Close { end: End::Master }, Outcome::Number(_)) => note("state:hung-up"),
            _ => {}
        }
        if let Some(state) = shown_by(op, outcome, self.size) {
            note(state);
        }
        if let Outcome::Events(events) = outcome {
            events_shown(Revents(*events), &mut note);
        }
    }

    fn input(&mut self, t: &Termios, bytes: &[u8], note: &mut impl FnMut(&str)) {
        if self.to_slave >= self.size && (self.lines || !t.l(lflag::ICANON)) {
            note("state:full-input");
            let flow = [cc::VSTART, cc::VSTOP].map(|which| t.cc[which]);
            if t.i(iflag::IXON) && bytes.iter().any(|b| flow.contains(b)) {
                note("state:lookahead");
            }
        }
        self.to_slave += bytes.len();
        self.lines |= bytes.contains(&b'\n');
        if self.to_slave >= self.size && !self.lines && t.l(lflag::ICANON) {
            note("state:overlong-line");
        }
    }
}

/// What a read in packet mode has: data behind a 0, or bits.
fn packets(bytes: &[u8], note: &mut impl FnMut(&str)) {
    match bytes.first() {
        Some(0) => note("packet:data"),
        Some(status) => {
            let set = |(bit, _): &(usize, &&str)| status & 1 << bit != 0;
            PACKETS.iter().enumerate().filter(set).for_each(|(_, name)| note(name));
        }
        None => {}
    }
}

/// What the result of a read or a write shows.
const fn shown_by(op: &Op, outcome: &Outcome, size: usize) -> Option<&'static str> {
    match (op, outcome) {
        (Op::Read { n: 1.., .. }, Outcome::Bytes(bytes)) if bytes.is_empty() => Some("read:empty"),
        (Op::Read { .. }, Outcome::Bytes(bytes)) if bytes.len() >= size - 1 => {
            Some("read:of-a-full-buffer")
        }
        (Op::Read { .. }, Outcome::Bytes(bytes)) if bytes.len() > 64 => Some("read:many-chunks"),
        (Op::Read { .. }, Outcome::Errno(Errno::EAGAIN)) => Some("read:eagain"),
        (Op::Read { .. }, Outcome::Errno(Errno::EIO)) => Some("read:eio"),
        (Op::Write { bytes, .. }, Outcome::Number(n)) if *n < bytes.len() as u64 => {
            Some("write:short")
        }
        (Op::Write { .. }, Outcome::Errno(Errno::EAGAIN)) => Some("write:eagain"),
        (Op::Write { .. }, Outcome::Errno(Errno::EIO)) => Some("write:eio"),
        _ => None,
    }
}

fn events_shown(events: Revents, note: &mut impl FnMut(&str)) {
    const EVENTS: [(u16, &str); 4] = [
        (Revents::POLLIN, "poll:in"),
        (Revents::POLLPRI, "poll:pri"),
        (Revents::POLLERR, "poll:err"),
        (Revents::POLLHUP, "poll:hup"),
    ];
    EVENTS.iter().filter(|(bit, _)| events.any(*bit)).for_each(|(_, name)| note(name));
    if !events.any(Revents::POLLOUT) {
        note("poll:no-out");
    }
}
