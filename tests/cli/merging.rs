// SPDX-License-Identifier: GPL-2.0-only
//! Putting shards together: sums, and what may never count as a pass.

use super::{Scratch, ttysim, ttysim_with};

/// A verdict as `check --format json` writes it.
pub(super) fn verdict(
    design: &str,
    scenario: &str,
    property: &str,
    status: &str,
    all: bool,
) -> String {
    format!(
        "{{\"type\":\"verdict\",\"v\":1,\"design\":\"{design}\",\"scenario\":\"{scenario}\",\
         \"property\":\"{property}\",\"status\":\"{status}\",\"exhaustive\":{all},\
         \"runtime\":\"seeded\",\"memory\":\"sc\",\"executions\":1000,\"seconds\":0.5,\
         \"counterexample\":null}}\n"
    )
}

fn end(shard: u32, of: u32, verdicts: u32) -> String {
    format!(
        "{{\"type\":\"shard\",\"v\":1,\"shard\":{shard},\"of\":{of},\"verdicts\":{verdicts}}}\n"
    )
}

#[test]
fn shards_become_one_table() {
    let scratch = Scratch::new("merge-table");
    let one = verdict("a", "x", "C1", "holds", true) + &verdict("a", "x", "C3", "holds", false);
    let two = verdict("a", "y", "C1", "holds", true) + &verdict("a", "y", "C3", "holds", false);
    let one = scratch.file("1", one + &end(1, 2, 2));
    let two = scratch.file("2", two + &end(2, 2, 2));
    let done = ttysim(&["merge", &one, &two]);
    assert_eq!((done.code, done.err.as_str()), (Some(0), ""));
    let rows: Vec<&str> = done.out.lines().take(2).collect();
    assert_eq!(rows, ["design  C1 cut       C3 live", "a       holds (all)  holds (2k)"]);

    let json = ttysim(&["merge", "--format", "json", &one, &two]);
    assert_eq!(json.out.lines().count(), 4);
    assert!(json.out.lines().all(|l| l.starts_with("{\"type\":\"verdict\",\"v\":1,")));
    // Without shard lines the result merges again, as one part of something larger.
    let done = ttysim_with(&["merge", "-"], json.out.as_bytes());
    assert_eq!(done.code, Some(0), "{}", done.err);
}

/// Of each verdict line: what was asked, what is known, and in how many executions.
fn answers(out: &str) -> Vec<String> {
    let fields = ["scenario", "property", "status", "exhaustive", "executions"];
    let parse = |line| serde_json::from_str::<serde_json::Value>(line).expect("a JSON line");
    let lines = out.lines().map(parse).filter(|v| v["type"] == "verdict");
    let mut all: Vec<String> =
        lines.map(|v| fields.map(|field| v[field].to_string()).join(" ")).collect();
    all.sort();
    all
}

#[test]
fn shards_of_an_exploration_add_up_to_the_whole() {
    let scratch = Scratch::new("merge-shares");
    // Nine explorations: so many are not divided, unless they are sharded.
    let mut args = vec!["check", "exclusive-ordered", "--policy", "exhaustive", "--format", "json"];
    for name in ["append", "wrap", "line", "flush", "echo", "echoed", "signal", "flow", "full"] {
        args.extend(["--scenario", name]);
    }
    let whole = answers(&ttysim(&args).out);
    assert_eq!(whole.len(), 9 * 4);
    let shards: Vec<String> = (1..=3)
        .map(|i| {
            let shard = format!("{i}/3");
            let done = ttysim(&[&args[..], &["--shard", &shard]].concat());
            assert_ne!(answers(&done.out), whole, "a shard does not do everything");
            scratch.file(&format!("{i}"), done.out)
        })
        .collect();
    let files: Vec<&str> = shards.iter().map(String::as_str).collect();
    let merged = ttysim(&[&["merge", "--format", "json"], &files[..]].concat());
    assert_eq!(answers(&merged.out), whole);
}

#[test]
fn jobs_do_not_change_the_result() {
    let check = |jobs: &str| {
        let args = ["check", "exclusive-2016", "--scenario", "append", "--format", "json"];
        ttysim(&[&args[..], &["--jobs", jobs]].concat()).out
    };
    let one = answers(&check("1"));
    assert!(one.iter().any(|line| line.contains("violated")), "{one:?}");
    assert_eq!(answers(&check("3")), one);
}

#[test]
fn the_same_question_is_summed_up() {
    let twice =
        verdict("a", "x", "C1", "holds", false) + &verdict("a", "x", "C1", "violated", false);
    let done = ttysim_with(&["merge", "--format", "json", "-"], twice.as_bytes());
    assert_eq!(done.code, Some(1));
    assert_eq!(done.out.lines().count(), 1);
    assert!(done.out.contains("\"violated\"") && done.out.contains("\"executions\":2000"));
}

#[test]
fn what_is_missing_is_no_pass() {
    let scratch = Scratch::new("merge-missing");
    let good = verdict("a", "x", "C1", "holds", true);
    let bad = verdict("a", "x", "C1", "violated", true);
    let open = verdict("a", "x", "C1", "exhausted", false);
    let file = |name: &str, text: String| scratch.file(name, text);
    ttysim(&["merge", &file("open", open)]).fails(4, &[]);
    let first = file("first", good.clone() + &end(1, 3, 1));
    ttysim(&["merge", &first]).fails(4, &["2 of 3 shards are missing", "--shard 2/3"]);
    let found = file("found", bad + &end(2, 3, 1));
    ttysim(&["merge", &first, &found]).fails(1, &[]);
    let uncounted = file("uncounted", good.clone());
    ttysim(&["merge", &first, &uncounted]).fails(4, &["uncounted is cut short"]);
    ttysim(&["merge", &first, &first]).fails(2, &["shard 1/3 is in"]);
    ttysim(&["merge", &file("few", end(1, 3, 2))]).fails(2, &["had 2 verdicts, here are 0"]);
    ttysim(&["merge", &first, &file("of", end(1, 4, 0))]).fails(2, &["of 4, an earlier one"]);
    ttysim(&["merge", &file("no", end(4, 3, 0))]).fails(2, &["there is no shard 4/3"]);
    ttysim(&["merge", &file("empty", String::new())]).fails(2, &["no verdict in these files"]);
    ttysim(&["merge", &file("cut", good[..40].to_owned())]).fails(2, &["cut:1:40: EOF"]);
    ttysim(&["merge"]).fails(2, &["<FILE>"]);
}

#[test]
fn text_from_files_cannot_drive_the_terminal() {
    let line = verdict("a\\u001b[2J", "x\\u001b[2J", "C\\u001b1", "violated", true);
    let done = ttysim_with(&["merge", "-"], line.as_bytes());
    assert_eq!(done.code, Some(1));
    assert!(!done.out.contains('\x1b'), "{:?}", done.out);
}
