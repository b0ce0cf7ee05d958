// SPDX-License-Identifier: GPL-2.0-only
//! The suite must be able to fail: scripts that are wrong in every way there is.

use crate::judge::{Ptys, Report, judge_all};
use crate::{collect, ptys, show};
use std::fs;
use std::path::{Path, PathBuf};

/// A directory of its own, gone when dropped.
struct Temporary(PathBuf);

impl Temporary {
    fn new(name: &str) -> Self {
        let name = format!("ttysim-conformance-{}-{name}", std::process::id());
        let dir = std::env::temp_dir().join(name);
        fs::create_dir_all(dir.join("deep/deeper")).unwrap();
        Self(dir)
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        // What cannot be removed is litter in /tmp, no failure.
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn judged(dir: &Path, ptys: Ptys) -> Report {
    judge_all(dir, &collect::scripts(dir), ptys)
}

/// What the suite says of `text`, on the model and on this machine's ptys.
fn said_of(name: &str, text: &str, ptys: Ptys) -> String {
    let dir = Temporary::new(name);
    fs::write(dir.0.join("deep/deeper/wrong.tty"), text).unwrap();
    let report = judged(&dir.0, ptys);
    assert_eq!(report.scripts, 1);
    match report.failures.len() {
        0 => String::new(),
        _ => show::failures(&report),
    }
}

#[test]
fn a_wrong_expectation_is_reported_with_its_place_and_all_answers() {
    let text = "inq slave\nexpect 0\nwrite master \"hi\\n\"\nread slave 64\nexpect \"ho\\n\"\n";
    let said = said_of("model", text, Ptys::None);
    let place = "\ndeep/deeper/wrong.tty:4: read slave 64\n";
    assert!(said.contains(place), "{said}");
    assert!(said.contains("\n    expected  \"ho\\n\"\n"), "{said}");
    assert!(said.contains("    model     \"hi\\n\"\n    kernel    (not run)\n"), "{said}");
    assert!(said.contains("1 SCRIPTS NOT RUN ON THE KERNEL"), "{said}");
    let ptys = ptys();
    if ptys != Ptys::None {
        let said = said_of("kernel", text, ptys);
        assert!(said.contains(place), "{said}");
        assert!(said.contains("    model     \"hi\\n\"\n    kernel    \"hi\\n\"\n"), "{said}");
    }
}

#[test]
fn every_kind_of_wrong_expectation_fails() {
    let wrong = [
        ("number", "write master \"a\"\nexpect 2"),
        ("errno", "read slave 1\nexpect EIO"),
        ("errno-for-bytes", "read slave 1\nexpect \"\""),
        ("bytes-for-number", "inq slave\nexpect \"\""),
        ("events", "poll slave\nexpect POLLIN"),
        ("too-few-events", "poll slave\nexpect POLLOUT"),
        ("behind-a-read-that-sleeps", "inq slave\nexpect 0\nread slave 1 wait\ninq slave"),
        ("nothing-expected", "inq slave\ninq master"),
        ("empty", "# nothing at all"),
        ("no-script", "inq slaev\nexpect 0"),
        ("races", "write master \"x\" * 4096\nexpect 4096"),
        ("threads", "inq slave\nexpect 0\nthread a {\ninq slave\n}"),
        ("other-sizes", "geometry n_tty_buf 8\ninq slave\nexpect 0"),
    ];
    for (name, text) in wrong {
        assert_ne!(said_of(name, text, Ptys::None), "", "{name}");
    }
    let right = "poll slave\nexpect POLLOUT POLLWRNORM\nread slave 1\nexpect EAGAIN";
    assert_eq!(said_of("right", right, ptys()), "");
}

#[test]
fn where_sti_is_refused_only_scripts_with_it_are_left_out() {
    let dir = Temporary::new("sti");
    fs::write(dir.0.join("sti.tty"), "sti slave \"a\"\nexpect 0\n").unwrap();
    fs::write(dir.0.join("deep/inq.tty"), "inq slave\nexpect 0\n").unwrap();
    let none = judged(&dir.0, Ptys::None);
    assert_eq!((none.scripts, none.on_kernel, none.failures.len()), (2, 0, 0));
    if ptys() != Ptys::None {
        let some = judged(&dir.0, Ptys::NoSti);
        assert_eq!((some.scripts, some.on_kernel, some.failures.len()), (2, 1, 0));
    }
}
