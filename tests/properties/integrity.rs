// SPDX-License-Identifier: GPL-2.0-only
//! What was accepted is what is read: every byte, once, in order.

use crate::case::{Case, MEDIUM, Parts, SMALL, Scale, TIGHT, harmless};
use crate::harness::holds_under_schedules;
use crate::lines::Lines;
use crate::pipeline::nothing_breaks;
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;
use std::cell::Cell;
use ttysim::errno::Errno;
use ttysim::run::{OpResult, Outcome};
use ttysim::script::ast::Op;

/// What each write got in, in the order in which they returned.
fn accepted(results: &[OpResult]) -> Result<Vec<&[u8]>, TestCaseError> {
    let mut all = Vec::new();
    for result in results {
        match (&result.op, &result.outcome) {
            (Op::Write { bytes, .. }, Outcome::Number(n)) => all.push(&bytes[..*n as usize]),
            (Op::Write { .. }, Outcome::Errno(Errno::EAGAIN)) => {}
            (Op::Write { .. }, other) => return Err(TestCaseError::fail(format!("{other:?}"))),
            _ => {}
        }
    }
    all.retain(|bytes| !bytes.is_empty());
    Ok(all)
}

/// How much each successful read asked for, and what it got.
fn reads(results: &[OpResult]) -> Result<Vec<(usize, &[u8])>, TestCaseError> {
    let mut all = Vec::new();
    for result in results {
        match (&result.op, &result.outcome) {
            (Op::Read { n, .. }, Outcome::Bytes(bytes)) => all.push((*n, bytes.as_slice())),
            (Op::Read { .. }, Outcome::Errno(Errno::EAGAIN)) => {}
            (Op::Read { .. }, other) => return Err(TestCaseError::fail(format!("{other:?}"))),
            _ => {}
        }
    }
    Ok(all)
}

/// Each writer's bytes count up; the first bit says whose they are.
fn counted(mut parts: Parts) -> Parts {
    let mut next = [0_u8, 0];
    let mut fill = |writer: usize, bytes: &mut Vec<u8>| {
        for byte in bytes {
            *byte = next[writer] | (writer as u8) << 7;
            next[writer] = (next[writer] + 1) % 127;
        }
    };
    parts.before.iter_mut().for_each(|(bytes, _)| fill(0, bytes));
    for (writer, chunks) in parts.writers.iter_mut().enumerate() {
        chunks.iter_mut().for_each(|bytes| fill(writer, bytes));
    }
    parts
}

fn with_tail(mut parts: Parts, tail: usize) -> Parts {
    parts.flush = false;
    parts.tail = Some(tail);
    parts
}

fn raw(scale: Scale) -> impl Strategy<Value = Case> {
    (scale.parts(false, Just(0), 2, 1), scale.length(), harmless())
        .prop_map(|(parts, tail, design)| counted(with_tail(parts, tail)).case(design))
}

/// Whether `read` is these writes, each whole and each writer's in its order.
fn is_merge(mut read: &[u8], writes: &[&[u8]]) -> bool {
    let by = |writer: u8| writes.iter().filter(move |w| w[0] >> 7 == writer);
    let mut queues = [by(0), by(1)].map(|writes| writes.copied().collect::<Vec<_>>().into_iter());
    while let Some(first) = read.first() {
        let queue = &mut queues[usize::from(first >> 7)];
        let Some(rest) = queue.next().and_then(|write| read.strip_prefix(write)) else {
            return false;
        };
        read = rest;
    }
    queues.iter().all(|queue| queue.len() == 0)
}

fn all_is_read(case: &Case) -> TestCaseResult {
    let results = case.run().results;
    let read = reads(&results)?.into_iter().flat_map(|(_, bytes)| bytes).copied();
    let (read, written) = (read.collect::<Vec<_>>(), accepted(&results)?);
    prop_assert!(is_merge(&read, &written), "read {read:02x?}\nof {written:02x?}");
    nothing_breaks(case)
}

#[test]
fn raw_bytes_arrive_in_order() {
    holds_under_schedules("tight-bytes", 2_000, 8, &raw(TIGHT), all_is_read);
    holds_under_schedules("small-bytes", 1_000, 6, &raw(SMALL), all_is_read);
    holds_under_schedules("medium-bytes", 200, 4, &raw(MEDIUM), all_is_read);
}

/// What line editing acts on, as rarely as at a keyboard.
fn edited() -> impl Strategy<Value = u8> + Clone {
    prop_oneof![
        6 => b'a'..=b'z',
        2 => Just(b'\n'),
        2 => prop::sample::select(b"\x04\x7f\x15\r".to_vec()),
    ]
}

fn canonical(scale: Scale) -> impl Strategy<Value = Case> {
    (scale.parts(true, edited(), 1, 1), scale.length(), harmless())
        .prop_map(|(parts, tail, design)| with_tail(parts, tail).case(design))
}

/// Compares the reads with the oracle's; false if a line is longer than the buffer.
fn lines_are_read(case: &Case) -> Result<bool, TestCaseError> {
    let results = case.run().results;
    let mut lines = Lines::of(&accepted(&results)?.concat());
    if lines.longest >= case.script.geometry.n_tty_buf {
        return Ok(false);
    }
    for (i, (n, got)) in reads(&results)?.into_iter().enumerate() {
        let due = lines.read(n);
        prop_assert_eq!(Some(got), due.as_deref(), "read {} of {} bytes", i + 1, n);
    }
    prop_assert_eq!(lines.read(1), None, "this line is not read");
    nothing_breaks(case)?;
    Ok(true)
}

fn compare_lines(name: &str, cases: u32, schedules: u64, scale: Scale) {
    let (compared, skipped) = (Cell::new(0_u32), Cell::new(0_u32));
    holds_under_schedules(name, cases, schedules, &canonical(scale), |case| {
        let count = if lines_are_read(case)? { &compared } else { &skipped };
        count.set(count.get() + 1);
        Ok(())
    });
    let (compared, skipped) = (compared.get(), skipped.get());
    println!("{name}: {compared} runs compared, {skipped} with lines that do not fit");
    assert!(compared >= skipped, "too few runs say anything");
}

#[test]
fn lines_arrive_as_they_were_edited() {
    compare_lines("small-lines", 1_000, 6, SMALL);
    compare_lines("medium-lines", 200, 4, MEDIUM);
}
