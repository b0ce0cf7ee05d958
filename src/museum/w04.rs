// SPDX-License-Identifier: GPL-2.0-only
//! W4: nobody restarts the work that found no line discipline.

use super::{BASE, Exhibit, Needs, Source, Tier};
use crate::machine::Variant;
use crate::verify::Property;

/// A change of discipline that gives up.
pub(super) const EBUSY: Exhibit = Exhibit {
    id: "W4",
    tier: Tier::Weakness,
    title: "tty_set_ldisc() restarts nothing when it gives up",
    source: Source::Code,
    wrong: "Somebody waits to change the line discipline, so the worker, which only tries, \
            takes nothing and ends. The change gives up after five seconds, with EBUSY: it \
            leaves TTY_LDISC_CHANGING set and restarts no work. The bytes stay until more \
            come.",
    reverts: "fix: clear the flag and restart the work",
    threads: 4,
    buffers: 1,
    fixed: Some(Variant::ChangeRestarts),
    property: Property::C3,
    code: "stall",
    script: "\
geometry n_tty_buf 8 ttyb_align 4 ttyb_page 4 mem_limit 64 write_chunk 8 read_chunk 8 throttle 1
machine ldsem
termios slave raw -echo
thread holder {
    hold slave
}
thread setter {
    setd slave 0
}
thread writer {
    write master \"a\"
}
",
    ..BASE
};

/// And the flag that it leaves behind.
pub(super) const CHANGING: Exhibit = Exhibit {
    id: "W4-changing",
    title: "tty_set_ldisc() leaves TTY_LDISC_CHANGING set when it gives up",
    wrong: "The same, seen by a reader: from then on every read that should wait says EAGAIN, \
            until somebody changes the line discipline successfully.",
    threads: 2,
    buffers: 0,
    property: Property::C2,
    code: "unexpected",
    script: "\
geometry n_tty_buf 8 ttyb_align 4 ttyb_page 4 mem_limit 64 write_chunk 8 read_chunk 8 throttle 1
machine ldsem
termios slave raw -echo min 0 time 1
thread holder {
    hold slave
}
thread setter {
    setd slave 0
}
read slave 8 wait
expect \"\"
",
    ..EBUSY
};

/// Another open after a hangup.
pub(super) const REOPEN: Exhibit = Exhibit {
    id: "W4-reopen",
    title: "tty_reopen() does not restart the work",
    wrong: "A tty was hung up and has no line discipline, so the worker takes nothing of what \
            comes. Who opens it again gets a line discipline, but not these bytes: they stay \
            until more come.",
    reverts: "fix: restart the work once there is a line discipline",
    threads: 1,
    buffers: 1,
    needs: Needs::Nothing,
    property: Property::C2,
    code: "unexpected",
    script: "\
geometry n_tty_buf 8 ttyb_align 4 ttyb_page 4 mem_limit 64 write_chunk 8 read_chunk 8 throttle 1
hangup slave
close slave
write master \"a\\n\"
open slave
read slave 8
expect \"a\\n\"
",
    ..EBUSY
};
