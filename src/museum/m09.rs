// SPDX-License-Identifier: GPL-2.0-only
//! 9: `TIOCSTI` and the worker are two producers at once.

use super::{BASE, Exhibit, Source};
use crate::machine::Variant;
use crate::verify::Property;

/// `TIOCSTI` without exclusive access to the flip chain.
pub(super) const EXHIBIT: Exhibit = Exhibit {
    id: "9",
    commit: "bb2853a6a421",
    title: "tty: Fix data race between tiocsti() and flush_to_ldisc()",
    year: 2021,
    source: Source::Memory,
    wrong: "TIOCSTI and the worker both feed the line discipline, each with termios_rwsem held \
            for read only: they store to the same place of read_buf and both move read_head.",
    reverts: "tiocsti does not call tty_buffer_lock_exclusive",
    threads: 3,
    buffers: 1,
    broken: Variant::StiUnlocked,
    property: Property::C4,
    code: "data-race",
    script: "\
geometry n_tty_buf 8 ttyb_align 2 ttyb_page 2 mem_limit 64 write_chunk 8 read_chunk 8 throttle 1
termios slave raw -echo
write master \"z\"
settle
thread writer {
    write master \"a\"
}
thread typist {
    sti slave \"x\"
}
",
    ..BASE
};
