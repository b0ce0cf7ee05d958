// SPDX-License-Identifier: GPL-2.0-only
//! 16: two at the echo buffer at once.

use super::{BASE, Exhibit, Source};
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
