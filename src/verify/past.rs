// SPDX-License-Identifier: GPL-2.0-only
//! C1 in weak memory: an instant is a consistent cut of happens-before.
//!
//! Under memory `ra` the order in which the simulator takes steps is one of many that the same
//! execution could have had: nobody in it can tell them apart. So an *instant* of a call is a set of
//! changes of what is unread that
//! - is closed: with a change, it has every change that happens before it;
//! - has every change that happens before the call's begin;
//! - has none that happens after its return.
//!
//! And *committed before the call* means: the commit happens before it. Whatever does not happen
//! before a call, the call may see the past of.
//!
//! Data flow: the ghost notes each change with its [`Stamp`], and judges a call when it returns by the
//! cuts that the simulator's own order is made of. If none of them fits, the call is kept until all
//! rest (later changes may belong to a cut as well), and then every cut is built by replaying its
//! changes, in that order, on an empty truth. What two changes that are not ordered by
//! happens-before do to the truth is the same in either order, but for what C2 and C4 report.
//!
//! # Limits
//! A call with more than [`MOST_CUTS`] candidates is not judged, and the execution says that the
//! ghost was blind.

use super::cut::Call;
use super::truth::{Content, Truth};
use super::{Property, Violation};
use crate::sched::op::MAX_THREADS;
use crate::sync::Stamp;
use std::fmt;
use std::sync::Arc;

/// The most cuts that are tried.
const MOST_CUTS: usize = 20_000;

/// A change of the truth, to be made again.
pub(super) type Change =
    Arc<dyn Fn(&mut Truth, &'static str) -> (Content, Option<Violation>) + Send + Sync>;

/// All that happened, in the order of the simulator.
#[derive(Default)]
pub(super) struct Past {
    changes: Vec<Changed>,
    open: Vec<Returned>,
}

impl fmt::Debug for Past {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Past({} changes)", self.changes.len())
    }
}

struct Changed {
    change: Change,
    content: Content,
    when: Stamp,
}

/// A call that returned, and fits no cut so far.
pub(super) struct Returned {
    pub(super) call: Call,
    pub(super) began: Stamp,
    pub(super) ended: Stamp,
    pub(super) result: Vec<u8>,
    pub(super) design: String,
}

/// What a call's judgement comes to.
pub(super) enum Judgement {
    Fits,
    Broken(Violation),
    /// There were too many cuts.
    Unknown,
}

impl Past {
    pub(super) fn push(&mut self, change: Change, content: Content, when: Stamp) {
        self.changes.push(Changed { change, content, when });
    }

    pub(super) fn keep(&mut self, returned: Returned) {
        self.open.push(returned);
    }

    /// All rest: judges the calls that are open.
    pub(super) fn settle(&mut self, end: &'static str) -> Vec<Judgement> {
        let open = std::mem::take(&mut self.open);
        open.into_iter().map(|returned| self.judge(returned, end)).collect()
    }

    fn judge(&self, mut returned: Returned, end: &'static str) -> Judgement {
        let mut search = Cuts::new(self, &returned);
        let mut fits = false;
        let done = search.each(&mut |cut| {
            let instant = cut.replay(end).instant(&returned.call);
            fits |= Call::fits(&instant, &returned.result);
            returned.call.add(instant);
            !fits
        });
        if fits {
            return Judgement::Fits;
        }
        if !done {
            return Judgement::Unknown;
        }
        match returned.call.judge(&returned.result, &returned.design, end) {
            None => Judgement::Fits,
            Some(v) => {
                let sentence = format!("{} (cuts of happens-before)", v.sentence);
                Judgement::Broken(Violation::new(Property::C1, v.code, sentence))
            }
        }
    }
}

/// The cuts of one call.
struct Cuts<'a> {
    past: &'a Past,
    /// The changes that belong to every cut.
    always: Vec<usize>,
    /// By thread: those that may, in program order.
    maybe: [Vec<Optional>; MAX_THREADS],
    /// The threads whose changes are tried one by one. Those of the others make the content longer at
    /// its end, if they change it at all, and what is longer fits as well: of them a cut has as many
    /// as it can.
    tried: Vec<usize>,
    /// By thread: how many of them the cut in hand has.
    taken: [usize; MAX_THREADS],
    left: usize,
}

struct Optional {
    change: usize,
    /// By thread: how many of its optional changes happen before this one.
    needs: [usize; MAX_THREADS],
}

impl<'a> Cuts<'a> {
    fn new(past: &'a Past, call: &Returned) -> Self {
        let mut cuts = Self {
            past,
            always: Vec::new(),
            maybe: std::array::from_fn(|_| Vec::new()),
            tried: Vec::new(),
            taken: [0; MAX_THREADS],
            left: MOST_CUTS,
        };
        for (n, changed) in past.changes.iter().enumerate() {
            if changed.when.before(&call.began) {
                cuts.always.push(n);
            } else if !call.ended.before(&changed.when) {
                let known = |list: &Vec<Optional>| {
                    list.partition_point(|o| past.changes[o.change].when.before(&changed.when))
                };
                let needs = cuts.maybe.each_ref().map(known);
                let thread = changed.when.thread() as usize % MAX_THREADS;
                cuts.maybe[thread].push(Optional { change: n, needs });
            }
        }
        let shortens = |list: &&Vec<Optional>| {
            list.iter().any(|o| past.changes[o.change].content == Content::Changed)
        };
        let threads = cuts.maybe.iter().enumerate();
        cuts.tried = threads.filter(|(_, list)| shortens(list)).map(|(t, _)| t).collect();
        cuts
    }

    /// Shows each cut to `visit`, until it says no. False: there are too many.
    fn each(&mut self, visit: &mut dyn FnMut(&Self) -> bool) -> bool {
        self.level(0, visit).is_some() || self.left > 0
    }

    /// `None`: stop.
    fn level(&mut self, n: usize, visit: &mut dyn FnMut(&Self) -> bool) -> Option<()> {
        let Some(&thread) = self.tried.get(n) else {
            self.left = self.left.checked_sub(1).filter(|left| *left > 0)?;
            self.take_the_rest();
            return if self.closed() && !visit(self) { None } else { Some(()) };
        };
        for taken in (0..=self.maybe[thread].len()).rev() {
            self.taken[thread] = taken;
            self.level(n + 1, visit)?;
        }
        Some(())
    }

    /// As many of the other threads' changes as can be.
    fn take_the_rest(&mut self) {
        let others = || (0..MAX_THREADS).filter(|t| !self.tried.contains(t));
        let mut taken = self.taken;
        others().for_each(|t| taken[t] = self.maybe[t].len());
        loop {
            let fits = |o: &Optional| (0..MAX_THREADS).all(|t| o.needs[t] <= taken[t]);
            let before = taken;
            let mut next = taken;
            for t in others() {
                next[t] = self.maybe[t][..taken[t]].iter().take_while(|o| fits(o)).count();
            }
            taken = next;
            if taken == before {
                break;
            }
        }
        self.taken = taken;
    }

    /// Whether with each change it has all that happen before it. (Of one thread, the last knows
    /// all that the others know.)
    fn closed(&self) -> bool {
        self.maybe.iter().zip(self.taken).all(|(list, taken)| {
            let last = taken.checked_sub(1).and_then(|n| list.get(n));
            last.is_none_or(|o| (0..MAX_THREADS).all(|t| o.needs[t] <= self.taken[t]))
        })
    }

    /// The truth as the cut has it.
    fn replay(&self, end: &'static str) -> Truth {
        let mut all = self.always.clone();
        for (list, &taken) in self.maybe.iter().zip(&self.taken) {
            all.extend(list[..taken].iter().map(|o| o.change));
        }
        all.sort_unstable();
        let mut truth = Truth::default();
        for n in all {
            let changed = &self.past.changes[n];
            (changed.change)(&mut truth, end);
            truth.note_arrivals(&changed.when);
        }
        truth
    }
}
