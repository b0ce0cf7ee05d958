// SPDX-License-Identifier: GPL-2.0-only
//! One pair with something of everything, and images that are not as they should be.

use ttysim::checkpoint::image::container::open;
use ttysim::checkpoint::image::layout::{Record, Wire};
use ttysim::checkpoint::image::records::SectionHeader;
use ttysim::checkpoint::image::sections::{End, Kind};
use ttysim::checkpoint::image::{Content, Image};
use ttysim::checkpoint::state::{
    EchoState, EndState, FlipBuffer, FlipChain, Layout, NTtyState, PairState,
};
use ttysim::termios::{Termios, lflag};

const LAYOUT: Layout = Layout { n_tty_buf: 16, ttyb_align: 4, ttyb_page: 8, mem_limit: 32 };

/// A slave that has a line, an EOF and a part of a line, round the buffer's end; characters it has
/// not taken, some of them with flag bytes; echoes that its stopped output holds back.
fn slave() -> EndState {
    let mut read_flags = vec![0; 2];
    read_flags[15 / 8] |= 1 << (15 % 8);
    read_flags[0] |= 1;
    EndState {
        layout: LAYOUT,
        termios: Termios { lflag: Termios::SLAVE.lflag & !lflag::ECHOKE, ..Termios::SLAVE },
        ldisc: 0,
        count: 2,
        throttled: true,
        io_error: false,
        other_closed: false,
        stopped: true,
        tco_stopped: false,
        packet: false,
        pktstatus: 4,
        flip: FlipChain {
            buffers: vec![
                FlipBuffer {
                    size: 4,
                    read: 2,
                    commit: 8,
                    lookahead: 8,
                    chars: b"ab\x13cd ".to_vec(),
                    flags: None,
                },
                FlipBuffer {
                    size: 8,
                    read: 0,
                    commit: 3,
                    lookahead: 0,
                    chars: b"xyz!".to_vec(),
                    flags: Some(vec![0, 1, 3, 0]),
                },
            ],
            free: 1,
        },
        n_tty: NTtyState {
            read_tail: 12,
            read_head: 8,
            commit_head: 0,
            canon_head: 5,
            line_start: 0,
            unread: b"one\n\0par".to_vec(),
            read_flags,
            no_room: false,
            lookahead_count: 6,
            // ^C ^D ^J ^M ^Q ^R ^S ^U ^V ^W ^Z ^\ and DEL.
            char_map: [0x14ee_2418, 1 << 63, 0, 0],
            lnext: true,
            erasing: false,
            raw: false,
            real_raw: false,
            icanon: true,
            push: false,
            column: 7,
            canon_column: 4,
            echo: EchoState {
                tail: 3,
                head: 8,
                commit: 1,
                mark: 8,
                buf: vec![0, 0, 0, b'r', 0xff, 0x03, 0xff, 0x82, 0x05, 0xff, 0x81],
            },
        },
    }
}

/// A raw master in packet mode.
fn master() -> EndState {
    EndState {
        layout: LAYOUT,
        termios: Termios::MASTER,
        ldisc: 0,
        count: 1,
        throttled: true,
        io_error: false,
        other_closed: false,
        stopped: false,
        tco_stopped: false,
        packet: true,
        pktstatus: 0,
        flip: FlipChain::default(),
        n_tty: NTtyState {
            read_tail: 2,
            read_head: 2,
            commit_head: 2,
            canon_head: 0,
            line_start: 0,
            unread: b"$ ".to_vec(),
            read_flags: vec![0; 2],
            no_room: false,
            lookahead_count: 0,
            char_map: [0; 4],
            lnext: false,
            erasing: false,
            raw: true,
            real_raw: true,
            icanon: false,
            push: false,
            column: 0,
            canon_column: 0,
            echo: EchoState::default(),
        },
    }
}

/// The pair.
pub(crate) fn pair() -> PairState {
    PairState { master: master(), slave: slave() }
}

/// Its image, as this version writes it.
pub(crate) fn image() -> Image {
    Image::of(Content::Pair(Box::new(pair()))).from_origin("the tests")
}

/// Where the body of a section begins.
pub(crate) fn body_at(bytes: &[u8], kind: &Kind, end: End) -> usize {
    open(bytes).expect("an image").find(kind, end).expect("a section").body_at()
}

/// Where a section's header begins.
pub(crate) fn header_at(bytes: &[u8], kind: &Kind, end: End) -> usize {
    body_at(bytes, kind, end) - SectionHeader::SIZE
}

/// Where the field called `name` lies in a record of type `R`.
pub(crate) fn field<R: Record>(name: &str) -> usize {
    R::LAYOUT.offset_of(name).expect("a field")
}

/// Puts `value` at `at`.
pub(crate) fn put(bytes: &mut [u8], at: usize, value: impl Wire) {
    let mut new = Vec::new();
    value.put(&mut new);
    bytes[at..at + new.len()].copy_from_slice(&new);
}
