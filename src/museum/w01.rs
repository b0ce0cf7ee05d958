// SPDX-License-Identifier: GPL-2.0-only
//! W1: exclusive access does not restart the work for what is behind a consumed head.

use super::{BASE, Exhibit, Source, Tier};
use crate::machine::Variant;
use crate::verify::Property;

/// The work steps aside for `TIOCSTI` with its head consumed and bytes in the next buffer.
pub(super) const W1: Exhibit = Exhibit {
    id: "W1",
    tier: Tier::Weakness,
    title: "tty_buffer_unlock_exclusive() ignores head->next",
    source: Source::Code,
    wrong: "The work leaves because somebody wants exclusive access, at a head that is read up \
            and has a next buffer with data. Whoever unlocks looks at the head alone and \
            restarts nothing: the bytes stay until more come.",
    reverts: "fix: restart the work also if head->next is set",
    threads: 3,
    buffers: 1,
    fixed: Some(Variant::RestartIfNext),
    property: Property::C3,
    code: "stall",
    script: "\
geometry n_tty_buf 8 ttyb_align 1 ttyb_page 1 mem_limit 64 write_chunk 8 read_chunk 8 throttle 1
termios slave raw -echo
thread writer {
    write master \"a\"
}
thread typist {
    sti slave \"x\"
}
",
    ..BASE
};

/// The same, another fix.
pub(super) const ANY: Exhibit = Exhibit {
    id: "W1-any",
    reverts: "fix: restart the work if any buffer of the chain holds data",
    fixed: Some(Variant::RestartIfAny),
    ..W1
};

/// The same, another fix.
pub(super) const ALWAYS: Exhibit = Exhibit {
    id: "W1-always",
    reverts: "fix: always restart the work",
    fixed: Some(Variant::RestartAlways),
    ..W1
};
