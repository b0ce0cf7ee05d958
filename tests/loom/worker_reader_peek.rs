// SPDX-License-Identifier: GPL-2.0-only
//! A checkpoint between worker and reader, over the end of the circular buffer.

use super::proof::Proof;
use ttysim::verify::Property;

const PROOF: Proof = Proof {
    name: "worker + reader + peek",
    script: "geometry n_tty_buf 4 ttyb_align 1 ttyb_page 1 mem_limit 64 write_chunk 8 read_chunk 4 \
             throttle 1\n\
             termios slave raw -echo\n\
             write master \"abc\"\n\
             settle\n\
             read slave 2\n\
             write master \"de\"\n\
             settle\n\
             thread reader {\n    read slave 3\n}\n\
             thread peeker {\n    checkpoint this slave as A\n}\n",
    design: Some("exclusive-restart"),
    preemptions: None,
    blind: "a failing trylock; a sleeping reader",
};

#[test]
fn the_reader_and_the_peek_agree() {
    PROOF.holds();
}

#[test]
fn a_linear_copy_is_caught() {
    let found = Proof { name: "linear copy", design: Some("peekraw-v2"), ..PROOF }.caught();
    assert_eq!((found.property, found.code), (Property::C4, "out-of-bounds"));
}
