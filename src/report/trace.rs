// SPDX-License-Identifier: GPL-2.0-only
//! An execution's steps in words.
//!
//! Data flow: an [`Execution`] that was watched, the violation, and the pair whose order decides
//! -> [`draw`] -> [`Step`]s for [`super::Columns`], with what was left out. Accesses to plain
//! memory are no steps: only the two sides of a conflict are drawn, where they happened, and what
//! the function in which the finding was made accessed.

use super::columns::Step;
use super::relevant::{Place, relevant};
use crate::sched::op::{is_buffer, owner};
use crate::sched::{Event, OpKind};
use crate::sync::Name;
use crate::sync::seeded::{Execution, Touch};
use crate::tty_buffer::NULL;
use crate::verify::{Access, Violation};

/// What to draw.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// What broke.
    pub violation: &'a Violation,
    /// The pair whose order decides; see [`crate::verify::decisive`].
    pub decisive: Option<(usize, usize)>,
    /// Every step, not only the relevant ones.
    pub all: bool,
}

/// The steps to draw.
#[derive(Clone, Debug)]
pub struct Drawing {
    /// What is drawn: steps, and accesses to plain memory.
    pub steps: Vec<Step>,
    /// How many of them are steps.
    pub shown: usize,
    /// How many steps the execution took in its concurrent phases.
    pub of: usize,
    /// The end all that is shown belongs to, if it is one: it is left out of the words.
    pub scope: Option<&'static str>,
    /// The two marked sides in words, if there are two.
    pub sides: Option<[String; 2]>,
}

/// Which steps of the trace are drawn.
#[derive(Clone, Debug)]
pub struct Selection {
    /// For each, whether it is.
    pub shown: Vec<bool>,
    /// Those whose order decides.
    pub decides: Vec<usize>,
    /// How many had been taken when the finding was made; more than there are if it was at the end.
    pub until: usize,
}

/// The steps of `execution` to draw.
#[must_use]
pub fn select(execution: &Execution, wanted: &Wanted<'_>) -> Selection {
    let decides: Vec<usize> = wanted.decisive.iter().flat_map(|&(i, j)| [i, j]).collect();
    let until = found_after(execution, wanted.violation);
    let mut shown = relevant(execution, &decides, place(execution, until));
    for (i, (event, shown)) in execution.trace.iter().zip(&mut shown).enumerate() {
        *shown = event.phase != 0 && (wanted.all || *shown && i < until);
    }
    Selection { shown, decides, until }
}

/// Draws `execution`.
#[must_use]
pub fn draw(execution: &Execution, wanted: &Wanted<'_>) -> Drawing {
    let Selection { shown, decides: involved, until } = select(execution, wanted);
    let place = place(execution, until);
    let chosen: Vec<usize> = (0..execution.trace.len()).filter(|&i| shown[i]).collect();
    let plain = plain(execution, wanted.violation, place, until);
    let names = chosen.iter().filter_map(|&i| name(execution, &execution.trace[i]));
    let scope = common_scope(names.chain(plain.iter().map(|(t, _)| t.what.name)));
    let mut steps = Vec::new();
    let mut plain = plain.into_iter().peekable();
    for (i, event) in execution.trace.iter().enumerate() {
        while let Some((touch, involved)) = plain.next_if(|(t, _)| t.at <= i) {
            steps.push(access(&touch, scope, involved));
        }
        if chosen.binary_search(&i).is_ok() {
            steps.push(step(execution, event, scope, involved.contains(&i)));
        }
    }
    steps.extend(plain.map(|(touch, involved)| access(&touch, scope, involved)));
    let of = execution.trace.iter().filter(|e| e.phase != 0).count();
    let sides = wanted.decisive.map(|(i, j)| [i, j].map(|i| side(execution, i, scope)));
    Drawing { steps, shown: chosen.len(), of, scope, sides }
}

/// How many steps of the trace were taken when `violation` was found.
fn found_after(execution: &Execution, violation: &Violation) -> usize {
    let found = execution.found.iter().find(|f| f.violation == *violation);
    found.and_then(|f| usize::try_from(f.step).ok()).unwrap_or(usize::MAX)
}

/// Where the finding was made, if that was in a concurrent phase.
fn place(execution: &Execution, until: usize) -> Option<Place<'_>> {
    let last = execution.trace.get(until.checked_sub(1)?).filter(|e| e.phase != 0)?;
    let function = last.op.site.split('.').next()?;
    Some(Place { thread: last.thread, function })
}

/// The most accesses of the finding's function that are drawn.
const MOST_PLAIN: usize = 8;

/// The accesses to plain memory that are drawn, and whether each is a side of the conflict.
fn plain(
    execution: &Execution,
    violation: &Violation,
    place: Option<Place<'_>>,
    until: usize,
) -> Vec<(Touch, bool)> {
    let touches: Vec<&Touch> = execution.touches.iter().filter(|t| t.at <= until).collect();
    let is = |touch: &Touch, access: &Access| {
        let thread = execution.threads.get(usize::from(touch.thread));
        touch.what.site == access.site && thread == Some(&access.thread)
    };
    // A side of the conflict is the last access of its thread and place.
    let side = |access: &Access| touches.iter().rposition(|t| is(t, access));
    let sides: Vec<usize> = violation.accesses.iter().filter_map(side).collect();
    let here = |i: &usize| place.is_some_and(|p| p.has(touches[*i].thread, touches[*i].what.site));
    let near = (0..touches.len()).rev().filter(here).take(MOST_PLAIN);
    let mut drawn: Vec<usize> = sides.iter().copied().chain(near).collect();
    drawn.sort_unstable();
    drawn.dedup();
    drawn.into_iter().map(|i| (*touches[i], sides.contains(&i))).collect()
}

/// The end that all `names` belong to. Names without an end belong to any.
fn common_scope(names: impl Iterator<Item = Name>) -> Option<&'static str> {
    let mut scopes = names.map(|n| n.scope).filter(|s| !s.is_empty());
    let first = scopes.next()?;
    scopes.all(|s| s == first).then_some(first)
}

fn name(execution: &Execution, event: &Event) -> Option<Name> {
    let nothing = matches!(
        event.op.kind,
        OpKind::Fence | OpKind::CallBegin | OpKind::CallEnd | OpKind::Lookout
    );
    execution.names.get(event.op.obj as usize).copied().filter(|_| !nothing)
}

fn access(touch: &Touch, scope: Option<&str>, involved: bool) -> Step {
    let name = shown_name(touch.what.name, scope);
    let range = touch.what.range.map(|(off, n)| format!("[{off}..{}]", off + n));
    Step {
        thread: usize::from(touch.thread),
        site: touch.what.site.to_owned(),
        text: format!("{} {name}{}", touch.what.verb, range.unwrap_or_default()),
        involved,
    }
}

fn step(execution: &Execution, event: &Event, scope: Option<&str>, involved: bool) -> Step {
    Step {
        thread: usize::from(owner(event.thread)),
        site: if has_place(event) { event.op.site.to_owned() } else { String::new() },
        text: words(execution, event, scope),
        involved,
    }
}

/// Whether `event` is drawn under its function. A release is known by the place of its acquisition,
/// and a store buffer has none: both are drawn where their thread is.
#[must_use]
pub const fn has_place(event: &Event) -> bool {
    let release = releases(event) || matches!(event.op.kind, OpKind::Buffered) && event.op.arg != 0;
    !release && !is_buffer(event.thread)
}

/// Whether `event` gives a lock back.
#[must_use]
pub const fn releases(event: &Event) -> bool {
    matches!(event.op.kind, OpKind::MutexUnlock | OpKind::UpRead | OpKind::UpWrite)
}

/// `typist in tty_buffer_lock_exclusive() (buf.priority 0 -> 1)`.
fn side(execution: &Execution, at: usize, scope: Option<&str>) -> String {
    let step = step(execution, &execution.trace[at], scope, true);
    let thread = execution.threads.get(step.thread).map_or("?", String::as_str);
    match step.function() {
        "" => format!("{thread} ({})", step.text),
        function => format!("{thread} in {function}() ({})", step.text),
    }
}

fn shown_name(name: Name, scope: Option<&str>) -> String {
    let scope = if scope == Some(name.scope) { "" } else { name.scope };
    Name { scope, ..name }.to_string()
}

/// What `event` does, without the end if that is `scope`.
#[must_use]
pub fn words(execution: &Execution, event: &Event, scope: Option<&str>) -> String {
    let words = plain_words(execution, event, scope);
    match (is_buffer(event.thread), event.chosen.older, event.op.kind) {
        (true, ..) => format!("store buffer: {words} reaches memory"),
        (_, 0, _) => words,
        (_, _, OpKind::Store) => format!("{words}, behind what is newer"),
        _ => format!("{words}, not the newest"),
    }
}

fn plain_words(execution: &Execution, event: &Event, scope: Option<&str>) -> String {
    let name = execution.names.get(event.op.obj as usize);
    let value = |n: usize| name.map_or_else(|| n.to_string(), |name| value(*name, n));
    let name = name.map(|name| shown_name(*name, scope)).unwrap_or_default();
    let word = event.op.kind.word();
    match event.op.kind {
        OpKind::Load => format!("{name} -> {}", value(event.read)),
        OpKind::Store => format!("{name} = {}", value(event.wrote)),
        OpKind::Buffered if event.op.arg != 0 => format!("unlock {name}, into the store buffer"),
        OpKind::Buffered => format!("{name} = {}, into the store buffer", value(event.wrote)),
        OpKind::Rmw => format!("{name} {} -> {}", value(event.read), value(event.wrote)),
        OpKind::Fence => "memory barrier".to_owned(),
        OpKind::CallBegin | OpKind::CallEnd => format!("the call {word}"),
        _ if event.ok => format!("{word} {name}"),
        _ => format!("{word} {name}: fails"),
    }
}

/// `n` as what is in `name`: a pointer to a buffer, or a number.
fn value(name: Name, n: usize) -> String {
    match name.field {
        "sentinel.next" | "tty_buffer.next" | "buf.free" => pointer(n),
        _ => n.to_string(),
    }
}

/// What a pointer to the buffer with that number is called.
#[must_use]
pub fn pointer(number: usize) -> String {
    match number {
        NULL => "NULL".to_owned(),
        1 => "sentinel".to_owned(),
        n => format!("tty_buffer#{}", n - 1),
    }
}
