// SPDX-License-Identifier: GPL-2.0-only
//! Situations that single operations hardly ever make: a few operations that belong together.
//!
//! Each stands for rules of the line discipline that show only there: where exactly a line and a
//! read end, what the echo knows of columns, what waits behind a full buffer, what a master in
//! packet mode is told. No locks.

use super::{BUF, CHUNK, CONTROLS, Maker, SIZES, combo};
use crate::ldisc_ref::{N_NULL, N_TTY};
use crate::script::ast::{End, FlowAction, Op, Queue, When};
use crate::script::settings::words::{Char, Combo, Flag};
use crate::script::settings::{Setting, TermiosChange};
use crate::termios::{DISABLED_CHAR, cc, iflag, lflag};

/// One of them.
pub(super) fn any(maker: &mut Maker<'_>) {
    match maker.rng.u8(..64) {
        0..5 => exact_line(maker),
        5..12 => behind_a_prompt(maker),
        12..19 => erased_text(maker),
        19..22 => full_input(maker),
        22..25 => overlong_line(maker),
        25..28 => packets(maker),
        28..33 => pushed(maker),
        33..35 => minimum(maker),
        35..38 => timed_read(maker),
        38..42 => stopped_output(maker),
        42..46 => columns(maker),
        46..50 => marked(maker),
        50..54 => one_for_two(maker),
        54..58 => much_echo(maker),
        58..60 => another_discipline(maker),
        _ => external(maker),
    }
}

fn flag(name: &str, on: bool) -> Option<Setting> {
    Flag::from_name(name).map(|flag| Setting::Flag { flag, on })
}

fn character(which: &str, value: u8) -> Option<Setting> {
    Char::from_name(which).map(|which| Setting::Char { which, value })
}

impl Maker<'_> {
    /// The slave's input goes, in one of the ways there are.
    fn drop_input(&mut self) {
        if self.rng.bool() {
            self.push(Op::Flush { end: End::Slave, queue: Queue::In });
            return;
        }
        let change = flag("hupcl", true).into_iter().collect();
        let (end, when) = (End::Slave, When::Flush);
        self.push(Op::Termios { end, change: TermiosChange(change), when });
    }

    fn set(&mut self, settings: impl IntoIterator<Item = Option<Setting>>) {
        let settings: Vec<Setting> = settings.into_iter().flatten().collect();
        self.termios(End::Slave, settings);
    }

    /// Some of the flags called `names`, on or off.
    fn some_of(&mut self, names: &[&str]) -> Vec<Option<Setting>> {
        let mut some = Vec::new();
        for name in names {
            if self.rng.bool() {
                let negatable = Flag::from_name(name).is_some_and(|f| f.def().negatable);
                some.push(flag(name, !negatable || !self.one_in(3)));
            }
        }
        some
    }

    /// A control character in force, or something dull.
    fn control(&self, which: usize) -> u8 {
        self.follow.slave.cc.get(which).copied().filter(|c| *c != DISABLED_CHAR).unwrap_or(b'z')
    }
}

/// A line that ends where a read's chunk, or the read itself, does.
fn exact_line(maker: &mut Maker<'_>) {
    if maker.one_in(3) {
        let end = maker.pick(b";;\xff\x01", b';');
        let which = maker.pick(&["eol", "eol2", "eof"], "eol");
        let parmrk = maker.one_in(2).then(|| flag("parmrk", true)).flatten();
        let iexten = maker.one_in(3).then(|| flag("iexten", false)).flatten();
        maker.set([flag("icanon", true), character(which, end), parmrk, iexten]);
    }
    let len = maker.pick(&[1, 2, 63, 64, 65, 127, 128, 129, 192, 255, 256, 257], 64);
    let mut bytes = vec![b'l'; len];
    let ends = [cc::VEOF, cc::VEOF, cc::VEOL, cc::VEOL2].map(|which| maker.control(which));
    let end = maker.pick(&[ends[0], ends[1], ends[2], ends[3], b'\n'], b'\n');
    bytes.push(end);
    for _ in 0..maker.rng.usize(..3) {
        let more = maker.pick(&[ends[0], ends[0], b'\n', b'm'], b'\n');
        bytes.push(more);
    }
    maker.send(End::Master, &bytes);
    for _ in 0..maker.rng.usize(1..4) {
        let n = maker.pick(&[len, len, len + 1, len.saturating_sub(1), 64, 1], len);
        maker.push(Op::Read { end: End::Slave, n, wait: false });
    }
}

/// Input behind output that does not begin in column 0, with tabs, and erased again.
fn behind_a_prompt(maker: &mut Maker<'_>) {
    if maker.one_in(3) {
        let some =
            maker.some_of(&["echoprt", "iutf8", "echoctl", "onlcr", "tab3", "opost", "onlret"]);
        maker.set(some);
    }
    let len = maker.rng.usize(..12);
    let mut prompt = maker.text(End::Slave, len);
    prompt.extend(maker.pick(&["", "\t", "\r", "\n", "\x08", "\x07x", "\u{e9}"], "").bytes());
    maker.push(Op::Write { end: End::Slave, bytes: prompt });
    let mut bytes = Vec::new();
    for _ in 0..maker.rng.usize(1..6) {
        let piece = maker.pick(&["a", "bc", "\t", "\t\t", "\x01", "\u{20ac}", "_ ", "\x7f "], "a");
        bytes.extend(piece.bytes());
    }
    let erase = maker.pick(&[cc::VERASE, cc::VERASE, cc::VWERASE, cc::VKILL], cc::VERASE);
    let times = maker.rng.usize(1..6);
    bytes.extend(std::iter::repeat_n(maker.control(erase), times));
    bytes.extend(maker.pick(&["x", "\n", "\tx", ""], "").bytes());
    maker.send(End::Master, &bytes);
    let more = maker.pick(&["\tx", "y\r\tz", "w", "\x08\x08\t", "\n"], "\tx");
    maker.push(Op::Write { end: End::Slave, bytes: more.as_bytes().to_vec() });
}

/// Text of all kinds, erased by everything that erases, with the settings that show how.
fn erased_text(maker: &mut Maker<'_>) {
    if maker.rng.bool() {
        let names = [
            "echoe", "echok", "echoke", "echoprt", "echoctl", "iutf8", "echonl", "inlcr", "iexten",
            "tab3",
        ];
        let some = maker.some_of(&names);
        maker.set([flag("icanon", true), flag("echo", true)].into_iter().chain(some));
    }
    let erasers = [cc::VERASE, cc::VERASE, cc::VERASE, cc::VWERASE, cc::VKILL, cc::VREPRINT];
    let mut bytes = Vec::new();
    for _ in 0..maker.rng.usize(2..8) {
        let len = maker.rng.usize(1..6);
        bytes.extend(maker.text(End::Master, len));
        if maker.one_in(4) {
            let pieces: [&[u8]; 5] = [b"\xc3\xa9", b"\xe2\x82\xac", b"\t", b"\x01", b"\x8f\x8f"];
            bytes.extend(maker.pick(&pieces, b"\t"));
        }
        for _ in 0..maker.rng.usize(..4) {
            let which = maker.pick(&erasers, cc::VERASE);
            bytes.push(maker.control(which));
        }
    }
    bytes.extend(maker.pick(&["\n", "x", "\tx", "\t\x7fx"], "\n").bytes());
    maker.send(End::Master, &bytes);
    if maker.rng.bool() {
        maker.push(Op::Write { end: End::Slave, bytes: b"\t|".to_vec() });
    }
}

/// What output processing makes of all that moves the cursor, seen by where tabs lead.
fn columns(maker: &mut Maker<'_>) {
    let names = ["onlcr", "ocrnl", "onlret", "onocr", "olcuc", "echoctl", "iutf8"];
    let tabs = maker.pick(&["tab3", "tab3", "tab0", "tab1"], "tab3");
    let some = maker.some_of(&names);
    maker.set([flag("opost", true), flag(tabs, true)].into_iter().chain(some));
    for _ in 0..maker.rng.usize(1..5) {
        let mut bytes = Vec::new();
        for _ in 0..maker.rng.usize(1..8) {
            let pieces = ["\n", "\r", "\t", "\x08", "ab", "C", "\x01", "\u{e9}", "\x7f", "\t\t"];
            bytes.extend(maker.pick(&pieces, "ab").bytes());
            if maker.one_in(8) {
                bytes.extend([b'\t', maker.control(cc::VERASE)]);
            }
        }
        if maker.rng.bool() {
            maker.push(Op::Write { end: End::Slave, bytes });
        } else {
            let erase = maker.control(cc::VERASE);
            bytes.extend(std::iter::repeat_n(erase, maker.rng.usize(..4)));
            maker.send(End::Master, &bytes);
        }
    }
}

/// `EXTPROC`, where an end of file is one only if it is alone.
fn external(maker: &mut Maker<'_>) {
    let icanon = maker.one_in(4);
    let istrip = maker.one_in(4).then(|| flag("istrip", true)).flatten();
    maker.set([flag("extproc", true), flag("icanon", !icanon), istrip]);
    let eof = maker.control(cc::VEOF);
    for _ in 0..maker.rng.usize(1..5) {
        match maker.rng.u8(..5) {
            0 | 1 => maker.send(End::Master, &[eof]),
            2 => maker.send(End::Master, &[b'e', eof]),
            3 => maker.send(End::Master, &[eof, eof, b'\n', 0xff]),
            _ => maker.push(Op::Inq { end: End::Slave }),
        }
        let n = maker.pick(&[1, 2, 64, 64], 64);
        maker.push(Op::Read { end: End::Slave, n, wait: false });
    }
    if maker.rng.bool() {
        maker.set([flag("extproc", false)]);
    }
}

/// More than the read buffer takes, and what comes behind it: flow control is looked for there.
fn full_input(maker: &mut Maker<'_>) {
    if maker.rng.bool() {
        maker.set([Some(combo(Combo::Cbreak, true)), flag("ixon", true)]);
    }
    let line = maker.pick(&[1, 64, 100, 2047], 64);
    for _ in 0..3 {
        let mut bytes = vec![b'f'; CHUNK - maker.rng.usize(..3)];
        bytes.iter_mut().step_by(line).for_each(|b| *b = b'\n');
        maker.push(Op::Write { end: End::Master, bytes });
    }
    for _ in 0..maker.rng.usize(1..5) {
        let which =
            maker.pick(&[cc::VSTOP, cc::VSTOP, cc::VSTART, cc::VERASE, cc::VLNEXT], cc::VSTOP);
        let bytes = [b'q', maker.control(which), b'r'];
        let from = maker.rng.usize(..3);
        maker.send(End::Master, bytes.get(from..).unwrap_or_default());
        match maker.rng.u8(..4) {
            0 => maker.push(Op::Write { end: End::Slave, bytes: b"out\n".to_vec() }),
            1 => maker.read(End::Slave),
            2 => maker.look(),
            _ => {}
        }
    }
    if maker.one_in(3) {
        maker.drop_input();
        let stop = maker.control(cc::VSTOP);
        maker.send(End::Master, &[stop]);
        maker.push(Op::Write { end: End::Slave, bytes: b"out\n".to_vec() });
        maker.read(End::Slave);
    }
}

/// A line that is longer than the read buffer, around the last places of it.
fn overlong_line(maker: &mut Maker<'_>) {
    if maker.one_in(3) {
        let extproc = maker.one_in(3);
        maker.set([flag("icanon", true), flag("extproc", extproc)]);
    }
    let total = BUF - 4 + maker.rng.usize(..8);
    for size in [CHUNK - 7, total - (CHUNK - 7)] {
        let fill = maker.pick(b"ooo\tO", b'o');
        maker.push(Op::Write { end: End::Master, bytes: vec![fill; size.min(CHUNK)] });
        if maker.one_in(4) {
            maker.read(End::Master);
        }
    }
    for _ in 0..maker.rng.usize(1..4) {
        let len = maker.rng.usize(1..6);
        let bytes = maker.text(End::Master, len);
        maker.send(End::Master, &bytes);
        if maker.one_in(4) {
            maker.push(Op::Inq { end: End::Slave });
        }
    }
    let end = maker.pick(&[cc::VEOF, cc::VEOL, cc::VERASE, cc::VKILL, cc::VWERASE], cc::VEOF);
    let end = [b'\n', maker.control(end)];
    let from = maker.rng.usize(..2);
    maker.send(End::Master, end.get(from..).unwrap_or_default());
}

/// What a master in packet mode is told.
fn packets(maker: &mut Maker<'_>) {
    maker.push(Op::Packet { on: true });
    for _ in 0..maker.rng.usize(1..4) {
        match maker.rng.u8(..8) {
            0 => maker.flush(),
            1 => {
                let action = maker.pick(&[FlowAction::Ooff, FlowAction::Oon], FlowAction::Oon);
                maker.push(Op::Flow { end: End::Slave, action });
            }
            2 => {
                let on = !maker.follow.slave.i(iflag::IXON);
                maker.set([flag("ixon", on)]);
            }
            3 => {
                let on = !maker.follow.slave.l(lflag::EXTPROC);
                maker.set([flag("extproc", on)]);
            }
            4 => {
                let which = maker.pick(&[cc::VSTOP, cc::VSTART, cc::VINTR], cc::VSTOP);
                let byte = maker.control(which);
                maker.send(End::Master, &[byte]);
            }
            5 => maker.set([character("stop", b'!')]),
            6 => maker.push(Op::Write { end: End::Slave, bytes: b"told\n".to_vec() }),
            _ => {
                let queue = maker.pick(&Queue::ALL, Queue::Both);
                maker.push(Op::Flush { end: End::Slave, queue });
            }
        }
    }
    if maker.one_in(3) {
        maker.push(Op::Poll { end: End::Master });
    }
    for _ in 0..maker.rng.usize(1..3) {
        maker.read(End::Master);
    }
}

/// A change of mode, or a flush, with half a line read or unread.
fn pushed(maker: &mut Maker<'_>) {
    let len = maker.pick(&SIZES, 8).min(200);
    let mut half = vec![b'p'; len];
    // What the characters before the change ask of the one behind it.
    if maker.rng.bool() {
        let which = maker.pick(&[cc::VLNEXT, cc::VLNEXT, cc::VERASE], cc::VLNEXT);
        if which == cc::VERASE {
            maker.set([flag("echo", true), flag("echoprt", true)]);
        }
        half.push(maker.control(which));
    }
    maker.send(End::Master, &half);
    for _ in 0..maker.rng.usize(1..4) {
        match maker.rng.u8(..4) {
            0 => maker.drop_input(),
            n => maker.set([flag("icanon", n == 1)]),
        }
        match maker.rng.u8(..6) {
            0 => maker.push(Op::Read { end: End::Slave, n: len / 2, wait: false }),
            1..4 => {
                let byte = maker.byte();
                maker.send(End::Master, &[byte]);
            }
            4 => maker.push(Op::Inq { end: End::Slave }),
            _ => maker.push(Op::Read { end: End::Slave, n: 64, wait: false }),
        }
    }
}

/// `VMIN` without `VTIME`, just met and not met.
fn minimum(maker: &mut Maker<'_>) {
    let min = maker.pick(&[0, 0, 1, 2, 5, 64, 65, 255], 2);
    let settings = [flag("icanon", false), character("min", min), character("time", 0)];
    maker.set(settings);
    for _ in 0..maker.rng.usize(1..4) {
        let len = usize::from(min) + maker.rng.usize(..3);
        let bytes = vec![b'v'; len.saturating_sub(1)];
        maker.push(Op::Write { end: End::Master, bytes });
        maker.push(Op::Poll { end: End::Slave });
        let wait = maker.rng.bool();
        let n = maker.pick(&[1, 2, 5, 63, 64, 65, 256], 64);
        maker.push(Op::Read { end: End::Slave, n, wait });
    }
}

/// `VTIME`, with and without `VMIN`: a tenth of a second is time enough.
fn timed_read(maker: &mut Maker<'_>) {
    let min = maker.pick(&[0, 1, 3, 3, 65], 0);
    let change = [flag("icanon", false), character("min", min), character("time", 1)];
    maker.set(change);
    let len = maker.pick(&[0, 1, 2, 3, 64], 1);
    maker.push(Op::Write { end: End::Master, bytes: vec![b't'; len] });
    if maker.rng.bool() {
        maker.push(Op::Poll { end: End::Slave });
    }
    let n = maker.pick(&[1, 2, 4, 64, 256], 64);
    maker.push(Op::Read { end: End::Slave, n, wait: true });
    // The reads to come shall not all take that long.
    if !maker.one_in(4) {
        maker.set([character("time", 0)]);
    }
}

/// 0xff where it means something, and where it is marked.
fn marked(maker: &mut Maker<'_>) {
    let some = maker.some_of(&["icanon", "echo", "istrip", "isig", "iexten", "inlcr", "igncr"]);
    let which = maker.pick(&["eol", "eol2", "eof", "erase", "lnext", "stop"], "eol");
    let end = maker.one_in(2).then(|| character(which, 0xff)).flatten();
    maker.set([flag("parmrk", true), end].into_iter().chain(some));
    for _ in 0..maker.rng.usize(1..4) {
        let mut bytes = Vec::new();
        for _ in 0..maker.rng.usize(1..8) {
            let literal = maker.control(cc::VLNEXT);
            bytes.push(maker.pick(&[0xff, 0xff, 0x7f, b'm', b'\n', literal, 0xdf], 0xff));
        }
        maker.send(End::Master, &bytes);
        let n = maker.pick(&[1, 2, 64], 64);
        maker.push(Op::Read { end: End::Slave, n, wait: false });
    }
}

/// One character that means two things.
fn one_for_two(maker: &mut Maker<'_>) {
    let often = ["start", "stop", "intr", "erase", "eof", "eol", "kill", "lnext"];
    let names: Vec<Char> = match maker.rng.bool() {
        true => often.into_iter().filter_map(Char::from_name).collect(),
        false => Char::all().filter(|c| !c.is_number()).collect(),
    };
    let other = maker.pick(&CONTROLS, cc::VSTOP);
    let both = maker.control(other);
    let value = maker.pick(&[both, both, both, both, b'\n', b'\r', b'\t', b'\x08'], both);
    let Some(which) = names.get(maker.rng.usize(..names.len())).copied() else { return };
    let some = maker.some_of(&["ixon", "ixany", "isig", "icanon", "iexten", "icrnl", "echo"]);
    maker.set([Some(Setting::Char { which, value })].into_iter().chain(some));
    for _ in 0..maker.rng.usize(1..4) {
        let len = maker.rng.usize(..4);
        let mut bytes = maker.text(End::Master, len);
        bytes.push(value);
        maker.send(End::Master, &bytes);
        if maker.rng.bool() {
            maker.push(Op::Write { end: End::Slave, bytes: b"o\n".to_vec() });
        }
        maker.read(End::Master);
    }
}

/// More echo than its buffer holds, of characters and of operations, while it can go out or not.
fn much_echo(maker: &mut Maker<'_>) {
    let some = maker.some_of(&["echoctl", "echoe", "echoprt", "iexten", "opost", "echoke"]);
    maker.set([flag("icanon", true), flag("echo", true)].into_iter().chain(some));
    let stopped = maker.rng.bool();
    if stopped {
        maker.push(Op::Flow { end: End::Slave, action: FlowAction::Ooff });
    }
    for _ in 0..maker.rng.usize(1..4) {
        let len = maker.pick(&[84, 85, 86, 127, 128, 256, 1023, 1365, 1366, 1376, 2040], 256);
        let fill = maker.pick(b"aaa\x01\x01\t\xff\n", b'a');
        let mut bytes = vec![fill; len];
        let eraser = maker.pick(&[cc::VWERASE, cc::VKILL, cc::VERASE, cc::VREPRINT], cc::VWERASE);
        bytes.push(maker.control(eraser));
        maker.send(End::Master, &bytes);
        match maker.rng.u8(..4) {
            0 => maker.push(Op::Write { end: End::Slave, bytes: b"w\n".to_vec() }),
            1 => maker.read(End::Master),
            _ => {}
        }
    }
    if stopped {
        match maker.rng.u8(..4) {
            0 => maker.set([flag("opost", false)]),
            1 => maker.push(Op::Write { end: End::Slave, bytes: b"w\n".to_vec() }),
            _ => {}
        }
        maker.push(Op::Flow { end: End::Slave, action: FlowAction::Oon });
    }
    maker.read(End::Master);
    maker.read(End::Master);
}

/// What changes while the slave has a discipline that does not look.
fn another_discipline(maker: &mut Maker<'_>) {
    if maker.rng.bool() {
        let stop = maker.control(cc::VSTOP);
        maker.send(End::Master, &[stop]);
    }
    maker.push(Op::Setd { end: End::Slave, ldisc: N_NULL });
    let some = maker.some_of(&["ixon", "ixany", "isig", "echo", "icanon", "onlcr"]);
    let settings: Vec<Setting> = some.into_iter().flatten().collect();
    // On the slave it would be refused.
    maker.termios(End::Master, settings);
    for _ in 0..maker.rng.usize(..4) {
        match maker.rng.u8(..4) {
            0 => maker.push(Op::Write { end: End::Master, bytes: b"into\n".to_vec() }),
            1 => maker.push(Op::Write { end: End::Slave, bytes: b"out\n".to_vec() }),
            2 => maker.look(),
            _ => maker.read(End::Slave),
        }
    }
    maker.push(Op::Setd { end: End::Slave, ldisc: N_TTY });
    let byte = maker.byte();
    maker.send(End::Master, &[byte, b'n']);
    maker.push(Op::Write { end: End::Slave, bytes: b"after\n".to_vec() });
    maker.read(End::Master);
}

/// Output that is stopped, the ways to start it, and what is echoed meanwhile.
fn stopped_output(maker: &mut Maker<'_>) {
    let stop = maker.control(cc::VSTOP);
    match maker.rng.u8(..3) {
        0 => maker.push(Op::Flow { end: End::Slave, action: FlowAction::Ooff }),
        1 => maker.push(Op::Sti { end: End::Slave, byte: stop }),
        _ => maker.send(End::Master, &[b's', stop, b's']),
    }
    for _ in 0..maker.rng.usize(1..4) {
        match maker.rng.u8(..5) {
            4 => {
                let action = maker.pick(&[FlowAction::Ioff, FlowAction::Ion], FlowAction::Ion);
                maker.push(Op::Flow { end: End::Slave, action });
            }
            0 => maker.push(Op::Write { end: End::Slave, bytes: b"held\n".to_vec() }),
            1 => {
                let len = maker.rng.usize(1..8);
                let bytes = maker.text(End::Master, len);
                maker.send(End::Master, &bytes);
            }
            2 => {
                let ixany = maker.rng.bool();
                maker.set([flag("ixany", ixany)]);
            }
            _ => maker.push(Op::Poll { end: End::Slave }),
        }
        if maker.one_in(3) {
            maker.read(End::Master);
        }
    }
    let start = maker.control(cc::VSTART);
    match maker.rng.u8(..5) {
        0 => maker.push(Op::Flow { end: End::Slave, action: FlowAction::Oon }),
        1 => maker.push(Op::Sti { end: End::Slave, byte: start }),
        2 => maker.send(End::Master, &[start, b'g']),
        3 => maker.send(End::Master, b"g"),
        _ => maker.set([flag("ixon", false)]),
    }
}
