// SPDX-License-Identifier: GPL-2.0-only
//! Why bytes are no checkpoint image: where, what, and what to do about it.
//!
//! No locks, no shared state.

use super::container::Section;
use super::sections::name_of;
use crate::error::{Error, ErrorKind, visible};
use std::fmt;

/// What kind of trouble it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It does not begin as an image does.
    NotAnImage,
    /// It is an image of a version that is not known here, or has a part that must be and is not.
    Unknown,
    /// It ends too early, or goes on too long.
    Length,
    /// Its checksum is not that of its bytes.
    Checksum,
    /// Its parts are not laid out as the format says.
    Layout,
    /// It is laid out well, and says what no tty could be in.
    State,
}

impl Refusal {
    /// `not-an-image`, ...: what JSON calls it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::NotAnImage => "not-an-image",
            Self::Unknown => "unknown",
            Self::Length => "length",
            Self::Checksum => "checksum",
            Self::Layout => "layout",
            Self::State => "state",
        }
    }

    /// What to do next.
    #[must_use]
    pub const fn help(self) -> &'static str {
        match self {
            Self::NotAnImage => "give it a file that `ttysim image save` wrote, or a checkpoint",
            Self::Unknown => "read it with the version of ttysim that wrote it, or a newer one",
            Self::Length => "copy the file again, whole and in binary: it was cut or appended to",
            Self::Checksum => "copy the file again, in binary: bytes changed on the way",
            Self::Layout | Self::State => {
                "take the checkpoint again; the checksum is right, so whoever wrote it is wrong"
            }
        }
    }
}

/// Why an image is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageError {
    /// What kind of trouble it is.
    pub refusal: Refusal,
    /// Where, in bytes from the image's start.
    pub offset: usize,
    /// The section it is in, as people call it: `flip of slave`.
    pub section: Option<String>,
    /// What is wrong: one sentence without a full stop.
    pub message: String,
}

impl ImageError {
    pub(super) fn new(refusal: Refusal, offset: usize, message: impl Into<String>) -> Self {
        Self { refusal, offset, section: None, message: message.into() }
    }

    /// The same, in that section.
    pub(super) fn inside(self, section: &Section<'_>) -> Self {
        Self { section: Some(name_of(section)), ..self }
    }

    /// The error of the tool that `file` is no image.
    #[must_use]
    pub fn in_file(&self, file: &str) -> Error {
        let message = format!("{}: {self}", visible(file));
        Error::new(ErrorKind::Syntax, message).help(self.refusal.help())
    }
}

/// `offset 40 (0x28), in flip of slave: commit is 9, and used is 3`.
impl fmt::Display for ImageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "offset {0} ({0:#x})", self.offset)?;
        if let Some(section) = &self.section {
            write!(f, ", in {section}")?;
        }
        write!(f, ": {}", self.message)
    }
}

impl std::error::Error for ImageError {}
