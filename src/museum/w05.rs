// SPDX-License-Identifier: GPL-2.0-only
//! W5: how many characters lookahead has seen is miscounted.

use super::{BASE, Exhibit, Needs, Source, Tier};
use crate::machine::Variant;
use crate::verify::Property;

/// A signal within them zeroes the count, which is then counted down.
pub(super) const SIGNAL: Exhibit = Exhibit {
    id: "W5a",
    tier: Tier::Weakness,
    title: "lookahead_count underflows when a signal flushes",
    source: Source::Code,
    wrong: "Lookahead has seen characters with a ^C among them. When they are received at \
            last, the ^C resets lookahead_count, and then their number is subtracted: it \
            wraps. From here on every character counts as seen, and ^S and ^Q mean nothing any \
            more.",
    reverts: "fix: it never counts below zero",
    threads: 1,
    buffers: 1,
    needs: Needs::Nothing,
    fixed: Some(Variant::CountSaturates),
    property: Property::C2,
    code: "unexpected",
    script: "\
geometry n_tty_buf 4 ttyb_align 4 ttyb_page 4 mem_limit 64 write_chunk 8 read_chunk 4 throttle 1
termios slave raw isig ixon -echo
write master \"abc\"
write master \"d\\x03\"
read slave 4
write master \"\\x13\"
write slave \"x\"
expect EAGAIN
",
    ..BASE
};

/// They are dropped, and the count stays.
pub(super) const FLUSH: Exhibit = Exhibit {
    id: "W5b",
    title: "lookahead_count outlives what it counts",
    wrong: "Lookahead has seen characters that the other end then flushes (TCOFLUSH). The \
            count stays, so of what comes next as many characters count as seen, and a ^S \
            among them does not stop the output.",
    reverts: "fix: a flush of the flip chain resets it",
    fixed: Some(Variant::FlushResetsCount),
    script: "\
geometry n_tty_buf 4 ttyb_align 4 ttyb_page 4 mem_limit 64 write_chunk 8 read_chunk 4 throttle 1
termios slave raw ixon -echo
write master \"abc\"
write master \"de\"
flush master out
read slave 4
write master \"\\x13\"
write slave \"x\"
expect EAGAIN
",
    ..SIGNAL
};
