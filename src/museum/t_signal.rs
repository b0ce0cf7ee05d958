// SPDX-License-Identifier: GPL-2.0-only
//! T8, T9: a signal character drops output, and the program that it is for writes.

use super::{BASE, Exhibit, Source, Tier};
use crate::machine::Variant;
use crate::verify::Property;

/// The output of one write is dropped in its middle.
pub(super) const TORN_WRITE: Exhibit = Exhibit {
    id: "T8",
    tier: Tier::Semantics,
    commit: "d2b6f44779d3",
    title: "n_tty: Fix signal handling flushes",
    year: 2014,
    source: Source::Memory,
    wrong: "A ^C drops the output while a program is in the middle of a write: what it wrote so \
            far is gone, the rest still comes, so the terminal shows the end of something \
            without its beginning.",
    reverts: "isig drops input and output without holding termios_rwsem for write throughout",
    threads: 2,
    buffers: 1,
    broken: Variant::FlushUnlocked,
    property: Property::C2,
    code: "unexpected",
    script: "\
geometry n_tty_buf 8 ttyb_align 8 ttyb_page 8 mem_limit 64 write_chunk 8 read_chunk 8 throttle 1
termios slave sane -echo
thread program {
    write slave \"a\\nb\"
}
thread typist {
    write master \"\\x03\"
}
settle
read master 8
expect \"a\\r\\nb\" or \"a\\r\\n\" or \"a\" or EAGAIN
",
    ..BASE
};

/// What a signal's handler writes is dropped with what came before.
pub(super) const HANDLER: Exhibit = Exhibit {
    id: "T9",
    commit: "3b19e0322956",
    title: "n_tty: signal and flush atomically",
    year: 2015,
    wrong: "A ^C sends the signal first and drops the output then. A program whose handler is \
            quick has written its answer by that time, and it is dropped too.",
    reverts: "isig sends the signal before it takes termios_rwsem for write",
    broken: Variant::SignalUnlocked,
    script: "\
geometry n_tty_buf 8 ttyb_align 8 ttyb_page 8 mem_limit 64 write_chunk 8 read_chunk 8 throttle 1
termios slave sane -echo
thread program {
    pause slave
    write slave \"x\"
}
thread typist {
    write master \"\\x03\"
}
settle
read master 8
expect \"x\"
",
    ..TORN_WRITE
};
