// SPDX-License-Identifier: GPL-2.0-only
//! W8: `n_tty_poll` reads `icanon` and the settings without `termios_rwsem`.

use super::{BASE, Exhibit, Source, Tier};
use crate::verify::Property;

/// A change of mode beside a poll.
pub(super) const EXHIBIT: Exhibit = Exhibit {
    id: "W8",
    tier: Tier::Weakness,
    title: "n_tty_poll() reads icanon without a lock",
    source: Source::Code,
    wrong: "A poll looks at a mode that is just being changed, finds nothing to read and \
            sleeps, although there is something in the new mode.",
    reverts: "",
    threads: 2,
    buffers: 1,
    fixed: None,
    property: Property::C3,
    code: "sleeping-poller",
    script: "\
geometry n_tty_buf 8 ttyb_align 4 ttyb_page 4 mem_limit 64 write_chunk 8 read_chunk 8 throttle 1
termios slave sane -echo
write master \"abc\"
settle
thread poller {
    await slave POLLIN
}
thread setter {
    termios slave -icanon min 1
}
",
    ..BASE
};
