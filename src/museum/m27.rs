// SPDX-License-Identifier: GPL-2.0-only
//! 27: CVE-2014-0196, raw output against the echo.

use super::{BASE, Exhibit, Source, Tier};
use crate::machine::Variant;
use crate::verify::Property;

/// `output_lock` is not taken. Today `port->lock` would mask it, so that goes as well.
pub(super) const EXHIBIT: Exhibit = Exhibit {
    id: "27",
    tier: Tier::Lifetime,
    commit: "4291086b1f08",
    title: "n_tty: Fix n_tty_write crash when echoing in raw mode",
    year: 2014,
    source: Source::Read,
    wrong: "CVE-2014-0196. Raw output does without output_lock, so it and the echo fill the \
            same flip buffer at once: used passes the buffer's end.",
    reverts: "n_tty_write takes no output_lock in raw mode, pty_write no port->lock",
    threads: 3,
    buffers: 1,
    broken: Variant::RawUnlocked,
    property: Property::C4,
    code: "data-race",
    script: "\
geometry n_tty_buf 8 ttyb_align 2 ttyb_page 2 mem_limit 64 write_chunk 8 read_chunk 8 throttle 1
termios slave raw echo
write master \"a\"
thread writer {
    write slave \"x\"
}
",
    ..BASE
};
