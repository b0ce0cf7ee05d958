// SPDX-License-Identifier: GPL-2.0-only
//! Scripts that make a line discipline work, for comparing model and kernel.
//!
//! # Data flow
//! A seeded generator and a number of operations in, a [`Script`] out: first the settings (cooked,
//! raw or any, each with some flags flipped), then writes, reads and ioctls on both ends, then
//! reads of both ends until they should be empty, so that what went wrong is seen.
//!
//! The settings are followed along, because bytes are drawn by what they mean under them:
//! the control characters in force, what output processing changes, halves of characters. Sizes
//! are drawn from those at which the code does something else ([`SIZES`]).
//!
//! # Invariants
//! Sequential; at most the operations asked for; what races on a real kernel by nature is not
//! drawn: no write is longer than one chunk, and a signal character that flushes begins a write of
//! its own. No locks.

mod situations;

use super::super::ast::{End, FlowAction, Item, Line, Op, Queue, Script, When};
use super::super::follow::Follow;
use super::super::settings::words::{Char, Combo, Flag};
use super::super::settings::{Setting, TermiosChange};
use crate::ldisc_ref::{N_NULL, N_TTY};
use crate::termios::{DISABLED_CHAR, Termios, cc, lflag};
use fastrand::Rng;

/// Lengths of writes and reads at which something happens: the 64 bytes of a read's chunk, the 256
/// of an echo block and of a buffer's granularity, the most a buffer holds (1792), the most a write
/// takes at once (2048).
const SIZES: [usize; 21] = [
    1, 2, 3, 8, 63, 64, 65, 127, 128, 129, 255, 256, 257, 511, 512, 513, 1791, 1792, 1793, 2047,
    2048,
];

/// Sizes that only reads can have: around `N_TTY_BUF_SIZE`.
const READS: [usize; 6] = [0, 4094, 4095, 4096, 4097, 8192];

/// The longest write: `tty_write`'s chunk.
const CHUNK: usize = 2048;

/// `N_TTY_BUF_SIZE`.
const BUF: usize = 4096;

/// How many operations at the end are reads of what is left.
const DRAIN: usize = 6;

/// A script of at most `ops` operations.
#[must_use]
pub fn dialogue(rng: &mut Rng, ops: usize) -> Script {
    begun(rng, ops, Vec::new())
}

/// The same, after `first`; where that is nothing, after settings that are made up too.
pub(super) fn begun(rng: &mut Rng, ops: usize, first: Vec<Op>) -> Script {
    let mut maker = Maker { rng, ops: Vec::new(), follow: Follow::default(), asks: false };
    // Seeing signals takes a process, which takes its time.
    maker.asks = maker.one_in(48);
    let most = ops.saturating_sub(DRAIN).max(1);
    if first.is_empty() {
        maker.settings();
    }
    for op in first {
        maker.push(op);
    }
    let wanted = maker.rng.usize(most.min(8)..=most);
    while maker.ops.len() < wanted {
        maker.step();
    }
    maker.ops.truncate(most);
    maker.drain();
    maker.ops.truncate(ops);
    let items = maker.ops.into_iter().map(|op| Item::Op(Line::new(op))).collect();
    Script { items, ..Script::default() }
}

struct Maker<'a> {
    rng: &'a mut Rng,
    ops: Vec<Op>,
    /// The settings in force, and what is open.
    follow: Follow,
    /// Whether the signals are asked for.
    asks: bool,
}

impl Maker<'_> {
    fn push(&mut self, op: Op) {
        self.follow.after(&op);
        self.ops.push(op);
    }

    fn one_in(&mut self, n: u32) -> bool {
        self.rng.u32(..n) == 0
    }

    /// One of `all`, which must not be empty.
    fn pick<T: Copy>(&mut self, all: &[T], otherwise: T) -> T {
        let i = self.rng.usize(..all.len().max(1));
        all.get(i).copied().unwrap_or(otherwise)
    }

    fn end(&mut self) -> End {
        self.pick(&End::ALL, End::Slave)
    }

    /// The first line: what kind of terminal it is.
    fn settings(&mut self) {
        let mut settings = Vec::new();
        match self.rng.u8(..10) {
            0..6 => {}
            6..8 => settings.push(combo(Combo::Raw, true)),
            8 => settings.push(combo(Combo::Cbreak, true)),
            _ => settings.push(combo(Combo::Lcase, true)),
        }
        // Few, many or very many flags away from there.
        let share = self.pick(&[2, 4, 8, 24], 8);
        for flag in Flag::all() {
            if self.one_in(share) {
                settings.push(self.flag(flag));
            }
        }
        self.change_some_chars(&mut settings);
        self.termios(End::Slave, settings);
    }

    fn flag(&mut self, flag: Flag) -> Setting {
        Setting::Flag { flag, on: !flag.def().negatable || self.rng.bool() }
    }

    fn change_some_chars(&mut self, settings: &mut Vec<Setting>) {
        let chars: Vec<Char> = Char::all().collect();
        for _ in 0..self.rng.usize(..4) {
            let Some(which) = chars.get(self.rng.usize(..chars.len())).copied() else { return };
            let value = match which.index() {
                cc::VMIN => self.pick(&[0, 1, 1, 2, 3, 64, 65, 255], 1),
                // A tenth of a second is time enough.
                cc::VTIME => u8::from(self.one_in(4)),
                _ if self.one_in(4) => DISABLED_CHAR,
                _ if self.one_in(8) => self.byte(),
                _ => self.pick(b";,~\x01\x05\x06\x14\x18\x19\xe9", b';'),
            };
            settings.push(Setting::Char { which, value });
        }
    }

    /// A change of settings; none, if there is nothing to change.
    fn termios(&mut self, end: End, settings: Vec<Setting>) {
        if settings.is_empty() {
            return;
        }
        let change = TermiosChange(settings);
        let when = if self.one_in(6) { self.pick(&When::ALL, When::Now) } else { When::Now };
        self.push(Op::Termios { end, change, when });
    }

    /// The next operation, or the next few that belong together.
    fn step(&mut self) {
        match self.rng.u8(..100) {
            0..24 => self.write(End::Master),
            24..34 => self.write(End::Slave),
            34..46 => situations::any(self),
            46..58 => self.read(End::Slave),
            58..68 => self.read(End::Master),
            68..76 => self.change(),
            76..80 => self.sti(),
            80..83 => self.flush(),
            83..87 => {
                let (end, action) = (self.end(), self.pick(&FlowAction::ALL, FlowAction::Oon));
                self.push(Op::Flow { end, action });
            }
            87..89 => {
                let on = !self.one_in(3);
                self.push(Op::Packet { on });
            }
            89..94 => self.look(),
            94..97 => self.fill(),
            _ => self.rare(),
        }
    }

    fn sti(&mut self) {
        let end = if self.one_in(5) { End::Master } else { End::Slave };
        let byte = self.byte();
        self.push(Op::Sti { end, byte });
    }

    fn flush(&mut self) {
        let op = Op::Flush { end: self.end(), queue: self.pick(&Queue::ALL, Queue::Both) };
        self.push(op);
    }

    fn look(&mut self) {
        let end = self.end();
        let op = match self.rng.u8(..4) {
            0 => Op::Outq { end },
            1 => Op::Inq { end },
            _ => Op::Poll { end },
        };
        self.push(op);
    }

    /// A few more settings in the middle of everything.
    fn change(&mut self) {
        let mut settings = Vec::new();
        let flags: Vec<Flag> = Flag::all().collect();
        match self.rng.u8(..8) {
            0 => {
                let combos: Vec<Combo> = Combo::all().collect();
                let which = self.pick(&combos, Combo::Raw);
                let on = !which.negatable() || self.rng.bool();
                settings.push(combo(which, on));
            }
            // What the read buffer must be seen anew for.
            1 => settings.extend(
                ["icanon", "extproc"].into_iter().filter_map(Flag::from_name).map(|flag| {
                    Setting::Flag { flag, on: flag.def().name == "icanon" && self.rng.bool() }
                }),
            ),
            2 => self.change_some_chars(&mut settings),
            _ => {
                for _ in 0..self.rng.usize(1..4) {
                    if let Some(flag) = flags.get(self.rng.usize(..flags.len())).copied() {
                        settings.push(self.flag(flag));
                    }
                }
            }
        }
        if !settings.is_empty() {
            let end = if self.one_in(12) { End::Master } else { End::Slave };
            self.termios(end, settings);
        }
    }

    fn write(&mut self, end: End) {
        let bytes = match self.rng.u8(..16) {
            0 => self.run(),
            1 => {
                let len = self.pick(&SIZES, 64);
                self.text(end, len)
            }
            2..6 => self.edited_line(),
            _ => {
                let len = self.rng.usize(..24);
                self.text(end, len)
            }
        };
        self.send(end, &bytes);
        if self.one_in(4) {
            self.read(end.other());
        }
    }

    /// Writes `bytes`, in several writes where one would race.
    fn send(&mut self, end: End, bytes: &[u8]) {
        if end == End::Slave {
            self.push(Op::Write { end, bytes: bytes.to_vec() });
            return;
        }
        let mut rest = bytes;
        while let Some(at) = rest.iter().skip(1).position(|b| flushes(&self.follow.slave, *b)) {
            let (now, later) = rest.split_at(at + 1);
            self.push(Op::Write { end, bytes: now.to_vec() });
            rest = later;
        }
        self.push(Op::Write { end, bytes: rest.to_vec() });
        if self.asks && self.one_in(3) {
            self.push(Op::Signals);
        }
    }

    /// One byte many times, perhaps with an end.
    fn run(&mut self) -> Vec<u8> {
        let mut bytes = vec![self.byte(); self.pick(&SIZES, 64)];
        if self.rng.bool()
            && let Some(last) = bytes.last_mut()
        {
            *last = self.byte();
        }
        bytes
    }

    /// Some text, something that edits it, and perhaps an end of line.
    fn edited_line(&mut self) -> Vec<u8> {
        let len = self.rng.usize(..16);
        let mut bytes = self.text(End::Master, len);
        let editing = [cc::VERASE, cc::VERASE, cc::VWERASE, cc::VKILL, cc::VREPRINT, cc::VLNEXT];
        for _ in 0..self.rng.usize(1..4) {
            let which = self.pick(&editing, cc::VERASE);
            bytes.extend(self.follow.slave.cc.get(which));
            if self.one_in(3) {
                let byte = self.byte();
                bytes.push(byte);
            }
        }
        let ends = [
            b'\n',
            b'\n',
            b'\r',
            self.follow.slave.cc[cc::VEOF],
            self.follow.slave.cc[cc::VEOL],
            b'x',
        ];
        bytes.push(self.pick(&ends, b'\n'));
        bytes
    }

    fn text(&mut self, to: End, len: usize) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(len);
        while bytes.len() < len {
            match self.rng.u8(..32) {
                0..14 => bytes.push(self.rng.u8(b'a'..=b'z')),
                14..16 => bytes.push(self.rng.u8(b'A'..=b'Z')),
                16 => bytes.extend_from_slice(self.pick(&UTF8, "e").as_bytes()),
                17..21 if to == End::Slave => bytes.push(self.pick(b"\n\r\t\x08 ", b'\n')),
                _ => bytes.push(self.byte()),
            }
        }
        bytes.truncate(len);
        bytes
    }

    /// A byte that probably means something.
    fn byte(&mut self) -> u8 {
        match self.rng.u8(..16) {
            0..7 => {
                let chars = self.follow.slave.cc;
                let which = self.pick(&CONTROLS, cc::VEOF);
                chars.get(which).copied().unwrap_or_default()
            }
            7..12 => self.pick(b"\n\n\n\r\r\t\t\x08 \x00\xff\x7f_", b'\n'),
            12 => self.rng.u8(b'A'..=b'Z'),
            13 => self.rng.u8(0x80..),
            14 => self.rng.u8(..0x20),
            _ => self.rng.u8(..),
        }
    }

    fn read(&mut self, end: End) {
        let n = match self.rng.u8(..8) {
            0 => self.pick(&SIZES, 64),
            1 => self.pick(&READS, BUF),
            2..4 => self.rng.usize(1..16),
            4 => 64,
            _ => BUF,
        };
        let wait = self.one_in(24);
        self.push(Op::Read { end, n, wait });
    }

    /// As much as fits, or nearly, or a little more; often the same bytes all over.
    fn fill(&mut self) {
        let end = self.end();
        if self.rng.bool() {
            // Up to the edge of the read buffer.
            let total = BUF - 4 + self.rng.usize(..8);
            for size in [1000, total - 1000 - CHUNK, CHUNK] {
                self.send_lines(end, size);
            }
            return;
        }
        let size = self.pick(&[64, 255, 256, 512, 1024, 1792, 2048], 2048);
        for _ in 0..self.rng.usize(2..14) {
            self.send_lines(end, size);
        }
    }

    /// `size` bytes: of one line, or of many.
    fn send_lines(&mut self, end: End, size: usize) {
        let mut bytes = vec![b'x'; size.min(CHUNK)];
        let every = self.pick(&[0, 0, 64, 100, 2048], 0);
        for at in
            bytes.iter_mut().skip(1).step_by(every.max(1)).take(if every == 0 { 0 } else { CHUNK })
        {
            *at = b'\n';
        }
        self.push(Op::Write { end, bytes });
    }

    fn rare(&mut self) {
        match self.rng.u8(..6) {
            0..3 => {
                let end = End::Slave;
                let open = self.follow.is_open(end);
                self.push(if open { Op::Close { end } } else { Op::Open { end } });
            }
            3 => {
                let end = self.end();
                let other = self.pick(&[N_NULL, N_NULL, N_NULL, N_TTY, 30, 31, 255], N_NULL);
                self.push(Op::Setd { end, ldisc: other });
                for _ in 0..self.rng.usize(..3) {
                    self.step();
                }
                self.push(Op::Setd { end, ldisc: N_TTY });
            }
            4 if self.one_in(4) => {
                self.push(Op::Close { end: End::Master });
                // What is left of a slave that was hung up.
                for _ in 0..self.rng.usize(..6) {
                    self.look();
                    self.step();
                }
            }
            4 if self.one_in(2) => self.hang_up(),
            _ => self.push(Op::Packet { on: true }),
        }
    }

    /// A hangup, and mostly what a getty does next: it opens the slave anew.
    fn hang_up(&mut self) {
        let end = if self.one_in(6) { End::Master } else { End::Slave };
        self.push(Op::Hangup { end });
        for _ in 0..self.rng.usize(..4) {
            self.step();
        }
        if end == End::Slave && self.follow.is_open(end) {
            self.push(Op::Close { end });
        }
        for _ in 0..self.rng.usize(..3) {
            self.step();
        }
        if end == End::Slave && !self.follow.is_open(end) {
            self.push(Op::Open { end });
        }
    }

    /// Reads what is left at both ends.
    fn drain(&mut self) {
        if !self.follow.is_open(End::Slave) {
            self.push(Op::Open { end: End::Slave });
        }
        for end in [End::Slave, End::Master, End::Slave, End::Master] {
            self.push(Op::Read { end, n: BUF, wait: false });
        }
        self.push(Op::Inq { end: End::Slave });
    }
}

const UTF8: [&str; 3] = ["\u{e9}", "\u{20ac}", "\u{1f600}"];

/// The control characters of `c_cc`.
const CONTROLS: [usize; 15] = [
    cc::VINTR,
    cc::VQUIT,
    cc::VERASE,
    cc::VERASE,
    cc::VKILL,
    cc::VEOF,
    cc::VSTART,
    cc::VSTOP,
    cc::VSUSP,
    cc::VEOL,
    cc::VREPRINT,
    cc::VDISCARD,
    cc::VWERASE,
    cc::VLNEXT,
    cc::VEOL2,
];

const fn combo(combo: Combo, on: bool) -> Setting {
    Setting::Combo { combo, on }
}

/// Whether `byte`, when it is received under `t`, drops what is on its way in both directions.
#[must_use]
pub fn flushes(t: &Termios, byte: u8) -> bool {
    let byte = if t.i(crate::termios::iflag::ISTRIP) { byte & 0x7f } else { byte };
    let signals = [cc::VINTR, cc::VQUIT, cc::VSUSP].map(|i| t.cc[i]);
    t.l(lflag::ISIG) && !t.l(lflag::NOFLSH) && byte != DISABLED_CHAR && signals.contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::script::{Context, parse};

    #[test]
    fn a_dialogue_reads_back_and_is_no_longer_than_asked() {
        let mut rng = Rng::with_seed(11);
        for ops in (1..60).chain([40; 500]) {
            let made = dialogue(&mut rng, ops);
            assert!((1..=ops).contains(&made.items.len()) && !made.has_threads());
            assert_eq!(parse(&made.to_string(), &Context::file("made")), Ok(made));
        }
    }

    #[test]
    fn nothing_that_races_is_drawn() {
        let mut rng = Rng::with_seed(12);
        for _ in 0..500 {
            let mut follow = Follow::default();
            for line in dialogue(&mut rng, 40).lines() {
                if let Op::Write { end, bytes } = &line.op {
                    let races = bytes.iter().skip(1).any(|b| flushes(&follow.slave, *b));
                    assert!(bytes.len() <= CHUNK && (*end == End::Slave || !races));
                }
                follow.after(&line.op);
            }
        }
    }
}
