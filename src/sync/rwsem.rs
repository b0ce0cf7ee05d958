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

use super::cold::OutOfLine;
use super::{Name, Runtime, Site, seeded};
use crate::sched::{Op, OpKind};

/// A reader/writer semaphore.
#[derive(Debug)]
pub struct RwSem(Kind);

/// As in [`super::AtomicUsize`], all that is not native is out of line.
#[derive(Debug)]
enum Kind {
    Native(parking_lot::RwLock<()>),
    Checked(Checked),
}

#[derive(Debug)]
struct Checked {
    sem: CheckedSem,
    /// A queued writer keeps new readers out, and makes their trylocks fail.
    writer_bias: bool,
}

#[derive(Debug)]
enum CheckedSem {
    Seeded(u32),
    Loom(LoomSem),
}

/// Proof of a shared hold; dropping it is `up_read`.
#[must_use]
#[derive(Debug)]
pub struct ReadGuard<'a>(
    #[allow(dead_code, reason = "held for its drop")]
    Held<parking_lot::RwLockReadGuard<'a, ()>, LoomHold<'a>>,
);

/// Proof of an exclusive hold; dropping it is `up_write`.
#[must_use]
#[derive(Debug)]
pub struct WriteGuard<'a>(
    #[allow(dead_code, reason = "held for its drop")]
    Held<parking_lot::RwLockWriteGuard<'a, ()>, LoomWrite<'a>>,
);

/// A hold: the native and loom guards release themselves.
#[derive(Debug)]
#[allow(dead_code, reason = "held for their drop")]
enum Held<N, L> {
    Native(N),
    Checked(OutOfLine<CheckedHeld<L>>),
}

#[derive(Debug)]
enum CheckedHeld<L> {
    Seeded(Op),
    Loom(#[allow(dead_code, reason = "held for its drop")] L),
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
            Runtime::Native => return Self(Kind::Native(parking_lot::RwLock::new(()))),
            Runtime::Seeded => CheckedSem::Seeded(seeded::new_object(name, 0)),
            Runtime::Loom => CheckedSem::Loom(LoomSem::new()),
        };
        Self(Kind::Checked(Checked { sem, writer_bias }))
    }

    /// `down_read`: ACQUIRE, pairs with the writer's RELEASE.
    #[inline]
    pub fn down_read(&self, site: Site) -> ReadGuard<'_> {
        ReadGuard(match &self.0 {
            Kind::Native(l) => Held::Native(l.read()),
            Kind::Checked(l) => Held::Checked(l.down_read(site)),
        })
    }

    /// `down_read_trylock`: fails while a writer holds it or, with bias, queues for it.
    #[inline]
    pub fn down_read_trylock(&self, site: Site) -> Option<ReadGuard<'_>> {
        Some(ReadGuard(match &self.0 {
            Kind::Native(l) => Held::Native(l.try_read()?),
            Kind::Checked(l) => Held::Checked(l.down_read_trylock(site)?),
        }))
    }

    /// `down_write`: ACQUIRE, pairs with every earlier RELEASE.
    #[inline]
    pub fn down_write(&self, site: Site) -> WriteGuard<'_> {
        WriteGuard(match &self.0 {
            Kind::Native(l) => Held::Native(l.write()),
            Kind::Checked(l) => Held::Checked(l.down_write(site)),
        })
    }

    /// `down_write_trylock`: fails while anybody holds it.
    #[inline]
    pub fn down_write_trylock(&self, site: Site) -> Option<WriteGuard<'_>> {
        Some(WriteGuard(match &self.0 {
            Kind::Native(l) => Held::Native(l.try_write()?),
            Kind::Checked(l) => Held::Checked(l.down_write_trylock(site)?),
        }))
    }
}

impl Checked {
    #[cold]
    #[inline(never)]
    fn down_read(&self, site: Site) -> OutOfLine<CheckedHeld<LoomHold<'_>>> {
        OutOfLine::new(match &self.sem {
            CheckedSem::Seeded(obj) => {
                seeded::gate(&op(*obj, OpKind::DownRead, site));
                CheckedHeld::Seeded(op(*obj, OpKind::UpRead, site))
            }
            CheckedSem::Loom(l) => CheckedHeld::Loom(l.read()),
        })
    }

    #[cold]
    #[inline(never)]
    fn down_read_trylock(&self, site: Site) -> Option<OutOfLine<CheckedHeld<LoomHold<'_>>>> {
        Some(OutOfLine::new(match &self.sem {
            CheckedSem::Seeded(obj) => {
                if !seeded::gate(&op(*obj, OpKind::TryDownRead, site)) {
                    return None;
                }
                CheckedHeld::Seeded(op(*obj, OpKind::UpRead, site))
            }
            CheckedSem::Loom(l) => CheckedHeld::Loom(l.try_read()?),
        }))
    }

    #[cold]
    #[inline(never)]
    fn down_write(&self, site: Site) -> OutOfLine<CheckedHeld<LoomWrite<'_>>> {
        OutOfLine::new(match &self.sem {
            CheckedSem::Seeded(obj) => {
                if self.writer_bias {
                    seeded::gate(&op(*obj, OpKind::WriterQueue, site));
                    seeded::gate(&op(*obj, OpKind::WriterGranted, site));
                } else {
                    seeded::gate(&op(*obj, OpKind::DownWrite, site));
                }
                CheckedHeld::Seeded(op(*obj, OpKind::UpWrite, site))
            }
            CheckedSem::Loom(l) => CheckedHeld::Loom(l.write()),
        })
    }

    #[cold]
    #[inline(never)]
    fn down_write_trylock(&self, site: Site) -> Option<OutOfLine<CheckedHeld<LoomWrite<'_>>>> {
        Some(OutOfLine::new(match &self.sem {
            CheckedSem::Seeded(obj) => {
                if !seeded::gate(&op(*obj, OpKind::TryDownWrite, site)) {
                    return None;
                }
                CheckedHeld::Seeded(op(*obj, OpKind::UpWrite, site))
            }
            CheckedSem::Loom(l) => CheckedHeld::Loom(l.lock.try_write().ok()?),
        }))
    }
}

const fn op(obj: u32, kind: OpKind, site: Site) -> Op {
    Op { obj, kind, arg: 0, site }
}

impl<L> Drop for CheckedHeld<L> {
    fn drop(&mut self) {
        if let Self::Seeded(up) = self {
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
