// SPDX-License-Identifier: GPL-2.0-only
//! Scripts for proptest to draw and to shrink: up to 40 operations, fond of boundaries and of
//! characters that mean something.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use ttysim::script::ast::{End, FlowAction, Item, Line, Op, Queue, Script, When};
use ttysim::script::settings::{Char, Flag, Setting, TermiosChange};

/// One write: no more than the kernel moves at a time.
const MOST: usize = 2048;

const TELLING: &[u8] =
    b"\n\r\t\x04\x03\x1c\x7f\x15\x17\x12\x16\x11\x13\x1a\x08\x00\xff\xc3\xa9\x80\x85;_ A";

const SIZES: &[usize] =
    &[0, 1, 2, 63, 64, 65, 128, 255, 256, 257, 1792, 2047, 2048, 4095, 4096, 8192];

/// Words that change what the discipline does, all of them in both states.
const WORDS: &[&str] = &[
    "raw", "cooked", "sane", "cbreak", "echo", "echoe", "echok", "echoke", "echonl", "echoctl",
    "echoprt", "icanon", "isig", "iexten", "noflsh", "opost", "onlcr", "ocrnl", "onocr", "onlret",
    "olcuc", "tab0", "tab3", "ixon", "ixany", "ixoff", "istrip", "iuclc", "inlcr", "icrnl",
    "igncr", "parmrk", "iutf8", "extproc", "lcase", "crt",
];

fn byte() -> impl Strategy<Value = u8> {
    prop_oneof![4 => b'a'..=b'f', 5 => select(TELLING), 1 => any::<u8>()]
}

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let size = select(SIZES).prop_map(|n| n.min(MOST));
    prop_oneof![
        20 => vec(byte(), 0..12),
        1 => vec(byte(), 0..=MOST),
        2 => (byte(), size.clone(), byte()).prop_map(|(c, n, last)| {
            let mut run = vec![c; n];
            if let Some(end) = run.last_mut() {
                *end = last;
            }
            run
        }),
        1 => size.prop_flat_map(|n| vec(byte(), n)),
    ]
}

fn setting() -> impl Strategy<Value = Setting> {
    let word = (select(WORDS), any::<bool>())
        .prop_filter_map("no such word", |(word, on)| Setting::from_word(word, on));
    let chars: Vec<Char> = Char::all().collect();
    let number = select(&[0_u8, 0, 1, 1, 2, 5, 64, 65, 255][..]);
    let character = (select(chars), byte(), number).prop_map(|(which, character, number)| {
        let value = if which.is_number() { number } else { character };
        Setting::Char { which, value }
    });
    let flags: Vec<Flag> = Flag::all().collect();
    let flag = (select(flags), any::<bool>())
        .prop_map(|(flag, on)| Setting::Flag { flag, on: on || !flag.def().negatable });
    prop_oneof![6 => word, 1 => character, 1 => flag]
}

fn end() -> impl Strategy<Value = End> {
    prop_oneof![2 => Just(End::Slave), 1 => Just(End::Master)]
}

fn when() -> impl Strategy<Value = When> {
    prop_oneof![6 => Just(When::Now), 1 => Just(When::Drain), 2 => Just(When::Flush)]
}

fn length() -> impl Strategy<Value = usize> {
    prop_oneof![2 => 0..12_usize, 1 => 0..200_usize, 2 => select(SIZES)]
}

fn op() -> impl Strategy<Value = Op> {
    let change = vec(setting(), 1..5).prop_map(TermiosChange);
    prop_oneof![
        20 => bytes().prop_map(|bytes| Op::Write { end: End::Master, bytes }),
        8 => bytes().prop_map(|bytes| Op::Write { end: End::Slave, bytes }),
        20 => (end(), length()).prop_map(|(end, n)| Op::Read { end, n, wait: false }),
        14 => (end(), change, when())
            .prop_map(|(end, change, when)| Op::Termios { end, change, when }),
        3 => end().prop_map(|end| Op::Inq { end }),
        1 => end().prop_map(|end| Op::Outq { end }),
        3 => end().prop_map(|end| Op::Poll { end }),
        2 => (end(), select(&Queue::ALL[..])).prop_map(|(end, queue)| Op::Flush { end, queue }),
        3 => (end(), select(&FlowAction::ALL[..]))
            .prop_map(|(end, action)| Op::Flow { end, action }),
        3 => prop::bool::weighted(0.8).prop_map(|on| Op::Packet { on }),
        3 => (end(), byte()).prop_map(|(end, byte)| Op::Sti { end, byte }),
        1 => end().prop_map(|end| Op::Setd { end, ldisc: 0 }),
        1 => Just(Op::Close { end: End::Slave }),
        1 => Just(Op::Open { end: End::Slave }),
        1 => prop::bool::weighted(0.1).prop_map(|master| match master {
            true => Op::Close { end: End::Master },
            false => Op::Settle,
        }),
    ]
}

/// Writes that fill a direction, lines or not, sometimes with a character that means something
/// in them.
fn fill() -> impl Strategy<Value = Vec<Op>> {
    let end = prop_oneof![3 => Just(End::Master), 1 => Just(End::Slave)];
    let size = select(&[1000_usize, 1792, 2047, 2048, 2048][..]);
    let one = (size, any::<bool>(), any::<usize>(), prop::option::weighted(0.3, byte()));
    let writes = vec(one, 1..9).prop_map(|ones| -> Vec<Vec<u8>> {
        let text = |(size, lines, at, odd): (usize, bool, usize, Option<u8>)| {
            let mut text = vec![b'a'; size];
            if lines {
                text.iter_mut().skip(63).step_by(64).for_each(|c| *c = b'\n');
            }
            if let (Some(odd), Some(place)) = (odd, text.get_mut(at % size)) {
                *place = odd;
            }
            text
        };
        ones.into_iter().map(text).collect()
    });
    let settings = vec(setting(), 1..6).prop_map(TermiosChange);
    (settings, end, writes).prop_map(|(change, end, writes)| {
        let termios = Op::Termios { end: End::Slave, change, when: When::Now };
        let writes = writes.into_iter().map(|bytes| Op::Write { end, bytes });
        std::iter::once(termios).chain(writes).collect()
    })
}

/// A script with one right answer.
pub(crate) fn any_script() -> impl Strategy<Value = Script> {
    let start = prop_oneof![2 => Just(Vec::new()), 1 => fill()];
    (start, vec(op(), 1..=30)).prop_map(|(start, ops)| Script {
        items: start.into_iter().chain(ops).map(|op| Item::Op(Line::new(op))).collect(),
        ..Script::default()
    })
}
