// SPDX-License-Identifier: GPL-2.0-only
//! 4b: the cure of 4 took a lock too long.

use super::{BASE, Exhibit, Source};
use crate::machine::Variant;
use crate::verify::Property;

/// `queue_work` under `port->lock`.
pub(super) const EXHIBIT: Exhibit = Exhibit {
    id: "4b",
    commit: "71a174b39f10",
    title: "pty: do tty_flip_buffer_push without port->lock in pty_write",
    year: 2020,
    source: Source::Memory,
    wrong: "The work is queued with port->lock held, so pool->lock is taken under it. Whoever \
            prints a message with pool->lock held takes port->lock of the console under that: \
            each waits for the other.",
    reverts: "pty_write queues the work before it drops port->lock",
    threads: 2,
    buffers: 1,
    broken: Variant::QueueUnderLock,
    property: Property::C3,
    code: "deadlock",
    script: "\
geometry n_tty_buf 8 ttyb_align 4 ttyb_page 4 mem_limit 64 write_chunk 8 read_chunk 8 throttle 1
machine pool
termios slave raw -echo
thread writer {
    write master \"a\"
}
thread printer {
    printk slave
}
",
    ..BASE
};
