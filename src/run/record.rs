// SPDX-License-Identifier: GPL-2.0-only
//! What came of each operation.

use crate::errno::Errno;
use crate::script::ast::{Events, Expect, Line, Op};
use crate::verify::ghost::quoted;

/// What a modelled call returned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// A number: bytes written, `FIONREAD`'s answer, 0.
    Number(u64),
    /// Bytes read or peeked.
    Bytes(Vec<u8>),
    /// `poll`'s revents.
    Events(u16),
    /// It failed.
    Errno(Errno),
    /// Nothing was called (`checkpoint this` where nobody peeks).
    Skipped,
}

/// As a script would expect it.
impl std::fmt::Display for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Number(n) => write!(f, "{n}"),
            Self::Bytes(bytes) => write!(f, "{}", Expect::Bytes(bytes.clone())),
            Self::Events(events) => write!(f, "{}", Events(*events)),
            Self::Errno(errno) => write!(f, "{errno}"),
            Self::Skipped => f.write_str("nothing"),
        }
    }
}

impl Outcome {
    /// In words, for a report: long data is shortened in the middle.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::Bytes(bytes) => quoted(bytes),
            Self::Events(bits) => Events(*bits & Events::known().0).to_string(),
            other => other.to_string(),
        }
    }
}

/// One operation and what came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpResult {
    /// The line it stood on.
    pub line: u32,
    /// The operation.
    pub op: Op,
    /// What came of it.
    pub outcome: Outcome,
    /// What the script expected, if it differs.
    pub unmet: Option<Expect>,
}

impl OpResult {
    pub(crate) fn new(line: &Line, outcome: Outcome) -> Self {
        let unmet = line.expect.clone().filter(|expect| !meets(expect, &outcome));
        Self { line: line.line_no.0, op: line.op.clone(), outcome, unmet }
    }
}

/// Whether `outcome` is what `expect` asks for.
#[must_use]
pub fn meets(expect: &Expect, outcome: &Outcome) -> bool {
    match (expect, outcome) {
        (Expect::Bytes(a), Outcome::Bytes(b)) => a == b,
        (Expect::Errno(a), Outcome::Errno(b)) => a == b,
        (Expect::Ret(a), Outcome::Number(b)) => a == b,
        (Expect::Ret(a), Outcome::Bytes(b)) => *a == b.len() as u64,
        (Expect::Events(a), Outcome::Events(b)) => a.0 == b & Events::known().0,
        (Expect::OneOf(answers), _) => answers.iter().any(|answer| meets(answer, outcome)),
        _ => false,
    }
}
