// SPDX-License-Identifier: GPL-2.0-only
//! The consumer: `n_tty_read` and the functions that copy out of `read_buf`.
//!
//! # Data flow
//! `read_buf[read_tail..]` -> the reader; `read_tail` moves with a RELEASE; if the worker stopped
//! for want of room, it is restarted.
//!
//! # Lock order
//! `atomic_read_lock` > `termios_rwsem` for read. `termios_rwsem` is let go of around
//! `flush_work` (museum 8) and around sleeping. A [`Cookie`] keeps both between chunks.
//!
//! # Invariants
//! - `read_tail` is stored before `no_room` is looked at, with a full barrier between: pairs with
//!   the one in `n_tty_receive_buf_common`. The way out through the cookie lacks it (museum W3).
//!
//! - In packet mode a status comes before data, and alone; what is first looked at is the slave's
//!   `ctrl.pktstatus`, without its lock.
//!
//! # Deviations
//! 1. Time is counted in milliseconds: a decisecond of `VTIME` is 100 of them, whatever `HZ` is.
//! 2. A non-blocking reader does not enter the wait queue: nobody can tell.
//! 3. Natively a call copies all that it may in one go, not 64 bytes at a time and not only to the end of the
//!    circular buffer, unless that would show in
//!    what it returns (`TtyStruct::read_chunk`). To other threads that is the chunks with nobody looking
//!    in between, since the cookie keeps the locks; with one store of `read_tail` for all of them, and
//!    the barrier that the way out through the cookie lacks.

use super::poll::Wanted;
use super::{Bit, NTtyData};
use crate::errno::Errno;
use crate::machine::Variant;
use crate::pty::TIOCPKT_DATA;
use crate::sync::{Lane, MutexGuard, Ordering, ReadGuard, Site, Waiter, fence};
use crate::termios::{DISABLED_CHAR, Termios, cc, lflag};
use crate::tty_struct::{TTY_HUPPING, TTY_LDISC_CHANGING, TTY_OTHER_CLOSED, TtyStruct};

/// What a read that has more to copy keeps between its chunks. Dropped, it lets go of them in the
/// order of the fields.
#[derive(Debug)]
pub struct Cookie<'a, L: Lane> {
    #[allow(dead_code, reason = "held for its drop")]
    termios_rwsem: ReadGuard<'a, L>,
    #[allow(dead_code, reason = "held for its drop")]
    atomic_read_lock: MutexGuard<'a, L>,
}

/// How long a decisecond of `VTIME` is, in the clock's milliseconds.
const DECISECOND: u64 = 100;

/// What makes a read return.
struct Pace {
    /// So many bytes are enough.
    minimum: usize,
    /// How long it waits for the next byte once it has one, in milliseconds; 0: for ever.
    time: u64,
    /// How long it waits from here on, in milliseconds; `None`: for ever.
    timeout: Option<u64>,
}

impl Pace {
    fn new(icanon: bool, modes: ReadModes) -> Self {
        if icanon {
            return Self { minimum: 0, time: 0, timeout: None };
        }
        let time = DECISECOND * u64::from(modes.time);
        match usize::from(modes.min) {
            0 => Self { minimum: 1, time: 0, timeout: Some(time) },
            minimum => Self { minimum, time, timeout: None },
        }
    }

    /// Something was read, but not enough.
    const fn restart(&mut self) {
        if self.time > 0 {
            self.timeout = Some(self.time);
        }
    }

    /// Whether it has waited long enough.
    fn is_up(&self) -> bool {
        self.timeout == Some(0)
    }

    /// Sleeps until somebody wakes the queue, or time is up.
    fn wait_woken(&mut self, wait: &mut Waiter<'_>) {
        let site = "n_tty_read.wait_woken";
        match &mut self.timeout {
            None => wait.wait_woken(site),
            Some(timeout) => *timeout = wait.wait_woken_timeout(site, *timeout),
        }
    }
}

/// The settings that a read looks at: few enough to stay in registers.
#[derive(Clone, Copy)]
struct ReadModes {
    extproc: bool,
    /// What is read is wiped: lines that are not echoed.
    wiped: bool,
    eof: u8,
    min: u8,
    time: u8,
}

impl ReadModes {
    #[inline]
    const fn of(t: &Termios) -> Self {
        Self {
            extproc: t.l(lflag::EXTPROC),
            wiped: t.l(lflag::ICANON) && !t.l(lflag::ECHO),
            eof: t.cc[cc::VEOF],
            min: t.cc[cc::VMIN],
            time: t.cc[cc::VTIME],
        }
    }
}

/// One call's way through the read buffer.
struct Reader<'a, 'k, L: Lane> {
    tty: &'a TtyStruct<L>,
    ld: &'a NTtyData<L>,
    /// As of when `termios_rwsem` was last taken.
    modes: ReadModes,
    /// The reader's buffer; what earlier chunks read is in it.
    kbuf: &'k mut Vec<u8>,
    /// How much more fits.
    nr: usize,
}

impl<L: Lane> TtyStruct<L> {
    /// `n_tty_read`: appends up to `nr` bytes to `kbuf`, at most a chunk. If it leaves a cookie, there
    /// is more to copy, by [`TtyStruct::n_tty_read_more`].
    ///
    /// # Locking
    /// `atomic_read_lock`, then `termios_rwsem` for read; the cookie keeps both.
    ///
    /// # Errors
    /// `EAGAIN` if there is nothing, or another reader is at it, and `nonblock`; `EIO` if there is
    /// nothing and the other end is closed.
    #[inline(always)]
    pub(crate) fn n_tty_read<'a>(
        &'a self,
        nonblock: bool,
        nr: usize,
        cookie: &mut Option<Cookie<'a, L>>,
        kbuf: &mut Vec<u8>,
    ) -> Result<usize, Errno> {
        let held = if nonblock {
            let lock = &self.disc_data.atomic_read_lock;
            lock.try_lock("n_tty_read.atomic_read_trylock").ok_or(Errno::EAGAIN)?
        } else {
            let lock = &self.disc_data.atomic_read_lock;
            lock.lock("n_tty_read.atomic_read_lock")
        };
        let sem = self.termios_rwsem.down_read("n_tty_read.termios_rwsem");
        let start = kbuf.len();
        let modes = self.read_modes("n_tty_read.termios");
        let nr = self.read_chunk(modes, nr);
        let ld = &self.disc_data;
        let reader = Reader { tty: self, ld, modes, kbuf: &mut *kbuf, nr };
        let old_tail = ld.read_tail("n_tty_read.old_tail", Ordering::Relaxed);
        let (sem, retval) = match reader.run(nonblock, sem) {
            Outcome::More(termios_rwsem) => {
                *cookie = Some(Cookie { atomic_read_lock: held, termios_rwsem });
                return Ok(kbuf.len() - start);
            }
            Outcome::Done(sem, retval) => (sem, retval),
        };
        if ld.read_tail("n_tty_read.new_tail", Ordering::Relaxed) != old_tail {
            // Pairs with the barrier after no_room is set in n_tty_receive_buf_common: either the
            // new read_tail is seen there, or no_room is seen here.
            fence(L::rt(self.rt), "n_tty_read.smp_mb", Ordering::SeqCst);
            // Museum 14b: the next reader is left without a worker.
            if !self.variant.is(Variant::NoKickAtExit) {
                self.n_tty_kick_worker();
            }
        }
        drop(sem);
        drop(held);
        match kbuf.len() - start {
            0 => retval.map(|()| 0),
            n => Ok(n),
        }
    }

    /// # Locking
    /// `termios_rwsem`.
    #[inline]
    fn read_modes(&self, site: Site) -> ReadModes {
        ReadModes::of(&self.termios.get(site))
    }

    /// How many of `nr` bytes one chunk has: what fits into the kernel's buffer between this function
    /// and the user. Natively all of them (deviation 3), except where chunks can be told from what a
    /// read returns: with a `VMIN` that none of them reaches, which ends the read; and with `EXTPROC`,
    /// where a chunk that is one EOF character is eaten.
    #[inline]
    fn read_chunk(&self, modes: ReadModes, nr: usize) -> usize {
        let chunk = self.geometry.read_chunk;
        let shows = modes.extproc || usize::from(modes.min) > chunk;
        if shows || L::rt(self.rt).batch() == 1 { nr.min(chunk) } else { nr }
    }

    /// The continuation of a read, with its locks still held. Once there is nothing more to copy,
    /// the cookie is taken.
    #[inline(never)]
    pub(crate) fn n_tty_read_more(
        &self,
        nr: usize,
        cookie: &mut Option<Cookie<'_, L>>,
        kbuf: &mut Vec<u8>,
    ) -> usize {
        let start = kbuf.len();
        let modes = self.read_modes("n_tty_read.more_termios");
        let nr = self.read_chunk(modes, nr);
        let mut reader = Reader { tty: self, ld: &self.disc_data, modes, kbuf, nr };
        let more = if !reader.canonical("n_tty_read.more_icanon") {
            reader.copy_from_read_buf()
        } else if nr == 0 {
            // Museum T1: it stays, and the next read is empty.
            if !self.variant.is(Variant::EofStays) {
                reader.canon_skip_eof();
            }
            false
        } else {
            reader.canon_copy_from_read_buf()
        };
        if !more {
            // Museum W3, cured: pairs with the barrier after no_room is set.
            if self.variant.is(Variant::CookieBarrier) {
                fence(L::rt(self.rt), "n_tty_read.more_smp_mb", Ordering::SeqCst);
            }
            self.n_tty_kick_worker();
            self.n_tty_check_unthrottle();
            drop(cookie.take());
        }
        kbuf.len() - start
    }
}

/// What it means that the other end was closed when it was looked at early.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Early {
    /// The end of all input.
    Eio,
    /// The end of all input once the worker is done.
    Drained,
}

/// Where the main loop begins.
struct Round {
    packet: bool,
    /// How much the caller's buffer held before.
    start: usize,
    pace: Pace,
    /// Whether it was looked for input already, in vain.
    looked: bool,
}

/// What was taken out of the read buffer.
enum Taken {
    /// There is more to copy, and nothing to wait for.
    Part,
    Enough,
    /// More has to be waited for.
    TooLittle,
}

/// What came of waiting.
struct Waited<'a, L: Lane> {
    sem: ReadGuard<'a, L>,
    /// As of when `sem` was last taken.
    modes: ReadModes,
    pace: Pace,
    then: Then,
}

/// What to do after it.
enum Then {
    /// There is input.
    Copy,
    LookAgain,
    /// It is over; the result counts if nothing was copied.
    End(Result<(), Errno>),
}

/// How the main loop ended.
enum Outcome<'a, L: Lane> {
    /// There is more to copy, and nothing to wait for.
    More(ReadGuard<'a, L>),
    /// It is over; the result counts if nothing was copied.
    Done(ReadGuard<'a, L>, Result<(), Errno>),
}

/// What a read does when it has to wait. None of it takes a [`Reader`], which else would have to be in memory
/// from the first byte on.
impl<L: Lane> TtyStruct<L> {
    /// There is nothing to read: waits for the worker and, if that did not help, for input.
    #[cold]
    #[inline(never)]
    fn wait_for_more<'a>(
        &'a self,
        sem: ReadGuard<'a, L>,
        mut pace: Pace,
        wait: Option<&mut Waiter<'_>>,
    ) -> Waited<'a, L> {
        let closed = self.closed_early();
        let sem = self.flush_work(sem);
        let modes = self.read_modes("n_tty_read.termios_flushed");
        if closed == Some(Early::Eio) {
            return Waited { sem, modes, pace, then: Then::End(self.other_closed()) };
        }
        if self.available_again(modes) {
            return Waited { sem, modes, pace, then: Then::Copy };
        }
        if closed == Some(Early::Drained) {
            return Waited { sem, modes, pace, then: Then::End(self.other_closed()) };
        }
        let wait = match self.may_sleep(pace.is_up(), wait) {
            Ok(wait) => wait,
            Err(retval) => return Waited { sem, modes, pace, then: Then::End(retval) },
        };
        drop(sem);
        pace.wait_woken(wait);
        let sem = self.termios_rwsem.down_read("n_tty_read.termios_rwsem_woken");
        let modes = self.read_modes("n_tty_read.termios_woken");
        Waited { sem, modes, pace, then: Then::LookAgain }
    }

    /// Waits for the worker, without the lock that it may need; returns with it held again.
    fn flush_work<'a>(&'a self, sem: ReadGuard<'a, L>) -> ReadGuard<'a, L> {
        // Museum 7a: EIO is near, and bytes may still be on their way.
        // Nor did it in the time of 5, and it would hide that: the worker is waited for.
        if matches!(self.variant.get(), Variant::ReadWithoutFlush | Variant::WakeIfActive) {
            return sem;
        }
        // Museum 8: the worker may need it for write, to deal with a ^C.
        if self.variant.is(Variant::ReadFlushesLocked) {
            self.any().tty_buffer_flush_work();
            return sem;
        }
        drop(sem);
        self.any().tty_buffer_flush_work();
        self.termios_rwsem.down_read("n_tty_read.termios_rwsem_flushed")
    }

    /// Looks at `TTY_OTHER_CLOSED` earlier than the code of today does.
    fn closed_early(&self) -> Option<Early> {
        let early = match self.variant.get() {
            // Museum 7c: and believes it.
            Variant::ClosedBeforeRecheck => Early::Eio,
            // Museum W11, cured: what was written before the close is moved by the flush.
            Variant::ClosedBeforeFlush => Early::Drained,
            _ => return None,
        };
        self.test_bit("n_tty_read.other_closed_early", TTY_OTHER_CLOSED).then_some(early)
    }

    /// The other end is closed, and there is nothing to read.
    fn other_closed(&self) -> Result<(), Errno> {
        self.ghost.ended("read() returns EIO", self.disc_data.observe_readable());
        Err(Errno::EIO)
    }

    fn available_again(&self, modes: ReadModes) -> bool {
        let sites = [
            "n_tty_read.flushed_icanon",
            "n_tty_read.flushed_canon_head",
            "n_tty_read.flushed_commit_head",
            "n_tty_read.flushed_read_tail",
        ];
        self.input_available_p(&sites, &Wanted::by_read(modes.extproc))
    }

    /// There is nothing to read: where to wait for it, or else how the read ends.
    fn may_sleep<'w, 'q>(
        &self,
        time_is_up: bool,
        wait: Option<&'w mut Waiter<'q>>,
    ) -> Result<&'w mut Waiter<'q>, Result<(), Errno>> {
        // Museum W11: what came since the worker was waited for, and before the close, is overlooked.
        let early = self.variant.is(Variant::ClosedBeforeFlush);
        if !early && self.test_bit("n_tty_read.other_closed", TTY_OTHER_CLOSED) {
            return Err(self.other_closed());
        }
        if self.tty_hung_up_p("n_tty_read.f_op")
            || self.test_bit("n_tty_read.hupping", TTY_HUPPING)
            || time_is_up
        {
            return Err(Ok(()));
        }
        let wait = wait.ok_or(Err(Errno::EAGAIN))?;
        if self.test_bit("n_tty_read.ldisc_changing", TTY_LDISC_CHANGING) {
            return Err(Err(Errno::EAGAIN));
        }
        Ok(wait)
    }
}

impl<'a, L: Lane> Reader<'a, '_, L> {
    /// Copies until it is enough, and waits for more where it is not. The usual read finds all it wants at
    /// once: only then is it a loop.
    #[inline(always)]
    fn run(mut self, nonblock: bool, sem: ReadGuard<'a, L>) -> Outcome<'a, L> {
        let tty = self.tty;
        let start = self.kbuf.len();
        let icanon = self.ld.bits.test("n_tty_read.icanon", Bit::Icanon);
        let mut pace = Pace::new(icanon, self.modes);
        let packet = tty.packet_mode("n_tty_read.packet");
        let wait = (!nonblock).then(|| tty.wait_for_input("n_tty_read.add_wait_queue"));
        let mut looked = false;
        if self.nr > 0 && !packet {
            if self.available() {
                match self.take(packet, start, &mut pace) {
                    Taken::Part => return Outcome::More(sem),
                    Taken::Enough => return Outcome::Done(sem, Ok(())),
                    Taken::TooLittle => {}
                }
            } else {
                looked = true;
            }
        }
        self.go_on(sem, wait, Round { packet, start, pace, looked })
    }

    /// The main loop.
    #[cold]
    #[inline(never)]
    fn go_on(
        mut self,
        mut sem: ReadGuard<'a, L>,
        mut wait: Option<Waiter<'_>>,
        round: Round,
    ) -> Outcome<'a, L> {
        let (tty, Round { packet, start, mut pace, looked: mut in_vain }) = (self.tty, round);
        while self.nr > 0 {
            if packet && tty.link.pktstatus("n_tty_read.pktstatus") != 0 {
                if self.kbuf.len() == start {
                    let status = tty.link.take_pktstatus();
                    self.header(status);
                }
                break;
            }
            if std::mem::take(&mut in_vain) || !self.available() {
                let waited = tty.wait_for_more(sem, pace, wait.as_mut());
                (sem, self.modes, pace) = (waited.sem, waited.modes, waited.pace);
                match waited.then {
                    Then::Copy => {}
                    Then::LookAgain => continue,
                    Then::End(retval) => return Outcome::Done(sem, retval),
                }
            }
            match self.take(packet, start, &mut pace) {
                Taken::Part => return Outcome::More(sem),
                Taken::Enough => break,
                Taken::TooLittle => {}
            }
        }
        Outcome::Done(sem, Ok(()))
    }

    /// There is something to read: copies it, and looks whether that is enough.
    #[inline(always)]
    fn take(&mut self, packet: bool, start: usize, pace: &mut Pace) -> Taken {
        if self.copy(packet, start, pace.minimum) {
            return Taken::Part;
        }
        self.tty.n_tty_check_unthrottle();
        if self.kbuf.len() - start >= pace.minimum {
            return Taken::Enough;
        }
        pace.restart();
        Taken::TooLittle
    }

    /// One round of copying. Whether there is more to copy, and nothing more to wait for.
    #[inline(always)]
    fn copy(&mut self, packet: bool, start: usize, minimum: usize) -> bool {
        if self.canonical("n_tty_read.icanon_copy") {
            return self.canon_copy_from_read_buf();
        }
        if packet && self.kbuf.len() == start {
            self.header(TIOCPKT_DATA);
        }
        self.copy_from_read_buf() && self.kbuf.len() - start >= minimum
    }

    /// The byte in front of a packet.
    #[inline]
    fn header(&mut self, byte: u8) {
        self.kbuf.push(byte);
        self.nr -= 1;
    }

    #[inline(always)]
    fn available(&self) -> bool {
        let sites = [
            "n_tty_read.available_icanon",
            "n_tty_read.available_canon_head",
            "n_tty_read.available_commit_head",
            "n_tty_read.available_read_tail",
        ];
        self.tty.input_available_p(&sites, &Wanted::by_read(self.modes.extproc))
    }

    /// Whether input is read in lines.
    #[inline]
    fn canonical(&self, site: Site) -> bool {
        self.ld.bits.test(site, Bit::Icanon) && !self.modes.extproc
    }

    /// The reader's own index: nobody else moves it while `termios_rwsem` is held.
    #[inline]
    fn read_tail(&self, site: Site) -> usize {
        self.ld.read_tail(site, Ordering::Relaxed)
    }

    /// Appends `n` bytes from index `tail` on (`tty_copy`).
    #[inline(always)]
    fn append(&mut self, tail: usize, n: usize) {
        self.ld.append_read_buf("tty_copy.read_buf", tail, n, self.kbuf);
        self.zero_buffer(tail, n);
        self.nr -= n;
    }

    /// `zero_buffer`: what is not echoed is perhaps a secret.
    #[inline(always)]
    fn zero_buffer(&self, tail: usize, n: usize) {
        if self.modes.wiped {
            let at = self.ld.mask(tail);
            let straight = n.min(self.ld.size() - at);
            let buf = &self.ld.read_buf;
            buf.fill("zero_buffer.read_buf", at, straight, 0);
            buf.fill("zero_buffer.read_buf_wrapped", 0, n - straight, 0);
        }
    }

    /// `copy_from_read_buf`: raw bytes, up to the end of the circular buffer. Whether there are
    /// more.
    #[inline(always)]
    fn copy_from_read_buf(&mut self) -> bool {
        let ld = self.ld;
        // Pairs with the RELEASE in __receive_buf: the bytes below it are there.
        let head = ld.commit_head("copy_from_read_buf.commit_head", Ordering::Acquire);
        let tail = self.read_tail("copy_from_read_buf.read_tail");
        let n = head.wrapping_sub(tail).min(self.straight(tail)).min(self.nr);
        if n == 0 {
            return false;
        }
        let start = self.kbuf.len();
        self.append(tail, n);
        let new_tail = tail.wrapping_add(n);
        // With EXTPROC a lone EOF character at the end of the input is an empty read.
        let eaten = n == 1
            && self.kbuf[start] == self.modes.eof
            && head == new_tail
            && self.modes.extproc
            && ld.bits.test("copy_from_read_buf.icanon", Bit::Icanon);
        if eaten {
            self.kbuf.truncate(start);
            self.nr += n;
        }
        // Pairs with the ACQUIRE in n_tty_receive_buf_common: the bytes are copied.
        ld.read_tail.store("copy_from_read_buf.read_tail_set", new_tail, Ordering::Release);
        self.tty.ghost.consumed(n, &self.kbuf[start..]);
        !eaten && head != new_tail
    }

    /// How far one copy goes: to the end of the circular buffer. Natively around it (deviation 3), except
    /// where that would show, as in [`TtyStruct::read_chunk`].
    #[inline(always)]
    fn straight(&self, tail: usize) -> usize {
        let to_its_end = self.modes.extproc || L::rt(self.tty.rt).batch() == 1;
        self.ld.size() - if to_its_end { self.ld.mask(tail) } else { 0 }
    }

    /// `canon_copy_from_read_buf`: the rest of one line, if it fits. Whether the line goes on.
    #[inline(always)]
    fn canon_copy_from_read_buf(&mut self) -> bool {
        let ld = self.ld;
        if self.nr == 0 {
            return false;
        }
        // Pairs with the RELEASE in n_tty_receive_handle_newline: bytes and marks are there.
        let canon_head = ld.canon_head("canon_copy_from_read_buf.canon_head", Ordering::Acquire);
        let tail = self.read_tail("canon_copy_from_read_buf.read_tail");
        let length = canon_head.wrapping_sub(tail);
        // Museum T3: a line as long as the buffer has no length at all.
        let masked = self.tty.variant.is(Variant::MaskedLine);
        // Museum T5: an EOF there would be eaten, but a newline's mark is cleared as well.
        let past = usize::from(self.tty.variant.is(Variant::LooksPastEnd));
        let wanted = if masked { ld.mask(length) } else { length }.min(self.nr + past);
        let (n, eol) = self.find_eol(tail, wanted);
        // The mark of an EOF is not for the reader.
        let (seen, consumed) = match eol {
            Some(eol) => {
                let c = ld.read_buf("canon_copy_from_read_buf.eol", eol);
                (n + usize::from(c != DISABLED_CHAR), n + 1)
            }
            None => (n, n),
        };
        let (seen, consumed) = if seen > self.nr { (self.nr, self.nr) } else { (seen, consumed) };
        let start = self.kbuf.len();
        self.append(tail, seen);
        if let Some(eol) = eol {
            ld.read_flags.clear_bit("canon_copy_from_read_buf.read_flags_clear", eol);
        }
        let new_tail = tail.wrapping_add(consumed);
        // Pairs with the ACQUIRE in n_tty_receive_buf_common: the bytes are copied.
        ld.read_tail.store("canon_copy_from_read_buf.read_tail_set", new_tail, Ordering::Release);
        self.tty.ghost.consumed(consumed, &self.kbuf[start..]);
        if eol.is_some() {
            ld.line_is_read(new_tail);
            return false;
        }
        new_tail != canon_head
    }

    /// The next line mark within `wanted` bytes of `tail`: how many bytes come before it, and its
    /// position; without one, all of them.
    #[inline(always)]
    fn find_eol(&self, tail: usize, wanted: usize) -> (usize, Option<usize>) {
        let ld = self.ld;
        let at = ld.mask(tail);
        let end = (at + wanted).min(ld.size());
        let straight = end - at;
        let eol = ld.read_flags.find_next_bit("canon_copy_from_read_buf.find_next_bit", end, at);
        if eol < end {
            return (eol - at, Some(eol));
        }
        let wrapped = wanted - straight;
        let eol =
            ld.read_flags.find_next_bit("canon_copy_from_read_buf.find_first_bit", wrapped, 0);
        (straight + eol, (eol < wrapped).then_some(eol))
    }

    /// `canon_skip_eof`: an EOF exactly at the end of a full read is eaten with it.
    fn canon_skip_eof(&self) {
        let ld = self.ld;
        // Pairs with the RELEASE in n_tty_receive_handle_newline, as in canon_copy_from_read_buf.
        let canon_head = ld.canon_head("canon_skip_eof.canon_head", Ordering::Acquire);
        let tail = self.read_tail("canon_skip_eof.read_tail");
        if tail == canon_head {
            return;
        }
        let at = ld.mask(tail);
        if !ld.read_flags.test_bit("canon_skip_eof.read_flags", at)
            || ld.read_buf("canon_skip_eof.read_buf", at) != DISABLED_CHAR
        {
            return;
        }
        ld.read_flags.clear_bit("canon_skip_eof.read_flags_clear", at);
        // Pairs with the ACQUIRE in n_tty_receive_buf_common.
        ld.read_tail.store("canon_skip_eof.read_tail_set", tail.wrapping_add(1), Ordering::Release);
        self.tty.ghost.consumed(1, &[]);
    }
}

impl<L: Lane> NTtyData<L> {
    /// A whole line was read, or what a change of mode had pushed.
    #[inline(always)]
    fn line_is_read(&self, new_tail: usize) {
        if self.bits.test("canon_copy_from_read_buf.push", Bit::Push) {
            self.bits.assign(
                ["canon_copy_from_read_buf.push_load", "canon_copy_from_read_buf.push_clear"],
                Bit::Push,
                false,
            );
        } else {
            self.line_start.set("canon_copy_from_read_buf.line_start", new_tail);
        }
    }
}
