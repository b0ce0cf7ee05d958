// SPDX-License-Identifier: GPL-2.0-only
//! Saves that are wrong, and the properties of which one has to break.

use super::super::hold::{EndHeld, lock, n_tty};
use super::{Caller, DEMANDS, Demand, Ends, Errno, Fault, Flaw, Held, PairState, Planted, RIGHT};
use super::{
    Refusal, TtyStruct, admit, around, checkpoint, copy, fail, handed_over, release_quietly,
};
use crate::machine::Driver;
use crate::tty_struct::{PtyType, Signal};
use crate::verify::Property::{C3, C4, C6, C7};

const fn save(save: fn(&Caller<'_>, &TtyStruct) -> Result<PairState, Refusal>) -> Planted {
    Planted { save, ..RIGHT }
}

/// What it takes, when, and what it leaves behind.
pub(super) const STEPS: [Flaw; 10] = [
    (
        "looks without locks",
        save(|caller, tty| {
            around(caller, tty, |ends| {
                let _held = [n_tty(ends.slave)?, n_tty(ends.master)?];
                Ok(PairState { master: copy::look(ends.master), slave: copy::look(ends.slave) })
            })
        }),
        &[C4],
    ),
    (
        "takes each end at an instant of its own",
        save(|caller, tty| {
            around(caller, tty, |ends| {
                let slave = held_still(ends, caller)?.slave;
                let master = held_still(ends, caller)?.master;
                Ok(PairState { master, slave })
            })
        }),
        &[C6],
    ),
    (
        "forgets through the master where the line began",
        save(|caller, tty| {
            let mut state = checkpoint(caller, tty)?;
            if tty.subtype == PtyType::Master {
                state.slave.n_tty.canon_column = 0;
            }
            Ok(state)
        }),
        &[C6],
    ),
    (
        "restarts no work",
        save(|caller, tty| {
            around(caller, tty, |ends| {
                let held = ends.hold(caller)?;
                let state = copy::save(ends, &held);
                release_quietly(held, ends);
                Ok(state)
            })
        }),
        &[C3, C6],
    ),
    ("lets go of termios_rwsem early", save(without_termios), &[C4]),
    ("takes the master's locks before the slave's", save(master_first), &[C3]),
    (
        "keeps references to the line disciplines",
        save(|caller, tty| {
            around(caller, tty, |ends| {
                std::mem::forget([n_tty(ends.slave)?, n_tty(ends.master)?]);
                held_still(ends, caller)
            })
        }),
        &[C3],
    ),
    (
        "keeps a reference where the buffer is too small",
        save(|caller, tty| {
            checkpoint(caller, tty).inspect_err(|refusal| {
                if refusal.needed.is_some() {
                    std::mem::forget(tty.tty_ldisc_ref_wait());
                }
            })
        }),
        &[C7],
    ),
    (
        "keeps tty_lock where the caller may not",
        save(|caller, tty| {
            admit(&DEMANDS, caller, tty).inspect_err(|_| {
                std::mem::forget(tty.legacy_mutex.lock("planted.tty_lock"));
            })?;
            checkpoint(caller, tty)
        }),
        &[C7],
    ),
    (
        "keeps termios_rwsem where the copy fails",
        save(|caller, tty| {
            checkpoint(caller, tty).inspect_err(|refusal| {
                if refusal.errno == Errno::EFAULT {
                    std::mem::forget(tty.termios_rwsem.down_read("planted.termios_rwsem"));
                }
            })
        }),
        &[C7],
    ),
];

/// Whom it refuses, and what it says then.
pub(super) const REFUSALS: [Flaw; 11] = [
    (
        "waits for tty_lock where it must not wait",
        save(|caller, tty| {
            drop(tty.legacy_mutex.lock("planted.tty_lock"));
            checkpoint(caller, tty)
        }),
        &[C7],
    ),
    (
        "says ENOMEM where the copy fails",
        save(|c, t| said(c, t, Errno::EFAULT, Errno::ENOMEM)),
        &[C7],
    ),
    (
        "says EIO where a signal comes",
        save(|c, t| said(c, t, Errno::ERESTARTSYS, Errno::EIO)),
        &[C7],
    ),
    (
        "asks for no capability at the master",
        save(|caller, tty| {
            let all = Caller { cap_sys_admin: true, fmode_read: true, ..*caller };
            checkpoint(if tty.subtype == PtyType::Master { &all } else { caller }, tty)
        }),
        &[C7],
    ),
    (
        "takes any driver at the master",
        save(|caller, tty| {
            if tty.subtype == PtyType::Slave {
                return checkpoint(caller, tty);
            }
            admit(&DEMANDS[..2], caller, tty)?;
            fail(caller, Fault::Allocation)?;
            handed_over(caller, held_still(&Ends::of(tty), caller)?)
        }),
        &[C7],
    ),
    (
        "refuses a virtual terminal",
        save(|caller, tty| {
            if tty.driver == Driver::Vt {
                return Err(Errno::ENOTTY.into());
            }
            checkpoint(caller, tty)
        }),
        &[C7],
    ),
    (
        "puts what is large into any buffer",
        save(|caller, tty| match checkpoint(caller, tty) {
            Err(Refusal { needed: Some(LARGE..), .. }) => {
                checkpoint(&Caller { room: usize::MAX, ..*caller }, tty)
            }
            answer => answer,
        }),
        &[C7],
    ),
    (
        "says a size that is not enough for what is large",
        save(|caller, tty| {
            checkpoint(caller, tty).map_err(|refusal| match refusal.needed {
                Some(LARGE..) => Refusal::too_small(LARGE),
                _ => refusal,
            })
        }),
        &[C7],
    ),
    (
        "sends a signal where it is refused",
        save(|caller, tty| checkpoint(caller, tty).inspect_err(|_| tty.kill_pgrp(Signal::SIGINT))),
        &[C7],
    ),
    (
        "does not check what it demands",
        Planted {
            demands: &[Demand::CapSysAdmin, Demand::FmodeRead, Demand::PtyOrVt, Demand::Stopped],
            ..RIGHT
        },
        &[C7],
    ),
    (
        "demands nothing",
        Planted {
            demands: &[],
            save: |caller, tty| {
                let root = Caller { cap_sys_admin: true, fmode_read: true, ..*caller };
                checkpoint(&root, tty)
            },
            ..RIGHT
        },
        &[C7],
    ),
];

/// More than fits into a page.
const LARGE: usize = 4096;

/// The pair at one instant.
fn held_still(ends: &Ends<'_>, caller: &Caller<'_>) -> Result<PairState, Errno> {
    let held = ends.hold(caller)?;
    let state = copy::save(ends, &held);
    held.release(ends);
    Ok(state)
}

fn said(
    caller: &Caller<'_>,
    tty: &TtyStruct,
    right: Errno,
    wrong: Errno,
) -> Result<PairState, Refusal> {
    let lie = |refusal: Refusal| if refusal.errno == right { wrong.into() } else { refusal };
    checkpoint(caller, tty).map_err(lie)
}

fn without_termios(caller: &Caller<'_>, tty: &TtyStruct) -> Result<PairState, Refusal> {
    around(caller, tty, |ends| {
        let held = ends.hold(caller)?;
        let Held { tty_lock, ldisc, slave, master, flow, ctrl, slave_port, master_port } = held;
        drop((flow, ctrl, slave.termios, master.termios));
        let state = PairState {
            master: copy::save_end(ends.master, &master.exclusive, &master_port),
            slave: copy::save_end(ends.slave, &slave.exclusive, &slave_port),
        };
        drop((slave_port, master_port));
        ends.master.port.buf.tty_buffer_unlock_exclusive_restart(master.exclusive);
        ends.slave.port.buf.tty_buffer_unlock_exclusive_restart(slave.exclusive);
        drop((ldisc, tty_lock));
        Ok(state)
    })
}

fn master_first(caller: &Caller<'_>, tty: &TtyStruct) -> Result<PairState, Refusal> {
    around(caller, tty, |ends| {
        let _tty_lock = [
            lock(&ends.master.legacy_mutex, "planted.tty_lock_master", caller)?,
            lock(&ends.slave.legacy_mutex, "planted.tty_lock_slave", caller)?,
        ];
        let _ldisc = [n_tty(ends.slave)?, n_tty(ends.master)?];
        let master = EndHeld::take(ends.master, caller)?;
        let slave = match EndHeld::take(ends.slave, caller) {
            Ok(slave) => slave,
            Err(errno) => {
                master.release(ends.master);
                return Err(errno);
            }
        };
        let slave_port = ends.slave.port.lock.lock("planted.port_lock_slave");
        let master_port = ends.master.port.lock.lock("planted.port_lock_master");
        let state = PairState {
            master: copy::save_end(ends.master, &master.exclusive, &master_port),
            slave: copy::save_end(ends.slave, &slave.exclusive, &slave_port),
        };
        drop((master_port, slave_port));
        slave.release(ends.slave);
        master.release(ends.master);
        Ok(state)
    })
}
