// SPDX-License-Identifier: GPL-2.0-only
//! Scenarios: what designs are judged on. The built-in ones are the scripts in `scenarios/`; a user
//! may bring others.

use crate::error::Error;
use crate::geometry::Geometry;
use crate::script::ast::Op;
use crate::script::{Context, Script, parse};
use std::borrow::Cow;
use std::sync::Arc;

/// How big a scenario is, which decides how it can be explored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    /// Small enough to explore everything.
    Tiny,
    /// The kernel's sizes: sampled.
    Real,
}

/// Who is judged by a scenario.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum For {
    /// Every design, and the pipeline itself with the peeks left out.
    Everyone,
    /// The pipeline itself: nobody peeks, and what it finds is no design's fault.
    Pipeline,
}

/// Where a scenario's script is.
#[derive(Clone, Debug)]
pub enum Source {
    /// Built in, to be parsed.
    BuiltIn(&'static str),
    /// A user's, parsed.
    Own(Arc<Script>),
}

/// A scenario.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// Its name.
    pub name: Cow<'static, str>,
    /// Its script.
    pub source: Source,
    /// How big it is.
    pub size: Size,
    /// Who is judged by it.
    pub judges: For,
}

macro_rules! scenarios {
    ($($name:literal, $size:ident, $judges:ident;)*) => {
        [$(Scenario {
            name: Cow::Borrowed($name),
            source: Source::BuiltIn(include_str!(concat!("../../scenarios/", $name, ".tty"))),
            size: Size::$size,
            judges: For::$judges,
        }),*]
    };
}

/// Every built-in scenario, in table order.
pub static SCENARIOS: [Scenario; 26] = scenarios! {
    "append", Tiny, Everyone;
    "wrap", Tiny, Everyone;
    "four", Tiny, Everyone;
    "full", Tiny, Everyone;
    "line", Tiny, Everyone;
    "flush", Tiny, Everyone;
    "echo", Tiny, Everyone;
    "echoed", Tiny, Everyone;
    "signal", Tiny, Everyone;
    "flow", Tiny, Everyone;
    "change", Tiny, Everyone;
    "two-peekers", Tiny, Everyone;
    "asleep", Tiny, Everyone;
    "settings", Tiny, Everyone;
    "hung-up", Tiny, Everyone;
    "interrupted", Tiny, Everyone;
    "told", Tiny, Everyone;
    "after", Tiny, Everyone;
    "typist", Tiny, Everyone;
    "both-ends", Tiny, Everyone;
    "no-room", Tiny, Everyone;
    "becomes-lines", Tiny, Everyone;
    "sti", Tiny, Pipeline;
    "real", Real, Everyone;
    "real-lines", Real, Everyone;
    "real-sti", Real, Pipeline;
};

impl Scenario {
    /// The built-in scenario called `name`.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        SCENARIOS.iter().find(|s| s.name == name)
    }

    /// A user's own scenario: exhaustive unless its sizes are Linux's, and for designs if there is
    /// a checkpoint call in it.
    #[must_use]
    pub fn own(name: &str, script: Script) -> Self {
        let peeks = script.lines().any(|line| matches!(line.op, Op::Checkpoint { .. }));
        Self {
            name: Cow::Owned(name.to_owned()),
            size: if script.geometry == Geometry::LINUX { Size::Real } else { Size::Tiny },
            judges: if peeks { For::Everyone } else { For::Pipeline },
            source: Source::Own(Arc::new(script)),
        }
    }

    /// The bound on preemptions under which loom finishes in about a minute; `None`: it needs no
    /// bound. Measured, see README.md.
    #[must_use]
    pub fn loom_preemptions(&self) -> Option<usize> {
        (!matches!(self.name.as_ref(), "wrap" | "sti")).then_some(2)
    }

    /// Its script, parsed.
    ///
    /// # Errors
    /// Where a built-in script is wrong: a mistake of this project's own.
    pub fn script(&self) -> Result<Arc<Script>, Error> {
        match &self.source {
            Source::Own(script) => Ok(Arc::clone(script)),
            Source::BuiltIn(text) => {
                let file = format!("scenarios/{}.tty", self.name);
                parse(text, &Context::file(&file)).map(Arc::new)
            }
        }
    }
}
