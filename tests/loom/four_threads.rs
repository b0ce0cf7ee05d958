// SPDX-License-Identifier: GPL-2.0-only
//! Producer, worker, reader and checkpoint at once. Stock loom does not finish this without a
//! bound; the bound is stated, and `ttysim check` explores the same shape completely.

use super::proof::Proof;
use ttysim::verify::Property;

const PROOF: Proof = Proof {
    name: "producer + worker + reader + peek",
    script: "geometry n_tty_buf 4 ttyb_align 1 ttyb_page 2 mem_limit 64 write_chunk 8 read_chunk 4 \
             throttle 1\n\
             worker-runs 1\n\
             termios slave raw -echo\n\
             write master \"a\"\n\
             thread writer {\n    write master \"bc\"\n}\n\
             thread reader {\n    read slave 2\n}\n\
             thread peeker {\n    checkpoint this slave as A\n}\n",
    design: Some("exclusive-restart"),
    preemptions: Some(1),
    blind: "schedules with more than one preemption (`ttysim prove` runs two); failing trylocks",
};

#[test]
fn nothing_breaks_within_the_bound() {
    PROOF.holds();
}

#[test]
fn head_only_restart_is_caught() {
    let found = Proof {
        name: "four threads, head-only restart",
        design: Some("exclusive-ordered"),
        preemptions: Some(2),
        ..PROOF
    }
    .caught();
    assert_eq!((found.property, found.code), (Property::C3, "stall"));
}
