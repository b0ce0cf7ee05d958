// SPDX-License-Identifier: GPL-2.0-only
//! What `ttysim museum ID` tells, one exhibit of each kind: the words, the numbers, the interleaving.

use std::process::Command;

fn told(id: &str) -> String {
    let run = Command::new(env!("CARGO_BIN_EXE_ttysim")).args(["museum", id]).output();
    let output = run.expect("the binary runs");
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
}

#[test]
fn a_stall() {
    insta::assert_snapshot!(told("14b"));
}

#[test]
fn a_data_race() {
    insta::assert_snapshot!(told("6"));
}

#[test]
fn a_deadlock() {
    insta::assert_snapshot!(told("8-read"));
}

#[test]
fn a_store_that_waits() {
    insta::assert_snapshot!(told("5"));
}

#[test]
fn output_that_a_signal_drops() {
    insta::assert_snapshot!(told("T9"));
}

#[test]
fn the_stall_of_tiocsti_and_its_fixes() {
    insta::assert_snapshot!(told("W1"));
}
