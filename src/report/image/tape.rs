// SPDX-License-Identifier: GPL-2.0-only
//! A buffer drawn position by position: what is there, what it is marked as, who points at it.
//!
//! No locks, no shared state.

use super::WIDTH;
use std::fmt::Write as _;

/// How wide what a row shows is, and each cell with the gap in front of it.
const TITLE: usize = 13;
const CELL: usize = 5;

/// How many positions stand beside each other.
const ACROSS: usize = (WIDTH - TITLE) / CELL / 8 * 8;

/// How many positions are drawn at the beginning and at the end; what is between is counted.
const DRAWN: usize = 2 * ACROSS;

/// A position of a buffer.
#[derive(Clone, Debug, Default)]
pub(super) struct Column {
    /// Its number.
    pub(super) position: usize,
    /// What is there, if anything is.
    pub(super) byte: Option<u8>,
    /// What that is marked as.
    pub(super) mark: &'static str,
    /// The letters of the indices that point there.
    pub(super) indices: String,
}

/// A buffer.
#[derive(Debug)]
pub(super) struct Tape {
    /// What marks are called.
    pub(super) marks: &'static str,
    /// Its positions, in the order in which they are read.
    pub(super) columns: Vec<Column>,
}

impl Tape {
    /// The positions of `bytes`, `position(i)` the number of the one at distance `i`, and one more
    /// if an index points there. An index is a letter and a distance; those that point elsewhere
    /// are not drawn.
    pub(super) fn new(
        marks: &'static str,
        bytes: &[u8],
        position: impl Fn(usize) -> usize,
        mark: impl Fn(usize) -> &'static str,
        indices: &[(char, i64)],
    ) -> Self {
        let at = |i: usize| {
            let here = indices.iter().filter(move |(_, to)| usize::try_from(*to) == Ok(i));
            here.map(|(letter, _)| *letter).collect::<String>()
        };
        let column = |i: usize| Column {
            position: position(i),
            byte: bytes.get(i).copied(),
            mark: if i < bytes.len() { mark(i) } else { "" },
            indices: at(i),
        };
        let end = bytes.len() + usize::from(!at(bytes.len()).is_empty());
        Self { marks, columns: (0..end).map(column).collect() }
    }

    /// Draws it, every line behind `indent`.
    pub(super) fn draw(&self, indent: &str, out: &mut String) {
        let all = &self.columns;
        if all.len() <= 2 * DRAWN {
            return self.rows(all, indent, out);
        }
        let (head, rest) = all.split_at(DRAWN);
        let (between, tail) = rest.split_at(rest.len() - DRAWN);
        self.rows(head, indent, out);
        let pointed: Vec<String> = between.iter().filter_map(pointed_at).collect();
        let pointed =
            if pointed.is_empty() { String::new() } else { format!(": {}", pointed.join(", ")) };
        let _ = writeln!(out, "{indent}... {} more{pointed} ...", between.len());
        self.rows(tail, indent, out);
    }

    fn rows(&self, columns: &[Column], indent: &str, out: &mut String) {
        for columns in columns.chunks(ACROSS) {
            row(indent, "position", columns.iter().map(|c| c.position.to_string()), out);
            row(
                indent,
                "byte",
                columns.iter().map(|c| c.byte.map_or_else(String::new, shown)),
                out,
            );
            row(indent, self.marks, columns.iter().map(|c| c.mark.to_owned()), out);
            row(indent, "index", columns.iter().map(|c| c.indices.clone()), out);
        }
    }
}

/// `C at 17`, if an index points there.
fn pointed_at(column: &Column) -> Option<String> {
    (!column.indices.is_empty()).then(|| format!("{} at {}", column.indices, column.position))
}

/// One line, unless there is nothing on it.
fn row(indent: &str, title: &str, cells: impl Iterator<Item = String>, out: &mut String) {
    let cells: String = cells.map(|c| format!("{c:>CELL$}")).collect();
    if !cells.trim_end().is_empty() {
        let line = format!("{indent}{title:<width$}{cells}", width = TITLE - indent.len() - 1);
        let _ = writeln!(out, "{}", line.trim_end());
    }
}

/// A byte in four columns at most.
pub(super) fn shown(byte: u8) -> String {
    match byte {
        b' ' => "' '".to_owned(),
        b if b.is_ascii_graphic() => char::from(b).to_string(),
        b => b.escape_ascii().to_string(),
    }
}
