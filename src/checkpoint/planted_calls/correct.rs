// SPDX-License-Identifier: GPL-2.0-only
//! What is right, written differently from the built-in designs; and what is odd, but which no system
//! call can tell.

use super::super::ldisc::n_tty_checkpoint;
use super::Peek;
use super::steps::{
    Peeked, between, both, chain, exclusively, locked, read_cnt, right, spans, unlocking, walking,
    with_n_tty, write_locked,
};
use super::wrong::unless;
use crate::errno::Errno;
use crate::sync::Ordering::{Acquire, Relaxed};
use crate::tty_struct::{TTY_THROTTLED, TtyStruct};

/// How often one that was refused tries again.
const TRIES: usize = 3;

/// What is right.
pub(super) const RIGHT: [(&str, Peek); 11] = [
    ("tries again, a few times", |tty| again(|| right(tty))),
    ("waits for termios_rwsem first, and not for the worker", |tty| {
        again(|| {
            with_n_tty(tty, || {
                let buf = &tty.port.buf;
                let _held = tty.termios_rwsem.down_write("planted.termios_rwsem_first");
                let exclusive = buf.tty_buffer_trylock_exclusive().ok_or(Errno::EAGAIN)?;
                let bytes = both(tty, &exclusive);
                buf.tty_buffer_unlock_exclusive_restart(exclusive);
                Ok(bytes)
            })
        })
    }),
    ("lets the worker finish first", |tty| between(tty, TtyStruct::tty_buffer_flush_work, |_| ())),
    ("holds tty_lock", |tty| {
        let _held = tty.legacy_mutex.lock("planted.tty_lock");
        right(tty)
    }),
    ("keeps readers out, and flushes", |tty| {
        with_n_tty(tty, || {
            let lock = &tty.disc_data.atomic_read_lock;
            let _reader = lock.try_lock("planted.atomic_read_lock").ok_or(Errno::EAGAIN)?;
            exclusively(tty, |exclusive| {
                let _held = tty.termios_rwsem.down_read("planted.termios_rwsem_shared");
                Ok(both(tty, exclusive))
            })
        })
    }),
    ("looks before it locks, and again after it", |tty| {
        again(|| {
            let ldata = &tty.disc_data;
            let indices = || {
                let tail = ldata.read_tail("planted.read_tail_before", Acquire);
                (tail, ldata.commit_head("planted.commit_head_before", Acquire))
            };
            let before = indices();
            with_n_tty(tty, || {
                exclusively(tty, |exclusive| {
                    let mut same = true;
                    let bytes = write_locked(tty, || {
                        same = before == indices();
                        both(tty, exclusive)
                    })?;
                    if same { Ok(bytes) } else { Err(Errno::EAGAIN) }
                })
            })
        })
    }),
    ("remembers the chain, and copies it backwards", |tty| {
        walking(tty, |spans| {
            let mut pieces: Vec<Vec<u8>> = spans.iter().rev().map(|s| s.unread()).collect();
            pieces.reverse();
            pieces.concat()
        })
    }),
    ("walks until it sees the same twice", |tty| {
        locked(tty, |exclusive| {
            let mut before = chain(exclusive);
            // Whoever writes has room for so much only.
            for _ in 0..TRIES {
                let now = chain(exclusive);
                if before == now {
                    break;
                }
                before = now;
            }
            [n_tty_checkpoint(tty), before].concat()
        })
    }),
    ("walks before it keeps readers out", |tty| {
        with_n_tty(tty, || {
            exclusively(tty, |exclusive| {
                let flip = chain(exclusive);
                write_locked(tty, || [n_tty_checkpoint(tty), flip].concat())
            })
        })
    }),
    ("copies a byte at a time", |tty| {
        locked(tty, |exclusive| {
            let (tail, n) = read_cnt(tty);
            let at = |i| tty.disc_data.read_buf("planted.read_buf", tail.wrapping_add(i));
            let mut bytes: Vec<u8> = (0..n.min(tty.disc_data.size())).map(at).collect();
            for s in spans(exclusive) {
                bytes.extend((s.read..s.commit).flat_map(|i| s.copy(i, 1)));
            }
            bytes
        })
    }),
    ("stops the worker with its own lock, and queues it again", |tty| {
        with_n_tty(tty, || {
            let buf = &tty.port.buf;
            tty.tty_buffer_flush_work();
            let exclusive = buf.tty_buffer_lock_exclusive();
            let held = tty.termios_rwsem.down_write("planted.termios_rwsem_wait");
            let bytes = both(tty, &exclusive);
            drop(held);
            buf.tty_buffer_unlock_exclusive_quietly(exclusive);
            buf.tty_buffer_restart_work("planted.queue_work");
            Ok(bytes)
        })
    }),
];

/// What nobody can tell, and why.
pub(super) const UNTOLD: [(&str, Peek); 5] = [
    // A worker that stepped aside was queued for something that was in the chain before the call had
    // the lock, so the walk saw it. What came later queued the work after it.
    ("restarts nothing where there was nothing", |tty| {
        unlocking(tty, unless(|peeked| peeked.as_ref().is_ok_and(Vec::is_empty)))
    }),
    // Only another discipline takes nothing, and who sets N_TTY again restarts the work after that.
    ("restarts nothing where the line discipline is another", |tty| {
        let buf = &tty.port.buf;
        let exclusive = buf.tty_buffer_lock_exclusive();
        let peeked = with_n_tty(tty, || write_locked(tty, || both(tty, &exclusive)));
        match peeked {
            Err(Errno::EOPNOTSUPP) => buf.tty_buffer_unlock_exclusive_quietly(exclusive),
            _ => buf.tty_buffer_unlock_exclusive_restart(exclusive),
        }
        peeked
    }),
    // Who is woken looks, and sleeps again: every wait on a tty is a loop.
    ("wakes readers and writers for nothing", |tty| {
        between(
            tty,
            |_| (),
            |tty| {
                tty.read_wait.wake_up("planted.read_wait");
                tty.write_wait.wake_up("planted.write_wait");
            },
        )
    }),
    // A pty asks for it only where a line discipline is opened, which then wakes writers once more.
    ("clears TTY_THROTTLED", |tty| {
        between(
            tty,
            |_| (),
            |tty| {
                tty.flags.fetch_and("planted.throttled", !TTY_THROTTLED, Relaxed);
            },
        )
    }),
    // A run that finds nothing to do changes nothing.
    ("restarts the works of both ends", |tty| {
        between(
            tty,
            |_| (),
            |tty| {
                tty.port.buf.tty_buffer_restart_work("planted.queue_work");
                tty.link.port.buf.tty_buffer_restart_work("planted.queue_work_there");
            },
        )
    }),
];

/// A few times, as long as it is refused with `EAGAIN`.
fn again(mut peek: impl FnMut() -> Peeked) -> Peeked {
    for _ in 1..TRIES {
        match peek() {
            Err(Errno::EAGAIN) => {}
            done => return done,
        }
    }
    peek()
}
