// SPDX-License-Identifier: GPL-2.0-only
//! The built-in scenarios: scripts in `scenarios/`, and what each is explored with.

use crate::error::Error;
use crate::script::{Context, Script, parse};
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

/// A built-in scenario.
#[derive(Clone, Copy, Debug)]
pub struct Scenario {
    /// Its name.
    pub name: &'static str,
    /// Its script.
    pub text: &'static str,
    /// How big it is.
    pub size: Size,
    /// Who is judged by it.
    pub judges: For,
}

macro_rules! scenarios {
    ($($name:literal, $size:ident, $judges:ident;)*) => {
        [$(Scenario {
            name: $name,
            text: include_str!(concat!("../../scenarios/", $name, ".tty")),
            size: Size::$size,
            judges: For::$judges,
        }),*]
    };
}

/// Every built-in scenario, in table order.
pub static SCENARIOS: [Scenario; 9] = scenarios! {
    "append", Tiny, Everyone;
    "wrap", Tiny, Everyone;
    "four", Tiny, Everyone;
    "full", Tiny, Everyone;
    "line", Tiny, Everyone;
    "flush", Tiny, Everyone;
    "sti", Tiny, Pipeline;
    "real", Real, Everyone;
    "real-sti", Real, Pipeline;
};

impl Scenario {
    /// The built-in scenario called `name`.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        SCENARIOS.iter().find(|s| s.name == name)
    }

    /// The bound on preemptions under which loom finishes in about a minute; `None`: it needs no
    /// bound. Measured, see README.md.
    #[must_use]
    pub fn loom_preemptions(&self) -> Option<usize> {
        (!matches!(self.name, "wrap" | "sti")).then_some(2)
    }

    /// Its script, parsed.
    ///
    /// # Errors
    /// Where the script is wrong: a mistake of this project's own.
    pub fn script(&self) -> Result<Arc<Script>, Error> {
        let file = format!("scenarios/{}.tty", self.name);
        parse(self.text, &Context::file(&file)).map(Arc::new)
    }
}
