// SPDX-License-Identifier: GPL-2.0-only
//! 6: a run of the work that is on its way already sees the count and not the bytes.

use super::{BASE, Exhibit, Needs, Source};
use crate::machine::Variant;
use crate::verify::Property;

/// The push publishes `commit` without a RELEASE.
pub(super) const EXHIBIT: Exhibit = Exhibit {
    id: "6",
    commit: "facd885c7506",
    title: "tty: fix data race on tty_buffer.commit",
    year: 2015,
    source: Source::Read,
    wrong: "A worker that runs already sees the new commit, but not the bytes below it. (A run \
            that the push itself has queued sees them: queue_work orders.)",
    reverts: "tty_flip_buffer_commit stores commit relaxed",
    threads: 2,
    buffers: 1,
    needs: Needs::Weak,
    broken: Variant::PushReleased,
    property: Property::C4,
    code: "data-race",
    script: "\
geometry n_tty_buf 8 ttyb_align 4 ttyb_page 4 mem_limit 64 write_chunk 8 read_chunk 8 throttle 1
termios slave raw -echo
write master \"a\"
thread writer {
    write master \"b\"
}
",
    ..BASE
};
