// SPDX-License-Identifier: GPL-2.0-only
//! KTAP, the kernel's own test protocol (`Documentation/dev-tools/ktap.rst`), as `kunit.py parse`
//! reads it.
//!
//! Data flow: commands build [`Test`]s -> [`document`] -> text. A finding is `not ok`; `# SKIP` is
//! only ever said where there is no verdict, and says why. A parent is `not ok` if one of its tests
//! is, and skipped if all of them are.
//!
//! # Invariants
//! - A name holds no `#` and no control character: what follows a `#` would be a directive.
//! - Everything else that is said stands behind `# `, before the result it belongs to.

use crate::report::json::{Status, Verdict};
use crate::report::verdicts::merge;

/// What came of a test.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing was found.
    Ok,
    /// Something was.
    NotOk,
    /// There is no verdict, and why.
    Skip(String),
}

/// A test, or a group of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Test {
    name: String,
    notes: Vec<String>,
    body: Body,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Body {
    One(Outcome),
    Group(Vec<Test>),
}

impl Test {
    /// A test without subtests.
    #[must_use]
    pub fn one(name: &str, outcome: Outcome) -> Self {
        Self { name: clean(name), notes: Vec::new(), body: Body::One(outcome) }
    }

    /// A group of tests.
    #[must_use]
    pub fn group(name: &str, tests: Vec<Self>) -> Self {
        Self { name: clean(name), notes: Vec::new(), body: Body::Group(tests) }
    }

    /// The same test, with something to read about it: a line a line.
    #[must_use]
    pub fn note(mut self, text: &str) -> Self {
        self.notes.extend(text.lines().map(|l| l.trim_end().to_owned()));
        self
    }

    fn outcome(&self) -> Outcome {
        let tests = match &self.body {
            Body::One(outcome) => return outcome.clone(),
            Body::Group(tests) => tests,
        };
        let outcomes: Vec<Outcome> = tests.iter().map(Self::outcome).collect();
        let skipped = |o: &Outcome| matches!(o, Outcome::Skip(_));
        if outcomes.contains(&Outcome::NotOk) {
            Outcome::NotOk
        } else if !outcomes.is_empty() && outcomes.iter().all(skipped) {
            Outcome::Skip("no verdict on any of them".to_owned())
        } else {
            Outcome::Ok
        }
    }

    fn print(&self, number: usize, depth: usize, out: &mut String) {
        let indent = "  ".repeat(depth);
        if let Body::Group(tests) = &self.body {
            head(tests, depth + 1, Some(&self.name), out);
        }
        for note in &self.notes {
            out.push_str(format!("{indent}# {note}").trim_end());
            out.push('\n');
        }
        let (word, directive) = match self.outcome() {
            Outcome::Ok => ("ok", String::new()),
            Outcome::NotOk => ("not ok", String::new()),
            Outcome::Skip(why) => ("ok", format!(" # SKIP {}", clean(&why))),
        };
        out.push_str(&format!("{indent}{word} {number} {}{directive}\n", self.name));
    }
}

fn head(tests: &[Test], depth: usize, name: Option<&str>, out: &mut String) {
    let indent = "  ".repeat(depth);
    out.push_str(&format!("{indent}KTAP version 1\n"));
    if let Some(name) = name {
        out.push_str(&format!("{indent}# Subtest: {name}\n"));
    }
    out.push_str(&format!("{indent}1..{}\n", tests.len()));
    for (i, test) in tests.iter().enumerate() {
        test.print(i + 1, depth, out);
    }
}

/// The whole output.
#[must_use]
pub fn document(tests: &[Test]) -> String {
    let mut out = String::new();
    head(tests, 0, None, &mut out);
    out
}

/// `text` as a name can be: on one line, without a `#`, and with something in it.
fn clean(text: &str) -> String {
    let plain = |c: char| if c == '#' || c.is_control() { ' ' } else { c };
    let text: String = text.chars().map(plain).collect();
    let words: Vec<&str> = text.split_whitespace().collect();
    if words.is_empty() { "unnamed".to_owned() } else { words.join(" ") }
}

/// The output of a command that judges designs: a group a design, a test a question.
#[must_use]
pub fn verdicts(verdicts: &[Verdict]) -> String {
    let merged = merge(verdicts);
    let mut designs: Vec<&str> = Vec::new();
    for verdict in &merged {
        if !designs.contains(&verdict.design.as_str()) {
            designs.push(&verdict.design);
        }
    }
    let group = |design: &&str| {
        let tests = merged.iter().filter(|v| v.design == **design).map(verdict).collect();
        Test::group(design, tests)
    };
    document(&designs.iter().map(group).collect::<Vec<_>>())
}

/// `append C3 (seeded, sc, exhaustive)`.
fn verdict(verdict: &Verdict) -> Test {
    let Verdict { scenario, property, runtime, memory, policy, .. } = verdict;
    let name = format!("{scenario} {property} ({runtime}, {memory}, {policy})");
    let outcome = match verdict.status {
        Status::Holds => Outcome::Ok,
        Status::Violated => Outcome::NotOk,
        Status::Exhausted => Outcome::Skip("no verdict: the budget ended first".to_owned()),
    };
    let all = if verdict.exhaustive { ", all there are" } else { "" };
    let test = Test::one(&name, outcome);
    let test = test.note(&format!("{} executions{all}", verdict.executions));
    match &verdict.counterexample {
        Some(file) => test.note(&format!("ttysim replay {file}")),
        None => test,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_is_what_ktap_says() {
        let group = Test::group(
            "a # b",
            vec![
                Test::one("x", Outcome::Ok),
                Test::one("y", Outcome::NotOk).note("why\n\n1..2"),
                Test::one("z", Outcome::Skip("no #time".to_owned())),
            ],
        );
        let skipped = Test::group("s", vec![Test::one("t", Outcome::Skip("late".to_owned()))]);
        let expected = "\
KTAP version 1
1..3
  KTAP version 1
  # Subtest: a b
  1..3
  ok 1 x
  # why
  #
  # 1..2
  not ok 2 y
  ok 3 z # SKIP no time
not ok 1 a b
  KTAP version 1
  # Subtest: s
  1..1
  ok 1 t # SKIP late
ok 2 s # SKIP no verdict on any of them
ok 3 unnamed
";
        assert_eq!(document(&[group, skipped, Test::one("\n", Outcome::Ok)]), expected);
    }
}
