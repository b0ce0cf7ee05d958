// SPDX-License-Identifier: GPL-2.0-only
//! From verdicts to one table: what all scenarios together say about each design.
//!
//! Data flow: [`Verdict`]s of one or more commands -> [`merge`] (one a question) -> [`table`].
//! Invariant: whatever is put together never says more than its weakest part. One violation
//! breaks a property; without one, a single spent budget leaves it open; and `holds (all)` needs
//! every scenario explored completely.

use super::json::{Status, Verdict};
use super::table::{Cell, Row, Table};
use crate::error::{Exit, visible};
use crate::verify::Property;
use std::collections::BTreeMap;

/// The policy that explores everything, by its name in records.
const EXHAUSTIVE: &str = "exhaustive";

/// That of sequential scripts, which have one schedule.
const SCRIPTS: &str = "scripts";

/// What a verdict is about: design, scenario, property, runtime, memory model, policy.
fn question(v: &Verdict) -> [&str; 6] {
    [&v.design, &v.scenario, &v.property, &v.runtime, &v.memory, &v.policy].map(String::as_str)
}

/// One verdict a question, in order of first appearance: executions and seconds are summed.
#[must_use]
pub fn merge(verdicts: &[Verdict]) -> Vec<Verdict> {
    let mut merged: Vec<Verdict> = Vec::new();
    let mut seen: BTreeMap<[&str; 6], usize> = BTreeMap::new();
    for verdict in verdicts {
        let next = merged.len();
        let at = *seen.entry(question(verdict)).or_insert(next);
        match merged.get_mut(at) {
            None => merged.push(verdict.clone()),
            Some(all) => {
                all.status = all.status.max(verdict.status);
                all.exhaustive &= verdict.exhaustive;
                all.executions = all.executions.saturating_add(verdict.executions);
                all.seconds = super::json::seconds(all.seconds + verdict.seconds);
                // Of the union only this much is certain.
                all.distinct = all.distinct.max(verdict.distinct);
                if all.finding.is_none() {
                    all.finding.clone_from(&verdict.finding);
                    all.counterexample.clone_from(&verdict.counterexample);
                    all.minimised = verdict.minimised;
                }
            }
        }
    }
    merged
}

/// The worst of all statuses; `None` if there is no verdict.
#[must_use]
pub fn worst(verdicts: &[Verdict]) -> Option<Status> {
    verdicts.iter().map(|v| v.status).max()
}

/// How a command that gave these verdicts ends.
#[must_use]
pub fn exit(verdicts: &[Verdict]) -> Exit {
    match worst(verdicts) {
        Some(Status::Violated) => Exit::Found,
        Some(Status::Exhausted) => Exit::Exhausted,
        Some(Status::Holds) | None => Exit::Clean,
    }
}

/// The table of `verdicts`: a row a design in order of first appearance, a column a property. Where
/// there are verdicts under several memory models, each has a row of its own.
#[must_use]
pub fn table(verdicts: &[Verdict]) -> Table {
    let several = verdicts.iter().any(|v| v.memory != verdicts[0].memory);
    let row = |v: &Verdict| match several {
        true => format!("{}, {}", visible(&v.design), visible(&v.memory)),
        false => visible(&v.design),
    };
    let mut properties: Vec<&str> = verdicts.iter().map(|v| v.property.as_str()).collect();
    properties.sort_unstable();
    properties.dedup();
    let mut rows: Vec<(String, Vec<&Verdict>)> = Vec::new();
    for verdict in verdicts {
        let name = row(verdict);
        match rows.iter_mut().find(|(of, _)| *of == name) {
            Some((_, all)) => all.push(verdict),
            None => rows.push((name, vec![verdict])),
        }
    }
    Table {
        columns: properties.iter().map(|p| head(p)).collect(),
        rows: rows
            .into_iter()
            .map(|(design, all)| Row {
                design,
                cells: properties.iter().map(|p| cell(&about(&all, p))).collect(),
                notes: notes(&all, &properties),
            })
            .collect(),
    }
}

/// `C1 cut`.
fn head(property: &str) -> String {
    match Property::from_id(property) {
        Some(p) => format!("{} {}", p.id(), p.word()),
        None => visible(property),
    }
}

fn about<'a>(all: &[&'a Verdict], property: &str) -> Vec<&'a Verdict> {
    all.iter().copied().filter(|v| v.property == property).collect()
}

fn cell(verdicts: &[&Verdict]) -> Cell {
    let has = |status| verdicts.iter().any(|v| v.status == status);
    let (explored, sampled): (Vec<&Verdict>, _) = verdicts.iter().partition(|v| v.exhaustive);
    // What was explored and is not exhaustive (a data race, a path cut short) proves nothing.
    let weakened = sampled.iter().any(|v| v.policy == EXHAUSTIVE);
    let (scripts, drawn): (Vec<&Verdict>, _) = sampled.iter().partition(|v| v.policy == SCRIPTS);
    // Schedules are counted; where there are none, scripts.
    let counted: Vec<&Verdict> = if drawn.is_empty() { scripts } else { drawn };
    let schedules = counted.iter().fold(0, |sum: u64, v| sum.saturating_add(v.executions));
    match verdicts {
        [] => Cell::NotJudged,
        _ if has(Status::Violated) => Cell::Violated,
        _ if has(Status::Exhausted) => Cell::Exhausted,
        _ if sampled.is_empty() => Cell::HoldsAll,
        _ if explored.is_empty() || weakened => Cell::Holds(schedules),
        _ => Cell::HoldsAllAnd(schedules),
    }
}

/// Where each property that does not simply hold was broken or left open.
fn notes(all: &[&Verdict], properties: &[&str]) -> String {
    let mut notes = Vec::new();
    for property in properties {
        let about = about(all, property);
        let words = [(Status::Violated, "violated"), (Status::Exhausted, "no verdict")];
        for (status, word) in words {
            let on = scenarios(about.iter().filter(|v| v.status == status));
            if !on.is_empty() {
                notes.push(format!("{} {word} on {}", visible(property), on.join(", ")));
            }
        }
    }
    notes.join("; ")
}

fn scenarios<'a>(verdicts: impl Iterator<Item = &'a &'a Verdict>) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for name in verdicts.map(|v| visible(&v.scenario)) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::json::{Finding, Version};

    fn verdict(design: &str, scenario: &str, property: &str, status: Status, all: bool) -> Verdict {
        Verdict {
            v: Version,
            design: design.to_owned(),
            scenario: scenario.to_owned(),
            property: property.to_owned(),
            status,
            exhaustive: all,
            runtime: "seeded".to_owned(),
            memory: "sc".to_owned(),
            policy: "random".to_owned(),
            executions: 10,
            seconds: 0.1,
            distinct: None,
            finding: None,
            counterexample: None,
            minimised: None,
        }
    }

    #[test]
    fn a_cell_says_no_more_than_its_weakest_scenario() {
        use Status::{Exhausted, Holds, Violated};
        let cells = [
            (vec![], Cell::NotJudged),
            (vec![(Holds, true), (Holds, true)], Cell::HoldsAll),
            (vec![(Holds, true), (Holds, false)], Cell::HoldsAllAnd(10)),
            (vec![(Holds, false)], Cell::Holds(10)),
            (vec![(Holds, true), (Exhausted, false)], Cell::Exhausted),
            (vec![(Exhausted, false), (Violated, false), (Holds, true)], Cell::Violated),
        ];
        for (parts, expected) in cells {
            let all: Vec<Verdict> =
                parts.iter().map(|(s, all)| verdict("a", "x", "C1", *s, *all)).collect();
            assert_eq!(cell(&all.iter().collect::<Vec<_>>()), expected);
        }
    }

    #[test]
    fn the_same_question_is_answered_once() {
        let first = verdict("a", "x", "C1", Status::Holds, true);
        let mut second = verdict("a", "x", "C1", Status::Violated, false);
        second.counterexample = Some("f".to_owned());
        second.finding = Some(Finding {
            code: "stall".to_owned(),
            sentence: String::new(),
            steps: 1,
            switches: 0,
        });
        let other = verdict("b", "x", "C1", Status::Exhausted, false);
        let all = merge(&[first, other, second]);
        assert_eq!(all.len(), 2);
        assert_eq!((all[0].status, all[0].exhaustive), (Status::Violated, false));
        assert_eq!((all[0].executions, all[0].counterexample.as_deref()), (20, Some("f")));
        assert_eq!(worst(&all), Some(Status::Violated));
        assert_eq!(worst(&[]), None);
    }

    #[test]
    fn a_table_names_the_scenarios_that_decided() {
        let all = [
            verdict("b", "x", "C3", Status::Violated, true),
            verdict("b", "y", "C3", Status::Violated, true),
            verdict("b", "x", "C1", Status::Holds, true),
            verdict("a", "x", "C1", Status::Exhausted, false),
        ];
        let table = table(&all);
        assert_eq!(table.columns, ["C1 cut", "C3 live"]);
        let rows: Vec<_> =
            table.rows.iter().map(|r| (r.design.as_str(), r.notes.as_str())).collect();
        assert_eq!(rows, [("b", "C3 violated on x, y"), ("a", "C1 no verdict on x")]);
        assert_eq!(table.rows[1].cells, [Cell::Exhausted, Cell::NotJudged]);
    }

    #[test]
    fn a_memory_model_has_a_row_of_its_own() {
        let sc = verdict("b", "x", "C3", Status::Holds, true);
        let tso = Verdict { memory: "tso".to_owned(), status: Status::Violated, ..sc.clone() };
        let table = table(&[sc, tso]);
        let rows: Vec<_> = table.rows.iter().map(|r| (r.design.as_str(), r.cells[0])).collect();
        assert_eq!(rows, [("b, sc", Cell::HoldsAll), ("b, tso", Cell::Violated)]);
    }
}
