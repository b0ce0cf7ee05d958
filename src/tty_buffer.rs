// SPDX-License-Identifier: GPL-2.0-only
//! `struct tty_bufhead`: the flip chain between a driver and a line discipline.
//!
//! # Data flow
//! ```text
//! producer (port->lock):  insert -> used -> commit -> queue_work
//! consumer (buf->lock):   flush_to_ldisc -> client receive_buf -> read -> free
//! ```
//! The chain starts at `head` and ends at `tail`; it is never empty, thanks to a sentinel of size
//! 0 that is its first element until the first buffer is linked behind it.
//!
//! # Lock order
//! `ldisc_sem` > `buf->lock` > `ldisc_sem` (trylock) > `termios_rwsem` > the link's `buf->lock`
//! (by `isig`) ; `termios_rwsem` > `output_lock` > the link's `port->lock`.
//!
//! # Invariants
//! - `head` is touched under `buf->lock`, `tail` under `port->lock`.
//! - Whoever is waiting for `buf->lock` with `priority` raised makes the work step aside, and
//!   restarts it after.
//!
//! # Deviations
//! 1. A pointer to a buffer is its number in a slab ([`crate::sync::Slab`]), NULL is 0.
//! 2. `tty_buffer_free_all` does not exist: memory goes with the pair.
//! 3. Allocation never fails, except beyond the limit.

mod alloc;
mod buffer;
mod consume;
mod insert;
mod state;

pub use buffer::{
    BufferState, NULL, TTY_BREAK, TTY_FRAME, TTY_NORMAL, TTY_OVERRUN, TTY_PARITY, TtyBuffer,
};
pub use consume::TtyPortClient;
pub(crate) use state::Reserved;

use crate::geometry::Geometry;
use crate::machine::{Code, Machine, Variant};
use crate::sync::{
    Any, AtomicUsize, Lane, Mutex, MutexGuard, Name, Ordering, RaceCell, Runtime, Site, Slab, Work,
    report,
};
use crate::verify::{Ghost, Property, Violation};
use std::sync::Arc;

/// `struct tty_bufhead`.
#[derive(Debug)]
#[repr(C)]
pub struct TtyBufhead<L: Lane = Any> {
    rt: Runtime,
    scope: &'static str,
    geometry: Geometry,
    /// Which code it runs.
    variant: Code<L>,
    /// Every buffer there ever was; the first is the sentinel.
    buffers: Slab<TtyBuffer<L>>,
    /// Where the consumer is. Under `lock`.
    head: RaceCell<usize, L>,
    /// Where the producer is. Under `port->lock`.
    tail: RaceCell<usize, L>,
    /// Runs [`TtyBufhead::flush_to_ldisc`].
    pub work: Arc<Work>,
    /// `buf->lock`: one consumer at a time.
    pub lock: Mutex<L>,
    /// `pool->lock` of the workqueue, where a script has one.
    pool: Option<Mutex>,
    /// How many users want or have exclusive access, or flush.
    priority: AtomicUsize<L>,
    /// Freed buffers of the smallest size.
    free: AtomicUsize<L>,
    /// Native only: freed buffers of each other size.
    recycled: Box<[AtomicUsize<L>]>,
    /// The sum of the linked buffers' `size`, in characters with flags.
    mem_used: AtomicUsize<L>,
    /// What `mem_used` can be at most, as the producer knows. Under `port->lock`.
    mem_bound: RaceCell<usize, L>,
    mem_limit: usize,
    ghost: Ghost,
}

/// Exclusive access to the flip chain: the work, flushes and other exclusive users are kept out;
/// the producer is not.
#[must_use = "hand it to tty_buffer_unlock_exclusive"]
#[derive(Debug)]
pub struct ExclusiveGuard<'a> {
    buf: &'a TtyBufhead,
    held: MutexGuard<'a>,
}

impl TtyBufhead {
    /// `tty_buffer_init` and `tty_buffer_set_limit`: an empty chain on its way to `scope`.
    #[must_use]
    pub fn new(
        machine: Machine,
        rt: Runtime,
        scope: &'static str,
        geometry: &Geometry,
        ghost: Ghost,
    ) -> Self {
        let buffers = Slab::default();
        let sentinel = buffers.push(|number| TtyBuffer::new(rt, scope, number, 0));
        let word = |field| AtomicUsize::new(rt, Name::new(scope, field), 0);
        Self {
            rt,
            scope,
            geometry: *geometry,
            variant: Code::new(machine.variant),
            buffers,
            head: RaceCell::new(rt, Name::new(scope, "buf.head"), sentinel),
            tail: RaceCell::new(rt, Name::new(scope, "buf.tail"), sentinel),
            work: Arc::new(Work::new(rt, Name::new(scope, "buf.work"))),
            lock: Mutex::new(rt, Name::new(scope, "buf.lock")),
            pool: machine.pool.then(|| Mutex::new(rt, Name::new(scope, "pool.lock"))),
            priority: word("buf.priority"),
            free: word("buf.free"),
            recycled: alloc::recycling(rt, geometry),
            mem_used: word("buf.mem_used"),
            mem_bound: RaceCell::new(rt, Name::new(scope, "buf.mem_bound"), 0),
            mem_limit: geometry.mem_limit,
            ghost,
        }
    }

    /// `tty_buffer_lock_exclusive`: excludes the work and flushes from the chain. Producers may
    /// still add.
    ///
    /// # Locking
    /// Raises `priority`, then takes `buf->lock`.
    pub fn tty_buffer_lock_exclusive(&self) -> ExclusiveGuard<'_> {
        // atomic_inc: no ordering; the lock orders.
        self.priority.fetch_add("tty_buffer_lock_exclusive.priority", 1, Ordering::Relaxed);
        let held = self.lock.lock("tty_buffer_lock_exclusive.lock");
        ExclusiveGuard { buf: self, held }
    }

    /// [`TtyBufhead::tty_buffer_lock_exclusive`] for who does not wait; the kernel has none yet.
    /// `priority` is raised after the lock, not before: a worker that steps aside for somebody who
    /// then gives up would have to be restarted.
    ///
    /// # Locking
    /// Takes `buf->lock` if that is possible at once.
    pub fn tty_buffer_trylock_exclusive(&self) -> Option<ExclusiveGuard<'_>> {
        let held = self.lock.try_lock("tty_buffer_trylock_exclusive.lock")?;
        self.priority.fetch_add("tty_buffer_trylock_exclusive.priority", 1, Ordering::Relaxed);
        Some(ExclusiveGuard { buf: self, held })
    }

    /// `tty_buffer_unlock_exclusive`: the kernel's. Restarts the work if the *head* holds unread
    /// data; what is behind a consumed head is overlooked (museum W1).
    ///
    /// # Locking
    /// Drops `buf->lock`; the work is queued after it.
    pub fn tty_buffer_unlock_exclusive(&self, guard: ExclusiveGuard<'_>) {
        let head = guard.head("tty_buffer_unlock_exclusive.head");
        // Plain in the kernel: only the value counts.
        let commit = head.load_commit("tty_buffer_unlock_exclusive.commit", Ordering::Relaxed);
        let unread = commit != head.read("tty_buffer_unlock_exclusive.read");
        let restart = unread || self.fixed_restart(head);
        self.release(guard, restart);
    }

    /// What the kernel overlooks, where a fix of it is tried (museum W1).
    fn fixed_restart(&self, head: &TtyBuffer) -> bool {
        let next = |b: &TtyBuffer| b.load_next("unlock_fixed.next", Ordering::Acquire);
        match self.variant.get() {
            Variant::RestartIfNext => next(head) != NULL,
            Variant::RestartAlways => true,
            Variant::RestartIfAny => {
                let mut at = next(head);
                while at != NULL {
                    let b = self.tty_buffer("unlock_fixed.buffer", at);
                    let commit = b.load_commit("unlock_fixed.commit", Ordering::Relaxed);
                    if commit != b.read("unlock_fixed.read") {
                        return true;
                    }
                    at = next(b);
                }
                false
            }
            _ => false,
        }
    }

    /// [`TtyBufhead::tty_buffer_unlock_exclusive`] as it could be: restarts the work if anything
    /// at all is left in the chain.
    ///
    /// # Locking
    /// As [`TtyBufhead::tty_buffer_unlock_exclusive`].
    pub fn tty_buffer_unlock_exclusive_restart(&self, guard: ExclusiveGuard<'_>) {
        let head = guard.head("tty_buffer_unlock_exclusive_restart.head");
        // Next before commit, like the consumer. ACQUIRE is not needed: only the values count.
        let next = head.load_next("tty_buffer_unlock_exclusive_restart.next", Ordering::Relaxed);
        let commit =
            head.load_commit("tty_buffer_unlock_exclusive_restart.commit", Ordering::Relaxed);
        let read = head.read("tty_buffer_unlock_exclusive_restart.read");
        self.release(guard, next != NULL || commit != read);
    }

    /// Gives up exclusive access without a look: for a caller who is alone, and so made nobody step
    /// aside.
    ///
    /// # Locking
    /// Drops `buf->lock`.
    pub(crate) fn tty_buffer_unlock_exclusive_quietly(&self, guard: ExclusiveGuard<'_>) {
        self.release(guard, false);
    }

    fn release(&self, guard: ExclusiveGuard<'_>, restart: bool) {
        self.priority.fetch_sub("tty_buffer_unlock_exclusive.priority", 1, Ordering::Relaxed);
        drop(guard.held);
        if restart {
            self.queue_work("tty_buffer_unlock_exclusive.queue_work");
        }
    }
}

impl<L: Lane> TtyBufhead<L> {
    /// `tty_buffer_space_avail`: what is left of the limit, in characters with flags.
    #[inline]
    pub fn tty_buffer_space_avail(&self) -> usize {
        let used = self.mem_used.load("tty_buffer_space_avail.mem_used", Ordering::Relaxed);
        self.mem_limit.saturating_sub(used)
    }

    /// `tty_buffer_restart_work`.
    #[inline]
    pub fn tty_buffer_restart_work(&self, site: Site) {
        self.queue_work(site);
    }

    /// `queue_work`.
    ///
    /// # Locking
    /// Takes `pool->lock`.
    #[inline(always)]
    fn queue_work(&self, site: Site) {
        let _pool = self.lock_pool("queue_work.pool_lock");
        self.work.queue(site);
    }

    /// Takes `pool->lock`, where there is one.
    #[inline(always)]
    pub(crate) fn lock_pool(&self, site: Site) -> Option<MutexGuard<'_>> {
        self.pool.as_ref().map(|pool| pool.lock(site))
    }

    /// The buffer with that number. A NULL dereference is a finding.
    #[inline]
    pub fn tty_buffer(&self, site: Site, number: usize) -> &TtyBuffer<L> {
        match self.buffers.get(number) {
            Some(b) => b,
            None => self.null_dereference(site),
        }
    }

    #[cold]
    fn null_dereference(&self, site: Site) -> ! {
        let sentence = format!("{site} follows a link that leads nowhere");
        report(self.rt, Violation::new(Property::C4, "null-dereference", sentence))
    }

    #[inline]
    fn head(&self, site: Site) -> &TtyBuffer<L> {
        self.tty_buffer(site, self.head.get(site))
    }

    #[inline]
    fn tail(&self, site: Site) -> &TtyBuffer<L> {
        self.tty_buffer(site, self.tail.get(site))
    }

    /// The head, which is probably `b`.
    #[inline]
    fn head_near<'b>(&'b self, site: Site, b: &'b TtyBuffer<L>) -> &'b TtyBuffer<L> {
        let number = self.head.get(site);
        if number == b.number() { b } else { self.tty_buffer(site, number) }
    }

    /// The tail, which is probably `b`.
    #[inline]
    fn tail_near<'b>(&'b self, site: Site, b: &'b TtyBuffer<L>) -> &'b TtyBuffer<L> {
        let number = self.tail.get(site);
        if number == b.number() { b } else { self.tty_buffer(site, number) }
    }
}

impl TtyBufhead {
    /// The unread characters of the chain as they are now, committed or not, for reports and
    /// ghost state: the caller must be the only thread.
    #[must_use]
    pub fn observe(&self) -> FlipState {
        let mut state = FlipState { mem_used: self.mem_used.observe(), ..FlipState::default() };
        let mut at = self.head.get("observe.head");
        while let Some(b) = self.buffers.get(at) {
            let size = b.size("observe.size");
            state.buffers += usize::from(size > 0);
            state.unread += b.observe_commit().saturating_sub(b.read("observe.read"));
            at = b.observe_next();
        }
        state
    }
}

impl TtyBufhead {
    /// The chain as it is now, from outside the model: no step and no access, so anybody may be
    /// at work. It ends where it would lead to a buffer a second time.
    #[must_use]
    pub fn observe_chain(&self) -> ChainState {
        let mut buffers: Vec<BufferState> = Vec::new();
        let mut at = self.head.observe();
        while let Some(b) = self.buffers.get(at) {
            if buffers.iter().any(|seen| seen.number == at) {
                break;
            }
            let state = b.observe();
            at = state.next;
            buffers.push(state);
        }
        ChainState {
            buffers,
            tail: self.tail.observe(),
            pending: self.work.observe_pending(),
            priority: self.priority.observe(),
            mem_used: self.mem_used.observe(),
        }
    }
}

impl<'a> ExclusiveGuard<'a> {
    /// The first buffer of the chain.
    #[inline]
    pub fn head(&self, site: Site) -> &'a TtyBuffer {
        self.buf.head(site)
    }

    /// The chain it guards.
    #[must_use]
    pub const fn buf(&self) -> &'a TtyBufhead {
        self.buf
    }
}

/// What [`TtyBufhead::observe`] sees.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FlipState {
    /// Committed and unread characters.
    pub unread: usize,
    /// Linked buffers, the sentinel not counted.
    pub buffers: usize,
    /// The sum of their sizes.
    pub mem_used: usize,
}

/// What [`TtyBufhead::observe_chain`] sees.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChainState {
    /// The linked buffers, the head first.
    pub buffers: Vec<BufferState>,
    /// The number of the buffer the producer fills.
    pub tail: usize,
    /// Whether the work is queued.
    pub pending: bool,
    /// How many want or have exclusive access, or flush.
    pub priority: usize,
    /// The sum of the sizes.
    pub mem_used: usize,
}
