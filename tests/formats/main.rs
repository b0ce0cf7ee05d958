// SPDX-License-Identifier: GPL-2.0-only
//! What other people's tools read: KTAP by the rules of the kernel's `kunit.py`, JSON by its schema.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail")]

mod export;
mod html;
mod json;
mod ktap;
mod pages;
mod parser;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn ttysim(args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ttysim"));
    command.current_dir(env!("CARGO_MANIFEST_DIR")).args(args);
    command.output().expect("the program starts")
}

/// What it wrote, given that it ended with one of these.
fn text(args: &[&str], codes: &[i32]) -> String {
    let output = ttysim(args);
    let code = output.status.code().expect("it ends");
    let err = String::from_utf8_lossy(&output.stderr);
    assert!(codes.contains(&code), "{args:?} ended with {code}: {err}");
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// A fresh directory for one test's files.
fn directory(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = std::fs::remove_dir_all(&path);
    std::fs::create_dir_all(&path).expect("a directory");
    path
}

fn file(directory: &Path, name: &str, text: &str) -> String {
    let path = directory.join(name);
    std::fs::write(&path, text).expect("a file");
    path.display().to_string()
}

/// Whether this machine has ptys: without them, nothing can be compared with the kernel.
fn has_ptys() -> bool {
    ttysim(&["compare", "--generate", "1"]).status.code() != Some(2)
}

const EXPECTS: &str =
    "write master \"abc\\n\"\nread slave 64\nexpect \"abc\\n\"\nread slave 64\nexpect \"x\"\n";
