// SPDX-License-Identifier: GPL-2.0-only
//! W11: the end of input is said before the input has ended.

use super::{BASE, Exhibit, Source, Tier};
use crate::machine::Variant;
use crate::verify::Property;

/// EIO.
pub(super) const READ: Exhibit = Exhibit {
    id: "W11",
    tier: Tier::Weakness,
    title: "n_tty_read() tests TTY_OTHER_CLOSED after it has waited for the worker",
    source: Source::Code,
    wrong: "The reader finds nothing, waits for the worker, which has nothing, and looks \
            again. Now the slave writes and closes. The reader sees the other end closed and \
            returns EIO: to most programs the end of all input, with the last bytes unread.",
    reverts: "fix: look at TTY_OTHER_CLOSED before waiting for the worker",
    threads: 3,
    buffers: 1,
    fixed: Some(Variant::ClosedBeforeFlush),
    property: Property::C2,
    code: "early-end",
    script: "\
geometry n_tty_buf 8 ttyb_align 4 ttyb_page 4 mem_limit 64 write_chunk 8 read_chunk 8 throttle 1
termios master raw -echo
termios slave raw -echo
thread closer {
    write slave \"a\"
    close slave
}
thread reader {
    read master 8
}
",
    ..BASE
};

/// POLLHUP without POLLIN.
pub(super) const POLL: Exhibit = Exhibit {
    id: "W11-poll",
    title: "n_tty_poll() tests TTY_OTHER_CLOSED after it has waited for the worker",
    wrong: "The same in poll: POLLHUP alone, while the last bytes are on their way.",
    fixed: Some(Variant::ClosedBeforeFlush),
    script: "\
geometry n_tty_buf 8 ttyb_align 4 ttyb_page 4 mem_limit 64 write_chunk 8 read_chunk 8 throttle 1
termios master raw -echo
termios slave raw -echo
thread closer {
    write slave \"a\"
    close slave
}
thread poller {
    poll master
}
",
    ..READ
};
