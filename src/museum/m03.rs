// SPDX-License-Identifier: GPL-2.0-only
//! 3: CVE-2022-1462, `commit` goes backwards.

use super::{BASE, Exhibit, Source};
use crate::machine::Variant;
use crate::verify::Property;

/// Two writers, and the commit is outside the lock. The two are the slave's echo and the ^S of
/// `TCIOFF`: all others are kept apart by `output_lock`.
pub(super) const EXHIBIT: Exhibit = Exhibit {
    id: "3",
    commit: "a501ab75e762",
    title: "tty: use new tty_insert_flip_string_and_push_buffer() in pty_write()",
    year: 2022,
    source: Source::Read,
    wrong: "CVE-2022-1462. A writer looks at used to commit it, without port->lock. Another \
            inserts and commits more, and the worker reads that. Then the first stores its old \
            value: commit - read underflows, and the worker reads beyond the buffer.",
    reverts: "pty_write commits after it let go of port->lock",
    threads: 3,
    buffers: 1,
    broken: Variant::CommitUnlocked,
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
