// SPDX-License-Identifier: GPL-2.0-only
//! A finding: which property of the contract broke, in one sentence, and between whom.

use std::fmt;

/// The contract's properties (ARCHITECTURE.md has them in full).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Property {
    /// A checkpoint's result is the unread content at one instant of the call.
    C1,
    /// Nobody's data changes because somebody peeked.
    C2,
    /// Nothing rests while something is pending.
    C3,
    /// No data race, no access outside or after the life of a buffer.
    C4,
    /// State beyond bytes is carried, or reported as not carried.
    C5,
    /// A restored pair behaves as the original would have.
    C6,
    /// A refused call is refused with the right errno and changes nothing.
    C7,
}

impl Property {
    /// The properties this version checks under concurrency, in table order.
    pub const CHECKED: [Self; 4] = [Self::C1, Self::C2, Self::C3, Self::C4];

    /// `C1`.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::C1 => "C1",
            Self::C2 => "C2",
            Self::C3 => "C3",
            Self::C4 => "C4",
            Self::C5 => "C5",
            Self::C6 => "C6",
            Self::C7 => "C7",
        }
    }

    /// `cut`: the word used in tables.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::C1 => "cut",
            Self::C2 => "harmless",
            Self::C3 => "live",
            Self::C4 => "memory",
            Self::C5 => "complete",
            Self::C6 => "restore",
            Self::C7 => "guarded",
        }
    }

    /// The property in one sentence, as a reader of a report who knows no contract needs it.
    #[must_use]
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::C1 => {
                "what a checkpoint returns is what was unread at one instant between call and return"
            }
            Self::C2 => "readers get what they would have got had nobody peeked",
            Self::C3 => {
                "when all threads rest, no reader sleeps and no worker is idle while it could take data"
            }
            Self::C4 => {
                "no data race, and no access to memory that is freed, outside or never written"
            }
            Self::C5 => "state beyond bytes is carried, or reported as not carried",
            Self::C6 => "a restored pair behaves as the original would have",
            Self::C7 => "a call that is refused says why and changes nothing",
        }
    }

    /// The property whose [`Property::id`] is `id`.
    #[must_use]
    pub fn from_id(id: &str) -> Option<Self> {
        [Self::C1, Self::C2, Self::C3, Self::C4, Self::C5, Self::C6, Self::C7]
            .into_iter()
            .find(|p| p.id() == id)
    }
}

impl fmt::Display for Property {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

/// One side of a conflict: who touched what, where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Access {
    /// The thread's name.
    pub thread: String,
    /// `function.what` in the model, the kernel's function name first.
    pub site: &'static str,
    /// `read` or `write`.
    pub verb: &'static str,
}

impl fmt::Display for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} by {} at {}", self.verb, self.thread, self.site)
    }
}

/// A broken property.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Which one.
    pub property: Property,
    /// A stable word for what went wrong: `data-race`, `stall`, `gap`, ...
    pub code: &'static str,
    /// One sentence for a reader who knows the kernel and not this tool.
    pub sentence: String,
    /// For a race: both sides, the earlier first.
    pub accesses: Vec<Access>,
}

impl Violation {
    /// A violation without conflicting accesses.
    #[must_use]
    pub fn new(property: Property, code: &'static str, sentence: impl Into<String>) -> Self {
        Self { property, code, sentence: sentence.into(), accesses: Vec::new() }
    }

    /// The same violation, naming both sides of the conflict.
    #[must_use]
    pub fn between(mut self, earlier: Access, later: Access) -> Self {
        self.accesses = vec![earlier, later];
        self
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}", self.property, self.code, self.sentence)
    }
}
