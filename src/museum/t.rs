// SPDX-License-Identifier: GPL-2.0-only
//! T: what the line discipline made of its input, each shown by one script with one right answer.

use super::{BASE, Exhibit, Needs, Source, Tier};
use crate::machine::Variant;
use crate::verify::Property;

/// `^D` exactly at the end of the buffer that was read into.
pub(super) const EOF: Exhibit = Exhibit {
    id: "T1",
    tier: Tier::Semantics,
    commit: "40d5e0905a03, 65a8b287023d",
    title: "n_tty: Fix EOF push handling; restore EOF push handling behavior",
    source: Source::Memory,
    wrong: "A read is full, and the next character is the EOF that pushed those bytes. It \
            stays, so the next read is empty: to most programs the end of all input.",
    reverts: "n_tty_read does not call canon_skip_eof",
    threads: 1,
    buffers: 1,
    needs: Needs::Nothing,
    broken: Variant::EofStays,
    property: Property::C2,
    code: "unexpected",
    script: "\
geometry n_tty_buf 8 ttyb_align 8 ttyb_page 8 mem_limit 64 write_chunk 8 read_chunk 2 throttle 1
termios slave sane -echo
write master \"abcd\\x04\"
read slave 4
expect \"abcd\"
read slave 4
expect EAGAIN
",
    ..BASE
};

/// One chunk a call.
pub(super) const SHORT: Exhibit = Exhibit {
    id: "T2",
    commit: "15ea8ae8e03f, d7fe75cbc23c",
    title: "n_tty_read() goes on from where its last chunk ended",
    wrong: "Reads go through a kernel buffer of 64 bytes. A call that ends with its first \
            chunk returns less than there is, and another reader may get the rest of its line.",
    reverts: "iterate_tty_read ends after one chunk",
    broken: Variant::ShortRead,
    script: "\
geometry n_tty_buf 8 ttyb_align 8 ttyb_page 8 mem_limit 64 write_chunk 8 read_chunk 2 throttle 1
termios slave raw -echo
write master \"abcd\"
read slave 4
expect \"abcd\"
",
    ..EOF
};

/// A line as long as the buffer.
pub(super) const FULL: Exhibit = Exhibit {
    id: "T3",
    commit: "c77569d2f326",
    title: "a full canonical line reads as nothing",
    wrong: "A canonical line of 4096 bytes fills the buffer. Taken modulo 4096 its length is \
            0, so the read is empty, and the next one too.",
    reverts: "canon_copy_from_read_buf masks the length of what is there",
    broken: Variant::MaskedLine,
    script: "\
geometry n_tty_buf 4 ttyb_align 8 ttyb_page 8 mem_limit 64 write_chunk 8 read_chunk 4 throttle 1
termios slave sane -echo
write master \"abc\\n\"
read slave 8
expect \"abc\\n\"
",
    ..EOF
};

/// A line longer than the buffer.
pub(super) const OVERLONG: Exhibit = Exhibit {
    id: "T4",
    commit: "fb5ef9e7da39",
    title: "n_tty: Fix buffer overruns with larger-than-4k pastes",
    year: 2014,
    wrong: "A canonical line does not fit. read_head goes on all the same and passes \
            read_tail: unread bytes are overwritten, and the line is read as something else.",
    reverts: "n_tty_receive_buf_common does not take back the last character",
    broken: Variant::OverlongGrows,
    code: "misread",
    script: "\
geometry n_tty_buf 4 ttyb_align 8 ttyb_page 8 mem_limit 64 write_chunk 8 read_chunk 4 throttle 1
termios slave sane -echo
write master \"abcdefg\\n\"
read slave 8
expect \"abc\\n\"
",
    ..EOF
};
