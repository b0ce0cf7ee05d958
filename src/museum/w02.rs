// SPDX-License-Identifier: GPL-2.0-only
//! W2: `TIOCSTI` says that there is room.

use super::{BASE, Exhibit, Source, Tier};
use crate::machine::Variant;
use crate::verify::Property;

/// The reader that makes room restarts nobody, for `no_room` is gone.
pub(super) const EXHIBIT: Exhibit = Exhibit {
    id: "W2",
    tier: Tier::Weakness,
    title: "TIOCSTI clears no_room of a full buffer",
    source: Source::Code,
    wrong: "The buffer is full and no_room set. TIOCSTI, which cannot be held back, stores 0 \
            there and drops its character. With W1 the work is not restarted, and the reader \
            that makes room finds nothing to restart.",
    reverts: "fix: TIOCSTI leaves no_room alone",
    threads: 4,
    buffers: 2,
    fixed: Some(Variant::StiLeavesNoRoom),
    property: Property::C3,
    code: "stall",
    script: "\
geometry n_tty_buf 2 ttyb_align 1 ttyb_page 1 mem_limit 64 write_chunk 8 read_chunk 2 throttle 1
termios slave raw -echo
write master \"za\"
settle
read slave 1
settle
thread writer {
    write master \"bc\"
}
thread typist {
    sti slave \"x\"
}
",
    ..BASE
};
