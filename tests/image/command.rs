// SPDX-License-Identifier: GPL-2.0-only
//! `ttysim image`: what people see, and how it ends.

use super::sample;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

fn ttysim(args: &[&str]) -> (Option<i32>, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ttysim"));
    command.current_dir(scratch()).args(args).stdin(Stdio::null()).env_remove("CLICOLOR_FORCE");
    let Output { status, stdout, stderr } = command.output().expect("the program starts");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    (status.code(), text(stdout), text(stderr))
}

fn scratch() -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("image").join("command");
    std::fs::create_dir_all(&path).expect("a directory");
    path
}

/// A file of these bytes, in the directory the program runs in.
fn file(name: &str, bytes: &[u8]) -> String {
    std::fs::write(scratch().join(name), bytes).expect("a file");
    name.to_owned()
}

#[test]
fn an_image_is_shown_in_words_and_drawn() {
    let mut image = sample::image();
    let section = ttysim::checkpoint::image::Unknown { kind: 99, end: 2, flags: 0, bytes: vec![1] };
    image.unknown.push(section);
    let name = file("show", &image.encode());
    let (code, out, err) = ttysim(&["image", "show", &name]);
    assert_eq!((code, err.as_str()), (Some(0), ""));
    assert!(out.lines().all(|l| l.len() <= 100 && l == l.trim_end()), "{out}");
    insta::assert_snapshot!("shown", out);
}

/// 4095 bytes are drawn at their two ends.
#[test]
fn a_full_buffer_is_drawn_at_its_ends() {
    let mut pair = sample::pair();
    let slave = &mut pair.slave;
    slave.layout = ttysim::checkpoint::state::Layout::of(&ttysim::geometry::Geometry::LINUX);
    slave.flip = Default::default();
    let n_tty = &mut slave.n_tty;
    n_tty.unread = (0..4095u32).map(|i| b'a' + (i % 26) as u8).collect();
    (n_tty.read_head, n_tty.canon_head, n_tty.read_flags) = (4095, 1000, vec![0; 512]);
    n_tty.read_flags[(12 + 999) / 8] |= 1 << ((12 + 999) % 8);
    (n_tty.no_room, n_tty.lookahead_count) = (true, 0);
    n_tty.echo = Default::default();
    assert_eq!(pair.validate(), Ok(()));
    let name = file("full", &ttysim::checkpoint::image::encode(&pair));
    let (code, out, err) = ttysim(&["image", "show", &name]);
    assert_eq!((code, err.as_str()), (Some(0), ""));
    let slave = out.split("\nslave").nth(1).expect("a slave");
    insta::assert_snapshot!("shown-full", slave);
}

#[test]
fn a_check_says_where_and_what_to_do() {
    let bytes = sample::image().encode();
    let mut bad = bytes.clone();
    bad[600] ^= 1;
    let files = [
        file("good", &bytes),
        file("cut", &bytes[..100]),
        file("bad", &bad),
        file("text", b"hello\n"),
        file("empty", b""),
    ];
    let names: Vec<&str> = files.iter().map(String::as_str).collect();
    let (code, out, err) = ttysim(&[&["image", "check"][..], &names].concat());
    assert_eq!((code, err.as_str()), (Some(2), ""));
    insta::assert_snapshot!("checked", out);
    assert_eq!(ttysim(&["image", "check", names[0]]).0, Some(0));
    let (code, out, _) =
        ttysim(&[&["--format", "ktap", "image", "check"][..], &names[..2]].concat());
    assert_eq!(code, Some(2));
    assert!(out.contains("ok 1 good\n") && out.contains("not ok 2 cut\n"), "{out}");
}

#[test]
fn what_is_no_image_is_not_shown() {
    let bytes = sample::image().encode();
    let mut huge = bytes.clone();
    sample::put(&mut huge, 16, u32::MAX);
    for (name, bytes, says) in [
        ("cut", &bytes[..100], "offset 16 (0x10): the image says it has"),
        ("huge", &huge, "offset 16 (0x10): the image says it has 4294967295 bytes"),
        ("text", b"hello\n", "offset 0 (0x0): this is no checkpoint image"),
    ] {
        let name = file(&format!("no-{name}"), bytes);
        let (code, out, err) = ttysim(&["image", "show", &name]);
        assert_eq!((code, out.as_str()), (Some(2), ""), "{err}");
        assert!(err.contains(says) && err.contains("\nhelp: "), "{err}");
    }
    let directory = scratch().display().to_string();
    for (name, says) in [
        ("/nowhere", "no such file"),
        (&directory, "it is a directory"),
        ("/dev/zero", "no checkpoint image"),
    ] {
        for what in ["show", "check"] {
            let (code, out, err) = ttysim(&["image", what, name]);
            assert_eq!(code, Some(2), "{what} {name}");
            assert!(format!("{out}{err}").contains(says), "{out}{err}");
            assert!(!err.contains("panicked"), "{err}");
        }
    }
}

const CONVERSATION: &[u8] = b"\
termios slave echo icanon
write master \"one\\n\\x04par\\x16\"
write slave \"out\"
flow slave ooff
";

#[test]
fn a_script_leaves_an_image_behind() {
    let script = file("conversation.tty", CONVERSATION);
    let (code, out, err) = ttysim(&["image", "save", &script, "saved"]);
    assert_eq!((code, err.as_str()), (Some(0), ""));
    assert!(out.starts_with("saved: an image of a pty pair, version 1.1, "), "{out}");
    let (code, out, _) = ttysim(&["image", "show", "saved"]);
    assert_eq!(code, Some(0));
    insta::assert_snapshot!("shown-saved", out);

    let hung_up = file("hung-up.tty", b"close master\n");
    let (code, _, err) = ttysim(&["image", "save", &hung_up, "none"]);
    assert_eq!(code, Some(2));
    assert!(err.contains("hung-up.tty: at the script's end there is nothing to"), "{err}");
    assert!(err.contains("EIO") && err.contains("help: "), "{err}");
    let (code, _, err) = ttysim(&["image", "save", &script, "/nowhere/at/all"]);
    assert_eq!(code, Some(2));
    assert!(err.contains("cannot write"), "{err}");
    let wrong = file("wrong.tty", b"wriet master \"a\"\n");
    assert!(ttysim(&["image", "save", &wrong, "none"]).2.contains("did you mean 'write'?"));
}

#[test]
fn the_layout_is_printed() {
    let (code, out, _) = ttysim(&["image", "layout"]);
    assert_eq!(code, Some(0));
    assert_eq!(out, ttysim::checkpoint::image::c_header::c_header());
    let (code, out, _) = ttysim(&["image", "layout", "markdown"]);
    assert_eq!(code, Some(0));
    assert_eq!(out, ttysim::checkpoint::image::c_header::markdown());
    let (code, _, err) = ttysim(&["image", "layout", "d"]);
    assert_eq!(code, Some(2));
    assert!(err.contains("markdown"), "{err}");
}
