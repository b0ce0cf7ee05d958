// SPDX-License-Identifier: GPL-2.0-only
//! A checkpoint between producer and worker.

use super::proof::Proof;
use ttysim::verify::Property;

/// One byte pushed before the threads start, one buffer's worth while they run.
const SCRIPT: &str = "geometry n_tty_buf 4 ttyb_align 1 ttyb_page 2 mem_limit 64 write_chunk 8 \
                      read_chunk 4 throttle 1\n\
                      termios slave raw -echo\n\
                      write master \"a\"\n\
                      thread writer {\n    write master \"bc\"\n}\n\
                      thread peeker {\n    checkpoint this slave as A\n}\n";

const PROOF: Proof = Proof {
    name: "producer + worker + peek",
    script: SCRIPT,
    design: Some("exclusive-restart"),
    preemptions: Some(2),
    blind: "schedules with more than two preemptions; a failing trylock",
};

#[test]
fn the_cut_is_whole_and_the_worker_restarted() {
    PROOF.holds();
}

/// The smallest geometry: a buffer holds one character's worth, and the worker runs once. Half a
/// minute of loom, 811,600 executions.
#[test]
fn without_a_bound_at_the_smallest_geometry() {
    Proof {
        name: "producer + worker + peek, one byte and one byte",
        script: "geometry n_tty_buf 4 ttyb_align 1 ttyb_page 1 mem_limit 64 write_chunk 8 \
                 read_chunk 4 throttle 1\n\
                 worker-runs 1\n\
                 termios slave raw -echo\n\
                 write master \"a\"\n\
                 thread writer {\n    write master \"b\"\n}\n\
                 thread peeker {\n    checkpoint this slave as A\n}\n",
        preemptions: None,
        blind: "a failing trylock; what gap.rs shows",
        ..PROOF
    }
    .holds();
}

#[test]
fn head_only_restart_is_caught() {
    let name = "producer + worker + peek, head-only restart";
    let found = Proof { name, design: Some("exclusive-ordered"), ..PROOF }.caught();
    assert_eq!((found.property, found.code), (Property::C3, "stall"));
}

#[test]
fn peeking_without_the_exclusive_lock_is_caught() {
    let name = "producer + worker + peek, no lock";
    let found = Proof { name, design: Some("peekraw-v2"), ..PROOF }.caught();
    assert!([Property::C1, Property::C4].contains(&found.property), "{found}");
}
