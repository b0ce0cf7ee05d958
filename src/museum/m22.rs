// SPDX-License-Identifier: GPL-2.0-only
//! 22: after a hangup there is no line discipline.

use super::{BASE, Exhibit, Source, Tier};
use crate::machine::Variant;
use crate::verify::Property;

/// `tty_ldisc_ref_wait` returns NULL.
pub(super) const EXHIBIT: Exhibit = Exhibit {
    id: "22",
    tier: Tier::Lifetime,
    commit: "e55afd11a483",
    title: "tty_ldisc_ref_wait() may return NULL after a hangup",
    year: 2016,
    source: Source::Read,
    wrong: "A call has passed the test for a hangup and waits for the line discipline. The \
            hangup leaves none, and the call follows NULL.",
    reverts: "the NULL check behind tty_ldisc_ref_wait",
    threads: 2,
    buffers: 0,
    broken: Variant::NoNullCheck,
    property: Property::C4,
    code: "null-dereference",
    script: "\
geometry n_tty_buf 8 ttyb_align 4 ttyb_page 4 mem_limit 64 write_chunk 8 read_chunk 8 throttle 1
termios slave raw -echo
thread closer {
    close master
}
thread other {
    inq slave
}
",
    ..BASE
};
