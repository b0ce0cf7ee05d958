// SPDX-License-Identifier: GPL-2.0-only
//! A counterexample as the body of a mail: what breaks, the scenario, the interleaving in 72
//! columns, what is left, and one command that shows it again.
//!
//! The command carries the whole counterexample, so that the reader needs the tool and nothing
//! else. Its lines are the file's own, and may be longer than 72 columns.

use super::wrap::wrap;
use crate::script::Saved;
use crate::verify::Property;

/// The width of a mail.
pub const WIDTH: usize = 72;

/// The mail about `saved`, of which `drawing` is the interleaving with all that follows it.
#[must_use]
pub fn mail(saved: &Saved, drawing: &str) -> String {
    let mut text = String::new();
    let (what, scenario) = (subject(saved), &saved.scenario);
    paragraph(&mut text, &format!("{what} breaks {}.", promise(saved.property)));
    paragraph(&mut text, &format!("The scenario, \"{scenario}\" of ttysim:"));
    for line in saved.script.to_string().lines() {
        text += &indented(line);
    }
    text += "\nThe interleaving, time running downwards:\n\n";
    text += drawing;
    text += "\nTo see it again, step by step:\n\n  ttysim replay - <<'EOF'\n";
    text += &saved.to_string();
    text += "EOF\n";
    text
}

fn subject(saved: &Saved) -> String {
    match &saved.design {
        Some(design) => format!("The design {design}"),
        None => "The pipeline itself, with nobody peeking,".to_owned(),
    }
}

/// `C3 (live): when all threads rest, ...`.
fn promise(property: Property) -> String {
    format!("{property} ({}): {}", property.word(), property.sentence())
}

fn paragraph(text: &mut String, words: &str) {
    for line in wrap(words, WIDTH) {
        *text += &line;
        text.push('\n');
    }
    text.push('\n');
}

/// A line of the scenario, broken where it is too long: it is there to be read, and the command
/// has it as it is.
fn indented(line: &str) -> String {
    let inner = line.len() - line.trim_start().len();
    let lines = wrap(line, WIDTH - 6 - inner);
    let indent = |(i, l): (usize, &String)| {
        let more = if i == 0 { 0 } else { 4 };
        format!("{}{l}\n", " ".repeat(2 + inner + more))
    };
    lines.iter().enumerate().map(indent).collect()
}
