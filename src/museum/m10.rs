// SPDX-License-Identifier: GPL-2.0-only
//! 10: characters behind those that lookahead has seen.

use super::{BASE, Exhibit, Source};
use crate::machine::Variant;
use crate::verify::Property;

/// The pointer stays where it was. One run of the worker must get more than lookahead has seen.
pub(super) const EXHIBIT: Exhibit = Exhibit {
    id: "10",
    commit: "b19ab7ee2c4c",
    title: "tty: n_tty: Fix buffer offsets when lookahead is used",
    year: 2024,
    source: Source::Read,
    wrong: "Of a run of characters the first ones were looked at already, so they are dealt \
            with apart. For the rest the pointers are not advanced: the first ones are taken \
            twice, the last ones never.",
    reverts: "__receive_buf does not advance cp and fp by la_count",
    threads: 2,
    buffers: 1,
    broken: Variant::NotAdvanced,
    property: Property::C2,
    code: "garbled",
    script: "\
geometry n_tty_buf 8 ttyb_align 8 ttyb_page 8 mem_limit 64 write_chunk 8 read_chunk 8 throttle 1
termios slave raw ixon -echo
write master \"abcdefgh\"
settle
thread writer {
    write master \"ij\"
}
thread reader {
    read slave 4
}
",
    ..BASE
};
