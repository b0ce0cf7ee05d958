// SPDX-License-Identifier: GPL-2.0-only
//! What the parser accepts, and where it says what is wrong.

use super::super::ast::{DesignRef, End, Events, Expect, Item, Line, Op, Script, ThreadBlock};
use super::super::print::Bytes;
use super::*;
use crate::errno::Errno;
use std::collections::BTreeSet;

const CX: Context<'static> = Context::file("t");

fn parsed(text: &str) -> Script {
    parse(text, &CX).unwrap_or_else(|e| panic!("{}", e.report()))
}

/// Line, column, message and help of what is wrong with `text`.
fn wrong(text: &str) -> (u32, u32, String) {
    let e = parse(text, &CX).expect_err(text);
    let place = e.place().expect("a place");
    let help = e.help_text().unwrap_or_default();
    (place.line, place.column, format!("{} | {help}", e.message()))
}

fn assert_wrong(text: &str, line: u32, column: u32, says: &str) {
    let (l, c, message) = wrong(text);
    assert_eq!((l, c), (line, column), "{text}: {message}");
    assert!(message.contains(says), "{text}: {message}");
}

#[test]
fn the_example_of_the_documentation_parses_and_prints_back() {
    let text = r#"
geometry n_tty_buf 8 ttyb_align 1
worker-runs 3
settle off
termios slave raw -echo min 1            # or: sane
termios slave eof ^D eol ';' erase undef
write master "abc\x03\n" "x" * 50
expect 55
read slave 64
expect "abc"
inq slave
outq master
poll slave
expect POLLIN POLLRDNORM
flush slave both
flow slave ooff
packet on
sti slave "x"
close slave
open slave
setd slave 3
settle
checkpoint this slave as A
checkpoint 0x5480 master as B
thread writer {
    write master "q"
    expect EAGAIN
}
thread peek {
    checkpoint exclusive-2016 slave as C
}
restore C
"#;
    let script = parsed(text);
    assert_eq!(script.geometry.n_tty_buf, 8);
    assert_eq!(script.geometry.mem_limit, Geometry::LINUX.mem_limit);
    assert_eq!((script.worker_runs, script.settles()), (3, false));
    let printed = script.to_string();
    assert_eq!(parsed(&printed), script, "{printed}");
    assert!(printed.contains("termios slave eof ^D eol ';' erase undef\n"), "{printed}");
    assert!(printed.contains("write master \"abc\\x03\\n\" \"x\" * 50\n"), "{printed}");
    assert_eq!(printed, parsed(&printed).to_string());
}

#[test]
fn consecutive_blocks_are_one_group_and_numbers_are_kept() {
    let script = parsed("thread a {\nread slave 1 wait\n}\nthread b {\n}\nsettle\nthread a {\n}");
    let [Item::Threads(first), Item::Op(settle), Item::Threads(second)] = &script.items[..] else {
        panic!("{script:?}");
    };
    assert_eq!((first.len(), second.len(), settle.line_no.0), (2, 1, 6));
    let read = Op::Read { end: End::Slave, n: 1, wait: true };
    assert_eq!(first[0].lines, [Line::new(read.clone())]);
    assert_eq!(first[0].lines[0].line_no.0, 2);
    let block = ThreadBlock { line_no: LineNo(0), name: "a".into(), lines: vec![Line::new(read)] };
    assert_eq!(first[0], block);
    assert!(!script.settles() && parsed("settle").settles());
    assert_eq!(script.lines().count(), 2);
}

#[test]
fn expectations_belong_to_the_line_before() {
    let script =
        parsed("read slave 4\nexpect EAGAIN\npoll slave\nexpect POLLIN\ninq slave\nexpect 0");
    let expects: Vec<_> = script.lines().map(|l| l.expect.clone()).collect();
    assert_eq!(
        expects,
        [Some(Expect::Errno(Errno::EAGAIN)), Some(Expect::Events(Events(1))), Some(Expect::Ret(0)),]
    );
    assert_wrong("expect 3", 1, 1, "no operation before");
    assert_wrong("settle\nexpect 3", 2, 1, "'settle' has no result");
    assert_wrong("inq slave\nexpect 3\nexpect 3", 3, 1, "second 'expect'");
    assert_wrong("thread a {\ninq slave\n}\nexpect 3", 4, 1, "no operation before");
    assert_wrong("inq slave\nexpect EAGIAN", 2, 8, "did you mean 'EAGAIN'");
    assert_wrong("inq slave\nexpect", 2, 7, "the line ends");
    assert_wrong("inq slave\nexpect POLLIM", 2, 8, "did you mean 'POLLIN'");
}

#[test]
fn unknown_words_get_a_suggestion_and_a_place() {
    assert_wrong("\n  wriet master \"a\"", 2, 3, "did you mean 'write'");
    assert_wrong("read slvae 64", 1, 6, "did you mean 'slave'");
    assert_wrong("termios slave -ecoh", 1, 15, "did you mean '-echo'");
    assert_wrong("termios slave icannon", 1, 15, "did you mean 'icanon'");
    assert_wrong("termios slave -sane", 1, 15, "no form with '-'");
    assert_wrong("termios slave evenp", 1, 15, "8 bits");
    assert_wrong("termios slave min 256", 1, 19, "0 to 255");
    assert_wrong("termios slave eof", 1, 18, "the line ends");
    assert_wrong("termios slave", 1, 14, "stty's words");
    assert_wrong("flush slave inn", 1, 13, "did you mean 'in'");
    assert_wrong("geometry n_tty_buff 8", 1, 10, "did you mean 'n_tty_buf'");
    assert_wrong("setle", 1, 1, "did you mean 'settle'");
    assert_wrong("read slave 64 wiat", 1, 15, "did you mean 'wait'");
    assert_wrong("read slave -1", 1, 12, "0 to 1048576");
    assert_wrong("read slave 64 wait wait", 1, 20, "too much");
    assert_wrong("sti slave \"ab\"", 1, 11, "one byte");
    assert_wrong("write master 5", 1, 14, "a string");
    assert_wrong("\"x\"", 1, 1, "an operation");
}

#[test]
fn an_error_says_what_stands_there_instead() {
    for (found, called) in [
        ("\"x\"", "a string"),
        ("'c'", "a character"),
        ("*", "'*'"),
        ("{", "'{'"),
        ("}", "'}'"),
        ("slvae", "'slvae'"),
        ("", "the line ends"),
    ] {
        let (_, column, message) = wrong(&format!("read {found}"));
        assert!(message.contains(&format!("found {called}")), "{found}: {message}");
        assert_eq!(column, if found.is_empty() { 5 } else { 6 }, "{found}: {message}");
    }
    assert_wrong("settle on \"x\"", 1, 11, "a string is too much");
}

#[test]
fn every_operation_is_read_and_prints_as_it_stood() {
    let lines = [
        "termios slave raw",
        "termios slave -echo when drain",
        "write master \"a\"",
        "send slave \"a\"",
        "read slave 1",
        "read slave 1 wait",
        "inq slave",
        "outq master",
        "poll slave",
        "await slave POLLIN POLLHUP",
        "hold slave",
        "pause slave",
        "printk slave",
        "flush slave both",
        "flow master ooff",
        "packet on",
        "sti slave \"x\"",
        "close slave",
        "open slave",
        "setd slave 27",
        "hangup master",
        "signals",
        "insert slave \"a\"",
        "insert slave \"a\" parity",
        "settle",
        "checkpoint this slave as A",
        "restore A",
    ];
    let script = parsed(&lines.join("\n"));
    let printed: Vec<String> = script.lines().map(|l| l.op.to_string()).collect();
    assert_eq!(printed, lines);
    let first = |line: &'static str| line.split(' ').next().expect("a word");
    let words: BTreeSet<&str> = lines.into_iter().map(first).collect();
    assert_eq!(words, Op::WORDS.into_iter().collect());
}

#[test]
fn every_variant_and_every_machine_prints_back() {
    for name in Variant::NAMES {
        let script = parsed(&format!("variant {name}\ninq slave"));
        assert_eq!(script.machine.variant.name(), *name);
        assert_eq!(parsed(&script.to_string()), script);
    }
    for set in 1..1_usize << WORDS.len() {
        let on = |(i, word): (usize, &'static str)| (set & 1 << i != 0).then_some(word);
        let words: Vec<&str> = WORDS.into_iter().enumerate().filter_map(on).collect();
        let script = parsed(&format!("machine {}\ninq slave", words.join(" ")));
        assert_eq!(script.machine.words().collect::<Vec<_>>(), words);
        assert_eq!(parsed(&script.to_string()), script);
    }
    assert_wrong("variant 1A", 1, 9, "there is no variant '1A' | did you mean");
    assert_wrong("variant 1a 1b", 1, 12, "too much");
    assert_wrong("settle\nvariant 1a", 2, 1, "before the first operation");
    assert_wrong("machine lsdem", 1, 9, "did you mean 'ldsem'");
    assert_wrong("machine ldsem consul", 1, 15, "did you mean 'console'");
    assert_wrong("machine", 1, 8, "the line ends");
    assert_wrong("machine ldsem\nmachine pool", 2, 1, "a second 'machine'");
}

#[test]
fn designs_are_looked_up_where_they_are_known() {
    let cx = CX.designs(&["exclusive-2016", "peekraw-v2"]);
    let line = |design: &str| parse(&format!("checkpoint {design} slave as A"), &cx);
    let error = line("exclusive-2061").expect_err("unknown");
    assert_eq!(error.help_text(), Some("did you mean 'exclusive-2016'?"));
    assert_eq!(error.place().map(|p| p.column), Some(12));
    let design = |script: Script| match script.lines().next().map(|l| l.op.clone()) {
        Some(Op::Checkpoint { design, .. }) => design,
        other => panic!("{other:?}"),
    };
    assert_eq!(design(line("this").expect("this")), DesignRef::This);
    assert_eq!(design(line("0x5480").expect("ioctl")), DesignRef::Ioctl(0x5480));
    assert!(line("0x1ffffffff").is_err() && line("9z").is_err() && line("a/b").is_err());
}

#[test]
fn lines_must_fit_each_other() {
    assert_wrong("settle\ngeometry n_tty_buf 8", 2, 1, "before the first operation");
    assert_wrong("settle on\nsettle off", 2, 1, "second 'settle'");
    assert_wrong("thread a {\nsettle on\n}", 2, 1, "before the first operation");
    assert_wrong("settle maybe", 1, 8, "'on', 'off'");
    assert_wrong("geometry n_tty_buf 3", 1, 21, "power of two");
    assert_wrong("geometry n_tty_buf 8 n_tty_buf 8", 1, 22, "second");
    assert_wrong("geometry", 1, 9, "a size's name");
    assert_wrong("worker-runs 0", 1, 13, "1 to 64");
    assert_wrong("restore A", 1, 9, "no checkpoint 'A'");
    assert_wrong("checkpoint this slave as A\nrestore B", 2, 9, "known are: A");
    assert_wrong("checkpoint this slave as A\ncheckpoint this slave as A", 2, 26, "line 1");
    assert_wrong("thread a {\ncheckpoint this slave as A\nrestore A\n}", 3, 9, "inside a thread");
    let keeps = "checkpoint this slave as A\nthread a {\nrestore A\n";
    assert_wrong(&format!("{keeps}restore A\n}}"), 4, 9, "second restore");
    assert_wrong(&format!("{keeps}}}\nthread b {{\nrestore A\n}}"), 6, 9, "second restore");
    let apart = format!("{keeps}}}\nsettle\nthread b {{\nrestore A\n}}\nrestore A");
    assert_eq!(parsed(&apart).items.len(), 5);
    assert_wrong("checkpoint this slave an A", 1, 23, "'as' and a name");
    assert_wrong("checkpoint this slave as 9", 1, 26, "cannot be");
}

#[test]
fn blocks_open_and_close() {
    assert_wrong("settle\nthread a {\nsettle", 2, 1, "never closed");
    assert_wrong("}", 1, 1, "without a thread");
    assert_wrong("thread a {\nthread b {\n}\n}", 2, 1, "inside thread 'a'");
    assert_wrong("thread a { settle }", 1, 12, "lines of their own");
    assert_wrong("thread a\n{", 1, 9, "'{'");
    assert_wrong("thread kworker {\n}", 1, 8, "the tool's own");
    assert_wrong("thread 1 {\n}", 1, 8, "cannot be");
    assert_wrong("thread a {\n}\nthread a {\n}", 3, 8, "second thread");
    assert_wrong("thread a {\n} x", 2, 3, "too much");
    let many: String = (0..6).map(|i| format!("thread t{i} {{\n}}\n")).collect();
    assert_wrong(&many, 11, 8, "more than 5");
}

#[test]
fn a_short_text_cannot_become_a_large_script() {
    assert_wrong("write master \"ab\" * 4294967295", 1, 14, "hold more than");
    assert_wrong("write master \"ab\" * 99999999999999999999", 1, 21, "from 0 to");
    let many = "write master \"x\" * 1000000\n".repeat(5);
    assert_wrong(&many, 5, 14, "hold more than");
    assert_eq!(parsed("write master \"\" * 4294967295 \"a\" * 0").lines().count(), 1);
    let write = |n: usize| format!("write master \"x\" * {n}\n");
    assert_eq!(parsed(&(write(MAX_DATA - 1) + &write(1))).lines().count(), 2);
    assert_wrong(&(write(MAX_DATA) + &write(1)), 2, 14, "hold more than");
}

#[test]
fn a_text_is_as_long_as_it_may_be() {
    let spaces = |n| " ".repeat(n);
    for (n, fits) in
        [(MAX_TEXT - 1, true), (MAX_TEXT, true), (MAX_TEXT + 1, false), (MAX_TEXT + 2, false)]
    {
        assert_eq!(parse(&spaces(n), &CX).is_ok(), fits, "{n}");
        assert_eq!(text(spaces(n).as_bytes(), "f").is_ok(), fits, "{n}");
    }
}

#[test]
fn bytes_that_are_no_text_are_refused_with_their_place() {
    let e = parse_bytes(b"settle\n\xc3\xa9 \xff", &CX).expect_err("not UTF-8");
    assert_eq!(e.place().map(|p| (p.line, p.column)), Some((2, 3)));
    assert!(parse_bytes(&vec![b' '; MAX_TEXT + 1], &CX).is_err());
    assert!(parse(&" ".repeat(MAX_TEXT + 1), &CX).is_err());
    assert_eq!(parsed("\u{feff}settle\r\n").lines().count(), 1);
}

#[test]
fn any_bytes_give_an_answer() {
    let mut rng = fastrand::Rng::with_seed(1);
    let words = [
        "thread",
        "a",
        "{",
        "}",
        "\"",
        "'",
        "*",
        "\\x",
        "expect",
        "\n",
        "settle",
        "\u{e9}",
        "geometry",
        "n_tty_buf",
        "99999999999999999999",
        "termios",
        "slave",
        "eof",
        "^",
        "-",
        "#",
    ];
    for _ in 0..20_000 {
        let mut text = Vec::new();
        for _ in 0..rng.usize(..30) {
            if rng.u8(..) < 40 {
                text.push(rng.u8(..));
            } else {
                text.extend_from_slice(words[rng.usize(..words.len())].as_bytes());
                text.push(b" \n"[rng.usize(..2)]);
            }
        }
        if let Ok(script) = parse_bytes(&text, &CX) {
            assert_eq!(parsed(&script.to_string()), script);
        }
    }
    let deep = "thread a {\n".repeat(10_000);
    assert!(parse(&deep, &CX).is_err());
    assert!(parse(&"{".repeat(100_000), &CX).is_err());
}

#[test]
fn strings_print_short_and_read_back() {
    for (bytes, text) in [
        (&b""[..], "\"\""),
        (b"a\"'\\\x00\xff", r#""a\"'\\\x00\xff""#),
        (&[b'x'; 16], "\"x\" * 16"),
        (&[b'x'; 15], "\"xxxxxxxxxxxxxxx\""),
    ] {
        assert_eq!(Bytes(bytes).to_string(), text);
    }
    let mixed = [&b"L1\n"[..], &[b'x'; 40], b"\n", &[0; 20]].concat();
    assert_eq!(Bytes(&mixed).to_string(), r#""L1\n" "x" * 40 "\n" "\x00" * 20"#);
}

#[test]
fn one_byte_is_a_character_or_a_string() {
    assert_eq!(parsed("sti slave 'x'"), parsed("sti slave \"x\""));
}
