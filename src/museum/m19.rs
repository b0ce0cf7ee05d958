// SPDX-License-Identifier: GPL-2.0-only
//! 19 and 20: a reader sleeps, and holds the line discipline meanwhile.

use super::{BASE, Exhibit, Source, Tier};
use crate::machine::Variant;
use crate::verify::Property;

/// It does not let go for a change of discipline.
pub(super) const CHANGE: Exhibit = Exhibit {
    id: "19",
    tier: Tier::Lifetime,
    commit: "c96cf923a98d",
    title: "tty: Don't block on IO when ldisc change is pending",
    year: 2018,
    source: Source::Read,
    wrong: "A reader sleeps with its reference to the line discipline, and nobody who waits to \
            change that asks it to let go.",
    reverts: "n_tty_read does not test TTY_LDISC_CHANGING",
    threads: 2,
    buffers: 0,
    broken: Variant::BlindToChange,
    property: Property::C3,
    code: "deadlock",
    script: "\
geometry n_tty_buf 8 ttyb_align 4 ttyb_page 4 mem_limit 64 write_chunk 8 read_chunk 8 throttle 1
termios slave raw -echo
thread reader {
    read slave 1 wait
}
thread setter {
    setd slave 27
}
",
    ..BASE
};

/// Nor for a hangup.
pub(super) const HANGUP: Exhibit = Exhibit {
    id: "20",
    tier: Tier::Lifetime,
    commit: "28b0f8a6962a",
    title: "a reader sleeps through a hangup",
    year: 2018,
    source: Source::Read,
    wrong: "A hangup wakes a reader whose file it leaves alone (/dev/console). The reader does \
            not look whether its tty is being hung up, sleeps again with its reference, and \
            the hangup waits for that.",
    reverts: "n_tty_read tests neither TTY_HUPPING nor TTY_LDISC_CHANGING",
    threads: 2,
    buffers: 0,
    broken: Variant::BlindToHangup,
    property: Property::C3,
    code: "deadlock",
    script: "\
geometry n_tty_buf 8 ttyb_align 4 ttyb_page 4 mem_limit 64 write_chunk 8 read_chunk 8 throttle 1
machine console
termios slave raw -echo
thread reader {
    read slave 1 wait
}
thread hangup {
    hangup slave
}
",
    ..BASE
};
