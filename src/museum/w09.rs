// SPDX-License-Identifier: GPL-2.0-only
//! W9: the recheck of 1a counts lines where readers count bytes.

use super::{BASE, Exhibit, Source, Tier};
use crate::machine::Variant;
use crate::verify::Property;

/// With ICANON and EXTPROC.
pub(super) const EXHIBIT: Exhibit = Exhibit {
    id: "W9",
    tier: Tier::Weakness,
    title: "the no_room recheck under ICANON|EXTPROC",
    source: Source::Code,
    wrong: "With ICANON and EXTPROC reads go by commit_head, but chars_in_buffer, which the \
            recheck asks, by canon_head, which does not move. So a buffer that a reader has \
            just emptied does not look empty, and 1a is back.",
    reverts: "fix: the recheck counts as reads do",
    threads: 3,
    buffers: 1,
    fixed: Some(Variant::RecheckExtproc),
    property: Property::C3,
    code: "stall",
    script: "\
geometry n_tty_buf 2 ttyb_align 1 ttyb_page 1 mem_limit 64 write_chunk 8 read_chunk 2 throttle 1
termios slave raw -echo icanon extproc
write master \"z\"
settle
read slave 1
write master \"ab\"
settle
thread writer {
    write master \"c\"
}
thread reader {
    read slave 1
    read slave 1
}
",
    ..BASE
};
