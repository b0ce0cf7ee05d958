// SPDX-License-Identifier: GPL-2.0-only
//! 16: two at the echo buffer at once.

use super::{BASE, Exhibit, Needs, Source};
use crate::machine::Variant;
use crate::verify::Property;

/// A reset without the lock.
pub(super) const RESET: Exhibit = Exhibit {
    id: "16a",
    commit: "ebec3f8f5271",
    title: "n_tty: Access echo_* variables carefully",
    year: 2018,
    source: Source::Memory,
    wrong: "A reset of the indices falls between what the output of echoes has loaded and what \
            it stores: then echo_tail is beyond echo_commit, and the loop that drops echoes \
            goes round the whole range of an index.",
    reverts: "n_tty_flush_buffer resets echo_* without output_lock; the echo loops compare \
            unmasked indices",
    threads: 3,
    buffers: 1,
    broken: Variant::EchoReset,
    property: Property::C3,
    code: "livelock",
    script: "\
geometry n_tty_buf 4 ttyb_align 4 ttyb_page 4 mem_limit 64 write_chunk 8 read_chunk 4 throttle 1
termios slave raw ixon echo
write master \"\\x13abc\"
settle
thread writer {
    write master \"\\x11\"
}
thread flusher {
    flush slave in
    write slave \"x\"
}
",
    ..BASE
};

/// The end of an operation is taken for granted.
pub(super) const HALF: Exhibit = Exhibit {
    id: "16b",
    wrong: "An operation of the echo buffer has two bytes or three. If its end is not stored \
            yet, whatever stands there is taken for it. With one producer at a time no half \
            operation is ever marked for output, so this takes bug 9 as well, and what is \
            found first is that.",
    reverts: "n_tty_process_echo_ops reads beyond echo_commit; tiocsti does not keep the worker \
            out",
    broken: Variant::HalfOperation,
    property: Property::C4,
    code: "data-race",
    script: "\
geometry n_tty_buf 8 ttyb_align 4 ttyb_page 4 mem_limit 64 write_chunk 8 read_chunk 8 throttle 1
termios slave sane
write master \"z\"
settle
thread writer {
    write master \"\\x01\"
}
thread typist {
    sti slave \"\\x02\"
}
",
    ..RESET
};

/// The barriers between a byte and its index.
pub(super) const BARRIERS: Exhibit = Exhibit {
    id: "16c",
    wrong: "echo_buf is stored and read around its indices without output_lock. Today whoever \
            marks or outputs takes that lock, which orders more than the two barriers do, so \
            this takes bug 9 as well, and what is found first is that.",
    reverts: "add_echo_byte has no smp_wmb, echo_buf no smp_rmb; tiocsti does not keep the \
            worker out",
    needs: Needs::Weak,
    broken: Variant::EchoBarriers,
    ..HALF
};
