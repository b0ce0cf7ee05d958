// SPDX-License-Identifier: GPL-2.0-only
//! Which sites there are, what is done there, and so which mutations mean something.
//!
//! And which sites *contend*: an access there and a conflicting one of another thread are ordered by
//! nothing else than, at most, themselves. An atomic access at a site that never contends could as
//! well be one to plain memory: its ordering, its atomicity, and its place among its neighbours
//! that release nothing make no difference under any memory model.
//!
//! Data flow: [`survey`] -> executions of the seeded runtime on this OS thread -> one [`SiteUse`] a
//! site that was reached. Nothing is known of sites that were not.

use super::{ACTIVE, Mutation};
use crate::sched::OpKind;
use crate::sync::{Ordering, Site};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

/// What was seen at a site.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SiteUse {
    /// The kinds of step taken there.
    pub kinds: BTreeSet<OpKind>,
    /// An atomic access with an ordering.
    pub ordered: bool,
    /// A load that did not answer 0.
    pub nonzero: bool,
    /// A load after which its thread loaded something else.
    pub then_load: bool,
    /// Where that was.
    pub then_loads: BTreeSet<Site>,
    /// Some load after it would contend if it were made first.
    pub then_contends: bool,
    /// A store after which its thread took a step about something else, that cannot block.
    pub then_step: bool,
    /// Such a step that lets others know what came before it.
    pub then_release: bool,
    /// Where the others were taken.
    pub then_at: BTreeSet<Site>,
    /// An access that something else than itself does not order with all that conflict with it.
    pub contends: bool,
}

impl SiteUse {
    /// Everything that was seen at either.
    pub fn merge(&mut self, other: &Self) {
        self.kinds.extend(&other.kinds);
        self.ordered |= other.ordered;
        self.nonzero |= other.nonzero;
        self.then_load |= other.then_load;
        self.then_step |= other.then_step;
        self.then_release |= other.then_release;
        self.then_at.extend(&other.then_at);
        self.then_loads.extend(&other.then_loads);
        self.then_contends |= other.then_contends;
        self.contends |= other.contends;
    }

    /// Whether it is an access to an atomic.
    #[must_use]
    pub fn is_access(&self) -> bool {
        use OpKind::{Load, Rmw, Store};
        self.kinds.iter().all(|k| matches!(k, Load | Store | Rmw))
    }

    /// The mutations that change something about what is done here, [`Mutation::Plain`] aside.
    /// The ordering of a lock is not taken without the lock; that of a wakeup is the wait queue's lock
    /// in the kernel, and nobody can take it away.
    #[must_use]
    pub fn mutations(&self) -> BTreeSet<Mutation> {
        use OpKind::*;
        let mut all = BTreeSet::new();
        for kind in &self.kinds {
            let atomic = matches!(kind, Load | Store | Rmw);
            // Who flushes the work runs it only if nobody else is there: with nobody to order.
            let begins = *kind == WorkBegin && !self.kinds.contains(&WorkFlush);
            if atomic && self.ordered || begins || matches!(kind, WorkQueue | WorkWait) {
                all.insert(Mutation::Relax);
            }
            let droppable = matches!(kind, Store | Rmw | Fence | WorkQueue | WorkFlush | WakeUp);
            if droppable || is_lock(*kind) || *kind == WaitPrepare {
                all.insert(Mutation::Drop);
            }
            if matches!(kind, DownWrite | WriterGranted | TryDownWrite) {
                all.insert(Mutation::Share);
            }
            match kind {
                Load if self.nonzero => _ = all.insert(Mutation::Zero),
                Rmw => _ = all.insert(Mutation::Split),
                _ => {}
            }
        }
        if self.then_load {
            all.insert(Mutation::Swap);
        }
        if self.then_step {
            all.insert(Mutation::Later);
        }
        all
    }
}

const fn is_lock(kind: OpKind) -> bool {
    use OpKind::*;
    matches!(
        kind,
        MutexLock
            | MutexTryLock
            | DownRead
            | TryDownRead
            | DownWrite
            | WriterGranted
            | TryDownWrite
    )
}

/// The sites by name.
pub type Sites = BTreeMap<Site, SiteUse>;

thread_local! {
    static PLAIN: RefCell<BTreeSet<Site>> = const { RefCell::new(BTreeSet::new()) };
    static SEEN: RefCell<Option<Sites>> = const { RefCell::new(None) };
}

/// Does `f`, and notes the sites that the seeded runtime reaches meanwhile on this OS thread.
pub fn survey<R>(f: impl FnOnce() -> R) -> (R, Sites) {
    let active = ACTIVE.replace(true);
    let outer = SEEN.replace(Some(Sites::new()));
    let result = f();
    ACTIVE.set(active);
    (result, SEEN.replace(outer).unwrap_or_default())
}

/// Where plain memory was accessed in the last survey on this OS thread.
#[must_use]
pub fn plain_sites() -> BTreeSet<Site> {
    PLAIN.take()
}

/// Plain memory is accessed.
pub(crate) fn accessed_plain(site: Site) {
    if surveying() {
        PLAIN.with_borrow_mut(|plain| plain.insert(site));
    }
}

/// A step, for whoever surveys.
#[derive(Clone, Copy)]
pub(crate) struct Taken {
    pub(crate) site: Site,
    /// `None`: about no object.
    pub(crate) obj: Option<u32>,
    pub(crate) kind: OpKind,
    /// Of an atomic access or a fence.
    pub(crate) order: Ordering,
}

fn note(site: Site, f: impl FnOnce(&mut SiteUse)) {
    SEEN.with_borrow_mut(|seen| {
        if let Some(sites) = seen {
            f(sites.entry(site).or_default());
        }
    });
}

/// Whether somebody surveys.
pub(crate) fn surveying() -> bool {
    SEEN.with_borrow(Option::is_some)
}

/// `step` was taken, after `last` of the same thread.
pub(crate) fn taken(last: Option<Taken>, step: Taken) {
    note(step.site, |seen| _ = seen.kinds.insert(step.kind));
    let Some(last) = last.filter(|last| last.obj != step.obj) else { return };
    match last.kind {
        OpKind::Load if step.kind == OpKind::Load => note(last.site, |seen| {
            seen.then_load = true;
            seen.then_loads.insert(step.site);
        }),
        OpKind::Store if !step.kind.blocks() && !is_lock(step.kind) => {
            // A store may be overtaken by a load behind it, unless both are sequentially consistent.
            let load = step.kind == OpKind::Load && step.order != Ordering::SeqCst;
            let relaxed = load || step.order == Ordering::Relaxed;
            note(last.site, |seen| {
                seen.then_step = true;
                seen.then_release |= !relaxed;
                seen.then_at.insert(step.site);
            });
        }
        _ => {}
    }
}

/// An access at `site` and a conflicting one are not ordered otherwise.
pub(crate) fn contended(site: Site) {
    note(site, |seen| seen.contends = true);
}

/// The load after the one at `site` would contend if it were made before it.
pub(crate) fn contended_first(site: Site) {
    note(site, |seen| seen.then_contends = true);
}

/// The ordering of an atomic access, and what it answered.
pub(crate) fn accessed(site: Site, order: Ordering, answer: usize) {
    note(site, |seen| {
        seen.ordered |= order != Ordering::Relaxed;
        seen.nonzero |= answer != 0;
    });
}
