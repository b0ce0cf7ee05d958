// SPDX-License-Identifier: GPL-2.0-only
//! `struct tty_buffer`: one link of the flip chain.
//!
//! # Who may touch what
//! | field | written by | read by | published or protected by |
//! |---|---|---|---|
//! | `next` | producer, RELEASE, after `commit` | consumer, ACQUIRE, before `commit` | itself |
//! | `commit` | producer, RELEASE | consumer, ACQUIRE | itself |
//! | `used` | producer | producer | `port->lock` |
//! | `read`, `lookahead` | consumer | consumer | `buf->lock` |
//! | `size`, `flags` | producer, before the buffer is linked | both | the `next` that links it |
//! | the bytes below `commit` | producer | consumer (who zeroes what it took) | `commit` |
//!
//! Producer: whoever holds `port->lock`. Consumer: whoever holds `buf->lock`. The producer also
//! writes all of them in `tty_buffer_reset`, when the buffer is its own.
//!
//! # Invariants
//! - `read <= commit <= used <= room`; `room` is `size` with flag bytes, else twice that.
//! - `next` never changes from non-NULL while the buffer is linked, and `commit` does not change
//!   once `next` is set: hence the load order, `next` first.
//! - A freed buffer is poisoned: every accessor asks first, so a later access is a finding.
//!
//! # Deviations
//! 1. The free list's link has a field of its own, where the kernel shares `next`'s.

use crate::geometry::Geometry;
use crate::sync::{
    Any, AtomicUsize, Fresh, Lane, Name, Ordering, RaceBytes, RaceCell, Runtime, Site,
};

/// `TTY_NORMAL`: nothing is special about the character.
pub const TTY_NORMAL: u8 = 0;
/// `TTY_BREAK`: a break condition stands for the character.
pub const TTY_BREAK: u8 = 1;
/// `TTY_FRAME`: framing error.
pub const TTY_FRAME: u8 = 2;
/// `TTY_PARITY`: parity error.
pub const TTY_PARITY: u8 = 3;
/// `TTY_OVERRUN`: characters before this one were lost.
pub const TTY_OVERRUN: u8 = 4;

/// NULL, as the number of a buffer.
pub const NULL: usize = 0;

/// The most characters that [`BufferState::chars`] holds.
const SHOWN: usize = 64;

/// One link of the flip chain as it was at some moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BufferState {
    /// Its number: 1 is the sentinel.
    pub number: usize,
    /// What it was made for.
    pub size: usize,
    /// Up to where it is filled.
    pub used: usize,
    /// Up to where the consumer may read.
    pub commit: usize,
    /// Up to where it has read.
    pub read: usize,
    /// The number of the next one, or [`NULL`].
    pub next: usize,
    /// Its characters up to `used`; empty if they are many.
    pub chars: Vec<u8>,
}

/// One link of the flip chain; see the module for who may touch what.
#[derive(Debug)]
#[repr(C)]
pub struct TtyBuffer<L: Lane = Any> {
    /// Its number in the slab: the model's pointer to it.
    number: usize,
    /// What `kmalloc` was asked for: 2 * this many bytes.
    capacity: usize,
    next: AtomicUsize<L>,
    commit: AtomicUsize<L>,
    used: RaceCell<usize, L>,
    read: RaceCell<usize, L>,
    lookahead: RaceCell<usize, L>,
    size: RaceCell<usize, L>,
    flags: RaceCell<bool, L>,
    /// The next entry of the free list this one is on.
    free: RaceCell<usize, L>,
    /// Characters, and from `size` on their flag bytes if `flags`.
    data: RaceBytes<L>,
}

/// The names of one buffer's fields in reports.
struct Names {
    scope: &'static str,
    number: usize,
}

impl Names {
    /// The sentinel is number 1; the others are counted from 1 behind it.
    fn field(&self, sentinel: &'static str, field: &'static str) -> Name {
        match u32::try_from(self.number) {
            Ok(n) if n > 1 => Name::nth(self.scope, field, n - 1),
            _ => Name::new(self.scope, sentinel),
        }
    }
}

impl TtyBuffer {
    /// Fresh memory for `size` characters with flags, or twice as many without (`kmalloc`).
    pub(super) fn new(rt: Runtime, scope: &'static str, number: usize, size: usize) -> Self {
        let names = Names { scope, number };
        let word = |s, f| AtomicUsize::new(rt, names.field(s, f), 0);
        let cell = |s, f| RaceCell::new(rt, names.field(s, f), 0);
        Self {
            number,
            capacity: size,
            next: word("sentinel.next", "tty_buffer.next"),
            commit: word("sentinel.commit", "tty_buffer.commit"),
            used: cell("sentinel.used", "tty_buffer.used"),
            read: cell("sentinel.read", "tty_buffer.read"),
            lookahead: cell("sentinel.lookahead", "tty_buffer.lookahead"),
            size: cell("sentinel.size", "tty_buffer.size"),
            flags: RaceCell::new(rt, names.field("sentinel.flags", "tty_buffer.flags"), true),
            free: cell("sentinel.free", "tty_buffer.free"),
            data: RaceBytes::new(
                rt,
                names.field("sentinel.data", "tty_buffer.data"),
                2 * size,
                Fresh::Uninit,
            ),
        }
    }
}

impl<L: Lane> TtyBuffer<L> {
    /// All of it, from outside the model: no step and no access.
    pub(super) fn observe(&self) -> BufferState {
        let used = self.used.observe();
        BufferState {
            number: self.number,
            size: self.size.observe(),
            used,
            commit: self.commit.observe(),
            read: self.read.observe(),
            next: self.next.observe(),
            chars: if used <= SHOWN { self.data.observe(used) } else { Vec::new() },
        }
    }

    /// `tty_buffer_reset`: makes it an empty buffer of `size`. The buffer is the caller's own:
    /// the plain stores become visible with the `next` that links it.
    pub(super) fn tty_buffer_reset(&self, size: usize) {
        self.used.set("tty_buffer_reset.used", 0);
        self.size.set("tty_buffer_reset.size", size);
        self.next.store("tty_buffer_reset.next", NULL, Ordering::Relaxed);
        self.commit.store("tty_buffer_reset.commit", 0, Ordering::Relaxed);
        self.lookahead.set("tty_buffer_reset.lookahead", 0);
        self.read.set("tty_buffer_reset.read", 0);
        self.flags.set("tty_buffer_reset.flags", true);
    }

    /// The model's pointer to it: never 0.
    #[inline]
    #[must_use]
    pub const fn number(&self) -> usize {
        self.number
    }

    /// The size it was allocated with.
    #[inline]
    pub(super) const fn capacity(&self) -> usize {
        self.capacity
    }

    /// Loads `next`: the number of the buffer behind it, or [`NULL`].
    #[inline]
    pub fn load_next(&self, site: Site, order: Ordering) -> usize {
        self.data.alive(site, "read of next");
        self.next.load(site, order)
    }

    /// Stores `next`.
    #[inline]
    pub(super) fn store_next(&self, site: Site, next: usize, order: Ordering) {
        self.data.alive(site, "write of next");
        self.next.store(site, next, order);
    }

    /// Loads `commit`: how many characters the consumer may see, counted from the buffer's start.
    #[inline]
    pub fn load_commit(&self, site: Site, order: Ordering) -> usize {
        self.data.alive(site, "read of commit");
        self.commit.load(site, order)
    }

    /// Stores `commit`.
    #[inline]
    pub(super) fn store_commit(&self, site: Site, commit: usize, order: Ordering) {
        self.data.alive(site, "write of commit");
        self.commit.store(site, commit, order);
    }

    /// `commit` as it is, for ghost state and reports: no step.
    #[inline]
    #[must_use]
    pub fn observe_commit(&self) -> usize {
        self.commit.observe()
    }

    /// `next` as it is, for reports: no step.
    #[must_use]
    pub fn observe_next(&self) -> usize {
        self.next.observe()
    }

    /// `used`: how many characters the producer has stored. Needs `port->lock`.
    #[inline]
    pub fn used(&self, site: Site) -> usize {
        self.data.alive(site, "read of used");
        self.used.get(site)
    }

    #[inline]
    pub(super) fn set_used(&self, site: Site, used: usize) {
        self.data.alive(site, "write of used");
        self.used.set(site, used);
    }

    /// `read`: how many characters the consumer has taken. Needs `buf->lock`.
    #[inline]
    pub fn read(&self, site: Site) -> usize {
        self.data.alive(site, "read of read");
        self.read.get(site)
    }

    #[inline]
    pub(super) fn set_read(&self, site: Site, read: usize) {
        self.data.alive(site, "write of read");
        self.read.set(site, read);
    }

    /// `lookahead`: up to where flow control characters were looked for. Needs `buf->lock`.
    #[inline]
    pub fn lookahead(&self, site: Site) -> usize {
        self.data.alive(site, "read of lookahead");
        self.lookahead.get(site)
    }

    #[inline]
    pub(super) fn set_lookahead(&self, site: Site, lookahead: usize) {
        self.data.alive(site, "write of lookahead");
        self.lookahead.set(site, lookahead);
    }

    /// `size`, in characters with flags: what `mem_used` counts. 0 for the sentinel.
    #[inline]
    pub fn size(&self, site: Site) -> usize {
        self.data.alive(site, "read of size");
        self.size.get(site)
    }

    /// `flags`: whether each character has a flag byte.
    #[inline]
    pub fn flags(&self, site: Site) -> bool {
        self.data.alive(site, "read of flags");
        self.flags.get(site)
    }

    #[inline]
    pub(super) fn set_flags(&self, site: Site, flags: bool) {
        self.data.alive(site, "write of flags");
        self.flags.set(site, flags);
    }

    /// Copies characters from `off` on (`char_buf_ptr`).
    pub fn copy_chars(&self, site: Site, off: usize, to: &mut [u8]) {
        self.data.read(site, off, to);
    }

    /// Copies flag bytes from `off` on (`flag_buf_ptr`); the buffer must have them.
    pub fn copy_flags(&self, site: Site, off: usize, to: &mut [u8]) {
        let size = self.size(site);
        self.data.read(site, size + off, to);
    }

    /// Lends `n` characters from `off`, and their flag bytes if there are any.
    #[inline]
    pub(super) fn lend<R>(
        &self,
        site: Site,
        off: usize,
        n: usize,
        f: impl FnOnce(&[u8], Option<&[u8]>) -> R,
    ) -> R {
        if self.flags(site) {
            let size = self.size(site);
            self.data.lend(site, off, n, |chars| {
                self.data.lend(site, size + off, n, |flags| f(chars, Some(flags)))
            })
        } else {
            self.data.lend(site, off, n, |chars| f(chars, None))
        }
    }

    /// Stores characters at `off`.
    #[inline]
    pub(super) fn write_chars(&self, site: Site, off: usize, chars: &[u8]) {
        self.data.write(site, off, chars);
    }

    /// Sets `n` flag bytes from `off` on.
    pub(super) fn fill_flags(&self, site: Site, off: usize, n: usize, flag: u8) {
        let size = self.size(site);
        self.data.fill(site, size + off, n, flag);
    }

    /// Stores flag bytes at `off`; the buffer must have them.
    pub(super) fn write_flags(&self, site: Site, off: usize, flags: &[u8]) {
        let size = self.size(site);
        self.data.write(site, size + off, flags);
    }

    /// Zeroes `n` characters from `off` on: they may have been a password.
    #[inline]
    pub(super) fn zero_chars(&self, site: Site, off: usize, n: usize) {
        self.data.fill(site, off, n, 0);
    }

    /// How many characters fit: `size` with flags, twice that without.
    #[inline]
    pub(super) fn room(&self, site: Site) -> usize {
        let factor = if self.flags(site) { 1 } else { 2 };
        factor * self.size(site)
    }

    /// From here on any access is a use after free.
    pub(super) fn poison(&self, site: Site) {
        self.data.poison(site);
    }

    /// It is somebody's again.
    pub(super) fn revive(&self, site: Site) {
        self.data.revive(site);
    }

    /// The free list's link; the buffer is freed, so this is the one field that may be used.
    pub(super) fn free_link(&self, site: Site) -> usize {
        self.free.get(site)
    }

    pub(super) fn set_free_link(&self, site: Site, next: usize) {
        self.free.set(site, next);
    }
}

/// The rounded `size` of a buffer for `wanted` characters (`__ALIGN_MASK`), in `geometry`.
pub(super) const fn rounded(geometry: &Geometry, wanted: usize) -> usize {
    (wanted + geometry.ttyb_align - 1) & !(geometry.ttyb_align - 1)
}
