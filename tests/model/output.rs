// SPDX-License-Identifier: GPL-2.0-only
//! `OPOST`: what output becomes.

use crate::*;

/// The settings of a fresh slave, but with exactly `modes` in `c_oflag`.
fn with(modes: u32) -> Termios {
    Termios { oflag: modes, ..Termios::SLAVE }
}

fn assert_output(modes: u32, written: &[u8], got: &[u8]) {
    on_pair(|pair| {
        set(pair, with(modes));
        send(pair, &pair.slave, written);
        assert_eq!(drain_master(pair).escape_ascii().to_string(), got.escape_ascii().to_string());
    });
}

#[test]
fn translations() {
    const POST: u32 = oflag::OPOST;
    for (modes, written, got) in [
        (oflag::ONLCR, &b"a\nb"[..], &b"a\nb"[..]),
        (POST | oflag::ONLCR, b"a\nb\n\n", b"a\r\nb\r\n\r\n"),
        (POST | oflag::OCRNL, b"a\rb", b"a\nb"),
        (POST | oflag::OCRNL | oflag::ONLCR, b"a\rb\n", b"a\nb\r\n"),
        (POST | oflag::ONOCR, b"\ra\r\rb", b"a\rb"),
        (POST | oflag::OLCUC, b"aZ\xe0\xff\xdf1", b"AZ\xc0\xdf\xbf1"),
        (POST | oflag::XTABS, b"\tab\tc\n\t|", b"        ab      c\n       |"),
        (POST | oflag::XTABS | oflag::ONLCR, b"ab\n\t|", b"ab\r\n        |"),
        (POST | oflag::XTABS | oflag::ONLRET, b"ab\n\t|", b"ab\n        |"),
        (POST | oflag::XTABS, b"abc\x08\x08\t|", b"abc\x08\x08       |"),
        (POST | oflag::XTABS, b"abc\r\t|", b"abc\r        |"),
        (POST, b"\ta\tb", b"\ta\tb"),
    ] {
        assert_output(modes, written, got);
    }
}

#[test]
fn carriage_returns_that_become_newlines_reset_the_column_only_with_onlret() {
    let modes = oflag::OPOST | oflag::OCRNL | oflag::XTABS;
    assert_output(modes, b"abc\r\t|", b"abc\n     |");
    assert_output(modes | oflag::ONLRET, b"abc\r\t|", b"abc\n        |");
}

#[test]
fn utf8_counts_characters() {
    on_pair(|pair| {
        let mut t = with(oflag::OPOST | oflag::XTABS);
        t.iflag |= iflag::IUTF8;
        set(pair, t);
        send(pair, &pair.slave, "é\t|".as_bytes());
        assert_eq!(drain_master(pair), "é       |".as_bytes());
    });
}

#[test]
fn the_column_outlives_the_write() {
    on_pair(|pair| {
        set(pair, with(oflag::OPOST | oflag::XTABS));
        send(pair, &pair.slave, b"abc");
        send(pair, &pair.slave, b"\tX");
        assert_eq!(drain_master(pair), b"abc     X");
    });
}

#[test]
fn output_arrives_in_lines_of_the_master_unchanged() {
    on_pair(|pair| {
        set(pair, Termios::SLAVE);
        for _ in 0..10 {
            send(pair, &pair.slave, b"hello\n");
        }
        assert_eq!(drain_master(pair), b"hello\r\n".repeat(10));
    });
}

#[test]
fn capacity_with_opost_and_onlcr() {
    on_pair(|pair| {
        set(pair, with(oflag::OPOST | oflag::ONLCR));
        let mut line = [b'x'; 64];
        line[63] = b'\n';
        let capacity = fill(pair, &pair.slave, &line);
        assert_eq!(capacity.accepted, 17983);
        assert_eq!(pair.master.tiocinq(), Ok(4095));
        let got = drain_master(pair);
        let sent: Vec<u8> = line.iter().copied().cycle().take(17983).collect();
        let lines: Vec<u8> =
            sent.iter().flat_map(|&c| if c == b'\n' { vec![b'\r', c] } else { vec![c] }).collect();
        assert_eq!(got, lines);
    });
}

#[test]
fn a_stopped_slave_takes_nothing_and_counts_no_column() {
    on_pair(|pair| {
        set(pair, with(oflag::OPOST | oflag::XTABS));
        pair.slave.tcxonc(FlowAction::OutputOff).unwrap();
        assert_eq!(pair.slave.tty_write(true, b"abc"), Err(Errno::EAGAIN));
        pair.slave.tcxonc(FlowAction::OutputOn).unwrap();
        send(pair, &pair.slave, b"\t|");
        assert_eq!(drain_master(pair), b"        |");
    });
}

/// What reaches the master of `text`, written `chunk` bytes at a time; the master reads only once
/// nothing more is accepted. What one byte becomes is no more than there was room for.
fn output(pair: &Pair, modes: u32, chunk: usize, text: &[u8]) -> Vec<u8> {
    set(pair, with(modes));
    let (mut rest, mut got) = (text, Vec::new());
    while !rest.is_empty() {
        let unread = || pair.master.port.buf.observe().unread;
        let (room, before) = (pair.slave.pty_write_room(), unread());
        let n = pair.slave.tty_write(true, &rest[..rest.len().min(chunk)]).unwrap_or(0);
        assert!(chunk > 1 || unread() - before <= room, "room for {room}, {:?}", rest[0]);
        pair.settle();
        if n == 0 {
            let read = drain_master(pair);
            assert!(!read.is_empty(), "no room for {:?}", rest.escape_ascii().to_string());
            got.extend(read);
        }
        rest = &rest[n..];
    }
    got.extend(drain_master(pair));
    got
}

/// Where there is no room for all that a character becomes, nothing of it is output yet.
#[test]
fn the_same_comes_out_however_little_room_there_is() {
    use oflag::{OCRNL, OLCUC, ONLCR, ONLRET, ONOCR, OPOST, XTABS};
    let small = Geometry {
        n_tty_buf: 16,
        ttyb_align: 2,
        ttyb_page: 4,
        mem_limit: 16,
        write_chunk: 8,
        ..Geometry::LINUX
    };
    let mut rng = fastrand::Rng::with_seed(8);
    for _ in 0..100 {
        let modes = [OCRNL, OLCUC, ONLCR, ONLRET, ONOCR, XTABS, XTABS];
        let modes = modes.into_iter().filter(|_| rng.bool()).fold(OPOST, |all, mode| all | mode);
        let letters = b"\t\t\n\r\x08a\x01\xe9";
        let text: Vec<u8> = (0..60).map(|_| letters[rng.usize(..letters.len())]).collect();
        let whole = std::cell::RefCell::new(Vec::new());
        on_pair(|pair| {
            whole.replace(output(pair, modes, 3, &text));
        });
        for chunk in [1, 3] {
            on_pair_of(&small, |pair| {
                let got = output(pair, modes, chunk, &text);
                let whole = whole.borrow();
                let [got, whole] = [&got, &*whole].map(|bytes| bytes.escape_ascii().to_string());
                assert_eq!(got, whole, "modes {modes:o}, {}", text.escape_ascii());
            });
        }
    }
}
