// SPDX-License-Identifier: GPL-2.0-only
//! An execution's steps in words.

use super::columns::Step;
use crate::sched::{Event, OpKind};
use crate::sync::seeded::Execution;

/// The steps of `execution`'s concurrent phases.
#[must_use]
pub fn steps(execution: &Execution) -> Vec<Step> {
    execution.trace.iter().filter(|e| e.phase != 0).map(|e| step(execution, e)).collect()
}

fn step(execution: &Execution, event: &Event) -> Step {
    Step {
        thread: usize::from(event.thread),
        site: event.op.site.to_owned(),
        text: words(execution, event),
        involved: false,
    }
}

fn words(execution: &Execution, event: &Event) -> String {
    let name = execution.names.get(event.op.obj as usize);
    let name = name.map(ToString::to_string).unwrap_or_default();
    let word = event.op.kind.word();
    match event.op.kind {
        OpKind::Load => format!("{name} -> {}", event.read),
        OpKind::Store => format!("{name} = {}", event.wrote),
        OpKind::Rmw => format!("{name} {} -> {}", event.read, event.wrote),
        OpKind::Fence => "memory barrier".to_owned(),
        OpKind::CallBegin | OpKind::CallEnd => format!("the call {word}"),
        _ if event.ok => format!("{word} {name}"),
        _ => format!("{word} {name}: fails"),
    }
}
