// SPDX-License-Identifier: GPL-2.0-only
//! A checkpoint image in words, with its buffers drawn.
//!
//! Data flow: `ttysim image show` -> [`Image`] -> [`words()`] -> text.
//!
//! No locks, no shared state.

pub mod json;
mod tape;
mod words;

use super::WIDTH;
use super::wrap::wrap;
use crate::checkpoint::image::container::MAJOR;
use crate::checkpoint::image::sections::End;
use crate::checkpoint::image::{Content, Image, Unknown};
use crate::checkpoint::state::{EndState, FlipBuffer, FlipChain, Layout, NTtyState};
use crate::error::visible;
use crate::geometry::Geometry;
use crate::pty;
use crate::tty_buffer::{TTY_BREAK, TTY_FRAME, TTY_NORMAL, TTY_OVERRUN, TTY_PARITY};
use crate::verify::ghost::quoted;
use std::fmt::Write as _;
use tape::Tape;

/// In front of what an end has, and of what a buffer of it has.
const INDENT: &str = "  ";
const DEEPER: &str = "    ";

/// All of an image of `size` bytes. The last line ends with a newline.
#[must_use]
pub fn words(image: &Image, size: usize) -> String {
    let mut out = format!("Checkpoint image of {}, {size} bytes\n", about(image));
    if let Some(origin) = &image.origin {
        let _ = writeln!(out, "Written by {}", visible(origin));
    }
    for section in &image.unknown {
        let _ = writeln!(out, "Not known here, and kept: {}", unknown(section));
    }
    for (end, state) in image.content.ends() {
        out.push('\n');
        words_of(end, state, &mut out);
    }
    out
}

/// `a pty pair, version 1.1`.
#[must_use]
pub fn about(image: &Image) -> String {
    let what = match &image.content {
        Content::Pair(_) => "a pty pair".to_owned(),
        Content::One(end, _) => format!("a {}", end.name()),
    };
    format!("{what}, version {MAJOR}.{}", image.minor)
}

fn unknown(section: &Unknown) -> String {
    format!("section {} of end {}, {}", section.kind, section.end, bytes(section.bytes.len()))
}

/// `1 byte`, `2 bytes`.
fn bytes(n: usize) -> String {
    format!("{n} {}", if n == 1 { "byte" } else { "bytes" })
}

/// A blank at which no line is broken. No quoted text has one.
const HARD: char = '\u{1}';

/// `text` with its blanks as they are, however many stand together.
fn whole(text: &str) -> String {
    text.replace(' ', &HARD.to_string())
}

/// A line `what: text`, wrapped.
fn say(out: &mut String, what: &str, text: &str) {
    let lines = wrap(&format!("{what}: {text}"), WIDTH - DEEPER.len());
    for (i, line) in lines.iter().enumerate() {
        let indent = if i == 0 { INDENT } else { DEEPER };
        let _ = writeln!(out, "{indent}{}", line.replace(HARD, " "));
    }
}

fn words_of(end: End, state: &EndState, out: &mut String) {
    let n_tty = &state.n_tty;
    let _ = writeln!(out, "{}{}", end.name(), condition(state));
    say(out, "settings", &words::settings(end, &state.termios));
    if state.layout != Layout::of(&Geometry::LINUX) {
        let Layout { n_tty_buf, ttyb_align, ttyb_page, mem_limit } = state.layout;
        let sizes = format!(
            "n_tty_buf {n_tty_buf}, ttyb_align {ttyb_align}, ttyb_page {ttyb_page}, mem_limit {mem_limit}"
        );
        say(out, "sizes", &sizes);
    }
    say(out, "output", &output(state));
    if state.packet {
        say(out, "packet mode", "on");
    }
    if state.pktstatus != 0 {
        say(out, "the master has to be told", &status(state.pktstatus));
    }
    say(out, "input", &input(n_tty));
    read_buf(n_tty, &state.layout, out);
    flip(&state.flip, &state.layout, out);
    echo_buf(n_tty, &state.layout, out);
}

/// What is unusual about the end as a whole.
fn condition(state: &EndState) -> String {
    let mut words = String::new();
    for (on, text) in [
        (state.io_error, ", closed"),
        (state.other_closed, ", its slave closed"),
        (!state.throttled, ", not marked as throttled"),
    ] {
        words.push_str(if on { text } else { "" });
    }
    words
}

fn output(state: &EndState) -> String {
    let flow = match (state.stopped, state.tco_stopped) {
        (_, true) => "stopped by TCOOFF",
        (true, false) => "stopped by ^S",
        (false, false) => "running",
    };
    let n_tty = &state.n_tty;
    format!("{flow}, column {}, the line started in column {}", n_tty.column, n_tty.canon_column)
}

/// `TIOCPKT_STOP and TIOCPKT_IOCTL`.
fn status(pktstatus: u8) -> String {
    let known = [
        (pty::TIOCPKT_FLUSHREAD, "TIOCPKT_FLUSHREAD"),
        (pty::TIOCPKT_FLUSHWRITE, "TIOCPKT_FLUSHWRITE"),
        (pty::TIOCPKT_STOP, "TIOCPKT_STOP"),
        (pty::TIOCPKT_START, "TIOCPKT_START"),
        (pty::TIOCPKT_NOSTOP, "TIOCPKT_NOSTOP"),
        (pty::TIOCPKT_DOSTOP, "TIOCPKT_DOSTOP"),
        (pty::TIOCPKT_IOCTL, "TIOCPKT_IOCTL"),
    ];
    let said = known.into_iter().filter(|(bit, _)| pktstatus & bit != 0).map(|(_, name)| name);
    said.collect::<Vec<_>>().join(" and ")
}

fn input(n_tty: &NTtyState) -> String {
    let mut words = vec![if n_tty.icanon { "in lines" } else { "as it comes" }.to_owned()];
    if n_tty.real_raw {
        words.push("no character or flag byte needs a look".to_owned());
    } else if n_tty.raw {
        words.push("no character needs a look".to_owned());
    } else {
        words.push(format!("a look at {}", words::characters(&n_tty.char_map)));
    }
    for (on, text) in [
        (n_tty.lnext, "the next character is taken literally"),
        (n_tty.erasing, "an ECHOPRT erasure is open"),
        (n_tty.push, "the last line mark is a change of mode"),
        (n_tty.no_room, "the worker waits for room"),
    ] {
        if on {
            words.push(text.to_owned());
        }
    }
    if n_tty.lookahead_count != 0 {
        let n = n_tty.lookahead_count.cast_signed();
        words.push(format!("flow control of the next {n} characters was acted on"));
    }
    words.join("; ")
}

fn read_buf(n_tty: &NTtyState, layout: &Layout, out: &mut String) {
    let size = layout.n_tty_buf as usize;
    let tail = n_tty.read_tail as usize;
    let position = |i: usize| (tail + i) % size.max(1);
    let is_marked = |p: usize| n_tty.read_flags.get(p / 8).is_some_and(|b| b & 1 << (p % 8) != 0);
    let unread = &n_tty.unread;
    let mark = |i: usize| match (is_marked(position(i)), unread.get(i)) {
        (true, Some(0)) => "EOF",
        (true, _) => "end",
        (false, _) => "",
    };
    let content = if unread.is_empty() { "empty".to_owned() } else { whole(&quoted(unread)) };
    let NTtyState { read_head, commit_head, canon_head, line_start, .. } = *n_tty;
    let all: u32 = n_tty.read_flags.iter().map(|b| b.count_ones()).sum();
    let here = (0..unread.len()).filter(|&i| is_marked(position(i))).count();
    let elsewhere = (all as usize).saturating_sub(here);
    let mut text = format!(
        "{content}; read_tail {tail} of {size}, from there read_head {read_head}, commit_head \
         {commit_head}, canon_head {canon_head}, line_start {line_start}"
    );
    if elsewhere > 0 {
        let _ = write!(text, "; {elsewhere} line marks elsewhere");
    }
    say(out, "read_buf", &text);
    if !unread.is_empty() {
        let indices =
            [('T', 0), ('S', line_start), ('M', commit_head), ('C', canon_head), ('H', read_head)];
        Tape::new("line", unread, position, mark, &indices).draw(DEEPER, out);
        legend(out, "T read_tail, S line_start, M commit_head, C canon_head, H read_head");
    }
}

fn legend(out: &mut String, text: &str) {
    let _ = writeln!(out, "{DEEPER}({text})");
}

fn flip(chain: &FlipChain, layout: &Layout, out: &mut String) {
    let n = chain.buffers.len();
    let free = match chain.free {
        0 => String::new(),
        free => format!(", free small ones: {free}"),
    };
    let text = match n {
        0 => format!("empty{free}"),
        _ => format!(
            "{n} {}, {} of {} bytes{free}",
            if n == 1 { "buffer" } else { "buffers" },
            chain.mem_used(),
            layout.mem_limit
        ),
    };
    say(out, "flip chain", &text);
    for (i, buffer) in chain.buffers.iter().enumerate() {
        flip_buffer(i + 1, buffer, out);
    }
    if n > 0 {
        legend(out, "R read, L lookahead, C commit, U used");
    }
}

fn flip_buffer(number: usize, b: &FlipBuffer, out: &mut String) {
    let read = b.read as usize;
    let flags = if b.flags.is_some() { "with flag bytes" } else { "without flag bytes" };
    let _ = writeln!(
        out,
        "{DEEPER}buffer {number}, room for {} {flags}: read {read}, lookahead {}, commit {}, used {}",
        b.room(),
        b.lookahead,
        b.commit,
        b.used()
    );
    let mark = |i: usize| match b.flags.as_ref().and_then(|f| f.get(i)) {
        None | Some(&TTY_NORMAL) => "",
        Some(&TTY_BREAK) => "BRK",
        Some(&TTY_FRAME) => "FRM",
        Some(&TTY_PARITY) => "PAR",
        Some(&TTY_OVERRUN) => "OVR",
        Some(_) => "?",
    };
    let from_read = |count: u32| i64::from(count) - i64::from(b.read);
    let used = i64::try_from(b.chars.len()).unwrap_or(i64::MAX);
    let indices =
        [('R', 0), ('L', from_read(b.lookahead)), ('C', from_read(b.commit)), ('U', used)];
    Tape::new("flag", &b.chars, |i| read + i, mark, &indices).draw(DEEPER, out);
}

fn echo_buf(n_tty: &NTtyState, layout: &Layout, out: &mut String) {
    let echo = &n_tty.echo;
    let size = layout.n_tty_buf as usize;
    let tail = echo.tail as usize;
    let bytes = words::echo_bytes(echo, layout.n_tty_buf);
    let words: Vec<String> = words::echoes(&bytes).iter().map(|word| whole(word)).collect();
    let content = if words.is_empty() { "empty".to_owned() } else { words.join(" ") };
    let text = format!(
        "{content}; tail {tail} of {size}, from there commit {}, mark {}, head {}",
        echo.commit, echo.mark, echo.head
    );
    say(out, "echo_buf", &text);
    if !bytes.is_empty() {
        let indices = [('T', 0), ('C', echo.commit), ('M', echo.mark), ('H', echo.head)];
        let position = |i: usize| (tail + i) % size.max(1);
        Tape::new("", &bytes, position, |_| "", &indices).draw(DEEPER, out);
        legend(out, "T tail, C commit, M mark, H head");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blanks_of_the_content_are_all_shown() {
        let mut out = String::new();
        say(&mut out, "read_buf", &format!("{}; and more", whole(&quoted(b"a  b "))));
        assert_eq!(out, "  read_buf: \"a  b \"; and more\n");
        out.clear();
        say(&mut out, "x", &format!("{} {}", "word ".repeat(30), whole("a   b")));
        assert!(out.ends_with("a   b\n") && out.lines().count() == 2, "{out}");
    }
}
