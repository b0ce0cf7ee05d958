// SPDX-License-Identifier: GPL-2.0-only
//! 23: the line disciplines of both ends, locked at once.

use super::{BASE, Exhibit, Source, Tier};
use crate::machine::Variant;
use crate::verify::Property;

/// In the order of the call.
pub(super) const EXHIBIT: Exhibit = Exhibit {
    id: "23",
    tier: Tier::Lifetime,
    commit: "36697529b5bb",
    title: "tty: Replace ldisc locking with ldisc_sem",
    year: 2013,
    source: Source::Read,
    wrong: "Two calls lock the line disciplines of both ends, each its own first: each waits \
            for the other.",
    reverts: "tty_set_ldisc takes the ldisc_sem of its own end, then that of the other",
    threads: 2,
    buffers: 0,
    broken: Variant::LockBoth,
    property: Property::C3,
    code: "deadlock",
    script: "\
geometry n_tty_buf 8 ttyb_align 4 ttyb_page 4 mem_limit 64 write_chunk 8 read_chunk 8 throttle 1
termios slave raw -echo
thread one {
    setd slave 0
}
thread two {
    setd master 0
}
",
    ..BASE
};
