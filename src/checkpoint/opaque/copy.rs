// SPDX-License-Identifier: GPL-2.0-only
//! From the model to plain data and back, under the locks of [`Held`].
//!
//! # Invariants
//! - [`save`] changes nothing.
//! - [`restore`] cannot fail: what could was asked before the first change.

use super::hold::{Ends, Held};
use crate::checkpoint::state::{EndState, Invalid, Layout, NTtyState, PairState};
use crate::errno::Errno;
use crate::ldisc_ref::N_TTY;
use crate::sync::{MutexGuard, Ordering};
use crate::tty_buffer::{ExclusiveGuard, Reserved};
use crate::tty_struct::{TTY_IO_ERROR, TTY_OTHER_CLOSED, TTY_THROTTLED, TtyEnd};

/// Both ends.
pub(super) fn save(ends: &Ends<'_>, held: &Held<'_>) -> PairState {
    PairState {
        master: save_end(ends.master, &held.master.exclusive, &held.master_port),
        slave: save_end(ends.slave, &held.slave.exclusive, &held.slave_port),
    }
}

/// One end as it is, for a caller who is alone: nothing is queued for it.
pub(super) fn look(end: &TtyEnd) -> EndState {
    let buf = &end.port.buf;
    let exclusive = buf.tty_buffer_lock_exclusive();
    let port = end.port.lock.lock("tty_look.port_lock");
    let state = save_end(end, &exclusive, &port);
    drop(port);
    buf.tty_buffer_unlock_exclusive_quietly(exclusive);
    state
}

pub(super) fn save_end(
    end: &TtyEnd,
    exclusive: &ExclusiveGuard<'_>,
    port: &MutexGuard<'_>,
) -> EndState {
    let load = |word: &crate::sync::AtomicUsize, site| word.load(site, Ordering::Relaxed);
    let flags = load(&end.flags, "tty_save.flags");
    let [pktstatus, ..] = load(&end.ctrl.pktstatus, "tty_save.pktstatus").to_le_bytes();
    EndState {
        layout: Layout::of(&end.geometry),
        termios: end.termios.get("tty_save.termios"),
        ldisc: N_TTY,
        count: u32::try_from(load(&end.count, "tty_save.count")).unwrap_or(u32::MAX),
        throttled: flags & TTY_THROTTLED != 0,
        io_error: flags & TTY_IO_ERROR != 0,
        other_closed: flags & TTY_OTHER_CLOSED != 0,
        stopped: load(&end.flow.stopped, "tty_save.stopped") != 0,
        tco_stopped: load(&end.flow.tco_stopped, "tty_save.tco_stopped") != 0,
        packet: load(&end.ctrl.packet, "tty_save.packet") != 0,
        pktstatus,
        flip: end.port.buf.tty_buffer_save(exclusive, port),
        n_tty: end.disc_data.n_tty_save(),
    }
}

/// Makes the fresh pair what `state` says.
pub(super) fn restore(
    ends: &Ends<'_>,
    held: &Held<'_>,
    state: &PairState,
    [master, slave]: &[Reserved<'_>; 2],
) {
    restore_end(ends.master, &held.master.exclusive, &held.master_port, &state.master, master);
    restore_end(ends.slave, &held.slave.exclusive, &held.slave_port, &state.slave, slave);
}

pub(super) fn restore_end(
    end: &TtyEnd,
    exclusive: &ExclusiveGuard<'_>,
    port: &MutexGuard<'_>,
    state: &EndState,
    reserved: &Reserved<'_>,
) {
    end.assign_termios(&state.termios);
    let (set, clear) = if state.throttled { (TTY_THROTTLED, 0) } else { (0, TTY_THROTTLED) };
    // The other flags and the count are those of the files that are open, and were found to be right.
    end.flags.fetch_or("tty_restore.flags_set", set, Ordering::Relaxed);
    end.flags.fetch_and("tty_restore.flags_clear", !clear, Ordering::Relaxed);
    for (word, site, value) in [
        (&end.flow.stopped, "tty_restore.stopped", usize::from(state.stopped)),
        (&end.flow.tco_stopped, "tty_restore.tco_stopped", usize::from(state.tco_stopped)),
        (&end.ctrl.packet, "tty_restore.packet", usize::from(state.packet)),
        (&end.ctrl.pktstatus, "tty_restore.pktstatus", usize::from(state.pktstatus)),
    ] {
        word.store(site, value, Ordering::Relaxed);
    }
    // What is in the read buffer comes before what is in the chain, for the ghost too.
    end.disc_data.n_tty_restore(&state.n_tty, &state.termios, &end.ghost);
    end.port.buf.tty_buffer_restore(exclusive, port, &state.flip, reserved);
}

/// Whether `state` can be installed in what `now` is: a pair through which nothing went, with the
/// same files open.
///
/// # Errors
/// `EINVAL` for another kernel's sizes; `EBUSY` if the pair is not fresh, or other files are open.
pub(super) fn may_become(now: &PairState, state: &PairState) -> Result<(), Errno> {
    for (now, state) in [(&now.master, &state.master), (&now.slave, &state.slave)] {
        if now.layout != state.layout {
            return Err(Errno::EINVAL);
        }
        let files = |end: &EndState| (end.count, end.io_error, end.other_closed);
        if files(now) != files(state) || !is_fresh(now) {
            return Err(Errno::EBUSY);
        }
    }
    Ok(())
}

fn is_fresh(end: &EndState) -> bool {
    let NTtyState { read_tail, read_head, column, echo, .. } = &end.n_tty;
    let untouched = *read_tail == 0 && *read_head == 0 && *column == 0 && echo.buf.is_empty();
    untouched && end.flip == Default::default() && !end.stopped && !end.packet
}

/// `EINVAL`, for what is no state.
pub(super) fn invalid(_: Invalid) -> Errno {
    Errno::EINVAL
}
