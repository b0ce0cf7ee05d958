// SPDX-License-Identifier: GPL-2.0-only
//! Standard output: styled on a terminal, plain where it is piped or `NO_COLOR` is set.

use crate::error::Error;
use anstream::AutoStream;
use std::io::{Stdout, Write};

/// Where results go. A reader that went away ends the command, quietly.
#[derive(Debug)]
pub struct Output(AutoStream<Stdout>);

impl Output {
    /// Standard output.
    #[must_use]
    pub fn new() -> Self {
        Self(anstream::stdout())
    }

    /// Writes `text` as it is.
    ///
    /// # Errors
    /// [`crate::error::ErrorKind::OutputClosed`] if nobody reads it, or why it cannot be written.
    pub fn text(&mut self, text: &str) -> Result<(), Error> {
        self.0
            .write_all(text.as_bytes())
            .and_then(|()| self.0.flush())
            .map_err(|e| Error::output(&e))
    }

    /// Writes `text` and a newline.
    ///
    /// # Errors
    /// As [`Output::text`].
    pub fn line(&mut self, text: &str) -> Result<(), Error> {
        self.text(&format!("{text}\n"))
    }
}

impl Default for Output {
    fn default() -> Self {
        Self::new()
    }
}
