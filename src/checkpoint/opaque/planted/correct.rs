// SPDX-License-Identifier: GPL-2.0-only
//! What is right, too.

use super::{Caller, DEMANDS, Demand, Ends, Planted, RIGHT as AS_IT_IS, Refusal};
use super::{TtyStruct, admit, checkpoint, copy, restore, size_needed};

/// What a careful one demands.
const ALL: [Demand; 4] = [Demand::CapSysAdmin, Demand::FmodeRead, Demand::PtyOrVt, Demand::Stopped];

pub(super) const RIGHT: [(&str, Planted); 8] = [
    ("as it is", AS_IT_IS),
    (
        "demands that all are stopped, too",
        Planted {
            demands: &ALL,
            save: |caller, tty| {
                admit(&ALL, caller, tty)?;
                checkpoint(caller, tty)
            },
            ..AS_IT_IS
        },
    ),
    (
        "never waits for what others may hold",
        Planted {
            save: |caller, tty| checkpoint(&Caller { nonblock: true, ..*caller }, tty),
            ..AS_IT_IS
        },
    ),
    (
        "restarts all works, whatever there is",
        Planted {
            save: |caller, tty| {
                let state = checkpoint(caller, tty)?;
                restart_works(tty);
                Ok(state)
            },
            restore: |caller, state, fresh| {
                restore(caller, state, fresh)?;
                restart_works(fresh);
                Ok(())
            },
            ..AS_IT_IS
        },
    ),
    (
        "installs through the other end",
        Planted {
            restore: |caller, state, fresh| restore(caller, state, &fresh.reversed()),
            ..AS_IT_IS
        },
    ),
    (
        "looks at the fresh pair first, and again when it holds it",
        Planted {
            restore: |caller, state, fresh| {
                admit(&DEMANDS, caller, fresh)?;
                let ends = Ends::of(fresh);
                let held = ends.hold(caller)?;
                let may = copy::may_become(&copy::save(&ends, &held), state);
                held.release(&ends);
                may?;
                restore(caller, state, fresh)
            },
            ..AS_IT_IS
        },
    ),
    (
        "lets the work of its end finish where it may wait",
        Planted {
            save: |caller, tty| {
                admit(&DEMANDS, caller, tty)?;
                if !caller.nonblock {
                    tty.tty_buffer_flush_work();
                }
                checkpoint(caller, tty)
            },
            ..AS_IT_IS
        },
    ),
    (
        "asks for the size when it has everything",
        Planted {
            save: |caller, tty| {
                let whole = checkpoint(&Caller { room: usize::MAX, ..*caller }, tty)?;
                let needed = size_needed(&whole);
                if needed > caller.room { Err(Refusal::too_small(needed)) } else { Ok(whole) }
            },
            ..AS_IT_IS
        },
    ),
];

fn restart_works(tty: &TtyStruct) {
    tty.port.buf.tty_buffer_restart_work("planted.queue_work");
    tty.link.port.buf.tty_buffer_restart_work("planted.queue_work");
}
