// SPDX-License-Identifier: GPL-2.0-only
//! The litmus shapes under memory `ra`, each with the strengths that decide, and their verdicts
//! under RC11: Lahav, Vafeiadis, Kang, Hur and Dreyer, *Repairing Sequential Consistency in C/C++11*,
//! PLDI 2017, and for the names in capitals Alglave, Maranget and Tautschnig, *Herding Cats*, TOPLAS
//! 36(2), 2014. How many executions each takes is a golden file: one an execution graph.

use super::rc11::allowed;
use super::relaxed::reduced;
use super::weak::Instr::{self, Add, Fence, Load, Store};
use super::weak::{Outcome, Weak};
use std::fmt::Write;
use ttysim::sync::Ordering::{self, AcqRel, Acquire, Relaxed, Release, SeqCst};

const X: usize = 0;
const Y: usize = 1;
const Z: usize = 2;

/// Whether RC11 allows the outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Allowed,
    Forbidden,
}
use Verdict::{Allowed, Forbidden};

/// What is looked for: by thread, the values it reads; by variable, its last value where it counts.
struct Sought {
    reads: Vec<Vec<usize>>,
    last: [Option<usize>; 3],
}

impl Sought {
    fn is(&self, outcome: &Outcome) -> bool {
        let mut lasts = self.last.iter().zip(&outcome.last);
        outcome.read == self.reads && lasts.all(|(want, is)| want.is_none_or(|w| w == *is))
    }
}

fn reads(reads: &[&[usize]]) -> Sought {
    Sought { reads: reads.iter().map(|r| r.to_vec()).collect(), last: [None; 3] }
}

impl Sought {
    fn last(mut self, var: usize, value: usize) -> Self {
        self.last[var] = Some(value);
        self
    }
}

/// The table in the making.
#[derive(Default)]
struct Table(String);

impl Table {
    fn row(&mut self, name: &str, threads: Vec<Vec<Instr>>, sought: Sought, published: Verdict) {
        let program = Weak { threads };
        let got = reduced(&program);
        let (axioms, graphs) = allowed(&program, usize::MAX).expect("small");
        assert_eq!(got.outcomes, axioms, "{name}");
        assert_eq!(got.executions, graphs as u64, "{name}");
        let seen = got.outcomes.iter().any(|o| sought.is(o));
        let verdict = if seen { Allowed } else { Forbidden };
        assert_eq!(verdict, published, "{name}: {:#?}", got.outcomes);
        let (executions, pruned) = (got.executions, got.pruned);
        writeln!(self.0, "{name:28} {verdict:?} {executions} executions, {pruned} cut short")
            .expect("a string");
    }
}

/// `a; f; b`, without the fence where there is none.
fn fenced(a: Instr, fence: Option<Ordering>, b: Instr) -> Vec<Instr> {
    [Some(a), fence.map(Fence), Some(b)].into_iter().flatten().collect()
}

fn store_buffering(t: &mut Table) {
    let sb = |store, fences: [Option<Ordering>; 2], load| {
        let thread = |a, fence, b| fenced(Store(a, 1, store), fence, Load(b, load));
        vec![thread(X, fences[0], Y), thread(Y, fences[1], X)]
    };
    let both_zero = || reads(&[&[0], &[0]]);
    t.row("SB rlx", sb(Relaxed, [None; 2], Relaxed), both_zero(), Allowed);
    t.row("SB rel acq", sb(Release, [None; 2], Acquire), both_zero(), Allowed);
    t.row("SB sc", sb(SeqCst, [None; 2], SeqCst), both_zero(), Forbidden);
    t.row("SB sc rlx", sb(SeqCst, [None; 2], Relaxed), both_zero(), Allowed);
    t.row("SB rlx + F sc", sb(Relaxed, [Some(SeqCst); 2], Relaxed), both_zero(), Forbidden);
    t.row("SB rlx + one F sc", sb(Relaxed, [Some(SeqCst), None], Relaxed), both_zero(), Allowed);
    t.row("SB rlx + F acqrel", sb(Relaxed, [Some(AcqRel); 2], Relaxed), both_zero(), Allowed);
}

fn message_passing(t: &mut Table) {
    let mp = |f, store, load, g| {
        vec![
            fenced(Store(X, 1, Relaxed), f, Store(Y, 1, store)),
            fenced(Load(Y, load), g, Load(X, Relaxed)),
        ]
    };
    let stale = || reads(&[&[], &[1, 0]]);
    t.row("MP rlx", mp(None, Relaxed, Relaxed, None), stale(), Allowed);
    t.row("MP rel acq", mp(None, Release, Acquire, None), stale(), Forbidden);
    t.row("MP rel rlx", mp(None, Release, Relaxed, None), stale(), Allowed);
    t.row("MP rlx acq", mp(None, Relaxed, Acquire, None), stale(), Allowed);
    t.row("MP rel, F acq", mp(None, Release, Relaxed, Some(Acquire)), stale(), Forbidden);
    t.row("MP F rel, acq", mp(Some(Release), Relaxed, Acquire, None), stale(), Forbidden);
    let both = mp(Some(Release), Relaxed, Relaxed, Some(Acquire));
    t.row("MP F rel, F acq", both, stale(), Forbidden);
    t.row("MP sc", mp(None, SeqCst, SeqCst, None), stale(), Forbidden);
    // A read-modify-write continues the release sequence, whoever makes it.
    let continued = vec![
        vec![Store(X, 1, Relaxed), Store(Y, 1, Release)],
        vec![Add(Y, Relaxed)],
        vec![Load(Y, Acquire), Load(X, Relaxed)],
    ];
    t.row("MP rel rmw acq", continued, reads(&[&[], &[1], &[2, 0]]), Forbidden);
    // A later plain store does not, even of the same thread (since C++20).
    let broken = vec![
        vec![Store(X, 1, Relaxed), Store(Y, 1, Release), Store(Y, 2, Relaxed)],
        vec![Load(Y, Acquire), Load(X, Relaxed)],
    ];
    t.row("MP rel; rlx acq", broken, reads(&[&[], &[2, 0]]), Allowed);
}

fn causality(t: &mut Table) {
    let lb = |load, store| {
        vec![vec![Load(X, load), Store(Y, 1, store)], vec![Load(Y, load), Store(X, 1, store)]]
    };
    let both_one = || reads(&[&[1], &[1]]);
    t.row("LB rlx", lb(Relaxed, Relaxed), both_one(), Forbidden);
    t.row("LB rel acq", lb(Acquire, Release), both_one(), Forbidden);
    let wrc = |store, load| {
        vec![
            vec![Store(X, 1, store)],
            vec![Load(X, load), Store(Y, 1, store)],
            vec![Load(Y, load), Load(X, Relaxed)],
        ]
    };
    let stale = || reads(&[&[], &[1], &[1, 0]]);
    t.row("WRC rlx", wrc(Relaxed, Relaxed), stale(), Allowed);
    t.row("WRC rel acq", wrc(Release, Acquire), stale(), Forbidden);
    let isa2 = |store, load| {
        vec![
            vec![Store(X, 1, Relaxed), Store(Y, 1, store)],
            vec![Load(Y, load), Store(Z, 1, store)],
            vec![Load(Z, load), Load(X, Relaxed)],
        ]
    };
    t.row("ISA2 rlx", isa2(Relaxed, Relaxed), stale(), Allowed);
    t.row("ISA2 rel acq", isa2(Release, Acquire), stale(), Forbidden);
}

fn two_stores(t: &mut Table) {
    let ww = |order, fence| {
        let thread = |a, b| fenced(Store(a, 1, order), fence, Store(b, 2, order));
        vec![thread(X, Y), thread(Y, X)]
    };
    let firsts = || reads(&[&[], &[]]).last(X, 1).last(Y, 1);
    t.row("2+2W rlx", ww(Relaxed, None), firsts(), Allowed);
    t.row("2+2W rel", ww(Release, None), firsts(), Allowed);
    t.row("2+2W sc", ww(SeqCst, None), firsts(), Forbidden);
    t.row("2+2W rlx + F sc", ww(Relaxed, Some(SeqCst)), firsts(), Forbidden);
    let r = |store, fence, load| {
        vec![
            fenced(Store(X, 1, store), fence, Store(Y, 1, store)),
            fenced(Store(Y, 2, store), fence, Load(X, load)),
        ]
    };
    let late = || reads(&[&[], &[0]]).last(Y, 2);
    t.row("R rlx", r(Relaxed, None, Relaxed), late(), Allowed);
    t.row("R rel acq", r(Release, None, Acquire), late(), Allowed);
    t.row("R sc", r(SeqCst, None, SeqCst), late(), Forbidden);
    t.row("R rlx + F sc", r(Relaxed, Some(SeqCst), Relaxed), late(), Forbidden);
    let s = |store, load| {
        vec![
            vec![Store(X, 2, Relaxed), Store(Y, 1, store)],
            vec![Load(Y, load), Store(X, 1, Relaxed)],
        ]
    };
    let overtaken = || reads(&[&[], &[1]]).last(X, 2);
    t.row("S rlx", s(Relaxed, Relaxed), overtaken(), Allowed);
    t.row("S rel acq", s(Release, Acquire), overtaken(), Forbidden);
}

fn independent_readers(t: &mut Table) {
    let iriw = |store, first, fence, second| {
        vec![
            vec![Store(X, 1, store)],
            vec![Store(Y, 1, store)],
            fenced(Load(X, first), fence, Load(Y, second)),
            fenced(Load(Y, first), fence, Load(X, second)),
        ]
    };
    let disagree = || reads(&[&[], &[], &[1, 0], &[1, 0]]);
    t.row("IRIW rlx", iriw(Relaxed, Relaxed, None, Relaxed), disagree(), Allowed);
    t.row("IRIW rel acq", iriw(Release, Acquire, None, Acquire), disagree(), Allowed);
    t.row("IRIW sc", iriw(SeqCst, SeqCst, None, SeqCst), disagree(), Forbidden);
    // Section 2.1 of the paper: C11 as it was forbids it, and Power does not.
    t.row("IRIW-acq-sc", iriw(SeqCst, Acquire, None, SeqCst), disagree(), Allowed);
    let fences = iriw(Relaxed, Relaxed, Some(SeqCst), Relaxed);
    t.row("IRIW rlx + F sc", fences, disagree(), Forbidden);
    let rwc = |order, fence| {
        vec![
            vec![Store(X, 1, order)],
            fenced(Load(X, order), fence, Load(Y, order)),
            fenced(Store(Y, 1, order), fence, Load(X, order)),
        ]
    };
    let stale = || reads(&[&[], &[1, 0], &[0]]);
    t.row("RWC rlx", rwc(Relaxed, None), stale(), Allowed);
    t.row("RWC rlx + F sc", rwc(Relaxed, Some(SeqCst)), stale(), Forbidden);
    // Section 2.1: mixed strengths on one location.
    let z6u = vec![
        vec![Store(X, 1, SeqCst), Store(Y, 1, Release)],
        vec![Add(Y, SeqCst), Load(Y, Relaxed)],
        vec![Store(Y, 3, SeqCst), Load(X, SeqCst)],
    ];
    t.row("Z6.U", z6u, reads(&[&[], &[1, 3], &[0]]), Allowed);
}

fn one_location(t: &mut Table) {
    let corr = vec![vec![Store(X, 1, Relaxed)], vec![Load(X, Relaxed), Load(X, Relaxed)]];
    t.row("CoRR", corr, reads(&[&[], &[1, 0]]), Forbidden);
    let coww = vec![vec![Store(X, 1, Relaxed), Store(X, 2, Relaxed)]];
    t.row("CoWW", coww, reads(&[&[]]).last(X, 1), Forbidden);
    let corw1 = vec![vec![Load(X, Relaxed), Store(X, 1, Relaxed)]];
    t.row("CoRW1", corw1, reads(&[&[1]]), Forbidden);
    let corw2 = vec![vec![Load(X, Relaxed), Store(X, 1, Relaxed)], vec![Store(X, 2, Relaxed)]];
    t.row("CoRW2", corw2, reads(&[&[2], &[]]).last(X, 2), Forbidden);
    let cowr = vec![vec![Store(X, 1, Relaxed), Load(X, Relaxed)], vec![Store(X, 2, Relaxed)]];
    t.row("CoWR", cowr, reads(&[&[2], &[]]).last(X, 1), Forbidden);
    let both = vec![vec![Add(X, Relaxed)], vec![Add(X, Relaxed)]];
    t.row("RMW RMW", both, reads(&[&[0], &[0]]), Forbidden);
}

#[test]
fn the_litmus_shapes_have_their_published_verdicts() {
    let mut table = Table::default();
    store_buffering(&mut table);
    message_passing(&mut table);
    causality(&mut table);
    two_stores(&mut table);
    independent_readers(&mut table);
    one_location(&mut table);
    insta::assert_snapshot!("shapes", table.0);
}
