// SPDX-License-Identifier: GPL-2.0-only
//! Completions and manual pages, read by those they are for, where these are installed.

use super::{directory, file, text, ttysim};
use std::process::Command;

const COMMANDS: [&str; 11] = [
    "check",
    "prove",
    "run",
    "compare",
    "replay",
    "export",
    "image",
    "merge",
    "new-design",
    "completions",
    "man",
];

/// Runs a tool on `path`. Its status is that of success; nothing if there is no such tool.
fn reads(tool: &str, args: &[&str], path: &str) -> Option<String> {
    let Ok(output) = Command::new(tool).args(args).arg(path).output() else {
        println!("no {tool} here: {path} is not read");
        return None;
    };
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let err = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{tool} {path}: {said}{err}");
    Some(said)
}

#[test]
fn every_shell_gets_completions_and_bash_reads_its_own() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = text(&["completions", shell], &[0]);
        for command in COMMANDS {
            assert!(script.contains(command), "{shell} does not know {command}");
        }
        let path = file(&directory(&format!("completions-{shell}")), "script", &script);
        if shell == "bash" {
            reads("bash", &["-n"], &path);
            // And it proposes what there is.
            let line = "source \"$0\"; COMP_WORDS=(ttysim ne); COMP_CWORD=1; \
                        _ttysim ttysim ne ttysim; echo \"${COMPREPLY[@]}\"";
            let proposed = reads("bash", &["-c", line], &path).expect("bash");
            assert_eq!(proposed.trim(), "new-design");
        }
    }
    assert_eq!(ttysim(&["completions", "csh"]).status.code(), Some(2));
}

#[test]
fn every_command_has_a_page_that_man_reads() {
    let scratch = directory("man");
    let out = scratch.display().to_string();
    assert_eq!(text(&["man", "--out", &out], &[0]), "");
    for command in COMMANDS {
        let path = format!("{out}/ttysim-{command}.1");
        let page = text(&["man", command], &[0]);
        assert_eq!(std::fs::read_to_string(&path).expect("a page"), page);
        if let Some(shown) = reads("man", &["-l"], &path) {
            assert!(shown.contains("SYNOPSIS"), "{shown}");
        }
        reads("mandoc", &["-Tlint", "-Werror"], &path);
    }
    let below = text(&["man", "image-show"], &[0]);
    assert_eq!(std::fs::read_to_string(scratch.join("ttysim-image-show.1")).ok(), Some(below));
    let page = text(&["man"], &[0]);
    for command in COMMANDS {
        assert!(page.replace('\\', "").contains(&format!("ttysim-{command}")), "{page}");
    }
    assert!(page.contains("Exit status"), "{page}");
    let wrong = ttysim(&["man", "chek"]);
    assert_eq!(wrong.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&wrong.stderr).contains("did you mean 'check'?"));
}
