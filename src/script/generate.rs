// SPDX-License-Identifier: GPL-2.0-only
//! Scripts made up from a seed.
//!
//! Data flow: a [`Profile`] and a seeded generator in, a [`Script`] out, always one that
//! `parse(print(x))` gives back. The same seed gives the same script.
//!
//! [`Profile::ANYTHING`] draws from the whole language and is for testing the language;
//! [`Profile::CONVERSATION`] keeps to what runs on a real pair and has one right answer (no
//! threads, no checkpoints, both ends mostly open), and is for comparing model and kernel.
//! [`dialogue()`] follows the settings along and looks for trouble; [`comparison`] is what `ttysim
//! compare` draws, with some rare trouble added.
//! Bytes are drawn towards what line disciplines act on: control characters, newlines, tabs, the
//! halves of UTF-8 characters. No locks.

pub mod dialogue;
mod rare;

pub use dialogue::dialogue;

use super::ast::{
    CharFlag, DesignRef, End, Events, Expect, FlowAction, Item, Line, LineNo, MAX_THREADS,
    MAX_WORKER_RUNS, Op, Queue, Script, ThreadBlock, WORKER_RUNS, When,
};
use super::settings::words::{Char, Combo, Flag};
use super::settings::{Setting, TermiosChange};
use crate::errno::Errno;
use crate::geometry::Geometry;
use fastrand::Rng;

/// What to draw from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Profile {
    /// The most items of a script.
    pub items: usize,
    /// The most bytes of a short string; one in sixteen is up to 64 times as long.
    pub bytes: usize,
    /// Thread blocks, checkpoints, blocking reads, expectations and directives too.
    pub whole_language: bool,
}

impl Profile {
    /// Everything the language can say.
    pub const ANYTHING: Self = Self { items: 12, bytes: 24, whole_language: true };
    /// What a real pair can do too, with one right answer.
    pub const CONVERSATION: Self = Self { items: 24, bytes: 32, whole_language: false };
}

/// A script.
#[must_use]
pub fn script(rng: &mut Rng, profile: &Profile) -> Script {
    let mut maker = Maker { rng, profile, labels: 0 };
    let mut script = Script::default();
    if profile.whole_language {
        maker.directives(&mut script);
    }
    for _ in 0..maker.rng.usize(..=profile.items) {
        let after_threads = matches!(script.items.last(), Some(Item::Threads(_)));
        let item = if profile.whole_language && !after_threads && maker.one_in(6) {
            Item::Threads(maker.threads())
        } else {
            Item::Op(maker.line(false))
        };
        script.items.push(item);
    }
    script
}

/// A [`dialogue()`], one in sixteen begun by a conversation that hardly ever comes about by chance.
#[must_use]
pub fn comparison(rng: &mut Rng, ops: usize) -> Script {
    if rng.u8(..16) == 0 {
        let rare = rare::any(rng);
        return dialogue::begun(rng, ops, rare);
    }
    dialogue(rng, ops)
}

/// Bytes for one write, `most` at most, drawn towards those that mean something.
#[must_use]
pub fn bytes(rng: &mut Rng, most: usize) -> Vec<u8> {
    let len = rng.usize(..=most);
    let mut bytes: Vec<u8> = (0..len).map(|_| byte(rng)).collect();
    if len > 0 && rng.u8(..4) == 0 {
        // A run, which the printer abbreviates and the tty does not.
        bytes.fill(byte(rng));
    }
    bytes
}

fn byte(rng: &mut Rng) -> u8 {
    const TELLING: &[u8] = b"\n\r\t\x04\x03\x1c\x7f\x15\x17\x12\x16\x11\x13\x1a\x0f\x08\x00\xff;";
    const UTF8: &[u8] = b"\xc3\xa9\xe2\x82\xac\xf0\x9f";
    let pick = |rng: &mut Rng, from: &[u8]| {
        let i = rng.usize(..from.len());
        from.get(i).copied().unwrap_or_default()
    };
    match rng.u8(..16) {
        0..8 => rng.u8(b'a'..=b'z'),
        8..13 => pick(rng, TELLING),
        13 => pick(rng, UTF8),
        14 => rng.u8(b' '..=b'~'),
        _ => rng.u8(..),
    }
}

struct Maker<'a> {
    rng: &'a mut Rng,
    profile: &'a Profile,
    /// How many checkpoints were taken: they are called `C0`, `C1`, ...
    labels: usize,
}

impl Maker<'_> {
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

    fn directives(&mut self, script: &mut Script) {
        if self.one_in(3) {
            let tiny = Geometry::tiny(1 << self.rng.u32(1..8), 1 << self.rng.u32(..6));
            script.geometry = tiny;
        }
        if self.one_in(4) {
            script.geometry.read_chunk = self.rng.usize(1..200);
        }
        if self.one_in(4) {
            script.auto_settle = Some(self.rng.bool());
        }
        script.worker_runs =
            if self.one_in(4) { self.rng.usize(1..=MAX_WORKER_RUNS) } else { WORKER_RUNS };
    }

    fn threads(&mut self) -> Vec<ThreadBlock> {
        (0..self.rng.usize(1..=MAX_THREADS))
            .map(|i| ThreadBlock {
                line_no: LineNo(0),
                name: format!("t{i}"),
                lines: (0..self.rng.usize(..5)).map(|_| self.line(true)).collect(),
            })
            .collect()
    }

    fn line(&mut self, in_thread: bool) -> Line {
        let mut line = Line::new(self.op(in_thread));
        if self.profile.whole_language && line.op.has_result() && self.one_in(4) {
            line.expect = Some(self.expect());
        }
        line
    }

    fn op(&mut self, in_thread: bool) -> Op {
        let end = self.end();
        match self.rng.u8(..32) {
            0..9 => Op::Write { end, bytes: self.bytes() },
            9..17 => Op::Read {
                end,
                n: self.length(),
                wait: self.profile.whole_language && self.one_in(4),
            },
            17..21 => Op::Termios { end, change: self.change(), when: self.when() },
            21 => Op::Inq { end },
            22 => Op::Outq { end },
            23 => Op::Poll { end },
            24 => Op::Flush { end, queue: self.pick(&Queue::ALL, Queue::Both) },
            25 => Op::Flow { end, action: self.pick(&FlowAction::ALL, FlowAction::Oon) },
            26 => Op::Packet { on: self.rng.bool() },
            27 => Op::Sti { end, byte: byte(self.rng) },
            28 => Op::Settle,
            _ if self.profile.whole_language => self.rare(end, in_thread),
            _ => Op::Read { end, n: self.length(), wait: false },
        }
    }

    fn rare(&mut self, end: End, in_thread: bool) -> Op {
        match self.rng.u8(..9) {
            6 => Op::Hangup { end },
            7 => Op::Signals,
            8 => {
                let flag = self.pick(&CharFlag::ALL, CharFlag::Normal);
                Op::Insert { end, bytes: self.bytes(), flag }
            }
            0 => Op::Close { end },
            1 => Op::Open { end },
            2 => Op::Setd { end, ldisc: self.rng.u32(..=255) },
            3 if self.labels > 0 && !in_thread => {
                Op::Restore { label: format!("C{}", self.rng.usize(..self.labels)) }
            }
            _ => {
                let label = format!("C{}", self.labels);
                self.labels += 1;
                Op::Checkpoint { design: self.design(), end, label }
            }
        }
    }

    fn design(&mut self) -> DesignRef {
        match self.rng.u8(..3) {
            0 => DesignRef::Named("exclusive-2016".to_owned()),
            1 => DesignRef::Ioctl(self.rng.u32(..)),
            _ => DesignRef::This,
        }
    }

    fn bytes(&mut self) -> Vec<u8> {
        let most = self.most();
        bytes(self.rng, most)
    }

    fn most(&mut self) -> usize {
        if self.one_in(16) { self.profile.bytes * 64 } else { self.profile.bytes }
    }

    /// How much to read: often nothing special, sometimes a size the kernel's code has.
    fn length(&mut self) -> usize {
        if self.one_in(4) {
            self.pick(&[0, 1, 63, 64, 65, 4095, 4096, 8192], 64)
        } else {
            let most = self.most();
            self.rng.usize(..=most)
        }
    }

    fn change(&mut self) -> TermiosChange {
        TermiosChange((0..self.rng.usize(1..4)).map(|_| self.setting()).collect())
    }

    fn when(&mut self) -> When {
        if self.one_in(4) { self.pick(&When::ALL, When::Now) } else { When::Now }
    }

    fn setting(&mut self) -> Setting {
        match self.rng.u8(..8) {
            0..4 => {
                let flags: Vec<Flag> = Flag::all().collect();
                let flag = flags.get(self.rng.usize(..flags.len())).copied();
                flag.map_or(RAW, |flag| {
                    let on = !flag.def().negatable || self.rng.bool();
                    Setting::Flag { flag, on }
                })
            }
            4 => {
                let chars: Vec<Char> = Char::all().collect();
                let which = chars.get(self.rng.usize(..chars.len())).copied();
                which.map_or(RAW, |which| Setting::Char { which, value: byte(self.rng) })
            }
            5 => {
                let combos: Vec<Combo> = Combo::all().collect();
                let combo = self.pick(&combos, Combo::Raw);
                Setting::Combo { combo, on: !combo.negatable() || self.rng.bool() }
            }
            6 => RAW,
            _ => Setting::Combo { combo: Combo::Sane, on: true },
        }
    }

    fn expect(&mut self) -> Expect {
        match self.rng.u8(..8) {
            0 => Expect::OneOf((0..self.rng.usize(2..4)).map(|_| self.answer()).collect()),
            _ => self.answer(),
        }
    }

    fn answer(&mut self) -> Expect {
        match self.rng.u8(..4) {
            0 => Expect::Bytes(self.bytes()),
            1 => Expect::Errno(self.pick(&[Errno::EAGAIN, Errno::EIO, Errno::EINVAL], Errno::EIO)),
            2 => Expect::Ret(self.rng.u64(..) >> self.rng.u32(..64)),
            _ => Expect::Events(Events(self.rng.u16(1..=0x1f))),
        }
    }
}

const RAW: Setting = Setting::Combo { combo: Combo::Raw, on: true };

#[cfg(test)]
mod tests {
    use super::*;
    use crate::script::{Context, parse};

    #[test]
    fn every_script_reads_back_as_itself() {
        for profile in [Profile::ANYTHING, Profile::CONVERSATION] {
            let mut rng = Rng::with_seed(7);
            for _ in 0..2_000 {
                let made = script(&mut rng, &profile);
                let text = made.to_string();
                let back = parse(&text, &Context::file("made"));
                assert_eq!(back.as_ref(), Ok(&made), "{text}");
                assert_eq!(back.map(|s| s.to_string()), Ok(text));
            }
        }
    }

    #[test]
    fn a_conversation_has_one_right_answer() {
        let mut rng = Rng::with_seed(3);
        for _ in 0..500 {
            let made = script(&mut rng, &Profile::CONVERSATION);
            assert!(!made.has_threads() && made.settles());
            assert!(made.lines().all(|l| !matches!(
                l.op,
                Op::Read { wait: true, .. } | Op::Checkpoint { .. } | Op::Restore { .. }
            )));
        }
    }

    #[test]
    fn the_same_seed_gives_the_same_script() {
        let made = |seed| script(&mut Rng::with_seed(seed), &Profile::ANYTHING);
        assert_eq!(made(5), made(5));
        assert!((0..9).any(|seed| made(seed) != made(5)));
    }
}
