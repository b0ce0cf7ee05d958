// SPDX-License-Identifier: GPL-2.0-only
//! Canonical mode: lines, end of file, editing, and changes of mode.

use crate::*;
use ttysim::checkpoint::opaque;

#[test]
fn eof_pushes_are_empty_reads() {
    on_pair(|pair| {
        set(pair, cooked());
        input(pair, b"ab\x04\x04\x04");
        expect(pair, 64, b"ab");
        expect(pair, 64, b"");
        expect(pair, 64, b"");
        expect_eagain(pair);
    });
}

#[test]
fn eof_behind_a_line_is_an_empty_read() {
    on_pair(|pair| {
        set(pair, cooked());
        input(pair, b"ab\n\x04");
        assert_eq!(pair.slave.tiocinq(), Ok(3));
        expect(pair, 64, b"ab\n");
        expect(pair, 64, b"");
        expect_eagain(pair);
    });
}

#[test]
fn eof_inside_a_line_splits_it() {
    on_pair(|pair| {
        set(pair, cooked());
        input(pair, b"ab\x04cd\n");
        assert_eq!(pair.slave.tiocinq(), Ok(5));
        expect(pair, 64, b"ab");
        expect(pair, 64, b"cd\n");
        expect_eagain(pair);
    });
}

#[test]
fn eof_at_the_end_of_the_users_buffer_is_eaten() {
    on_pair(|pair| {
        set(pair, cooked());
        input(pair, &[&[b'x'; 64][..], b"\x04next\n"].concat());
        expect(pair, 64, &[b'x'; 64]);
        expect(pair, 64, b"next\n");
        input(pair, b"ab\x04");
        expect(pair, 2, b"ab");
        expect_eagain(pair);
    });
}

#[test]
fn sixty_five_bytes_and_eof_read_as_64_and_1() {
    on_pair(|pair| {
        set(pair, cooked());
        input(pair, &[&[b'x'; 65][..], b"\x04"].concat());
        expect(pair, 64, &[b'x'; 64]);
        expect(pair, 64, b"x");
        expect_eagain(pair);
    });
}

#[test]
fn long_lines_read_as_4096() {
    for length in [4095, 4096, 4097, 5000, 9000] {
        on_pair(|pair| {
            set(pair, cooked());
            let line = vec![b'x'; length];
            line.chunks(2000).for_each(|chunk| input(pair, chunk));
            input(pair, b"\n");
            let got = read(pair, 10000).unwrap();
            assert_eq!(got.len(), 4096, "a line of {length}");
            assert_eq!(got.last(), Some(&b'\n'));
            expect_eagain(pair);
        });
    }
}

#[test]
fn a_long_line_behind_a_short_one() {
    on_pair(|pair| {
        set(pair, cooked());
        input(pair, b"L1\n");
        (0..5).for_each(|_| input(pair, &[b'x'; 1000]));
        input(pair, b"\n");
        expect(pair, 10000, b"L1\n");
        assert_eq!(read(pair, 10000).unwrap().len(), 4096);
        expect_eagain(pair);
    });
}

#[test]
fn canonical_to_raw_makes_the_rest_readable() {
    on_pair(|pair| {
        set(pair, cooked());
        input(pair, b"abc");
        assert_eq!(pair.slave.tiocinq(), Ok(0));
        expect_eagain(pair);
        set(pair, raw());
        assert_eq!(pair.slave.tiocinq(), Ok(3));
        expect(pair, 64, b"abc");
    });
}

#[test]
fn raw_to_canonical_pushes_and_pushed_bytes_stay() {
    on_pair(|pair| {
        set(pair, raw());
        input(pair, b"abc");
        set(pair, cooked());
        assert_eq!(pair.slave.tiocinq(), Ok(3));
        input(pair, b"\x7f\x7fd\n");
        expect(pair, 64, b"abc");
        expect(pair, 64, b"d\n");
        expect_eagain(pair);
    });
}

#[test]
fn raw_5000_bytes_to_canonical() {
    on_pair(|pair| {
        set(pair, raw());
        (0..5).for_each(|_| input(pair, &[b'x'; 1000]));
        set(pair, cooked());
        pair.settle();
        assert_eq!(pair.slave.tiocinq(), Ok(4095));
        assert_eq!(read(pair, 10000).unwrap().len(), 4095);
        expect_eagain(pair);
        input(pair, b"\n");
        assert_eq!(read(pair, 10000).unwrap().len(), 906);
    });
}

#[test]
fn an_eof_mark_reads_as_nul_in_raw_mode() {
    on_pair(|pair| {
        set(pair, cooked());
        input(pair, b"a\x04b\n");
        set(pair, raw());
        expect(pair, 64, b"a\0b\n");
    });
}

#[test]
fn a_short_read_leaves_the_rest_of_the_line() {
    on_pair(|pair| {
        set(pair, cooked());
        input(pair, b"hello\nworld\n");
        expect(pair, 3, b"hel");
        expect(pair, 64, b"lo\n");
        expect(pair, 64, b"world\n");
    });
}

#[test]
fn line_editing() {
    on_pair(|pair| {
        set(pair, cooked());
        for (typed, line) in [
            (&b"abc\x7f\x7fX\n"[..], &b"aX\n"[..]),
            (b"abc def\x17X\n", b"abc X\n"),
            (b"abc  \x17X\n", b"X\n"),
            (b"foo-bar\x17X\n", b"foo-X\n"),
            (b"abc\x15X\n", b"X\n"),
            (b"\x7f\x15\x17X\n", b"X\n"),
            (b"a\x16\x03b\n", b"a\x03b\n"),
            (b"a\x16\x16b\n", b"a\x16b\n"),
            (b"a\x16\nb\n", b"a\nb\n"),
            (b"a\r", b"a\n"),
        ] {
            input(pair, typed);
            expect(pair, 64, line);
            expect_eagain(pair);
        }
    });
}

#[test]
fn erase_takes_whole_utf8_characters() {
    on_pair(|pair| {
        let mut t = cooked();
        t.iflag |= iflag::IUTF8;
        set(pair, t);
        input(pair, "aé€\x7fx\n".as_bytes());
        expect(pair, 64, "aéx\n".as_bytes());
        t.iflag &= !iflag::IUTF8;
        set(pair, t);
        input(pair, "é\x7fx\n".as_bytes());
        expect(pair, 64, b"\xc3x\n");
    });
}

#[test]
fn eol_and_eol2_end_lines() {
    on_pair(|pair| {
        let mut t = cooked();
        t.cc[cc::VEOL] = b';';
        t.cc[cc::VEOL2] = b'|';
        set(pair, t);
        input(pair, b"a;b|c\n");
        expect(pair, 64, b"a;");
        expect(pair, 64, b"b|");
        expect(pair, 64, b"c\n");
    });
}

#[test]
fn extproc_reads_raw_and_a_lone_eof_as_empty() {
    on_pair(|pair| {
        let mut t = cooked();
        t.lflag |= lflag::EXTPROC;
        set(pair, t);
        input(pair, b"ab\x7f\x03");
        expect(pair, 64, b"ab\x7f\x03");
        input(pair, b"\x04");
        expect(pair, 64, b"");
        expect_eagain(pair);
    });
}

#[test]
fn extproc_gives_the_last_byte_of_an_overlong_line_out_and_takes_it_back() {
    // A reader gets ahead of read_head. It reads what was not meant to stay, and the next byte is
    // stored in its place, behind the reader.
    on_pair(|pair| {
        overlong_with_extproc(pair);
        assert_eq!(pair.slave.tiocinq(), Ok(4095));
        assert_eq!(read(pair, 10000).map(|line| line.len()), Ok(4096));
        assert_eq!(pair.slave.tiocinq(), Ok(0xffff_ffff));
        input(pair, b"abc");
        assert_eq!(pair.slave.tiocinq(), Ok(2));
        expect(pair, 64, b"bc");
    });
}

fn overlong_with_extproc(pair: &Pair) {
    let mut t = cooked();
    t.lflag |= lflag::EXTPROC;
    set(pair, t);
    (0..3).for_each(|_| input(pair, &[b'x'; 2000]));
}

#[test]
fn extproc_replaces_the_last_byte_of_an_overlong_line_in_time() {
    on_pair(|pair| {
        overlong_with_extproc(pair);
        input(pair, b"abc");
        assert_eq!(read(pair, 10000).map(|line| line[4094..].to_vec()), Ok(b"xc".to_vec()));
        // A reset is a fresh start, for the ghost too.
        pair.slave.tcflush(Queue::In).unwrap();
        input(pair, b"abc");
        expect(pair, 64, b"abc");
    });
}

#[test]
fn parmrk_overwrites_the_beginning_of_an_overlong_line() {
    on_pair(|pair| {
        let mut t = cooked();
        t.iflag |= iflag::PARMRK;
        set(pair, t);
        (0..2).for_each(|_| input(pair, &[b'x'; 2047]));
        input(pair, b"\xff\xff\n");
        let line = read(pair, 10000).unwrap();
        assert_eq!(line.first(), Some(&b'\n'));
    });
}

/// How far `line_start` is from `read_tail`, and `push`.
fn line_start_and_push(pair: &Pair) -> (i64, bool) {
    let slave = opaque::observe(&pair.slave).slave.n_tty;
    (slave.line_start, slave.push)
}

#[test]
fn a_line_that_was_read_leaves_line_start_behind_it() {
    on_pair(|pair| {
        set(pair, cooked());
        input(pair, b"ab\ncd\ne");
        assert_eq!(line_start_and_push(pair), (0, false));
        expect(pair, 1, b"a");
        assert_eq!(line_start_and_push(pair), (-1, false), "in the middle of a line");
        expect(pair, 64, b"b\n");
        assert_eq!(line_start_and_push(pair), (0, false));
        expect(pair, 64, b"cd\n");
        assert_eq!(line_start_and_push(pair), (0, false));
    });
}

#[test]
fn what_a_change_of_mode_pushed_is_read_as_a_line_that_has_no_start() {
    on_pair(|pair| {
        set(pair, raw());
        input(pair, b"abc");
        set(pair, cooked());
        assert_eq!(line_start_and_push(pair), (0, true));
        expect(pair, 64, b"abc");
        assert_eq!(line_start_and_push(pair), (-3, false));
        input(pair, b"d\n");
        expect(pair, 64, b"d\n");
        assert_eq!(line_start_and_push(pair), (0, false));
    });
}

#[test]
fn a_line_that_is_not_echoed_is_wiped_once_it_is_read() {
    const SIZE: usize = 8;
    for (start, length) in (0..SIZE).flat_map(|start| (1..SIZE - 1).map(move |n| (start, n))) {
        on_pair_of(&Geometry::tiny(SIZE, 8), |pair| {
            set(pair, raw());
            input(pair, &b"12345678"[..start]);
            assert_eq!(drain(pair, 64).len(), start);
            set(pair, cooked());
            let line = [&b"secret"[..length - 1], b"\n"].concat();
            input(pair, &line);
            expect(pair, 64, &line);
            let bytes = pair.slave.disc_data.observe().bytes;
            // Only where somebody watches.
            for at in (start..start + length).filter(|_| !bytes.is_empty()) {
                assert_eq!(bytes[at % SIZE], 0, "{length} from {start}: {bytes:?}");
            }
            for at in (0..start).filter(|at| !bytes.is_empty() && at + SIZE >= start + length) {
                assert_ne!(bytes[at], 0, "{length} from {start}: what was echoed stays");
            }
        });
    }
}
