// SPDX-License-Identifier: GPL-2.0-only
//! No site is forgotten, and `docs/mutants.md` is what `ttysim mutants` computes: a sample of it is
//! computed again here, all of it by `ttysim mutants --table docs/mutants.md`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail")]

use std::collections::BTreeSet;
use std::path::Path;
use ttysim::mutants::{Fate, Field, trial};
use ttysim::sync::loom_rt::quiet;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A row of the table.
struct Row {
    site: String,
    mutation: String,
    status: String,
    by: String,
    executions: u64,
}

fn table() -> Vec<Row> {
    let text = std::fs::read_to_string(root().join("docs/mutants.md")).expect("docs/mutants.md");
    let rows = text.lines().filter(|l| l.starts_with("| `"));
    rows.map(|line| {
        let cells: Vec<&str> = line.split(" | ").map(|c| c.trim_matches(['|', ' ', '`'])).collect();
        Row {
            site: cells[0].to_owned(),
            mutation: cells[1].to_owned(),
            status: cells[2].to_owned(),
            by: cells[3].to_owned(),
            executions: cells.last().expect("a cell").parse().expect("a number"),
        }
    })
    .collect()
}

#[test]
fn the_table_is_what_is_computed() {
    let rows = table();
    let field = Field::survey(trial::all(&[]).expect("the trials"), 2);
    let targets = field.targets();
    let computed: BTreeSet<_> = targets.iter().map(|t| t.mutant.to_string()).collect();
    let written: BTreeSet<_> = rows.iter().map(|r| format!("{} {}", r.mutation, r.site)).collect();
    let stale: Vec<_> = written.difference(&computed).collect();
    assert!(stale.is_empty(), "run: ttysim mutants --table docs/mutants.md; stale: {stale:?}");
    println!("{} of {} mutants are in docs/mutants.md", written.len(), computed.len());
    // The cheap ones: a few executions each.
    let cheap: Vec<_> = rows.iter().filter(|r| r.executions < 500).step_by(23).collect();
    assert!(cheap.len() > 5);
    for row in cheap {
        let name = format!("{} {}", row.mutation, row.site);
        let target = targets.iter().find(|t| t.mutant.to_string() == name).expect("a target");
        let report = quiet(|| field.hunt(target, &|| true));
        let (status, by) = match &report.fate {
            Fate::Killed { by, .. } => ("killed", by.as_str()),
            Fate::Equivalent { computed: true, .. } => ("equivalent", "computed"),
            Fate::Equivalent { computed: false, .. } => ("equivalent", "argued"),
            Fate::Survived => ("SURVIVED", ""),
        };
        assert_eq!((status, by), (row.status.as_str(), row.by.as_str()), "{name}");
        assert_eq!(report.executions, row.executions, "{name}");
    }
}

/// Every site of the model's sources is reached by some trial, or is plain memory, or is listed
/// here with the reason.
#[test]
fn every_site_is_reached() {
    let field = Field::survey(trial::all(&[]).expect("the trials"), 2);
    let reached = field.reached();
    let mut missing = Vec::new();
    for file in sources() {
        let text = std::fs::read_to_string(&file).expect("a source");
        for site in literals(&text) {
            let known = UNREACHED.iter().any(|(s, _)| *s == site);
            if reached.contains(site) == known {
                missing.push(format!("{}: {site}", file.display()));
            }
        }
    }
    assert!(missing.is_empty(), "reached by no trial, or wrongly in UNREACHED: {missing:#?}");
}

/// Sites that no trial reaches, and why.
const UNREACHED: [(&str, &str); 0] = [];

fn sources() -> Vec<std::path::PathBuf> {
    let mut files = Vec::new();
    let mut directories = vec![root().join("src/n_tty"), root().join("src/tty_buffer")];
    while let Some(directory) = directories.pop() {
        for entry in std::fs::read_dir(directory).expect("a directory") {
            let path = entry.expect("an entry").path();
            if path.is_dir() { directories.push(path) } else { files.push(path) }
        }
    }
    for file in ["ldisc_ref", "n_tty", "pty", "tty_buffer", "tty_io", "tty_open", "tty_struct"] {
        files.push(root().join(format!("src/{file}.rs")));
    }
    files.sort();
    files
}

/// Literals that look like a site: `function.what`, outside comments.
fn literals(text: &str) -> Vec<&str> {
    let code = text.lines().filter(|l| !l.trim_start().starts_with("//"));
    let quoted = code.flat_map(|l| l.split('"').skip(1).step_by(2));
    let word = |w: &str| {
        !w.is_empty() && w.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
    };
    quoted
        .filter(|q| q.split_once('.').is_some_and(|(a, b)| word(a) && word(b)))
        .filter(|q| !NAMES.iter().any(|n| q.starts_with(n)))
        .collect()
}

/// What objects are called in reports, which looks the same.
const NAMES: [&str; 6] = ["buf.", "ctrl.", "flow.", "port.", "sentinel.", "tty_buffer."];
