// SPDX-License-Identifier: GPL-2.0-only
//! The litmus tests of x86-TSO with their published verdicts: Sewell, Sarkar, Owens, Zappa Nardelli
//! and Myreen, *x86-TSO*, CACM 53(7), 2010, and, for the names in capitals, Alglave, Maranget and
//! Tautschnig, *Herding Cats*, TOPLAS 36(2), 2014.

use crate::program::Instr::{self, Add, Barrier, Load, Locked, Spin, Store};
use crate::program::Program;
use crate::{machine, reduced};
use ttysim::sync::seeded::Memory;

const X: usize = 0;
const Y: usize = 1;

/// Whether x86-TSO allows the outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Allowed,
    Forbidden,
}
use Verdict::{Allowed, Forbidden};

/// `threads` can end with these loads (thread, value), in each thread's order, and these final
/// values of x and y. None of these outcomes is sequentially consistent.
#[track_caller]
fn litmus(name: &str, threads: &[&[Instr]], loads: &[(usize, usize)], xy: [usize; 2], v: Verdict) {
    let program = Program::of(threads);
    let outcome = format!("{loads:?} {xy:?} [] []");
    let (sc, _) = reduced(&program, Memory::Sc);
    assert!(!sc.contains(&outcome), "{name}: {outcome} under sc");
    let (tso, _) = reduced(&program, Memory::Tso);
    assert_eq!(tso, machine::outcomes(&program), "{name}");
    assert!(tso.is_superset(&sc), "{name}");
    assert_eq!(tso.contains(&outcome), v == Allowed, "{name}: {outcome} is {v:?}, of {tso:#?}");
}

#[test]
fn store_buffering() {
    let sb: [&[Instr]; 2] = [&[Store(X, 1), Load(Y)], &[Store(Y, 1), Load(X)]];
    litmus("SB", &sb, &[(0, 0), (1, 0)], [1, 1], Allowed);
    let fenced: [&[Instr]; 2] =
        [&[Store(X, 1), Barrier, Load(Y)], &[Store(Y, 1), Barrier, Load(X)]];
    litmus("SB+mfences", &fenced, &[(0, 0), (1, 0)], [1, 1], Forbidden);
    let once: [&[Instr]; 2] = [&[Store(X, 1), Barrier, Load(Y)], &[Store(Y, 1), Load(X)]];
    litmus("SB+mfence+po", &once, &[(0, 0), (1, 0)], [1, 1], Allowed);
    // A locked instruction on either location is as good as a fence.
    let locked: [&[Instr]; 2] = [&[Store(X, 1), Add(X), Load(Y)], &[Store(Y, 1), Add(Y), Load(X)]];
    litmus("SB+locked", &locked, &[(0, 1), (0, 0), (1, 1), (1, 0)], [2, 2], Forbidden);
}

#[test]
fn store_buffering_behind_a_release() {
    // A spinlock's release is a store, and orders nothing with the load behind it.
    let spin: [&[Instr]; 2] =
        [&[Spin(0, vec![Store(X, 1)]), Load(Y)], &[Spin(1, vec![Store(Y, 1)]), Load(X)]];
    litmus("SB+spin_unlocks", &spin, &[(0, 0), (1, 0)], [1, 1], Allowed);
    let mutex: [&[Instr]; 2] =
        [&[Locked(0, vec![Store(X, 1)]), Load(Y)], &[Locked(1, vec![Store(Y, 1)]), Load(X)]];
    litmus("SB+mutex_unlocks", &mutex, &[(0, 0), (1, 0)], [1, 1], Forbidden);
    // Under one lock there is nothing to reorder.
    let both: [&[Instr]; 2] =
        [&[Spin(0, vec![Store(X, 1), Load(Y)])], &[Spin(0, vec![Store(Y, 1), Load(X)])]];
    litmus("SB in one lock", &both, &[(0, 0), (1, 0)], [1, 1], Forbidden);
}

#[test]
fn stores_stay_in_order() {
    let mp: [&[Instr]; 2] = [&[Store(X, 1), Store(Y, 1)], &[Load(Y), Load(X)]];
    litmus("MP", &mp, &[(1, 1), (1, 0)], [1, 1], Forbidden);
    let ww: [&[Instr]; 2] = [&[Store(X, 1), Store(Y, 2)], &[Store(Y, 1), Store(X, 2)]];
    litmus("2+2W", &ww, &[], [1, 1], Forbidden);
    let s: [&[Instr]; 2] = [&[Store(X, 2), Store(Y, 1)], &[Load(Y), Store(X, 1)]];
    litmus("S", &s, &[(1, 1)], [2, 1], Forbidden);
}

#[test]
fn loads_stay_before_stores() {
    let lb: [&[Instr]; 2] = [&[Load(X), Store(Y, 1)], &[Load(Y), Store(X, 1)]];
    litmus("LB", &lb, &[(0, 1), (1, 1)], [1, 1], Forbidden);
}

#[test]
fn stores_and_a_late_store() {
    let r: [&[Instr]; 2] = [&[Store(X, 1), Store(Y, 1)], &[Store(Y, 2), Load(X)]];
    litmus("R", &r, &[(1, 0)], [1, 2], Allowed);
    let fenced: [&[Instr]; 2] = [&[Store(X, 1), Store(Y, 1)], &[Store(Y, 2), Barrier, Load(X)]];
    litmus("R+po+mfence", &fenced, &[(1, 0)], [1, 2], Forbidden);
}

#[test]
fn own_stores_are_seen_early() {
    let n6: [&[Instr]; 2] = [&[Store(X, 1), Load(X), Load(Y)], &[Store(Y, 2), Store(X, 2)]];
    litmus("n6", &n6, &[(0, 1), (0, 0)], [1, 2], Allowed);
    let forwarding: [&[Instr]; 2] =
        [&[Store(X, 1), Load(X), Load(Y)], &[Store(Y, 1), Load(Y), Load(X)]];
    let loads = [(0, 1), (0, 0), (1, 1), (1, 0)];
    litmus("iwp2.4", &forwarding, &loads, [1, 1], Allowed);
    let n5: [&[Instr]; 2] = [&[Store(X, 1), Load(X)], &[Store(X, 2), Load(X)]];
    litmus("n5", &n5, &[(0, 2), (1, 1)], [1, 0], Forbidden);
    litmus("n5", &n5, &[(0, 2), (1, 1)], [2, 0], Forbidden);
}

#[test]
fn everybody_else_sees_one_order() {
    let iriw: [&[Instr]; 4] =
        [&[Store(X, 1)], &[Store(Y, 1)], &[Load(X), Load(Y)], &[Load(Y), Load(X)]];
    litmus("IRIW", &iriw, &[(2, 1), (2, 0), (3, 1), (3, 0)], [1, 1], Forbidden);
    let wrc: [&[Instr]; 3] = [&[Store(X, 1)], &[Load(X), Store(Y, 1)], &[Load(Y), Load(X)]];
    litmus("WRC", &wrc, &[(1, 1), (2, 1), (2, 0)], [1, 1], Forbidden);
    let rwc: [&[Instr]; 3] = [&[Store(X, 1)], &[Load(X), Load(Y)], &[Store(Y, 1), Load(X)]];
    litmus("RWC", &rwc, &[(1, 1), (1, 0), (2, 0)], [1, 1], Allowed);
}
