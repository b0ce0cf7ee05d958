// SPDX-License-Identifier: GPL-2.0-only
//! Who takes how much: the capacity table of Linux 6.18, and getting it all out again.

use crate::*;

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
    assert_eq!(to.tiocinq(), Ok(4095), "writes of {size}");
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
        assert_eq!(pair.slave.tiocinq(), Ok(0));
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
        assert_eq!(pair.slave.tiocinq(), Ok(4032));
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
        assert_eq!(pair.slave.tiocinq(), Ok(4095));
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
