// SPDX-License-Identifier: GPL-2.0-only
//! Who holds which lock from when to when.

use super::super::trace::releases;
use crate::sched::op::owner;
use crate::sched::{Event, OpKind};
use crate::sync::seeded::Execution;
use serde::Serialize;

/// A lock held by a thread, from one of its steps to another (exclusive), counted in the steps of
/// the concurrent phases.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Held {
    name: String,
    thread: usize,
    shared: bool,
    from: usize,
    to: usize,
}

/// What is held during the steps `taken` of the trace. A lock that is never released is held to the
/// end.
pub(super) fn held(
    execution: &Execution,
    taken: &[usize],
    lane: &dyn Fn(usize) -> usize,
) -> Vec<Held> {
    let mut all = Vec::new();
    // The open ones: thread, object, and where in `all`.
    let mut open: Vec<(u8, u32, usize)> = Vec::new();
    for (at, &i) in taken.iter().enumerate() {
        let event = &execution.trace[i];
        let key = (owner(event.thread), event.op.obj);
        if let Some(shared) = acquires(event) {
            let name = execution.names.get(event.op.obj as usize).map(ToString::to_string);
            open.push((key.0, key.1, all.len()));
            all.push(Held {
                name: name.unwrap_or_default(),
                thread: lane(usize::from(key.0)),
                shared,
                from: at,
                to: taken.len(),
            });
        } else if releases(event)
            && let Some(k) = open.iter().rposition(|o| (o.0, o.1) == key)
        {
            let (_, _, which) = open.remove(k);
            if let Some(held) = all.get_mut(which) {
                held.to = at;
            }
        }
    }
    all
}

/// Whether `event` takes a lock, and if so, shared.
const fn acquires(event: &Event) -> Option<bool> {
    match event.op.kind {
        _ if !event.ok => None,
        OpKind::MutexLock
        | OpKind::MutexTryLock
        | OpKind::DownWrite
        | OpKind::TryDownWrite
        | OpKind::WriterGranted => Some(false),
        OpKind::DownRead | OpKind::TryDownRead => Some(true),
        _ => None,
    }
}
