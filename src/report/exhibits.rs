// SPDX-License-Identifier: GPL-2.0-only
//! The museum's table: a row an exhibit.
//!
//! Data flow: visits in, aligned text or KTAP out. A row says what was found and in how many
//! executions, and what the fixed code showed with the same budget; never that it is clean beyond
//! what was explored.

use super::ktap::{Outcome, Test, document};
use super::wrap::pad;
use crate::museum::Tier;
use crate::museum::fixes::Fix;
use crate::museum::visit::{Seen, Visit};

/// The columns' heads.
const HEAD: [&str; 7] = ["", "cured by", "found", "by", "executions", "smallest", "fixed code"];

/// The table of `visits`, a part a room.
#[must_use]
pub fn table(visits: &[Visit]) -> String {
    let rooms = [
        (Tier::Pipeline, "The pipeline"),
        (Tier::Lifetime, "Lifetime of the line discipline, hangup, flow control"),
        (Tier::Semantics, "What the line discipline makes of its input"),
        (Tier::Weakness, "Weaknesses of today's code"),
    ];
    let rows: Vec<[String; 7]> = visits.iter().map(row).collect();
    let width = |column: usize| {
        let cells = rows.iter().map(|r| r[column].chars().count());
        cells.chain([HEAD[column].len()]).max().unwrap_or_default()
    };
    let widths: [usize; 7] = std::array::from_fn(width);
    let line = |cells: &[String; 7]| {
        let cells = cells.iter().zip(widths).map(|(cell, width)| pad(cell, width));
        format!("{}\n", cells.collect::<Vec<_>>().join("  ").trim_end())
    };
    let mut out = String::new();
    for (tier, name) in rooms {
        let mut here = visits.iter().zip(&rows).filter(|(v, _)| v.exhibit.tier == tier).peekable();
        if here.peek().is_none() {
            continue;
        }
        out += &format!("{}{name}\n", if out.is_empty() { "" } else { "\n" });
        out += &line(&HEAD.map(str::to_owned));
        here.for_each(|(_, row)| out += &line(row));
    }
    out
}

fn row(visit: &Visit) -> [String; 7] {
    let exhibit = visit.exhibit;
    let (found, smallest) = match &visit.found {
        Some(small) => {
            let size = format!("{} / {}", small.preemptions, small.counterexample.schedule.len());
            (format!("{} {}", exhibit.property, exhibit.code), size)
        }
        None if visit.broken.complete => ("nothing".to_owned(), String::new()),
        None => ("no verdict".to_owned(), String::new()),
    };
    let cured = exhibit.commit.split(',').next().unwrap_or_default();
    let cured = if cured.is_empty() { "-" } else { cured };
    let fixed = visit.fixed.as_ref().map_or_else(|| "-".to_owned(), clean);
    let executions = visit.broken.executions.to_string();
    let loom = match visit.loom {
        Some(loom) if loom.found => format!(", loom {}", loom.executions),
        _ => String::new(),
    };
    let by = format!("{}{loom}", visit.plan.memory.name());
    [exhibit.id.to_owned(), cured.to_owned(), found, by, executions, smallest, fixed]
}

/// `clean (all 198)`, `clean (200000)`.
fn clean(seen: &Seen) -> String {
    match (seen.findings.first(), seen.complete) {
        (Some(finding), _) => format!("NOT CLEAN: {}", first_words(finding)),
        (None, true) => format!("clean (all {})", seen.executions),
        (None, false) => format!("clean ({})", seen.executions),
    }
}

fn first_words(finding: &str) -> &str {
    finding.split(':').next().unwrap_or(finding)
}

/// What one exhibit says, in full.
#[must_use]
pub fn card(visit: &Visit) -> String {
    let e = visit.exhibit;
    let mut text = format!("{}: {}\n", e.id, e.title);
    let year = if e.year == 0 { String::new() } else { format!(" ({})", e.year) };
    if !e.commit.is_empty() {
        text += &format!("cured by {}{year}, known from: {}\n", e.commit, e.source.word());
    }
    text += &super::wrap::wrap(e.wrong, super::WIDTH).join("\n");
    text.push('\n');
    if !e.reverts.is_empty() {
        let what = if e.tier == Tier::Weakness { "" } else { "here: " };
        text += &format!("{what}{}\n", e.reverts);
    }
    text += &format!(
        "takes {}, {}, {}\n",
        e.needs.words(),
        plural(e.threads.into(), "thread"),
        plural(e.buffers.into(), "flip buffer")
    );
    text += &match &visit.found {
        Some(small) => {
            let executions = visit.broken.executions;
            let preemptions = small.preemptions as u64;
            let steps = small.counterexample.schedule.len() as u64;
            let sentence = small.counterexample.violation.to_string();
            let sentence = super::wrap::wrap(&sentence, super::WIDTH).join("\n");
            let (run, switches) =
                (plural(executions, "execution"), plural(preemptions, "preemption"));
            format!(
                "found in {run}; the smallest has {switches} and {}:\n{sentence}\n",
                plural(steps, "step")
            )
        }
        None if visit.broken.complete => {
            format!("refuted: nothing in all {} executions\n", visit.broken.executions)
        }
        None => format!("no verdict after {} executions\n", visit.broken.executions),
    };
    if let Some(loom) = &visit.loom {
        let what = if loom.found { "finds it too" } else { "does not find it" };
        text += &format!("loom {what}: {} executions\n", loom.executions);
    }
    if let Some(fixed) = &visit.fixed {
        text += &format!("the fixed code: {}\n", clean(fixed));
    }
    text
}

/// `1 step`, `2 steps`.
fn plural(n: u64, what: &str) -> String {
    format!("{n} {what}{}", if n == 1 { "" } else { "s" })
}

/// The visits in KTAP: of an exhibit it is tested that it is found and that its fix is clean; of a
/// weakness, that the code of today has it not.
#[must_use]
pub fn ktap(visits: &[Visit]) -> String {
    document(&visits.iter().map(test).collect::<Vec<_>>())
}

fn test(visit: &Visit) -> Test {
    let weakness = visit.exhibit.tier == Tier::Weakness;
    let undecided = visit.found.is_none() && !visit.broken.complete;
    let outcome = match (undecided, visit.found.is_some() != weakness) {
        (true, _) => Outcome::Skip("no verdict: the budget ended first".to_owned()),
        (false, true) => Outcome::Ok,
        (false, false) => Outcome::NotOk,
    };
    let word = if weakness { "today's code is free of it" } else { "found" };
    let mut tests = vec![Test::one(word, outcome)];
    if let Some(fixed) = &visit.fixed {
        let outcome = if visit.clean() { Outcome::Ok } else { Outcome::NotOk };
        tests.push(Test::one("fixed code is clean", outcome).note(&clean(fixed)));
    }
    Test::group(&format!("{} {}", visit.exhibit.id, visit.exhibit.title), tests)
        .note(card(visit).trim_end())
}

/// The candidate fixes of W1, a row each.
#[must_use]
pub fn fixes(judged: &[Fix]) -> String {
    let mut text =
        "fix         W1's script      real-sti: stalled  steps  runs of the work  idle\n"
            .to_owned();
    for fix in judged {
        let own = if fix.stalls { "stalls" } else { "clean" };
        let own = format!("{own} ({}{})", if fix.complete { "all " } else { "" }, fix.executions);
        let mean = |n: u64| n as f64 / fix.schedules.max(1) as f64;
        text += &format!(
            "{:10}  {own:15}  {:>9} of {:5}  {:5.0}  {:16.2}  {:.2}\n",
            fix.variant.name(),
            fix.stalled,
            fix.schedules,
            mean(fix.steps),
            mean(fix.runs),
            mean(fix.idle),
        );
    }
    text + "\nsteps, runs, idle: a schedule of real-sti, on average; idle runs moved nothing.\n"
}

/// The same in KTAP: a fix must close it.
#[must_use]
pub fn fixes_ktap(judged: &[Fix]) -> String {
    let test = |fix: &Fix| {
        let outcome = if fix.stalls || fix.stalled > 0 { Outcome::NotOk } else { Outcome::Ok };
        let name = format!("W1 is closed by {}", fix.variant.name());
        Test::one(&name, outcome).note(&format!("{} idle runs of {}", fix.idle, fix.runs))
    };
    document(&judged.iter().map(test).collect::<Vec<_>>())
}
