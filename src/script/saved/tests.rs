// SPDX-License-Identifier: GPL-2.0-only
//! Saved schedules: what reads back, and what is said about files that are broken.

use super::*;
use crate::error::ErrorKind;
use crate::sched::Pick;
use crate::sched::op::buffer_of;
use crate::script::generate::{Profile, script};
use fastrand::Rng;

const CX: Context<'static> = Context::file("s").designs(&["exclusive-2016", "peekraw-v2"]);

const GOOD: &str = "ttysim-schedule 1
design exclusive-2016
memory sc
property C3
code stall
sentence the worker is idle and 2 bytes wait
scenario two-pushes
trace-hash 00f1e2d3c4b5a697
schedule writer*3 kworker*2
schedule kworker writer
script
geometry n_tty_buf 8
write master \"abc\"
";

fn names(all: &[&str]) -> Vec<String> {
    all.iter().map(|n| (*n).to_owned()).collect()
}

fn assert_wrong(text: &str, line: u32, column: u32, says: &str) {
    let e = Saved::parse(text.as_bytes(), &CX).expect_err(text);
    let place = e.place().map(|p| (p.line, p.column));
    assert_eq!(place, Some((line, column)), "{}", e.report());
    assert!(e.report().contains(says), "{}", e.report());
    assert_eq!(e.exit().code(), 2);
}

#[test]
fn a_file_reads_as_what_it_says() {
    let saved = Saved::parse(GOOD.as_bytes(), &CX).expect("good");
    assert_eq!(saved.design.as_deref(), Some("exclusive-2016"));
    assert_eq!((saved.property, saved.trace_hash), (Property::C3, 0x00f1_e2d3_c4b5_a697));
    assert_eq!(saved.sentence, "the worker is idle and 2 bytes wait");
    assert_eq!(saved.schedule.threads(), names(&["writer", "kworker"]));
    assert_eq!((saved.schedule.len(), saved.schedule.is_empty()), (7, false));
    assert!(Schedule::default().is_empty());
    assert_eq!(saved.script.lines().next().map(|l| l.line_no.0), Some(13));
    let slots = saved.schedule.slots(&names(&["main", "kworker", "writer"]));
    assert_eq!(slots, Ok([2, 2, 2, 1, 1, 1, 2].map(Pick::from).to_vec()));
    let printed = saved.to_string();
    assert!(printed.contains("schedule writer*3 kworker*3 writer\n"), "{printed}");
    assert_eq!(Saved::parse(printed.as_bytes(), &CX), Ok(saved));
}

#[test]
fn whatever_is_saved_reads_back() {
    let mut rng = Rng::with_seed(11);
    let all = names(&["main", "slave-kworker", "master-kworker", "writer", "peek"]);
    for _ in 0..300 {
        let mut pick = |_| {
            let thread = rng.u8(..5);
            let thread = if rng.bool() { thread } else { buffer_of(thread) };
            Pick { thread, older: if rng.bool() { 0 } else { rng.u16(..) } }
        };
        let choices: Vec<Pick> = (0..300).map(&mut pick).collect();
        let choices = choices[..rng.usize(1..300)].to_vec();
        let saved = Saved {
            design: rng.bool().then(|| "peekraw-v2".to_owned()),
            memory: Memory::Sc,
            property: Property::C1,
            code: "gap".to_owned(),
            sentence: "one, two".to_owned(),
            scenario: "s-1".to_owned(),
            trace_hash: rng.u64(..),
            mutants: (0..rng.usize(..3))
                .map(|i| Mutant::new(Mutation::ALL[i], "flush_to_ldisc.commit"))
                .collect(),
            schedule: Schedule::new(&all, &choices).expect("names"),
            script: script(&mut rng, &Profile::ANYTHING),
        };
        let text = saved.to_string();
        let lines: Vec<&str> = text.lines().filter(|l| l.starts_with("schedule ")).collect();
        assert!(lines.iter().all(|l| l.len() < 100));
        for both in lines.windows(2) {
            let word = both[1].split(' ').nth(1).expect("a word");
            assert!(both[0].len() + 1 + word.len() >= 100, "{word} had room:\n{text}");
        }
        let back = Saved::parse(text.as_bytes(), &CX);
        assert_eq!(back.as_ref().map(|s| s.schedule.slots(&all)), Ok(Ok(choices)));
        assert_eq!(back, Ok(saved), "{text}");
    }
}

#[test]
fn broken_files_are_refused_at_the_right_place() {
    assert_wrong("", 1, 1, "no saved schedule");
    assert_wrong("write master \"a\"", 1, 1, "no saved schedule");
    assert_wrong("ttysim-schedule 2\n", 1, 1, "no saved schedule");
    let with = |from: &str, to: &str| GOOD.replacen(from, to, 1);
    assert_wrong(&with("design excl", "design ecxl"), 2, 8, "did you mean 'exclusive-2016'?");
    let mutated = |what: &str| with("memory sc", &format!("memory sc\nmutation {what}"));
    assert_wrong(&mutated("relaxed a.b"), 4, 10, "did you mean 'relax'?");
    assert_wrong(&mutated("relax"), 4, 1, "followed by a site");
    assert_wrong(&mutated("relax a-b"), 4, 16, "followed by a site");
    assert_wrong(&with("memory sc", "memory pso"), 3, 8, "known are: sc, tso, ra");
    assert_wrong(&with("property C3", "property C9"), 4, 10, "unknown property 'C9'");
    assert_wrong(&with("property C3", "propety C3"), 4, 1, "did you mean 'property'?");
    assert_wrong(&with("code stall", "code"), 5, 1, "no value");
    assert_wrong(&with("code stall", "code stall b"), 5, 12, "one word");
    assert_wrong(&with("code stall", "memory sc"), 5, 1, "a second 'memory'");
    assert_wrong(&with("00f1", "0xf1"), 8, 12, "no hash");
    assert_wrong(&with("00f1", "00000f1"), 8, 12, "no hash");
    assert_wrong(&with("kworker*2", "kworker*0"), 9, 19, "no count");
    assert_wrong(&with("kworker*2", "kworker*+2"), 9, 19, "no count");
    assert_wrong(&with("kworker*2", "kworker*99999999999999999999"), 9, 19, "no count");
    assert_wrong(&with("kworker*2", "kworker*16777215"), 9, 19, "more than 16777216 steps");
    assert_wrong(&with("kworker*2", "kworker!0*2"), 9, 19, "!1 to !65535");
    assert_wrong(&with("kworker*2", "kworker!+1"), 9, 19, "!1 to !65535");
    assert_wrong(&with("kworker*2", "!1*2"), 9, 19, "cannot be a thread's name");
    assert_wrong(&with("kworker*2", "*2"), 9, 19, "cannot be a thread's name");
    assert_wrong(
        &with("kworker*2", "a b c d e f g h i j k l m n o p"),
        9,
        49,
        "more than 16 names",
    );
    assert_wrong(&with("property C3\n", ""), 10, 1, "no 'property' header");
    assert_wrong(&with("script\n", "script x\n"), 11, 8, "on the line below");
    assert_wrong(&with("write m", "wriet m"), 13, 1, "did you mean 'write'?");
    let cut = GOOD.find("script").expect("a script");
    assert_wrong(&GOOD[..cut], 11, 1, "cut short");
    assert_wrong(&GOOD[..cut + 3], 11, 1, "did you mean 'script'?");
}

#[test]
fn any_cut_and_any_changed_byte_gives_an_answer() {
    for cut in 0..GOOD.len() {
        let _ = Saved::parse(&GOOD.as_bytes()[..cut], &CX);
        for byte in [0, b'\n', b'*', 0xff, b'9'] {
            let mut bytes = GOOD.as_bytes().to_vec();
            bytes[cut] = byte;
            let _ = Saved::parse(&bytes, &CX);
        }
    }
}

#[test]
fn a_schedule_of_other_threads_is_a_divergence() {
    let schedule =
        Schedule::new(&names(&["main", "writer"]), &[1.into(), 0.into()]).expect("names");
    let error = schedule.slots(&names(&["main", "writter"])).expect_err("no such thread");
    assert_eq!(error.kind(), ErrorKind::Diverged);
    assert_eq!(error.help_text(), Some("did you mean 'writter'?"));
    assert_eq!(Schedule::new(&names(&["a b"]), &[0.into()]), None);
    assert_eq!(Schedule::new(&names(&["a"]), &[1.into()]), None);
}

#[test]
fn a_schedule_has_as_many_steps_as_it_may() {
    let with = |n: usize| GOOD.replacen("kworker*2", &format!("kworker*{n}"), 1);
    // Five are of others, or behind it.
    let most = schedule::MAX_STEPS - 5;
    let saved = Saved::parse(with(most).as_bytes(), &CX).expect("as many as may be");
    assert_eq!(saved.schedule.len(), schedule::MAX_STEPS);
    assert_wrong(&with(most + 1), 10, 18, "more than 16777216 steps");
}
