// SPDX-License-Identifier: GPL-2.0-only
//! Packet mode.

use crate::*;

/// A pair with these settings whose master is in packet mode.
fn on_packet_pair(termios: Termios, body: impl Fn(&Pair)) {
    on_pair(|pair| {
        set(pair, termios);
        pair.master.pty_set_pktmode(true).unwrap();
        body(pair);
    });
}

/// A status that `act` causes.
fn assert_status(termios: Termios, act: impl Fn(&Pair), status: u8) {
    on_packet_pair(termios, |pair| {
        act(pair);
        pair.settle();
        let due = Revents::POLLPRI | Revents::POLLIN | Revents::POLLRDNORM;
        assert_eq!(pair.master.poll().0 & due, due);
        expect_master(pair, 64, &[status]);
        assert!(!pair.master.poll().any(Revents::POLLPRI));
        assert_eq!(read_master(pair, 64), Err(Errno::EAGAIN));
    });
}

#[test]
fn statuses() {
    let cooked = cooked();
    let no_ixon = Termios { iflag: cooked.iflag & !iflag::IXON, ..cooked };
    let extproc = Termios { lflag: cooked.lflag | lflag::EXTPROC, ..cooked };
    assert_status(cooked, |p| input(p, b"\x13"), 0x04);
    assert_status(cooked, |p| input(p, b"\x13\x11"), 0x08);
    assert_status(cooked, |p| p.slave.tcflush(Queue::In).unwrap(), 0x01);
    assert_status(cooked, |p| p.slave.tcflush(Queue::Out).unwrap(), 0x02);
    assert_status(cooked, |p| p.slave.tcflush(Queue::Both).unwrap(), 0x03);
    assert_status(cooked, |p| input(p, b"\x03"), 0x03);
    assert_status(cooked, |p| set(p, no_ixon), 0x10);
    assert_status(no_ixon, |p| set(p, cooked), 0x20);
    assert_status(cooked, |p| set(p, extproc), 0x40);
    assert_status(extproc, |p| set(p, cooked), 0x40);
    assert_status(cooked, |p| p.slave.tcxonc(FlowAction::OutputOff).unwrap(), 0x04);
    assert_status(cooked, |p| p.slave.tty_set_ldisc(27).unwrap(), 0x01);
}

#[test]
fn other_flow_characters_are_not_the_masters_business() {
    let mut other = cooked();
    other.cc[cc::VSTOP] = b'x';
    assert_status(cooked(), |p| set(p, other), 0x10);
}

#[test]
fn status_comes_before_data_and_alone() {
    on_packet_pair(raw(), |pair| {
        send(pair, &pair.slave, b"hello");
        pair.slave.tcxonc(FlowAction::OutputOff).unwrap();
        assert_eq!(pair.master.tiocinq(), Ok(5));
        expect_master(pair, 64, b"\x04");
        expect_master(pair, 64, b"\x00hello");
    });
}

#[test]
fn a_packet_has_one_header_however_long_it_is() {
    on_packet_pair(raw(), |pair| {
        send(pair, &pair.slave, &[b'x'; 200]);
        expect_master(pair, 150, &[&[0][..], &[b'x'; 149]].concat());
        expect_master(pair, 150, &[&[0][..], &[b'x'; 51]].concat());
    });
}

#[test]
fn a_read_of_one_byte_gets_only_headers() {
    on_packet_pair(raw(), |pair| {
        send(pair, &pair.slave, b"x");
        expect_master(pair, 1, b"\x00");
        expect_master(pair, 1, b"\x00");
        expect_master(pair, 2, b"\x00x");
    });
}

#[test]
fn turning_it_on_forgets_what_was_due() {
    on_packet_pair(cooked(), |pair| {
        input(pair, b"\x13");
        pair.master.pty_set_pktmode(true).unwrap();
        assert!(pair.master.poll().any(Revents::POLLPRI));
        pair.master.pty_set_pktmode(false).unwrap();
        assert!(!pair.master.poll().any(Revents::POLLPRI));
        pair.master.pty_set_pktmode(true).unwrap();
        assert!(!pair.master.poll().any(Revents::POLLPRI));
    });
}

#[test]
fn only_the_master_can_be_in_packet_mode() {
    on_pair(|pair| {
        assert_eq!(pair.slave.pty_set_pktmode(true), Err(Errno::ENOTTY));
    });
}

#[test]
fn what_the_master_does_to_itself_has_no_status() {
    on_packet_pair(cooked(), |pair| {
        pair.master.tcflush(Queue::Both).unwrap();
        pair.master.tcxonc(FlowAction::OutputOff).unwrap();
        assert!(!pair.master.poll().any(Revents::POLLPRI));
    });
}

#[test]
fn a_status_wakes_a_sleeping_reader() {
    let reader: races::Racer = ("reader", |master, _| {
        master.pty_set_pktmode(true).unwrap();
        assert_eq!(master.tty_read(false, 64), Ok(vec![0x04]));
    });
    let stopper: races::Racer = ("stopper", |master, slave| {
        if master.ctrl.packet.load("test", Ordering::Relaxed) == 0 {
            // Before packet mode is on, nobody is told: do it again once it is.
            master.pty_set_pktmode(true).unwrap();
        }
        slave.tcxonc(FlowAction::OutputOff).unwrap();
    });
    for seed in 0..1000 {
        races::race(seed, b"", &[reader, stopper], |_| {});
    }
}
