// SPDX-License-Identifier: GPL-2.0-only
//! The other calls: TCXONC, TCFLSH, TIOCSTI, poll, close, TIOCSETD, exclusive access.

use crate::*;

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
        assert_eq!(pair.slave.tiocinq(), Ok(0));
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
        assert_eq!(pair.master.tiocoutq(), Ok(0));
        assert_eq!(pair.master.pty_write_room(), 8192 - 256);
    });
}

#[test]
fn a_read_that_finds_nothing_waits_for_the_worker() {
    on_pair(|pair| {
        set(pair, raw());
        pair.master.tty_write(true, b"abc").unwrap();
        assert_eq!(pair.slave.tiocinq(), Ok(0));
        assert_eq!(pair.slave.tty_read(true, 64).unwrap(), b"abc");
        pair.master.tty_write(true, b"abc").unwrap();
        assert!(pair.slave.poll().any(Revents::POLLIN));
        assert_eq!(pair.slave.tiocinq(), Ok(3));
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

#[test]
fn a_read_appends_to_what_the_buffer_holds() {
    const HELD: usize = 50;
    // MIN, what there is, what is asked for, and what comes: of a MIN that no chunk reaches, one chunk.
    for (min, there, nr, comes) in
        [(1, 3, 64, 3), (1, 200, 128, 128), (1, 200, 200, 200), (100, 200, 128, 64)]
    {
        on_pair(|pair| {
            let mut t = raw();
            t.cc[cc::VMIN] = min;
            set(pair, t);
            input(pair, &vec![b'x'; there]);
            let mut to = vec![b'-'; HELD];
            assert_eq!(pair.slave.tty_read_to(true, nr, &mut to), Ok(comes));
            assert_eq!(to, [vec![b'-'; HELD], vec![b'x'; comes]].concat());
        });
    }
    on_pair(|pair| {
        set(pair, cooked());
        input(pair, b"ab\n");
        let mut to = vec![b'-'; HELD];
        assert_eq!(pair.slave.tty_read_to(true, 64, &mut to), Ok(3));
        assert_eq!(pair.slave.tty_read_to(true, 64, &mut to), Err(Errno::EAGAIN));
        assert_eq!(to[HELD..], *b"ab\n");
    });
}
