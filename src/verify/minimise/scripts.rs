// SPDX-License-Identifier: GPL-2.0-only
//! Scripts that say less than a given one, those that say least first.
//!
//! Data flow: [`smaller`] gives candidates; whoever asked keeps one and asks again. All of them are
//! scripts that `parse(print(x))` gives back, if the given one is.

use crate::script::ast::{Item, Line, Op, Script};

/// What there is of a script.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Size {
    pub(super) threads: usize,
    pub(super) operations: usize,
    pub(super) bytes: usize,
}

impl Size {
    pub(super) fn of(script: &Script) -> Self {
        let blocks = script.items.iter().map(|item| match item {
            Item::Threads(blocks) => blocks.len(),
            Item::Op(_) => 0,
        });
        let bytes = script.lines().map(|l| match &l.op {
            Op::Write { bytes, .. } => bytes.len(),
            Op::Sti { .. } => 1,
            _ => 0,
        });
        Self { threads: blocks.sum(), operations: script.lines().count(), bytes: bytes.sum() }
    }
}

/// From how many bytes on a string is worth making plain.
const LONG: usize = 16;

/// The candidates.
pub(super) fn smaller(script: &Script) -> Vec<Script> {
    let mut all = without_a_thread(script);
    all.extend(without_a_line(script));
    all.extend(with_fewer_bytes(script));
    all.retain(is_well_formed);
    all
}

/// Two groups of threads in a row would be one.
fn is_well_formed(script: &Script) -> bool {
    let threads = |item: &Item| matches!(item, Item::Threads(_));
    !script.items.windows(2).any(|pair| pair.iter().all(threads))
}

fn without_a_thread(script: &Script) -> Vec<Script> {
    let mut all = Vec::new();
    for (at, item) in script.items.iter().enumerate() {
        let Item::Threads(blocks) = item else { continue };
        for block in 0..blocks.len() {
            let mut blocks = blocks.clone();
            blocks.remove(block);
            all.push(with_item(script, at, (!blocks.is_empty()).then_some(Item::Threads(blocks))));
        }
    }
    all
}

fn with_item(script: &Script, at: usize, item: Option<Item>) -> Script {
    let mut items = script.items.clone();
    items.splice(at..=at, item);
    Script { items, ..script.clone() }
}

/// Whether `op` only says how the rest is meant.
const fn is_setting(op: &Op) -> bool {
    matches!(op, Op::Termios { .. } | Op::Packet { .. })
}

fn without_a_line(script: &Script) -> Vec<Script> {
    edited(script, |line| if is_setting(&line.op) { Vec::new() } else { vec![None] })
}

fn with_fewer_bytes(script: &Script) -> Vec<Script> {
    edited(script, |line| {
        let Op::Write { end, bytes } = &line.op else { return Vec::new() };
        let with =
            |bytes: Vec<u8>| Some(Line { op: Op::Write { end: *end, bytes }, ..line.clone() });
        fewer(bytes).into_iter().map(with).collect()
    })
}

/// Every script in which one line is replaced by one of what `edit` makes of it (`None`: by
/// nothing).
fn edited(script: &Script, edit: impl Fn(&Line) -> Vec<Option<Line>>) -> Vec<Script> {
    let mut all = Vec::new();
    for (at, item) in script.items.iter().enumerate() {
        match item {
            Item::Op(line) => all.extend(
                edit(line).into_iter().map(|line| with_item(script, at, line.map(Item::Op))),
            ),
            Item::Threads(blocks) => {
                for (b, block) in blocks.iter().enumerate() {
                    for (l, line) in block.lines.iter().enumerate() {
                        for new in edit(line) {
                            let mut blocks = blocks.clone();
                            blocks[b].lines.splice(l..=l, new);
                            all.push(with_item(script, at, Some(Item::Threads(blocks))));
                        }
                    }
                }
            }
        }
    }
    all
}

/// Strings that say less than `bytes`: a single byte, a half, a few less; and of the same length,
/// one byte over and over.
fn fewer(bytes: &[u8]) -> Vec<Vec<u8>> {
    let n = bytes.len();
    let mut lengths = vec![1, n / 2, n - n / 4, n - n / 16, n.saturating_sub(1)];
    lengths.retain(|&len| len > 0 && len < n);
    lengths.dedup();
    let mut all: Vec<Vec<u8>> = lengths.into_iter().map(|len| bytes[..len].to_vec()).collect();
    let plain = vec![b'a'; n];
    if n > LONG && plain != bytes {
        all.push(plain);
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::script::{Context, parse};

    const TEXT: &str = "termios slave raw -echo\nwrite master \"abc\"\nthread a {\n    \
                        write master \"de\"\n    sti slave \"x\"\n}\nthread b {\n    read slave 1\n}\n";

    #[test]
    fn candidates_say_less_and_read_back() {
        let script = parse(TEXT, &Context::file("t")).expect("a script");
        let size = Size::of(&script);
        assert_eq!((size.threads, size.operations, size.bytes), (2, 5, 6));
        let all = smaller(&script);
        assert!(all.len() >= 8, "{}", all.len());
        for candidate in &all {
            let less = Size::of(candidate);
            assert!(less.threads < 2 || less.operations < 5 || less.bytes < 6);
            let text = candidate.to_string();
            assert_eq!(parse(&text, &Context::file("t")).as_ref(), Ok(candidate), "{text}");
            assert!(text.contains("termios"), "{text}");
        }
    }

    #[test]
    fn a_long_string_becomes_shorter_or_plainer() {
        assert!(fewer(b"a").is_empty());
        assert_eq!(fewer(b"ab"), [b"a".to_vec()]);
        let long: Vec<u8> = (0..40).collect();
        assert!(fewer(&long).contains(&vec![b'a'; 40]));
        assert!(!fewer(&[b'a'; 40]).contains(&vec![b'a'; 40]));
    }
}
