// SPDX-License-Identifier: GPL-2.0-only
//! TIOCSTI against producer and worker: the stall of Linux 6.18 (museum W1), found by loom too.

use super::proof::Proof;
use ttysim::verify::Property;

const PROOF: Proof = Proof {
    name: "producer + worker + TIOCSTI",
    script: "geometry n_tty_buf 8 ttyb_align 1 ttyb_page 1 mem_limit 64 write_chunk 8 read_chunk 8 \
             throttle 1\n\
             termios slave raw -echo\n\
             thread writer {\n    write master \"ab\"\n}\n\
             thread typist {\n    sti slave \"x\"\n}\n",
    design: None,
    preemptions: None,
    blind: "nothing that matters here: it finds the stall",
};

#[test]
fn the_unlock_overlooks_what_is_behind_the_head() {
    let found = PROOF.caught();
    assert_eq!((found.property, found.code), (Property::C3, "stall"));
}
