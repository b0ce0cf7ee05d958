// SPDX-License-Identifier: GPL-2.0-only
//! 17 and 18: a line discipline that is being set up.

use super::{BASE, Exhibit, Source, Tier};
use crate::machine::Variant;
use crate::verify::Property;

/// By the first open.
pub(super) const INIT: Exhibit = Exhibit {
    id: "17",
    tier: Tier::Lifetime,
    commit: "b027e2298bd5",
    title: "tty: fix data race between tty_init_dev and flush of buf",
    year: 2018,
    source: Source::Read,
    wrong: "The driver receives before the open is done, and the worker feeds a line \
            discipline whose data is not set up.",
    reverts: "tty_init_dev does not take the ldisc lock",
    threads: 2,
    buffers: 1,
    broken: Variant::InitUnlocked,
    property: Property::C4,
    code: "data-race",
    script: "\
geometry n_tty_buf 8 ttyb_align 4 ttyb_page 4 mem_limit 64 write_chunk 8 read_chunk 8 throttle 1
machine unopened
thread opener {
    open slave
}
thread writer {
    write master \"a\"
}
write master \"b\"
settle
",
    ..BASE
};

/// By another open after a hangup.
pub(super) const REOPEN: Exhibit = Exhibit {
    id: "18",
    tier: Tier::Lifetime,
    commit: "83d817f41070",
    title: "tty: Hold tty_ldisc_lock() during tty_reopen()",
    year: 2018,
    source: Source::Read,
    wrong: "A tty that was hung up is opened again and gets its line discipline back while the \
            worker has input for it.",
    reverts: "tty_reopen does not take the ldisc lock",
    threads: 2,
    buffers: 1,
    broken: Variant::ReopenUnlocked,
    property: Property::C4,
    code: "data-race",
    script: "\
geometry n_tty_buf 8 ttyb_align 4 ttyb_page 4 mem_limit 64 write_chunk 8 read_chunk 8 throttle 1
hangup slave
close slave
thread opener {
    open slave
}
thread writer {
    write master \"a\"
}
write master \"b\"
settle
",
    ..BASE
};
