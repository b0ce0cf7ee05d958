// SPDX-License-Identifier: GPL-2.0-only
//! Scripts and saved schedules come back from their text, and no text at all makes the reader
//! panic.

use crate::case::{MEDIUM, SMALL, anybody, typed};
use crate::harness::holds;
use fastrand::Rng;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::TestCaseResult;
use ttysim::error::Error;
use ttysim::sched::Pick;
use ttysim::script::generate::{Profile, script};
use ttysim::script::{Context, Op, Saved, Schedule, Script, parse, parse_bytes};
use ttysim::sync::seeded::Memory;
use ttysim::verify::Property;

const CX: Context<'static> = Context::file("text");

/// Any script of the language.
fn scripts() -> impl Strategy<Value = Script> {
    (any::<u64>(), 0..16_usize, 0..48_usize, any::<bool>()).prop_map(
        |(seed, items, bytes, whole_language)| {
            let profile = Profile { items, bytes, whole_language };
            script(&mut Rng::with_seed(seed), &profile)
        },
    )
}

fn comes_back(script: &Script) -> TestCaseResult {
    let text = script.to_string();
    let read = parse(&text, &CX).map_err(|e| TestCaseError::fail(e.report()))?;
    prop_assert_eq!(&read, script);
    prop_assert_eq!(read.to_string(), text);
    Ok(())
}

/// An error must point into the text.
fn points_into(text: &[u8], error: &Error) -> TestCaseResult {
    let lines = text.split(|&b| b == b'\n').count();
    let place = error.place();
    prop_assert!(place.is_some(), "{}", error.report());
    let place = place.unwrap();
    prop_assert!((1..=lines).contains(&(place.line as usize)), "{}", error.report());
    prop_assert!(place.column >= 1 && place.width >= 1, "{}", error.report());
    Ok(())
}

/// Whatever `text` is, reading it gives a script that comes back, or an error with a place.
fn is_read(text: &[u8]) -> TestCaseResult {
    match parse_bytes(text, &CX) {
        Ok(script) => comes_back(&script)?,
        Err(e) => points_into(text, &e)?,
    }
    match Saved::parse(text, &CX) {
        Ok(saved) => saved_comes_back(&saved),
        Err(e) => points_into(text, &e),
    }
}

/// A place in a text and what happens there.
#[derive(Clone, Debug)]
enum Edit {
    Replace(Index, u8),
    Insert(Index, Vec<u8>),
    Remove(Index, u8),
    Repeat(Index),
}

const WORDS: [&str; 24] = [
    "\"",
    "\\x",
    " * 99999999",
    "{",
    "}",
    "\n",
    "#",
    "thread t {\n",
    "settle",
    "expect ",
    "geometry ",
    "n_tty_buf 3",
    "-1",
    "0x",
    "18446744073709551616",
    "checkpoint this slave as A\n",
    "restore A\n",
    "é",
    "\u{feff}",
    "schedule a*0\n",
    "script\n",
    "ttysim-schedule 1\n",
    "worker-runs 65\n",
    "wait",
];

fn edits() -> impl Strategy<Value = Vec<Edit>> {
    let at = any::<Index>;
    let edit = prop_oneof![
        (at(), any::<u8>()).prop_map(|(i, byte)| Edit::Replace(i, byte)),
        (at(), select(WORDS.to_vec())).prop_map(|(i, word)| Edit::Insert(i, word.into())),
        (at(), 1..20_u8).prop_map(|(i, n)| Edit::Remove(i, n)),
        at().prop_map(Edit::Repeat),
    ];
    vec(edit, 1..4)
}

fn edited(mut text: Vec<u8>, edits: &[Edit]) -> Vec<u8> {
    for edit in edits {
        let len = text.len();
        match edit {
            Edit::Replace(i, byte) if len > 0 => text[i.index(len)] = *byte,
            Edit::Insert(i, bytes) => {
                let at = i.index(len + 1);
                text.splice(at..at, bytes.iter().copied());
            }
            Edit::Remove(i, n) if len > 0 => {
                let at = i.index(len);
                text.drain(at..(at + usize::from(*n)).min(len));
            }
            // A line, once more at the end.
            Edit::Repeat(i) => {
                let lines: Vec<_> = text.split(|&b| b == b'\n').map(<[u8]>::to_vec).collect();
                text.extend([b"\n", lines[i.index(lines.len())].as_slice()].concat());
            }
            Edit::Replace(..) | Edit::Remove(..) => {}
        }
    }
    text
}

#[test]
fn scripts_come_back_from_their_text() {
    holds(2_000, &scripts(), |script| comes_back(&script));
}

#[test]
fn the_cases_of_these_tests_come_back_from_their_text() {
    let raw = SMALL.parts(false, any::<u8>(), 2, 2);
    let parts = prop_oneof![raw, MEDIUM.parts(true, typed(), 2, 2)];
    holds(300, &(parts, anybody()), |(parts, design)| comes_back(&parts.case(design).script));
}

#[test]
fn any_bytes_are_read_or_refused_with_a_place() {
    holds(2_000, &vec(any::<u8>(), 0..200), |bytes| is_read(&bytes));
    let soup = vec(prop_oneof![select(WORDS.to_vec()), select(Op::WORDS.to_vec())], 0..30);
    holds(2_000, &soup, |words| is_read(words.join(" ").as_bytes()));
}

#[test]
fn damaged_scripts_are_read_or_refused_with_a_place() {
    holds(3_000, &(scripts(), edits()), |(script, edits)| {
        is_read(&edited(script.to_string().into_bytes(), &edits))
    });
}

fn saved_comes_back(saved: &Saved) -> TestCaseResult {
    let text = saved.to_string();
    let read = Saved::parse(text.as_bytes(), &CX);
    let read = read.map_err(|e| TestCaseError::fail(e.report()))?;
    prop_assert_eq!(&read, saved);
    prop_assert_eq!(read.to_string(), text);
    Ok(())
}

const NAMES: [&str; 4] = ["main", "writer", "kworker/u:slave", "peeker-2"];

/// Any saved schedule.
fn saved() -> impl Strategy<Value = Saved> {
    let step = (0..NAMES.len() as u8, prop_oneof![Just(0), any::<u16>()], 1..400_usize);
    let properties = select(Property::CHECKED.to_vec());
    let memories = select(Memory::NAMES.to_vec());
    (scripts(), vec(step, 0..60), properties, memories, any::<u64>(), "[ -~]{0,80}", any::<bool>())
        .prop_map(|(script, steps, property, memory, trace_hash, sentence, peeks)| {
            let names = NAMES.map(str::to_owned);
            let run = |(thread, older, n)| std::iter::repeat_n(Pick { thread, older }, n);
            let choices: Vec<Pick> = steps.into_iter().flat_map(run).collect();
            Saved {
                design: peeks.then(|| "exclusive-2016".to_owned()),
                memory: Memory::from_name(memory).unwrap_or_default(),
                property,
                code: "stall".to_owned(),
                sentence: sentence.split_whitespace().collect::<Vec<_>>().join(" "),
                scenario: "made-up".to_owned(),
                trace_hash,
                mutants: Vec::new(),
                schedule: Schedule::new(&names, &choices).unwrap_or_default(),
                script,
            }
        })
}

#[test]
fn saved_schedules_come_back_from_their_text() {
    holds(500, &saved(), |saved| saved_comes_back(&saved));
}

#[test]
fn damaged_schedules_are_read_or_refused_with_a_place() {
    holds(1_000, &(saved(), edits()), |(saved, edits)| {
        is_read(&edited(saved.to_string().into_bytes(), &edits))
    });
}

#[test]
fn a_schedule_keeps_its_choices_in_any_order_of_slots() {
    let order = Just([0_u8, 1, 2, 3]).prop_shuffle();
    holds(300, &(vec(0..4_u8, 0..200), order), |(choices, order)| {
        let names = NAMES.map(str::to_owned);
        let choices: Vec<Pick> = choices.into_iter().map(Pick::from).collect();
        let schedule = Schedule::new(&names, &choices);
        prop_assert!(schedule.is_some());
        let schedule = schedule.unwrap();
        prop_assert_eq!(schedule.len(), choices.len());
        prop_assert_eq!(schedule.slots(&names).map_err(|e| e.report()), Ok(choices.clone()));
        let shuffled = order.map(|i| names[usize::from(i)].clone());
        let slots = schedule.slots(&shuffled).map_err(|e| TestCaseError::fail(e.report()))?;
        let named = slots.iter().map(|s| &shuffled[usize::from(s.thread)]);
        prop_assert!(named.eq(choices.iter().map(|c| &names[usize::from(c.thread)])));
        Ok(())
    });
}
