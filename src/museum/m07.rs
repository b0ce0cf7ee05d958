// SPDX-License-Identifier: GPL-2.0-only
//! 7: the other end is closed, and the last bytes are still in the flip chain.

use super::{BASE, Exhibit, Source};
use crate::machine::Variant;
use crate::verify::Property;

/// `n_tty_read` does not wait for the worker.
pub(super) const READ: Exhibit = Exhibit {
    id: "7a",
    commit: "0f40fbbcc34e",
    title: "tty: Fix OpenSSH pty regression on close",
    year: 2016,
    source: Source::Read,
    wrong: "The slave writes and closes. The master finds no input yet, and the other end \
            closed: EIO, while bytes sit in the flip buffer.",
    reverts: "n_tty_read does not call tty_buffer_flush_work",
    threads: 3,
    buffers: 1,
    broken: Variant::ReadWithoutFlush,
    property: Property::C2,
    code: "early-end",
    script: "\
geometry n_tty_buf 8 ttyb_align 4 ttyb_page 4 mem_limit 64 write_chunk 8 read_chunk 8 throttle 1
termios master raw -echo
termios slave raw -echo
write slave \"a\"
thread closer {
    close slave
}
thread reader {
    read master 8 wait
}
",
    ..BASE
};

/// Nor does `n_tty_poll`.
pub(super) const POLL: Exhibit = Exhibit {
    id: "7b",
    reverts: "n_tty_poll does not call tty_buffer_flush_work",
    broken: Variant::PollWithoutFlush,
    script: "\
geometry n_tty_buf 8 ttyb_align 4 ttyb_page 4 mem_limit 64 write_chunk 8 read_chunk 8 throttle 1
termios master raw -echo
termios slave raw -echo
write slave \"a\"
thread closer {
    close slave
}
thread reader {
    poll master
}
",
    ..READ
};

/// `n_tty_read` believes what it saw before it waited.
pub(super) const EARLY: Exhibit = Exhibit {
    id: "7c",
    commit: "52bce7f8d4fc, 1a48632ffed6",
    title: "pty, n_tty: the end of input on final close",
    year: 0,
    wrong: "The master finds no input yet, and the other end closed. It waits for the worker, \
            which brings the last bytes, and says EIO without looking again.",
    reverts: "n_tty_read tests TTY_OTHER_CLOSED before it looks at the buffer again",
    broken: Variant::ClosedBeforeRecheck,
    ..READ
};
