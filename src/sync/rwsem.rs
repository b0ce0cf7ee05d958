// SPDX-License-Identifier: GPL-2.0-only
//! Reader/writer semaphores: `struct rw_semaphore`, and with writer bias `struct ld_semaphore`.
//!
//! # Deviations
//! 1. Without bias a reader may enter past a queued writer. The kernel's rwsem usually makes it
//!    wait; that only removes interleavings, except that a recursive `down_read` can deadlock
//!    there. Nothing modelled here takes `termios_rwsem` recursively.
//! 2. Loom's own lock cannot be held twice for read by one thread; the second hold is counted.
//! 3. In loom a failing trylock is never explored, and bias is not modelled: no writer queues in
//!    the loom proofs.

use super::boxed::OutOfLine;
use super::solo::SoloSem;
use super::{Name, Runtime, Site, seeded};
use crate::sched::{Op, OpKind};
use parking_lot::lock_api::GuardNoSend;

/// A reader/writer semaphore.
#[derive(Debug)]
pub struct RwSem(Kind);

/// What costs a few instructions is in line, all else out of line.
#[derive(Debug)]
enum Kind {
    Solo(SoloSem),
    Shared(Shared),
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

/// Proof of a shared hold; dropping it is `up_read`.
#[must_use]
#[derive(Debug)]
pub struct ReadGuard<'a>(Held<'a, LoomHold<'a>>);

/// Proof of an exclusive hold; dropping it is `up_write`.
#[must_use]
#[derive(Debug)]
pub struct WriteGuard<'a>(Held<'a, LoomWrite<'a>>);

/// A hold, as small as a mutex's.
#[derive(Debug)]
enum Held<'a, L> {
    Solo(&'a SoloSem),
    Shared(&'a Shared),
    Loom(OutOfLine<L>),
}

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
            Runtime::Native => SharedSem::Native(parking_lot::RwLock::new(())),
            Runtime::Solo => return Self(Kind::Solo(SoloSem::new())),
            Runtime::Seeded => {
                SharedSem::Seeded(seeded::new_object(name, 0), seeded::Holds::default())
            }
            Runtime::Loom => SharedSem::Loom(LoomSem::new()),
        };
        Self(Kind::Shared(Shared { sem, writer_bias }))
    }

    /// `down_read`: ACQUIRE, pairs with the writer's RELEASE.
    #[inline]
    pub fn down_read(&self, site: Site) -> ReadGuard<'_> {
        ReadGuard(match &self.0 {
            Kind::Solo(l) => {
                l.read(site);
                Held::Solo(l)
            }
            Kind::Shared(l) => l.down_read(site),
        })
    }

    /// `down_read_trylock`: fails while a writer holds it or, with bias, queues for it.
    #[inline]
    pub fn down_read_trylock(&self, site: Site) -> Option<ReadGuard<'_>> {
        match &self.0 {
            Kind::Solo(l) => l.try_read().then(|| ReadGuard(Held::Solo(l))),
            Kind::Shared(l) => l.down_read_trylock(site).map(ReadGuard),
        }
    }

    /// `down_write`: ACQUIRE, pairs with every earlier RELEASE.
    #[inline]
    pub fn down_write(&self, site: Site) -> WriteGuard<'_> {
        WriteGuard(match &self.0 {
            Kind::Solo(l) => {
                l.write(site);
                Held::Solo(l)
            }
            Kind::Shared(l) => l.down_write(site),
        })
    }

    /// `down_write_trylock`: fails while anybody holds it.
    #[inline]
    pub fn down_write_trylock(&self, site: Site) -> Option<WriteGuard<'_>> {
        match &self.0 {
            Kind::Solo(l) => l.try_write().then(|| WriteGuard(Held::Solo(l))),
            Kind::Shared(l) => l.down_write_trylock(site).map(WriteGuard),
        }
    }
}

impl Drop for ReadGuard<'_> {
    #[inline]
    fn drop(&mut self) {
        match &mut self.0 {
            Held::Solo(l) => l.up_read(),
            Held::Shared(l) => l.up_read(),
            // SAFETY: the guard is being dropped.
            Held::Loom(held) => unsafe { held.dispose() },
        }
    }
}

impl Drop for WriteGuard<'_> {
    #[inline]
    fn drop(&mut self) {
        match &mut self.0 {
            Held::Solo(l) => l.up_write(),
            Held::Shared(l) => l.up_write(),
            // SAFETY: the guard is being dropped.
            Held::Loom(held) => unsafe { held.dispose() },
        }
    }
}

impl Shared {
    #[inline(never)]
    fn down_read(&self, site: Site) -> Held<'_, LoomHold<'_>> {
        match &self.sem {
            SharedSem::Native(l) => std::mem::forget(l.read()),
            SharedSem::Seeded(obj, holds) => {
                seeded::gate(&op(*obj, OpKind::DownRead, site));
                holds.enter(site);
            }
            SharedSem::Loom(l) => return Held::Loom(OutOfLine::new(l.read())),
        }
        Held::Shared(self)
    }

    #[inline(never)]
    fn down_read_trylock(&self, site: Site) -> Option<Held<'_, LoomHold<'_>>> {
        match &self.sem {
            SharedSem::Native(l) => std::mem::forget(l.try_read()?),
            SharedSem::Seeded(obj, holds) => {
                if !seeded::gate(&op(*obj, OpKind::TryDownRead, site)) {
                    return None;
                }
                holds.enter(site);
            }
            SharedSem::Loom(l) => return Some(Held::Loom(OutOfLine::new(l.try_read()?))),
        }
        Some(Held::Shared(self))
    }

    #[inline(never)]
    fn down_write(&self, site: Site) -> Held<'_, LoomWrite<'_>> {
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
            SharedSem::Loom(l) => return Held::Loom(OutOfLine::new(l.write())),
        }
        Held::Shared(self)
    }

    #[inline(never)]
    fn down_write_trylock(&self, site: Site) -> Option<Held<'_, LoomWrite<'_>>> {
        match &self.sem {
            SharedSem::Native(l) => std::mem::forget(l.try_write()?),
            SharedSem::Seeded(obj, holds) => {
                if !seeded::gate(&op(*obj, OpKind::TryDownWrite, site)) {
                    return None;
                }
                holds.enter(site);
            }
            SharedSem::Loom(l) => {
                return Some(Held::Loom(OutOfLine::new(l.lock.try_write().ok()?)));
            }
        }
        Some(Held::Shared(self))
    }

    /// By who has a shared hold.
    #[inline(never)]
    fn up_read(&self) {
        match &self.sem {
            // SAFETY: the guard that is dropped stands for the one that was forgotten, which has no state.
            SharedSem::Native(l) => unsafe { l.force_unlock_read(GuardNoSend::new()) },
            SharedSem::Seeded(obj, holds) => {
                seeded::gate(&op(*obj, OpKind::UpRead, holds.leave()));
            }
            SharedSem::Loom(_) => {}
        }
    }

    /// By who has the exclusive hold.
    #[inline(never)]
    fn up_write(&self) {
        match &self.sem {
            // SAFETY: the guard that is dropped stands for the one that was forgotten, which has no state.
            SharedSem::Native(l) => unsafe { l.force_unlock_write(GuardNoSend::new()) },
            SharedSem::Seeded(obj, holds) => {
                seeded::gate(&op(*obj, OpKind::UpWrite, holds.leave()));
            }
            SharedSem::Loom(_) => {}
        }
    }
}

const fn op(obj: u32, kind: OpKind, site: Site) -> Op {
    Op { obj, kind, arg: 0, site }
}

/// Loom's lock, and who holds it for read: untracked, because it only concerns the thread itself.
#[derive(Debug)]
struct LoomSem {
    lock: loom::sync::RwLock<()>,
    holders: std::sync::Mutex<Vec<loom::thread::ThreadId>>,
}

/// A shared hold of a [`LoomSem`]; a recursive one has no guard of its own.
#[derive(Debug)]
struct LoomHold<'a> {
    sem: &'a LoomSem,
    _guard: Option<LoomRead<'a>>,
}

impl LoomSem {
    fn new() -> Self {
        Self { lock: loom::sync::RwLock::new(()), holders: std::sync::Mutex::default() }
    }

    fn with_holders<R>(&self, f: impl FnOnce(&mut Vec<loom::thread::ThreadId>) -> R) -> R {
        f(&mut self.holders.lock().unwrap_or_else(std::sync::PoisonError::into_inner))
    }

    fn read(&self) -> LoomHold<'_> {
        let me = loom::thread::current().id();
        // A poisoned loom lock means that loom is already unwinding.
        let guard = (!self.with_holders(|h| h.contains(&me)))
            .then(|| self.lock.read().unwrap_or_else(std::sync::PoisonError::into_inner));
        self.with_holders(|h| h.push(me));
        LoomHold { sem: self, _guard: guard }
    }

    fn try_read(&self) -> Option<LoomHold<'_>> {
        let me = loom::thread::current().id();
        let guard = if self.with_holders(|h| h.contains(&me)) {
            None
        } else {
            Some(self.lock.try_read().ok()?)
        };
        self.with_holders(|h| h.push(me));
        Some(LoomHold { sem: self, _guard: guard })
    }

    fn write(&self) -> LoomWrite<'_> {
        self.lock.write().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Drop for LoomHold<'_> {
    fn drop(&mut self) {
        let me = loom::thread::current().id();
        self.sem.with_holders(|h| {
            if let Some(at) = h.iter().rposition(|t| *t == me) {
                h.swap_remove(at);
            }
        });
    }
}
