// SPDX-License-Identifier: GPL-2.0-only
//! What input modes do to characters: translations, flow control, signals.

use crate::*;
use ttysim::checkpoint::opaque;
use ttysim::tty_buffer::TTY_NORMAL;

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
fn a_read_that_finds_something_does_not_wait_for_the_worker() {
    on_pair(|pair| {
        set(pair, raw());
        input(pair, b"ab");
        assert_eq!(pair.master.tty_write(true, b"c"), Ok(1));
        assert_eq!(pair.slave.tty_read(true, 64), Ok(b"ab".to_vec()));
        // It finds nothing, and does.
        assert_eq!(pair.slave.tty_read(true, 64), Ok(b"c".to_vec()));
    });
}

/// Characters with a flag byte, as a serial driver would deliver them.
fn flagged(pair: &Pair, chars: &[u8], flag: u8) {
    let port = &pair.slave.port;
    assert_eq!(port.buf.insert_and_push(&port.lock, chars, flag), chars.len());
}

#[test]
fn flag_bytes_travel_with_their_characters() {
    for (flags, got) in [
        (0, &b"a\0b!cd"[..]),
        (iflag::IGNBRK, b"ab!cd"),
        (iflag::INPCK, b"a\0b\0cd"),
        (iflag::INPCK | iflag::IGNPAR, b"a\0bcd"),
        (iflag::INPCK | iflag::PARMRK, b"a\xff\0\0b\xff\0!cd"),
        (iflag::PARMRK, b"a\xff\0\0b!cd"),
    ] {
        on_pair(|pair| {
            let mut t = raw();
            // IXON keeps real_raw off, which would not look at flags.
            t.iflag = flags | iflag::IXON;
            set(pair, t);
            input(pair, b"a");
            flagged(pair, b"\0", TTY_BREAK);
            input(pair, b"b");
            flagged(pair, b"!", TTY_PARITY);
            flagged(pair, b"?", TTY_OVERRUN);
            input(pair, b"cd");
            expect(pair, 64, got);
        });
    }
}

#[test]
fn a_break_can_be_a_signal() {
    on_pair(|pair| {
        let mut t = raw();
        t.iflag = iflag::BRKINT;
        set(pair, t);
        input(pair, b"abc");
        flagged(pair, b"\0", TTY_BREAK);
        pair.settle();
        assert_eq!(pair.slave.signals(), [Signal::SIGINT]);
        expect_eagain(pair);
    });
}

#[test]
fn a_normal_character_in_a_flagged_buffer_is_normal() {
    on_pair(|pair| {
        let mut t = raw();
        t.iflag = iflag::INPCK | iflag::PARMRK;
        set(pair, t);
        flagged(pair, b"!", TTY_PARITY);
        pair.master.tty_write(true, b"abc").unwrap();
        assert_eq!(pair.slave.port.buf.observe().buffers, 1);
        expect(pair, 64, b"\xff\0!abc");
    });
}

#[test]
fn lookahead_acts_on_what_has_no_flag() {
    let stopped = |behind: &[(&[u8], u8)]| {
        let stopped = std::cell::Cell::new(None);
        on_pair(|pair| {
            set(pair, Termios { iflag: iflag::IXON, ..raw() });
            (0..3).for_each(|_| input(pair, &[b'x'; 2000]));
            assert!(pair.slave.disc_data.observe_no_room());
            for (chars, flag) in behind {
                flagged(pair, chars, *flag);
                pair.settle();
            }
            let now = opaque::observe(&pair.slave).slave.stopped;
            assert_eq!(stopped.replace(Some(now)).unwrap_or(now), now);
        });
        stopped.get().unwrap()
    };
    const STOP: &[u8] = b"\x13";
    assert!(stopped(&[(STOP, TTY_NORMAL)]));
    assert!(!stopped(&[(STOP, TTY_PARITY)]));
    assert!(stopped(&[(b"a", TTY_PARITY), (STOP, TTY_NORMAL)]));
    assert!(!stopped(&[(b"a", TTY_PARITY), (STOP, TTY_BREAK), (b"b", TTY_NORMAL)]));
}
