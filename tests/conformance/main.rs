// SPDX-License-Identifier: GPL-2.0-only
//! Scripts whose every answer was taken from a real Linux 6.18, one topic a file.
//!
//! # Data flow
//! Every `*.tty` below this directory ([`mod@collect`]) runs on the model, and on this machine's
//! ptys where it has any ([`mod@judge`]). Each `expect` must be met on both, and lines that expect
//! nothing must give the same on both. What is not met is shown with its file and line
//! ([`mod@show`]).
//!
//! # Adding one
//! Write the operations; `ttysim run --on model,kernel FILE` says what both make of them. Check the
//! kernel's answers against its source, put them behind the operations as `expect` lines, and say in
//! a comment on top what the script shows and which kernel function it is about. A script must have
//! one answer: what races by nature ([`ttysim::compare::rules`]) does not belong here.
//!
//! Where there is no usable `/dev/ptmx`, the scripts run on the model alone; that is said on standard
//! error, with their number, past the test harness's capture.

#![allow(clippy::panic, clippy::unwrap_used, reason = "that is how a test fails")]

mod collect;
mod index;
mod judge;
mod runner;
mod runtimes;
mod show;

use judge::{Ptys, judge_all};
use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};
use ttysim::kernel;

/// No fewer scripts than these: a directory that is lost is seen.
const AT_LEAST: usize = 600;

/// Every directory of scripts.
const TOPICS: [&str; 18] = [
    "canonical",
    "capacity",
    "close-hangup",
    "echo",
    "editing",
    "extproc",
    "facts",
    "flow",
    "found",
    "input",
    "ioctl",
    "mode-change",
    "output",
    "packet",
    "poll",
    "programs",
    "signals",
    "vmin-vtime",
];

/// Where the scripts are.
fn home() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/conformance")
}

/// Says `text` on standard error even if the test passes, which `eprintln!` would not.
fn loudly(text: &str) {
    writeln!(std::io::stderr().lock(), "{text}").unwrap();
}

/// This machine's ptys, with a word about it if they cannot be used; none where the environment says
/// `TTYSIM_PTYS=none`, for who asks about the model only, and often (docs/cargo-mutants.md).
fn ptys() -> Ptys {
    if std::env::var_os("TTYSIM_PTYS").is_some_and(|ptys| ptys == "none") {
        return Ptys::None;
    }
    let ptys = Ptys::of_this_machine();
    if let Err(e) = kernel::available() {
        loudly(&format!("SKIPPED on the kernel: {e}"));
    }
    ptys
}

#[test]
fn every_script_is_met_by_the_model_and_by_this_kernel() {
    let scripts = collect::scripts(&home());
    assert!(
        scripts.len() >= AT_LEAST,
        "{} scripts instead of {AT_LEAST} or more: where are the others?",
        scripts.len()
    );
    let report = judge_all(&home(), &scripts, ptys());
    loudly(&show::summary(&report));
    assert!(report.failures.is_empty(), "{}", show::failures(&report));
}

#[test]
fn every_topic_has_scripts() {
    let home = home();
    let found: BTreeSet<String> = collect::scripts(&home)
        .iter()
        .filter_map(|path| path.parent()?.strip_prefix(&home).ok()?.to_str().map(str::to_owned))
        .collect();
    let wanted: BTreeSet<String> = TOPICS.iter().map(|t| (*t).to_owned()).collect();
    assert_eq!(found, wanted, "directories of scripts, and TOPICS");
}

#[test]
fn every_script_says_what_it_shows_and_where_that_comes_from() {
    for path in collect::scripts(&home()) {
        let text = std::fs::read_to_string(&path).unwrap();
        let head: Vec<&str> = text.lines().take_while(|l| l.starts_with('#')).collect();
        let spdx = head.first() == Some(&"# SPDX-License-Identifier: GPL-2.0-only");
        let source = head.iter().any(|l| l.starts_with("# From: "));
        assert!(spdx && source && head.len() >= 3, "{}: {head:?}", path.display());
    }
}
