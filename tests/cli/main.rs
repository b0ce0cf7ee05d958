// SPDX-License-Identifier: GPL-2.0-only
//! The program as people run it: exit status, standard output, standard error.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail")]

mod basics;
mod designs;
mod inputs;
mod merging;
mod resuming;
mod signals;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// What the program did.
struct Done {
    code: Option<i32>,
    out: String,
    err: String,
}

impl Done {
    fn new(output: Output) -> Self {
        Self {
            code: output.status.code(),
            out: String::from_utf8(output.stdout).expect("standard output is UTF-8"),
            err: String::from_utf8(output.stderr).expect("standard error is UTF-8"),
        }
    }

    /// Requires this exit status and, somewhere on standard error, each of `says`.
    #[track_caller]
    fn fails(&self, code: i32, says: &[&str]) {
        assert_eq!(self.code, Some(code), "{}{}", self.out, self.err);
        for text in says {
            assert!(self.err.contains(text), "'{text}' is not in:\n{}", self.err);
        }
        assert!(!self.err.contains("panicked"), "{}", self.err);
        assert!(!self.err.contains('\x1b'), "styled though nobody looks: {:?}", self.err);
    }
}

/// The program, in an environment that does not style anything by accident.
fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ttysim"));
    command.env_remove("CLICOLOR_FORCE").env_remove("NO_COLOR").stdin(Stdio::null());
    command
}

fn ttysim(args: &[&str]) -> Done {
    Done::new(program().args(args).output().expect("the program starts"))
}

/// The program with `input` as standard input.
fn ttysim_with(args: &[&str], input: &[u8]) -> Done {
    let mut child = program()
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    // A program that refuses its arguments may not read all of it.
    let _ = child.stdin.take().expect("a pipe").write_all(input);
    Done::new(child.wait_with_output().expect("the program ends"))
}

/// A directory of one test, removed with it.
struct Scratch(PathBuf);

impl Scratch {
    fn new(test: &str) -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(test);
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).expect("a directory");
        Self(path)
    }

    /// The path of `name` in it, which now holds `bytes`.
    fn file(&self, name: &str, bytes: impl AsRef<[u8]>) -> String {
        let path = self.0.join(name);
        std::fs::write(&path, bytes).expect("a file");
        path.to_str().expect("a UTF-8 path").to_owned()
    }

    fn path(&self, name: &str) -> String {
        self.0.join(name).to_str().expect("a UTF-8 path").to_owned()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
