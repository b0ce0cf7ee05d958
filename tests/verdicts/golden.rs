// SPDX-License-Identifier: GPL-2.0-only
//! The report of a counterexample, as a maintainer gets it, and that it replays to the same bytes.

use std::path::Path;
use std::process::{Command, Output};

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

#[test]
fn every_saved_counterexample_replays_to_the_same_report() {
    let out = directory("replays");
    let check = ttysim(&["check", "--policy", "exhaustive", "--out", &out]);
    assert_eq!(check.status.code(), Some(1));
    let files = saved(&out);
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
    let out = directory("stall");
    ttysim(&["check", "--policy", "exhaustive", "--out", &out]);
    let replay = ttysim(&["replay", &format!("{out}/pipeline-sti-C3.ttysim"), "--width", "72"]);
    insta::assert_snapshot!("stall-of-tiocsti", text(&replay));
}

#[test]
fn a_schedule_for_another_script_diverges() {
    let out = directory("diverged");
    ttysim(&["check", "--policy", "exhaustive", "--out", &out, "exclusive-ordered"]);
    let file = format!("{out}/exclusive-ordered-append-C3.ttysim");
    let changed = std::fs::read_to_string(&file)
        .expect("readable")
        .replace("write master \"cde\"", "read master 1");
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
