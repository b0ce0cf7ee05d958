// SPDX-License-Identifier: GPL-2.0-only
//! 31: the work of a port that is gone.

use super::{BASE, Exhibit, Source, Tier};
use crate::machine::Variant;
use crate::verify::Property;

/// The last close takes back its own end's work only.
pub(super) const EXHIBIT: Exhibit = Exhibit {
    id: "31",
    tier: Tier::Lifetime,
    commit: "b9ca5f8560af",
    title: "tty: pty: Fix race condition between release_one_tty and pty_write",
    year: 2019,
    source: Source::Read,
    wrong: "The last close of a pair cancels the work of its own port and frees both. The \
            other's may still run, on memory that is gone.",
    reverts: "release_tty does not cancel the work of the link's port",
    threads: 2,
    buffers: 1,
    broken: Variant::LinkNotCancelled,
    property: Property::C4,
    code: "data-race",
    script: "\
geometry n_tty_buf 8 ttyb_align 4 ttyb_page 4 mem_limit 64 write_chunk 8 read_chunk 8 throttle 1
termios slave raw -echo
write master \"a\"
thread closer {
    close slave
    close master
}
",
    ..BASE
};
