// SPDX-License-Identifier: GPL-2.0-only
//! The pair: one operation of a script at a time, and the workers after each.

use crate::tty::{SIZE, Tty};
use ttysim::errno::Errno;
use ttysim::run::Outcome;
use ttysim::script::ast::{End, FlowAction, Op, Queue, When};
use ttysim::termios::{DISABLED_CHAR, Termios, cc, iflag, lflag};

/// `TIOCPKT_FLUSHREAD`.
pub(crate) const FLUSH_READ: u8 = 0x01;
/// `TIOCPKT_FLUSHWRITE`.
pub(crate) const FLUSH_WRITE: u8 = 0x02;
const STOP: u8 = 0x04;
const START: u8 = 0x08;
const NO_STOP: u8 = 0x10;
const DO_STOP: u8 = 0x20;
const IOCTL: u8 = 0x40;

const POLL_IN: u16 = 0x41;
const POLL_PRI: u16 = 0x02;
const POLL_OUT: u16 = 0x104;
const POLL_ERR: u16 = 0x08;
const POLL_HUP: u16 = 0x10;

/// The oracle.
#[derive(Clone, Debug)]
pub(crate) struct Pair {
    ends: [Tty; 2],
    /// Why the script has left what the oracle knows, if it has. Everything later is unknown.
    pub(crate) beyond: Option<&'static str>,
}

impl Pair {
    pub(crate) fn new() -> Self {
        Self { ends: [Tty::new(Termios::MASTER), Tty::new(Termios::SLAVE)], beyond: None }
    }

    pub(crate) fn tty(&self, end: End) -> &Tty {
        &self.ends[end as usize]
    }

    pub(crate) fn tty_mut(&mut self, end: End) -> &mut Tty {
        &mut self.ends[end as usize]
    }

    /// What `op` gives, the workers resting before and after it; `None` if the oracle does not
    /// know, now and for the rest of the script.
    pub(crate) fn perform(&mut self, op: &Op) -> Option<Outcome> {
        if self.beyond.is_some() {
            return None;
        }
        let outcome = self.one(op);
        self.settle();
        if self.beyond.is_some() { None } else { outcome }
    }

    fn settle(&mut self) {
        while self.beyond.is_none() && (self.tty(End::Slave).queued || self.tty(End::Master).queued)
        {
            self.work(End::Slave);
            self.work(End::Master);
        }
    }

    /// A driver brings `bytes`, all of them with `flag`; nothing may be on its way to `end`.
    pub(crate) fn insert(&mut self, end: End, bytes: &[u8], flag: u8) {
        self.receive_flagged(end, bytes, Some(flag), true);
        self.settle();
    }

    fn one(&mut self, op: &Op) -> Option<Outcome> {
        let end = end_of(op);
        if let Some(refused) = end.and_then(|end| self.refused(end, op)) {
            return Some(refused);
        }
        let zero = Some(Outcome::Number(0));
        match op {
            Op::Termios { change, when, .. } => {
                if *when == When::Flush {
                    self.forget_input(End::Slave);
                }
                let mut termios = self.tty(End::Slave).termios;
                change.apply(&mut termios);
                self.set_termios(termios);
                zero
            }
            Op::Write { end, bytes } => Some(number(self.write(*end, bytes))),
            Op::Read { end, n, wait } => match self.read(*end, *n, *wait) {
                Some(result) => Some(result.map_or_else(Outcome::Errno, Outcome::Bytes)),
                None => self.leave("read: waits for ever"),
            },
            Op::Inq { end } => Some(Outcome::Number(self.inq(*end))),
            // A pty has no buffer of its own.
            Op::Outq { .. } | Op::Settle => zero,
            Op::Poll { end } => Some(Outcome::Events(self.poll(*end))),
            Op::Flush { end, queue } => {
                self.flush(*end, *queue);
                zero
            }
            Op::Flow { end, action } => {
                self.flow(*end, *action);
                zero
            }
            Op::Packet { on } => {
                if *on && !self.tty(End::Master).packet {
                    self.tty_mut(End::Slave).status = 0;
                }
                self.tty_mut(End::Master).packet = *on;
                zero
            }
            Op::Sti { end, byte } => {
                self.receive(*end, &[*byte], false);
                self.tty_mut(*end).queued = true;
                zero
            }
            Op::Setd { end, ldisc: 0 } => {
                self.tty_mut(*end).queued = true;
                zero
            }
            Op::Setd { .. } => self.leave("setd: another discipline"),
            Op::Close { end } => {
                self.close(*end);
                zero
            }
            Op::Open { end } => self.open(*end),
            Op::Hangup { .. } => self.leave("hangup: another discipline"),
            Op::Signals => self.leave("signals"),
            Op::Insert { .. } => self.leave("insert: see flagged.rs"),
            Op::Rare { .. } => self.leave("a call that only scenarios make"),
            Op::Checkpoint { .. } | Op::Restore { .. } => self.leave("checkpoint"),
        }
    }

    fn leave(&mut self, why: &'static str) -> Option<Outcome> {
        self.beyond = Some(why);
        None
    }

    /// What a closed or hung up end answers.
    fn refused(&self, end: End, op: &Op) -> Option<Outcome> {
        if matches!(op, Op::Open { .. }) {
            return None;
        }
        if !self.tty(end).open {
            return Some(Outcome::Errno(Errno::EBADF));
        }
        if !self.tty(end).hung_up {
            return None;
        }
        Some(match op {
            Op::Close { .. } => return None,
            Op::Read { .. } => Outcome::Bytes(Vec::new()),
            Op::Poll { .. } => Outcome::Events(POLL_IN | POLL_OUT | POLL_ERR | POLL_HUP),
            _ => Outcome::Errno(Errno::EIO),
        })
    }

    /// `flush_to_ldisc`, if it was queued.
    pub(crate) fn work(&mut self, end: End) {
        if !std::mem::take(&mut self.tty_mut(end).queued) || self.tty(end).hung_up {
            return;
        }
        while let Some(bytes) = self.tty_mut(end).flip.offer() {
            let n = self.receive(end, &bytes, true);
            if self.beyond.is_some() {
                return;
            }
            self.tty_mut(end).flip.take(n);
            if n < bytes.len() {
                for piece in self.tty_mut(end).flip.search() {
                    self.look_ahead(end, &piece);
                }
            }
            if n == 0 {
                return;
            }
        }
    }

    fn inq(&self, end: End) -> u64 {
        let tty = self.tty(end);
        let disc = &tty.disc;
        let n = if !tty.by_line() {
            disc.head - disc.tail
        } else if disc.canon - disc.tail == SIZE {
            // The kernel compares places in its ring, finds them equal and counts no EOF.
            SIZE
        } else {
            (disc.tail..disc.canon).filter(|&at| !disc.is_eof(at)).count() as i64
        };
        // An unsigned int.
        u64::from(n as u32)
    }

    fn poll(&mut self, end: End) -> u16 {
        let tty = self.tty(end);
        let (time, min) = (tty.cc(cc::VTIME), tty.cc(cc::VMIN));
        let least = if time == 0 { i64::from(min).max(1) } else { 1 };
        if !self.tty(end).has_input(least) {
            self.work(end);
        }
        let mut events = 0;
        if self.tty(end).has_input(least) {
            events |= POLL_IN;
        }
        if self.tty(end).packet && self.tty(end.other()).status != 0 {
            events |= POLL_IN | POLL_PRI;
        }
        if self.tty(end).other_closed {
            events |= POLL_HUP;
        }
        if self.room(end) > 0 {
            events |= POLL_OUT;
        }
        events
    }

    fn flush(&mut self, end: End, queue: Queue) {
        if queue != Queue::Out {
            self.tty_mut(end).flip.flush();
            self.forget_input(end);
        }
        if queue != Queue::In {
            self.flush_output(end);
        }
    }

    /// Drops what the discipline has; what waits behind it is processed next.
    fn forget_input(&mut self, end: End) {
        self.tty_mut(end).disc.forget_input();
        self.kick(end);
        self.tell_master(end, 0, FLUSH_READ);
    }

    /// In packet mode, the slave's status loses `clear` and gets `set`.
    pub(crate) fn tell_master(&mut self, end: End, clear: u8, set: u8) {
        if self.tty(end.other()).packet {
            let status = &mut self.tty_mut(end).status;
            *status = *status & !clear | set;
        }
    }

    /// `stop_tty`.
    pub(crate) fn stop(&mut self, end: End) {
        if !self.tty(end).stopped {
            self.tty_mut(end).stopped = true;
            self.tell_master(end, START, STOP);
        }
    }

    /// `start_tty`.
    pub(crate) fn start(&mut self, end: End) {
        if self.tty(end).stopped && !self.tty(end).tco_stopped {
            self.tty_mut(end).stopped = false;
            self.tell_master(end, STOP, START);
        }
    }

    fn flow(&mut self, end: End, action: FlowAction) {
        match action {
            FlowAction::Ooff if !self.tty(end).tco_stopped => {
                self.tty_mut(end).tco_stopped = true;
                self.stop(end);
            }
            FlowAction::Oon if self.tty(end).tco_stopped => {
                self.tty_mut(end).tco_stopped = false;
                self.start(end);
            }
            FlowAction::Ooff | FlowAction::Oon => {}
            FlowAction::Ioff => self.send_urgent(end, self.tty(end).cc(cc::VSTOP)),
            FlowAction::Ion => self.send_urgent(end, self.tty(end).cc(cc::VSTART)),
        }
    }

    /// Sends `c` even where characters have stopped output.
    fn send_urgent(&mut self, end: End, c: u8) {
        if c == DISABLED_CHAR {
            return;
        }
        let was_stopped = self.tty(end).stopped;
        if was_stopped {
            self.start(end);
        }
        self.send(end, &[c]);
        if was_stopped {
            self.stop(end);
        }
    }

    /// The slave's settings change; the master has none that could.
    fn set_termios(&mut self, new: Termios) {
        let end = End::Slave;
        let old = std::mem::replace(&mut self.tty_mut(end).termios, new);
        let by_chars =
            |t: &Termios| t.i(iflag::IXON) && t.cc[cc::VSTOP] == 0x13 && t.cc[cc::VSTART] == 0x11;
        match (by_chars(&old), by_chars(&new)) {
            (false, true) => self.tell_master(end, NO_STOP, DO_STOP),
            (true, false) => self.tell_master(end, DO_STOP, NO_STOP),
            _ => {}
        }
        if old.l(lflag::EXTPROC) || new.l(lflag::EXTPROC) {
            self.tell_master(end, 0, IOCTL);
        }
        if (old.lflag ^ new.lflag) & (lflag::ICANON | lflag::EXTPROC) != 0 {
            self.change_mode(end);
        }
        if !new.i(iflag::IXON) && old.i(iflag::IXON) && !self.tty(end).tco_stopped {
            self.start(end);
            self.process_echoes(end);
        }
    }

    /// What is unread becomes one line without an end, or no line at all.
    fn change_mode(&mut self, end: End) {
        let canonical = self.tty(end).l(lflag::ICANON);
        let disc = &mut self.tty_mut(end).disc;
        disc.marks.clear();
        if canonical && disc.head != disc.tail {
            disc.marks.insert(disc.head - 1);
            disc.canon = disc.head;
        } else {
            disc.canon = disc.tail;
        }
        disc.commit = disc.head;
        disc.erasing = false;
        disc.lnext = false;
        if disc.head < disc.tail {
            self.beyond = Some("EXTPROC: more was read than is left of an overlong line");
        }
    }

    fn close(&mut self, end: End) {
        let tty = self.tty_mut(end);
        tty.open = false;
        tty.packet = false;
        self.tty_mut(end.other()).other_closed = true;
        if end == End::Master {
            let slave = self.tty_mut(End::Slave);
            slave.hung_up = true;
            slave.queued = false;
        }
    }

    fn open(&mut self, end: End) -> Option<Outcome> {
        if end == End::Slave && !self.tty(End::Master).open {
            return Some(Outcome::Errno(Errno::ENOENT));
        }
        if self.tty(end).open {
            return self.leave("open: an end that is open");
        }
        if end == End::Master {
            return self.leave("open: another master");
        }
        self.tty_mut(end).open = true;
        self.tty_mut(end.other()).other_closed = false;
        Some(Outcome::Number(0))
    }
}

/// The end whose descriptor `op` uses.
const fn end_of(op: &Op) -> Option<End> {
    match op {
        Op::Termios { end, .. }
        | Op::Write { end, .. }
        | Op::Read { end, .. }
        | Op::Inq { end }
        | Op::Outq { end }
        | Op::Poll { end }
        | Op::Rare { end, .. }
        | Op::Flush { end, .. }
        | Op::Flow { end, .. }
        | Op::Sti { end, .. }
        | Op::Close { end }
        | Op::Open { end }
        | Op::Setd { end, .. } => Some(*end),
        Op::Packet { .. } => Some(End::Master),
        Op::Signals
        | Op::Hangup { .. }
        | Op::Insert { .. }
        | Op::Settle
        | Op::Checkpoint { .. }
        | Op::Restore { .. } => None,
    }
}

fn number(result: Result<usize, Errno>) -> Outcome {
    result.map_or_else(Outcome::Errno, |n| Outcome::Number(n as u64))
}
