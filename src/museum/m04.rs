// SPDX-License-Identifier: GPL-2.0-only
//! 4: two writers fill the same place.

use super::{BASE, Exhibit, Source};
use crate::machine::Variant;
use crate::verify::Property;

/// `pty_write` without `port->lock`. The two writers are the slave's echo and the ^S of `TCIOFF`: all
/// others are kept apart by `output_lock`.
pub(super) const EXHIBIT: Exhibit = Exhibit {
    id: "4",
    commit: "b6da31b2c07c",
    title: "tty: Fix data race in tty_insert_flip_string_fixed_flag",
    year: 2018,
    source: Source::Memory,
    wrong: "Two writers read the same used, copy to the same place, and both add to used: \
            bytes are lost, a gap of stale ones is read in their stead, and used may pass the \
            end.",
    reverts: "pty_write does without port->lock",
    threads: 3,
    buffers: 1,
    broken: Variant::InsertUnlocked,
    property: Property::C4,
    code: "data-race",
    script: "\
geometry n_tty_buf 8 ttyb_align 2 ttyb_page 2 mem_limit 64 write_chunk 8 read_chunk 8 throttle 1
termios slave raw echo
write master \"a\"
thread flow {
    flow slave ioff
}
",
    ..BASE
};
