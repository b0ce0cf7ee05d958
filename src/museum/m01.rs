// SPDX-License-Identifier: GPL-2.0-only
//! 1: the worker and the reader each miss what the other did about `no_room`.

use super::{BASE, Exhibit, Needs, Source};
use crate::machine::Variant;
use crate::verify::Property;

/// `no_room` is set after a reader has emptied the buffer and found nothing to restart.
pub(super) const RECHECK: Exhibit = Exhibit {
    id: "1a",
    commit: "4903fde8047a",
    title: "tty: fix hang on tty device with no_room set",
    year: 2023,
    source: Source::Read,
    wrong: "The worker finds the read buffer full. Before it sets no_room a reader empties the \
            buffer, sees no_room unset and restarts nothing; then the worker sets it and \
            leaves. What is in the flip chain stays there.",
    reverts: "n_tty_receive_buf_common does not look at the buffer again after it set no_room",
    threads: 3,
    buffers: 1,
    broken: Variant::NoRecheck,
    property: Property::C3,
    code: "stall",
    script: "\
geometry n_tty_buf 2 ttyb_align 1 ttyb_page 1 mem_limit 64 write_chunk 8 read_chunk 2 throttle 1
termios slave raw -echo
write master \"ab\"
settle
thread writer {
    write master \"c\"
}
thread reader {
    read slave 1
    read slave 1
}
",
    ..BASE
};

/// One barrier of the two, in the reader.
pub(super) const READER: Exhibit = Exhibit {
    id: "1b-reader",
    wrong: "As 1a, where the recheck is there. But the reader loads no_room before its store \
            of read_tail is seen, and the worker on the other side sees the old read_tail. (On \
            x86 the wakeup of the writers, which comes between, takes a lock and so hides \
            this.)",
    reverts: "n_tty_read has no smp_mb before its last kick",
    needs: Needs::Weaker,
    broken: Variant::NoReaderBarrier,
    script: "\
geometry n_tty_buf 2 ttyb_align 1 ttyb_page 1 mem_limit 64 write_chunk 8 read_chunk 2 throttle 1
termios slave raw -echo
sti slave \"a\"
thread writer {
    write master \"b\"
}
thread reader {
    read slave 1
}
",
    ..RECHECK
};

/// The other, in the worker.
pub(super) const WORKER: Exhibit = Exhibit {
    id: "1b-worker",
    wrong: "As 1a, where the recheck is there. But the store of no_room waits in its store \
            buffer while read_tail is loaded, and the reader on the other side sees the old \
            no_room.",
    reverts: "n_tty_receive_buf_common has no smp_mb before its recheck",
    needs: Needs::StoreBuffers,
    broken: Variant::NoWorkerBarrier,
    ..READER
};
