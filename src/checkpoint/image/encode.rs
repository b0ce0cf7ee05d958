// SPDX-License-Identifier: GPL-2.0-only
//! A state as sections.
//!
//! Every state is encoded, also one that does not exist: it is refused when it is read.
//!
//! No locks, no shared state.

use super::Image;
use super::container::{MINOR, Writer, length, pad};
use super::layout::Record;
use super::records::{Echo, Flip, FlipBuffer, NTty, Sizes, Termios, Tty};
use super::sections::{self as s, End, Kind, pack};
use crate::checkpoint::state::{self, EndState, PairState};

/// An image's bytes.
pub(super) fn image(image: &Image) -> Vec<u8> {
    let mut to = Writer::default();
    if let Some(origin) = &image.origin {
        put(&mut to, &s::ORIGIN, End::Image, origin.clone().into_bytes());
    }
    for (end, state) in image.content.ends() {
        put_end(&mut to, end, state);
    }
    for u in &image.unknown {
        to.section(u.kind, u.end, u.flags, u.bytes.clone());
    }
    to.finish(image.minor)
}

/// The bytes of an image that holds `pair` and nothing else.
pub(super) fn pair(pair: &PairState) -> Vec<u8> {
    let mut to = Writer::default();
    put_end(&mut to, End::Master, &pair.master);
    put_end(&mut to, End::Slave, &pair.slave);
    to.finish(MINOR)
}

fn put(to: &mut Writer, kind: &Kind, end: End, bytes: Vec<u8>) {
    to.section(kind.number, end as u8, kind.flags, bytes);
}

fn put_end(to: &mut Writer, end: End, state: &EndState) {
    put(to, &s::SIZES, end, bytes(&sizes(&state.layout)));
    put(to, &s::TERMIOS, end, bytes(&termios(&state.termios)));
    put(to, &s::TTY, end, bytes(&tty(state)));
    put(to, &s::N_TTY, end, bytes(&n_tty(&state.n_tty)));
    put(to, &s::READ_BUF, end, state.n_tty.unread.clone());
    put(to, &s::READ_FLAGS, end, state.n_tty.read_flags.clone());
    put(to, &s::ECHO, end, echo(&state.n_tty.echo));
    put(to, &s::FLIP, end, flip(&state.flip));
}

fn bytes(record: &impl Record) -> Vec<u8> {
    let mut bytes = Vec::new();
    record.put(&mut bytes);
    bytes
}

const fn sizes(of: &state::Layout) -> Sizes {
    let &state::Layout { n_tty_buf, ttyb_align, ttyb_page, mem_limit } = of;
    Sizes { n_tty_buf, ttyb_align, ttyb_page, mem_limit }
}

const fn termios(of: &crate::termios::Termios) -> Termios {
    let &crate::termios::Termios { iflag, oflag, cflag, lflag, cc } = of;
    Termios { iflag, oflag, cflag, lflag, cc, reserved: [0; 5] }
}

/// What [`s::TTY_BITS`] name.
const fn tty_bits(of: &EndState) -> [bool; 6] {
    [of.throttled, of.io_error, of.other_closed, of.stopped, of.tco_stopped, of.packet]
}

/// What [`s::N_TTY_BITS`] name.
const fn n_tty_bits(of: &state::NTtyState) -> [bool; 7] {
    [of.no_room, of.lnext, of.erasing, of.raw, of.real_raw, of.icanon, of.push]
}

/// The flags of an end that are on, by their names in an image.
pub(super) fn flags(of: &EndState) -> Vec<&'static str> {
    let tty = s::TTY_BITS.iter().zip(tty_bits(of));
    let n_tty = s::N_TTY_BITS.iter().zip(n_tty_bits(&of.n_tty));
    tty.chain(n_tty).filter(|(_, on)| *on).map(|(bit, _)| bit.0).collect()
}

fn tty(of: &EndState) -> Tty {
    Tty {
        ldisc: of.ldisc,
        count: of.count,
        bits: pack(tty_bits(of), &s::TTY_BITS),
        pktstatus: of.pktstatus,
        reserved: [0; 3],
    }
}

fn n_tty(of: &state::NTtyState) -> NTty {
    NTty {
        read_head: of.read_head,
        commit_head: of.commit_head,
        canon_head: of.canon_head,
        line_start: of.line_start,
        lookahead_count: of.lookahead_count,
        char_map: of.char_map,
        read_tail: of.read_tail,
        column: of.column,
        canon_column: of.canon_column,
        bits: pack(n_tty_bits(of), &s::N_TTY_BITS),
    }
}

fn echo(of: &state::EchoState) -> Vec<u8> {
    let &state::EchoState { tail, head, commit, mark, ref buf } = of;
    let mut out = bytes(&Echo { head, commit, mark, tail, reserved: 0 });
    out.extend_from_slice(buf);
    out
}

fn flip(of: &state::FlipChain) -> Vec<u8> {
    let mut out = bytes(&Flip { nr_buffers: length(of.buffers.len()), free: of.free });
    for b in &of.buffers {
        FlipBuffer {
            size: b.size,
            read: b.read,
            commit: b.commit,
            lookahead: b.lookahead,
            used: b.read.saturating_add(length(b.chars.len())),
            bits: pack([b.flags.is_some()], &s::FLIP_BITS),
        }
        .put(&mut out);
        out.extend_from_slice(&b.chars);
        out.extend_from_slice(b.flags.as_deref().unwrap_or_default());
        pad(&mut out);
    }
    out
}
