// SPDX-License-Identifier: GPL-2.0-only
//! 24: a decision to throttle that was overtaken.

use super::{BASE, Exhibit, Source, Tier};
use crate::machine::Variant;
use crate::verify::Property;

/// On a serial port: a pty is never throttled for long.
pub(super) const EXHIBIT: Exhibit = Exhibit {
    id: "24",
    tier: Tier::Lifetime,
    commit: "38db89799bdf",
    title: "tty: throttling race fix",
    year: 2008,
    source: Source::Read,
    wrong: "The worker finds the buffer nearly full and decides to throttle. A reader empties \
            it and has nothing to unthrottle. Then the worker throttles: the peer sends \
            nothing, and nobody will read anything that would make it go on.",
    reverts: "tty_throttle_safe does not look at flow_change",
    threads: 3,
    buffers: 1,
    broken: Variant::ThrottleBlindly,
    property: Property::C3,
    code: "throttled",
    script: "\
geometry n_tty_buf 4 ttyb_align 4 ttyb_page 4 mem_limit 64 write_chunk 8 read_chunk 4 throttle 2
machine rts
termios slave raw -echo
thread writer {
    write master \"abc\"
}
thread reader {
    read slave 4 wait
}
",
    ..BASE
};
