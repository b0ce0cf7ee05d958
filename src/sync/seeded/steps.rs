// SPDX-License-Identifier: GPL-2.0-only
//! Every step a thread can take: announced, waited for, taken, recorded.
//!
//! Each function announces its [`Op`] ([`turn`]), returns once the policy picked this thread, and
//! then changes the object, the thread's view and the trace with nothing in between. `take_load`
//! and the like take the step as it is written; what mutants make of it is in [`super::mutated`].

use super::clock::Clock;
use super::exec::{Exec, chooses, observe, with};
use super::memory::{Location, learn, message};
use super::tso::Stored;
use super::turn::{Turn, turn};
use super::{mutated, ra};
use crate::sched::op::Mark;
use crate::sched::{Gate, Op, OpKind};
use crate::sync::{Ordering, Site, mutation};

/// An atomic load.
#[inline]
pub(crate) fn load(obj: u32, site: Site, order: Ordering) -> usize {
    if mutation::any() { mutated::load(obj, site, order) } else { take_load(obj, site, order) }
}

/// An atomic store.
#[inline]
pub(crate) fn store(obj: u32, site: Site, value: usize, order: Ordering) {
    if mutation::any() {
        mutated::store(obj, site, value, order);
    } else {
        take_store(obj, site, value, order);
    }
}

/// An atomic read-modify-write; returns the old value.
#[inline]
pub(crate) fn rmw(obj: u32, site: Site, order: Ordering, f: impl Fn(usize) -> usize) -> usize {
    if mutation::any() { mutated::rmw(obj, site, order, f) } else { take_rmw(obj, site, order, f) }
}

/// A fence.
#[inline]
pub(crate) fn fence(op: &Op, order: Ordering) {
    if mutation::any() { mutated::fence(op, order) } else { take_fence(op, order) }
}

/// A step on a lock, a work item or a wait queue. False if a trylock failed, or if the execution
/// is over.
#[inline]
pub(crate) fn gate(op: &Op) -> bool {
    if mutation::any() { mutated::gate(op) } else { take_gate(op, true) }
}

#[inline]
pub(super) fn take_load(obj: u32, site: Site, order: Ordering) -> usize {
    let op = Op { obj, kind: OpKind::Load, arg: 0, site };
    match turn(&op) {
        Turn::Take => {}
        Turn::Repeated { read, .. } => return read,
        Turn::Over => return observe(obj),
    }
    if chooses() {
        return ra::access(&op, order, None, |_| 0).0;
    }
    with(|e| {
        let view = &mut e.threads[e.current as usize].view;
        let value = match e.buffers.newest(e.current, obj) {
            Some((value, message)) => {
                learn(view, message, order);
                value
            }
            None => e.objects[obj as usize].location.load(view, order),
        };
        e.record(&op, true, Gate::default(), value, 0);
        value
    })
    .unwrap_or(0)
}

/// A load that finds the object as `at` says.
pub(super) fn take_load_of(
    obj: u32,
    site: Site,
    order: Ordering,
    at: impl FnOnce(&Exec) -> Location,
) -> usize {
    let op = Op { obj, kind: OpKind::Load, arg: 0, site };
    match turn(&op) {
        Turn::Take => {}
        Turn::Repeated { read, .. } => return read,
        Turn::Over => return observe(obj),
    }
    with(|e| {
        let at = at(e);
        let view = &mut e.threads[e.current as usize].view;
        let value = at.load(view, order);
        e.record(&op, true, Gate::default(), value, 0);
        value
    })
    .unwrap_or(0)
}

#[inline]
pub(super) fn take_store(obj: u32, site: Site, value: usize, order: Ordering) {
    let op = Op { obj, kind: OpKind::Store, arg: 0, site };
    // A sequentially consistent store is an exchange, on x86.
    if order != Ordering::SeqCst && with(|e| e.buffers_stores()) == Some(true) {
        return buffered(&op, |e| Stored { op, value, message: message(e.view(), order) });
    }
    if turn(&op) != Turn::Take {
        return;
    }
    if chooses() {
        ra::access(&op, order, None, |_| value);
        return;
    }
    with(|e| {
        e.keep_past(obj);
        let view = &mut e.threads[e.current as usize].view;
        e.objects[obj as usize].location.store(view, value, order);
        e.record(&op, true, Gate::default(), 0, value);
        e.mark_store(obj);
    });
}

#[inline]
pub(super) fn take_rmw(obj: u32, site: Site, order: Ordering, f: impl Fn(usize) -> usize) -> usize {
    let op = Op { obj, kind: OpKind::Rmw, arg: 0, site };
    match turn(&op) {
        Turn::Take => {}
        Turn::Repeated { read, .. } => return read,
        Turn::Over => return observe(obj),
    }
    if chooses() {
        return ra::access(&op, order, None, f).0;
    }
    with(|e| {
        e.keep_past(obj);
        let view = &mut e.threads[e.current as usize].view;
        let at = &mut e.objects[obj as usize].location;
        let old = at.rmw(view, order, f);
        let new = at.value;
        e.record(&op, true, Gate::default(), old, new);
        e.mark_store(obj);
        old
    })
    .unwrap_or(0)
}

/// Stores `new` if the value is `expected`; `Err` holds the value found instead.
pub(crate) fn compare_exchange(
    obj: u32,
    site: Site,
    expected: usize,
    new: usize,
    order: Ordering,
) -> Result<usize, usize> {
    let exchange = |old| if old == expected { new } else { old };
    let old = if chooses() && !mutation::any() {
        let op = Op { obj, kind: OpKind::Rmw, arg: 0, site };
        match turn(&op) {
            Turn::Take => ra::access(&op, order, Some(expected), exchange).0,
            Turn::Repeated { read, .. } => read,
            Turn::Over => return Err(observe(obj)),
        }
    } else {
        // One that fails stores what it found, which nobody can tell where memory has an order.
        rmw(obj, site, order, exchange)
    };
    if old == expected { Ok(old) } else { Err(old) }
}

pub(super) fn take_fence(op: &Op, order: Ordering) {
    if turn(op) != Turn::Take {
        return;
    }
    with(|e| {
        if !e.alone() {
            e.view().fence(order);
            ra::fence(e, order);
        }
        e.record(op, true, Gate::default(), 0, 0);
    });
}

/// `orders`: whether it passes on what it should; letting go of a lock and the end of a run always
/// do, for they share the site of what they end.
pub(super) fn take_gate(op: &Op, orders: bool) -> bool {
    // `spin_unlock` is a store, on x86; all else is a locked instruction.
    if op.kind == OpKind::MutexUnlock && op.arg != 0 && with(|e| e.buffers_stores()) == Some(true) {
        let clock = |e: &mut Exec| if orders { e.view().clock } else { Clock::default() };
        buffered(op, |e| Stored { op: *op, value: 0, message: clock(e) });
        return true;
    }
    match turn(op) {
        Turn::Take => with(|e| e.pass(op, orders)).unwrap_or(false),
        Turn::Repeated { ok, .. } => ok,
        Turn::Over => false,
    }
}

/// A step that puts what `stored` says into the thread's store buffer.
fn buffered(op: &Op, stored: impl FnOnce(&mut Exec) -> Stored) {
    let op = Op { kind: OpKind::Buffered, ..*op };
    if turn(&op) != Turn::Take {
        return;
    }
    with(|e| {
        let stored = stored(e);
        e.record(&op, true, Gate::default(), 0, stored.value);
        e.buffer(stored);
    });
}

/// `flush_work`'s snapshot: the run to wait for.
pub(crate) fn flush_target(op: &Op) -> u32 {
    gate(op);
    with(|e| e.last_gate(op).flush_target()).unwrap_or(0)
}

/// `add_wait_queue`: the wakeups seen so far.
pub(crate) fn wait_prepare(op: &Op) -> u32 {
    if mutation::any()
        && let Some(seen) = mutated::unprepared(op)
    {
        return seen;
    }
    gate(op);
    with(|e| e.last_gate(op).count()).unwrap_or(0)
}

/// `wait_woken`: the wakeups seen when it returns.
pub(crate) fn wait_woken(op: &Op) -> u32 {
    wait_prepare(op)
}

/// `wait_woken` with a timeout: what is left of it, and the wakeups seen.
pub(crate) fn wait_woken_timeout(op: &Op, timeout: u64) -> (u64, u32) {
    let deadline = with(|e| {
        let deadline = e.now.saturating_add(timeout);
        // A wakeup that is already there costs no time, even for a caller who is alone.
        let woken = e.objects[op.obj as usize].gate.enabled(op);
        e.threads[e.current as usize].deadline = (!woken || !e.alone()).then_some(deadline);
        deadline
    });
    gate(op);
    with(|e| {
        let current = e.current as usize;
        e.threads[current].deadline = None;
        let count = e.last_gate(op).count();
        let left =
            if count > op.arg { deadline.unwrap_or(0).saturating_sub(e.now).max(1) } else { 0 };
        (left, count)
    })
    .unwrap_or((0, op.arg))
}

impl Exec {
    const fn last_gate(&self, op: &Op) -> Gate {
        // Nothing ran since the step: the gate is as it left it.
        self.objects.as_slice()[op.obj as usize].gate
    }

    /// Takes a gate step: state, happens-before, trace.
    #[inline]
    fn pass(&mut self, op: &Op, orders: bool) -> bool {
        // Who is alone knows all there is to know, and whoever comes later what it knew.
        let alone = self.alone();
        let object = &mut self.objects[op.obj as usize];
        let view = &mut self.threads[self.current as usize].view;
        let before = object.gate;
        let ok = before.succeeds(op);
        let after = before.apply(op);
        let main = &mut object.location.message;
        let silent = !orders
            && !matches!(
                op.kind,
                OpKind::MutexUnlock | OpKind::UpRead | OpKind::UpWrite | OpKind::WorkEnd
            );
        match op.kind {
            // A failed trylock orders nothing.
            _ if !ok || silent || alone => {}
            OpKind::MutexLock
            | OpKind::MutexTryLock
            | OpKind::DownRead
            | OpKind::TryDownRead
            | OpKind::WorkBegin
            | OpKind::WaitPrepare
            | OpKind::WaitWoken => view.clock.join(main),
            OpKind::DownWrite | OpKind::WriterGranted | OpKind::TryDownWrite => {
                view.clock.join(main);
                view.clock.join(&object.second);
            }
            OpKind::MutexUnlock | OpKind::UpWrite | OpKind::WorkQueue | OpKind::WakeUp => {
                main.join(&view.clock);
            }
            OpKind::UpRead | OpKind::WorkEnd => object.second.join(&view.clock),
            OpKind::WorkWait => view.clock.join(&object.second),
            _ => {}
        }
        if after != before {
            self.set_gate(op.obj, after);
        }
        self.record(op, ok, before, 0, 0);
        ok
    }
}

/// A new observer's number.
pub(crate) fn new_observer() -> u8 {
    with(|e| {
        e.observers += 1;
        e.observers - 1
    })
    .unwrap_or(0)
}

/// The step that the current thread took last means something to an observer.
pub(crate) fn mark(mark: Mark) {
    with(|e| e.mark(mark));
}

/// A step that only observers know of: the begin or end of a call.
pub(crate) fn observed(op: &Op, mark: Mark) {
    if turn(op) != Turn::Take {
        return;
    }
    with(|e| {
        e.record(op, true, Gate::default(), 0, 0);
        e.mark(mark);
    });
}

/// The ghost lost track of what it watches.
pub(crate) fn blind() {
    with(|e| e.blind = true);
}

/// How many steps the execution has taken.
pub(crate) fn steps() -> u64 {
    with(|e| e.steps).unwrap_or(0)
}
