// SPDX-License-Identifier: GPL-2.0-only
//! W10: the recheck of 1a restarts nothing for a buffer that was not emptied.

use super::{BASE, Exhibit, Source, Tier};
use crate::machine::Variant;
use crate::verify::Property;

/// Who polls for VMIN bytes waits for ever for those that would fit.
pub(super) const EXHIBIT: Exhibit = Exhibit {
    id: "W10",
    tier: Tier::Weakness,
    title: "the no_room recheck asks for an empty buffer, not for room",
    source: Source::Code,
    wrong: "As 1a, but the reader takes a part only. The recheck finds bytes in the buffer and \
            leaves. A poll for VMIN bytes, or a reader that only ever polls, waits for what is \
            in the flip chain although there is room for it.",
    reverts: "fix: the recheck asks whether there is room",
    threads: 3,
    buffers: 1,
    fixed: Some(Variant::RecheckRoom),
    property: Property::C3,
    code: "sleeping-poller",
    script: "\
geometry n_tty_buf 4 ttyb_align 4 ttyb_page 4 mem_limit 64 write_chunk 8 read_chunk 4 throttle 1
termios slave raw -echo min 3
write master \"abcd\"
settle
thread writer {
    write master \"e\"
}
thread reader {
    read slave 1
    read slave 1
    await slave POLLIN
}
",
    ..BASE
};
