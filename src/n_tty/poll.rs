// SPDX-License-Identifier: GPL-2.0-only
//! `n_tty_poll` and `input_available_p`.
//!
//! # Invariants
//! - `poll` takes no lock: it must not hold `termios_rwsem` while it waits for the work
//!   (museum 8), and so reads `icanon` and the settings without it (museum W8).
//!
//! # Deviations
//! 1. `poll_wait` is not modelled: a poll looks once and returns.
//! 2. A write in progress (`tty_is_writelocked`) does not hide POLLOUT.

use super::Bit;
use crate::machine::Variant;
use crate::sync::{Lane, Ordering, Site};
use crate::tty_io::Revents;
use crate::tty_struct::{Lockless, TTY_OTHER_CLOSED, TtyEnd, TtyStruct};

/// What `input_available_p` knows of the settings.
pub(super) struct Wanted {
    extproc: bool,
    /// How many raw bytes make a read worth while.
    amt: usize,
}

impl Wanted {
    /// For a read: any byte will do.
    #[inline]
    pub(super) const fn by_read(extproc: bool) -> Self {
        Self { extproc, amt: 1 }
    }

    /// For a poll: `VMIN` bytes, if it counts.
    fn by_poll(t: &Lockless) -> Self {
        let counts = t.time == 0 && t.min != 0;
        Self { extproc: t.extproc, amt: if counts { usize::from(t.min) } else { 1 } }
    }
}

impl<L: Lane> TtyEnd<L> {
    /// `input_available_p`: whether a read would return something. Plain loads, the head first.
    #[inline(always)]
    pub(super) fn input_available_p(&self, sites: &[Site; 4], wanted: &Wanted) -> bool {
        let ld = &self.disc_data;
        let [icanon, canon_head, commit_head, read_tail] = *sites;
        if ld.bits.test(icanon, Bit::Icanon) && !wanted.extproc {
            ld.canon_head(canon_head, Ordering::Relaxed)
                != ld.read_tail(read_tail, Ordering::Relaxed)
        } else {
            let head = ld.commit_head(commit_head, Ordering::Relaxed);
            head.wrapping_sub(ld.read_tail(read_tail, Ordering::Relaxed)) >= wanted.amt
        }
    }
}

impl TtyStruct {
    /// `n_tty_poll`: waits for the work if there is nothing to read yet.
    pub(crate) fn n_tty_poll(&self) -> Revents {
        let mut mask = 0;
        // Museum W11, cured: what was written before the close is moved by the flush.
        let early = self.variant.is(Variant::ClosedBeforeFlush);
        let closed = early && self.test_bit("n_tty_poll.other_closed_early", TTY_OTHER_CLOSED);
        if self.poll_available(&[
            "n_tty_poll.icanon",
            "n_tty_poll.canon_head",
            "n_tty_poll.commit_head",
            "n_tty_poll.read_tail",
        ]) || {
            self.poll_flushes();
            self.poll_available(&[
                "n_tty_poll.icanon_again",
                "n_tty_poll.canon_head_again",
                "n_tty_poll.commit_head_again",
                "n_tty_poll.read_tail_again",
            ])
        } {
            mask |= Revents::POLLIN | Revents::POLLRDNORM;
        }
        if self.packet_mode("n_tty_poll.packet") && self.link.pktstatus("n_tty_poll.pktstatus") != 0
        {
            mask |= Revents::POLLPRI | Revents::POLLIN | Revents::POLLRDNORM;
        }
        // Museum W11: what came since the worker was waited for, and before the close, is overlooked.
        if closed
            || !early && self.test_bit("n_tty_poll.other_closed", TTY_OTHER_CLOSED)
            || self.tty_hung_up_p("n_tty_poll.f_op")
        {
            mask |= Revents::POLLHUP;
        }
        if mask & (Revents::POLLIN | Revents::POLLHUP) == Revents::POLLHUP {
            let readable = self.disc_data.observe_readable();
            self.ghost.ended("poll() says POLLHUP and not POLLIN", readable);
        }
        if self.pty_write_room() > 0 {
            mask |= Revents::POLLOUT | Revents::POLLWRNORM;
        }
        Revents(mask)
    }

    /// Waits for the worker, without any lock that it may need.
    fn poll_flushes(&self) {
        // Museum 7b: POLLHUP is near, and bytes may still be on their way.
        if self.variant.is(Variant::PollWithoutFlush) {
            return;
        }
        // Museum 8: the worker may need it for write, to deal with a ^C.
        let locks = self.variant.is(Variant::PollFlushesLocked);
        let _sem = locks.then(|| self.termios_rwsem.down_read("n_tty_poll.termios_rwsem"));
        self.tty_buffer_flush_work();
    }

    fn poll_available(&self, sites: &[Site; 4]) -> bool {
        let wanted = Wanted::by_poll(&self.lockless("n_tty_poll.termios"));
        self.input_available_p(sites, &wanted)
    }
}
