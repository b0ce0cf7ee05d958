// SPDX-License-Identifier: GPL-2.0-only
//! `new-design` in a copy of the source.

use super::{Scratch, ttysim};
use std::path::Path;
use std::process::Command;

/// A copy of what the command needs.
fn tree(test: &str) -> (Scratch, String) {
    let scratch = Scratch::new(test);
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    std::fs::create_dir_all(scratch.path("src/checkpoint")).expect("a directory");
    let registry = std::fs::read(here.join("src/checkpoint.rs")).expect("the registry");
    scratch.file("src/checkpoint.rs", registry);
    let path = scratch.0.display().to_string();
    (scratch, path)
}

#[test]
fn a_skeleton_is_written_and_registered_once() {
    let (scratch, tree) = tree("new-design");
    let done = ttysim(&["new-design", "my-peek", "--tree", &tree]);
    assert_eq!(done.code, Some(0), "{}", done.err);
    assert!(done.out.contains("check my-peek") && done.out.contains("--lib my_peek"));
    let design =
        std::fs::read_to_string(scratch.path("src/checkpoint/my_peek.rs")).expect("written");
    assert!(design.starts_with("// SPDX-License-Identifier: GPL-2.0-only\n//! my-peek"));
    assert!(design.contains("pub(super) struct MyPeek;") && !design.contains('@'), "{design}");
    let registry = std::fs::read_to_string(scratch.path("src/checkpoint.rs")).expect("there");
    assert!(
        registry.contains("\nmod my_peek;\n") && registry.contains("    &my_peek::MyPeek,\n];")
    );
    ttysim(&["new-design", "my-peek", "--tree", &tree]).fails(2, &["exists already"]);
    let again = std::fs::read_to_string(scratch.path("src/checkpoint.rs")).expect("there");
    assert_eq!(registry, again);
}

#[test]
fn what_cannot_be_done_is_said() {
    let (_scratch, tree) = tree("no-new-design");
    ttysim(&["new-design", "My Peek", "--tree", &tree]).fails(2, &["small letters", "help: "]);
    ttysim(&["new-design", "peekraw-v2", "--tree", &tree]).fails(2, &["there is one of that name"]);
    ttysim(&["new-design", "x", "--tree", "/nonexistent"]).fails(2, &["--tree DIR"]);
}

/// Compiles a whole copy of the source with a new design in it: minutes.
#[test]
#[ignore = "compiles the crate again: minutes"]
fn the_skeleton_compiles_passes_its_test_and_lints() {
    let scratch = Scratch::new("new-design-built");
    let here = env!("CARGO_MANIFEST_DIR");
    let run = |program: &str, args: &[&str], at: &str| {
        let output = Command::new(program).args(args).current_dir(at).output().expect("it starts");
        let err = String::from_utf8_lossy(&output.stderr).into_owned();
        let out = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{program} {args:?}: {out}{err}");
        out
    };
    let tree = scratch.path("tree");
    run("git", &["clone", "--quiet", here, &tree], here);
    let done = ttysim(&["new-design", "my-peek", "--tree", &tree]);
    assert_eq!(done.code, Some(0), "{}", done.err);
    run("cargo", &["fmt", "--all", "--check"], &tree);
    let tests = run("cargo", &["test", "--release", "--lib", "my_peek"], &tree);
    assert!(tests.contains("1 passed"), "{tests}");
    run("cargo", &["clippy", "--release", "--all-targets", "--", "-D", "warnings"], &tree);
}
