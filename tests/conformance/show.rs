// SPDX-License-Identifier: GPL-2.0-only
//! What a person sees of a run: the summary, and each line that is not as it must be.

use crate::judge::{Fault, Report, Row};
use std::fmt::Write;
use ttysim::compare::Answer;

/// How much of a long answer is shown from its beginning.
const SHOWN: usize = 200;

/// What ran where, and above all what did not.
pub(crate) fn summary(report: &Report) -> String {
    let kernel = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let left = report.scripts - report.on_kernel;
    let mut text = format!(
        "conformance: {} scripts on the model, {} on this kernel ({})",
        report.scripts,
        report.on_kernel,
        kernel.trim_end()
    );
    if left > 0 {
        let _ = write!(text, "\nconformance: {left} SCRIPTS NOT RUN ON THE KERNEL");
    }
    text
}

/// Every failure.
pub(crate) fn failures(report: &Report) -> String {
    let mut text = format!(
        "{} of {} scripts fail\n{}\n",
        report.failures.len(),
        report.scripts,
        summary(report)
    );
    for (file, fault) in &report.failures {
        text += &match fault {
            Fault::Unusable(why) => format!("\n{file}:1: {why}\n"),
            Fault::ExpectsNothing => format!("\n{file}:1: no line of it has an 'expect'\n"),
            Fault::Races(rule, why) => {
                format!("\n{file}:1: it has more than one answer ({rule}): {why}\n")
            }
            Fault::Lines(rows) => rows.iter().map(|row| one(file, row)).collect(),
        };
    }
    text
}

/// A line, and the three answers to it below each other.
fn one(file: &str, row: &Row) -> String {
    let words = |answer: &Option<Answer>| match answer {
        Some(answer) => shortened(&answer.words()),
        None => "never came this far".to_owned(),
    };
    let expected = match &row.line.expect {
        Some(expect) => shortened(&expect.to_string()),
        None => "the same on both".to_owned(),
    };
    let kernel = match row.on_kernel {
        true => words(&row.kernel),
        false => "(not run)".to_owned(),
    };
    let (line, op) = (row.line.line_no.0, shortened(&row.line.op.to_string()));
    let model = words(&row.model);
    format!(
        "\n{file}:{line}: {op}\n    expected  {expected}\n    model     {model}\n    kernel    {kernel}\n"
    )
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((at, _)) => format!("{}... ({} characters)", &text[..at], text.chars().count()),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_did_not_run_on_the_kernel_is_counted() {
        let some = Report { scripts: 5, on_kernel: 3, ..Report::default() };
        assert!(summary(&some).contains("\nconformance: 2 SCRIPTS NOT RUN ON THE KERNEL"));
        let all = Report { scripts: 5, on_kernel: 5, ..Report::default() };
        assert!(!summary(&all).contains("NOT RUN"));
    }

    #[test]
    fn long_answers_are_cut_between_characters() {
        assert_eq!(shortened("abc"), "abc");
        let long = "é".repeat(300);
        assert_eq!(shortened(&long), format!("{}... (300 characters)", "é".repeat(200)));
    }
}
