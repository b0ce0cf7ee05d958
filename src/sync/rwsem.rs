// SPDX-License-Identifier: GPL-2.0-only
//! Reader/writer semaphores: `struct rw_semaphore`, and with writer bias `struct ld_semaphore`.
//!
//! # Deviations
//! 1. Without bias a reader may enter past a queued writer. The kernel's rwsem usually makes it
//!    wait; that only removes interleavings, except that a recursive `down_read` can deadlock
//!    there: so one is a finding (seeded), writer or no writer.
//! 2. Loom's own lock cannot be held twice for read by one thread; the second hold is counted.
//! 3. In loom a failing trylock is never explored, and bias is not modelled: no writer queues in
//!    the loom proofs.

use super::kept::{Kept, Slot, unpoisoned};
use super::solo::SoloSem;
use super::{Any, Lane, Name, Runtime, Site, seeded};
use crate::sched::{Op, OpKind};
use crate::verify::{Property, Violation};
use parking_lot::lock_api::GuardNoSend;
use std::marker::PhantomData;

/// A reader/writer semaphore.
#[derive(Debug)]
#[repr(C)]
pub struct RwSem<L: Lane = Any> {
    /// What it is in the solo runtime: a few instructions, in line.
    solo: SoloSem,
    /// What it is in the others: out of line.
    shared: Option<Shared>,
    lane: PhantomData<L>,
}

#[derive(Debug)]
struct Shared {
    sem: SharedSem,
    /// Seeded: a queued writer keeps new readers out, and makes their trylocks fail.
    writer_bias: bool,
}

#[derive(Debug)]
enum SharedSem {
    Native(parking_lot::RwLock<()>),
    Seeded(u32, seeded::Holds),
    Loom(LoomSem),
}

/// Proof of a shared hold; dropping it is `up_read`. As small as a mutex's.
#[must_use]
#[derive(Debug)]
pub struct ReadGuard<'a, L: Lane = Any>(&'a RwSem<L>, PhantomData<*const ()>);

/// Proof of an exclusive hold; dropping it is `up_write`.
#[must_use]
#[derive(Debug)]
pub struct WriteGuard<'a, L: Lane = Any>(&'a RwSem<L>, PhantomData<*const ()>);

type LoomRead<'a> = loom::sync::RwLockReadGuard<'a, ()>;
type LoomWrite<'a> = loom::sync::RwLockWriteGuard<'a, ()>;

impl RwSem {
    /// `init_rwsem`.
    #[must_use]
    pub fn new(rt: Runtime, name: Name) -> Self {
        Self::build(rt, name, false)
    }

    /// `init_ldsem`: as [`RwSem::new`], and a queued writer keeps new readers out.
    #[must_use]
    pub fn with_writer_bias(rt: Runtime, name: Name) -> Self {
        Self::build(rt, name, true)
    }

    fn build(rt: Runtime, name: Name, writer_bias: bool) -> Self {
        let sem = match rt {
            Runtime::Native => Some(SharedSem::Native(parking_lot::RwLock::new(()))),
            Runtime::Solo => None,
            Runtime::Seeded => {
                let holds = seeded::Holds::default();
                Some(SharedSem::Seeded(seeded::new_object(name, 0), holds))
            }
            Runtime::Loom => Some(SharedSem::Loom(LoomSem::default())),
        };
        let shared = sem.map(|sem| Shared { sem, writer_bias });
        Self { solo: SoloSem::new(rt), shared, lane: PhantomData }
    }
}

impl<L: Lane> RwSem<L> {
    /// `down_read`: ACQUIRE, pairs with the writer's RELEASE.
    #[inline]
    pub fn down_read(&self, site: Site) -> ReadGuard<'_, L> {
        match &self.shared {
            Some(l) if !L::SOLO => l.down_read(site),
            _ => self.solo.read::<L>(site),
        }
        ReadGuard(self, PhantomData)
    }

    /// `down_read_trylock`: fails while a writer holds it or, with bias, queues for it.
    #[inline]
    pub fn down_read_trylock(&self, site: Site) -> Option<ReadGuard<'_, L>> {
        let held = match &self.shared {
            Some(l) if !L::SOLO => l.down_read_trylock(site),
            _ => self.solo.try_read::<L>(),
        };
        held.then(|| ReadGuard(self, PhantomData))
    }

    /// `down_write`: ACQUIRE, pairs with every earlier RELEASE.
    #[inline]
    pub fn down_write(&self, site: Site) -> WriteGuard<'_, L> {
        match &self.shared {
            Some(l) if !L::SOLO => l.down_write(site),
            _ => self.solo.write::<L>(site),
        }
        WriteGuard(self, PhantomData)
    }

    /// `down_write_trylock`: fails while anybody holds it.
    #[inline]
    pub fn down_write_trylock(&self, site: Site) -> Option<WriteGuard<'_, L>> {
        let held = match &self.shared {
            Some(l) if !L::SOLO => l.down_write_trylock(site),
            _ => self.solo.try_write::<L>(),
        };
        held.then(|| WriteGuard(self, PhantomData))
    }
}

impl<L: Lane> Drop for ReadGuard<'_, L> {
    #[inline]
    fn drop(&mut self) {
        match &self.0.shared {
            Some(l) if !L::SOLO => l.up_read(),
            _ => self.0.solo.up_read(),
        }
    }
}

impl<L: Lane> Drop for WriteGuard<'_, L> {
    #[inline]
    fn drop(&mut self) {
        match &self.0.shared {
            Some(l) if !L::SOLO => l.up_write(),
            _ => self.0.solo.up_write(),
        }
    }
}

impl Shared {
    #[cold]
    #[inline(never)]
    fn down_read(&self, site: Site) {
        match &self.sem {
            SharedSem::Native(l) => std::mem::forget(l.read()),
            SharedSem::Seeded(obj, holds) => {
                if let Some(first) = holds.mine() {
                    seeded::note(recursive(first, site));
                }
                seeded::gate(&op(*obj, OpKind::DownRead, site));
                holds.enter(site);
            }
            SharedSem::Loom(l) => l.read(),
        }
    }

    /// Whether there is one shared hold more from here on.
    #[cold]
    #[inline(never)]
    fn down_read_trylock(&self, site: Site) -> bool {
        match &self.sem {
            SharedSem::Native(l) => l.try_read().map(std::mem::forget).is_some(),
            SharedSem::Seeded(obj, holds) => {
                let held = seeded::gate(&op(*obj, OpKind::TryDownRead, site));
                if held {
                    holds.enter(site);
                }
                held
            }
            SharedSem::Loom(l) => l.try_read(),
        }
    }

    #[cold]
    #[inline(never)]
    fn down_write(&self, site: Site) {
        match &self.sem {
            SharedSem::Native(l) => std::mem::forget(l.write()),
            SharedSem::Seeded(obj, holds) => {
                if self.writer_bias {
                    seeded::gate(&op(*obj, OpKind::WriterQueue, site));
                    seeded::gate(&op(*obj, OpKind::WriterGranted, site));
                } else {
                    seeded::gate(&op(*obj, OpKind::DownWrite, site));
                }
                holds.enter(site);
            }
            SharedSem::Loom(l) => l.write(),
        }
    }

    /// Whether it is held exclusively from here on.
    #[cold]
    #[inline(never)]
    fn down_write_trylock(&self, site: Site) -> bool {
        match &self.sem {
            SharedSem::Native(l) => l.try_write().map(std::mem::forget).is_some(),
            SharedSem::Seeded(obj, holds) => {
                let held = seeded::gate(&op(*obj, OpKind::TryDownWrite, site));
                if held {
                    holds.enter(site);
                }
                held
            }
            SharedSem::Loom(l) => l.try_write(),
        }
    }

    /// By who has a shared hold.
    #[cold]
    #[inline(never)]
    fn up_read(&self) {
        match &self.sem {
            // SAFETY: the guard that is dropped stands for the one that was forgotten, which has no state.
            SharedSem::Native(l) => unsafe { l.force_unlock_read(GuardNoSend::new()) },
            SharedSem::Seeded(obj, holds) => {
                seeded::gate(&op(*obj, OpKind::UpRead, holds.leave()));
            }
            SharedSem::Loom(l) => l.up_read(),
        }
    }

    /// By who has the exclusive hold.
    #[cold]
    #[inline(never)]
    fn up_write(&self) {
        match &self.sem {
            // SAFETY: the guard that is dropped stands for the one that was forgotten, which has no state.
            SharedSem::Native(l) => unsafe { l.force_unlock_write(GuardNoSend::new()) },
            SharedSem::Seeded(obj, holds) => {
                seeded::gate(&op(*obj, OpKind::UpWrite, holds.leave()));
            }
            SharedSem::Loom(l) => l.up_write(),
        }
    }
}

/// The kernel's semaphores let nobody past a queued writer, not even who is in already: `lockdep`
/// calls that a possible recursive locking.
fn recursive(first: Site, again: Site) -> Violation {
    let sentence = format!(
        "deadlock: who took it at {first} takes it again at {again}, and would wait for ever behind a \
         writer that queues in between"
    );
    Violation::new(Property::C3, "recursive-read", sentence)
}

const fn op(obj: u32, kind: OpKind, site: Site) -> Op {
    Op { obj, kind, arg: 0, site }
}

/// Loom's lock, and who holds it, with loom's guards: untracked, because it only concerns the holders
/// themselves.
#[derive(Debug, Default)]
struct LoomSem {
    lock: loom::sync::RwLock<()>,
    /// Of a thread's recursive holds only the first has a guard.
    readers: std::sync::Mutex<Vec<(loom::thread::ThreadId, Option<Kept<LoomRead<'static>>>)>>,
    writer: Slot<LoomWrite<'static>>,
}

impl LoomSem {
    fn read(&self) {
        let guard = (!self.reads()).then(|| {
            // A poisoned loom lock means that loom is already unwinding.
            self.lock.read().unwrap_or_else(std::sync::PoisonError::into_inner)
        });
        self.enter(guard);
    }

    fn try_read(&self) -> bool {
        if self.reads() {
            self.enter(None);
            return true;
        }
        let Ok(guard) = self.lock.try_read() else { return false };
        self.enter(Some(guard));
        true
    }

    /// Whether the current thread has a shared hold.
    fn reads(&self) -> bool {
        let me = loom::thread::current().id();
        unpoisoned(&self.readers).iter().any(|(reader, _)| *reader == me)
    }

    fn enter(&self, guard: Option<LoomRead<'_>>) {
        let guard = guard.map(|guard| {
            // SAFETY: it is dropped by our guard, which borrows `self`, or never.
            Kept::new(unsafe { std::mem::transmute::<LoomRead<'_>, LoomRead<'static>>(guard) })
        });
        unpoisoned(&self.readers).push((loom::thread::current().id(), guard));
    }

    fn up_read(&self) {
        let me = loom::thread::current().id();
        let left = {
            let mut readers = unpoisoned(&self.readers);
            let last = readers.iter().rposition(|(reader, _)| *reader == me);
            last.map(|at| readers.remove(at))
        };
        // Dropping the guard is a step of the model.
        drop(left.and_then(|(_, guard)| guard).map(Kept::take));
    }

    fn write(&self) {
        self.keep(self.lock.write().unwrap_or_else(std::sync::PoisonError::into_inner));
    }

    fn try_write(&self) -> bool {
        let Ok(guard) = self.lock.try_write() else { return false };
        self.keep(guard);
        true
    }

    fn keep(&self, guard: LoomWrite<'_>) {
        // SAFETY: it is dropped by our guard, which borrows `self`, or never.
        self.writer.put(unsafe { std::mem::transmute::<LoomWrite<'_>, LoomWrite<'static>>(guard) });
    }

    fn up_write(&self) {
        drop(self.writer.take());
    }
}
