// SPDX-License-Identifier: GPL-2.0-only
//! Files that are no scripts and no schedules: what is said, and where.

use super::{Scratch, ttysim, ttysim_with};

const SAVED: &str = "ttysim-schedule 1
design exclusive-2016
memory sc
property C3
code stall
sentence the worker is idle and 2 bytes wait
scenario two-pushes
trace-hash 00f1e2d3c4b5a697
schedule writer*3 kworker*2
script
write master \"abc\"
";

#[test]
fn a_wrong_word_is_shown_in_its_line() {
    let scratch = Scratch::new("wrong-word");
    let file = scratch.file("a.tty", "settle\n  wriet master \"a\"\n");
    ttysim(&["run", &file]).fails(
        2,
        &[
            &format!("{file}:2:3: unknown operation 'wriet'"),
            " 2 |   wriet master \"a\"\n",
            "   |   ^^^^^\n",
            "help: did you mean 'write'?",
        ],
    );
}

#[test]
fn designs_in_scripts_are_looked_up() {
    let scratch = Scratch::new("script-design");
    let file = scratch.file("a.tty", "checkpoint exclusive-2061 slave as A\n");
    ttysim(&["run", &file]).fails(2, &[":1:12: unknown design", "did you mean 'exclusive-2016'?"]);
    let good = scratch.file("b.tty", "settle\n");
    ttysim(&["run", &good, "--design", "nope"]).fails(2, &["unknown design 'nope'"]);
}

#[test]
fn files_that_cannot_be_read_say_why() {
    let scratch = Scratch::new("unreadable");
    let directory = scratch.path("");
    for command in ["run", "replay", "merge"] {
        ttysim(&[command, &directory]).fails(2, &["it is a directory", "help: name a file in it"]);
        let missing = scratch.path("missing");
        ttysim(&[command, &missing]).fails(2, &["cannot read", "no such file", "check the path"]);
    }
    let file = scratch.file("f", "");
    ttysim(&["run", &format!("{file}/x")]).fails(2, &["not a directory"]);
}

#[test]
fn files_that_are_no_text_say_where() {
    let scratch = Scratch::new("no-text");
    let file = scratch.file("a.tty", b"settle\n\xc3\xa9\xff\n");
    for command in ["run", "replay", "merge"] {
        ttysim(&[command, &file]).fails(2, &[&format!("{file}:2:2: byte 0xff is not UTF-8")]);
    }
    ttysim(&["run", "/dev/zero"]).fails(2, &["/dev/zero"]);
    let long = scratch.file("long", " ".repeat(1 << 23));
    ttysim(&["run", &long]).fails(2, &["more than"]);
}

#[test]
fn a_script_can_come_from_standard_input() {
    ttysim_with(&["run", "-"], b"setle\n").fails(2, &["standard input:1:1:", "'settle'"]);
    ttysim_with(&["run", "-"], b"\x1b[2J\n").fails(2, &["unexpected character \\u{1b}"]);
}

#[test]
fn broken_schedules_say_what_is_missing() {
    let scratch = Scratch::new("schedules");
    let refuse = |name: &str, text: &str, says: &[&str]| {
        let file = scratch.file(name, text);
        let mut says = says.to_vec();
        let place = format!("{file}{}", says[0]);
        says[0] = &place;
        ttysim(&["replay", &file]).fails(2, &says);
    };
    let cut = SAVED.find("script").expect("a script");
    refuse("cut", &SAVED[..cut], &[":10:1: ", "the file ends before", "cut short"]);
    refuse("plain", "write master \"a\"\n", &[":1:1: ", "no saved schedule", "`run`"]);
    let with = |from: &str, to: &str| SAVED.replacen(from, to, 1);
    refuse("design", &with("2016", "2061"), &[":2:8: ", "did you mean 'exclusive-2016'?"]);
    refuse("count", &with("kworker*2", "kworker*x"), &[":9:19: ", "no count of steps"]);
    refuse("huge", &with("kworker*2", "kworker*16777216"), &[":9:19: ", "more than 16777216"]);
    refuse("script", &with("write m", "wriet m"), &[":11:1: ", "did you mean 'write'?"]);
}

#[test]
fn designs_are_judged_on_scenarios_of_ones_own() {
    let scratch = Scratch::new("own-scenario");
    let text = "geometry n_tty_buf 4 ttyb_align 1 ttyb_page 1\ntermios slave raw -echo\n\
        write master \"a\"\nthread peeker {\n    checkpoint this slave as A\n}\n";
    let file = scratch.file("mine.tty", text);
    let right = ttysim(&["check", "exclusive-restart", "--scenario", &file]);
    assert_eq!(right.code, Some(0), "{}{}", right.out, right.err);
    assert!(right.out.contains("Explored everything"), "{}", right.out);
    let wrong = ttysim(&["check", "peekraw-v2", "--scenario", &file, "--scenario", "wrap"]);
    assert_eq!(wrong.code, Some(1), "{}{}", wrong.out, wrong.err);
    assert!(wrong.out.contains("C1 violated on mine; C4 violated on mine, wrap"), "{}", wrong.out);
}

#[test]
fn a_scenario_that_is_none_gets_a_suggestion() {
    let scratch = Scratch::new("no-scenario");
    ttysim(&["check", "--scenario", "real-sit"]).fails(2, &["did you mean 'real-sti'?"]);
    let file = scratch.file("a.tty", "thread a {\n    settle\n}\n");
    ttysim(&["check", "--scenario", &file]).fails(2, &["a.tty:2:", "a thread cannot settle"]);
}

#[test]
fn where_the_ghost_loses_track_there_is_no_verdict() {
    let scratch = Scratch::new("blind");
    let text = "geometry n_tty_buf 4 ttyb_align 1 ttyb_page 1\ntermios slave sane -echo extproc\n\
        write master \"abcdef\"\nthread peeker {\n    checkpoint this slave as A\n}\n";
    let file = scratch.file("overlong.tty", text);
    let done = ttysim(&["check", "exclusive-restart", "--scenario", &file]);
    assert_eq!(done.code, Some(4), "{}{}", done.out, done.err);
    assert!(done.out.contains("no verdict"), "{}", done.out);
}
