// SPDX-License-Identifier: GPL-2.0-only
//! What goes wrong with somebody who sleeps, with a call at the other end, the second time, or for ever; and
//! the properties of which one has to break.

use super::super::ldisc::n_tty_checkpoint;
use super::Flaw;
use super::steps::{
    Peeked, both, chain, exclusively, locked, read_buf, read_cnt, right, spans, walking, with_n_tty,
};
use crate::errno::Errno;
use crate::n_tty::Bit;
use crate::sync::Ordering::Relaxed;
use crate::tty_struct::{PtyType, TtyStruct};
use crate::verify::Property::{C1, C3, C4};

/// A bit of `tty->flags` that nobody else uses.
const MARK: usize = 1 << 40;

pub(super) const OTHERS: [Flaw; 15] = [
    (
        "waits until nothing is unread",
        |tty| {
            loop {
                let bytes = right(tty)?;
                if bytes.is_empty() {
                    return Ok(bytes);
                }
            }
        },
        &[C3],
    ),
    (
        "waits while output is stopped",
        |tty| {
            while tty.flow.stopped.load("planted.stopped", Relaxed) != 0 {}
            right(tty)
        },
        &[C3],
    ),
    (
        "spins for the lock of a reader, who may sleep",
        |tty| {
            let lock = &tty.disc_data.atomic_read_lock;
            let _held = loop {
                if let Some(held) = lock.try_lock("planted.atomic_read_lock") {
                    break held;
                }
            };
            right(tty)
        },
        &[C3],
    ),
    (
        "waits for the writer, who may sleep",
        |tty| {
            let _held = tty.link.atomic_write_lock.lock("planted.atomic_write_lock");
            right(tty)
        },
        &[C3],
    ),
    (
        "waits for the writer of its own end",
        |tty| {
            let _held = tty.atomic_write_lock.lock("planted.atomic_write_lock");
            right(tty)
        },
        &[C3],
    ),
    (
        "takes tty_lock of both ends, its own first",
        |tty| {
            let _own = tty.legacy_mutex.lock("planted.tty_lock");
            let _link = tty.link.legacy_mutex.lock("planted.tty_lock_link");
            right(tty)
        },
        &[C3],
    ),
    (
        "takes port->lock of both ends, its own first",
        |tty| {
            locked(tty, |exclusive| {
                let _own = tty.port.lock.lock("planted.port_lock");
                let _link = tty.link.port.lock.lock("planted.port_lock_link");
                both(tty, exclusive)
            })
        },
        &[C3],
    ),
    (
        "takes flow.lock of both ends, its own first",
        |tty| {
            locked(tty, |exclusive| {
                let _own = tty.flow.lock.lock("planted.flow_lock");
                let _link = tty.link.flow.lock.lock("planted.flow_lock_link");
                both(tty, exclusive)
            })
        },
        &[C3],
    ),
    ("keeps writer, reader and work away, but not TIOCSTI", without_buf_lock, &[C4]),
    (
        "refuses a chain of several buffers",
        |tty| {
            let mut buffers = 0;
            let bytes = walking(tty, |spans| {
                buffers = spans.len();
                spans.iter().flat_map(|s| s.unread()).collect()
            });
            if buffers > 1 { Err(Errno::EAGAIN) } else { bytes }
        },
        &[C1],
    ),
    (
        "refuses lines",
        |tty| {
            if tty.disc_data.bits.test("planted.icanon", Bit::Icanon) {
                return Err(Errno::EAGAIN);
            }
            right(tty)
        },
        &[C1],
    ),
    (
        "gives nothing the second time",
        |tty| {
            let before = tty.flags.fetch_or("planted.flags", MARK, Relaxed);
            let bytes = right(tty)?;
            Ok(if before & MARK == 0 { bytes } else { Vec::new() })
        },
        &[C1],
    ),
    (
        "counts in 16 bits",
        |tty| {
            locked(tty, |exclusive| {
                let (tail, count) = read_cnt(tty);
                let [head, tail16] = [tail.wrapping_add(count), tail].map(|at| at & 0xffff);
                let n = head.saturating_sub(tail16).min(tty.disc_data.size());
                [read_buf(tty, tail, n), chain(exclusive)].concat()
            })
        },
        &[C1],
    ),
    (
        "copies no more than 3000 bytes of a buffer",
        |tty| {
            let some = |n: usize| n.min(3000);
            walking(tty, |spans| {
                spans.iter().flat_map(|s| s.copy(s.read, some(s.commit - s.read))).collect()
            })
        },
        &[C1],
    ),
    (
        "breaks down where lookahead got on",
        |tty| {
            locked(tty, |exclusive| {
                let got_on =
                    |s: &super::steps::Span<'_>| s.buffer.lookahead("planted.lookahead") > s.read;
                assert!(!spans(exclusive).iter().any(got_on), "somebody looked ahead");
                both(tty, exclusive)
            })
        },
        &[C4],
    ),
];

/// The line discipline's share while the slave's writer and reader are kept out, and the work has come to
/// its end: nobody is left but those who type.
fn without_buf_lock(tty: &TtyStruct) -> Peeked {
    if tty.subtype == PtyType::Master {
        return right(tty);
    }
    with_n_tty(tty, || {
        let writer = &tty.link.atomic_write_lock;
        let _writer = writer.try_lock("planted.atomic_write_lock").ok_or(Errno::EAGAIN)?;
        let reader = &tty.disc_data.atomic_read_lock;
        let _reader = reader.try_lock("planted.atomic_read_lock").ok_or(Errno::EAGAIN)?;
        tty.tty_buffer_flush_work();
        let _shared = tty.termios_rwsem.down_read("planted.termios_rwsem_shared");
        let ldisc = n_tty_checkpoint(tty);
        exclusively(tty, |exclusive| Ok([ldisc, chain(exclusive)].concat()))
    })
}
