// SPDX-License-Identifier: GPL-2.0-only
//! The verdict table: a row a design, a column a property.
//!
//! Data flow: plain [`Row`]s in, aligned text out. A cell never says more than was established:
//! `holds (all)` only for an exhaustive exploration, and a spent budget is never shown as a pass.
//! Where the columns do not fit the width, the table comes in blocks, or each property gets a line of
//! its own.

use super::wrap::{pad, width_of, wrap};
use super::{Paint, WIDTH};
use clap::builder::styling::{AnsiColor, Style};
use std::ops::Range;

/// What is known about one property of one design.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cell {
    /// No interleaving breaks it, within the stated bounds.
    HoldsAll,
    /// No interleaving of the explored scenarios breaks it, nor any of this many schedules of the
    /// sampled ones.
    HoldsAllAnd(u64),
    /// None of this many schedules broke it.
    Holds(u64),
    /// There is a counterexample.
    Violated,
    /// The budget ended first: no verdict.
    Exhausted,
    /// It was not looked at.
    NotJudged,
}

impl Cell {
    /// The words of the cell.
    #[must_use]
    pub fn text(self) -> String {
        match self {
            Self::HoldsAll => "holds (all)".to_owned(),
            Self::HoldsAllAnd(n) => format!("holds (all+{})", short(n)),
            Self::Holds(n) => format!("holds ({})", short(n)),
            Self::Violated => "VIOLATED".to_owned(),
            Self::Exhausted => "no verdict".to_owned(),
            Self::NotJudged => "-".to_owned(),
        }
    }

    fn style(self) -> Style {
        match self {
            Self::HoldsAll | Self::HoldsAllAnd(_) | Self::Holds(_) => AnsiColor::Green.on_default(),
            Self::Violated => AnsiColor::Red.on_default().bold(),
            Self::Exhausted => AnsiColor::Yellow.on_default(),
            Self::NotJudged => Style::new().dimmed(),
        }
    }

    fn paint(self, width: usize, paint: Paint) -> String {
        let text = pad(&self.text(), width);
        match paint {
            Paint::Plain => text,
            Paint::Ansi => {
                let style = self.style();
                format!("{style}{text}{style:#}")
            }
        }
    }
}

/// A count in at most five characters: `999`, `12.3k`, `4.5M`, `67G`. Rounded down: a table must
/// not promise more schedules than there were.
fn short(n: u64) -> String {
    let (unit, name) = match n {
        0..1_000 => return n.to_string(),
        1_000..1_000_000 => (1_000, "k"),
        1_000_000..1_000_000_000 => (1_000_000, "M"),
        _ => (1_000_000_000, "G"),
    };
    let (whole, tenth) = (n / unit, n % unit / (unit / 10));
    if whole >= 100 || tenth == 0 {
        format!("{whole}{name}")
    } else {
        format!("{whole}.{tenth}{name}")
    }
}

/// A design and what is known about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The design's name.
    pub design: String,
    /// One a column of the table.
    pub cells: Vec<Cell>,
    /// Anything else there is to say; empty if nothing.
    pub notes: String,
}

/// The table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    /// The columns' heads: `C1 cut`, ...
    pub columns: Vec<String>,
    /// The rows, in order.
    pub rows: Vec<Row>,
}

/// What the words of the cells mean.
const LEGEND: &str = "holds (all): no interleaving of the explored scenarios breaks it; (all+N): \
    nor did any of N schedules of the sampled ones; (N): none of N schedules or scripts did, \
    which is no proof; no verdict: the budget ended first.";

const GAP: &str = "  ";

impl Table {
    /// The table in lines of at most [`WIDTH`] characters, each ended by a newline. Names longer
    /// than that are not cut.
    #[must_use]
    pub fn render(&self, paint: Paint) -> String {
        let design = self.rows.iter().map(|r| width_of(&r.design)).fold(6, usize::max);
        let widths: Vec<usize> = (0..self.columns.len()).map(|i| self.column_width(i)).collect();
        let blocks = blocks(design, &widths);
        // A block of one column is better read as a list.
        let mut out = if blocks.iter().all(|b| b.len() > 1 || blocks.len() == 1) {
            let last = blocks.len().saturating_sub(1);
            let blocks = blocks.into_iter().enumerate();
            let blocks = blocks.map(|(i, b)| self.wide(design, &widths, b, i == last, paint));
            blocks.collect::<Vec<_>>().join("\n")
        } else {
            self.narrow(paint)
        };
        if self.rows.iter().any(|r| r.cells.iter().any(|c| *c != Cell::NotJudged)) {
            out.push('\n');
            for line in wrap(LEGEND, WIDTH) {
                out.push_str(&line);
                out.push('\n');
            }
        }
        out
    }

    fn column_width(&self, i: usize) -> usize {
        let head = self.columns.get(i).map_or(0, |c| width_of(c));
        let cells = self.rows.iter().filter_map(|r| r.cells.get(i));
        cells.map(|c| width_of(&c.text())).fold(head, usize::max)
    }

    /// One line a design, of these columns; the notes are in the last block.
    fn wide(
        &self,
        design: usize,
        widths: &[usize],
        columns: Range<usize>,
        last: bool,
        paint: Paint,
    ) -> String {
        let mut out = pad("design", design);
        for (head, width) in self.columns.iter().zip(widths).take(columns.end).skip(columns.start) {
            out.push_str(GAP);
            out.push_str(&pad(head, *width));
        }
        out = format!("{}\n", out.trim_end());
        for row in &self.rows {
            let mut line = pad(&row.design, design);
            for (i, width) in widths.iter().enumerate().take(columns.end).skip(columns.start) {
                let cell = row.cells.get(i).copied().unwrap_or(Cell::NotJudged);
                // No blanks behind the last cell: styles would keep them from being trimmed.
                let width = if i + 1 == columns.end { 0 } else { *width };
                line.push_str(GAP);
                line.push_str(&cell.paint(width, paint));
            }
            out.push_str(line.trim_end());
            out.push('\n');
            if last {
                notes(&mut out, &row.notes);
            }
        }
        out
    }

    /// One line a property.
    fn narrow(&self, paint: Paint) -> String {
        let head = self.columns.iter().map(|c| width_of(c)).fold(0, usize::max);
        let mut out = String::new();
        for row in &self.rows {
            out.push_str(&row.design);
            out.push('\n');
            for (i, column) in self.columns.iter().enumerate() {
                let cell = row.cells.get(i).copied().unwrap_or(Cell::NotJudged);
                let line = format!("{GAP}{}{GAP}{}\n", pad(column, head), cell.paint(0, paint));
                out.push_str(&line);
            }
            notes(&mut out, &row.notes);
        }
        out
    }
}

/// The columns in blocks that fit the page, as few as possible, and the last not of one column if the
/// one before it can spare another.
fn blocks(design: usize, widths: &[usize]) -> Vec<Range<usize>> {
    let (mut blocks, mut start, mut used) = (Vec::new(), 0, design);
    for (i, width) in widths.iter().enumerate() {
        if used + GAP.len() + width > WIDTH && i > start {
            blocks.push(start..i);
            (start, used) = (i, design);
        }
        used += GAP.len() + width;
    }
    let spare = blocks.last().is_some_and(|b: &Range<usize>| b.len() > 2);
    if let (true, Some(before)) = (spare && start + 1 == widths.len(), blocks.last_mut()) {
        before.end -= 1;
        start -= 1;
    }
    blocks.push(start..widths.len());
    blocks
}

fn notes(out: &mut String, text: &str) {
    if text.is_empty() {
        return;
    }
    for line in wrap(text, WIDTH - 4) {
        out.push_str(GAP);
        out.push_str(GAP);
        out.push_str(&line);
        out.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(columns: &[&str], rows: &[(&str, &[Cell], &str)]) -> Table {
        Table {
            columns: columns.iter().map(|c| (*c).to_owned()).collect(),
            rows: rows
                .iter()
                .map(|(design, cells, notes)| Row {
                    design: (*design).to_owned(),
                    cells: cells.to_vec(),
                    notes: (*notes).to_owned(),
                })
                .collect(),
        }
    }

    #[test]
    fn a_table_is_aligned_and_has_no_trailing_blanks() {
        let cells = [Cell::HoldsAll, Cell::Violated, Cell::NotJudged];
        let other = [Cell::Holds(12_345), Cell::Exhausted, Cell::HoldsAll];
        let table = table(
            &["C1 cut", "C2 harmless", "C3 live"],
            &[("peekraw-v2", &cells, ""), ("exclusive-2016", &other, "C3: on scenario two-pushes")],
        );
        let text = table.render(Paint::Plain);
        let expected = "\
design          C1 cut         C2 harmless  C3 live
peekraw-v2      holds (all)    VIOLATED     -
exclusive-2016  holds (12.3k)  no verdict   holds (all)
    C3: on scenario two-pushes

holds (all): no";
        assert!(text.starts_with(expected), "{text}");
        assert!(text.lines().all(|l| width_of(l) <= WIDTH && l == l.trim_end()), "{text}");
    }

    #[test]
    fn styles_do_not_move_columns() {
        let table = table(&["C1 cut", "C3 live"], &[("a", &[Cell::Violated, Cell::HoldsAll], "")]);
        let ansi = table.render(Paint::Ansi);
        assert!(ansi.contains("\x1b["));
        let plain = anstream::adapter::strip_str(&ansi).to_string();
        assert_eq!(plain, table.render(Paint::Plain));
    }

    #[test]
    fn a_table_too_wide_for_the_page_becomes_a_list() {
        let heads = [
            "C1 cut",
            "C2 harmless",
            "C3 live",
            "C4 memory",
            "C5 complete",
            "C6 restore",
            "C7 guarded",
            "C8 and more",
        ];
        let wide = "x ".repeat(45);
        let row: (&str, &[Cell], &str) = (&wide, &[Cell::Violated; 8], "");
        let text = table(&heads, &[row]).render(Paint::Plain);
        assert!(text.contains("\n  C6 restore   VIOLATED\n"), "{text}");
    }

    #[test]
    fn a_table_wider_than_the_page_comes_in_blocks() {
        let heads = ["C1 cut", "C2 harmless", "C3 live", "C4 memory", "C5 complete", "C6 restore"];
        let cells = [Cell::HoldsAllAnd(40_000); 6];
        let notes = "x ".repeat(90);
        let text = table(&heads, &[("exclusive-2016", &cells, &notes)]).render(Paint::Plain);
        let lines: Vec<&str> = text.lines().collect();
        let heads: Vec<&&str> = lines.iter().filter(|l| l.starts_with("design")).collect();
        assert_eq!(heads.len(), 2, "{text}");
        assert!(heads[0].ends_with("C4 memory") && heads[1].ends_with("C6 restore"), "{text}");
        assert_eq!(lines.iter().filter(|l| l.starts_with("    x")).count(), 2, "{text}");
        assert!(lines.iter().all(|l| width_of(l) <= WIDTH && *l == l.trim_end()), "{text}");
    }

    #[test]
    fn an_empty_table_is_only_its_head() {
        assert_eq!(table(&["C1 cut"], &[]).render(Paint::Plain), "design  C1 cut\n");
    }

    #[test]
    fn counts_are_short_and_never_rounded_up() {
        let counts = [
            (0, "0"),
            (999, "999"),
            (1_000, "1k"),
            (1_999, "1.9k"),
            (999_999, "999k"),
            (1_500_000, "1.5M"),
            (2_000_000_000, "2G"),
        ];
        for (n, text) in counts {
            assert_eq!(short(n), text);
        }
        assert!(short(u64::MAX).ends_with('G'));
    }
}
