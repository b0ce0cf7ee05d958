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

use super::{Name, Runtime, Site, seeded};
use crate::sched::{Op, OpKind};

/// A reader/writer semaphore.
#[derive(Debug)]
pub struct RwSem {
    kind: Kind,
    /// A queued writer keeps new readers out, and makes their trylocks fail.
    writer_bias: bool,
}

#[derive(Debug)]
enum Kind {
    Native(parking_lot::RwLock<()>),
    Seeded(u32),
    Loom(LoomSem),
}

/// Proof of a shared hold; dropping it is `up_read`.
#[must_use]
#[derive(Debug)]
pub struct ReadGuard<'a>(Held<parking_lot::RwLockReadGuard<'a, ()>, LoomHold<'a>>);

/// Proof of an exclusive hold; dropping it is `up_write`.
#[must_use]
#[derive(Debug)]
pub struct WriteGuard<'a>(Held<parking_lot::RwLockWriteGuard<'a, ()>, LoomWrite<'a>>);

/// A hold: the native and loom guards release themselves.
#[derive(Debug)]
enum Held<N, L> {
    Native(#[allow(dead_code, reason = "held for its drop")] N),
    Seeded(Op),
    Loom(#[allow(dead_code, reason = "held for its drop")] L),
}

type LoomRead<'a> = loom::sync::RwLockReadGuard<'a, ()>;
type LoomWrite<'a> = loom::sync::RwLockWriteGuard<'a, ()>;

impl RwSem {
    /// `init_rwsem`.
    #[must_use]
    pub fn new(rt: Runtime, name: Name) -> Self {
        Self {
            kind: match rt {
                Runtime::Native => Kind::Native(parking_lot::RwLock::new(())),
                Runtime::Seeded => Kind::Seeded(seeded::new_object(name, 0)),
                Runtime::Loom => Kind::Loom(LoomSem::new()),
            },
            writer_bias: false,
        }
    }

    /// `init_ldsem`: as [`RwSem::new`], and a queued writer keeps new readers out.
    #[must_use]
    pub fn with_writer_bias(rt: Runtime, name: Name) -> Self {
        Self { writer_bias: true, ..Self::new(rt, name) }
    }

    /// `down_read`: ACQUIRE, pairs with the writer's RELEASE.
    #[inline]
    pub fn down_read(&self, site: Site) -> ReadGuard<'_> {
        ReadGuard(match &self.kind {
            Kind::Native(l) => Held::Native(l.read()),
            Kind::Seeded(obj) => {
                seeded::gate(&op(*obj, OpKind::DownRead, site));
                Held::Seeded(op(*obj, OpKind::UpRead, site))
            }
            Kind::Loom(l) => Held::Loom(l.read()),
        })
    }

    /// `down_read_trylock`: fails while a writer holds it or, with bias, queues for it.
    #[inline]
    pub fn down_read_trylock(&self, site: Site) -> Option<ReadGuard<'_>> {
        Some(ReadGuard(match &self.kind {
            Kind::Native(l) => Held::Native(l.try_read()?),
            Kind::Seeded(obj) => {
                if !seeded::gate(&op(*obj, OpKind::TryDownRead, site)) {
                    return None;
                }
                Held::Seeded(op(*obj, OpKind::UpRead, site))
            }
            Kind::Loom(l) => Held::Loom(l.try_read()?),
        }))
    }

    /// `down_write`: ACQUIRE, pairs with every earlier RELEASE.
    #[inline]
    pub fn down_write(&self, site: Site) -> WriteGuard<'_> {
        WriteGuard(match &self.kind {
            Kind::Native(l) => Held::Native(l.write()),
            Kind::Seeded(obj) => {
                if self.writer_bias {
                    seeded::gate(&op(*obj, OpKind::WriterQueue, site));
                    seeded::gate(&op(*obj, OpKind::WriterGranted, site));
                } else {
                    seeded::gate(&op(*obj, OpKind::DownWrite, site));
                }
                Held::Seeded(op(*obj, OpKind::UpWrite, site))
            }
            Kind::Loom(l) => Held::Loom(l.write()),
        })
    }

    /// `down_write_trylock`: fails while anybody holds it.
    #[inline]
    pub fn down_write_trylock(&self, site: Site) -> Option<WriteGuard<'_>> {
        Some(WriteGuard(match &self.kind {
            Kind::Native(l) => Held::Native(l.try_write()?),
            Kind::Seeded(obj) => {
                if !seeded::gate(&op(*obj, OpKind::TryDownWrite, site)) {
                    return None;
                }
                Held::Seeded(op(*obj, OpKind::UpWrite, site))
            }
            Kind::Loom(l) => Held::Loom(l.lock.try_write().ok()?),
        }))
    }
}

const fn op(obj: u32, kind: OpKind, site: Site) -> Op {
    Op { obj, kind, arg: 0, site }
}

impl Drop for ReadGuard<'_> {
    #[inline]
    fn drop(&mut self) {
        if let Held::Seeded(up) = &self.0 {
            seeded::gate(up);
        }
    }
}

impl Drop for WriteGuard<'_> {
    #[inline]
    fn drop(&mut self) {
        if let Held::Seeded(up) = &self.0 {
            seeded::gate(up);
        }
    }
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
