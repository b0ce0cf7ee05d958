// SPDX-License-Identifier: GPL-2.0-only
//! Steps: what a thread is about to do, what it did, and which steps depend on each other.
//!
//! Everything the explorer knows about the program is in this file. Two steps that are not
//! [`dependent`] must commute: executing them in either order from any state reaches the same
//! state, and no property can tell the two orders apart. Most properties look at the state alone;
//! C1 looks at the order in which unread data changes while a call lasts, so the steps that change
//! it carry a [`Mark`]. What a step needs in order to run is in [`super::gate`]. A mistake in any of
//! them is a wrong proof, so all are compared with brute force (`tests/soundness`).

use super::gate::Gate;
use crate::sync::Site;

/// A slot in one execution: a thread ([`MAIN`] is the script itself), or a thread's store buffer,
/// which takes steps of its own ([`buffer_of`]).
pub type ThreadId = u8;

/// The slot of the thread that sets up, waits and drains.
pub const MAIN: ThreadId = 0;

/// The most threads one execution can hold, the script's own included.
pub const MAX_THREADS: usize = 8;

/// The slots of one execution: the threads', then their store buffers' in the same order.
pub const SLOTS: usize = 2 * MAX_THREADS;

/// The slot of `thread`'s store buffer: its steps are those with which stores reach memory.
#[must_use]
pub const fn buffer_of(thread: ThreadId) -> ThreadId {
    thread + MAX_THREADS as ThreadId
}

/// Whether `slot` is a store buffer's.
#[must_use]
pub const fn is_buffer(slot: ThreadId) -> bool {
    slot as usize >= MAX_THREADS
}

/// The thread whose slot it is, or whose store buffer's.
#[must_use]
pub const fn owner(slot: ThreadId) -> ThreadId {
    slot % MAX_THREADS as ThreadId
}

/// A set of slots, one bit each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ThreadSet(pub u16);

impl ThreadSet {
    /// No thread.
    pub const EMPTY: Self = Self(0);

    /// The set of `t` alone.
    #[must_use]
    pub const fn only(t: ThreadId) -> Self {
        Self(1 << t)
    }

    /// Whether `t` is in it.
    #[must_use]
    pub const fn contains(self, t: ThreadId) -> bool {
        self.0 & (1 << t) != 0
    }

    /// Adds `t`.
    pub const fn insert(&mut self, t: ThreadId) {
        self.0 |= 1 << t;
    }

    /// Takes `t` out.
    pub const fn remove(&mut self, t: ThreadId) {
        self.0 &= !(1 << t);
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// How many.
    #[must_use]
    pub const fn len(self) -> usize {
        self.0.count_ones() as usize
    }

    /// The members of `self` that are not in `other`.
    #[must_use]
    pub const fn minus(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// The members of both.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// The members of either.
    #[must_use]
    pub const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The lowest member.
    #[must_use]
    pub const fn first(self) -> Option<ThreadId> {
        if self.0 == 0 { None } else { Some(self.0.trailing_zeros() as ThreadId) }
    }

    /// The `n`th member, counted from the lowest.
    #[must_use]
    #[inline]
    pub fn nth(self, n: usize) -> Option<ThreadId> {
        if self.0 <= u16::from(u8::MAX) {
            // Of threads alone: without a branch that depends on who is in it.
            let member = NTH[self.0 as usize].get(n).copied();
            return member.filter(|&t| t != NOBODY);
        }
        self.iter().nth(n)
    }

    /// The members in ascending order.
    pub fn iter(self) -> impl Iterator<Item = ThreadId> {
        let mut rest = self;
        std::iter::from_fn(move || {
            let first = rest.first()?;
            rest = Self(rest.0 & (rest.0 - 1));
            Some(first)
        })
    }
}

/// What [`NTH`] has where there are not so many members.
const NOBODY: ThreadId = ThreadId::MAX;

/// By set of threads: its members in ascending order.
static NTH: [[ThreadId; MAX_THREADS]; 1 << MAX_THREADS] = members();

const fn members() -> [[ThreadId; MAX_THREADS]; 1 << MAX_THREADS] {
    let mut table = [[NOBODY; MAX_THREADS]; 1 << MAX_THREADS];
    let mut set = 0;
    while set < table.len() {
        let (mut thread, mut n) = (0, 0);
        while thread < MAX_THREADS {
            if set & 1 << thread != 0 {
                table[set][n] = thread as ThreadId;
                n += 1;
            }
            thread += 1;
        }
        set += 1;
    }
    table
}

/// The kinds of step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OpKind {
    /// Atomic load.
    Load,
    /// Atomic store.
    Store,
    /// Atomic read-modify-write, a failing compare-exchange included.
    Rmw,
    /// A fence: orders its own thread only.
    Fence,
    /// `mutex_lock`, `spin_lock`.
    MutexLock,
    /// `mutex_trylock`.
    MutexTryLock,
    /// `mutex_unlock`, `spin_unlock`.
    MutexUnlock,
    /// `down_read`.
    DownRead,
    /// `down_read_trylock`.
    TryDownRead,
    /// `up_read`.
    UpRead,
    /// With writer bias: a writer queues, and new readers wait from here on.
    WriterQueue,
    /// `down_write`.
    DownWrite,
    /// With writer bias: the queued writer is granted the lock.
    WriterGranted,
    /// `down_write_trylock`.
    TryDownWrite,
    /// `up_write`.
    UpWrite,
    /// `queue_work`.
    WorkQueue,
    /// The worker clears PENDING and starts to run.
    WorkBegin,
    /// The worker's run is over.
    WorkEnd,
    /// `flush_work` notes which run it has to wait for.
    WorkFlush,
    /// `flush_work` waits for that run.
    WorkWait,
    /// `wake_up`.
    WakeUp,
    /// `add_wait_queue`.
    WaitPrepare,
    /// `wait_woken`.
    WaitWoken,
    /// A checkpoint call begins: a step of the observer, not of the kernel.
    CallBegin,
    /// It returns.
    CallEnd,
    /// The second of two swapped loads is about to be made, before the first: only with a mutant.
    Lookout,
    /// A store, or a release that is one (`spin_unlock`), goes into the thread's store buffer:
    /// nobody else can tell. The step with which it reaches memory is the buffer's, and of the
    /// kind that it would have been without one.
    Buffered,
}

impl OpKind {
    /// Whether the step can be disabled by other threads.
    #[must_use]
    pub const fn blocks(self) -> bool {
        matches!(
            self,
            Self::MutexLock
                | Self::DownRead
                | Self::DownWrite
                | Self::WriterGranted
                | Self::WorkBegin
                | Self::WorkWait
                | Self::WaitWoken
        )
    }

    /// Whether the step is about an object that others share; a fence, a lookout, the ends of a call, and
    /// what only goes into the thread's store buffer are not.
    #[must_use]
    pub const fn has_object(self) -> bool {
        !matches!(
            self,
            Self::Fence | Self::CallBegin | Self::CallEnd | Self::Lookout | Self::Buffered
        )
    }

    /// Whether the step is an access to an atomic.
    #[must_use]
    pub const fn is_memory(self) -> bool {
        matches!(self, Self::Load | Self::Store | Self::Rmw)
    }

    /// Whether the step reads an atomic.
    #[must_use]
    pub const fn reads(self) -> bool {
        matches!(self, Self::Load | Self::Rmw)
    }

    /// Whether the step writes an atomic, or may do so.
    #[must_use]
    pub const fn writes(self) -> bool {
        matches!(self, Self::Store | Self::Rmw)
    }

    /// The word a report uses.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Load => "load",
            Self::Store => "store",
            Self::Rmw => "rmw",
            Self::Fence => "fence",
            Self::MutexLock => "lock",
            Self::MutexTryLock => "trylock",
            Self::MutexUnlock => "unlock",
            Self::DownRead => "down_read",
            Self::TryDownRead => "down_read_trylock",
            Self::UpRead => "up_read",
            Self::WriterQueue => "down_write (queue)",
            Self::DownWrite => "down_write",
            Self::WriterGranted => "down_write (granted)",
            Self::TryDownWrite => "down_write_trylock",
            Self::UpWrite => "up_write",
            Self::WorkQueue => "queue_work",
            Self::WorkBegin => "work begins",
            Self::WorkEnd => "work ends",
            Self::WorkFlush => "flush_work",
            Self::WorkWait => "flush_work waits",
            Self::WakeUp => "wake_up",
            Self::WaitPrepare => "add_wait_queue",
            Self::WaitWoken => "wait_woken",
            Self::CallBegin => "is called",
            Self::CallEnd => "returns",
            Self::Lookout => "looks ahead",
            Self::Buffered => "store (buffered)",
        }
    }
}

/// What a step meant to the observers ([`crate::sync::Observer`]), known once it was taken.
///
/// One bit an observer. Whether a step carries a mark depends on its own thread's past alone, and
/// on whether a call is in progress; that the begin and end of a call conflict with every change.
/// So a step that was postponed past independent ones carries the mark it had.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mark {
    changed: u8,
    during_call: u8,
    called: u8,
}

impl Mark {
    /// The step changed what observer `n` watches, during a call or not.
    #[must_use]
    pub const fn change(n: u8, during_call: bool) -> Self {
        let changed = 1 << n;
        Self { changed, during_call: if during_call { changed } else { 0 }, called: 0 }
    }

    /// The step is the begin or end of a call that observer `n` judges.
    #[must_use]
    pub const fn call(n: u8) -> Self {
        Self { changed: 0, during_call: 0, called: 1 << n }
    }

    /// Both marks on one step.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self {
            changed: self.changed | other.changed,
            during_call: self.during_call | other.during_call,
            called: self.called | other.called,
        }
    }

    /// Whether no observer cares.
    #[must_use]
    pub const fn is_none(self) -> bool {
        self.changed | self.called == 0
    }

    /// Whether an observer can tell the order of two such steps: of two changes that a call sees,
    /// and of a change and the end of a call. Two calls are judged each on its own. Of a change
    /// during a call and one outside, an end of that call lies between.
    #[must_use]
    pub const fn conflicts(self, other: Self) -> bool {
        self.during_call & other.during_call
            | self.changed & other.called
            | self.called & other.changed
            != 0
    }
}

/// What a thread is about to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Op {
    /// The object, by number of creation in this execution; see [`OpKind::has_object`].
    pub obj: u32,
    /// What is done to it.
    pub kind: OpKind,
    /// `WorkWait`: the number of the run it waits for. `WaitWoken`: how many wakeups it has seen.
    /// `Fence`: not 0 for a full barrier. `MutexUnlock`, `Buffered`: not 0 for the release
    /// of a spinlock.
    pub arg: u32,
    /// Where, in the model.
    pub site: Site,
}

impl Op {
    /// Whether the thread's store buffer has to be empty first: of a full barrier, and of all that
    /// x86 does with a locked instruction.
    #[must_use]
    pub const fn drains(&self) -> bool {
        match self.kind {
            OpKind::Load | OpKind::Buffered => false,
            OpKind::CallBegin | OpKind::CallEnd | OpKind::Lookout => false,
            OpKind::Fence => self.arg != 0,
            _ => true,
        }
    }
}

/// What a thread did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event {
    /// Who.
    pub thread: ThreadId,
    /// Which concurrent phase of the run it belongs to; 0 is outside any.
    pub phase: u8,
    /// What.
    pub op: Op,
    /// A trylock or compare-exchange: whether it succeeded. All else: true.
    pub ok: bool,
    /// The object's gate just before the step.
    pub before: Gate,
    /// The value read (atomics), or 0.
    pub read: usize,
    /// The value written (atomics), or 0.
    pub wrote: usize,
    /// What it meant to the observers.
    pub mark: Mark,
    /// What it chose to do (memory `ra`).
    pub chosen: Chosen,
}

/// What a step did where that was a choice; see [`super::Alternatives`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Chosen {
    /// Which alternative: 0 is the newest.
    pub older: u16,
    /// Of what it read: how many steps of phases there had been with the store, that one counted.
    /// 0: from before.
    pub read_from: u32,
}

/// One choice of a schedule: who takes the next step, and what that step does where it has a choice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pick {
    /// Who.
    pub thread: ThreadId,
    /// How many stores older than the newest: what it reads, or what it goes behind; see
    /// [`super::Alternatives`].
    pub older: u16,
}

impl From<ThreadId> for Pick {
    fn from(thread: ThreadId) -> Self {
        Self { thread, older: 0 }
    }
}

impl Event {
    /// The choice that led to it.
    #[must_use]
    pub const fn pick(&self) -> Pick {
        Pick { thread: self.thread, older: self.chosen.older }
    }

    /// Whether the order of this step and `other`, of different slots, can matter.
    #[must_use]
    pub fn depends_on(&self, other: &Self) -> bool {
        dependent(&self.done(), &other.done())
    }

    /// The step as [`dependent`] sees it.
    #[must_use]
    pub const fn done(&self) -> Done {
        Done { thread: self.thread, op: self.op, mark: self.mark }
    }
}

/// A step as far as its dependencies go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Done {
    /// Whose.
    pub thread: ThreadId,
    /// What.
    pub op: Op,
    /// What it means to the observers.
    pub mark: Mark,
}

/// Whether the order of two steps of different slots can matter. (Under memory `ra` that of two
/// accesses does not, but for what reads what; the explorer and its races know.)
///
/// A thread and its own store buffer do not race. Where their steps have an order at all, it is the
/// program's: a store before it reaches memory, and that before a step that [`Op::drains`]. A load
/// of what is in the thread's own buffer reads the same before that reaches memory and right after.
#[must_use]
#[inline]
pub fn dependent(a: &Done, b: &Done) -> bool {
    a.mark.conflicts(b.mark) || owner(a.thread) != owner(b.thread) && on_one_object(&a.op, &b.op)
}

/// Whether the order of two steps can matter to the object they are both about.
///
/// Static: it knows the kinds and the object, not the values. Independent pairs on one object:
/// - loads with loads; read-locks with read-locks and their releases among themselves;
/// - a writer that queues with releases and with other writers that queue;
/// - `queue_work` twice: either order leaves PENDING set, and nobody looks at the result;
/// - `queue_work` with the end of a run: PENDING and "running" are different bits;
/// - `flush_work`'s snapshot with begin and end: the run it has to wait for has the same number
///   before the run starts, while it runs and (trivially) after;
/// - `wake_up` twice.
fn on_one_object(a: &Op, b: &Op) -> bool {
    use OpKind::*;
    if !a.kind.has_object() || !b.kind.has_object() || a.obj != b.obj {
        return false;
    }
    let independent = |x: OpKind, y: OpKind| {
        matches!(
            (x, y),
            (Load, Load)
                | (DownRead | TryDownRead | UpRead, DownRead | TryDownRead | UpRead)
                | (WriterQueue, WriterQueue | UpRead | UpWrite)
                | (WorkQueue, WorkQueue | WorkEnd | WorkWait)
                | (WorkFlush, WorkFlush | WorkBegin | WorkEnd | WorkWait)
                | (WorkWait, WorkWait | WorkBegin)
                | (WakeUp, WakeUp)
                | (WaitPrepare | WaitWoken, WaitPrepare | WaitWoken)
        )
    };
    !independent(a.kind, b.kind) && !independent(b.kind, a.kind)
}
