// SPDX-License-Identifier: GPL-2.0-only
//! Why some mutants cannot be noticed, for a reviewer to check.
//!
//! Each is true of the model; where the kernel differs, because it has more files an end or another
//! user of the same code, that is said. None is taken on trust alone: a mutant with a reason has to
//! survive every trial too, and one that is killed needs none (`tests/mutants` says which are stale).

use crate::sync::mutation::Mutant;
use crate::sync::mutation::Mutation::{self, Drop, Later, Relax, Share, Split, Swap, Zero};

/// A reason, and the mutants it is for.
struct Reason {
    why: &'static str,
    mutants: &'static [(Mutation, &'static str)],
}

/// The reasons, by what they are about.
static REASONS: [Reason; 42] = [
    // Echoes.
    Reason {
        why: "whoever outputs echoes took their mark over with output_lock held, and whoever marks \
              holds it: litmus/echo-lock",
        mutants: &[(Drop, "add_echo_byte.smp_wmb"), (Drop, "echo_buf.smp_rmb")],
    },
    Reason {
        why: "a guess, made without the lock: echoes seem to wait, output_lock is taken, and nothing is \
              found between echo_tail and echo_mark. echo_mark is 0 only as long as nothing was \
              echoed; then echo_tail is 0 as well",
        mutants: &[(Zero, "process_echoes.echo_tail")],
    },
    Reason {
        why: "termios_rwsem is held for write: whoever else takes output_lock holds it for read or, \
              as lookahead does, holds buf->lock, which the caller of isig holds too",
        mutants: &[(Drop, "isig.output_lock")],
    },
    // The read buffer.
    Reason {
        why: "push decides nothing but whether line_start moves, and nobody looks at either: in the \
              kernel nobody at all, here a checkpoint copies both",
        mutants: &[
            (Drop, "canon_copy_from_read_buf.push_clear"),
            (Zero, "canon_copy_from_read_buf.push"),
            (Drop, "n_tty_set_termios.push"),
            (Drop, "reset_buffer_flags.push"),
        ],
    },
    Reason {
        why: "it is called only if canon_copy_from_read_buf has just seen, with ACQUIRE, a canon_head \
              beyond read_tail, and neither goes back while termios_rwsem is held: the bytes are there \
              already, and read_tail, behind what was read, is neither canon_head nor 0",
        mutants: &[(Relax, "canon_skip_eof.canon_head"), (Zero, "canon_skip_eof.canon_head")],
    },
    Reason {
        why: "there seems to be less to read than there is: the worker is kicked and writers are woken \
              without need, and both look again",
        mutants: &[
            (Zero, "n_tty_check_unthrottle.canon_head"),
            (Zero, "n_tty_check_unthrottle.commit_head"),
        ],
    },
    Reason {
        why: "read_tail seems to have moved, or not to have been reset: the kick looks at no_room \
              itself, and who resets the indices has kicked, or is the worker",
        mutants: &[(Zero, "n_tty_read.old_tail")],
    },
    Reason {
        why: "no_room stays set without need: the next kicks queue the work once more each. A run with \
              input sets or clears it anew before it looks at it, one without finds nothing to do",
        mutants: &[(Drop, "n_tty_open.no_room"), (Drop, "n_tty_kick_worker.no_room_clear")],
    },
    Reason {
        why: "readers are woken without need, and look again",
        mutants: &[(Zero, "receive_buf.read_tail")],
    },
    Reason {
        why: "ldisc_sem is held for write, so nobody is in the line discipline; who changes the settings \
              without a reference to it, through the other end, touches nothing of it",
        mutants: &[(Drop, "n_tty_close.termios_rwsem"), (Share, "n_tty_close.termios_rwsem")],
    },
    Reason {
        why: "what is loaded next nobody else changes while termios_rwsem is held for read; but for \
              no_room, which a reader clears: seen too early, it means a kick too many",
        mutants: &[(Swap, "n_tty_receive_buf_common.read_tail")],
    },
    Reason {
        why: "the barrier that can come first is that of flow_change, for an overlong line; the one that \
              pairs with the reader's comes once no_room was loaded again",
        mutants: &[(Later, "n_tty_receive_buf_common.no_room")],
    },
    Reason {
        why: "real_raw alone changes with it, which nobody looks at without termios_rwsem; that is still \
              held, whoever is woken first",
        mutants: &[(Later, "n_tty_set_termios.real_raw")],
    },
    Reason {
        why: "without termios_rwsem, which is held for write, only a poll looks: it may find the new \
              read_tail and the old commit_head for a step longer",
        mutants: &[(Later, "reset_buffer_flags.commit_head")],
    },
    // The flip chain.
    Reason {
        why: "mem_used is a count: nobody reads other memory because of its value",
        mutants: &[(Relax, "tty_buffer_free.mem_used")],
    },
    Reason {
        why: "only a first guess: the exchange fails and tells the value",
        mutants: &[(Zero, "llist_add.first")],
    },
    Reason {
        why: "the load before it is an ACQUIRE, and what it releases nobody acquires: who adds a buffer \
              looks at no other one. As a read-modify-write it continues the release sequence of the \
              add, whatever its order",
        mutants: &[(Relax, "llist_del_first.cmpxchg")],
    },
    Reason {
        why: "the new buffer cannot be reached before the link, and its own commit not be seen; what \
              comes later is the link, still a RELEASE, still before the work is queued",
        mutants: &[(Later, "tty_buffer_request_room.next")],
    },
    Reason {
        why: "all that the run looks at it takes a lock for that was let go of before the work was \
              queued: buf->lock, or ldisc_sem",
        mutants: &[
            (Relax, "tty_buffer_unlock_exclusive.queue_work"),
            (Relax, "tty_set_ldisc.queue_work"),
        ],
    },
    Reason {
        why: "the next step takes the reference to the line discipline, or lets termios_rwsem go: who \
              reads the settings without that lock (lookahead, poll, TCXONC, a wakeup) learns nothing \
              from either, so the change may as well have come a step later",
        mutants: &[(Later, "tty_set_termios.lockless")],
    },
    Reason {
        why: "priority is looked at a step earlier. Nothing that others see lies between raising it and \
              waiting for buf->lock, which the worker holds: as if it had been raised a little later",
        mutants: &[(Swap, "flush_to_ldisc.commit")],
    },
    Reason {
        why: "what is loaded next is the next of the buffer behind this one: of a buffer that has a next \
              commit does not change any more, so it does not matter when it is loaded. Or, at the end of \
              a walk, head->next: whoever links a buffer later queues the work himself",
        mutants: &[(Swap, "lookahead_bufs.commit"), (Swap, "checkpoint_walk.commit")],
    },
    Reason {
        why: "as if the flush had come when the older of the two was loaded: what was linked or \
              committed since then stays",
        mutants: &[(Swap, "tty_buffer_flush.next")],
    },
    Reason {
        why: "mem_used is loaded next only if the list is empty; then it was empty a step earlier too, for \
              nobody else takes from it: as if both had been loaded then",
        mutants: &[(Swap, "llist_del_first.first")],
    },
    // Throttling. A pty never is; its TTY_THROTTLED is always set, but for the moment in which somebody
    // tests and clears it to call pty_unthrottle, which sets it.
    Reason {
        why: "a pty never throttles: flow_change is written and read by the producer, under buf->lock, \
              or with termios_rwsem held for write",
        mutants: &[(Drop, "tty_set_flow_change.smp_mb")],
    },
    Reason {
        why: "a pty never throttles, so one producer at a time is the only one who takes it",
        mutants: &[(Drop, "tty_unthrottle_safe.throttle_mutex")],
    },
    Reason {
        why: "pty_unthrottle sets the bit again right after; a worker that finds it cleared in between \
              leaves the wakeup to whoever cleared it. Nobody reads other memory because of it",
        mutants: &[
            (Drop, "tty_unthrottle.throttled"),
            (Relax, "tty_unthrottle.throttled"),
            (Drop, "tty_unthrottle_safe.clear_throttled"),
            (Relax, "tty_unthrottle_safe.clear_throttled"),
        ],
    },
    Reason {
        why: "the next open sets the bit anyway; found set, the line discipline it opens wakes the other \
              end's writers once more, who find no more room than before",
        mutants: &[(Drop, "tty_hangup.throttled")],
    },
    // Packet mode.
    Reason {
        why: "the closing master's packet mode is looked at by the slave alone, whose packets nobody \
              can read any more; the slave's is never on",
        mutants: &[
            (Drop, "pty_close.packet"),
            (Later, "pty_close.packet"),
            (Drop, "pty_close.ctrl_lock"),
        ],
    },
    Reason {
        why: "it orders two stores, which TSO does too, for a look that only a branch orders, which RC11 \
              does not count: litmus/packet-mode+no-mb shows what it is for",
        mutants: &[(Drop, "pty_set_pktmode.smp_mb")],
    },
    Reason {
        why: "the next step is the barrier: the store is still before that of ctrl.packet, and who \
              adds to the status looks at that first",
        mutants: &[(Later, "pty_set_pktmode.pktstatus")],
    },
    // Opening, closing, hanging up.
    Reason {
        why: "TTY_IO_ERROR is set while no file is open, by a close or a failing open, and the next open \
              clears it. In the kernel, with more files, it keeps the release of a file whose open \
              failed from closing the end",
        mutants: &[
            (Drop, "pty_close.io_error"),
            (Zero, "pty_close.is_io_error"),
            (Drop, "pty_open.io_error"),
            (Split, "pty_open.io_error"),
            (Zero, "tty_read.io_error"),
            (Zero, "tty_write.io_error"),
        ],
    },
    Reason {
        why: "an end has one file: its count is never more than 2",
        mutants: &[(Zero, "pty_close.count")],
    },
    Reason {
        why: "a sleeper holds the file, so the last close comes after it",
        mutants: &[(Drop, "pty_close.read_wait"), (Drop, "pty_close.write_wait")],
    },
    Reason {
        why: "the slave's writers are woken by the hangup that follows; the master's find no more room, \
              and the slave not quite closed: the master holds it",
        mutants: &[(Drop, "pty_close.link_write_wait")],
    },
    Reason {
        why: "a master that was closed cannot be opened again: nobody looks at its flags any more",
        mutants: &[(Drop, "pty_close.own_other_closed"), (Split, "pty_close.own_other_closed")],
    },
    Reason {
        why: "once an end is HUPPED it has no line discipline, and every call answers as if its file \
              were hung up, with or without the flag. A second hangup, for which HUPPED is there, can only \
              come from the master's close, and finds nothing left to do",
        mutants: &[
            (Drop, "tty_hangup.hupped"),
            (Zero, "tty_hangup.is_hupped"),
            (Zero, "tty_set_ldisc.hupped"),
        ],
    },
    Reason {
        why: "TTY_HUPPING says the same for as long as a reader can be there: it is set before, and \
              cleared once ldisc_sem was had for write, which the reader holds",
        mutants: &[(Zero, "n_tty_read.f_op")],
    },
    // Locks and wakeups that another one stands in for.
    Reason {
        why: "tty_ldisc_lock, which follows, wakes the same queues before it waits",
        mutants: &[(Drop, "tty_ldisc_hangup.read_wait"), (Drop, "tty_ldisc_hangup.write_wait")],
    },
    Reason {
        why: "nobody acts on TTY_LDISC_HALTED; the kernel warns if the work is restarted while it is set",
        mutants: &[
            (Drop, "n_tty_open.halted"),
            (Drop, "tty_ldisc_lock.halted"),
            (Drop, "tty_ldisc_unlock.halted"),
        ],
    },
    Reason {
        why: "whether output is stopped was looked at before the lock, so a change of settings is \
              overtaken with it too; what it guards there are drivers that look at the settings",
        mutants: &[(Drop, "tty_send_xchar.termios_rwsem")],
    },
    Reason {
        why: "whoever sleeps there for room holds atomic_write_lock; in the kernel it is for who polls \
              for POLLOUT, which nobody does asleep here",
        mutants: &[(Drop, "tty_send_xchar.write_wait"), (Drop, "tty_write_unlock.write_wait")],
    },
];

/// Every mutant with a reason, and the reason.
pub fn all() -> impl Iterator<Item = (Mutant, &'static str)> {
    REASONS.iter().flat_map(|r| r.mutants.iter().map(|&(m, site)| (Mutant::new(m, site), r.why)))
}

/// Why `mutant` cannot be noticed.
#[must_use]
pub fn of(mutant: &Mutant) -> Option<&'static str> {
    all().find(|(m, _)| m == mutant).map(|(_, why)| why)
}
