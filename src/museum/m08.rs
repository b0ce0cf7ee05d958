// SPDX-License-Identifier: GPL-2.0-only
//! 8: waiting for the worker with a lock that the worker needs.

use super::{BASE, Exhibit, Source};
use crate::machine::Variant;
use crate::verify::Property;

/// `n_tty_read` keeps `termios_rwsem`.
pub(super) const READ: Exhibit = Exhibit {
    id: "8-read",
    title: "n_tty: fix data race in n_tty_poll() (a patch that was refused)",
    year: 2025,
    source: Source::Read,
    wrong: "A reader holds termios_rwsem and waits in flush_work for the worker, which has a \
            ^C to deal with and waits for termios_rwsem to take it for write.",
    reverts: "n_tty_read keeps termios_rwsem across tty_buffer_flush_work",
    threads: 2,
    buffers: 1,
    broken: Variant::ReadFlushesLocked,
    property: Property::C3,
    code: "deadlock",
    script: "\
geometry n_tty_buf 8 ttyb_align 4 ttyb_page 4 mem_limit 64 write_chunk 8 read_chunk 8 throttle 1
termios slave sane -echo
write master \"\\x03\"
thread reader {
    read slave 8
}
",
    ..BASE
};

/// `n_tty_poll` takes it, as the patch wanted.
pub(super) const POLL: Exhibit = Exhibit {
    id: "8-poll",
    reverts: "n_tty_poll takes termios_rwsem around tty_buffer_flush_work",
    broken: Variant::PollFlushesLocked,
    script: "\
geometry n_tty_buf 8 ttyb_align 4 ttyb_page 4 mem_limit 64 write_chunk 8 read_chunk 8 throttle 1
termios slave sane -echo
write master \"\\x03\"
thread poller {
    poll slave
}
",
    ..READ
};
