// SPDX-License-Identifier: GPL-2.0-only
//! Random states that exist, at random sizes: what `PairState::validate` accepts, and not more tame
//! than that.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use ttysim::checkpoint::state::{
    EchoState, EndState, FlipBuffer, FlipChain, Layout, NTtyState, PairState,
};
use ttysim::geometry::Geometry;
use ttysim::termios::{Termios, iflag, lflag};

/// A pair. Its slave is closed now and then.
pub(crate) fn pair() -> impl Strategy<Value = PairState> {
    let ends = (end(), end(), any::<bool>(), any::<bool>(), status());
    ends.prop_map(|(mut master, mut slave, closed, packet, pktstatus)| {
        (master.count, slave.count) = (1, if closed { 1 } else { 2 });
        (master.other_closed, slave.io_error) = (closed, closed);
        (master.packet, slave.pktstatus) = (packet, pktstatus);
        // A master sends no signals: nobody can make its settings say so.
        master.termios.lflag &= !lflag::ISIG;
        master.termios.iflag &= !iflag::BRKINT;
        PairState { master, slave }
    })
}

/// An end, without what only one of the two can be.
pub(crate) fn end() -> impl Strategy<Value = EndState> {
    layout().prop_flat_map(|layout| {
        let bools = (any::<bool>(), any::<bool>(), any::<bool>());
        (termios(), bools, flip(layout), n_tty(layout)).prop_map(
            move |(termios, (throttled, stopped, tco), flip, n_tty)| EndState {
                layout,
                termios,
                ldisc: 0,
                count: 1,
                throttled,
                io_error: false,
                other_closed: false,
                stopped: stopped || tco,
                tco_stopped: tco,
                packet: false,
                pktstatus: 0,
                flip,
                n_tty,
            },
        )
    })
}

fn layout() -> impl Strategy<Value = Layout> {
    let tiny = (1u32..8, 0u32..6, 1u32..40, 1u32..400).prop_map(|(n, align, page, mem_limit)| {
        Layout { n_tty_buf: 1 << n, ttyb_align: 1 << align, ttyb_page: page, mem_limit }
    });
    prop_oneof![9 => tiny, 1 => Just(Layout::of(&Geometry::LINUX))]
}

fn termios() -> impl Strategy<Value = Termios> {
    (any::<[u32; 4]>(), any::<[u8; 19]>()).prop_map(|([iflag, oflag, cflag, lflag], cc)| Termios {
        iflag,
        oflag,
        cflag,
        lflag,
        cc,
    })
}

/// Each pair of opposites has one on at most.
fn status() -> impl Strategy<Value = u8> {
    (0u8..128).prop_map(|s| {
        let s = if s & 12 == 12 { s & !4 } else { s };
        if s & 48 == 48 { s & !16 } else { s }
    })
}

/// As many buffers as the limit allows, and fewer.
fn flip(layout: Layout) -> impl Strategy<Value = FlipChain> {
    let largest = layout.largest() / layout.ttyb_align;
    let buffers = vec((0..largest, any::<[u16; 4]>(), any::<bool>(), any::<u8>()), 0..12);
    (buffers, 0u32..8).prop_map(move |(wanted, free)| {
        let (mut small, mut large) = (layout.most_small(), layout.most_large());
        let free = free.min(small);
        small -= free;
        let mut buffers: Vec<FlipBuffer> = Vec::new();
        let last = wanted.len().saturating_sub(1);
        for (i, (units, at, flags, seed)) in wanted.into_iter().enumerate() {
            let size = (units + 1) * layout.ttyb_align;
            let left = if units == 0 { &mut small } else { &mut large };
            let Some(rest) = left.checked_sub(if units == 0 { 1 } else { size }) else { break };
            *left = rest;
            buffers.push(buffer(size, at, flags, seed, i == 0, i == last));
        }
        if let Some(b) = buffers.last_mut() {
            b.commit = b.commit.max(b.read);
        }
        FlipChain { buffers, free }
    })
}

/// A buffer whose counts are as `at` says, as far as they can.
fn buffer(size: u32, at: [u16; 4], flags: bool, seed: u8, first: bool, last: bool) -> FlipBuffer {
    let room = if flags { size } else { 2 * size };
    let used = u32::from(at[0]) % (room + 1);
    let commit = if last { u32::from(at[1]) % (used + 1) } else { used };
    let read = if first { u32::from(at[2]) % (commit + 1) } else { 0 };
    let lookahead = u32::from(at[3]) % (commit + 1);
    let chars: Vec<u8> = (read..used).map(|i| (i as u8).wrapping_mul(seed | 1)).collect();
    let flags = flags.then(|| chars.iter().map(|c| c % 5).collect());
    FlipBuffer { size, read, commit, lookahead, chars, flags }
}

fn n_tty(layout: Layout) -> impl Strategy<Value = NTtyState> {
    let n = layout.n_tty_buf;
    let heads = (0..n, -1..=i64::from(n) + 1, any::<[bool; 3]>(), any::<[u16; 3]>());
    let bytes = (vec(any::<u8>(), n as usize), vec(any::<u8>(), n.div_ceil(8) as usize));
    let rest = (any::<[bool; 7]>(), any::<[u64; 4]>(), any::<u64>(), any::<[u32; 2]>());
    (heads, bytes, rest, echo(n)).prop_map(
        move |((read_tail, read_head, far, back), (bytes, mut marks), rest, echo)| {
            let (bits, char_map, lookahead_count, [column, canon_column]) = rest;
            let head = |i: usize| {
                let back = i64::from(back[i]);
                if far[i] { read_head - 1000 * back } else { read_head + 1 - back % 20 }
            };
            if n < 8 {
                marks.iter_mut().for_each(|b| *b &= (1 << n) - 1);
            }
            let [no_room, lnext, erasing, raw, real_raw, icanon, push] = bits;
            let mut state = NTtyState {
                read_tail,
                read_head,
                commit_head: head(0),
                canon_head: head(1),
                line_start: head(2),
                unread: bytes,
                read_flags: marks,
                no_room,
                lookahead_count,
                char_map,
                lnext,
                erasing,
                raw: raw && !icanon,
                real_raw: real_raw && raw && !icanon,
                icanon,
                push,
                column,
                canon_column,
                echo,
            };
            let window = state.window(&layout);
            state.unread.truncate(window);
            state
        },
    )
}

fn echo(n: u32) -> impl Strategy<Value = EchoState> {
    let heads = (0..n, -5i64..5000, 0i64..40, 0i64..4000);
    (heads, option::of(vec(any::<u8>(), 0..=n as usize))).prop_map(
        |((tail, head, commit, mark), buf)| {
            let mut buf = buf.unwrap_or_default();
            buf.truncate(buf.iter().rposition(|&b| b != 0).map_or(0, |last| last + 1));
            EchoState { tail, head, commit: head - commit, mark: head - mark, buf }
        },
    )
}
