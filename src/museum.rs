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

pub mod fixes;
mod m01;
mod m02;
mod m03;
mod m04;
mod m04b;
mod m05;
mod m06;
mod m07;
mod m08;
mod m09;
mod m10;
mod m11;
mod m12;
mod m14;
mod m15;
mod m16;
mod m17;
mod m19;
mod m22;
mod m23;
mod m24;
mod m25;
mod m26;
mod m27;
mod m28;
mod m31;
mod t;
mod t_signal;
pub mod visit;
mod w01;
mod w02;
mod w03;
mod w04;
mod w05;
mod w06;
mod w08;
mod w09;
mod w10;
mod w11;

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
    /// What the line discipline makes of its input.
    Semantics,
    /// What the code of today may get wrong.
    Weakness,
}

impl Tier {
    /// Its number: 0 for what is not history.
    #[must_use]
    pub const fn number(self) -> u64 {
        match self {
            Self::Pipeline => 1,
            Self::Lifetime => 2,
            Self::Semantics => 3,
            Self::Weakness => 0,
        }
    }
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
    /// Nothing but the right calls.
    Nothing,
    /// An unlucky interleaving.
    Interleaving,
    /// Store buffers: x86 will do.
    StoreBuffers,
    /// Memory that is weaker than x86's, where nothing but the value that is read goes wrong.
    Weaker,
    /// Memory that is weaker than x86's. Happens-before is judged by the orderings in the code,
    /// so under sequential consistency it is found as a data race.
    Weak,
}

impl Needs {
    /// In words.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::Interleaving => "an interleaving",
            Self::StoreBuffers => "store buffers, as x86 has them",
            Self::Weaker | Self::Weak => "memory weaker than that of x86",
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

/// What most exhibits have in common.
const BASE: Exhibit = Exhibit {
    id: "",
    tier: Tier::Pipeline,
    commit: "",
    title: "",
    year: 0,
    source: Source::Read,
    wrong: "",
    reverts: "",
    threads: 0,
    buffers: 0,
    needs: Needs::Interleaving,
    broken: Variant::Today,
    fixed: Some(Variant::Today),
    property: Property::C2,
    code: "",
    script: "",
};

/// All of them, in order.
pub static EXHIBITS: &[&Exhibit] = &[
    &m01::RECHECK,
    &m01::READER,
    &m01::WORKER,
    &m02::LOADS,
    &m02::STORES,
    &m02::COMMIT,
    &m02::NEXT,
    &m02::LOAD_NEXT,
    &m02::LOAD_COMMIT,
    &m03::EXHIBIT,
    &m04::EXHIBIT,
    &m04b::EXHIBIT,
    &m05::EXHIBIT,
    &m06::EXHIBIT,
    &m07::READ,
    &m07::POLL,
    &m07::EARLY,
    &m08::READ,
    &m08::POLL,
    &m09::EXHIBIT,
    &m10::EXHIBIT,
    &m11::PUBLISHED,
    &m11::HEAD,
    &m11::LOAD_HEAD,
    &m11::TAIL,
    &m11::LOAD_TAIL,
    &m12::OLD_COUNT,
    &m12::TIMEOUT,
    &m12::ACQUIRE,
    &m14::LIVELOCK,
    &m14::NO_KICK,
    &m14::FLUSH,
    &m15::EXHIBIT,
    &m16::RESET,
    &m16::HALF,
    &m16::BARRIERS,
    &m17::INIT,
    &m17::REOPEN,
    &m19::CHANGE,
    &m19::HANGUP,
    &m22::EXHIBIT,
    &m23::EXHIBIT,
    &m24::EXHIBIT,
    &m25::EXHIBIT,
    &m26::EXHIBIT,
    &m27::EXHIBIT,
    &m28::EXHIBIT,
    &m31::EXHIBIT,
    &t::EOF,
    &t::SHORT,
    &t::TORN,
    &t::FULL,
    &t::OVERLONG,
    &t::PAST_END,
    &t::PARMRK,
    &t::GRIDLOCK,
    &t_signal::TORN_WRITE,
    &t_signal::HANDLER,
    &w01::W1,
    &w01::ANY,
    &w01::ALWAYS,
    &w02::EXHIBIT,
    &w03::EXHIBIT,
    &w04::EBUSY,
    &w04::CHANGING,
    &w04::REOPEN,
    &w05::SIGNAL,
    &w05::FLUSH,
    &w06::EXHIBIT,
    &w08::EXHIBIT,
    &w09::EXHIBIT,
    &w10::EXHIBIT,
    &w11::READ,
    &w11::POLL,
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
