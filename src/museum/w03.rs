// SPDX-License-Identifier: GPL-2.0-only
//! W3: the way out of a read through the cookie.

use super::{BASE, Exhibit, Needs, Source, Tier};
use crate::machine::Variant;
use crate::verify::Property;

/// It lacks the barrier that the other way out has.
pub(super) const EXHIBIT: Exhibit = Exhibit {
    id: "W3",
    tier: Tier::Weakness,
    title: "n_tty_read() continued by a cookie has no smp_mb before its kick",
    source: Source::Code,
    wrong: "A read of more than 64 bytes ends in its continuation. There read_tail is stored \
            and no_room loaded with no barrier between, so 1b is back: the worker sees the old \
            read_tail, the reader the old no_room.",
    reverts: "fix: an smp_mb there too",
    threads: 3,
    buffers: 1,
    needs: Needs::StoreBuffers,
    fixed: Some(Variant::CookieBarrier),
    property: Property::C3,
    code: "stall",
    script: "\
geometry n_tty_buf 4 ttyb_align 1 ttyb_page 1 mem_limit 64 write_chunk 8 read_chunk 2 throttle 1
termios slave raw -echo
sti slave \"a\"
sti slave \"b\"
sti slave \"c\"
thread writer {
    write master \"d\"
}
thread reader {
    read slave 4
}
",
    ..BASE
};
