// SPDX-License-Identifier: GPL-2.0-only
//! The byte form of a checkpoint: what an ioctl would hand out, and a restore would take.
//!
//! # Data flow
//! ```text
//! PairState -> encode.rs (records, sections) -> container.rs (header, checksum) -> bytes
//! bytes -> container.rs -> decode.rs -> PairState::validate -> PairState
//! records.rs, sections.rs -> c_header.rs -> include/tty_checkpoint.h, docs/image.md
//! ```
//!
//! # Invariants
//! - `decode(encode(state)) == state` for every valid state, and `encode(decode(bytes)) == bytes`
//!   for all bytes that are accepted: an image has one form.
//! - Whatever the bytes are, decoding them ends with a state or an [`ImageError`] that says where,
//!   and allocates no more than a small multiple of their number.
//! - [`size_needed`] is exact, and at most [`max_size`].
//!
//! # Versions
//! Within a major version nothing that is there changes. What is new is an optional section, which
//! an older reader skips and keeps ([`Image::unknown`]). A required section that is not known
//! refuses the image.
//!
//! No locks, no shared state.

mod body;
pub mod c_header;
pub mod container;
mod decode;
mod encode;
mod error;
pub mod layout;
mod locate;
pub mod records;
pub mod sections;
mod size;

pub use error::{ImageError, Refusal};
pub use size::{max_size, size_needed};

use super::state::{EndState, PairState};
use layout::Record as _;
use sections::End;

/// What an image holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// Both ends of a pty pair, at one instant.
    Pair(Box<PairState>),
    /// One end. A tty that is no pty is one end alone.
    One(End, Box<EndState>),
}

impl Content {
    /// The ends that are in it.
    #[must_use]
    pub fn ends(&self) -> Vec<(End, &EndState)> {
        match self {
            Self::Pair(pair) => vec![(End::Master, &pair.master), (End::Slave, &pair.slave)],
            Self::One(end, state) => vec![(*end, state)],
        }
    }
}

/// A section of a newer version, kept as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unknown {
    /// Its kind.
    pub kind: u16,
    /// Whose it is.
    pub end: u8,
    /// Its flags.
    pub flags: u8,
    /// What is in it.
    pub bytes: Vec<u8>,
}

/// An image, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// The minor version of whoever wrote it.
    pub minor: u16,
    /// Who that was, if it says so.
    pub origin: Option<String>,
    /// What it holds.
    pub content: Content,
    /// What is in it besides, in order.
    pub unknown: Vec<Unknown>,
}

impl Image {
    /// An image of `content`, as this version writes it.
    #[must_use]
    pub const fn of(content: Content) -> Self {
        Self { minor: container::MINOR, origin: None, content, unknown: Vec::new() }
    }

    /// The same, saying who wrote it.
    #[must_use]
    pub fn from_origin(self, origin: impl Into<String>) -> Self {
        Self { origin: Some(origin.into()), ..self }
    }

    /// Its bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        encode::image(self)
    }

    /// The image that `bytes` are.
    ///
    /// # Errors
    /// Where they are none.
    pub fn decode(bytes: &[u8]) -> Result<Self, ImageError> {
        decode::image(bytes)
    }
}

/// The flags of an end that are on, by their names in an image: `no_room`, `icanon`, ...
#[must_use]
pub fn flags(end: &EndState) -> Vec<&'static str> {
    encode::flags(end)
}

/// The bytes of a pair's image.
#[must_use]
pub fn encode(pair: &PairState) -> Vec<u8> {
    encode::pair(pair)
}

/// The pair whose image `bytes` are.
///
/// # Errors
/// Where they are none, or hold one end only.
pub fn decode(bytes: &[u8]) -> Result<PairState, ImageError> {
    match Image::decode(bytes)?.content {
        Content::Pair(pair) => Ok(*pair),
        Content::One(end, _) => {
            let what = format!("the image holds the {} alone, and no pair", end.name());
            Err(ImageError::new(Refusal::State, records::Header::SIZE, what))
        }
    }
}
