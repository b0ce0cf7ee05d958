// SPDX-License-Identifier: GPL-2.0-only
//! What each design breaks on the tiny scenarios, explored exhaustively.

use std::collections::BTreeSet;
use ttysim::checkpoint::{DESIGNS, Design, design};
use ttysim::sync::seeded::Memory;
use ttysim::verify::Property::{self, C1, C3, C4};
use ttysim::verify::check::{Effort, Status, Unit, UnitReport, units};
use ttysim::verify::judge::Strategy;

pub(crate) const EFFORT: Effort = Effort {
    strategy: Some(Strategy::Exhaustive),
    executions: 3_000_000,
    schedules: 0,
    seed: 1,
    memory: Memory::Sc,
};

pub(crate) fn reports(design: Option<&'static dyn Design>) -> Vec<UnitReport<'static>> {
    let judge = |unit: &Unit<'static>| unit.run(20_000, &mut |_| true).expect("the scenario runs");
    units(design, &EFFORT).iter().map(judge).collect()
}

pub(crate) fn broken(reports: &[UnitReport]) -> BTreeSet<Property> {
    let verdicts = reports.iter().flat_map(|r| &r.verdicts);
    verdicts.filter(|v| v.status == Status::Violated).map(|v| v.property).collect()
}

fn breaks(name: &str, expected: &[Property]) {
    let design = design(name).expect("a built-in design");
    let reports = reports(Some(design));
    for report in &reports {
        let judged = &report.judged;
        assert!(judged.complete, "{name} on {}: not finished", report.unit.scenario.name);
        println!(
            "{name} on {}: explored everything, {} executions ({} pruned)",
            report.unit.scenario.name, judged.executions, judged.pruned
        );
    }
    assert_eq!(broken(&reports), expected.iter().copied().collect(), "{name}");
}

#[test]
fn peekraw_copies_past_the_end_races_with_the_worker_and_misses_flip_data() {
    breaks("peekraw-v2", &[C1, C4]);
}

#[test]
fn flushing_first_does_not_stop_the_worker_from_racing_nor_bytes_from_coming_later() {
    breaks("peekraw-v2-flush", &[C1, C4]);
}

#[test]
fn the_reviews_proposal_leaves_gaps_races_with_readers_and_flushes_and_stalls() {
    breaks("exclusive-2016", &[C1, C3, C4]);
}

#[test]
fn the_write_lock_ends_the_races() {
    breaks("exclusive-wlock", &[C1, C3]);
}

#[test]
fn loading_next_first_ends_the_gaps() {
    breaks("exclusive-ordered", &[C3]);
}

#[test]
fn restarting_whenever_anything_is_left_breaks_nothing_at_all() {
    breaks("exclusive-restart", &[]);
    let reports = reports(design("exclusive-restart"));
    for verdict in reports.iter().flat_map(|r| &r.verdicts) {
        assert_eq!((verdict.status, verdict.exhaustive), (Status::Holds, true));
    }
}

#[test]
fn the_pipeline_itself_stalls_only_where_tiocsti_takes_the_exclusive_lock() {
    for report in reports(None) {
        let expected: &[Property] = if report.unit.scenario.name == "sti" { &[C3] } else { &[] };
        let name = &report.unit.scenario.name;
        assert!(report.judged.complete);
        assert_eq!(broken(&[report]), expected.iter().copied().collect(), "{name}");
    }
}

#[test]
fn linux_sizes_show_the_stall_too() {
    let effort = Effort { strategy: Some(Strategy::Pct(3)), schedules: 300, ..EFFORT };
    let unit = units(None, &effort)
        .into_iter()
        .find(|u| u.scenario.name == "real-sti")
        .expect("a built-in scenario");
    let report = unit.run(2_000, &mut |_| true).expect("the scenario runs");
    assert_eq!(broken(&[report]), BTreeSet::from([C3]));
}

#[test]
fn every_design_says_where_it_comes_from() {
    let mut names: Vec<_> = DESIGNS.iter().map(|d| d.name()).collect();
    assert!(DESIGNS.iter().all(|d| !d.about().is_empty() && !d.source().is_empty()));
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), DESIGNS.len());
}
