// SPDX-License-Identifier: GPL-2.0-only
//! herd7's own answer, where it is installed. It is in no registry, and it needs the kernel's
//! `tools/memory-model` (`TTYSIM_LKMM`, a directory).

use super::{files, parse::parse, word};
use std::process::Command;

#[test]
fn herd7_agrees_with_the_headers() {
    let files = files();
    let Ok(version) = Command::new("herd7").arg("-version").output() else {
        println!("SKIPPED: herd7 is not on PATH; {} verdicts are not checked", files.len());
        return;
    };
    let Some(directory) = std::env::var_os("TTYSIM_LKMM") else {
        println!("SKIPPED: TTYSIM_LKMM is not set; {} verdicts are not checked", files.len());
        return;
    };
    println!("herd7 {}", String::from_utf8_lossy(&version.stdout).trim());
    let mut wrong = Vec::new();
    for file in &files {
        let test = parse(&std::fs::read_to_string(file).expect("a litmus test")).expect("parsed");
        let output = Command::new("herd7")
            .args(["-conf", "linux-kernel.cfg"])
            .arg(file)
            .current_dir(&directory)
            .output()
            .expect("herd7 runs");
        let text = String::from_utf8_lossy(&output.stdout);
        let seen = text.lines().find_map(|l| l.strip_prefix("Observation "));
        let expected = word(!test.never);
        if !seen.is_some_and(|s| s.contains(expected)) || text.contains("Flag data-race") {
            wrong.push(format!("{}: expected {expected}, herd7 says {seen:?}", test.name));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    println!("herd7 agrees on {} tests", files.len());
}
