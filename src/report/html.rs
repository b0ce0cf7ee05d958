// SPDX-License-Identifier: GPL-2.0-only
//! A counterexample as one HTML file to step through: lanes, locks, the flip chain and the circular
//! read buffer after each step.
//!
//! Data flow: an execution, its film and its drawing -> plain data ([`Page`]) -> JSON inside the
//! template in `html/`, which draws itself. The file loads nothing, and forbids itself to
//! (Content-Security-Policy). What is what is said by patterns and words, not by colours.
//!
//! Invariant: nothing of the input reaches the markup but as text: the title is escaped, and JSON
//! holds no `<`.

mod locks;

use super::trace::{has_place, pointer, words};
use crate::run::{EndFrame, Film};
use crate::sched::Event;
use crate::sched::op::owner;
use crate::sync::seeded::Execution;
use serde::Serialize;

const PAGE: &str = include_str!("html/page.html");
const STYLE: &str = include_str!("html/style.css");
const SCRIPT: &str = include_str!("html/script.js");

/// What the page is made of.
#[derive(Clone, Copy, Debug)]
pub struct Timeline<'a> {
    /// Its title.
    pub title: &'a str,
    /// The execution.
    pub execution: &'a Execution,
    /// What it looked like.
    pub film: &'a Film,
    /// Which steps of the trace matter.
    pub shown: &'a [bool],
    /// The steps of the trace whose order decides.
    pub decides: &'a [usize],
    /// How many steps of the trace were taken when the property broke.
    pub found: Option<usize>,
    /// What broke, in one sentence.
    pub sentence: &'a str,
    /// What else there is to say.
    pub notes: &'a [String],
    /// The counterexample as it is saved.
    pub saved: &'a str,
}

/// What the script reads.
#[derive(Serialize)]
struct Page<'a> {
    threads: Vec<&'a str>,
    steps: Vec<Step>,
    locks: Vec<locks::Held>,
    frames: Vec<Vec<End>>,
    broken: Option<usize>,
    start: usize,
    sentence: &'a str,
    notes: &'a [String],
    saved: &'a str,
}

#[derive(Serialize)]
struct Step {
    thread: usize,
    function: String,
    text: String,
    shown: bool,
    decides: bool,
    frame: usize,
}

#[derive(PartialEq, Eq, Serialize)]
struct End {
    name: &'static str,
    pending: bool,
    priority: usize,
    tail: usize,
    chain: Vec<Buffer>,
    ldisc: Ldisc,
}

#[derive(PartialEq, Eq, Serialize)]
struct Buffer {
    number: usize,
    name: String,
    size: usize,
    used: usize,
    commit: usize,
    read: usize,
    chars: String,
}

#[derive(PartialEq, Eq, Serialize)]
struct Ldisc {
    size: usize,
    read_head: usize,
    commit_head: usize,
    canon_head: usize,
    read_tail: usize,
    icanon: bool,
    no_room: bool,
    bytes: Vec<String>,
}

/// The page.
#[must_use]
pub fn page(timeline: &Timeline<'_>) -> String {
    let data = serde_json::to_string(&data(timeline)).unwrap_or_default().replace('<', "\\u003c");
    let fields = [
        ("@TITLE@", escaped(timeline.title)),
        ("@STYLE@", STYLE.to_owned()),
        ("@SCRIPT@", SCRIPT.to_owned()),
        // Last: nothing is looked for in it.
        ("@DATA@", data),
    ];
    fields.iter().fold(PAGE.to_owned(), |page, (field, value)| page.replace(field, value))
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn data<'a>(timeline: &Timeline<'a>) -> Page<'a> {
    let execution = timeline.execution;
    // The threads that take a step, in order of their slots.
    let trace = &execution.trace;
    let taken: Vec<usize> = (0..trace.len()).filter(|&i| trace[i].phase != 0).collect();
    let mut slots: Vec<usize> =
        taken.iter().map(|&i| usize::from(owner(trace[i].thread))).collect();
    slots.sort_unstable();
    slots.dedup();
    let lane = |slot: usize| slots.binary_search(&slot).unwrap_or_default();
    let mut frames: Vec<Vec<End>> = Vec::new();
    let mut steps = Vec::new();
    for &i in &taken {
        let frame = timeline.film.after(i + 1).map(|f| f.ends.iter().filter_map(end).collect());
        let frame: Vec<End> = frame.unwrap_or_default();
        if frames.last() != Some(&frame) {
            frames.push(frame);
        }
        let event = &trace[i];
        steps.push(Step {
            thread: lane(usize::from(owner(event.thread))),
            function: function(event),
            text: words(execution, event, None),
            shown: timeline.shown.get(i).copied().unwrap_or_default(),
            decides: timeline.decides.contains(&i),
            frame: frames.len().saturating_sub(1),
        });
    }
    let broken = timeline.found.and_then(|found| taken.iter().rposition(|&i| i < found));
    Page {
        threads: slots
            .iter()
            .filter_map(|&s| execution.threads.get(s))
            .map(String::as_str)
            .collect(),
        locks: locks::held(execution, &taken, &lane),
        start: steps.iter().position(|s| s.shown).unwrap_or_default(),
        steps,
        frames,
        broken,
        sentence: timeline.sentence,
        notes: timeline.notes,
        saved: timeline.saved,
    }
}

/// The kernel's function; nothing for what is drawn where its thread is.
fn function(event: &Event) -> String {
    if !has_place(event) {
        return String::new();
    }
    event.op.site.split('.').next().unwrap_or_default().to_owned()
}

/// An end; nothing if it never had a thing to show.
fn end(frame: &EndFrame) -> Option<End> {
    let (chain, ldisc) = (&frame.chain, &frame.ldisc);
    let idle = chain.buffers.len() <= 1 && ldisc.read_head == 0 && chain.priority == 0;
    if idle && frame.name != "slave" {
        return None;
    }
    let buffers = chain.buffers.iter().map(|b| Buffer {
        number: b.number,
        name: pointer(b.number),
        size: b.size,
        used: b.used,
        commit: b.commit,
        read: b.read,
        chars: b.chars.get(b.read..).unwrap_or_default().escape_ascii().to_string(),
    });
    Some(End {
        name: frame.name,
        pending: chain.pending,
        priority: chain.priority,
        tail: chain.tail,
        chain: buffers.collect(),
        ldisc: Ldisc {
            size: ldisc.size,
            read_head: ldisc.read_head,
            commit_head: ldisc.commit_head,
            canon_head: ldisc.canon_head,
            read_tail: ldisc.read_tail,
            icanon: ldisc.icanon,
            no_room: ldisc.no_room,
            bytes: ldisc.bytes.iter().map(|b| b.escape_ascii().to_string()).collect(),
        },
    })
}
