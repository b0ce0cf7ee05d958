// SPDX-License-Identifier: GPL-2.0-only
//! `struct n_tty_data`: the read buffer of the default line discipline, and its bookkeeping.
//!
//! # Data flow
//! ```text
//! flush_to_ldisc / TIOCSTI -> receive.rs -> read_buf[read_head] -> commit_head | canon_head
//!                                           read_buf[read_tail] -> read.rs -> reader
//!                          erase.rs, echo.rs -> echo_buf -> output.rs -> pty_write
//!                                   writer -> write.rs -> output.rs -> pty_write
//! ```
//! Indices only grow; `MASK` maps them into the circular `read_buf`.
//!
//! # Who may touch what
//! - Producer: holds `buf->lock` of its port, and `termios_rwsem` for read.
//! - Consumer: holds `atomic_read_lock`, and `termios_rwsem` for read.
//! - Both at once, and resets: `termios_rwsem` for write.
//!
//! | field | producer | consumer | without a lock |
//! |---|---|---|---|
//! | `read_head` | its own | never | |
//! | `commit_head`, `canon_head` | RELEASE | ACQUIRE | `poll` |
//! | `read_tail` | ACQUIRE | RELEASE | `poll` |
//! | `read_buf` | above `read_tail + N`: never | below the published head | |
//! | `read_flags` | `set_bit` | `clear_bit` | |
//! | `no_room` | sets and clears | clears | |
//! | `line_start` | | its own | |
//! | `lookahead_count` | its own, without `termios_rwsem` too | | |
//! | the bit-fields | `lnext`, `erasing` | `push` | `poll` reads `icanon` |
//! | the echo buffer, the columns | see [`Echo`], [`Columns`] | | |
//!
//! # Deviations
//! 1. `num_overrun` and `overrun_time` are not kept: they only make a log message.
//! 2. Job control is left out: nobody is ever in the background, so neither a read nor, with
//!    `TOSTOP`, a write is stopped.
//! 3. Where the kernel re-reads a variable that only the reading thread can have changed in
//!    between, it is read once.
//! 4. `bitmap_zero` skips the words that are zero already: it is always done with everybody else
//!    kept out.

mod bits;
mod char_set;
mod ctype;
mod echo;
mod erase;
mod open;
mod output;
mod poll;
mod read;
mod read_flags;
mod receive;
mod set_termios;
mod standard;
mod state;
mod write;

pub use bits::{Bit, Bits};
pub use echo::{
    ECHO_OP_ERASE_TAB, ECHO_OP_MOVE_BACK_COL, ECHO_OP_SET_CANON_COL, ECHO_OP_START, Echo,
};
pub use output::{Columns, OutputModes};
pub use read::Cookie;
pub use read_flags::ReadFlags;

use crate::machine::Variant;
use crate::pty::TIOCPKT_FLUSHREAD;
use crate::sync::{Any, AtomicUsize, Lane, Mutex, Ordering, RaceBytes, RaceCell, Site};
use crate::termios::{DISABLED_CHAR, lflag};
use crate::tty_struct::{TtyEnd, TtyStruct};

/// `struct n_tty_data`; see the module for who may touch what.
#[derive(Debug)]
#[repr(C)]
pub struct NTtyData<L: Lane = Any> {
    /// Where the next character goes.
    read_head: RaceCell<usize, L>,
    /// Up to where raw input is published.
    commit_head: AtomicUsize<L>,
    /// Up to where canonical input is published: behind the last line's end.
    canon_head: AtomicUsize<L>,
    /// Which characters need more than being stored. Under `termios_rwsem`.
    char_map: RaceCell<set_termios::CharMap, L>,
    /// The worker stopped because the read buffer was full.
    no_room: AtomicUsize<L>,
    /// The six flags that share a byte.
    pub bits: Bits<L>,
    /// The circular read buffer.
    pub read_buf: RaceBytes<L>,
    /// Which positions of it end a line.
    pub read_flags: ReadFlags<L>,
    /// Up to where has been read.
    read_tail: AtomicUsize<L>,
    /// Where the line that is being read starts.
    line_start: RaceCell<usize, L>,
    /// How many characters lookahead has already looked at.
    lookahead_count: AtomicUsize<L>,
    /// The echo buffer.
    pub echo: Echo<L>,
    /// Where the cursor is. Under `output_lock`.
    pub columns: Columns<L>,
    /// One reader at a time.
    pub atomic_read_lock: Mutex<L>,
    /// One writer, or echo, at a time.
    pub output_lock: Mutex<L>,
    mask: usize,
}

impl<L: Lane> NTtyData<L> {
    /// `MASK`: an index as a position in `read_buf`.
    #[inline]
    #[must_use]
    pub const fn mask(&self, index: usize) -> usize {
        index & self.mask
    }

    /// `N_TTY_BUF_SIZE`.
    #[inline]
    #[must_use]
    pub const fn size(&self) -> usize {
        self.mask + 1
    }

    /// `read_cnt`: the bytes in `read_buf`, published or not.
    ///
    /// # Locking
    /// The producer, or `termios_rwsem` held for write.
    #[inline]
    pub fn read_cnt(&self, site: Site) -> usize {
        let head = self.read_head.get(site);
        head.wrapping_sub(self.read_tail.load(site, Ordering::Relaxed))
    }

    /// `read_head`: where the next character goes.
    ///
    /// # Locking
    /// The producer, or `termios_rwsem` held for write.
    #[inline]
    pub fn read_head(&self, site: Site) -> usize {
        self.read_head.get(site)
    }

    /// Loads `read_tail`: up to where has been read. A producer needs ACQUIRE, which pairs with
    /// the consumer's RELEASE: the bytes below it are copied.
    #[inline]
    pub fn read_tail(&self, site: Site, order: Ordering) -> usize {
        self.read_tail.load(site, order)
    }

    /// Loads `commit_head`. A consumer needs ACQUIRE, which pairs with the producer's RELEASE: the
    /// bytes below it are there.
    #[inline]
    pub fn commit_head(&self, site: Site, order: Ordering) -> usize {
        self.commit_head.load(site, order)
    }

    /// Loads `canon_head`; as [`NTtyData::commit_head`], for whole lines.
    #[inline]
    pub fn canon_head(&self, site: Site, order: Ordering) -> usize {
        self.canon_head.load(site, order)
    }

    /// `read_buf(ldata, i)`: the byte at an index.
    ///
    /// # Locking
    /// See the module.
    #[inline(always)]
    pub fn read_buf(&self, site: Site, index: usize) -> u8 {
        self.read_buf.get(site, self.mask(index))
    }

    /// Copies the bytes from index `from` on, wrapping around.
    ///
    /// # Locking
    /// See the module.
    pub fn copy_read_buf(&self, site: Site, from: usize, to: &mut [u8]) {
        let at = self.mask(from);
        let (straight, wrapped) = to.split_at_mut(to.len().min(self.size() - at));
        self.read_buf.read(site, at, straight);
        if !wrapped.is_empty() {
            self.read_buf.read(site, 0, wrapped);
        }
    }

    /// Appends `n` bytes from index `from` on to `to`, as [`NTtyData::copy_read_buf`] copies them.
    #[inline(always)]
    fn append_read_buf(&self, site: Site, from: usize, n: usize, to: &mut Vec<u8>) {
        let at = self.mask(from);
        let straight = n.min(self.size() - at);
        self.read_buf.append(site, at, straight, to);
        if straight < n {
            self.read_buf.append(site, 0, n - straight, to);
        }
    }

    /// What a reader could have, from outside the model.
    #[must_use]
    pub fn observe_readable(&self) -> usize {
        let icanon = self.bits.observe(Bit::Icanon);
        let head = if icanon { &self.canon_head } else { &self.commit_head };
        head.observe().wrapping_sub(self.read_tail.observe())
    }

    /// Whether the worker is known to have stopped for want of room, from outside the model.
    #[must_use]
    pub fn observe_no_room(&self) -> bool {
        self.no_room.observe() != 0
    }

    /// The read buffer as it is now, from outside the model: no step and no access.
    #[must_use]
    pub fn observe(&self) -> ReadState {
        let size = self.size();
        ReadState {
            size,
            read_head: self.read_head.observe(),
            commit_head: self.commit_head.observe(),
            canon_head: self.canon_head.observe(),
            read_tail: self.read_tail.observe(),
            icanon: self.bits.observe(Bit::Icanon),
            no_room: self.observe_no_room(),
            bytes: if size <= SHOWN { self.read_buf.observe(size) } else { Vec::new() },
        }
    }

    /// `chars_in_buffer`: what can be read. Plain loads, the head first.
    #[inline]
    fn chars_in_buffer(&self, sites: &CharsInBuffer) -> isize {
        let head = if self.bits.test(sites.icanon, Bit::Icanon) {
            self.canon_head.load(sites.canon_head, Ordering::Relaxed)
        } else {
            self.commit_head.load(sites.commit_head, Ordering::Relaxed)
        };
        let tail = self.read_tail.load(sites.read_tail, Ordering::Relaxed);
        head.wrapping_sub(tail).cast_signed()
    }
}

/// The largest read buffer whose bytes [`ReadState::bytes`] holds.
const SHOWN: usize = 64;

/// What [`NTtyData::observe`] sees. Indices only grow.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReadState {
    /// `N_TTY_BUF_SIZE`.
    pub size: usize,
    /// Where the next character goes.
    pub read_head: usize,
    /// Up to where raw input is published.
    pub commit_head: usize,
    /// Up to where canonical input is published.
    pub canon_head: usize,
    /// Up to where has been read.
    pub read_tail: usize,
    /// Whether lines are edited: then `canon_head` says what can be read.
    pub icanon: bool,
    /// Whether the worker stopped for want of room.
    pub no_room: bool,
    /// The whole buffer by position; empty if it is large.
    pub bytes: Vec<u8>,
}

/// Where `chars_in_buffer` is inlined.
struct CharsInBuffer {
    icanon: Site,
    canon_head: Site,
    commit_head: Site,
    read_tail: Site,
}

impl<L: Lane> TtyStruct<L> {
    /// `n_tty_kick_worker`: restarts the work if it stopped for want of room.
    ///
    /// # Locking
    /// `termios_rwsem`, for read at least.
    #[inline(always)]
    fn n_tty_kick_worker(&self) {
        let ld = &self.disc_data;
        if ld.no_room.load("n_tty_kick_worker.no_room", Ordering::Relaxed) != 0 {
            ld.no_room.store("n_tty_kick_worker.no_room_clear", 0, Ordering::Relaxed);
            self.port.buf.tty_buffer_restart_work("n_tty_kick_worker.queue_work");
        }
    }

    /// `n_tty_check_unthrottle`: with little left to read, restarts the work and wakes the link's
    /// writers.
    ///
    /// # Locking
    /// The consumer.
    #[inline(always)]
    fn n_tty_check_unthrottle(&self) {
        if let Some(serial) = &self.serial {
            let little = || self.little_to_read();
            return self.n_tty_check_unthrottle_serial(serial, little, || self.n_tty_kick_worker());
        }
        if self.little_to_read() {
            self.n_tty_kick_worker();
            self.link.tty_wakeup();
        }
    }

    /// Whether there is so little that more may come.
    #[inline(always)]
    fn little_to_read(&self) -> bool {
        let chars = self.disc_data.chars_in_buffer(&CharsInBuffer {
            icanon: "n_tty_check_unthrottle.icanon",
            canon_head: "n_tty_check_unthrottle.canon_head",
            commit_head: "n_tty_check_unthrottle.commit_head",
            read_tail: "n_tty_check_unthrottle.read_tail",
        });
        chars <= self.geometry.throttle.cast_signed()
    }

    /// `n_tty_flush_buffer`: forgets all input.
    ///
    /// # Locking
    /// Takes `termios_rwsem` for write, and in it `ctrl.lock`.
    pub(crate) fn n_tty_flush_buffer(&self) {
        let _sem = self.termios_rwsem.down_write("n_tty_flush_buffer.termios_rwsem");
        self.reset_buffer_flags();
        // Museum 16a: a writer or the worker may be at the echoes.
        if self.variant.is(Variant::EchoReset) {
            self.disc_data.echo.clear();
        }
        // Museum 14c: nobody restarts a worker that stopped for want of room.
        if !self.variant.is(Variant::FlushWithoutKick) {
            self.n_tty_kick_worker();
        }
        self.n_tty_packet_mode_flush();
    }

    /// `n_tty_packet_mode_flush`: tells a master in packet mode that this end forgot its input.
    ///
    /// # Locking
    /// Takes `ctrl.lock`.
    fn n_tty_packet_mode_flush(&self) {
        // Without the master's lock: a change of mode at the same time may or may not count.
        if self.link.packet_mode("n_tty_packet_mode_flush.packet") {
            self.change_pktstatus(0, TIOCPKT_FLUSHREAD);
            self.link.read_wait.wake_up("n_tty_packet_mode_flush.read_wait");
        }
    }

    /// `TIOCINQ`: how many bytes a read could return, EOF marks not counted; in raw mode all of
    /// them, published or not. An `unsigned int`: with a reader beyond `read_head` it is huge.
    ///
    /// # Locking
    /// Takes `termios_rwsem` for write.
    pub(crate) fn n_tty_inq(&self) -> usize {
        let _sem = self.termios_rwsem.down_write("n_tty_ioctl.termios_rwsem");
        let termios = self.termios.get("n_tty_ioctl.termios");
        let num = if termios.l(lflag::ICANON) && !termios.l(lflag::EXTPROC) {
            self.disc_data.inq_canon()
        } else {
            self.disc_data.read_cnt("n_tty_ioctl.read_cnt")
        };
        num & u32::MAX as usize
    }
}

impl<L: Lane> TtyEnd<L> {
    /// Nothing is on its way that lookahead has seen.
    pub(crate) fn forget_lookahead(&self) {
        let count = &self.disc_data.lookahead_count;
        count.store("tty_buffer_flush.lookahead_count", 0, Ordering::Relaxed);
    }

    /// `reset_buffer_flags`: an empty read buffer.
    ///
    /// # Locking
    /// `termios_rwsem` held for write.
    fn reset_buffer_flags(&self) {
        let ld = &self.disc_data;
        ld.read_head.set("reset_buffer_flags.read_head", 0);
        ld.canon_head.store("reset_buffer_flags.canon_head", 0, Ordering::Relaxed);
        ld.read_tail.store("reset_buffer_flags.read_tail", 0, Ordering::Relaxed);
        ld.commit_head.store("reset_buffer_flags.commit_head", 0, Ordering::Relaxed);
        self.ghost.ldisc_reset();
        ld.line_start.set("reset_buffer_flags.line_start", 0);
        ld.bits.assign(
            ["reset_buffer_flags.erasing_load", "reset_buffer_flags.erasing"],
            Bit::Erasing,
            false,
        );
        ld.read_flags.bitmap_zero("reset_buffer_flags.read_flags");
        ld.bits.assign(
            ["reset_buffer_flags.push_load", "reset_buffer_flags.push"],
            Bit::Push,
            false,
        );
        ld.lookahead_count.store("reset_buffer_flags.lookahead_count", 0, Ordering::Relaxed);
    }
}

impl<L: Lane> NTtyData<L> {
    /// `inq_canon`.
    ///
    /// # Locking
    /// `termios_rwsem` held for write.
    fn inq_canon(&self) -> usize {
        let head = self.canon_head("inq_canon.canon_head", Ordering::Relaxed);
        let mut tail = self.read_tail("inq_canon.read_tail", Ordering::Relaxed);
        let mut nr = head.wrapping_sub(tail);
        if nr == 0 {
            return 0;
        }
        // Compared as positions: a completely full buffer is not looked through, as in the kernel.
        while self.mask(head) != self.mask(tail) {
            if self.read_flags.test_bit("inq_canon.read_flags", self.mask(tail))
                && self.read_buf("inq_canon.read_buf", tail) == DISABLED_CHAR
            {
                nr -= 1;
            }
            tail = tail.wrapping_add(1);
        }
        nr
    }
}
