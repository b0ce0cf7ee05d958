// SPDX-License-Identifier: GPL-2.0-only
//! Settings, characters and echoes in words.
//!
//! No locks, no shared state.

use super::tape::shown;
use crate::checkpoint::image::sections::End;
use crate::checkpoint::state::EchoState;
use crate::n_tty::{
    ECHO_OP_ERASE_TAB, ECHO_OP_MOVE_BACK_COL, ECHO_OP_SET_CANON_COL, ECHO_OP_START,
};
use crate::script::settings::TermiosChange;
use crate::termios::Termios;

/// The settings, as what was changed of a fresh end's.
pub(super) fn settings(end: End, termios: &Termios) -> String {
    let mut at = if end == End::Master { Termios::MASTER } else { Termios::SLAVE };
    let change = TermiosChange::between(&at, termios);
    change.apply(&mut at);
    let mut words = Vec::new();
    if !change.0.is_empty() {
        words.push(change.to_string());
    }
    // What no word stands for.
    for (name, is, wanted) in [
        ("iflag", at.iflag, termios.iflag),
        ("oflag", at.oflag, termios.oflag),
        ("cflag", at.cflag, termios.cflag),
        ("lflag", at.lflag, termios.lflag),
    ] {
        if is != wanted {
            words.push(format!("{name} {wanted:#o}"));
        }
    }
    match words.is_empty() {
        true => format!("those of a fresh {}", end.name()),
        false => format!("those of a fresh {}, but {}", end.name(), words.join(" ")),
    }
}

/// The characters of a `char_map`.
pub(super) fn characters(map: &[u64; 4]) -> String {
    let is_in = |c: u8| map[usize::from(c / 64)] & 1 << (c % 64) != 0;
    let all: Vec<String> = (0..=u8::MAX).filter(|&c| is_in(c)).map(caret).collect();
    if all.is_empty() { "none".to_owned() } else { all.join(" ") }
}

/// `^C`, `a`, `\xe9`.
fn caret(c: u8) -> String {
    if c.is_ascii_control() { format!("^{}", char::from(c ^ 0o100)) } else { shown(c) }
}

/// Each echo from the tail on, in words.
pub(super) fn echoes(bytes: &[u8]) -> Vec<String> {
    let (mut rest, mut all) = (bytes, Vec::new());
    while let Some((&first, behind)) = rest.split_first() {
        let (word, n) = match (first, behind) {
            (ECHO_OP_START, [ECHO_OP_START, ..]) => (shown(ECHO_OP_START), 2),
            (ECHO_OP_START, [ECHO_OP_MOVE_BACK_COL, ..]) => ("<back one column>".to_owned(), 2),
            (ECHO_OP_START, [ECHO_OP_SET_CANON_COL, ..]) => ("<the line starts>".to_owned(), 2),
            (ECHO_OP_START, [ECHO_OP_ERASE_TAB, n, ..]) => (erase_tab(*n), 3),
            (ECHO_OP_START, [ECHO_OP_ERASE_TAB] | []) => ("<cut off>".to_owned(), rest.len()),
            (ECHO_OP_START, [control, ..]) => (caret(*control), 2),
            _ => (shown(first), 1),
        };
        all.push(word);
        rest = rest.get(n..).unwrap_or_default();
    }
    all
}

/// The operand counts columns, since another TAB with the highest bit set.
fn erase_tab(operand: u8) -> String {
    let since = if operand & 0x80 == 0 { "the line's start" } else { "another TAB" };
    format!("<take a TAB back, {} columns since {since}>", operand & 7)
}

/// What is in the echo buffer from its tail to the furthest index.
pub(super) fn echo_bytes(echo: &EchoState, n_tty_buf: u32) -> Vec<u8> {
    let n = n_tty_buf.max(1) as usize;
    let far = usize::try_from(echo.head.max(echo.commit).max(echo.mark)).unwrap_or(0).min(n);
    let byte = |i: usize| echo.buf.get((echo.tail as usize + i) % n).copied().unwrap_or(0);
    (0..far).map(byte).collect()
}
