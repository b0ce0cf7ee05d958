// SPDX-License-Identifier: GPL-2.0-only
//! 2: the order of `next` and `commit`, at either side.

use super::{BASE, Exhibit, Needs, Source};
use crate::machine::Variant;
use crate::verify::Property;

/// The consumer loads them the wrong way round.
pub(super) const LOADS: Exhibit = Exhibit {
    id: "2a",
    title: "flush_to_ldisc: next is loaded before commit",
    source: Source::Code,
    wrong: "The worker finds nothing committed. The producer adds bytes to the same buffer and \
            links another one behind it. The worker sees the link and frees the buffer, the \
            bytes in it.",
    reverts: "flush_to_ldisc loads commit, then next",
    threads: 2,
    buffers: 2,
    broken: Variant::CommitLoadedFirst,
    property: Property::C2,
    code: "corrupted",
    script: "\
geometry n_tty_buf 8 ttyb_align 2 ttyb_page 2 mem_limit 64 write_chunk 8 read_chunk 8 throttle 1
termios slave raw -echo
write master \"a\"
settle
thread writer {
    write master \"b\"
    write master \"cdef\"
}
",
    ..BASE
};

/// The producer stores them the wrong way round.
pub(super) const STORES: Exhibit = Exhibit {
    id: "2b",
    title: "__tty_buffer_request_room: commit is stored before next",
    wrong: "The producer links the next buffer while this one's last bytes are not committed. \
            The worker sees the link and an old commit, and frees the buffer, the bytes in it.",
    reverts: "__tty_buffer_request_room stores next, then commit",
    broken: Variant::LinkedFirst,
    ..LOADS
};

/// One ordering less.
pub(super) const COMMIT: Exhibit = Exhibit {
    id: "2c-commit",
    title: "flush_to_ldisc: acquire and release of next and commit",
    wrong: "One of the four orderings is missing: the worker may see the link or the count and \
            not what they stand for.",
    reverts: "__tty_buffer_request_room stores commit relaxed",
    needs: Needs::Weak,
    broken: Variant::CommitReleased,
    property: Property::C4,
    code: "data-race",
    script: "\
geometry n_tty_buf 8 ttyb_align 2 ttyb_page 2 mem_limit 64 write_chunk 8 read_chunk 8 throttle 1
termios slave raw -echo
write master \"a\"
settle
thread writer {
    write master \"b\"
    write master \"cdef\"
}
",
    ..LOADS
};

/// One ordering less.
pub(super) const NEXT: Exhibit = Exhibit {
    id: "2c-next",
    reverts: "__tty_buffer_request_room stores next relaxed",
    broken: Variant::NextReleased,
    script: "\
geometry n_tty_buf 8 ttyb_align 2 ttyb_page 2 mem_limit 64 write_chunk 8 read_chunk 8 throttle 1
termios slave raw -echo
write master \"a\"
settle
thread writer {
    write master \"bcd\"
    write master \"ef\"
}
",
    ..COMMIT
};

/// One ordering less.
pub(super) const LOAD_NEXT: Exhibit = Exhibit {
    id: "2c-load-next",
    reverts: "flush_to_ldisc loads next relaxed",
    broken: Variant::NextAcquired,
    ..NEXT
};

/// One ordering less.
pub(super) const LOAD_COMMIT: Exhibit = Exhibit {
    id: "2c-load-commit",
    reverts: "flush_to_ldisc loads commit relaxed",
    broken: Variant::CommitAcquired,
    ..COMMIT
};
