// SPDX-License-Identifier: GPL-2.0-only
//! Help, options and their values.

use super::{program, ttysim};
use std::process::Stdio;

#[test]
fn without_an_argument_the_first_three_commands_are_shown() {
    let done = ttysim(&[]);
    assert_eq!((done.code, done.err.as_str()), (Some(0), ""));
    let first: Vec<&str> = done.out.lines().take(4).collect();
    assert_eq!(first[0], "Start with:");
    assert!(first[1..].iter().all(|l| l.starts_with("  ttysim ")), "{}", done.out);
    for command in ["check", "prove", "run", "replay", "merge"] {
        assert!(done.out.contains(&format!("\n  {command} ")), "{}", done.out);
    }
    assert!(done.out.contains("Exit status: 0 clean, 1 "));
    assert!(!done.out.contains('\x1b'));
}

#[test]
fn every_command_has_help() {
    for command in ["check", "prove", "run", "replay", "image", "merge"] {
        let done = ttysim(&[command, "--help"]);
        assert_eq!(done.code, Some(0), "{}", done.err);
        assert!(done.out.contains("Usage: ttysim ") && done.out.contains("--format"));
        assert!(done.out.lines().all(|l| l.chars().count() <= 120), "{}", done.out);
    }
    assert_eq!(ttysim(&["--version"]).out, format!("ttysim {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn unknown_words_are_refused_with_a_suggestion() {
    ttysim(&["chekc"]).fails(2, &["chekc", "check"]);
    ttysim(&["check", "--shcedules", "3"]).fails(2, &["--schedules"]);
    ttysim(&["check", "exclusive-2106"])
        .fails(2, &["unknown design 'exclusive-2106'", "help: did you mean 'exclusive-2016'?"]);
    ttysim(&["prove", "zzz"]).fails(2, &["unknown design 'zzz'", "known are: ", "peekraw-v2"]);
}

#[test]
fn values_are_checked() {
    let refused = [
        (["--shard", "5/4"], "the parts are 1/4 to 4/4"),
        (["--shard", "1"], "write it as I/N"),
        (["--schedules", "0"], "at least 1"),
        (["--seed", "-"], "write a number"),
        (["--memory", "cs"], "sc"),
        (["--policy", "random,pct"], "pct:3"),
        (["--policy", "exhaustve"], "did you mean 'exhaustive'"),
        (["--format", "xml"], "known are: text, json, ktap"),
        (["--runtime", "loom"], "ttysim prove"),
        (["--jobs", "0"], "from 1 to 1024"),
        (["--budget", "-3"], "unexpected argument"),
        (["--budget", "nan"], "write seconds"),
    ];
    for (args, says) in refused {
        ttysim(&["check", args[0], args[1]]).fails(2, &[says]);
    }
    ttysim(&["check", "--policy", "random", "--preemptions", "2"]).fails(2, &["cannot be used"]);
    ttysim(&["replay", "f", "--width", "20"]).fails(2, &["from 40 to 500"]);
    ttysim(&["run"]).fails(2, &["<SCRIPT>"]);
    ttysim(&["run", "--on", "modle", "x"]).fails(2, &["model"]);
}

#[test]
fn a_reader_that_goes_away_is_no_crash() {
    let mut child = program()
        .args(["merge", "-", "--format", "json"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    drop(child.stdout.take());
    let mut input = child.stdin.take().expect("a pipe");
    let line = super::merging::verdict("a", "x", "C1", "holds", true);
    std::io::Write::write_all(&mut input, line.as_bytes()).expect("it reads");
    drop(input);
    let output = child.wait_with_output().expect("the program ends");
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(output.stderr, b"");
}
