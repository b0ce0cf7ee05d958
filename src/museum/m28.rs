// SPDX-License-Identifier: GPL-2.0-only
//! 28: a wakeup that is meant for others.

use super::{BASE, Exhibit, Source, Tier};
use crate::machine::Variant;
use crate::verify::Property;

/// The key says POLLIN alone.
pub(super) const EXHIBIT: Exhibit = Exhibit {
    id: "28",
    tier: Tier::Lifetime,
    title: "poll: the wake key leaves POLLRDNORM out",
    year: 2022,
    source: Source::Read,
    wrong: "Input wakes with the key POLLIN. Who polls for POLLRDNORM alone sleeps on, for \
            ever.",
    reverts: "the wakeup of __receive_buf names EPOLLIN only",
    threads: 3,
    buffers: 1,
    broken: Variant::KeyedWakeup,
    property: Property::C3,
    code: "sleeping-poller",
    script: "\
geometry n_tty_buf 8 ttyb_align 4 ttyb_page 4 mem_limit 64 write_chunk 8 read_chunk 8 throttle 1
termios slave raw -echo
thread writer {
    write master \"a\"
}
thread poller {
    await slave POLLRDNORM
}
",
    ..BASE
};
