// SPDX-License-Identifier: GPL-2.0-only
//! Restores that are wrong, and the properties of which one has to break.

use super::{
    Caller, DEMANDS, Ends, Errno, Flaw, PairState, Planted, RIGHT, Refusal, TtyStruct, admit,
};
use super::{copy, copy_user, release_quietly, restore, size_needed};
use crate::checkpoint::opaque::reserve;
use crate::machine::Driver;
use crate::tty_buffer::Reserved;
use crate::tty_struct::PtyType;
use crate::verify::Property::{C2, C3, C4, C5, C6, C7};

type Restored = Result<(), Refusal>;

const fn back(restore: fn(&Caller<'_>, &PairState, &TtyStruct) -> Restored) -> Planted {
    Planted { restore, ..RIGHT }
}

pub(super) const WRONG: [Flaw; 14] = [
    ("asks nobody", back(|c, s, f| How { admits: false, ..HOW }.restore(c, s, f)), &[C7]),
    (
        "takes what is no state",
        back(|c, s, f| How { validates: false, ..HOW }.restore(c, s, f)),
        &[C7],
    ),
    (
        "takes a pair that was used",
        back(|c, s, f| How { asks: false, ..HOW }.restore(c, s, f)),
        &[C7],
    ),
    (
        "keeps its locks where the pair was used",
        back(|c, s, f| How { leaks: true, ..HOW }.restore(c, s, f)),
        &[C7],
    ),
    (
        "restarts no work",
        back(|c, s, f| How { restarts: false, ..HOW }.restore(c, s, f)),
        &[C3, C6],
    ),
    ("wakes nobody", back(|c, s, f| How { wakes: false, ..HOW }.restore(c, s, f)), &[C3, C6]),
    ("keeps out the works alone", back(locks_a_little), &[C4]),
    ("restores the chains before the line disciplines", back(chain_first), &[C2, C6]),
    ("restores one end, then fails", back(half), &[C7]),
    (
        "does nothing through the slave",
        back(|c, s, f| if f.subtype == PtyType::Slave { Ok(()) } else { restore(c, s, f) }),
        &[C5, C6],
    ),
    (
        "refuses a virtual terminal",
        back(|c, s, f| {
            if f.driver == Driver::Vt {
                return Err(Errno::ENOTTY.into());
            }
            restore(c, s, f)
        }),
        &[C7],
    ),
    (
        "refuses what is large",
        back(|c, s, f| {
            if size_needed(s) > 6000 {
                return Err(Errno::EINVAL.into());
            }
            restore(c, s, f)
        }),
        &[C5, C6],
    ),
    (
        "sets the settings once more, by the call",
        back(|c, s, f| {
            restore(c, s, f)?;
            let _ = slave_of(f).set_termios(s.slave.termios);
            Ok(())
        }),
        &[C6],
    ),
    (
        "installs two buffers at most",
        back(|c, s, f| {
            let mut state = s.clone();
            for end in [&mut state.master, &mut state.slave] {
                end.flip.buffers.truncate(2);
            }
            restore(c, &state, f)
        }),
        &[C5, C6],
    ),
];

/// The steps of a restore, of which one is another.
struct How {
    admits: bool,
    validates: bool,
    asks: bool,
    leaks: bool,
    restarts: bool,
    wakes: bool,
}

const HOW: How =
    How { admits: true, validates: true, asks: true, leaks: false, restarts: true, wakes: true };

impl How {
    fn restore(&self, caller: &Caller<'_>, state: &PairState, fresh: &TtyStruct) -> Restored {
        if self.admits {
            admit(&DEMANDS, caller, fresh)?;
        }
        copy_user(caller, size_needed(state))?;
        if self.validates {
            state.validate().map_err(copy::invalid)?;
        }
        let ends = Ends::of(fresh);
        let reserved = reserve(&ends, state, caller.faults)?;
        let held = ends.hold(caller)?;
        let may =
            if self.asks { copy::may_become(&copy::save(&ends, &held), state) } else { Ok(()) };
        if may.is_ok() {
            copy::restore(&ends, &held, state, &reserved);
        }
        if self.leaks && may.is_err() {
            std::mem::forget(held);
        } else if self.restarts {
            held.release(&ends);
        } else {
            release_quietly(held, &ends);
        }
        if may.is_err() {
            unreserve(&ends, reserved);
        }
        may?;
        if self.wakes {
            wake(&ends);
        }
        Ok(())
    }
}

fn unreserve(ends: &Ends<'_>, [master, slave]: [Reserved<'_>; 2]) {
    ends.master.port.buf.tty_buffer_unreserve(master);
    ends.slave.port.buf.tty_buffer_unreserve(slave);
}

fn wake(ends: &Ends<'_>) {
    for end in [ends.slave, ends.master] {
        end.read_wait.wake_up("planted.read_wait");
        end.write_wait.wake_up("planted.write_wait");
    }
}

fn slave_of(tty: &TtyStruct) -> TtyStruct {
    match tty.subtype {
        PtyType::Slave => tty.reversed().reversed(),
        PtyType::Master => tty.reversed(),
    }
}

fn locks_a_little(caller: &Caller<'_>, state: &PairState, fresh: &TtyStruct) -> Restored {
    admit(&DEMANDS, caller, fresh)?;
    copy_user(caller, size_needed(state))?;
    state.validate().map_err(copy::invalid)?;
    let ends = Ends::of(fresh);
    let [master, slave] = reserve(&ends, state, caller.faults)?;
    let both = [(ends.slave, &state.slave, &slave), (ends.master, &state.master, &master)];
    for (end, state, reserved) in both {
        let exclusive = end.port.buf.tty_buffer_lock_exclusive();
        let port = end.port.lock.lock("planted.port_lock");
        copy::restore_end(end, &exclusive, &port, state, reserved);
        drop(port);
        end.port.buf.tty_buffer_unlock_exclusive_restart(exclusive);
    }
    wake(&ends);
    Ok(())
}

/// In two sections: what is in the chains can be there before what is in the read buffers.
fn chain_first(caller: &Caller<'_>, state: &PairState, fresh: &TtyStruct) -> Restored {
    let mut chains = state.clone();
    for end in [&mut chains.master, &mut chains.slave] {
        let n = &mut end.n_tty;
        n.unread.clear();
        (n.read_head, n.commit_head, n.canon_head, n.line_start) = (0, 0, 0, 0);
        n.read_flags.fill(0);
    }
    HOW.restore(caller, &chains, fresh)?;
    How { asks: false, ..HOW }.restore(caller, state, fresh)
}

/// What can fail comes after what cannot be undone.
fn half(caller: &Caller<'_>, state: &PairState, fresh: &TtyStruct) -> Restored {
    admit(&DEMANDS, caller, fresh)?;
    copy_user(caller, size_needed(state))?;
    state.validate().map_err(copy::invalid)?;
    let ends = Ends::of(fresh);
    let [master, slave] = [ends.master, ends.slave].map(|end| &end.port);
    let reserved = master.buf.tty_buffer_reserve(&state.master.flip, caller.faults)?;
    let held = ends.hold(caller)?;
    let may = copy::may_become(&copy::save(&ends, &held), state);
    let done = may.and_then(|()| {
        let (exclusive, port) = (&held.master.exclusive, &held.master_port);
        copy::restore_end(ends.master, exclusive, port, &state.master, &reserved);
        let reserved = slave.buf.tty_buffer_reserve(&state.slave.flip, caller.faults)?;
        let (exclusive, port) = (&held.slave.exclusive, &held.slave_port);
        copy::restore_end(ends.slave, exclusive, port, &state.slave, &reserved);
        Ok(())
    });
    held.release(&ends);
    wake(&ends);
    Ok(done?)
}
