// SPDX-License-Identifier: GPL-2.0-only
//! W6: the bit-fields of `n_tty_data` share a byte.

use super::{BASE, Exhibit, Source, Tier};
use crate::machine::Variant;
use crate::verify::Property;

/// The reader's `push = 0` takes the worker's `lnext = 1` with it.
pub(super) const EXHIBIT: Exhibit = Exhibit {
    id: "W6",
    tier: Tier::Weakness,
    title: "lnext, erasing and push are written at once",
    source: Source::Code,
    wrong: "Worker and reader hold termios_rwsem for read and write bit-fields of the same \
            byte. The reader clears push; what it stores back has no lnext, which the worker \
            has just set: ^V is forgotten, and the ^C behind it is a signal.",
    reverts: "fix: each field is written in one atomic step",
    threads: 3,
    buffers: 1,
    fixed: Some(Variant::AtomicBits),
    property: Property::C2,
    code: "unexpected",
    script: "\
geometry n_tty_buf 8 ttyb_align 4 ttyb_page 4 mem_limit 64 write_chunk 8 read_chunk 8 throttle 1
termios slave raw -echo
write master \"ab\"
settle
termios slave sane -echo
thread writer {
    write master \"\\x16\\x03c\\n\"
}
thread reader {
    read slave 8
}
settle
read slave 8
expect \"\\x03c\\n\"
",
    ..BASE
};
