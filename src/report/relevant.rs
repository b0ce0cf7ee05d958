// SPDX-License-Identifier: GPL-2.0-only
//! Which steps of an interleaving a reader needs to see.
//!
//! Most steps of an execution concern nobody but their own thread: locks that nobody else wants,
//! flags that nobody changes. Shown are, in order of the trace:
//!
//! 1. steps that take part in the violation;
//! 2. steps that depend on a step of another thread: swapping the two could matter, unless one
//!    stores what is there already;
//! 3. steps on the positions of the pipeline ([`POSITIONS`]) that change them, and the looks at
//!    `commit` and `next` that decide where data is;
//! 4. where the finding was made inside a function, what its thread did there;
//! 5. where a store waited in a store buffer and the step with which it reached memory is shown, the
//!    store too.
//!
//! And of several equal looks of one thread, with nothing between them that could change the
//! answer, only the first. What comes after the finding is left out too. All of it is counted, and
//! `--all` shows it.

use crate::sched::op::{MAX_THREADS, is_buffer, owner};
use crate::sched::{Event, OpKind, ThreadId};
use crate::sync::Site;
use crate::sync::seeded::Execution;
use std::collections::{BTreeMap, VecDeque};

/// The fields that say where data is.
const POSITIONS: [&str; 7] =
    ["commit", "next", "commit_head", "canon_head", "read_tail", "no_room", "priority"];

/// Where a finding was made: the thread, and the function it was in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place<'a> {
    /// Who.
    pub thread: ThreadId,
    /// The kernel's function.
    pub function: &'a str,
}

impl Place<'_> {
    /// Whether `thread` at `site` is here.
    #[must_use]
    pub fn has(&self, thread: ThreadId, site: Site) -> bool {
        thread == self.thread && site.split('.').next() == Some(self.function)
    }
}

/// For each step of the trace, whether it is shown. `involved` are positions in the trace, `place`
/// is where the finding was made.
#[must_use]
pub fn relevant(execution: &Execution, involved: &[usize], place: Option<Place<'_>>) -> Vec<bool> {
    let trace = &execution.trace;
    let counts = |i: usize| {
        let event = &trace[i];
        let idle = event.op.kind == OpKind::Store && value_before(trace, i) == event.wrote;
        let here = place.is_some_and(|p| p.has(event.thread, event.op.site));
        event.phase != 0 && !idle && (here || has_rival(trace, i) || moves(execution, i))
    };
    let mut shown: Vec<bool> = (0..trace.len()).map(counts).collect();
    hide_repetitions(trace, &mut shown);
    show_buffered(trace, &mut shown);
    for &i in involved {
        if let Some(step) = shown.get_mut(i) {
            *step = true;
        }
    }
    shown
}

/// Whether another thread takes a step that depends on step `i`.
fn has_rival(trace: &[Event], i: usize) -> bool {
    let mine = &trace[i];
    let rival = |e: &Event| e.phase == mine.phase && e.thread != mine.thread;
    trace.iter().any(|e| rival(e) && e.depends_on(mine))
}

/// Whether step `i` is one on the pipeline's positions that counts.
fn moves(execution: &Execution, i: usize) -> bool {
    let event = &execution.trace[i];
    let field = execution.names.get(event.op.obj as usize).map_or("", |name| name.field);
    let last = field.rsplit('.').next().unwrap_or_default();
    if !POSITIONS.contains(&last) {
        return false;
    }
    match event.op.kind {
        OpKind::Store => true,
        OpKind::Rmw => event.read != event.wrote,
        OpKind::Load => matches!(last, "commit" | "next"),
        _ => false,
    }
}

/// What the object of step `i` held before it.
fn value_before(trace: &[Event], i: usize) -> usize {
    let Event { thread, op, .. } = trace[i];
    // A load of a thread may have been of what was in its own store buffer.
    let own = |e: &Event| is_buffer(thread) && e.thread == owner(thread);
    let in_memory = |e: &&Event| e.op.kind != OpKind::Buffered && !own(e);
    let before = trace[..i].iter().rev().filter(in_memory).find(|e| e.op.obj == op.obj);
    // Words start at 0 unless something else was ever seen in them.
    before.map_or(0, |e| if e.op.kind == OpKind::Load { e.read } else { e.wrote })
}

/// Of equal looks of one thread, keeps the first.
fn hide_repetitions(trace: &[Event], shown: &mut [bool]) {
    // What each thread has seen of each object, and whether it has been changed since.
    let mut seen: BTreeMap<(u8, u32), usize> = BTreeMap::new();
    for (event, shown) in trace.iter().zip(shown) {
        let key = (event.thread, event.op.obj);
        match event.op.kind {
            OpKind::Load if *shown => {
                *shown = seen.insert(key, event.read) != Some(event.read);
            }
            OpKind::Store | OpKind::Rmw | OpKind::Buffered => {
                seen.retain(|(_, obj), _| *obj != event.op.obj)
            }
            _ => {}
        }
    }
}

/// Shows the stores that others' steps came between and reaching memory, if that is shown.
fn show_buffered(trace: &[Event], shown: &mut [bool]) {
    let mut waiting: [VecDeque<usize>; MAX_THREADS] = std::array::from_fn(|_| VecDeque::new());
    for (i, event) in trace.iter().enumerate() {
        let stores = &mut waiting[usize::from(owner(event.thread))];
        if event.op.kind == OpKind::Buffered {
            stores.push_back(i);
        } else if is_buffer(event.thread)
            && let Some(store) = stores.pop_front()
        {
            shown[store] = shown[i] && store + 1 < i;
        }
    }
}
