// SPDX-License-Identifier: GPL-2.0-only
//! The bug museum: what the tty input path once got wrong, put back on purpose.
//!
//! A checker that reports nothing is only trusted if it is known to report what is there. So each
//! historical bug that a faithful model can have is an [`Exhibit`]: a variant of the code, the
//! smallest script that shows it, and what must be found. A visit ([`visit::visit`]) explores that
//! script twice with the same budget: with the variant something must be found, without it nothing.
//!
//! # Data flow
//! One file an exhibit, which is plain data; [`EXHIBITS`] lists them in order. The branches in the
//! model that the variants switch are found by their names ([`crate::machine::Variant`]).
//!
//! The weaknesses (`W1` ...) are the other way round: what may be wrong with the code of today,
//! and, where there is one, a variant that would cure it.

mod m01a;
mod m02;
mod m03;
mod m04;
mod m09;
mod m14;
pub mod visit;

use crate::error::{Error, ErrorKind};
use crate::machine::Variant;
use crate::script::{Context, Script, parse};
use crate::verify::Property;
use std::sync::Arc;

/// Which room of the museum.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tier {
    /// Data and wakeups lost in the pipeline itself.
    Pipeline,
    /// The line discipline's lifetime, hangup, flow control.
    Lifetime,
    /// What the code of today may get wrong.
    Weakness,
}

/// How much of an exhibit's story was checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The commit or the patch was read.
    Read,
    /// It follows from the code of 6.12.
    Code,
    /// The commit is quoted from memory: confirm its hash before you quote it on.
    Memory,
}

impl Source {
    /// One word for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Code => "code",
            Self::Memory => "memory",
        }
    }
}

/// What it takes to go wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    /// An unlucky interleaving.
    Interleaving,
}

impl Needs {
    /// In words.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Interleaving => "an interleaving",
        }
    }
}

/// One bug.
#[derive(Clone, Copy, Debug)]
pub struct Exhibit {
    /// Its number: `1a`, `W3`.
    pub id: &'static str,
    /// Where it hangs.
    pub tier: Tier,
    /// The commit that cured it, or more of them; empty if there is none.
    pub commit: &'static str,
    /// What that commit or the weakness is called.
    pub title: &'static str,
    /// When, 0 if it is not known.
    pub year: u16,
    /// How much of this was checked.
    pub source: Source,
    /// What went wrong.
    pub wrong: &'static str,
    /// What the variant changes.
    pub reverts: &'static str,
    /// The fewest threads it takes, the worker counted.
    pub threads: u8,
    /// The fewest flip buffers, the sentinel not counted.
    pub buffers: u8,
    /// What it takes.
    pub needs: Needs,
    /// The code that has it.
    pub broken: Variant,
    /// The code that has not.
    pub fixed: Option<Variant>,
    /// The property that must break.
    pub property: Property,
    /// The finding's word.
    pub code: &'static str,
    /// The script that shows it, without a `variant` line.
    pub script: &'static str,
}

/// All of them, in order.
pub static EXHIBITS: &[&Exhibit] = &[
    &m01a::EXHIBIT,
    &m02::LOADS,
    &m02::STORES,
    &m03::EXHIBIT,
    &m04::EXHIBIT,
    &m09::EXHIBIT,
    &m14::LIVELOCK,
    &m14::NO_KICK,
];

impl Exhibit {
    /// The exhibit with this number.
    #[must_use]
    pub fn find(id: &str) -> Option<&'static Self> {
        EXHIBITS.iter().copied().find(|e| e.id.eq_ignore_ascii_case(id))
    }

    /// Its script, to be run as `variant`.
    ///
    /// # Errors
    /// Where the script is wrong: a mistake of this project's own.
    pub fn script(&self, variant: Variant) -> Result<Arc<Script>, Error> {
        let file = format!("museum {}", self.id);
        let mut script = parse(self.script, &Context::file(&file))?;
        if script.machine.variant != Variant::Today {
            let what = format!("the script of exhibit {} has a variant of its own", self.id);
            return Err(Error::new(ErrorKind::Usage, what));
        }
        script.machine.variant = variant;
        Ok(Arc::new(script))
    }
}
