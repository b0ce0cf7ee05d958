// SPDX-License-Identifier: GPL-2.0-only
//! 14: who restarts a worker that stopped for want of room.

use super::{BASE, Exhibit, Source};
use crate::machine::Variant;
use crate::verify::Property;

/// The worker itself, at once and for ever.
pub(super) const LIVELOCK: Exhibit = Exhibit {
    id: "14a",
    commit: "a5660b41af6a",
    title: "tty: fix endless work loop when the buffer fills up",
    year: 2011,
    source: Source::Read,
    wrong: "The line discipline takes nothing, so the worker queues itself again, finds the \
            buffer full again, and so on until somebody reads.",
    reverts: "flush_to_ldisc queues its work when nothing was taken",
    threads: 2,
    buffers: 1,
    broken: Variant::RequeueWhenFull,
    property: Property::C3,
    code: "livelock",
    script: "\
geometry n_tty_buf 2 ttyb_align 1 ttyb_page 1 mem_limit 64 write_chunk 8 read_chunk 2 throttle 1
termios slave raw -echo
thread writer {
    write master \"ab\"
}
",
    ..BASE
};

/// Nobody, after a read.
pub(super) const NO_KICK: Exhibit = Exhibit {
    id: "14b",
    commit: "42458f41d08f",
    title: "n_tty: Ensure reader restarts worker for next reader",
    year: 2014,
    source: Source::Read,
    wrong: "A reader makes room and leaves without restarting the worker. The next one waits \
            for bytes that fit into the buffer and stay in the flip chain.",
    reverts: "n_tty_read does not call n_tty_kick_worker on its way out",
    threads: 3,
    buffers: 1,
    broken: Variant::NoKickAtExit,
    property: Property::C3,
    code: "sleeping-poller",
    script: "\
geometry n_tty_buf 4 ttyb_align 2 ttyb_page 2 mem_limit 64 write_chunk 8 read_chunk 4 throttle 1
termios slave raw -echo min 3
write master \"abcde\"
settle
thread reader {
    read slave 1
}
thread poller {
    await slave POLLIN
}
",
    ..BASE
};

/// Nobody, after a flush.
pub(super) const FLUSH: Exhibit = Exhibit {
    id: "14c",
    commit: "6461d31053e6",
    title: "Add driver unthrottle in ioctl(TCFLSH)",
    year: 0,
    source: Source::Read,
    wrong: "TCFLSH empties a full read buffer. What came since its first half, which empties \
            the flip chain, stays there: the worker has stopped, and no later read restarts \
            it.",
    reverts: "n_tty_flush_buffer does not kick the worker, tcflush does not unthrottle",
    threads: 3,
    buffers: 1,
    broken: Variant::FlushWithoutKick,
    property: Property::C3,
    code: "stall",
    script: "\
geometry n_tty_buf 2 ttyb_align 1 ttyb_page 1 mem_limit 64 write_chunk 8 read_chunk 2 throttle 1
termios slave raw -echo
write master \"ab\"
settle
thread flusher {
    flush slave in
}
thread writer {
    write master \"c\"
}
",
    ..BASE
};
