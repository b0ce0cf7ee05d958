// SPDX-License-Identifier: GPL-2.0-only
//! 26: a writer that wakes itself.

use super::{BASE, Exhibit, Source, Tier};
use crate::machine::Variant;
use crate::verify::Property;

/// `process_echoes` comes round to `process_echoes`.
pub(super) const EXHIBIT: Exhibit = Exhibit {
    id: "26",
    tier: Tier::Lifetime,
    commit: "807708844979",
    title: "process_echoes calls itself through write_wakeup",
    year: 2009,
    source: Source::Read,
    wrong: "The echo is written to the pty, which wakes the writers of the tty it came from: \
            its line discipline's write_wakeup outputs echoes, and waits for the lock that it \
            holds itself.",
    reverts: "pty_write calls the write_wakeup of its own line discipline",
    threads: 1,
    buffers: 1,
    broken: Variant::WriteWakesSelf,
    property: Property::C3,
    code: "deadlock",
    script: "\
geometry n_tty_buf 8 ttyb_align 4 ttyb_page 4 mem_limit 64 write_chunk 8 read_chunk 8 throttle 1
termios slave raw echo
write master \"a\"
thread reader {
    read slave 1
}
",
    ..BASE
};
