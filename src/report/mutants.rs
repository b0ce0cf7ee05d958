// SPDX-License-Identifier: GPL-2.0-only
//! The table of mutants, for the terminal and as Markdown.

use crate::mutants::{Fate, Report};
use std::fmt::Write as _;

/// How many there are of each fate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Counts {
    killed: usize,
    ordered: usize,
    argued: usize,
    survived: usize,
    executions: u64,
}

impl Counts {
    fn of(reports: &[&Report]) -> Self {
        let mut counts = Self::default();
        for report in reports {
            counts.executions += report.executions;
            match &report.fate {
                Fate::Killed { .. } => counts.killed += 1,
                Fate::Equivalent { computed: true, .. } => counts.ordered += 1,
                Fate::Equivalent { computed: false, .. } => counts.argued += 1,
                Fate::Survived => counts.survived += 1,
            }
        }
        counts
    }

    fn sentence(&self, seconds: f64) -> String {
        let Self { killed, ordered, argued, survived, executions } = self;
        let all = killed + ordered + argued + survived;
        format!(
            "{all} mutants: {killed} killed, {ordered} equivalent by computation, {argued} by \
             argument, {survived} survived; {executions} executions in {seconds:.0} s.\n"
        )
    }
}

/// Status, by whom, and how or why.
fn words(fate: &Fate) -> (&'static str, &str, &str) {
    match fate {
        Fate::Killed { by, how } => ("killed", by, how),
        Fate::Equivalent { why, computed: true } => ("equivalent", "computed", why),
        Fate::Equivalent { why, computed: false } => ("equivalent", "argued", why),
        Fate::Survived => ("SURVIVED", "", ""),
    }
}

/// The table in plain text: one mutant a line.
#[must_use]
pub fn text(reports: &[&Report], seconds: f64) -> String {
    let width = reports.iter().map(|r| r.mutant.to_string().len()).max().unwrap_or(0);
    let mut text = String::new();
    for report in reports {
        let (status, by, how) = words(&report.fate);
        let name = report.mutant.to_string();
        let line = format!("{name:width$}  {status:10}  {by}  {:.100}", one_line(how));
        text += line.trim_end();
        text.push('\n');
    }
    text + "\n" + &Counts::of(reports).sentence(seconds)
}

const HEAD: &str = "\
<!-- SPDX-License-Identifier: GPL-2.0-only -->
# Mutants: what notices each synchronisation operation

Written by `ttysim mutants --table docs/mutants.md`. `relax`: the operation
orders nothing. `drop`: it is not made (a lock: nor its unlock). `share`: a lock is taken shared. `zero`: a load answers
0. `split`: a read-modify-write becomes a load and a store. `later`: a store comes after the thread's next step. `swap`:
a load and the next one are made the other way round.

Killed: by the trial named, a scenario of `scenarios/` explored completely (under sequential consistency unless it says
`tso` or `ra`), or conversations with one right answer; how: the property broken, or an outcome that the unmutated
model does not have. Equivalent, computed: in no execution does an access at the site (or at its neighbour, where
the two are exchanged) conflict with another one that nothing else orders with it, so neither its ordering nor its
place among its neighbours can matter. Equivalent, argued: the reason is in `src/mutants/reasons.rs`. The ordering
of a lock goes with the lock, that of a wakeup with the lock of the wait queue. SURVIVED: nothing noticed it, and
nothing explains that yet.

";

/// The table as Markdown, arguments below it.
#[must_use]
pub fn markdown(reports: &[&Report], seconds: f64) -> String {
    let mut text = HEAD.to_owned() + &Counts::of(reports).sentence(seconds);
    text += "\n| site | mutation | status | by | how | executions |\n|---|---|---|---|---|---|\n";
    for report in reports {
        let (status, by, how) = words(&report.fate);
        let (site, mutation) = (&report.mutant.site, report.mutant.mutation.name());
        let how = one_line(how).replace('|', "\\|");
        // The computed sentence is the same for all.
        let how = if by == "computed" { "ordered otherwise" } else { how.as_str() };
        let executions = report.executions;
        let _ = writeln!(
            text,
            "| `{site}` | {mutation} | {status} | {by} | {how:.160} | {executions} |"
        );
    }
    text
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
