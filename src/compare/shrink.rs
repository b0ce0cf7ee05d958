// SPDX-License-Identifier: GPL-2.0-only
//! The shortest script that still shows it.
//!
//! Data flow: a script and a question ("does it still?") in, a smaller script out for which the
//! answer is yes. First operations go, many at a time and then single ones; then settings, then bytes;
//! until nothing can go any more or the tries are used up. No locks.

use crate::script::ast::{Item, Op, Script, When};
use crate::script::settings::TermiosChange;

/// Makes `script` smaller, asking `still` at most `tries` times.
///
/// # Errors
/// Those of `still`.
pub fn shrink<E>(
    script: &Script,
    tries: usize,
    still: impl FnMut(&Script) -> Result<bool, E>,
) -> Result<Script, E> {
    let mut search = Search { best: script.clone(), tries, still };
    loop {
        let before = search.best.clone();
        search.items()?;
        search.parts()?;
        if search.best == before || search.tries == 0 {
            return Ok(search.best);
        }
    }
}

struct Search<F> {
    best: Script,
    tries: usize,
    still: F,
}

impl<E, F: FnMut(&Script) -> Result<bool, E>> Search<F> {
    /// Whether `items` do as well; if so they are the best.
    fn take(&mut self, items: Vec<Item>) -> Result<bool, E> {
        if self.tries == 0 {
            return Ok(false);
        }
        self.tries -= 1;
        let script = Script { items, ..self.best.clone() };
        let good = (self.still)(&script)?;
        if good {
            self.best = script;
        }
        Ok(good)
    }

    fn items(&mut self) -> Result<(), E> {
        let mut size = self.best.items.len();
        while size > 0 {
            // From the end: what comes later depends on what comes before.
            let mut end = self.best.items.len();
            while end > 0 {
                let start = end.saturating_sub(size);
                let mut items = self.best.items.clone();
                items.drain(start..end.min(items.len()));
                self.take(items)?;
                end = start;
            }
            size /= 2;
        }
        Ok(())
    }

    fn parts(&mut self) -> Result<(), E> {
        for at in 0..self.best.items.len() {
            while let Some(Item::Op(line)) = self.best.items.get(at) {
                let mut better = false;
                for op in smaller(&line.op.clone()) {
                    let mut items = self.best.items.clone();
                    if let Some(Item::Op(line)) = items.get_mut(at) {
                        line.op = op;
                    }
                    if self.take(items)? {
                        better = true;
                        break;
                    }
                }
                if !better {
                    break;
                }
            }
        }
        Ok(())
    }
}

/// Operations that say less than `op`, the least first.
fn smaller(op: &Op) -> Vec<Op> {
    match op {
        Op::Termios { end, change, when } => without_each(&change.0, 1)
            .into_iter()
            .chain(without_each(&change.0, change.0.len() / 2))
            .filter(|settings| !settings.is_empty())
            .map(|settings| (TermiosChange(settings), *when))
            .chain((*when != When::Now).then(|| (change.clone(), When::Now)))
            .map(|(change, when)| Op::Termios { end: *end, change, when })
            .collect(),
        Op::Write { end, bytes } => {
            fewer_bytes(bytes).into_iter().map(|bytes| Op::Write { end: *end, bytes }).collect()
        }
        Op::Read { end, n, wait } => {
            let plain = wait.then_some(Op::Read { end: *end, n: *n, wait: false });
            let simple = (*n != 64).then_some(Op::Read { end: *end, n: 64, wait: *wait });
            plain.into_iter().chain(simple.filter(|_| *n > 64)).collect()
        }
        _ => Vec::new(),
    }
}

/// `all` without each run of `size` elements in turn.
fn without_each<T: Clone>(all: &[T], size: usize) -> Vec<Vec<T>> {
    if size == 0 || all.len() <= size {
        return Vec::new();
    }
    (0..all.len())
        .step_by(size)
        .map(|from| {
            let behind = all.iter().skip(from + size);
            all.iter().take(from).chain(behind).cloned().collect()
        })
        .collect()
}

/// The bytes without a half, a quarter, ..., then with dull bytes.
fn fewer_bytes(bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    let mut size = bytes.len() / 2;
    while size > 0 {
        // A long string is not taken apart byte by byte.
        if bytes.len() / size <= 64 {
            all.extend(without_each(bytes, size));
        }
        size /= 2;
    }
    let dull: Vec<u8> =
        bytes.iter().map(|b| if b.is_ascii_lowercase() { b'a' } else { *b }).collect();
    if dull != bytes {
        all.push(dull);
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::script::{Context, parse};

    fn script(text: &str) -> Script {
        parse(text, &Context::file("test")).expect("script")
    }

    #[test]
    fn only_what_matters_is_left() {
        let long = script(
            "inq slave\ntermios slave raw -echo icanon echoke\nwrite master \"hello\\x03you\"\n\
             poll slave\nread slave 4096 wait\ninq master",
        );
        let mut asked = 0;
        let small = shrink(&long, 1000, |s| {
            asked += 1;
            let text = s.to_string();
            Ok::<_, ()>(text.contains("\\x03") && text.contains("icanon") && text.contains("read"))
        });
        let right = "termios slave icanon\nwrite master \"\\x03\"\nread slave 64\n";
        assert_eq!(small.map(|s| s.to_string()).as_deref(), Ok(right));
        assert!(asked < 100, "{asked}");
    }

    #[test]
    fn the_tries_are_a_limit_and_errors_pass_through() {
        let long = script(&"inq slave\n".repeat(40));
        let mut asked = 0;
        let _ = shrink(&long, 5, |_| {
            asked += 1;
            Ok::<_, ()>(false)
        });
        assert_eq!(asked, 5);
        assert_eq!(shrink(&long, 5, |_| Err(7)), Err(7));
    }
}
