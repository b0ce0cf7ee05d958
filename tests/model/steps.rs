// SPDX-License-Identifier: GPL-2.0-only
//! Where orders are explored, the model takes the kernel's steps: one character at a time, one chunk
//! at a time. Natively many may be one (`Runtime::batch`); here that would hide an interleaving.

use crate::*;

/// How often the seeded runtime passes `site` while `body` runs.
fn passes(site: &str, body: impl Fn(&Pair)) -> usize {
    let config = Config { record: true, ..Config::default() };
    let execution = execute(config, &mut First, || body(&fresh(Runtime::Seeded, &Geometry::LINUX)));
    assert_eq!((execution.end, execution.panic), (End::Completed, None));
    execution.trace.iter().filter(|event| event.op.site == site).count()
}

/// What `bytes` read raw, in one call of `nr` bytes, passes.
fn passes_of_read(site: &str, bytes: usize, nr: usize) -> usize {
    passes(site, |pair| {
        set(pair, raw());
        input(pair, &vec![b'x'; bytes]);
        expect(pair, nr, &vec![b'x'; bytes.min(nr)]);
    })
}

#[test]
fn each_byte_of_an_echo_is_stored_on_its_own() {
    let typed = |typed: &[u8]| {
        passes("add_echo_byte.smp_wmb", |pair| {
            set(pair, Termios::SLAVE);
            input(pair, typed);
        })
    };
    // With the first of a line comes the operation that says where the line starts.
    for (bytes, stored) in [(&b"a"[..], 3), (b"abc", 5), (b"\x01", 4), (b"a\x01", 5), (b"a\n", 4)] {
        assert_eq!(typed(bytes), stored, "{}", bytes.escape_ascii());
    }
}

#[test]
fn each_byte_of_an_echo_is_looked_at_on_its_own() {
    let looks = passes("echo_buf.smp_rmb", |pair| {
        set(pair, Termios::SLAVE);
        input(pair, b"abcd");
    });
    assert_eq!(looks, 2 + 4);
}

#[test]
fn echoes_are_output_each_time_that_a_block_has_come_together() {
    let blocks = |typed: usize, stopped: bool| {
        passes("commit_echoes.echo_commit_set", |pair| {
            set(pair, Termios::SLAVE);
            if stopped {
                pair.slave.tcxonc(FlowAction::OutputOff).unwrap();
            }
            input(pair, &vec![b'a'; typed]);
        })
    };
    // With the first of a line come two bytes more: 256 are there with the 254th.
    assert_eq!([253, 254, 509, 510].map(|n| blocks(n, false)), [0, 1, 1, 2]);
    // Those two need no room, and are gone then. Behind a block that could not be output comes the next
    // block, not the next character.
    assert_eq!([253, 254, 255, 256, 511, 512].map(|n| blocks(n, true)), [0, 1, 1, 2, 2, 3]);
}

#[test]
fn a_read_moves_its_tail_once_a_chunk() {
    let moves = |bytes, nr| passes_of_read("copy_from_read_buf.read_tail_set", bytes, nr);
    assert_eq!(
        [moves(1, 1), moves(64, 64), moves(65, 65), moves(200, 128), moves(200, 200)],
        [1, 1, 2, 2, 4]
    );
}

#[test]
fn a_read_moves_its_tail_at_the_end_of_the_buffer() {
    let moves = passes("copy_from_read_buf.read_tail_set", |pair| {
        set(pair, raw());
        input(pair, &[b'x'; 2048]);
        input(pair, &[b'x'; 2040]);
        expect(pair, 4096, &[b'x'; 4088]);
        input(pair, b"0123456789abcdef");
        expect(pair, 64, b"0123456789abcdef");
    });
    assert_eq!(moves, 4088 / 64 + 1 + 2);
}

#[test]
fn a_read_keeps_its_locks_while_there_is_more_to_copy() {
    // With a cookie, until it is told that the user's buffer is full.
    let kept = |bytes, nr| passes_of_read("n_tty_read.more_icanon", bytes, nr);
    assert_eq!([kept(1, 1), kept(64, 64), kept(64, 200), kept(65, 65)], [0, 0, 0, 1]);
    assert_eq!([kept(200, 64), kept(200, 128), kept(200, 200)], [1, 2, 3]);
}

#[test]
fn lookahead_that_saw_nothing_is_not_counted_down() {
    let counted = |typed: &'static [u8], read: bool| {
        passes("receive_buf.lookahead_count_sub", |pair| {
            set(pair, raw());
            input(pair, typed);
            if read {
                drain(pair, 64);
            }
        })
    };
    assert_eq!(counted(b"ab", true), 0);
    // What does not fit waits behind a full buffer, and is looked at there.
    assert_eq!(counted(&[b'x'; 5000], false), 0);
    assert_ne!(counted(&[b'x'; 5000], true), 0);
}

#[test]
fn a_run_that_is_not_echoed_is_one_look_at_lnext_and_each_echoed_character_one() {
    let looks = |termios: Termios| {
        passes("n_tty_receive_buf_standard.lnext", |pair| {
            set(pair, termios);
            input(pair, b"abcd\n");
        })
    };
    assert_eq!([looks(cooked()), looks(Termios::SLAVE)], [2, 5]);
}

#[test]
fn what_opost_leaves_alone_is_one_block() {
    let blocks = |oflag: u32, text: &'static [u8]| {
        let taken_and_let_go = passes("process_output_block.output_lock", |pair| {
            set(pair, Termios { oflag, ..Termios::SLAVE });
            send(pair, &pair.slave, text);
        });
        taken_and_let_go / 2
    };
    let capitals = oflag::OPOST | oflag::OLCUC;
    assert_eq!([blocks(oflag::OPOST, b"abc"), blocks(capitals, b"\x01\x02")], [1, 1]);
    // A CR is left alone where it is neither dropped nor made a newline.
    let dropped = oflag::OPOST | oflag::ONOCR;
    assert_eq!(
        [blocks(oflag::OPOST, b"\r\r"), blocks(dropped, b"a\rb"), blocks(dropped, b"a\r\rb")],
        [1, 1, 2]
    );
    // Each of these is output on its own, after a block of none.
    assert_eq!([blocks(oflag::OPOST, b"\t\t"), blocks(capitals, b"ab")], [2, 2]);
}
