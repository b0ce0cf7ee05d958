// SPDX-License-Identifier: GPL-2.0-only
//! 12 and 13: the semaphore of the line discipline, on its own algorithm.

use super::{BASE, Exhibit, Needs, Source};
use crate::machine::Variant;
use crate::verify::Property;

/// The last one to make way does not see that it is the last.
pub(super) const OLD_COUNT: Exhibit = Exhibit {
    id: "12",
    commit: "cf872776fc84",
    title: "tty: Fix hang at ldsem_down_read()",
    year: 2013,
    source: Source::Read,
    wrong: "A reader finds a writer waiting, takes its own share back and looks whether \
            anybody is left to wake that writer. The helper hands it the count of before, in \
            which it finds itself: nobody is woken, and both sleep.",
    reverts: "down_read_failed tests the count from before its compare-and-exchange",
    threads: 3,
    buffers: 0,
    broken: Variant::OldCount,
    property: Property::C3,
    code: "deadlock",
    script: "\
geometry n_tty_buf 8 ttyb_align 4 ttyb_page 4 mem_limit 64 write_chunk 8 read_chunk 8 throttle 1
machine ldsem
termios slave raw -echo
thread one {
    outq slave
}
thread two {
    outq slave
}
thread hangup {
    hangup slave
}
",
    ..BASE
};

/// A writer gives up, and whoever let it go first sleeps on.
pub(super) const TIMEOUT: Exhibit = Exhibit {
    id: "13a",
    commit: "231f8fd0cca0",
    title: "tty/ldsem: Wake up readers after timed out down_write()",
    year: 2018,
    source: Source::Read,
    wrong: "A writer waits for a reader that stays, and readers that came later wait for the \
            writer. The writer gives up and wakes nobody: they wait until the first reader \
            leaves, if ever.",
    reverts: "down_write_failed does not call __ldsem_wake_readers when it timed out",
    threads: 3,
    buffers: 0,
    broken: Variant::TimeoutWakesNobody,
    property: Property::C3,
    code: "deadlock",
    script: "\
geometry n_tty_buf 8 ttyb_align 4 ttyb_page 4 mem_limit 64 write_chunk 8 read_chunk 8 throttle 1
machine ldsem
termios slave raw -echo
thread holder {
    hold slave
}
thread setter {
    setd slave 27
}
thread other {
    outq slave
}
",
    ..BASE
};

/// A reader is given the lock and does not acquire it.
pub(super) const ACQUIRE: Exhibit = Exhibit {
    id: "13b",
    commit: "952041a8639a",
    title: "tty/ldsem: Add missing ACQUIRE to read_failed sleep loop",
    year: 2019,
    source: Source::Read,
    wrong: "A reader that was given the lock before it went to sleep goes on without an \
            ACQUIRE: what the writer before it did need not be there.",
    reverts: "down_read_failed loads waiter.task relaxed",
    threads: 2,
    buffers: 0,
    needs: Needs::Weak,
    broken: Variant::GrantNotAcquired,
    property: Property::C4,
    code: "data-race",
    script: "\
geometry n_tty_buf 8 ttyb_align 4 ttyb_page 4 mem_limit 64 write_chunk 8 read_chunk 8 throttle 1
machine ldsem
termios slave raw -echo
thread one {
    outq slave
}
thread setter {
    setd slave 27
}
",
    ..BASE
};
