// SPDX-License-Identifier: GPL-2.0-only
//! The oracle against what was measured on Linux 6.18, so that it is not only checked by the model.

use crate::compare::oracle;
use ttysim::run::Outcome;
use ttysim::script::ast::{Expect, Line, Script};
use ttysim::script::{Context, parse};

fn meets(expect: &Expect, outcome: &Outcome) -> bool {
    match (expect, outcome) {
        (Expect::Bytes(a), Outcome::Bytes(b)) => a == b,
        (Expect::Errno(a), Outcome::Errno(b)) => a == b,
        (Expect::Ret(a), Outcome::Number(b)) => a == b,
        (Expect::Ret(a), Outcome::Bytes(b)) => *a == b.len() as u64,
        (Expect::Events(a), Outcome::Events(b)) => a.0 == *b,
        _ => false,
    }
}

fn script(text: &str) -> Script {
    parse(text, &Context::file("fact")).unwrap_or_else(|e| panic!("{}\n{text}", e.report()))
}

/// Every `expect` of `text` is met.
fn fact(text: &str) {
    let script = script(text);
    let (known, beyond) = oracle(&script);
    assert_eq!(beyond, None, "{text}");
    let lines: Vec<&Line> = script.lines().collect();
    for (line, outcome) in lines.iter().zip(known) {
        if let Some(expect) = &line.expect {
            assert!(meets(expect, &outcome), "{}\ngave {outcome:?} in\n{text}", line.op);
        }
    }
}

#[test]
fn a_full_direction_takes_what_linux_takes() {
    let table = [(1, 20480), (64, 20480), (255, 20912), (256, 20480), (512, 20480), (1024, 20480)];
    for (size, total) in table.into_iter().chain([(1792, 21504), (2048, 13824)]) {
        for (from, to, settings) in [
            ("master", "slave", "termios slave raw -echo"),
            ("slave", "master", "termios slave -opost"),
        ] {
            let mut text = format!("{settings}\n");
            for _ in 0..total / size {
                text += &format!("write {from} \"x\" * {size}\nexpect {size}\n");
            }
            let last = total % size;
            let expect = if last == 0 { "EAGAIN".to_owned() } else { last.to_string() };
            text += &format!("write {from} \"x\" * {size}\nexpect {expect}\n");
            text += &format!("write {from} \"x\"\nexpect EAGAIN\ninq {to}\nexpect 4095\n");
            fact(&text);
        }
    }
}

#[test]
fn eof_and_the_ends_of_lines() {
    fact(concat!(
        "termios slave -echo\nwrite master \"ab\\x04\\x04\\x04\"\n",
        "read slave 64\nexpect \"ab\"\nread slave 64\nexpect \"\"\nread slave 64\nexpect \"\"\n",
        "read slave 64\nexpect EAGAIN\n",
        "write master \"ab\\x04cd\\n\"\ninq slave\nexpect 5\n",
        "read slave 64\nexpect \"ab\"\nread slave 64\nexpect \"cd\\n\"\n",
        "write master \"x\" * 65 \"\\x04\"\nread slave 64\nexpect 64\nread slave 64\nexpect \"x\"\n",
    ));
    for n in [4095, 4096, 4097, 5000, 9000] {
        let mut text = "termios slave -echo\n".to_owned();
        for at in (0..n).step_by(2000) {
            text += &format!("write master \"y\" * {}\n", 2000.min(n - at));
        }
        fact(&format!("{text}write master \"\\n\"\nread slave 9999\nexpect 4096\n"));
    }
}

#[test]
fn a_change_of_mode_makes_lines_of_what_is_there() {
    fact(concat!(
        "termios slave -echo\nwrite master \"abc\"\ninq slave\nexpect 0\n",
        "termios slave raw\ninq slave\nexpect 3\ntermios slave icanon\n",
        "write master \"\\x7f\"\nread slave 64\nexpect \"abc\"\n",
        "write master \"a\\x04b\\n\"\ntermios slave raw\nread slave 64\nexpect \"a\\x00b\\n\"\n",
        "write master \"x\" * 2000\nwrite master \"x\" * 2000\nwrite master \"x\" * 1000\n",
        "termios slave icanon\nread slave 9999\nexpect 4095\nread slave 9999\nexpect EAGAIN\n",
    ));
}

#[test]
fn echoes_of_editing() {
    fact(concat!(
        "termios slave echoprt\nwrite master \"abc\\x7f\\x7fX\\x7fY\\n\"\n",
        "read master 64\nexpect \"abc\\\\cb/X\\\\X/Y\\r\\n\"\n",
        "termios slave -echoprt\nwrite master \"\\x16\\x03\"\n",
        "read master 64\nexpect \"^\\x08^C\"\nwrite master \"\\x15\"\nread master 64\nexpect 6\n",
        "write master \"a\\x01b\\x12\\n\"\n",
        "read master 64\nexpect \"a^Ab^R\\r\\na^Ab\\r\\n\"\n",
    ));
}

#[test]
fn packets_and_flow_control() {
    fact(concat!(
        "packet on\nwrite master \"\\x13\"\nread master 9\nexpect \"\\x04\"\n",
        "write slave \"x\"\nexpect EAGAIN\nwrite master \"\\x11\"\nread master 9\nexpect \"\\x08\"\n",
        "flush slave in\nread master 9\nexpect \"\\x01\"\nflush slave out\nread master 9\n",
        "expect \"\\x02\"\nflush slave both\nread master 9\nexpect \"\\x03\"\n",
        "termios slave -ixon\nread master 9\nexpect \"\\x10\"\n",
        "termios slave ixon\nread master 9\nexpect \"\\x20\"\n",
        "termios slave extproc\nread master 9\nexpect \"\\x40\"\n",
        "write slave \"hi\"\ninq master\nexpect 2\nread master 9\nexpect \"\\x00hi\"\n",
    ));
}

#[test]
fn the_ends_close() {
    fact(concat!(
        "termios slave -opost\nwrite slave \"x\" * 2000\nwrite slave \"x\" * 2000\n",
        "write slave \"x\" * 2000\nwrite slave \"x\" * 2000\nclose slave\n",
        "read master 9999\nexpect 4095\nread master 9999\nexpect 3905\nread master 1\nexpect EIO\n",
    ));
    fact(
        "write master \"ab\\n\"\nclose master\nread slave 9\nexpect \"\"\nwrite slave \"x\"\nexpect EIO\n",
    );
}

#[test]
fn a_character_put_into_a_full_buffer_is_dropped() {
    fact(concat!(
        "termios slave raw -echo\nwrite master \"x\" * 2048\nwrite master \"x\" * 2047\n",
        "sti slave \"y\"\nexpect 0\ninq slave\nexpect 4095\nread slave 9999\nexpect 4095\n",
        "read slave 9999\nexpect EAGAIN\n",
    ));
}
