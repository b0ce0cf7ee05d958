// SPDX-License-Identifier: GPL-2.0-only
//! Designs with one flaw planted in each, and correct ones that differ from one another: the scenarios
//! have to find every flaw, and nothing in the others.
//!
//! All take the steps of `exclusive-restart`; [`Flaw`] says what one does differently. A flaw that
//! comes to light in no scenario is a hole in the scenarios: close it there.
//!
//! # Data flow
//! A [`Planted`] is judged on the tiny scenarios in their order, each explored until something is
//! found; a correct one on all of them, to the end or up to [`EXECUTIONS`].

use super::Design;
use super::ldisc::n_tty_checkpoint;
use crate::errno::Errno;
use crate::ldisc_ref::Ldisc;
use crate::n_tty::Bit;
use crate::sync::Ordering::{Acquire, Relaxed};
use crate::sync::seeded::Memory;
use crate::tty_buffer::{ExclusiveGuard, NULL, TtyBuffer, TtyBufhead};
use crate::tty_struct::TtyStruct;
use crate::verify::Property;
use crate::verify::check::body;
use crate::verify::judge::{Judged, Plan, judge_until};
use crate::verify::scenario::{For, SCENARIOS, Size};
use Flaw::*;
use Property::{C1, C2, C3, C4};

/// How many executions a scenario gets.
const EXECUTIONS: u64 = 10_000;

/// What a design does differently from the right one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flaw {
    /// Nothing.
    Nothing,
    /// The chain's share is copied after the line discipline's. As right as the other way round.
    LdiscFirst,
    /// It waits for `termios_rwsem`. The worker takes it under `buf->lock` as well.
    Waits,
    /// It does not wait for `buf->lock`.
    TriesLock,
    /// The work is restarted whatever there is.
    RestartsAlways,
    /// The work is queued while it is still kept out: it waits for `buf->lock`.
    QueuesFirst,
    /// The line discipline is handed nothing at all, which clears `no_room`. The restart makes up for
    /// that.
    ClearsNoRoom,
    /// The unlock restarts nothing.
    NoRestart,
    /// It restarts the work if the head has data: today's unlock.
    RestartIfHead,
    /// It restarts the work if the head has a next.
    RestartIfNext,
    /// The lock is let go of, `priority` stays raised.
    PriorityLeaked,
    /// With EAGAIN it keeps everybody out.
    LockLeaked,
    /// It takes `atomic_read_lock`, and with EAGAIN keeps it.
    ReadLockLeaked,
    /// It ignores that it did not get `termios_rwsem`.
    TrylockIgnored,
    /// It does without `termios_rwsem`.
    NoTermios,
    /// It takes `termios_rwsem` for read.
    SharedTermios,
    /// It waits for `termios_rwsem` before it waits for `buf->lock`.
    TermiosFirst,
    /// It keeps the worker out and waits for it.
    FlushesExclusive,
    /// The same with `termios_rwsem` alone.
    FlushesTermios,
    /// The chain is walked once the worker is back.
    WalksUnlocked,
    /// The head is looked up in an exclusive section of its own.
    StaleHead,
    /// The line discipline is copied once the worker is back.
    LdiscUnlocked,
    /// The line discipline is copied before the worker is kept out.
    LdiscEarly,
    /// One exclusive section for the line discipline, another for the chain.
    TwoSections,
    /// The other way round.
    TwoSectionsBack,
    /// `commit` is loaded before `next`.
    CommitFirst,
    /// `commit` without ACQUIRE.
    CommitRelaxed,
    /// `next` without ACQUIRE.
    NextRelaxed,
    /// `next` is loaded twice: to see whether there is one, and to follow it.
    NextReloaded,
    /// Only the head is copied.
    HeadOnly,
    /// The walk ends at a buffer without unread bytes.
    StopsAtEmpty,
    /// A buffer's bytes are copied from its beginning.
    FromStart,
    /// They are copied from where lookahead has got.
    FromLookahead,
    /// What is put in but not committed is copied, too.
    ToUsed,
    /// The last committed byte is not.
    OneShort,
    /// The read buffer's copy ends where the circle closes.
    NoWrap,
    /// It goes on from the second byte of the circle.
    WrapsLate,
    /// It begins one behind `read_tail`.
    TailOff,
    /// It ends at `canon_head`: no more than the whole lines.
    WholeLines,
    /// It ends at `commit_head`, which lines do not move.
    ToCommitHead,
    /// The chain's bytes come before those of the line discipline.
    ChainFirst,
    /// No more than two bytes are copied.
    TwoBytes,
    /// The other end is looked at.
    OtherEnd,
    /// What was copied is taken out.
    Consumes,
    /// It is read, and typed in again.
    TypesBack,
    /// The input is dropped with the copy.
    Drops,
    /// It drops the chain with the copy.
    DropsChain,
}

/// What is right, too.
const RIGHT: [Flaw; 7] =
    [Nothing, LdiscFirst, Waits, TriesLock, RestartsAlways, QueuesFirst, ClearsNoRoom];

/// What is wrong, and the properties of which one has to break.
const WRONG: [(Flaw, &[Property]); 40] = [
    (NoRestart, &[C3]),
    (RestartIfHead, &[C3]),
    (RestartIfNext, &[C3]),
    (PriorityLeaked, &[C3]),
    (LockLeaked, &[C3]),
    (ReadLockLeaked, &[C3]),
    (TrylockIgnored, &[C1, C4]),
    (NoTermios, &[C1, C4]),
    (SharedTermios, &[C4]),
    (TermiosFirst, &[C3]),
    (FlushesExclusive, &[C3]),
    (FlushesTermios, &[C3]),
    (WalksUnlocked, &[C1, C4]),
    (StaleHead, &[C4]),
    (LdiscUnlocked, &[C1, C4]),
    (LdiscEarly, &[C1, C4]),
    (TwoSections, &[C1]),
    (TwoSectionsBack, &[C1]),
    (CommitFirst, &[C1]),
    (CommitRelaxed, &[C4]),
    (NextRelaxed, &[C4]),
    (NextReloaded, &[C1]),
    (HeadOnly, &[C1]),
    (StopsAtEmpty, &[C1]),
    (FromStart, &[C1]),
    (FromLookahead, &[C1]),
    (ToUsed, &[C1, C4]),
    (OneShort, &[C1]),
    (NoWrap, &[C1]),
    (WrapsLate, &[C1, C4]),
    (TailOff, &[C1, C4]),
    (WholeLines, &[C1]),
    (ToCommitHead, &[C1]),
    (ChainFirst, &[C1]),
    (TwoBytes, &[C1]),
    (OtherEnd, &[C1]),
    (Consumes, &[C2]),
    (TypesBack, &[C2]),
    (Drops, &[C2]),
    (DropsChain, &[C2]),
];

/// The design with this flaw.
struct Planted(Flaw);

impl Design for Planted {
    fn name(&self) -> &'static str {
        "planted"
    }

    fn about(&self) -> &'static str {
        "exclusive-restart with a flaw"
    }

    fn source(&self) -> &'static str {
        "this test"
    }

    fn checkpoint(&self, tty: &TtyStruct) -> Result<Vec<u8>, Errno> {
        self.call(tty)
    }
}

impl Planted {
    fn has(&self, flaw: Flaw) -> bool {
        self.0 == flaw
    }

    /// The whole call, where it has other steps than [`Planted::steps`].
    fn call(&self, tty: &TtyStruct) -> Result<Vec<u8>, Errno> {
        match self.0 {
            OtherEnd => self.steps(&tty.reversed()),
            Consumes => tty.tty_read(true, 64),
            TypesBack => {
                let bytes = tty.tty_read(true, 64)?;
                bytes.iter().try_for_each(|byte| tty.tiocsti(*byte))?;
                Ok(bytes)
            }
            Drops => {
                let bytes = self.steps(tty)?;
                tty.n_tty_flush_buffer();
                Ok(bytes)
            }
            DropsChain => {
                let bytes = self.steps(tty)?;
                tty.port.buf.tty_buffer_flush();
                Ok(bytes)
            }
            FlushesTermios => {
                let _held = tty.termios_rwsem.down_write("planted.termios_rwsem");
                tty.tty_buffer_flush_work();
                Err(Errno::EAGAIN)
            }
            _ => self.steps(tty),
        }
    }

    /// The steps: a reference, exclusive access, `termios_rwsem`, the copy.
    fn steps(&self, tty: &TtyStruct) -> Result<Vec<u8>, Errno> {
        let ld = tty.tty_ldisc_ref_wait().ok_or(Errno::EIO)?;
        if ld.ldisc != Ldisc::NTty {
            return Err(Errno::EOPNOTSUPP);
        }
        let early = self.has(LdiscEarly).then(|| n_tty_checkpoint(tty));
        let first = self.has(TermiosFirst).then(|| tty.termios_rwsem.down_write("planted.first"));
        let buf = &tty.port.buf;
        let stale = self.has(StaleHead).then(|| {
            let exclusive = buf.tty_buffer_lock_exclusive();
            let head = exclusive.head("planted.stale_head");
            buf.tty_buffer_unlock_exclusive_restart(exclusive);
            head
        });
        let exclusive = match self.0 {
            TriesLock => buf.tty_buffer_trylock_exclusive().ok_or(Errno::EAGAIN)?,
            _ => buf.tty_buffer_lock_exclusive(),
        };
        if self.has(ClearsNoRoom) {
            tty.n_tty_receive_buf(&[], None);
        }
        if self.has(FlushesExclusive) {
            tty.tty_buffer_flush_work();
        }
        let read_lock = self
            .has(ReadLockLeaked)
            .then(|| tty.disc_data.atomic_read_lock.try_lock("planted.atomic_read_lock"));
        let copied = if first.is_some() {
            Some(self.copy(tty, &exclusive, stale))
        } else {
            self.copy_locked(tty, &exclusive, stale)
        };
        let head = exclusive.head("planted.head_again");
        let Some((ldisc, chain)) = copied else {
            std::mem::forget(read_lock);
            if self.has(LockLeaked) {
                std::mem::forget(exclusive);
            } else {
                self.unlock(buf, exclusive);
            }
            return Err(Errno::EAGAIN);
        };
        self.unlock(buf, exclusive);
        drop(first);
        let chain = if self.has(WalksUnlocked) { self.walk(buf, head) } else { chain };
        let chain = if self.has(TwoSections) { self.again(tty, false) } else { chain };
        let ldisc = match self.0 {
            LdiscUnlocked => n_tty_checkpoint(tty),
            TwoSectionsBack => self.again(tty, true),
            _ => early.unwrap_or(ldisc),
        };
        let mut bytes = if self.has(ChainFirst) { [chain, ldisc] } else { [ldisc, chain] }.concat();
        if self.has(TwoBytes) {
            bytes.truncate(2);
        }
        Ok(bytes)
    }

    /// A second exclusive section, for one half.
    fn again(&self, tty: &TtyStruct, ldisc: bool) -> Vec<u8> {
        let buf = &tty.port.buf;
        let exclusive = buf.tty_buffer_lock_exclusive();
        let held = tty.termios_rwsem.down_write("planted.termios_rwsem_again");
        let half = if ldisc {
            self.ldisc(tty)
        } else {
            self.walk(buf, exclusive.head("planted.head_second"))
        };
        drop(held);
        self.unlock(buf, exclusive);
        half
    }

    fn copy_locked<'b>(
        &self,
        tty: &TtyStruct,
        exclusive: &ExclusiveGuard<'b>,
        stale: Option<&'b TtyBuffer>,
    ) -> Option<(Vec<u8>, Vec<u8>)> {
        let sem = &tty.termios_rwsem;
        match self.0 {
            NoTermios => Some(self.copy(tty, exclusive, stale)),
            SharedTermios => {
                let _held = sem.down_read("planted.termios_rwsem_shared");
                Some(self.copy(tty, exclusive, stale))
            }
            Waits => {
                let _held = sem.down_write("planted.termios_rwsem_wait");
                Some(self.copy(tty, exclusive, stale))
            }
            TrylockIgnored => {
                let _held = sem.down_write_trylock("planted.termios_rwsem");
                Some(self.copy(tty, exclusive, stale))
            }
            _ => {
                let _held = sem.down_write_trylock("planted.termios_rwsem")?;
                Some(self.copy(tty, exclusive, stale))
            }
        }
    }

    /// The line discipline's share, and the chain's.
    fn copy<'b>(
        &self,
        tty: &TtyStruct,
        exclusive: &ExclusiveGuard<'b>,
        stale: Option<&'b TtyBuffer>,
    ) -> (Vec<u8>, Vec<u8>) {
        let head = stale.unwrap_or_else(|| exclusive.head("planted.head"));
        if self.has(LdiscFirst) {
            let ldisc = self.ldisc(tty);
            return (ldisc, self.walk(exclusive.buf(), head));
        }
        let chain = self.walk(exclusive.buf(), head);
        (self.ldisc(tty), chain)
    }

    fn unlock(&self, buf: &TtyBufhead, exclusive: ExclusiveGuard<'_>) {
        let queue = || buf.tty_buffer_restart_work("planted.queue_work");
        match self.0 {
            NoRestart => buf.tty_buffer_unlock_exclusive_quietly(exclusive),
            RestartIfHead => buf.tty_buffer_unlock_exclusive(exclusive),
            RestartIfNext => {
                let head = exclusive.head("planted.unlock_head");
                let next = head.load_next("planted.unlock_next", Relaxed) != NULL;
                buf.tty_buffer_unlock_exclusive_quietly(exclusive);
                if next {
                    queue();
                }
            }
            RestartsAlways => {
                buf.tty_buffer_unlock_exclusive_quietly(exclusive);
                queue();
            }
            QueuesFirst => {
                queue();
                buf.tty_buffer_unlock_exclusive_quietly(exclusive);
            }
            PriorityLeaked => drop(exclusive),
            _ => buf.tty_buffer_unlock_exclusive_restart(exclusive),
        }
    }

    fn walk<'b>(&self, buf: &'b TtyBufhead, mut buffer: &'b TtyBuffer) -> Vec<u8> {
        let mut bytes = Vec::new();
        loop {
            let (next, commit) = self.load(buffer);
            let read = buffer.read("planted.read");
            let from = match self.0 {
                FromStart => 0,
                FromLookahead => read.max(buffer.lookahead("planted.lookahead")),
                _ => read,
            };
            let to = match self.0 {
                ToUsed => buffer.used("planted.used"),
                OneShort => commit.saturating_sub(1).max(read),
                _ => commit,
            };
            let mut chars = vec![0; to.saturating_sub(from)];
            buffer.copy_chars("planted.chars", from, &mut chars);
            let empty = chars.is_empty();
            bytes.extend(chars);
            if next == NULL || self.has(HeadOnly) || empty && self.has(StopsAtEmpty) {
                return bytes;
            }
            buffer = buf.tty_buffer("planted.follow", next);
        }
    }

    /// `next` and `commit` of `buffer`.
    fn load(&self, buffer: &TtyBuffer) -> (usize, usize) {
        let (next_order, commit_order) = match self.0 {
            NextRelaxed => (Relaxed, Acquire),
            CommitRelaxed => (Acquire, Relaxed),
            _ => (Acquire, Acquire),
        };
        let next = || buffer.load_next("planted.next", next_order);
        let commit = || buffer.load_commit("planted.commit", commit_order);
        if self.has(CommitFirst) {
            let commit = commit();
            return (next(), commit);
        }
        let (seen, commit) = (next(), commit());
        (if self.has(NextReloaded) { next() } else { seen }, commit)
    }

    fn ldisc(&self, tty: &TtyStruct) -> Vec<u8> {
        let ldata = &tty.disc_data;
        let tail = ldata.read_tail("planted.read_tail", Relaxed);
        let head = match self.0 {
            WholeLines if ldata.bits.test("planted.icanon", Bit::Icanon) => {
                ldata.canon_head("planted.canon_head", Acquire)
            }
            ToCommitHead => ldata.commit_head("planted.commit_head", Acquire),
            _ => ldata.read_head("planted.read_head"),
        };
        let tail = if self.has(TailOff) { tail.wrapping_add(1) } else { tail };
        let n = head.wrapping_sub(tail).min(ldata.size());
        let straight = n.min(ldata.size() - ldata.mask(tail));
        match self.0 {
            NoWrap => copy(tty, tail, straight),
            WrapsLate if straight < n => {
                let late = tail.wrapping_add(straight + 1);
                [copy(tty, tail, straight), copy(tty, late, n - straight)].concat()
            }
            _ => copy(tty, tail, n),
        }
    }
}

/// `n` bytes of the read buffer from index `tail` on.
fn copy(tty: &TtyStruct, tail: usize, n: usize) -> Vec<u8> {
    let mut bytes = vec![0; n];
    tty.disc_data.copy_read_buf("planted.read_buf", tail, &mut bytes);
    bytes
}

/// Judges the design with `flaw` on one scenario after the other, until `enough` is found: by name, the
/// first finding of each property, and whether that is all.
fn judged(flaw: Flaw, enough: &dyn Fn(&Judged) -> bool) -> Vec<(String, Judged)> {
    // Leaked: a design lives as long as the program, as a registered one does.
    let design: &'static Planted = Box::leak(Box::new(Planted(flaw)));
    let plan = Plan::everything(Memory::Sc, EXECUTIONS);
    let mut all = Vec::new();
    let mut scenarios: Vec<_> =
        SCENARIOS.iter().filter(|s| s.size == Size::Tiny && s.judges == For::Everyone).collect();
    // The big ones last.
    scenarios.sort_by_key(|s| ["flow", "full", "four"].contains(&s.name.as_ref()));
    for scenario in scenarios {
        let script = scenario.script().expect("a built-in script");
        let judged = judge_until(&plan, &body(Some(design), &script), enough, &mut |_| true);
        assert_eq!(judged.panicked, None, "{flaw:?} on {}", scenario.name);
        let done = enough(&judged);
        all.push((scenario.name.to_string(), judged));
        if done {
            break;
        }
    }
    all
}

#[test]
fn every_planted_flaw_is_found() {
    let mut missed = Vec::new();
    for (flaw, properties) in WRONG {
        let broken = |judged: &Judged| properties.iter().find_map(|p| judged.found.get(p)).cloned();
        let all = judged(flaw, &|judged| broken(judged).is_some());
        let executions: u64 = all.iter().map(|(_, j)| j.executions + j.pruned).sum();
        match all.last().and_then(|(name, judged)| Some((name, broken(judged)?))) {
            Some((name, found)) => {
                println!("{flaw:?}: {name}, {executions} executions, {}", found.violation);
            }
            None => missed.push(format!("{flaw:?}, in {executions} executions")),
        }
    }
    assert!(missed.is_empty(), "missed: {}", missed.join("; "));
}

#[test]
fn what_is_right_breaks_nothing() {
    for flaw in RIGHT {
        for (name, judged) in judged(flaw, &|judged| !judged.found.is_empty()) {
            let findings: Vec<_> = judged.found.values().map(|c| c.violation.to_string()).collect();
            assert_eq!(findings, Vec::<String>::new(), "{flaw:?} on {name}");
            println!("{flaw:?} on {name}: {} executions", judged.executions);
        }
    }
}
