// SPDX-License-Identifier: GPL-2.0-only
//! What `ttysim museum ID` tells, one exhibit of each kind: the words, the numbers, the interleaving; and
//! what `museum --fixes` says of W1's.

use std::process::Command;

fn told(asked: &str) -> String {
    let run = Command::new(env!("CARGO_BIN_EXE_ttysim")).args(["museum", asked]).output();
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

#[test]
fn the_readme_draws_the_stall_as_it_is_found() {
    let readme = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md"));
    let story = told("W1");
    let drawing = story.split_once("  CPU0 writer").expect("a drawing").1;
    let (drawing, _) = drawing.split_once("moved nothing\n").expect("what is found");
    assert!(
        readme.expect("README.md").contains(drawing),
        "README.md has another drawing than\n{story}"
    );
}

#[test]
fn the_fixes_cost_what_the_docs_say() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/museum.md");
    let docs = std::fs::read_to_string(path).expect("docs/museum.md");
    let printed = told("--fixes");
    let (table, _) = printed.split_once("\n\n").expect("a table and its legend");
    assert!(docs.contains(table), "docs/museum.md has another table than\n{printed}");
}
