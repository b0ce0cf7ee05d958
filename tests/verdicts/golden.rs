// SPDX-License-Identifier: GPL-2.0-only
//! The report of a counterexample, as a maintainer gets it, and that it replays to the same bytes.

use std::path::Path;
use std::process::{Command, Output};
use std::sync::OnceLock;

fn ttysim(args: &[&str]) -> Output {
    let run = Command::new(env!("CARGO_BIN_EXE_ttysim")).args(args).output();
    run.expect("the binary runs")
}

fn text(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("UTF-8")
}

/// A fresh directory for one test's files.
fn directory(name: &str) -> String {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = std::fs::remove_dir_all(&path);
    path.display().to_string()
}

fn saved(directory: &str) -> Vec<String> {
    let entries = std::fs::read_dir(directory).expect("check --out made it");
    let mut files: Vec<String> =
        entries.map(|e| e.expect("an entry").path().display().to_string()).collect();
    files.sort();
    files
}

/// Where all that there is to find is saved: several tests look at it, and nobody changes it.
fn everything() -> &'static str {
    static OUT: OnceLock<String> = OnceLock::new();
    OUT.get_or_init(|| {
        let out = directory("everything");
        let check = ttysim(&["check", "--policy", "exhaustive", "--out", &out]);
        assert_eq!(check.status.code(), Some(1));
        out
    })
}

#[test]
fn every_saved_counterexample_replays_to_the_same_report() {
    let files = saved(everything());
    assert!(files.len() >= 15, "{files:?}");
    for file in &files {
        let json = ttysim(&["replay", file, "--format", "json"]);
        assert_eq!(json.status.code(), Some(1), "{file}");
        assert!(text(&json).contains("\"reproduced\":true"), "{file}: {}", text(&json));
        let (first, second) = (ttysim(&["replay", file]), ttysim(&["replay", file]));
        assert_eq!(first.stdout, second.stdout, "{file}");
        let sentence = std::fs::read_to_string(file).expect("readable");
        let sentence =
            sentence.lines().find_map(|l| l.strip_prefix("sentence ")).expect("a header");
        let squeezed = text(&first).split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(squeezed.contains(sentence), "{file}: the report does not say {sentence}");
    }
}

#[test]
fn the_stall_of_tiocsti_is_drawn_as_expected() {
    let file = format!("{}/pipeline-sti-C3.ttysim", everything());
    let replay = ttysim(&["replay", &file, "--width", "72"]);
    insta::assert_snapshot!("stall-of-tiocsti", text(&replay));
}

#[test]
fn the_stall_is_small_and_its_mail_is_complete() {
    let file = format!("{}/pipeline-sti-C3.ttysim", everything());
    let mail = text(&ttysim(&["replay", &file, "--mail"]));
    insta::assert_snapshot!("mail-of-the-stall", mail);
    let (body, command) = mail.split_once("ttysim replay - <<'EOF'\n").expect("a command");
    assert!(body.lines().all(|l| l.chars().count() <= 72), "{body}");
    // The command carries all that is needed.
    let saved = command.strip_suffix("EOF\n").expect("a here document");
    assert_eq!(saved, std::fs::read_to_string(&file).expect("readable"));
    let words: Vec<&str> = body.split_whitespace().collect();
    let number = |after: usize| words[after].parse::<usize>().expect("a number");
    let at = words.windows(2).position(|w| w == ["of", "steps,"]);
    let at = at.or_else(|| words.iter().position(|w| *w == "steps,")).expect("counts");
    let (shown, preemptions) = (number(at - 3), number(at + 1));
    assert!(shown <= 25, "{shown} steps");
    assert!(preemptions <= 2, "{preemptions} preemptions");
    let head = body.lines().find(|l| l.contains("CPU0")).expect("a head");
    assert!(head.matches("CPU").count() <= 3, "{head}");
    assert_eq!(body.lines().filter(|l| l.starts_with("*  ")).count(), 2, "{body}");
}

#[test]
fn every_race_that_decides_is_marked_on_both_sides() {
    for file in saved(everything()) {
        let all = text(&ttysim(&["replay", &file, "--all"]));
        let marks = all.lines().filter(|l| l.starts_with("*  ")).count();
        // What breaks in any order, and what one thread does alone, has no two sides.
        let alone = all.contains(" 0 preemptions") || all.contains("out-of-bounds");
        assert!(marks == 2 || marks == 0 && alone, "{file}: {marks} marks\n{all}");
    }
}

#[test]
fn a_schedule_for_another_script_diverges() {
    let out = directory("diverged");
    ttysim(&["check", "--policy", "exhaustive", "--out", &out, "exclusive-ordered"]);
    let file = format!("{out}/exclusive-ordered-append-C3.ttysim");
    let text = std::fs::read_to_string(&file).expect("readable");
    let other = |line: &str| {
        let line = if line.starts_with("write master") { "read master 1" } else { line };
        line.to_owned() + "\n"
    };
    let changed: String = text.lines().map(other).collect();
    assert_ne!(changed, text);
    std::fs::write(&file, changed).expect("writable");
    let replay = ttysim(&["replay", &file]);
    assert_eq!(replay.status.code(), Some(3));
}

#[test]
fn the_same_seed_gives_the_same_trace_in_another_process() {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/real.tty");
    let script = script.display().to_string();
    let args = ["run", &script, "--seeds", "1000", "--format", "json", "--design"];
    let run = || text(&ttysim(&[&args[..], &["exclusive-restart"]].concat()));
    let (first, second) = (run(), run());
    assert_eq!(first.lines().count(), 1000);
    assert_eq!(first, second);
    let mut hashes: Vec<&str> =
        first.lines().filter_map(|l| l.split("trace_hash").nth(1)).collect();
    hashes.sort_unstable();
    hashes.dedup();
    assert!(hashes.len() > 900, "only {} different traces", hashes.len());
}
