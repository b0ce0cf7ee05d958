// SPDX-License-Identifier: GPL-2.0-only
//! The table of mutants, for the terminal and as Markdown.

use crate::mutants::{Fate, Proof, Report};
use std::fmt::Write as _;

/// How many there are of each fate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Counts {
    killed: usize,
    ordered: usize,
    relaxed: usize,
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
                Fate::Equivalent { proof: Proof::Ordered, .. } => counts.ordered += 1,
                Fate::Equivalent { proof: Proof::Relaxed, .. } => counts.relaxed += 1,
                Fate::Equivalent { proof: Proof::Argued, .. } => counts.argued += 1,
                Fate::Survived => counts.survived += 1,
            }
        }
        counts
    }

    fn sentence(&self) -> String {
        let Self { killed, ordered, relaxed, argued, survived, executions } = self;
        let all = killed + ordered + relaxed + argued + survived;
        format!(
            "{all} mutants: {killed} killed; equivalent: {ordered} ordered, {relaxed} relaxed, \
             {argued} argued; {survived} survived. {executions} executions"
        )
    }
}

/// Status, by whom, and how or why.
fn words(fate: &Fate) -> (&'static str, &str, &str) {
    match fate {
        Fate::Killed { by, how } => ("killed", by, how),
        Fate::Equivalent { proof, why } => ("equivalent", proof.name(), why),
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
    text + &format!("\n{} in {seconds:.0} s.\n", Counts::of(reports).sentence())
}

const HEAD: &str = "\
<!-- SPDX-License-Identifier: GPL-2.0-only -->
# Mutants: what notices each synchronisation operation

Written by `ttysim mutants --table docs/mutants.md`; `cargo test --release --test mutants` checks that it is complete,
and computes a sample of it again. `relax`: the operation orders nothing. `drop`: it is not made (a lock: nor its
unlock). `share`: a lock is taken shared. `zero`: a load answers 0. `split`: a read-modify-write becomes a load and a
store. `later`: a store comes after the thread's next step. `swap`: a load and the next one are made the other way
round. The ordering of a lock goes with the lock, that of a wakeup with the lock of the wait queue.

- **killed**: by the trial named, a scenario of `scenarios/` explored completely (under sequential consistency unless it
  says `tso` or `ra`), or scripts with one right answer; how: the property broken, or an outcome (what each
  call returned, by line) that the unmutated model does not have.
- **equivalent, ordered**, computed: in no execution does an access at the site (or at its neighbour, where the two are
  exchanged) conflict with another one that nothing else orders with it, so neither its ordering nor its place
  among its neighbours can matter.
- **equivalent, relaxed**, computed: the two accesses have no order in memory `ra` (RC11), so the mutant does nothing that
  the unmutated model does not do there; and that breaks nothing. The argument is in
  `src/mutants/equivalent.rs`. In the kernel these are plain or `READ_ONCE` accesses without a barrier between.
- **equivalent, argued**: for the reason given, from `src/mutants/reasons.rs`; every trial was run all the same.
- **SURVIVED**: nothing noticed it, and nothing explains that yet.

";

/// How much of what killed a mutant is in the table.
const KILLED: usize = 100;

/// The table as Markdown.
#[must_use]
pub fn markdown(reports: &[&Report]) -> String {
    let mut text = format!("{HEAD}{}.\n", Counts::of(reports).sentence());
    text += "\n| site | mutation | status | by | how | executions |\n|---|---|---|---|---|---|\n";
    for report in reports {
        let (status, by, how) = words(&report.fate);
        let (site, mutation) = (&report.mutant.site, report.mutant.mutation.name());
        let most = if status == "killed" { KILLED } else { usize::MAX };
        let how: String = one_line(how).replace('|', "\\|").chars().take(most).collect();
        let executions = report.executions;
        let _ =
            writeln!(text, "| `{site}` | {mutation} | {status} | {by} | {how} | {executions} |");
    }
    text
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
