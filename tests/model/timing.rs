// SPDX-License-Identifier: GPL-2.0-only
//! `VMIN` and `VTIME`, on the virtual clock.

use crate::*;
use races::{Racer, race_with};

fn timed(min: u8, time: u8) -> Termios {
    let mut t = raw();
    t.cc[cc::VMIN] = min;
    t.cc[cc::VTIME] = time;
    t
}

#[test]
fn min_0_time_n_gives_up_after_n() {
    let reader: Racer = ("reader", |_, slave| {
        assert_eq!(slave.tty_read(false, 64), Ok(Vec::new()));
    });
    race_with(timed(0, 5), 1, b"", &[reader], |_| {});
}

#[test]
fn min_0_time_n_takes_what_comes_in_time() {
    let reader: Racer = ("reader", |_, slave| {
        let got = slave.tty_read(false, 64);
        assert!(got.is_ok_and(|got| !got.is_empty()));
    });
    let writer: Racer = ("writer", |master, _| {
        assert_eq!(master.tty_write(true, b"x"), Ok(1));
    });
    // The clock moves only when nobody can: the byte is always in time.
    for seed in 0..500 {
        race_with(timed(0, 1), seed, b"", &[reader, writer], |_| {});
    }
}

#[test]
fn min_n_time_n_waits_between_bytes_only() {
    let reader: Racer = ("reader", |_, slave| {
        assert_eq!(slave.tty_read(false, 64), Ok(b"ab".to_vec()));
    });
    for seed in 0..200 {
        race_with(timed(5, 2), seed, b"ab", &[reader], |_| {});
    }
}

#[test]
fn min_n_is_enough_before_time_is_up() {
    let reader: Racer = ("reader", |_, slave| {
        assert_eq!(slave.tty_read(false, 3), Ok(b"abc".to_vec()));
    });
    let writer: Racer = ("writer", |master, _| {
        assert_eq!(master.tty_write(true, b"c"), Ok(1));
    });
    for seed in 0..200 {
        race_with(timed(3, 9), seed, b"ab", &[reader, writer], |_| {});
    }
}

#[test]
fn min_counts_what_is_read_and_not_what_the_buffer_held() {
    let reader: Racer = ("reader", |_, slave| {
        let mut to = b"xyz".to_vec();
        assert_eq!(slave.tty_read_to(false, 3, &mut to), Ok(3));
        assert_eq!(to, b"xyzabc");
    });
    let writer: Racer = ("writer", |master, _| {
        assert_eq!(master.tty_write(true, b"c"), Ok(1));
    });
    for seed in 0..50 {
        race_with(timed(3, 0), seed, b"ab", &[reader, writer], |_| {});
    }
}

#[test]
fn without_waiting_time_does_not_count() {
    on_pair(|pair| {
        set(pair, timed(0, 5));
        assert_eq!(read(pair, 64), Err(Errno::EAGAIN));
        set(pair, timed(0, 0));
        expect(pair, 64, b"");
        set(pair, timed(5, 5));
        input(pair, b"ab");
        assert!(pair.slave.poll().any(Revents::POLLIN));
        expect(pair, 64, b"ab");
    });
}
