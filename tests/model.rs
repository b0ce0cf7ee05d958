// SPDX-License-Identifier: GPL-2.0-only
//! The modelled pipeline against facts measured on Linux 6.18, one thread at a time, in the native
//! and in the seeded runtime.

use std::sync::Arc;
use ttysim::errno::Errno;
use ttysim::geometry::Geometry;
use ttysim::pty::{Pair, PairGhosts};
use ttysim::sched::{Choice, Point, Policy};
use ttysim::sync::seeded::{Config, End, execute};
use ttysim::sync::{Ordering, Rested, Role, Runtime, Thread, run_threads};
use ttysim::termios::{Termios, cc, iflag, lflag, oflag};
use ttysim::tty_io::{FlowAction, Queue, Revents};
use ttysim::tty_struct::{Signal, TtyStruct};
use ttysim::verify::Ghost;

/// There is one thread: it goes first.
struct First;

impl Policy for First {
    fn pick(&mut self, point: &Point<'_>) -> Choice {
        point.enabled.first().map_or(Choice::Diverged, Choice::Run)
    }
}

/// Runs `body` on a fresh pair in both runtimes; the ghosts and the race detector watch.
fn on_pair_of(geometry: &Geometry, body: impl Fn(&Pair)) {
    body(&fresh(Runtime::Native, geometry));
    let config = Config {
        max_steps: 20_000_000,
        ..Config::default()
    };
    let execution = execute(config, &mut First, || {
        body(&fresh(Runtime::Seeded, geometry));
    });
    if let Some(message) = execution.panic {
        panic!("{message}");
    }
    assert!(execution.found.is_empty(), "{:?}", execution.found);
    assert_eq!(execution.end, End::Completed);
}

fn on_pair(body: impl Fn(&Pair)) {
    on_pair_of(&Geometry::LINUX, body);
}

fn fresh(rt: Runtime, geometry: &Geometry) -> Arc<Pair> {
    let ghosts = PairGhosts {
        to_slave: Ghost::new(rt, "slave"),
        to_master: Ghost::new(rt, "master"),
    };
    Pair::new(rt, geometry, ghosts)
}

fn raw() -> Termios {
    let mut t = Termios {
        iflag: 0,
        oflag: 0,
        lflag: 0,
        ..Termios::SLAVE
    };
    t.cc[cc::VMIN] = 1;
    t
}

fn cooked() -> Termios {
    Termios {
        lflag: Termios::SLAVE.lflag & !lflag::ECHO,
        oflag: Termios::SLAVE.oflag & !oflag::OPOST,
        ..Termios::SLAVE
    }
}

fn set(pair: &Pair, termios: Termios) {
    pair.slave.set_termios(termios).unwrap();
}

/// Writes all of it, and lets the worker finish.
fn send(pair: &Pair, from: &TtyStruct, bytes: &[u8]) {
    assert_eq!(from.tty_write(true, bytes), Ok(bytes.len()));
    pair.settle();
}

fn input(pair: &Pair, bytes: &[u8]) {
    send(pair, &pair.master, bytes);
}

fn read(pair: &Pair, nr: usize) -> Result<Vec<u8>, Errno> {
    let result = pair.slave.tty_read(true, nr);
    pair.settle();
    result
}

fn expect(pair: &Pair, nr: usize, bytes: &[u8]) {
    let got = read(pair, nr).unwrap();
    assert_eq!(
        got.escape_ascii().to_string(),
        bytes.escape_ascii().to_string()
    );
}

fn expect_eagain(pair: &Pair) {
    assert_eq!(read(pair, 64), Err(Errno::EAGAIN));
}

/// What is left to read, in reads of `nr`.
fn drain(pair: &Pair, nr: usize) -> Vec<u8> {
    let mut all = Vec::new();
    while let Ok(bytes) = read(pair, nr) {
        all.extend(bytes);
    }
    all
}

struct Capacity {
    accepted: usize,
    /// The first short write: its number, counted from 1, and how much it took.
    first_short: Option<(usize, usize)>,
}

/// Writes `size` bytes at a time until nothing is accepted any more.
fn fill(pair: &Pair, from: &TtyStruct, chunk: &[u8]) -> Capacity {
    let mut capacity = Capacity {
        accepted: 0,
        first_short: None,
    };
    for number in 1.. {
        match from.tty_write(true, chunk) {
            Ok(n) => {
                capacity.accepted += n;
                if n < chunk.len() {
                    capacity.first_short.get_or_insert((number, n));
                }
            }
            Err(errno) => {
                assert_eq!(errno, Errno::EAGAIN);
                return capacity;
            }
        }
        pair.settle();
    }
    capacity
}

/// The write size; then what is accepted, in the flip chain, buffers, `mem_used`.
const CAPACITY: [(usize, usize, usize, usize, usize); 8] = [
    (1, 20480, 16385, 33, 8448),
    (64, 20480, 16385, 33, 8448),
    (256, 20480, 16385, 33, 8448),
    (255, 20912, 16817, 33, 8448),
    (512, 20480, 16385, 17, 8704),
    (1024, 20480, 16385, 9, 9216),
    (1792, 21504, 17409, 5, 8960),
    (2048, 13824, 9729, 5, 8960),
];

fn assert_full(to: &TtyStruct, from: &TtyStruct, row: (usize, usize, usize, usize, usize)) {
    let (size, _, flip, buffers, mem_used) = row;
    let state = to.port.buf.observe();
    assert_eq!(state.unread, flip, "in the chain, writes of {size}");
    assert_eq!(state.buffers, buffers, "buffers, writes of {size}");
    assert_eq!(state.mem_used, mem_used, "mem_used, writes of {size}");
    assert_eq!(to.tiocinq(), 4095, "writes of {size}");
    assert!(to.disc_data.observe_no_room(), "writes of {size}");
    assert!(!from.poll().any(Revents::POLLOUT), "writes of {size}");
}

#[test]
fn raw_capacity_master_to_slave_is_linuxs() {
    for row in CAPACITY {
        on_pair(|pair| {
            set(pair, raw());
            let capacity = fill(pair, &pair.master, &vec![b'x'; row.0]);
            assert_eq!(capacity.accepted, row.1, "writes of {}", row.0);
            assert_full(&pair.slave, &pair.master, row);
        });
    }
}

#[test]
fn raw_capacity_slave_to_master_is_the_same() {
    for row in CAPACITY {
        on_pair(|pair| {
            set(pair, raw());
            let capacity = fill(pair, &pair.slave, &vec![b'x'; row.0]);
            assert_eq!(capacity.accepted, row.1, "writes of {}", row.0);
            assert_full(&pair.master, &pair.slave, row);
        });
    }
}

#[test]
fn writes_of_255_are_first_short_at_the_83rd() {
    on_pair(|pair| {
        set(pair, raw());
        let capacity = fill(pair, &pair.master, &[b'x'; 255]);
        assert_eq!(capacity.first_short, Some((83, 2)));
    });
}

#[test]
fn the_last_write_of_2048_takes_1536() {
    on_pair(|pair| {
        set(pair, raw());
        let capacity = fill(pair, &pair.master, &[b'x'; 2048]);
        assert_eq!(capacity.first_short, Some((7, 1536)));
    });
}

#[test]
fn a_canonical_line_without_end_takes_everything() {
    on_pair(|pair| {
        set(pair, cooked());
        for _ in 0..50 {
            input(pair, &[b'x'; 2000]);
        }
        let ld = &pair.slave.disc_data;
        assert_eq!(ld.read_cnt("test"), 4095);
        assert_eq!(pair.slave.tiocinq(), 0);
        assert!(pair.master.poll().any(Revents::POLLOUT));
        assert_eq!(pair.slave.port.buf.observe().unread, 0);
    });
}

#[test]
fn canonical_lines_of_64_total_as_raw() {
    on_pair(|pair| {
        set(pair, cooked());
        let mut line = [b'x'; 64];
        line[63] = b'\n';
        let capacity = fill(pair, &pair.master, &line);
        assert_eq!(capacity.accepted, 20480);
        assert_eq!(pair.slave.tiocinq(), 4032);
        assert_eq!(drain(pair, 4096), line.repeat(20480 / 64));
    });
}

#[test]
fn reading_one_byte_of_a_full_buffer_refills_it_at_once() {
    on_pair(|pair| {
        set(pair, raw());
        fill(pair, &pair.master, &[b'x'; 64]);
        let before = pair.slave.port.buf.observe().unread;
        expect(pair, 1, b"x");
        assert_eq!(pair.slave.tiocinq(), 4095);
        assert_eq!(pair.slave.port.buf.observe().unread, before - 1);
        assert!(pair.slave.disc_data.observe_no_room());
    });
}

#[test]
fn everything_written_arrives_in_order() {
    on_pair(|pair| {
        set(pair, raw());
        let sent: Vec<u8> = (0..20000u32).map(|i| (i % 251) as u8).collect();
        let mut left = &sent[..];
        let mut got = Vec::new();
        while !left.is_empty() || pair.slave.poll().any(Revents::POLLIN) {
            if let Ok(n) = pair.master.tty_write(true, &left[..left.len().min(777)]) {
                left = &left[n..];
            }
            pair.settle();
            got.extend(read(pair, 300).unwrap_or_default());
        }
        assert_eq!(got, sent);
        assert_eq!(pair.slave.port.buf.observe().unread, 0);
    });
}

#[test]
fn tiny_geometries_pass_everything_too() {
    for (n_tty_buf, align) in [(2, 1), (2, 2), (4, 1), (8, 2), (16, 4)] {
        on_pair_of(&Geometry::tiny(n_tty_buf, align), |pair| {
            set(pair, raw());
            let sent: Vec<u8> = (0..200).collect();
            let mut left = &sent[..];
            let mut got = Vec::new();
            while got.len() < sent.len() {
                if let Ok(n) = pair.master.tty_write(true, &left[..left.len().min(3)]) {
                    left = &left[n..];
                }
                pair.settle();
                got.extend(read(pair, 5).unwrap_or_default());
            }
            assert_eq!(got, sent);
        });
    }
}

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
        assert_eq!(pair.slave.tiocinq(), 3);
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
        assert_eq!(pair.slave.tiocinq(), 5);
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
        assert_eq!(pair.slave.tiocinq(), 0);
        expect_eagain(pair);
        set(pair, raw());
        assert_eq!(pair.slave.tiocinq(), 3);
        expect(pair, 64, b"abc");
    });
}

#[test]
fn raw_to_canonical_pushes_and_pushed_bytes_stay() {
    on_pair(|pair| {
        set(pair, raw());
        input(pair, b"abc");
        set(pair, cooked());
        assert_eq!(pair.slave.tiocinq(), 3);
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
        assert_eq!(pair.slave.tiocinq(), 4095);
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
fn input_translations() {
    for (flags, typed, got) in [
        (iflag::ICRNL, &b"a\rb\nc"[..], &b"a\nb\nc"[..]),
        (iflag::INLCR, b"a\rb\nc", b"a\rb\rc"),
        (iflag::IGNCR, b"a\rb\nc", b"ab\nc"),
        (iflag::IGNCR | iflag::ICRNL, b"a\rb", b"ab"),
        (iflag::ISTRIP, b"\xe1b", b"ab"),
        (iflag::PARMRK, b"a\xffb", b"a\xff\xffb"),
        (iflag::PARMRK | iflag::ISTRIP, b"a\xffb", b"a\x7fb"),
    ] {
        on_pair(|pair| {
            let mut t = raw();
            t.iflag = flags;
            set(pair, t);
            input(pair, typed);
            expect(pair, 64, got);
        });
    }
}

#[test]
fn iuclc_needs_iexten() {
    on_pair(|pair| {
        let mut t = raw();
        t.iflag = iflag::IUCLC;
        set(pair, t);
        input(pair, b"AbC");
        expect(pair, 64, b"AbC");
        t.lflag = lflag::IEXTEN;
        set(pair, t);
        input(pair, b"AbC\xc0");
        expect(pair, 64, b"abc\xe0");
    });
}

#[test]
fn parmrk_leaves_a_third_of_the_room() {
    on_pair(|pair| {
        let mut t = raw();
        t.iflag = iflag::PARMRK;
        set(pair, t);
        (0..3).for_each(|_| input(pair, &[0xff; 2000]));
        let got = drain(pair, 4096);
        assert_eq!(got, vec![0xff; 12000]);
    });
}

#[test]
fn xon_and_xoff_stop_and_start_output() {
    on_pair(|pair| {
        let mut t = raw();
        t.iflag = iflag::IXON;
        set(pair, t);
        input(pair, b"a\x13b");
        assert_eq!(pair.slave.tty_write(true, b"out"), Err(Errno::EAGAIN));
        assert!(!pair.slave.poll().any(Revents::POLLOUT));
        expect(pair, 64, b"ab");
        input(pair, b"\x11");
        assert_eq!(pair.slave.tty_write(true, b"out"), Ok(3));
        expect_eagain(pair);
    });
}

#[test]
fn xoff_behind_a_full_buffer_is_seen_by_lookahead() {
    on_pair(|pair| {
        let mut t = raw();
        t.iflag = iflag::IXON;
        set(pair, t);
        (0..5).for_each(|_| input(pair, &[b'x'; 1000]));
        input(pair, b"\x13yz");
        assert_eq!(pair.slave.tty_write(true, b"out"), Err(Errno::EAGAIN));
        // Started again, it is not stopped a second time when the ^S is received.
        pair.slave.tcxonc(FlowAction::OutputOff).unwrap();
        pair.slave.tcxonc(FlowAction::OutputOn).unwrap();
        pair.slave.start_tty();
        let got = drain(pair, 4096);
        assert_eq!(got.len(), 5002);
        assert!(got.ends_with(b"xyz"));
        assert_eq!(pair.slave.tty_write(true, b"out"), Ok(3));
    });
}

#[test]
fn ixany_starts_output_on_any_character() {
    on_pair(|pair| {
        let mut t = raw();
        t.iflag = iflag::IXON | iflag::IXANY;
        set(pair, t);
        input(pair, b"\x13");
        assert_eq!(pair.slave.tty_write(true, b"out"), Err(Errno::EAGAIN));
        input(pair, b"k");
        assert_eq!(pair.slave.tty_write(true, b"out"), Ok(3));
        expect(pair, 64, b"k");
    });
}

#[test]
fn ixon_off_starts_output() {
    on_pair(|pair| {
        set(pair, cooked());
        input(pair, b"\x13");
        assert_eq!(pair.slave.tty_write(true, b"out"), Err(Errno::EAGAIN));
        let mut t = cooked();
        t.iflag &= !iflag::IXON;
        set(pair, t);
        assert_eq!(pair.slave.tty_write(true, b"out"), Ok(3));
    });
}

#[test]
fn tcxonc_stops_and_sends() {
    on_pair(|pair| {
        set(pair, raw());
        pair.slave.tcxonc(FlowAction::OutputOff).unwrap();
        assert_eq!(pair.slave.tty_write(true, b"out"), Err(Errno::EAGAIN));
        pair.slave.tcxonc(FlowAction::InputOff).unwrap();
        pair.slave.tcxonc(FlowAction::OutputOn).unwrap();
        pair.slave.tcxonc(FlowAction::InputOn).unwrap();
        pair.settle();
        // TCOOFF holds the STOP character back too: start_tty does not override it.
        assert_eq!(pair.master.tty_read(true, 64).unwrap(), b"\x11");
    });
}

#[test]
fn signals_flush_unless_noflsh() {
    on_pair(|pair| {
        set(pair, cooked());
        pair.slave.tty_write(true, b"output").unwrap();
        input(pair, b"abc\x03");
        assert_eq!(pair.slave.signals(), [Signal::SIGINT]);
        input(pair, b"d\n");
        expect(pair, 64, b"d\n");
        let mut t = cooked();
        t.lflag |= lflag::NOFLSH;
        set(pair, t);
        input(pair, b"abc\x1cd\x1ae\n");
        expect(pair, 64, b"abcde\n");
        let sent = [Signal::SIGINT, Signal::SIGQUIT, Signal::SIGTSTP];
        assert_eq!(pair.slave.signals(), sent);
    });
}

#[test]
fn a_signal_drops_output_that_was_not_received() {
    on_pair(|pair| {
        set(pair, cooked());
        pair.slave.tty_write(true, b"output").unwrap();
        pair.master.tty_write(true, b"\x03").unwrap();
        // The slave's worker first: it flushes what the master's has not received yet.
        pair.slave.run_pending_work();
        pair.settle();
        assert_eq!(pair.master.tty_read(true, 64), Err(Errno::EAGAIN));
    });
}

#[test]
fn tiocsti_injects_and_drops_when_full() {
    on_pair(|pair| {
        set(pair, raw());
        pair.slave.tiocsti(b'x').unwrap();
        pair.settle();
        expect(pair, 64, b"x");
        input(pair, &[b'y'; 2000]);
        input(pair, &[b'y'; 2000]);
        input(pair, &[b'y'; 95]);
        assert_eq!(pair.slave.tiocsti(b'z'), Ok(()));
        pair.settle();
        assert_eq!(drain(pair, 4096), vec![b'y'; 4095]);
    });
}

#[test]
fn flushing_input_empties_chain_and_buffer() {
    on_pair(|pair| {
        set(pair, raw());
        fill(pair, &pair.master, &[b'x'; 1024]);
        pair.slave.tcflush(Queue::In).unwrap();
        pair.settle();
        assert_eq!(pair.slave.tiocinq(), 0);
        assert_eq!(pair.slave.port.buf.observe().unread, 0);
        input(pair, b"abc");
        expect(pair, 64, b"abc");
    });
}

#[test]
fn flushing_output_empties_the_links_chain_only() {
    on_pair(|pair| {
        set(pair, raw());
        fill(pair, &pair.master, &[b'x'; 1024]);
        pair.master.tcflush(Queue::Out).unwrap();
        assert_eq!(pair.slave.port.buf.observe().unread, 0);
        assert_eq!(drain(pair, 4096).len(), 4095);
        pair.master.tty_write(true, b"abc").unwrap();
        pair.slave.tcflush(Queue::Both).unwrap();
        pair.settle();
        expect_eagain(pair);
    });
}

#[test]
fn outq_is_always_zero_and_write_room_is_not() {
    on_pair(|pair| {
        set(pair, raw());
        assert_eq!(pair.master.pty_write_room(), 8192);
        pair.master.tty_write(true, b"abc").unwrap();
        assert_eq!(pair.master.tiocoutq(), 0);
        assert_eq!(pair.master.pty_write_room(), 8192 - 256);
    });
}

#[test]
fn a_read_that_finds_nothing_waits_for_the_worker() {
    on_pair(|pair| {
        set(pair, raw());
        pair.master.tty_write(true, b"abc").unwrap();
        assert_eq!(pair.slave.tiocinq(), 0);
        assert_eq!(pair.slave.tty_read(true, 64).unwrap(), b"abc");
        pair.master.tty_write(true, b"abc").unwrap();
        assert!(pair.slave.poll().any(Revents::POLLIN));
        assert_eq!(pair.slave.tiocinq(), 3);
    });
}

#[test]
fn min_decides_what_is_enough() {
    on_pair(|pair| {
        let mut t = raw();
        t.cc[cc::VMIN] = 5;
        set(pair, t);
        input(pair, b"abc");
        assert!(!pair.slave.poll().any(Revents::POLLIN));
        expect(pair, 64, b"abc");
        t.cc[cc::VMIN] = 0;
        set(pair, t);
        expect(pair, 64, b"");
        input(pair, b"abc");
        expect(pair, 2, b"ab");
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
fn a_closed_slave_leaves_the_master_what_is_queued() {
    on_pair(|pair| {
        set(pair, raw());
        send(pair, &pair.slave, &[b'x'; 2000]);
        (0..3).for_each(|_| send(pair, &pair.slave, &[b'x'; 2000]));
        pair.slave.pty_close();
        let read = |nr| {
            let got = pair.master.tty_read(true, nr).map(|b| b.len());
            pair.settle();
            got
        };
        assert_eq!(read(10000), Ok(4095));
        assert_eq!(read(10000), Ok(3905));
        assert_eq!(read(10000), Err(Errno::EIO));
        assert!(pair.master.poll().any(Revents::POLLHUP));
        assert_eq!(pair.master.tty_write(true, b"x"), Err(Errno::EIO));
    });
}

#[test]
fn ldisc_numbers() {
    on_pair(|pair| {
        assert_eq!(pair.slave.tty_set_ldisc(0), Ok(()));
        assert_eq!(pair.slave.tty_set_ldisc(99), Err(Errno::EINVAL));
        let ld = pair.slave.tty_ldisc_ref().unwrap();
        assert_eq!(ld.ldisc.num(), 0);
    });
}

#[test]
fn setting_the_ldisc_that_is_there_restarts_the_work() {
    on_pair(|pair| {
        assert!(!pair.slave.run_pending_work());
        pair.slave.tty_set_ldisc(0).unwrap();
        assert!(pair.slave.run_pending_work());
    });
}

#[test]
fn setting_the_masters_termios_sets_the_slaves() {
    on_pair(|pair| {
        pair.master.set_termios(raw()).unwrap();
        assert_eq!(pair.slave.get_termios(), raw());
        assert_eq!(pair.master.get_termios(), raw());
    });
}

#[test]
fn exclusive_access_walks_the_chain() {
    on_pair(|pair| {
        set(pair, raw());
        fill(pair, &pair.master, &[b'x'; 1024]);
        let buf = &pair.slave.port.buf;
        let exclusive = buf.tty_buffer_lock_exclusive();
        let mut at = exclusive.head("test.head");
        let mut seen = 0;
        loop {
            let next = at.load_next("test.next", Ordering::Acquire);
            let commit = at.load_commit("test.commit", Ordering::Acquire);
            let mut bytes = vec![0; commit - at.read("test.read")];
            at.copy_chars("test.chars", at.read("test.read"), &mut bytes);
            assert!(bytes.iter().all(|&b| b == b'x'));
            seen += bytes.len();
            if next == 0 {
                break;
            }
            at = buf.tty_buffer("test.next_buffer", next);
        }
        buf.tty_buffer_unlock_exclusive(exclusive);
        assert_eq!(seen, 16385);
        assert!(pair.slave.run_pending_work());
    });
}

/// Anybody may go next.
struct Random(fastrand::Rng);

impl Policy for Random {
    fn pick(&mut self, point: &Point<'_>) -> Choice {
        let n = self.0.usize(..point.enabled.len());
        point.enabled.nth(n).map_or(Choice::Diverged, Choice::Run)
    }
}

/// On a tiny raw pair to whose slave `before` is on its way: runs `threads` and the slave's worker
/// under a random schedule, then `after`.
fn race(
    seed: u64,
    before: &[u8],
    threads: &[(&'static str, fn(&TtyStruct, &TtyStruct))],
    after: impl FnOnce(&Pair),
) {
    let mut policy = Random(fastrand::Rng::with_seed(seed));
    let execution = execute(Config::default(), &mut policy, || {
        let pair = fresh(Runtime::Seeded, &Geometry::tiny(8, 1));
        set(&pair, raw());
        let _ = pair.master.tty_write(true, before);
        let mut all = vec![pair.slave.kworker_thread(4)];
        for &(name, body) in threads {
            let (master, slave) = (Arc::clone(&pair.master), Arc::clone(&pair.slave));
            all.push(Thread {
                name: name.to_owned(),
                role: Role::Program,
                body: Box::new(move || body(&master, &slave)),
            });
        }
        assert_eq!(run_threads(Runtime::Seeded, all), Rested::default());
        after(&pair);
    });
    assert!(
        execution.found.is_empty(),
        "seed {seed}: {:?}",
        execution.found
    );
    assert_eq!(
        execution.end,
        End::Completed,
        "seed {seed}: {:?}",
        execution.panic
    );
}

/// Data in the chain, room for it, and nobody on the way.
fn stalled(pair: &Pair) -> bool {
    let port = &pair.slave.port;
    port.buf.observe().unread > 0
        && !port.buf.work.observe_pending()
        && !pair.slave.disc_data.observe_no_room()
}

const PRODUCER: (&str, fn(&TtyStruct, &TtyStruct)) = ("producer", |master, _| {
    assert_eq!(master.tty_write(true, b"ab"), Ok(2));
    assert_eq!(master.tty_write(true, b"cd"), Ok(2));
});

/// An exclusive user of the slave's chain, with the better unlock.
const BETTER: (&str, fn(&TtyStruct, &TtyStruct)) = ("exclusive", |_, slave| {
    let buf = &slave.port.buf;
    let exclusive = buf.tty_buffer_lock_exclusive();
    buf.tty_buffer_unlock_exclusive_restart(exclusive);
});

#[test]
fn producer_worker_and_reader_race_cleanly() {
    let reader: (&str, fn(&TtyStruct, &TtyStruct)) = ("reader", |_, slave| {
        let mut got = Vec::new();
        while got.len() < 4 {
            got.extend(slave.tty_read(false, 3).unwrap());
        }
        assert_eq!(got, b"abcd");
    });
    for seed in 0..3000 {
        race(seed, b"", &[PRODUCER, reader], |pair| {
            assert!(!stalled(pair))
        });
    }
}

#[test]
fn the_kernels_unlock_stalls_what_is_behind_a_consumed_head() {
    // Museum W1.
    let sti: (&str, fn(&TtyStruct, &TtyStruct)) = ("sti", |_, slave| {
        slave.tiocsti(b's').unwrap();
    });
    let mut found = 0;
    for seed in 0..3000 {
        race(seed, b"ab", &[sti], |pair| {
            found += u32::from(stalled(pair));
        });
    }
    assert!(found > 0);
}

#[test]
fn the_better_unlock_stalls_nothing() {
    for seed in 0..3000 {
        race(seed, b"ab", &[PRODUCER, BETTER], |pair| {
            assert!(!stalled(pair));
            assert_eq!(drain(pair, 64), b"ababcd");
        });
    }
}

#[test]
fn native_threads_pass_everything() {
    let pair = fresh(Runtime::Native, &Geometry::LINUX);
    set(&pair, raw());
    let sent: Vec<u8> = (0..400_000u32).map(|i| (i % 253) as u8).collect();
    let (master, slave) = (Arc::clone(&pair.master), Arc::clone(&pair.slave));
    let written = sent.clone();
    let writer = Thread {
        name: "writer".to_owned(),
        role: Role::Program,
        body: Box::new(move || {
            assert_eq!(master.tty_write(false, &written), Ok(written.len()));
        }),
    };
    let reader = Thread {
        name: "reader".to_owned(),
        role: Role::Program,
        body: Box::new(move || {
            let mut got = Vec::new();
            while got.len() < sent.len() {
                got.extend(slave.tty_read(false, 1000).unwrap());
            }
            assert_eq!(got, sent);
        }),
    };
    let worker = pair.slave.kworker_thread(0);
    run_threads(Runtime::Native, vec![writer, reader, worker]);
}
