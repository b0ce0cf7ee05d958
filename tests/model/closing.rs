// SPDX-License-Identifier: GPL-2.0-only
//! Closing, opening again, hanging up; and another line discipline.

use crate::*;
use ttysim::ldisc_ref::{N_NULL, N_TTY};

#[test]
fn a_closed_slave_leaves_the_master_what_is_queued() {
    on_pair(|pair| {
        set(pair, raw());
        (0..4).for_each(|_| send(pair, &pair.slave, &[b'x'; 2000]));
        pair.slave.tty_release();
        let read = |nr| read_master(pair, nr).map(|b| b.len());
        assert_eq!(read(10000), Ok(4095));
        assert_eq!(read(10000), Ok(3905));
        assert_eq!(read(10000), Err(Errno::EIO));
        assert!(pair.master.poll().any(Revents::POLLHUP));
        assert_eq!(pair.master.tty_write(true, b"x"), Ok(1));
    });
}

#[test]
fn an_opened_slave_has_what_it_had() {
    on_pair(|pair| {
        set(pair, raw());
        input(pair, b"unread");
        pair.slave.tty_release();
        assert_eq!(pair.slave.tty_read(true, 64), Err(Errno::EIO));
        assert_eq!(pair.slave.tty_write(true, b"x"), Err(Errno::EIO));
        input(pair, b"more");
        assert_eq!(pair.slave.tty_open(), Ok(()));
        assert!(!pair.master.poll().any(Revents::POLLHUP));
        assert_eq!(pair.slave.get_termios(), raw());
        expect(pair, 64, b"unreadmore");
        send(pair, &pair.slave, b"back");
        expect_master(pair, 64, b"back");
    });
}

#[test]
fn the_master_cannot_be_opened_again() {
    on_pair(|pair| {
        assert_eq!(pair.master.tty_open(), Err(Errno::EIO));
        pair.master.tty_release();
        assert_eq!(pair.slave.tty_open(), Err(Errno::EIO));
    });
}

#[test]
fn a_closed_master_hangs_the_slave_up() {
    on_pair(|pair| {
        set(pair, raw());
        input(pair, b"unread");
        pair.master.tty_release();
        pair.settle();
        let slave = &pair.slave;
        assert_eq!(slave.tty_read(true, 64), Ok(Vec::new()));
        assert_eq!(slave.tty_read(false, 64), Ok(Vec::new()));
        assert_eq!(slave.tty_write(true, b"x"), Err(Errno::EIO));
        assert_eq!(slave.poll().0, 0x15d);
        assert_eq!(slave.tiocinq(), Err(Errno::EIO));
        assert_eq!(slave.tiocoutq(), Err(Errno::EIO));
        assert_eq!(slave.tcflush(Queue::Both), Err(Errno::EIO));
        assert_eq!(slave.tcxonc(FlowAction::OutputOff), Err(Errno::EIO));
        assert_eq!(slave.tiocsti(b'x'), Err(Errno::EIO));
        assert_eq!(slave.tty_set_ldisc(N_TTY), Err(Errno::EIO));
        assert_eq!(slave.tty_set_ldisc(99), Err(Errno::EIO));
        assert_eq!(slave.set_termios(raw()), Err(Errno::EIO));
        assert_eq!(slave.pty_set_pktmode(true), Err(Errno::EIO));
        assert!(slave.tty_ldisc_ref().is_none());
        slave.tty_release();
    });
}

#[test]
fn a_hangup_wakes_a_sleeping_reader() {
    let reader: races::Racer = ("reader", |_, slave| {
        // Which of the two depends on how far the hangup has come.
        let got = slave.tty_read(false, 64);
        assert!(got == Ok(Vec::new()) || got == Err(Errno::EIO), "{got:?}");
    });
    let closer: races::Racer = ("closer", |master, _| master.tty_release());
    for seed in 0..2000 {
        races::race(seed, b"", &[reader, closer], |_| {});
    }
}

#[test]
fn a_hangup_wakes_a_sleeping_writer() {
    let writer: races::Racer = ("writer", |_, slave| {
        // More than the chain takes, and nobody reads.
        let written = slave.tty_write(false, &[b'x'; 1000]);
        assert!(written == Err(Errno::EIO) || written.is_ok_and(|n| n < 1000), "{written:?}");
    });
    let closer: races::Racer = ("closer", |master, _| master.tty_release());
    for seed in 0..500 {
        races::race(seed, b"", &[writer, closer], |_| {});
    }
}

#[test]
fn a_hangup_is_an_error_of_the_sleeping_writers_file() {
    let full = |pair: &Pair| while pair.slave.tty_write(true, b"x").is_ok() {};
    let writer: races::Racer = ("writer", |_, slave| {
        // The master stays open, and the hangup makes room: but not for this file.
        assert_eq!(slave.tty_write(false, b"x"), Err(Errno::EIO));
    });
    let hanger: races::Racer = ("hanger", |_, slave| slave.tiocvhangup().unwrap());
    for seed in 0..500 {
        races::race_from(full, seed, &[writer, hanger], |_| {});
    }
}

#[test]
fn n_null_refuses_everything_and_leaves_the_chain_alone() {
    on_pair(|pair| {
        set(pair, raw());
        input(pair, b"gone");
        let slave = &pair.slave;
        assert_eq!(slave.tty_set_ldisc(N_NULL), Ok(()));
        assert_eq!(slave.tty_ldisc_ref().map(|ld| ld.ldisc.num()), Some(N_NULL));
        assert_eq!(slave.tty_read(true, 64), Err(Errno::EOPNOTSUPP));
        assert_eq!(slave.tty_write(true, b"x"), Err(Errno::EOPNOTSUPP));
        assert_eq!(slave.poll().0, 0);
        assert_eq!(slave.tiocinq(), Err(Errno::EINVAL));
        assert_eq!(slave.tcflush(Queue::In), Err(Errno::EINVAL));
        assert_eq!(slave.set_termios(raw()), Err(Errno::EINVAL));
        assert_eq!(slave.tiocsti(b'x'), Ok(()));
        input(pair, b"kept");
        assert_eq!(slave.tty_set_ldisc(N_TTY), Ok(()));
        pair.settle();
        assert_eq!(slave.get_termios(), raw());
        expect(pair, 64, b"kept");
        expect_eagain(pair);
    });
}

#[test]
fn a_discipline_comes_back_empty() {
    on_pair(|pair| {
        set(pair, Termios { oflag: oflag::OPOST | oflag::XTABS, ..Termios::SLAVE });
        send(pair, &pair.slave, b"abc");
        input(pair, b"half a line");
        drain_master(pair);
        pair.slave.tty_set_ldisc(N_NULL).unwrap();
        pair.slave.tty_set_ldisc(N_TTY).unwrap();
        input(pair, b"\x7fx\n");
        expect(pair, 64, b"x\n");
        assert_eq!(drain_master(pair), b"x\n");
        send(pair, &pair.slave, b"\t|");
        assert_eq!(drain_master(pair), b"       |");
    });
}

#[test]
fn the_master_can_have_n_null_too() {
    on_pair(|pair| {
        set(pair, raw());
        pair.master.tty_set_ldisc(N_NULL).unwrap();
        send(pair, &pair.slave, b"hey");
        assert_eq!(pair.master.tty_read(true, 64), Err(Errno::EOPNOTSUPP));
        pair.master.tty_set_ldisc(N_TTY).unwrap();
        pair.settle();
        expect_master(pair, 64, b"hey");
    });
}
