// SPDX-License-Identifier: GPL-2.0-only
//! Scripts that are part of the program: those that a design is judged on by other means than exploring
//! the scenarios.
//!
//! No locks.

use crate::error::Error;
use crate::script::{Context, Script, parse};

/// One of them.
#[derive(Clone, Copy, Debug)]
pub struct BuiltIn {
    /// What reports call it.
    pub name: &'static str,
    /// The file it is.
    pub(super) file: &'static str,
    pub(super) text: &'static str,
}

/// The files with these names in a directory of `scenarios/`; each name in reports with a prefix.
macro_rules! built_in {
    ($directory:literal, $prefix:literal, $($name:literal),* $(,)?) => {
        [$(BuiltIn {
            name: concat!($prefix, $name),
            file: concat!("scenarios/", $directory, "/", $name, ".tty"),
            text: include_str!(concat!("../../scenarios/", $directory, "/", $name, ".tty")),
        }),*]
    };
}
pub(super) use built_in;

impl BuiltIn {
    /// Its script, parsed.
    ///
    /// # Errors
    /// Where a built-in script is wrong: a mistake of this project's own.
    pub fn script(&self) -> Result<Script, Error> {
        parse(self.text, &Context::file(self.file))
    }
}
