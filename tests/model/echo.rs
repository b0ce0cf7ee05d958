// SPDX-License-Identifier: GPL-2.0-only
//! What is echoed: characters, erasures, reprints, signals; and when.

use crate::*;

/// The settings of a fresh slave, with `on` added to and `off` taken from `c_lflag`.
fn sane(on: u32, off: u32) -> Termios {
    Termios { lflag: Termios::SLAVE.lflag & !off | on, ..Termios::SLAVE }
}

/// With these settings, what the master reads once `typed` was typed.
fn assert_echo(termios: Termios, typed: &[u8], echoed: &[u8]) {
    on_pair(|pair| {
        set(pair, termios);
        input(pair, typed);
        expect_master(pair, 4096, echoed);
        assert_eq!(read_master(pair, 64), Err(Errno::EAGAIN));
    });
}

#[test]
fn characters_and_control_characters() {
    for (on, off, typed, echoed) in [
        (0, 0, &b"ab\n"[..], &b"ab\r\n"[..]),
        (0, 0, b"a\x01\t\x7fb", b"a^A\t\x08\x08\x08\x08\x08b"),
        (0, lflag::ECHOCTL, b"a\x01b", b"a\x01b"),
        (0, 0, b"\xff\xfe", b"\xff\xfe"),
        (0, 0, b"a\x04", b"a"),
        (0, lflag::ECHO, b"ab\n", b""),
        (lflag::ECHONL, lflag::ECHO, b"ab\n", b"\r\n"),
        (lflag::ECHONL, lflag::ECHO | lflag::ICANON, b"ab\n", b""),
        (0, lflag::ICANON, b"ab\x7f\x15\n", b"ab^?^U^J"),
        (0, 0, b"a\x16\x03b\n", b"a^\x08^Cb\r\n"),
        (0, lflag::ECHOCTL, b"a\x16\x03b\n", b"a\x03b\r\n"),
        (0, 0, b"a\x01b\x12\n", b"a^Ab^R\r\na^Ab\r\n"),
        (0, lflag::IEXTEN, b"a\x12\n", b"a^R\r\n"),
        (lflag::EXTPROC, 0, b"ab\x7f\n", b""),
    ] {
        assert_echo(sane(on, off), typed, echoed);
    }
}

#[test]
fn erasures() {
    for (on, off, typed, echoed) in [
        (0, 0, &b"ab\x7f"[..], &b"ab\x08 \x08"[..]),
        (0, 0, b"\x7f\x15\x17", b""),
        (0, 0, b"a\x16\x03\x7f", b"a^\x08^C\x08 \x08\x08 \x08"),
        (0, lflag::ECHOCTL, b"a\x16\x03\x7f\x7f", b"a\x03\x08 \x08"),
        (0, lflag::ECHOE, b"ab\x7f", b"ab^?"),
        (0, 0, b"ab cd\x17", b"ab cd\x08 \x08\x08 \x08"),
        (0, 0, b"ab\x15", b"ab\x08 \x08\x08 \x08"),
        (0, lflag::ECHOKE, b"ab\x15", b"ab^U\r\n"),
        (0, lflag::ECHOK, b"ab\x15", b"ab^U"),
        (0, lflag::ECHOE, b"ab\x15", b"ab^U\r\n"),
    ] {
        assert_echo(sane(on, off), typed, echoed);
    }
}

#[test]
fn echoprt_prints_what_it_erases() {
    let t = Termios { oflag: 0, ..sane(lflag::ECHOPRT, 0) };
    assert_echo(t, b"abc\x7f\x7fX\x7fY\n", b"abc\\cb/X\\X/Y\n");
    assert_echo(t, b"ab\x15", b"ab\\ba/");
    assert_echo(t, b"ab\x7f\x16\x01\n", b"ab\\b/^\x08^A\n");
    assert_echo(t, b"ab\x7f\x12\n", b"ab\\b/^R\na\n");
    let utf8 = Termios { iflag: t.iflag | iflag::IUTF8, ..t };
    assert_echo(utf8, "é\x7f".as_bytes(), "é\\é/".as_bytes());
}

#[test]
fn an_erased_tab_goes_back_to_where_it_began() {
    let back = |n: usize, typed: &[u8]| {
        let mut echoed = typed.to_vec();
        echoed.pop();
        echoed.resize(echoed.len() + n, 0x08);
        assert_echo(sane(0, 0), typed, &echoed);
    };
    back(8, b"\t\x7f");
    back(5, b"abc\t\x7f");
    back(7, b"abc\td\t\x7f");
    // The prompt counts: the line starts in column 3.
    on_pair(|pair| {
        set(pair, Termios::SLAVE);
        send(pair, &pair.slave, b"$> ");
        expect_master(pair, 64, b"$> ");
        input(pair, b"a\t\x7f");
        expect_master(pair, 64, b"a\t\x08\x08\x08\x08");
    });
}

#[test]
fn a_utf8_character_is_one_column() {
    let utf8 = Termios { iflag: Termios::SLAVE.iflag | iflag::IUTF8, ..Termios::SLAVE };
    assert_echo(utf8, "é\x7f".as_bytes(), "é\x08 \x08".as_bytes());
    assert_echo(utf8, "é\t\x7f".as_bytes(), "é\t\x08\x08\x08\x08\x08\x08\x08".as_bytes());
    assert_echo(Termios::SLAVE, "é\x7f".as_bytes(), "é\x08 \x08".as_bytes());
}

#[test]
fn eol_and_eol2_are_echoed() {
    let mut t = Termios::SLAVE;
    t.cc[cc::VEOL] = b';';
    t.cc[cc::VEOL2] = 0x02;
    assert_echo(t, b"a;b\x02", b"a;b^B");
}

#[test]
fn signals_are_echoed_after_the_flush() {
    assert_echo(Termios::SLAVE, b"\x03", b"^C");
    assert_echo(sane(lflag::NOFLSH, 0), b"ab\x03c", b"ab^Cc");
    on_pair(|pair| {
        input(pair, b"ab");
        input(pair, b"\x1c");
        input(pair, b"c");
        // The master's worker had taken the echo of "ab" already.
        expect_master(pair, 64, b"ab^\\c");
        assert_eq!(pair.slave.signals(), [Signal::SIGQUIT]);
    });
}

#[test]
fn while_stopped_the_echo_waits() {
    on_pair(|pair| {
        input(pair, b"a\x13b");
        // The echo of the batch that stopped it comes too late as well.
        assert_eq!(read_master(pair, 64), Err(Errno::EAGAIN));
        input(pair, b"c");
        assert_eq!(read_master(pair, 64), Err(Errno::EAGAIN));
        input(pair, b"\x11");
        expect_master(pair, 64, b"abc");
    });
}

#[test]
fn a_write_outputs_the_echoes_before_it() {
    on_pair(|pair| {
        input(pair, b"\x13");
        input(pair, b"ab");
        pair.slave.tcxonc(FlowAction::OutputOff).unwrap();
        pair.slave.tcxonc(FlowAction::OutputOn).unwrap();
        // Started without a look at the echoes.
        assert_eq!(read_master(pair, 64), Err(Errno::EAGAIN));
        send(pair, &pair.slave, b"out");
        expect_master(pair, 64, b"about");
    });
}

#[test]
fn much_echo_that_cannot_leave_is_dropped_from_the_front() {
    on_pair(|pair| {
        input(pair, b"\x13");
        let typed: Vec<u8> = (0..5000u32).map(|i| b'a' + (i % 26) as u8).collect();
        typed.chunks(1000).for_each(|chunk| input(pair, chunk));
        input(pair, b"\x11");
        let echoed = drain_master(pair);
        assert!(typed.ends_with(&echoed));
        assert_eq!(echoed.len(), 3840 - 33);
    });
}

#[test]
fn echo_needs_room_in_the_masters_chain() {
    on_pair(|pair| {
        let mut t = Termios::SLAVE;
        t.oflag = 0;
        set(pair, t);
        fill(pair, &pair.slave, &[b'x'; 1024]);
        input(pair, b"abc\n");
        let mut all = drain_master(pair);
        assert!(all.iter().all(|&c| c == b'x'));
        // Nothing but a write, or more to echo, brings it out.
        input(pair, b"d");
        all = drain_master(pair);
        assert_eq!(all, b"abc\nd");
    });
}

#[test]
fn tiny_buffers_echo_too() {
    on_pair_of(&Geometry::tiny(16, 4), |pair| {
        set(pair, Termios { oflag: 0, ..Termios::SLAVE });
        for _ in 0..10 {
            input(pair, b"ab\x7f\n");
            assert_eq!(drain_master(pair), b"ab\x08 \x08\n");
            expect(pair, 64, b"a\n");
        }
    });
}
