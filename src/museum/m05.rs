// SPDX-License-Identifier: GPL-2.0-only
//! 5: a wakeup that depends on what one CPU has not told the other yet.

use super::{BASE, Exhibit, Needs, Source};
use crate::machine::Variant;
use crate::verify::Property;

/// `waitqueue_active()` without a barrier.
pub(super) const EXHIBIT: Exhibit = Exhibit {
    id: "5",
    commit: "e81107d4c6bd",
    title: "tty: fix stall caused by missing memory barrier in drivers/tty/n_tty.c",
    year: 2015,
    source: Source::Memory,
    wrong: "The worker publishes bytes and looks whether anybody waits; its store is still in \
            its store buffer. The reader enters the wait queue, looks for bytes, sees none, \
            and sleeps; nobody wakes it.",
    reverts: "the wakeups of read_wait are guarded by waitqueue_active()",
    threads: 2,
    buffers: 1,
    needs: Needs::StoreBuffers,
    broken: Variant::WakeIfActive,
    property: Property::C3,
    code: "sleeping-reader",
    script: "\
geometry n_tty_buf 8 ttyb_align 4 ttyb_page 4 mem_limit 64 write_chunk 8 read_chunk 8 throttle 1
termios slave raw -echo
write master \"a\"
thread reader {
    read slave 1 wait
}
",
    ..BASE
};
