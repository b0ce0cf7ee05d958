// SPDX-License-Identifier: GPL-2.0-only
//! Exported programs: they compile without a warning, end by themselves, say KTAP, and what they
//! cannot show is refused.

use super::{directory, file, has_ptys, text, ttysim};
use std::path::Path;
use std::process::Command;

/// The stall of TIOCSTI at Linux's sizes, as `check` saves it.
const STALL: &str = "\
ttysim-schedule 1
design none
memory sc
property C3
code stall
sentence 1 committed bytes for the slave stay in the flip chain
scenario real-sti
trace-hash 054c6221d12028b3
schedule writer*25 typist*3 kworker/slave*5 typist*17
script
termios slave raw -echo
thread writer {
    write master \"0\"
}
thread typist {
    sti slave \"x\"
}
";

/// Everything that can be exported.
const ALL: &str = "\
termios slave raw -echo -opost
termios master min 1
write master \"a\\\"??/\\n\\x00\\xff\" \"x\" * 200
settle
poll slave
thread a-1 {
    write slave \"back\"
    inq slave
    outq master
}
thread b {
    read slave 64 wait
    read master 9
    flow slave ooff
    flow slave oon
}
";

/// The compiled program of the input in `input`, or nothing where there is no gcc.
fn compiled(name: &str, input: &str, more: &[&str]) -> Option<String> {
    let scratch = directory(name);
    let input = file(&scratch, "in.tty", input);
    let source = scratch.join("program.c").display().to_string();
    let args = [&["export", "kselftest", &input, "--out", &source], more].concat();
    assert_eq!(text(&args, &[0]), "");
    let program = scratch.join("program").display().to_string();
    let flags = ["-O2", "-Wall", "-Wextra", "-Werror", "-pthread", "-o", &program, &source];
    let Ok(gcc) = Command::new("gcc").args(flags).output() else {
        println!("no gcc here: {name} is not compiled");
        return None;
    };
    assert!(gcc.status.success(), "{}", String::from_utf8_lossy(&gcc.stderr));
    Some(program)
}

/// Runs it for at most so many seconds. Its exit status, and how many rounds had data stuck.
fn run(program: &str, seconds: u32) -> (i32, u64) {
    let mut command = Command::new(program);
    command.env("SECONDS", seconds.to_string()).env("ROUNDS", "10000000");
    let output = command.output().expect("it starts");
    let code = output.status.code().expect("it ends by itself");
    let said = String::from_utf8(output.stdout).expect("UTF-8");
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(lines[..2], ["TAP version 13", "1..1"], "{said}");
    let result = match code {
        0 => "ok 1 ",
        1 => "not ok 1 ",
        4 => "ok 1 global.",
        _ => panic!("it ended with {code}: {said}"),
    };
    assert_eq!(lines.iter().filter(|l| l.starts_with(result)).count(), 1, "{said}");
    assert_eq!(said.contains(" # SKIP "), code == 4, "{said}");
    println!("{said}");
    let words: Vec<&str> = said.split_whitespace().collect();
    let at = words.windows(3).position(|w| w == ["with", "data", "stuck"]);
    (code, at.map_or(0, |at| words[at - 1].parse().expect("a number")))
}

#[test]
fn programs_compile_and_end() {
    let scenario = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/real-sti.tty");
    let scenario = std::fs::read_to_string(scenario).expect("a scenario");
    let real = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/real.tty");
    let real = std::fs::read_to_string(real).expect("a scenario");
    let programs = [
        compiled("export-all", ALL, &[]),
        compiled("export-stall", STALL, &[]),
        compiled("export-scenario", &scenario, &[]),
        compiled("export-ioctl", &real, &["--ioctl", "0x5499"]),
    ];
    if !has_ptys() {
        println!("no ptys here: nothing is run");
        return;
    }
    let ends: Vec<Option<i32>> =
        programs.iter().map(|p| p.as_deref().map(|p| run(p, 1).0)).collect();
    // This kernel has no such ioctl: there is no verdict.
    assert!(ends[3].is_none_or(|code| code == 4), "{ends:?}");
    assert_eq!(ends[0].unwrap_or(0), 0, "nothing is stuck where nobody types");
}

/// Whether the kernel this runs on has the stall is not this project's to say: run by hand.
#[test]
#[ignore = "about the kernel it runs on: half a minute, and TIOCSTI allowed"]
fn the_stall_is_on_this_machines_kernel() {
    let scenario = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/real-sti.tty");
    let scenario = std::fs::read_to_string(scenario).expect("a scenario");
    let program = compiled("stall-here", &scenario, &[]).expect("gcc");
    let (code, stuck) = run(&program, 30);
    assert!(code == 1 && stuck > 0, "{stuck} rounds");
}

#[test]
fn what_system_calls_cannot_show_is_refused_and_said() {
    let scratch = directory("export-refused");
    let refused = |name: &str, input: &str, says: &str| {
        let input = file(&scratch, name, input);
        let output = ttysim(&["export", "kselftest", &input]);
        let err = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{err}");
        assert!(err.contains("system calls cannot show this") && err.contains(says), "{err}");
        assert!(
            err.contains("\nhelp: ") || says == "dropped" || says == "nothing is written",
            "{err}"
        );
    };
    let threads = "thread a {\n    write master \"x\"\n}\n";
    let raw = "termios slave raw -echo\n";
    refused("a", &format!("geometry n_tty_buf 8\n{raw}{threads}"), "no kernel has");
    refused("b", &format!("{raw}thread p {{\n    checkpoint this slave as A\n}}\n"), "--ioctl");
    refused("c", threads, "icanon");
    refused("d", &format!("{raw}write master \"x\"\n"), "concurrent");
    refused("e", &format!("{raw}{threads}inq slave\n"), "behind the threads");
    refused("f", &STALL.replace("property C3", "property C4"), "KCSAN");
    refused("g", &STALL.replace("property C3", "property C1"), "instant");
    refused("h", "thread a {\n    poll slave\n}\n", "nothing is written");
}
