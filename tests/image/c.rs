// SPDX-License-Identifier: GPL-2.0-only
//! The C header is what Rust says, and a C program that knows nothing else reads an image with it.

use super::sample;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use ttysim::checkpoint::image::c_header::{c_header, markdown};
use ttysim::checkpoint::image::layout::Layout;
use ttysim::checkpoint::image::records::LAYOUTS;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

fn scratch(test: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("image").join(test);
    let _ = std::fs::remove_dir_all(&path);
    std::fs::create_dir_all(&path).expect("a directory");
    path
}

/// gcc with every warning an error, or nothing where there is no gcc.
fn gcc(args: &[&str]) -> Option<Output> {
    let include = format!("{ROOT}/include");
    let flags = ["-Wall", "-Wextra", "-Wpadded", "-Werror", "-pedantic", "-I", &include];
    let output = Command::new("gcc").args(flags).args(args).output();
    if output.is_err() {
        println!("no gcc here: nothing is compiled");
    }
    output.ok()
}

#[track_caller]
fn compiles(args: &[&str]) -> bool {
    let Some(output) = gcc(args) else { return false };
    let err = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{args:?}\n{err}");
    true
}

#[test]
fn the_header_is_the_generated_one() {
    let there = std::fs::read_to_string(format!("{ROOT}/include/tty_checkpoint.h"));
    let now = "run `cargo run -- image layout c > include/tty_checkpoint.h`";
    assert!(there.expect("a header") == c_header(), "the layout has changed: {now}");
}

#[test]
fn the_documentation_has_the_generated_tables() {
    let text = std::fs::read_to_string(format!("{ROOT}/docs/image.md")).expect("docs/image.md");
    let (_, rest) = text.split_once("<!-- generated -->\n").expect("where they begin");
    let (tables, _) = rest.split_once("<!-- end -->").expect("where they end");
    let now = "put the output of `cargo run -- image layout markdown` between the two comments";
    assert!(tables.trim() == markdown().trim(), "the layout has changed: {now}");
}

/// Rust's offsets and sizes, as assertions.
fn assertions() -> String {
    let mut c = String::from("#include <stddef.h>\n#include \"tty_checkpoint.h\"\n");
    for layout in LAYOUTS {
        let Layout { c_name, fields, .. } = layout;
        let mut require = |left: String, right: usize| {
            let _ = writeln!(c, "_Static_assert({left} == {right}, \"{c_name}\");");
        };
        require(format!("sizeof(struct {c_name})"), layout.size());
        for f in *fields {
            require(format!("offsetof(struct {c_name}, {})", f.name), f.offset);
            require(format!("sizeof(((struct {c_name} *)0)->{})", f.name), f.size);
        }
    }
    c + "int nothing;\n"
}

#[test]
fn a_c_compiler_has_the_same_offsets() {
    let source = scratch("offsets").join("offsets.c");
    let text = assertions();
    assert!(text.matches("offsetof").count() > 40);
    std::fs::write(&source, &text).expect("a file");
    let source = source.display().to_string();
    let check = ["-fsyntax-only", &source];
    for standard in ["-std=c11", "-std=gnu11", "-std=c17"] {
        if !compiles(&[&[standard][..], &check].concat()) {
            return;
        }
    }
    // Without linux/types.h, as elsewhere.
    compiles(&[&["-std=c11", "-U__linux__"][..], &check].concat());
    // What is not so is noticed.
    let wrong = text.replacen("== 4,", "== 5,", 1);
    std::fs::write(Path::new(&source), wrong).expect("a file");
    let output = gcc(&["-std=c11", "-fsyntax-only", &source]).expect("gcc");
    assert!(!output.status.success(), "a wrong offset compiles");
}

/// The program that walks an image, compiled; nothing where there is no gcc.
fn walker() -> Option<String> {
    let program = scratch("walk").join("walk").display().to_string();
    let source = format!("{ROOT}/tests/image/walk.c");
    compiles(&["-std=c11", "-O1", "-o", &program, &source]).then_some(program)
}

#[test]
fn a_c_program_walks_an_image() {
    let Some(walker) = walker() else { return };
    let file = Path::new(&walker).with_file_name("image");
    let walk = |bytes: &[u8]| {
        std::fs::write(&file, bytes).expect("a file");
        let output = Command::new(&walker).arg(&file).output().expect("it starts");
        (output.status.code(), String::from_utf8(output.stdout).expect("UTF-8"))
    };
    let bytes = sample::image().encode();
    let (code, out) = walk(&bytes);
    assert_eq!(code, Some(0), "{out}");
    insta::assert_snapshot!("walked-in-c", out);
    // Every byte counts, in C as well.
    for at in (0..bytes.len()).step_by(7) {
        let mut bad = bytes.clone();
        bad[at] ^= 0x20;
        assert_ne!(walk(&bad).0, Some(0), "byte {at}");
    }
    assert_ne!(walk(&bytes[..bytes.len() - 8]).0, Some(0));
}
