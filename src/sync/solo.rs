// SPDX-License-Identifier: GPL-2.0-only
//! What the solo runtime is made of: locks without a locked instruction, for a thread that is alone.
//!
//! A kernel that finds itself on one CPU patches the LOCK prefixes out of its own code (SMP
//! alternatives). [`super::Runtime::Solo`] is the same for a pair both ends of which one thread
//! drives: a read-modify-write is a load and a store, a barrier is the compiler's, a lock is a word.
//! The code above the primitives is the native one, step for step.
//!
//! # Who may use it
//! The thread that built it. All words are atomics, so a second thread could only make them wrong; it
//! gets no further, because each lock, each work item and each piece of plain memory asks whose it is
//! ([`Owner::check`]) before it does anything, and panics if it is another's.
//!
//! # Invariants
//! - Nobody else is there to let go of a lock, to wake a sleeper or to end a run: what would wait for
//!   that is a finding (C3, deadlock), at once.
//! - Time passes only when nothing else can happen, as in the seeded runtime: a sleep with a timeout
//!   that nobody has ended before it begins has run out.

use super::{Any, Lane, Runtime, Site, report};
use crate::verify::{Property, Violation};
use std::cell::Cell;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

thread_local! {
    /// Only where it is counts: no two threads that live have it at one address.
    static PLACE: Cell<u8> = const { Cell::new(0) };
}

/// Where this thread has its own memory: a constant of the thread, not a load.
#[inline]
fn place() -> usize {
    PLACE.with(|place| std::ptr::from_ref(place).addr())
}

/// Whose something is. Once the owner's life is over, a later thread may get its place, and with it what
/// was the owner's: then, too, only one can come here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Owner(usize);

impl Owner {
    /// Anybody's: the native runtime.
    pub(super) const ANYBODY: Self = Self(usize::MAX);
    /// No thread's alone: a checking runtime, or two things of two threads.
    pub(crate) const NOBODY: Self = Self(0);

    /// Who may touch what is built for `rt` here and now.
    pub(crate) fn new(rt: Runtime) -> Self {
        match rt {
            Runtime::Native => Self::ANYBODY,
            Runtime::Seeded | Runtime::Loom => Self::NOBODY,
            Runtime::Solo => Self(place()),
        }
    }

    /// Whether plain memory may be touched without more ado: the owner's by the owner, anybody's by
    /// anybody. The owner is asked for first, because that is where instructions count; in the lane of
    /// the solo runtime nobody is.
    #[inline]
    pub(super) fn lets<L: Lane>(self) -> bool {
        L::SOLO || self.0 == place() || self == Self::ANYBODY
    }

    /// Whose two things are.
    pub(crate) fn and(self, other: Self) -> Self {
        if self == other { self } else { Self::NOBODY }
    }

    /// Whether it is the current thread's alone.
    #[inline]
    pub(crate) fn is_this_thread(self) -> bool {
        self.0 == place()
    }

    /// For what only the solo runtime has.
    ///
    /// # Panics
    /// If the current thread is not the owner.
    #[inline]
    pub(crate) fn check<L: Lane>(self) {
        if !L::SOLO && self.0 != place() {
            foreign();
        }
    }
}

/// As `RefCell` does: the program that uses the model is wrong, whatever its input is.
#[cold]
#[inline(never)]
#[allow(clippy::panic, reason = "a second thread at what is one thread's own must not go on")]
pub(super) fn foreign() -> ! {
    panic!("a pair of the solo runtime is used by another thread than the one that built it")
}

/// The only thread waits for itself.
#[cold]
#[inline(never)]
pub(super) fn waits_for_ever(site: Site, what: &str) -> ! {
    let sentence = format!("the only thread waits for ever at {site}: {what}");
    report(Runtime::Solo, Violation::new(Property::C3, "deadlock", sentence))
}

/// A mutex.
#[derive(Debug)]
pub(super) struct SoloMutex {
    owner: Owner,
    held: AtomicBool,
}

impl SoloMutex {
    pub(super) fn new(rt: Runtime) -> Self {
        Self { owner: Owner::new(rt), held: AtomicBool::new(false) }
    }

    #[inline]
    pub(super) fn lock<L: Lane>(&self, site: Site) {
        if !self.try_lock::<L>() {
            waits_for_ever(site, "it holds the lock itself");
        }
    }

    /// Whether it is held from here on.
    #[inline]
    pub(super) fn try_lock<L: Lane>(&self) -> bool {
        self.owner.check::<L>();
        let free = !self.held.load(Ordering::Relaxed);
        self.held.store(true, Ordering::Relaxed);
        free
    }

    #[inline]
    pub(super) fn unlock(&self) {
        self.held.store(false, Ordering::Relaxed);
    }
}

/// A reader/writer semaphore.
#[derive(Debug)]
pub(super) struct SoloSem {
    owner: Owner,
    /// How many shared holds there are, or [`WRITER`].
    holds: AtomicUsize,
}

/// An exclusive hold.
const WRITER: usize = usize::MAX;

impl SoloSem {
    pub(super) fn new(rt: Runtime) -> Self {
        Self { owner: Owner::new(rt), holds: AtomicUsize::new(0) }
    }

    #[inline]
    pub(super) fn read<L: Lane>(&self, site: Site) {
        if !self.try_read::<L>() {
            waits_for_ever(site, "it holds the semaphore for write itself");
        }
    }

    /// Whether there is one shared hold more from here on.
    #[inline]
    pub(super) fn try_read<L: Lane>(&self) -> bool {
        self.owner.check::<L>();
        let holds = self.holds.load(Ordering::Relaxed);
        if holds == WRITER {
            return false;
        }
        self.holds.store(holds + 1, Ordering::Relaxed);
        true
    }

    #[inline]
    pub(super) fn up_read(&self) {
        self.holds.store(self.holds.load(Ordering::Relaxed).wrapping_sub(1), Ordering::Relaxed);
    }

    #[inline]
    pub(super) fn write<L: Lane>(&self, site: Site) {
        if !self.try_write::<L>() {
            waits_for_ever(site, "it holds the semaphore itself");
        }
    }

    /// Whether it is held exclusively from here on.
    #[inline]
    pub(super) fn try_write<L: Lane>(&self) -> bool {
        self.owner.check::<L>();
        if self.holds.load(Ordering::Relaxed) != 0 {
            return false;
        }
        self.holds.store(WRITER, Ordering::Relaxed);
        true
    }

    #[inline]
    pub(super) fn up_write(&self) {
        self.holds.store(0, Ordering::Relaxed);
    }
}

/// A work item.
#[derive(Debug)]
pub(super) struct SoloWork {
    owner: Owner,
    /// PENDING.
    pending: AtomicBool,
    running: AtomicBool,
}

impl SoloWork {
    pub(super) fn new() -> Self {
        Self {
            owner: Owner::new(Runtime::Solo),
            pending: AtomicBool::new(false),
            running: AtomicBool::new(false),
        }
    }

    #[inline]
    pub(super) fn queue(&self) {
        self.pending.store(true, Ordering::Relaxed);
    }

    pub(super) fn pending(&self) -> bool {
        self.pending.load(Ordering::Relaxed)
    }

    /// Runs `f` if it is due; whether it was.
    #[inline]
    pub(super) fn run_pending(&self, site: Site, f: &dyn Fn()) -> bool {
        self.owner.check::<Any>();
        if self.running.load(Ordering::Relaxed) {
            waits_for_ever(site, "it is the run that it waits for");
        }
        if !self.pending.load(Ordering::Relaxed) {
            return false;
        }
        self.pending.store(false, Ordering::Relaxed);
        self.running.store(true, Ordering::Relaxed);
        f();
        self.running.store(false, Ordering::Relaxed);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::super::abort::Abandon;
    use super::super::threads::finding;
    use super::super::{Fresh, Mutex, Name, RaceBytes, RaceCell, RwSem, WaitQueue, Work};
    use super::*;
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::sync::Arc;

    const RT: Runtime = Runtime::Solo;

    const fn name(field: &'static str) -> Name {
        Name::new("", field)
    }

    /// What `f` is stopped by: a finding's code, or a message.
    fn stopped(f: impl FnOnce()) -> Option<String> {
        let panic = catch_unwind(AssertUnwindSafe(f)).err()?;
        Some(match finding(panic) {
            Ok(Abandon::Found(violation)) => violation.code.to_owned(),
            Ok(Abandon::Over) => "over".to_owned(),
            Err(message) => message,
        })
    }

    #[test]
    fn waiting_for_oneself_is_a_deadlock() {
        let (mutex, sem) = (Mutex::new(RT, name("mutex")), RwSem::new(RT, name("sem")));
        let deadlock = Some("deadlock".to_owned());
        let held = mutex.lock("first");
        assert!(mutex.try_lock("try").is_none());
        assert_eq!(stopped(|| drop(mutex.lock("second"))), deadlock);
        drop(held);
        assert_eq!(stopped(|| drop(mutex.lock("third"))), None);
        let shared = [sem.down_read("read"), sem.down_read("again")];
        assert!(sem.down_write_trylock("try").is_none());
        assert_eq!(stopped(|| drop(sem.down_write("write"))), deadlock);
        drop(shared);
        let exclusive = sem.down_write("write");
        assert!(sem.down_read_trylock("try").is_none());
        assert_eq!(stopped(|| drop(sem.down_read("read"))), deadlock);
        drop(exclusive);
        let queue = WaitQueue::new(RT, name("queue"));
        let mut waiter = queue.prepare("prepare");
        queue.wake_up("wake");
        assert_eq!(stopped(|| waiter.wait_woken("woken")), None);
        assert_eq!(stopped(|| waiter.wait_woken("alone")), deadlock);
        assert_eq!(waiter.wait_woken_timeout("alone", 5), 0);
    }

    #[test]
    fn a_work_item_runs_once_for_each_time_it_is_queued() {
        let (work, runs) = (Work::new(RT, name("work")), Cell::new(0));
        let run = || runs.set(runs.get() + 1);
        assert!(!work.run_pending("run", &run));
        work.queue("queue");
        work.queue("queue");
        work.flush("flush", &run);
        work.flush("flush", &run);
        work.queue("queue");
        work.worker("worker", 0, &run);
        assert_eq!(runs.get(), 2);
        work.queue("queue");
        let own_run = || work.flush("flush", &run);
        let found = stopped(|| assert!(work.run_pending("run", &own_run)));
        assert_eq!(found.as_deref(), Some("deadlock"));
    }

    #[test]
    #[allow(clippy::disallowed_methods, reason = "it is about another thread")]
    fn another_thread_gets_nowhere() {
        let mutex = Arc::new(Mutex::new(RT, name("mutex")));
        let sem = Arc::new(RwSem::new(RT, name("sem")));
        let cell = Arc::new(RaceCell::new(RT, name("cell"), 1));
        let bytes = Arc::new(RaceBytes::new(RT, name("bytes"), 4, Fresh::Zeroed));
        let work = Arc::new(Work::new(RT, name("work")));
        let uses: Vec<Box<dyn FnOnce() + Send>> = vec![
            Box::new({
                let mutex = Arc::clone(&mutex);
                move || drop(mutex.lock("lock"))
            }),
            Box::new({
                let mutex = Arc::clone(&mutex);
                move || drop(mutex.try_lock("lock"))
            }),
            Box::new({
                let sem = Arc::clone(&sem);
                move || drop(sem.down_read("read"))
            }),
            Box::new(move || drop(sem.down_write("write"))),
            Box::new({
                let cell = Arc::clone(&cell);
                move || assert_eq!(cell.get("get"), 1)
            }),
            Box::new({
                let cell = Arc::clone(&cell);
                move || cell.set("set", 2)
            }),
            Box::new({
                let cell = Arc::clone(&cell);
                move || assert_eq!(cell.observe(), 1)
            }),
            Box::new({
                let bytes = Arc::clone(&bytes);
                move || assert_eq!(bytes.get("get", 0), 0)
            }),
            Box::new({
                let bytes = Arc::clone(&bytes);
                move || bytes.write("write", 0, b"ab")
            }),
            Box::new({
                let bytes = Arc::clone(&bytes);
                move || bytes.append("append", 0, 2, &mut Vec::new())
            }),
            Box::new(move || drop(bytes.lend("lend", 0, 2, <[u8]>::to_vec))),
            Box::new(move || assert!(!work.run_pending("run", &|| {}))),
        ];
        for (i, f) in uses.into_iter().enumerate() {
            let stopped = std::thread::spawn(move || stopped(f)).join();
            let message = stopped.expect("it is caught");
            assert!(message.is_some_and(|m| m.contains("another thread")), "use {i}");
        }
        assert_eq!((cell.get("get"), mutex.try_lock("lock").is_some()), (1, true));
    }
}
