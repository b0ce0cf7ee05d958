// SPDX-License-Identifier: GPL-2.0-only
//! 25: output is stopped and started at once.

use super::{BASE, Exhibit, Source, Tier};
use crate::machine::Variant;
use crate::verify::Property;

/// Without `flow.lock`.
pub(super) const EXHIBIT: Exhibit = Exhibit {
    id: "25",
    tier: Tier::Lifetime,
    title: "tty: Serialize tty flow control changes with flow_lock",
    year: 2014,
    source: Source::Memory,
    wrong: "One call sets the flag that output is stopped. Another starts output, flag and \
            driver. Then the first tells the driver to stop: the flag says that output runs, \
            and the driver, or the master in packet mode, has been told otherwise.",
    reverts: "flow.lock, everywhere",
    threads: 2,
    buffers: 0,
    broken: Variant::FlowUnlocked,
    property: Property::C3,
    code: "inverted",
    script: "\
geometry n_tty_buf 8 ttyb_align 4 ttyb_page 4 mem_limit 64 write_chunk 8 read_chunk 8 throttle 1
termios slave raw -echo
packet on
thread stop {
    flow slave ooff
}
thread start {
    flow slave oon
}
",
    ..BASE
};
