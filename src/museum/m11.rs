// SPDX-License-Identifier: GPL-2.0-only
//! 11: what is in `read_buf`, and what the indices say.

use super::{BASE, Exhibit, Needs, Source};
use crate::machine::Variant;
use crate::verify::Property;

/// The index moves before the byte is there.
pub(super) const PUBLISHED: Exhibit = Exhibit {
    id: "11a",
    commit: "8bfbe2de769a",
    title: "read_head is published before the byte is stored",
    year: 2014,
    source: Source::Memory,
    wrong: "A reader that is keyed on an index which moves before the byte is stored reads \
            what stood there before.",
    reverts: "n_tty_receive_buf_real_raw publishes commit_head before it stores the bytes",
    threads: 3,
    buffers: 1,
    broken: Variant::PublishedFirst,
    property: Property::C4,
    code: "data-race",
    script: "\
geometry n_tty_buf 4 ttyb_align 4 ttyb_page 4 mem_limit 64 write_chunk 8 read_chunk 8 throttle 1
termios slave raw -echo
thread writer {
    write master \"abcd\"
}
thread reader {
    read slave 4
}
",
    ..BASE
};

/// One ordering less.
pub(super) const HEAD: Exhibit = Exhibit {
    id: "11b-head",
    commit: "70aca71f92ca",
    title: "n_tty: Fix unordered accesses to lockless read buffer",
    year: 2015,
    source: Source::Read,
    wrong: "The indices are read without a lock. Without release and acquire a reader sees the \
            index and not the bytes, or the worker overwrites bytes that a reader has not \
            copied yet.",
    reverts: "__receive_buf stores commit_head relaxed",
    needs: Needs::Weak,
    broken: Variant::HeadReleased,
    ..PUBLISHED
};

/// One ordering less.
pub(super) const LOAD_HEAD: Exhibit = Exhibit {
    id: "11b-load-head",
    reverts: "copy_from_read_buf loads commit_head relaxed",
    broken: Variant::HeadAcquired,
    ..HEAD
};

/// One ordering less.
pub(super) const TAIL: Exhibit = Exhibit {
    id: "11b-tail",
    reverts: "copy_from_read_buf stores read_tail relaxed",
    broken: Variant::TailReleased,
    script: "\
geometry n_tty_buf 4 ttyb_align 4 ttyb_page 4 mem_limit 64 write_chunk 8 read_chunk 4 throttle 1
termios slave raw -echo
write master \"abcd\"
settle
thread writer {
    write master \"ef\"
}
thread reader {
    read slave 3
}
",
    ..HEAD
};

/// One ordering less.
pub(super) const LOAD_TAIL: Exhibit = Exhibit {
    id: "11b-load-tail",
    reverts: "n_tty_receive_buf_common loads read_tail relaxed",
    broken: Variant::TailAcquired,
    ..TAIL
};
