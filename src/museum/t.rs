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

/// Two readers, one line each.
pub(super) const TORN: Exhibit = Exhibit {
    id: "T2-torn",
    title: "n_tty_read() keeps its locks from chunk to chunk",
    wrong: "A read that goes on chunk by chunk, without its locks in between: another reader \
            gets the middle of its line, and it the end of the other's.",
    reverts: "iterate_tty_read lets go of the cookie's locks between chunks",
    threads: 2,
    needs: Needs::Interleaving,
    broken: Variant::CookieUnlocked,
    script: "\
geometry n_tty_buf 16 ttyb_align 8 ttyb_page 8 mem_limit 64 write_chunk 8 read_chunk 2 throttle 1
termios slave sane -echo
write master \"abc\\n\"
settle
write master \"abc\\n\"
settle
thread one {
    read slave 8 wait
    expect \"abc\\n\"
}
thread other {
    read slave 8 wait
    expect \"abc\\n\"
}
",
    ..SHORT
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

/// A line that ends right behind what fits.
pub(super) const PAST_END: Exhibit = Exhibit {
    id: "T5",
    commit: "3593030761630",
    title: "tty: n_tty: do not look ahead for EOL character past the end of the buffer",
    year: 2022,
    wrong: "A line is as long as the chunk it is read in, its newline not counted. Looking for \
            an EOF one character further, the read finds the newline and clears its mark: the \
            line comes without its end, and the next read has the newline and all of the next \
            line.",
    reverts: "canon_copy_from_read_buf looks at one character more than it may copy",
    broken: Variant::LooksPastEnd,
    script: "\
geometry n_tty_buf 16 ttyb_align 8 ttyb_page 8 mem_limit 64 write_chunk 8 read_chunk 2 throttle 1
termios slave sane -echo
write master \"ab\\ncd\\n\"
read slave 8
expect \"ab\\n\"
read slave 8
expect \"cd\\n\"
",
    ..EOF
};

/// Characters that take two places.
pub(super) const PARMRK: Exhibit = Exhibit {
    id: "T6",
    commit: "acc71bbad334",
    title: "n_tty: Fix handling of buffer full corner cases",
    year: 2008,
    source: Source::Read,
    wrong: "With PARMRK a character can take two or three places, which the test for room does \
            not count: read_head passes read_tail, and unread bytes are overwritten.",
    reverts: "n_tty_receive_buf_common takes one place for each character, whatever PARMRK says",
    broken: Variant::ParmrkUncounted,
    script: "\
geometry n_tty_buf 4 ttyb_align 8 ttyb_page 8 mem_limit 64 write_chunk 8 read_chunk 4 throttle 1
termios slave raw -echo parmrk
write master \"a\\xff\\xffb\"
read slave 8
expect \"a\"
read slave 8
expect \"\\xff\\xff\"
read slave 8
expect \"\\xff\\xff\"
read slave 8
expect \"b\"
",
    ..EOF
};

/// An overlong line, and ^C.
pub(super) const GRIDLOCK: Exhibit = Exhibit {
    id: "T7",
    commit: "",
    title: "n-tty-fix-buffer-full-gridlock, as posted in October 2008",
    year: 2008,
    source: Source::Read,
    wrong: "A line fills the buffer and has no end, so no reader can take it, and no more is \
            taken in. The ^C that would drop it is behind it in the flip buffer: nothing ends \
            that.",
    reverts: "a full buffer without a whole line takes no character, not even to look at it",
    broken: Variant::FullTakesNothing,
    script: "\
geometry n_tty_buf 4 ttyb_align 8 ttyb_page 8 mem_limit 64 write_chunk 8 read_chunk 4 throttle 1
termios slave sane -echo
write master \"abcd\\x03\"
signals
expect \"SIGINT\"
",
    ..EOF
};
