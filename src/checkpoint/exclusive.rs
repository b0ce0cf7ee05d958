// SPDX-License-Identifier: GPL-2.0-only
//! The review's counter-proposal and its repairs: exclusive access to the flip chain.
//!
//! All four take the steps of the 2016 review: an ldisc reference, `tty_buffer_lock_exclusive`,
//! walk the chain, then the line discipline, unlock, drop the reference. They differ in three
//! choices, one repair at a time:
//!
//! | design | termios_rwsem | walk loads first | unlock restarts the work |
//! |---|---|---|---|
//! | `exclusive-2016` | not taken | commit | if the head has data |
//! | `exclusive-wlock` | write, trylock | commit | if the head has data |
//! | `exclusive-ordered` | write, trylock | next | if the head has data |
//! | `exclusive-restart` | write, trylock | next | if anything is left |
//!
//! Lock order: `ldisc_sem` (read) > `buf->lock` > `termios_rwsem`, as the worker's own.

use super::Design;
use super::ldisc::n_tty_checkpoint;
use super::walk::{LoadOrder, walk};
use crate::errno::Errno;
use crate::ldisc_ref::Ldisc;
use crate::tty_struct::TtyStruct;

/// What the four differ in.
struct Choices {
    /// Keep readers and flushes out while the line discipline is copied.
    write_lock: bool,
    order: LoadOrder,
    /// Restart the work whenever anything is left in the chain.
    restart_always: bool,
}

/// # Errors
/// `EIO` if the line discipline is gone, `EOPNOTSUPP` if it is another than N_TTY, `EAGAIN` if somebody holds `termios_rwsem`.
fn checkpoint(tty: &TtyStruct, choices: &Choices) -> Result<Vec<u8>, Errno> {
    let ld = tty.tty_ldisc_ref_wait().ok_or(Errno::EIO)?;
    // The copy is an operation of the line discipline, and this one has none.
    if ld.ldisc != Ldisc::NTty {
        return Err(Errno::EOPNOTSUPP);
    }
    let buf = &tty.port.buf;
    let exclusive = buf.tty_buffer_lock_exclusive();
    let copied = copy(tty, &exclusive, choices);
    if choices.restart_always {
        buf.tty_buffer_unlock_exclusive_restart(exclusive);
    } else {
        buf.tty_buffer_unlock_exclusive(exclusive);
    }
    copied
}

fn copy(
    tty: &TtyStruct,
    exclusive: &crate::tty_buffer::ExclusiveGuard<'_>,
    choices: &Choices,
) -> Result<Vec<u8>, Errno> {
    // A trylock: the worker takes termios_rwsem under buf->lock, but so does nobody for write.
    let _termios = if choices.write_lock {
        let held = tty.termios_rwsem.down_write_trylock("checkpoint.termios_rwsem");
        Some(held.ok_or(Errno::EAGAIN)?)
    } else {
        None
    };
    let flip = walk(exclusive, choices.order);
    let mut bytes = n_tty_checkpoint(tty);
    bytes.extend_from_slice(&flip);
    Ok(bytes)
}

macro_rules! designs {
    ($($(#[$doc:meta])* $type:ident, $name:literal, $about:literal, $choices:expr;)*) => {$(
        $(#[$doc])*
        pub(super) struct $type;

        impl Design for $type {
            fn name(&self) -> &'static str {
                $name
            }

            fn about(&self) -> &'static str {
                $about
            }

            fn source(&self) -> &'static str {
                "linux-kernel, 2016: the review of \"tty: n_tty -- Add new TIOCPEEKRAW ioctl\""
            }

            fn checkpoint(&self, tty: &TtyStruct) -> Result<Vec<u8>, Errno> {
                checkpoint(tty, &$choices)
            }
        }
    )*};
}

designs! {
    /// As written in the review.
    Exclusive2016, "exclusive-2016",
    "lock_exclusive, walk the chain, then the ldisc, unlock",
    Choices {
        write_lock: false,
        order: LoadOrder::CommitThenNext,
        restart_always: false,
    };

    /// Readers and flushes are kept out.
    ExclusiveWlock, "exclusive-wlock",
    "exclusive-2016 plus a write-trylock of termios_rwsem",
    Choices {
        write_lock: true,
        order: LoadOrder::CommitThenNext,
        restart_always: false,
    };

    /// And the walk loads in the consumer's order.
    ExclusiveOrdered, "exclusive-ordered",
    "exclusive-wlock, loading next before commit",
    Choices {
        write_lock: true,
        order: LoadOrder::NextThenCommit,
        restart_always: false,
    };

    /// And the unlock overlooks nothing.
    ExclusiveRestart, "exclusive-restart",
    "exclusive-ordered, with an unlock that restarts whenever anything is left",
    Choices {
        write_lock: true,
        order: LoadOrder::NextThenCommit,
        restart_always: true,
    };
}
