// SPDX-License-Identifier: GPL-2.0-only
//! 2: the order of `next` and `commit`, at either side.

use super::{Exhibit, Needs, Source, Tier};
use crate::machine::Variant;
use crate::verify::Property;

const SCRIPT: &str = "\
geometry n_tty_buf 8 ttyb_align 2 ttyb_page 2 mem_limit 64 write_chunk 8 read_chunk 8 throttle 1
termios slave raw -echo
write master \"a\"
settle
thread writer {
    write master \"b\"
    write master \"cdef\"
}
";

/// The consumer loads them the wrong way round.
pub(super) const LOADS: Exhibit = Exhibit {
    id: "2a",
    tier: Tier::Pipeline,
    commit: "",
    title: "flush_to_ldisc: next is loaded before commit",
    year: 0,
    source: Source::Code,
    wrong: "The worker finds nothing committed. The producer adds bytes to the same buffer and \
            links another one behind it. The worker sees the link and frees the buffer, the bytes \
            in it.",
    reverts: "flush_to_ldisc loads commit, then next",
    threads: 2,
    buffers: 2,
    needs: Needs::Interleaving,
    broken: Variant::CommitLoadedFirst,
    fixed: Some(Variant::Today),
    property: Property::C2,
    code: "corrupted",
    script: SCRIPT,
};

/// The producer stores them the wrong way round.
pub(super) const STORES: Exhibit = Exhibit {
    id: "2b",
    title: "__tty_buffer_request_room: commit is stored before next",
    wrong: "The producer links the next buffer while this one's last bytes are not committed. The \
            worker sees the link and an old commit, and frees the buffer, the bytes in it.",
    reverts: "__tty_buffer_request_room stores next, then commit",
    broken: Variant::LinkedFirst,
    ..LOADS
};
