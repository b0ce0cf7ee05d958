// SPDX-License-Identifier: GPL-2.0-only
//! KTAP of every command that judges.

use super::parser::{Status, leaves, parse};
use super::{EXPECTS, directory, file, has_ptys, text};
use std::path::Path;
use std::process::Command;

fn tests(args: &[&str], codes: &[i32]) -> Vec<(String, Status)> {
    let args = [args, &["--format", "ktap"]].concat();
    let text = text(&args, codes);
    let parsed = parse(&text).unwrap_or_else(|e| panic!("{args:?}: {e}\n{text}"));
    kernels_own_parser_agrees(&text, &leaves(&parsed));
    leaves(&parsed)
}

fn status(tests: &[(String, Status)], name: &str) -> Status {
    let found = tests.iter().find(|(n, _)| n == name);
    found.unwrap_or_else(|| panic!("no '{name}' in {tests:?}")).1
}

/// Where a kernel tree is given, its parser has to find the same, without an error.
fn kernels_own_parser_agrees(text: &str, leaves: &[(String, Status)]) {
    let Some(kernel) = std::env::var_os("TTYSIM_KERNEL_TREE") else { return };
    let script = "import sys\nsys.path.insert(0, sys.argv[1])\nimport kunit_parser as k\n\
        t = k.parse_run_tests(sys.stdin.read().splitlines())\n\
        c = t.counts\nprint('\\nCOUNTS', c.passed, c.failed, c.skipped, c.crashed, c.errors)\n";
    let tools = Path::new(&kernel).join("tools/testing/kunit");
    let input = directory("kunit").join(format!("{:?}.ktap", std::thread::current().id()));
    std::fs::create_dir_all(input.parent().expect("a directory")).expect("a directory");
    std::fs::write(&input, text).expect("a file");
    let stdin = std::fs::File::open(&input).expect("a file");
    let output = Command::new("python3").args(["-c", script]).arg(tools).stdin(stdin).output();
    let output = output.expect("python3");
    let said = String::from_utf8_lossy(&output.stdout);
    let counts = said.lines().rev().find_map(|l| l.strip_prefix("COUNTS "));
    let count = |status| leaves.iter().filter(|(_, s)| *s == status).count();
    let expected =
        format!("{} {} {} 0 0", count(Status::Ok), count(Status::NotOk), count(Status::Skip));
    let err = String::from_utf8_lossy(&output.stderr);
    assert_eq!(counts, Some(expected.as_str()), "{said}{err}\n{text}");
}

#[test]
fn check_fails_what_is_violated_and_skips_what_has_no_verdict() {
    let all =
        tests(&["check", "--policy", "exhaustive", "exclusive-2016", "exclusive-restart"], &[1]);
    let name = |design, what| format!("{design}/{what} (seeded, sc, exhaustive)");
    assert_eq!(status(&all, &name("exclusive-2016", "append C1")), Status::NotOk);
    assert_eq!(status(&all, &name("exclusive-2016", "append C2")), Status::Ok);
    assert_eq!(status(&all, &name("exclusive-restart", "four C3")), Status::Ok);
    assert!(all.iter().all(|(_, s)| *s != Status::Skip));
    let cut = tests(&["check", "--budget", "0.000001", "exclusive-restart"], &[4]);
    // A scenario of a few executions is through before anybody looks at the clock.
    let skipped = cut.iter().filter(|(_, s)| *s == Status::Skip).count();
    assert!(skipped * 2 > cut.len(), "{cut:?}");
    assert!(cut.iter().all(|(_, s)| *s != Status::NotOk), "{cut:?}");
}

#[test]
fn run_replay_merge_and_prove_are_ktap_too() {
    let scratch = directory("ktap");
    let script = file(&scratch, "a.tty", EXPECTS);
    let all = tests(&["run", &script], &[1]);
    assert_eq!(status(&all, "model, seed 1/line 2"), Status::Ok);
    assert_eq!(status(&all, "model, seed 1/line 4"), Status::NotOk);
    assert_eq!(status(&all, "model, seed 1/nothing found"), Status::Ok);
    let out = scratch.display().to_string();
    let check = ["check", "--policy", "exhaustive", "--out", &out, "exclusive-ordered"];
    let json = text(&[&check[..], &["--format", "json"]].concat(), &[1]);
    let counterexample = format!("{out}/exclusive-ordered-append-C3.ttysim");
    let replay = tests(&["replay", &counterexample], &[1]);
    assert_eq!(replay, [("exclusive-ordered append C3".to_owned(), Status::NotOk)]);
    let json = file(&scratch, "a.json", &json);
    let merged = tests(&["merge", &json], &[1]);
    assert!(merged.iter().any(|(_, s)| *s == Status::NotOk));
    let proved = tests(&["prove", "--budget", "1", "exclusive-ordered"], &[0, 1, 4]);
    assert!(proved.iter().any(|(n, _)| n.contains("loom")), "{proved:?}");
}

#[test]
fn compare_is_ktap_where_there_are_ptys() {
    if !has_ptys() {
        println!("no ptys here: nothing is compared");
        return;
    }
    let script = file(&directory("ktap-compare"), "a.tty", EXPECTS);
    let all = tests(&["compare", &script, "--generate", "20"], &[0]);
    assert_eq!(all.len(), 21);
    assert!(all.iter().filter(|(_, s)| *s == Status::Ok).count() >= 10, "{all:?}");
    assert!(all.iter().all(|(_, s)| *s != Status::NotOk));
    let kernel = tests(&["run", "--on", "kernel", &script], &[1]);
    assert_eq!(status(&kernel, "kernel/line 4"), Status::NotOk);
}
