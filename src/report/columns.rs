// SPDX-License-Identifier: GPL-2.0-only
//! An interleaving as kernel people draw it in commit messages: a column a thread, a line a step.
//!
//! ```text
//!   CPU0 writer                 CPU1 kworker                CPU2 peek
//!   --------------------------  --------------------------  --------------------------
//!                               flush_to_ldisc()
//!                                 load commit -> 1
//!   tty_buffer_alloc()
//!     store next
//!                                 load next -> NULL
//! * ...
//!
//! C3 stall: the worker is idle and 2 bytes wait in the flip chain
//! ```
//! Data flow: plain [`Step`]s and the [`Violation`] in, text out. A `*` in the margin marks the
//! steps that take part in the violation: those whose `involved` is set, and the last step of each
//! of the violation's accesses. Where the threads do not fit side by side, each line says whose it
//! is instead.

use super::wrap::{pad, width_of, wrap};
use crate::verify::{Access, Violation};

/// One step of one thread.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Index into [`Columns::threads`].
    pub thread: usize,
    /// Where, as `function.what`; see [`crate::sync::Site`]. Empty: where the thread was before.
    pub site: String,
    /// What it does, in the words of the kernel.
    pub text: String,
    /// Whether it takes part in the violation.
    pub involved: bool,
}

impl Step {
    /// The kernel's function: the part of the site before the dot.
    #[must_use]
    pub fn function(&self) -> &str {
        self.site.split('.').next().unwrap_or_default()
    }
}

/// An interleaving to be drawn.
#[derive(Clone, Copy, Debug)]
pub struct Columns<'a> {
    /// The threads' names. Those without a step get no column.
    pub threads: &'a [String],
    /// What they did, in the order it happened.
    pub steps: &'a [Step],
    /// What came of it.
    pub violation: &'a Violation,
    /// What else there is to say below it, a paragraph each.
    pub below: &'a [String],
}

/// The narrowest a column can be.
const NARROWEST: usize = 22;
/// Room for the mark.
const MARGIN: usize = 2;
const GAP: usize = 2;
/// How far a step stands behind its function's name.
const INDENT: usize = 2;

impl Columns<'_> {
    /// The drawing, in lines of at most `width` characters (but never less than 24), each ended by
    /// a newline.
    #[must_use]
    pub fn render(&self, width: usize) -> String {
        let width = width.max(MARGIN + NARROWEST);
        let shown: Vec<usize> =
            (0..self.threads.len()).filter(|&t| self.steps.iter().any(|s| s.thread == t)).collect();
        let n = shown.len().max(1);
        let each = (width - MARGIN + GAP) / n;
        let mut out = if each >= NARROWEST + GAP || n == 1 {
            self.side_by_side(&shown, each.saturating_sub(GAP).max(NARROWEST))
        } else {
            self.one_below_the_other(width)
        };
        out.push('\n');
        let violation = self.violation.to_string();
        let accesses = self.violation.accesses.iter().map(Access::to_string);
        let below = self.below.iter().cloned();
        for paragraph in std::iter::once(violation).chain(accesses).chain(below) {
            for line in wrap(&paragraph, width) {
                out.push_str(&line);
                out.push('\n');
            }
        }
        out
    }

    fn side_by_side(&self, shown: &[usize], each: usize) -> String {
        let mut out = Sheet { columns: shown.len(), each, text: String::new() };
        let heads: Vec<String> = shown
            .iter()
            .enumerate()
            .map(|(cpu, &t)| format!("CPU{cpu} {}", self.name(t)))
            .collect();
        let rows = heads.iter().map(|h| wrap(h, each)).collect::<Vec<_>>();
        for i in 0..rows.iter().map(Vec::len).fold(0, usize::max) {
            let cells = rows.iter().map(|r| r.get(i).map_or("", String::as_str));
            out.row(false, cells);
        }
        let rule = "-".repeat(each);
        out.row(false, shown.iter().map(|_| rule.as_str()));
        let mut inside = vec![None; self.threads.len()];
        for (i, step) in self.steps.iter().enumerate() {
            let Some(column) = shown.iter().position(|t| *t == step.thread) else {
                continue;
            };
            let function = step.function();
            if !function.is_empty() && inside.get(step.thread) != Some(&Some(function)) {
                if let Some(slot) = inside.get_mut(step.thread) {
                    *slot = Some(function);
                }
                for line in wrap(&format!("{function}()"), each) {
                    out.cell(false, column, &line);
                }
            }
            let involved = self.is_involved(i, step);
            for (j, line) in wrap(&step.text, each - INDENT).into_iter().enumerate() {
                let text = format!("{}{line}", " ".repeat(INDENT));
                out.cell(involved && j == 0, column, &text);
            }
        }
        out.text
    }

    fn one_below_the_other(&self, width: usize) -> String {
        let mut out = String::new();
        for (i, step) in self.steps.iter().enumerate() {
            let mark = if self.is_involved(i, step) { "* " } else { "  " };
            let place = match step.function() {
                "" => String::new(),
                function => format!("{function}(): "),
            };
            let text = format!("{}: {place}{}", self.name(step.thread), step.text);
            for (j, line) in wrap(&text, width - MARGIN - INDENT).into_iter().enumerate() {
                let (mark, indent) = if j == 0 { (mark, 0) } else { ("  ", INDENT) };
                out.push_str(&format!("{mark}{}{line}\n", " ".repeat(indent)));
            }
        }
        out
    }

    fn name(&self, thread: usize) -> &str {
        self.threads.get(thread).map_or("?", String::as_str)
    }

    /// Whether step number `i` takes part: it says so, or it is the last of an access's thread
    /// and site.
    fn is_involved(&self, i: usize, step: &Step) -> bool {
        let is = |s: &Step, a: &Access| self.name(s.thread) == a.thread && s.site == a.site;
        let later = self.steps.get(i + 1..).unwrap_or_default();
        step.involved
            || self
                .violation
                .accesses
                .iter()
                .any(|a| is(step, a) && !later.iter().any(|s| is(s, a)))
    }
}

/// Columns of equal width under construction.
struct Sheet {
    columns: usize,
    each: usize,
    text: String,
}

impl Sheet {
    fn row<'a>(&mut self, marked: bool, cells: impl Iterator<Item = &'a str>) {
        let mut line = String::from(if marked { "* " } else { "  " });
        for cell in cells {
            line.push_str(&pad(cell, self.each));
            line.push_str(&" ".repeat(GAP));
        }
        self.text.push_str(line.trim_end());
        self.text.push('\n');
    }

    /// A row with text in one column only.
    fn cell(&mut self, marked: bool, column: usize, text: &str) {
        debug_assert!(width_of(text) <= self.each);
        let columns = self.columns;
        self.row(marked, (0..columns).map(|i| if i == column { text } else { "" }));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verify::Property;

    fn step(thread: usize, site: &str, text: &str) -> Step {
        Step { thread, site: site.to_owned(), text: text.to_owned(), involved: false }
    }

    fn names(n: usize) -> Vec<String> {
        ["main", "writer", "kworker", "peek", "reader", "other"][..n]
            .iter()
            .map(|s| (*s).to_owned())
            .collect()
    }

    fn race() -> Violation {
        let access = |thread: &str, site, verb| Access { thread: thread.to_owned(), site, verb };
        Violation::new(Property::C4, "data-race", "two accesses to buf#1.data are not ordered")
            .between(
                access("writer", "tty_insert_flip_string.data", "write"),
                access("kworker", "flush_to_ldisc.data", "read"),
            )
    }

    #[test]
    fn threads_stand_side_by_side_and_the_conflict_is_marked() {
        let steps = [
            step(1, "tty_insert_flip_string.data", "copy 2 bytes"),
            step(2, "flush_to_ldisc.commit", "load commit -> 1"),
            step(2, "flush_to_ldisc.data", "read data[0]"),
            step(1, "tty_insert_flip_string.data", "copy 1 byte"),
            step(2, "flush_to_ldisc.next", "load next -> NULL"),
        ];
        let violation = race();
        let threads = names(3);
        let text = Columns { threads: &threads, steps: &steps, violation: &violation, below: &[] }
            .render(62);
        let expected = "  CPU0 writer                    CPU1 kworker
  -----------------------------  -----------------------------
  tty_insert_flip_string()
    copy 2 bytes
                                 flush_to_ldisc()
                                   load commit -> 1
*                                  read data[0]
*   copy 1 byte
                                   load next -> NULL

C4 data-race: two accesses to buf#1.data are not ordered
write by writer at tty_insert_flip_string.data
read by kworker at flush_to_ldisc.data
";
        assert_eq!(text, expected);
    }

    #[test]
    fn no_line_is_longer_than_asked_for() {
        let violation = race();
        for n in 1..=6 {
            let threads = names(n);
            let steps: Vec<Step> = (0..40)
                .map(|i| step(i % n, "a_function_with_a_name_of_some_length.x", &"word ".repeat(i)))
                .collect();
            for width in [0, 40, 72, 100] {
                let columns =
                    Columns { threads: &threads, steps: &steps, violation: &violation, below: &[] };
                let text = columns.render(width);
                let longest = text.lines().map(width_of).fold(0, usize::max);
                assert!(longest <= width.max(24), "{n} threads, {width}: {longest}\n{text}");
                assert!(text.lines().all(|l| l == l.trim_end()));
            }
        }
    }

    #[test]
    fn nothing_and_nonsense_are_drawn_too() {
        let violation = Violation::new(Property::C6, "restore", "they differ");
        let steps = [step(9, "", "")];
        for steps in [&steps[..], &[]] {
            let columns = Columns { threads: &[], steps, violation: &violation, below: &[] };
            assert!(columns.render(100).ends_with("C6 restore: they differ\n"));
        }
    }

    #[test]
    fn many_threads_are_listed_instead() {
        let violation = race();
        let threads = names(6);
        let steps: Vec<Step> = (0..6).map(|t| step(t, "f.x", "load")).collect();
        let text = Columns { threads: &threads, steps: &steps, violation: &violation, below: &[] }
            .render(72);
        assert!(text.starts_with("  main: f(): load\n  writer: f(): load\n"), "{text}");
    }
}
