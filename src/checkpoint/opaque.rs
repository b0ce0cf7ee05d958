// SPDX-License-Identifier: GPL-2.0-only
//! The complete interface that the 2016 review asked for: an opaque, sized buffer with the exact
//! state of both ends.
//!
//! # Steps of a checkpoint
//! 1. Refuse who may not (`caller.rs`); no lock is taken yet.
//! 2. Allocate as much as the caller has room for; it cannot be done under a spinlock.
//! 3. Hold both ends still (`hold.rs`: which locks, in which order, and why these).
//! 4. Refuse if the state does not fit, with the size that it needs.
//! 5. Copy the state, let everything go on; works are queued wherever a chain holds anything.
//! 6. Copy it to the caller: no lock is held while its memory may fault.
//!
//! # Steps of a restore
//! 1. Copy the state from the caller; refuse what is none ([`PairState::validate`]).
//! 2. Allocate every flip buffer.
//! 3. Hold both ends still.
//! 4. Refuse what is not a fresh pair, of the same sizes, with the same ends open.
//! 5. From here on nothing can fail: install everything.
//! 6. Let everything go on; queue the works, wake whoever sleeps.
//!
//! So there is never half a restore. What was echoed, signalled, or acted on as flow control is
//! data by now, and installed as such: nothing goes through the line discipline a second time.
//!
//! # Size
//! It is that of the image ([`size_needed`]), and bounded by the sizes of the kernel
//! ([`max_size`](super::image::max_size)). A call that is refused for its size says what would have
//! been enough. Producers may add more until the next one. But who comes back with the larger of
//! what was asked for and twice what it had is refused at most `log2(max_size / first) + 1` times,
//! whatever producers do: each refusal doubles the buffer, and none is refused at `max_size`.

mod copy;
mod hold;
#[cfg(test)]
mod planted;

use super::caller::{Caller, Demand, Refusal, admit};
use super::image::size_needed;
use super::state::PairState;
use super::{Design, Kept};
use crate::errno::Errno;
use crate::fault::{Fault, Faults};
use crate::tty_buffer::Reserved;
use crate::tty_struct::TtyStruct;
use hold::Ends;

/// What the call demands before it takes a lock.
const DEMANDS: [Demand; 3] = [Demand::CapSysAdmin, Demand::FmodeRead, Demand::PtyOrVt];

/// The design.
pub(super) struct OpaqueState;

impl Design for OpaqueState {
    fn name(&self) -> &'static str {
        "opaque-state"
    }

    fn about(&self) -> &'static str {
        "the exact state of both ends at one instant, in a buffer whose size is negotiated"
    }

    fn source(&self) -> &'static str {
        "linux-kernel, 2016: what the review of TIOCPEEKRAW asked for instead"
    }

    fn checkpoint(&self, tty: &TtyStruct) -> Result<Vec<u8>, Errno> {
        let state = checkpoint(&Caller::root(&Faults::none()), tty).map_err(|r| r.errno)?;
        Ok(state.end(tty.subtype).unread())
    }

    fn demands(&self) -> &'static [Demand] {
        &DEMANDS
    }

    fn save(&self, caller: &Caller<'_>, tty: &TtyStruct) -> Result<Kept, Refusal> {
        checkpoint(caller, tty).map(|state| Kept::State(Box::new(state)))
    }

    fn restore(&self, caller: &Caller<'_>, kept: &Kept, fresh: &TtyStruct) -> Result<(), Refusal> {
        match kept {
            Kept::State(state) => restore(caller, state, fresh),
            Kept::Bytes(_) => Err(Errno::EINVAL.into()),
        }
    }
}

/// The checkpoint call, on either end of a pair.
///
/// # Locking
/// None held when called. Takes what `hold.rs` lists.
///
/// # Errors
/// See the table of `caller.rs`. Nothing has changed then.
pub fn checkpoint(caller: &Caller<'_>, tty: &TtyStruct) -> Result<PairState, Refusal> {
    admit(&DEMANDS, caller, tty)?;
    fail(caller, Fault::Allocation)?;
    let ends = Ends::of(tty);
    let held = ends.hold(caller)?;
    let state = copy::save(&ends, &held);
    held.release(&ends);
    let needed = size_needed(&state);
    if needed > caller.room {
        return Err(Refusal::too_small(needed));
    }
    copy_user(caller, needed)?;
    Ok(state)
}

/// The restore call, on either end of a fresh pair.
///
/// # Locking
/// As [`checkpoint`].
///
/// # Errors
/// `EINVAL` if `state` is none, or of a kernel with other sizes; `EBUSY` if the pair is not fresh,
/// or not open as the other was; those of the table of `caller.rs`. Nothing has changed then.
pub fn restore(caller: &Caller<'_>, state: &PairState, fresh: &TtyStruct) -> Result<(), Refusal> {
    admit(&DEMANDS, caller, fresh)?;
    copy_user(caller, size_needed(state))?;
    state.validate().map_err(copy::invalid)?;
    let ends = Ends::of(fresh);
    let reserved = reserve(&ends, state, caller.faults)?;
    let installed = install(&ends, caller, state, &reserved);
    let [master, slave] = reserved;
    if installed.is_err() {
        ends.master.port.buf.tty_buffer_unreserve(master);
        ends.slave.port.buf.tty_buffer_unreserve(slave);
    }
    installed.map_err(Refusal::from)
}

/// Steps 3 to 6.
fn install(
    ends: &Ends<'_>,
    caller: &Caller<'_>,
    state: &PairState,
    reserved: &[Reserved<'_>; 2],
) -> Result<(), Errno> {
    let held = ends.hold(caller)?;
    let may = copy::may_become(&copy::save(ends, &held), state);
    if may.is_ok() {
        copy::restore(ends, &held, state, reserved);
    }
    // Queues the works of the chains that hold anything.
    held.release(ends);
    may?;
    for end in [ends.slave, ends.master] {
        end.read_wait.wake_up("tty_restore.read_wait");
        end.write_wait.wake_up("tty_restore.write_wait");
    }
    Ok(())
}

fn reserve<'a>(
    ends: &Ends<'a>,
    state: &PairState,
    faults: &Faults,
) -> Result<[Reserved<'a>; 2], Errno> {
    let master = ends.master.port.buf.tty_buffer_reserve(&state.master.flip, faults)?;
    match ends.slave.port.buf.tty_buffer_reserve(&state.slave.flip, faults) {
        Ok(slave) => Ok([master, slave]),
        Err(errno) => {
            ends.master.port.buf.tty_buffer_unreserve(master);
            Err(errno)
        }
    }
}

/// Both ends as they are, whatever their line disciplines: for a judge who is alone.
#[must_use]
pub fn observe(tty: &TtyStruct) -> PairState {
    let Ends { master, slave } = Ends::of(tty);
    PairState { master: copy::look(master), slave: copy::look(slave) }
}

fn fail(caller: &Caller<'_>, fault: Fault) -> Result<(), Errno> {
    if caller.faults.happens(fault) { Err(fault.errno()) } else { Ok(()) }
}

/// `copy_to_user` or `copy_from_user` of `n` bytes.
fn copy_user(caller: &Caller<'_>, n: usize) -> Result<(), Errno> {
    if caller.faults.copied(Fault::Copy, n) == n { Ok(()) } else { Err(Fault::Copy.errno()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sync::seeded::Memory;
    use crate::sync::{Runtime, note};
    use crate::verify::check::{Effort, units};
    use crate::verify::judge::Strategy;
    use crate::verify::{Property, Violation};

    /// Saves twice under the same hold.
    struct Twice;

    impl Design for Twice {
        fn name(&self) -> &'static str {
            "twice"
        }
        fn about(&self) -> &'static str {
            "opaque-state, looking twice"
        }
        fn source(&self) -> &'static str {
            "this test"
        }
        fn checkpoint(&self, tty: &TtyStruct) -> Result<Vec<u8>, Errno> {
            let ends = Ends::of(tty);
            let held = ends.hold(&Caller::root(&Faults::none()))?;
            let (first, second) = (copy::save(&ends, &held), copy::save(&ends, &held));
            held.release(&ends);
            if first != second {
                let torn = Violation::new(Property::C1, "torn", "it changed while it was held");
                note(Runtime::Seeded, torn);
            }
            if let Err(invalid) = first.validate() {
                note(
                    Runtime::Seeded,
                    Violation::new(Property::C1, "no-state", invalid.to_string()),
                );
            }
            Ok(first.end(tty.subtype).unread())
        }
    }

    #[test]
    fn nothing_changes_while_both_ends_are_held_in_any_interleaving() {
        let effort = Effort {
            strategy: Some(Strategy::Exhaustive),
            executions: 200_000,
            schedules: 0,
            seed: 1,
            memory: Memory::Sc,
        };
        for unit in units(Some(&Twice), &effort) {
            let report = unit.run(1_000, &mut |_| true).expect("the scenario runs");
            let name = &unit.scenario.name;
            assert!(
                report.judged.complete && report.judged.found.is_empty(),
                "{name}: {:?}",
                report.judged.found
            );
        }
    }
}
