// SPDX-License-Identifier: GPL-2.0-only
//! Work that was interrupted goes on where it was.

use super::{Scratch, ttysim};

/// The verdict lines of `out`, without what differs from run to run.
fn verdicts(out: &str) -> Vec<String> {
    let seconds = |line: &str| {
        let (before, after) = line.split_once("\"seconds\":")?;
        let (_, after) = after.split_once(',')?;
        Some(format!("{before}{after}"))
    };
    out.lines().filter_map(seconds).collect()
}

#[test]
fn an_interrupted_check_goes_on_and_ends_as_if_it_had_not_been() {
    let scratch = Scratch::new("resume");
    let journal = scratch.path("journal");
    let args = ["check", "exclusive-ordered", "--policy", "exhaustive", "--format", "json"];
    let whole = ttysim(&args);
    let resume = [&args[..], &["--resume", &journal]].concat();
    // Stopped before anything could be finished, and then after a part of it.
    let stopped = ttysim(&[&resume[..], &["--budget", "0"]].concat());
    assert_ne!(stopped.code, Some(0));
    let first = ttysim(&resume);
    let lines: Vec<String> = std::fs::read_to_string(&journal)
        .expect("a journal")
        .lines()
        .map(|line| format!("{line}\n"))
        .collect();
    assert!(lines.len() > 3, "one line a finished unit");
    // A process that was killed: some units are missing, and the last line is cut.
    let (kept, cut) = (lines[..2].concat(), &lines[2][..lines[2].len() / 2]);
    std::fs::write(&journal, kept.clone() + cut).expect("a file");
    let second = ttysim(&resume);
    assert_eq!((first.code, second.code), (whole.code, whole.code));
    assert_eq!(verdicts(&first.out), verdicts(&whole.out));
    assert_eq!(verdicts(&second.out), verdicts(&whole.out));
    let again = std::fs::read_to_string(&journal).expect("a journal");
    assert!(again.starts_with(&kept) && again.lines().count() == lines.len(), "{again}");
    // What is finished is not run again: the seconds are those of the first time.
    assert_eq!(ttysim(&resume).out, second.out);
}

#[test]
fn what_is_no_journal_is_refused() {
    let scratch = Scratch::new("resume-refused");
    let args = |file: &str| ttysim(&["check", "--scenario", "sti", "--resume", file]);
    let other = scratch.file("other", "geometry n_tty_buf 8\n");
    args(&other).fails(2, &["other:1", "no finished unit"]);
    let build = "{\"type\":\"unit\",\"v\":1,\"build\":\"00\",\"unit\":\"x\",\"verdicts\":[]}\n";
    args(&scratch.file("older", build)).fails(2, &["another build", "begin a new file"]);
    args(&scratch.path("")).fails(2, &["resume-refused"]);
}

#[test]
fn a_large_sample_is_drawn_in_parts_that_are_one_answer() {
    let scratch = Scratch::new("parts");
    let script = "geometry n_tty_buf 8 ttyb_align 1 ttyb_page 2\n\
                  thread writer {\n    write master \"a\"\n}\n";
    let script = scratch.file("small.tty", script);
    let args = ["check", "--policy", "random", "--schedules", "200_001", "--scenario", &script];
    let done = ttysim(&[&args[..], &["--format", "json"]].concat());
    assert_eq!(done.code, Some(0), "{}", done.err);
    let verdicts = verdicts(&done.out);
    assert_eq!(verdicts.len(), 4, "one a property");
    assert!(verdicts.iter().all(|v| v.contains("\"executions\":200001")), "{verdicts:?}");
}
