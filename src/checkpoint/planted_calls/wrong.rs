// SPDX-License-Identifier: GPL-2.0-only
//! What is wrong, and the properties of which one has to break.

use super::super::ldisc::n_tty_checkpoint;
use super::Flaw;
use super::steps::{
    Peeked, Unlock, between, both, chain, changing, counting, exclusively, locked, read_buf,
    read_cnt, right, unlocking, walking, with_n_tty, write_locked,
};
use crate::errno::Errno;
use crate::ldisc_ref::Ldisc;
use crate::n_tty::{Bit, OutputModes};
use crate::sync::Ordering::{Acquire, Relaxed};
use crate::termios::{Termios, lflag};
use crate::tty_buffer::TtyBufhead;
use crate::tty_io::{FlowAction, Queue};
use crate::tty_struct::{PtyType, TTY_OTHER_CLOSED, TtyStruct};
use crate::verify::Property::{C1, C2, C3, C4, C7};

/// Who holds on to what, and in which order.
pub(super) const LOCKS: [Flaw; 15] = [
    ("takes no reference to the line discipline", no_reference, &[C4]),
    (
        "lets go of the reference before it walks",
        |tty| with_n_tty(tty, || Ok(Vec::new())).and_then(|_| no_reference(tty)),
        &[C4],
    ),
    (
        "lets go of the reference before the line discipline's share",
        |tty| {
            let ld = tty.tty_ldisc_ref_wait().ok_or(Errno::EIO)?;
            if ld.ldisc != Ldisc::NTty {
                return Err(Errno::EOPNOTSUPP);
            }
            exclusively(tty, |exclusive| {
                let flip = chain(exclusive);
                drop(ld);
                write_locked(tty, || [n_tty_checkpoint(tty), flip].concat())
            })
        },
        &[C4],
    ),
    (
        "does not ask which line discipline it is",
        |tty| {
            let _ld = tty.tty_ldisc_ref_wait().ok_or(Errno::EIO)?;
            no_reference(tty)
        },
        &[C7],
    ),
    (
        "asks for the line discipline of the other end",
        |tty| with_n_tty(&tty.reversed(), || no_reference(tty)),
        &[C4, C7],
    ),
    (
        "takes termios_rwsem before the reference",
        |tty| {
            let _held = tty.termios_rwsem.down_write("planted.termios_rwsem_first");
            with_n_tty(tty, || exclusively(tty, |exclusive| Ok(both(tty, exclusive))))
        },
        &[C3],
    ),
    (
        "takes the reference before tty_lock",
        |tty| {
            with_n_tty(tty, || {
                let _held = tty.legacy_mutex.lock("planted.tty_lock");
                exclusively(tty, |exclusive| write_locked(tty, || both(tty, exclusive)))
            })
        },
        &[C3],
    ),
    (
        "waits for the reader while the worker is out",
        |tty| {
            with_n_tty(tty, || {
                exclusively(tty, |exclusive| {
                    let _held = tty.disc_data.atomic_read_lock.lock("planted.atomic_read_lock");
                    write_locked(tty, || both(tty, exclusive))
                })
            })
        },
        &[C3],
    ),
    (
        "waits for a reader, who may sleep",
        |tty| {
            with_n_tty(tty, || {
                let _held = tty.disc_data.atomic_read_lock.lock("planted.atomic_read_lock");
                exclusively(tty, |exclusive| write_locked(tty, || both(tty, exclusive)))
            })
        },
        &[C3],
    ),
    (
        "takes output_lock before termios_rwsem",
        |tty| {
            with_n_tty(tty, || {
                let _output = tty.disc_data.output_lock.lock("planted.output_lock");
                let _held = tty.termios_rwsem.down_write("planted.termios_rwsem_second");
                exclusively(tty, |exclusive| Ok(both(tty, exclusive)))
            })
        },
        &[C3],
    ),
    (
        "keeps both workers out, its own first",
        |tty| {
            let link = tty.reversed();
            with_n_tty(tty, || {
                exclusively(tty, |exclusive| {
                    exclusively(&link, |_| write_locked(tty, || both(tty, exclusive)))
                })
            })
        },
        &[C3],
    ),
    (
        "takes termios_rwsem twice for read",
        |tty| {
            let first = tty.termios_rwsem.down_read("planted.termios_rwsem_shared");
            let second = tty.termios_rwsem.down_read("planted.termios_rwsem_again");
            drop((second, first));
            right(tty)
        },
        &[C3],
    ),
    ("takes the reference twice", |tty| with_n_tty(tty, || right(tty)), &[C3]),
    (
        "keeps echoes out and waits for the worker",
        |tty| {
            let held = tty.disc_data.output_lock.lock("planted.output_lock");
            tty.tty_buffer_flush_work();
            drop(held);
            right(tty)
        },
        &[C3],
    ),
    (
        "looks up the indices under the lock, and the bytes after it",
        |tty| {
            with_n_tty(tty, || {
                exclusively(tty, |exclusive| {
                    let flip = chain(exclusive);
                    let mut at = (0, 0);
                    write_locked(tty, || {
                        at = read_cnt(tty);
                        Vec::new()
                    })?;
                    Ok([read_buf(tty, at.0, at.1), flip].concat())
                })
            })
        },
        &[C1, C4],
    ),
];

/// What comes back changed, or does not come back.
pub(super) const EFFECTS: [Flaw; 20] = [
    ("makes the tty raw meanwhile", |tty| meanwhile(tty, |t| *t = Termios::MASTER), &[C2]),
    ("turns echo off meanwhile", |tty| meanwhile(tty, |t| t.lflag &= !lflag::ECHO), &[C2]),
    (
        "stops output meanwhile",
        |tty| between(tty, TtyStruct::stop_tty, TtyStruct::start_tty),
        &[C2],
    ),
    ("leaves output stopped", |tty| between(tty, |_| (), TtyStruct::stop_tty), &[C2]),
    (
        "does TCOOFF and TCOON",
        |tty| between(tty, flow(FlowAction::OutputOff), flow(FlowAction::OutputOn)),
        &[C2],
    ),
    (
        "does TCIOFF and TCION",
        |tty| between(tty, flow(FlowAction::InputOff), flow(FlowAction::InputOn)),
        &[C2],
    ),
    (
        "takes the packet status with it",
        |tty| {
            let slave = |tty: &TtyStruct| match tty.subtype {
                PtyType::Slave => {
                    tty.take_pktstatus();
                }
                PtyType::Master => {
                    tty.link.take_pktstatus();
                }
            };
            between(tty, slave, |_| ())
        },
        &[C2],
    ),
    (
        "turns packet mode off meanwhile",
        |tty| {
            let on = tty.packet_mode("planted.packet");
            let turn = |to| {
                move |tty: &TtyStruct| {
                    let _ = on.then(|| tty.pty_set_pktmode(to));
                }
            };
            between(tty, turn(false), turn(true))
        },
        &[C2],
    ),
    ("forgets the column", |tty| changing(tty, |n| n.column = 0), &[C2]),
    ("forgets where the line began", |tty| changing(tty, |n| n.canon_column = 0), &[C2]),
    (
        "forgets a line mark",
        |tty| {
            changing(tty, |n| {
                if let Some(marks) = n.read_flags.iter_mut().find(|marks| marks.count_ones() > 1) {
                    *marks &= *marks - 1;
                }
            })
        },
        &[C2],
    ),
    (
        "ends the line that is being typed",
        |tty| changing(tty, |n| n.canon_head = n.canon_head.max(n.read_head)),
        &[C2],
    ),
    ("forgets the quote", |tty| changing(tty, |n| n.lnext = false), &[C2]),
    ("forgets the echoes", |tty| changing(tty, |n| n.echo = Default::default()), &[C2]),
    ("forgets what lookahead saw", |tty| between(tty, |_| (), |tty| tty.forget_lookahead()), &[C2]),
    (
        "outputs the echoes that are not due",
        |tty| {
            changing(tty, |n| n.echo.commit = n.echo.head).inspect(|_| {
                tty.process_echoes(OutputModes::of(&tty.get_termios()));
            })
        },
        &[C2],
    ),
    ("drops the output of its end", |tty| between(tty, |_| (), TtyStruct::pty_flush_buffer), &[C2]),
    (
        "drops the input where it is refused",
        |tty| {
            right(tty).inspect_err(|_| {
                let _ = tty.tcflush(Queue::In);
            })
        },
        &[C2],
    ),
    ("sets the settings that there were", |tty| meanwhile(tty, |_| ()), &[C2]),
    (
        "changes the discipline and back",
        |tty| {
            between(
                tty,
                |tty| {
                    let _ = tty.tty_set_ldisc(27);
                },
                |tty| {
                    let _ = tty.tty_set_ldisc(0);
                },
            )
        },
        &[C2],
    ),
];

/// The work is not restarted, or a lock not let go of, in one case.
pub(super) const KICKS: [Flaw; 6] = [
    ("restarts nothing where it is refused", |tty| unlocking(tty, unless(|p| p.is_err())), &[C3]),
    (
        "restarts nothing where it is not refused",
        |tty| unlocking(tty, unless(|p| p.is_ok())),
        &[C3],
    ),
    (
        "keeps the reference where it is refused",
        |tty| {
            let ld = tty.tty_ldisc_ref_wait().ok_or(Errno::EIO)?;
            let peeked = no_reference(tty);
            if peeked.is_err() {
                std::mem::forget(ld);
            }
            peeked
        },
        &[C3],
    ),
    (
        "keeps tty_lock where the line discipline is gone",
        |tty| {
            let held = tty.legacy_mutex.lock("planted.tty_lock");
            let peeked = right(tty);
            if peeked == Err(Errno::EIO) {
                std::mem::forget(held);
            }
            peeked
        },
        &[C3],
    ),
    (
        "restarts the work of the other end",
        |tty| {
            unlocking(tty, |_| TtyBufhead::tty_buffer_unlock_exclusive_quietly).inspect(|_| {
                tty.link.port.buf.tty_buffer_restart_work("planted.queue_work");
            })
        },
        &[C3],
    ),
    (
        "restarts the work before it keeps it out",
        |tty| {
            tty.port.buf.tty_buffer_restart_work("planted.queue_work");
            unlocking(tty, |_| TtyBufhead::tty_buffer_unlock_exclusive_quietly)
        },
        &[C3],
    ),
];

/// What is returned is wrong, in one case.
pub(super) const COPIES: [Flaw; 20] = [
    (
        "takes a full read buffer for an empty one",
        |tty| counting(tty, |n| tty.disc_data.mask(n)),
        &[C1],
    ),
    (
        "copies no more than a raw buffer holds",
        |tty| counting(tty, |n| n.min(tty.disc_data.size() - 1)),
        &[C1],
    ),
    (
        "copies 4095 bytes at most, whatever there is",
        |tty| right(tty).map(|b| b[..b.len().min(4095)].to_vec()),
        &[C1],
    ),
    ("copies 16 KiB at most", |tty| right(tty).map(|b| b[..b.len().min(1 << 14)].to_vec()), &[C1]),
    ("believes the indices", |tty| counting(tty, |n| n), &[C4]),
    (
        "copies whole lines and what is published, but not the line that is being typed",
        |tty| {
            locked(tty, |exclusive| {
                let ldata = &tty.disc_data;
                let (tail, _) = read_cnt(tty);
                let canon = ldata.canon_head("planted.canon_head", Acquire).wrapping_sub(tail);
                let commit = ldata.commit_head("planted.commit_head", Acquire).wrapping_sub(tail);
                let n = [canon, commit].into_iter().filter(|n| *n <= ldata.size()).max();
                [read_buf(tty, tail, n.unwrap_or(0)), chain(exclusive)].concat()
            })
        },
        &[C1],
    ),
    (
        "begins at canon_head where lines are edited",
        |tty| {
            locked(tty, |exclusive| {
                let ldata = &tty.disc_data;
                let icanon = ldata.bits.test("planted.icanon", Bit::Icanon);
                let (mut tail, mut n) = read_cnt(tty);
                let lines = ldata.canon_head("planted.canon_head", Acquire).wrapping_sub(tail);
                if icanon && lines < n {
                    (tail, n) = (tail.wrapping_add(lines), n - lines);
                }
                [read_buf(tty, tail, n.min(ldata.size())), chain(exclusive)].concat()
            })
        },
        &[C1],
    ),
    (
        "copies one byte where the circle closes twice",
        |tty| {
            locked(tty, |exclusive| {
                let (tail, n) = read_cnt(tty);
                let n = n.min(tty.disc_data.size());
                let straight = n.min(tty.disc_data.size() - tty.disc_data.mask(tail));
                let mut bytes = read_buf(tty, tail, straight);
                if straight < n {
                    bytes.extend_from_within(straight - 1..);
                    bytes.extend(read_buf(tty, tail.wrapping_add(straight), n - straight));
                }
                [bytes, chain(exclusive)].concat()
            })
        },
        &[C1],
    ),
    (
        "walks three buffers at most",
        |tty| {
            walking(tty, |spans| {
                spans
                    .iter()
                    .filter(|s| s.read < s.commit)
                    .take(3)
                    .flat_map(|s| s.unread())
                    .collect()
            })
        },
        &[C1],
    ),
    (
        "leaves out a buffer that was partly read",
        |tty| {
            walking(tty, |spans| {
                spans.iter().filter(|s| s.read == 0).flat_map(|s| s.unread()).collect()
            })
        },
        &[C1],
    ),
    (
        "carries the offset of the head over to the next",
        |tty| {
            walking(tty, |spans| {
                let read = spans.first().map_or(0, |s| s.read);
                spans
                    .iter()
                    .flat_map(|s| s.copy(read.min(s.commit), s.commit - read.min(s.commit)))
                    .collect()
            })
        },
        &[C1],
    ),
    (
        "copies the last buffer first",
        |tty| walking(tty, |spans| spans.iter().rev().flat_map(|s| s.unread()).collect()),
        &[C1],
    ),
    (
        "copies half of a buffer with flag bytes",
        |tty| {
            walking(tty, |spans| {
                spans
                    .iter()
                    .flat_map(|s| {
                        let halves = if s.buffer.flags("planted.flags") { 2 } else { 1 };
                        s.copy(s.read, (s.commit - s.read) / halves)
                    })
                    .collect()
            })
        },
        &[C1],
    ),
    (
        "leaves out a character that has a flag",
        |tty| {
            walking(tty, |spans| {
                spans
                    .iter()
                    .flat_map(|s| {
                        let mut flags = vec![0; s.commit - s.read];
                        if s.buffer.flags("planted.flags") {
                            s.buffer.copy_flags("planted.flag_bytes", s.read, &mut flags);
                        }
                        s.unread()
                            .into_iter()
                            .zip(flags)
                            .filter(|(_, flag)| *flag == 0)
                            .map(|(c, _)| c)
                    })
                    .collect()
            })
        },
        &[C1],
    ),
    (
        "leaves out the last byte of the master's",
        |tty| {
            right(tty).map(|mut bytes| {
                if tty.subtype == PtyType::Master {
                    bytes.pop();
                }
                bytes
            })
        },
        &[C1],
    ),
    (
        "puts the packet status in front",
        |tty| {
            right(tty).map(|bytes| {
                let status = tty.packet_mode("planted.packet").then_some(0);
                status.into_iter().chain(bytes).collect()
            })
        },
        &[C1],
    ),
    (
        "refuses once the other end is closed",
        |tty| {
            if tty.flags.load("planted.other_closed", Relaxed) & TTY_OTHER_CLOSED != 0 {
                return Err(Errno::EIO);
            }
            right(tty)
        },
        &[C1],
    ),
    ("is always refused", |_| Err(Errno::EAGAIN), &[C1]),
    (
        "copies nothing of what is all in the chain",
        |tty| {
            locked(tty, |exclusive| {
                let ldisc = n_tty_checkpoint(tty);
                if ldisc.is_empty() { ldisc } else { [ldisc, chain(exclusive)].concat() }
            })
        },
        &[C1],
    ),
    (
        "lets readers in before it walks",
        |tty| {
            with_n_tty(tty, || {
                exclusively(tty, |exclusive| {
                    let ldisc = write_locked(tty, || n_tty_checkpoint(tty))?;
                    Ok([ldisc, chain(exclusive)].concat())
                })
            })
        },
        &[C1],
    ),
];

/// Whatever the line discipline is.
fn no_reference(tty: &TtyStruct) -> Peeked {
    exclusively(tty, |exclusive| write_locked(tty, || both(tty, exclusive)))
}

/// The right steps under other settings.
fn meanwhile(tty: &TtyStruct, change: impl FnOnce(&mut Termios)) -> Peeked {
    let old = tty.get_termios();
    let mut new = old;
    change(&mut new);
    between(
        tty,
        |tty| {
            let _ = tty.set_termios(new);
        },
        |tty| {
            let _ = tty.set_termios(old);
        },
    )
}

/// `TCXONC`.
fn flow(action: FlowAction) -> impl FnOnce(&TtyStruct) {
    move |tty| {
        let _ = tty.tcxonc(action);
    }
}

/// Restarts the work, unless.
pub(super) fn unless(quietly: fn(&Peeked) -> bool) -> impl FnOnce(&Peeked) -> Unlock {
    move |peeked| match quietly(peeked) {
        true => TtyBufhead::tty_buffer_unlock_exclusive_quietly,
        false => TtyBufhead::tty_buffer_unlock_exclusive_restart,
    }
}
