// SPDX-License-Identifier: GPL-2.0-only
//! 15: the consumer lets go of the chain while the line discipline works on it.

use super::{BASE, Exhibit, Source};
use crate::machine::Variant;
use crate::verify::Property;

/// `buf->lock` is not held in `receive_buf`.
pub(super) const EXHIBIT: Exhibit = Exhibit {
    id: "15",
    commit: "42fd552e8647, c8e33141911b",
    title: "flush_to_ldisc and flushes are not kept apart",
    year: 2009,
    source: Source::Read,
    wrong: "While the line discipline takes the bytes of a buffer, a flush frees it or moves \
            on; the worker then goes on in what it remembers.",
    reverts: "flush_to_ldisc drops buf->lock around receive_buf",
    threads: 3,
    buffers: 2,
    broken: Variant::ReceiveUnlocked,
    property: Property::C4,
    code: "data-race",
    script: "\
geometry n_tty_buf 8 ttyb_align 1 ttyb_page 1 mem_limit 64 write_chunk 8 read_chunk 8 throttle 1
termios slave raw -echo
write master \"abcd\"
thread flusher {
    flush slave in
}
",
    ..BASE
};
