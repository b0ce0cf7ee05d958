// SPDX-License-Identifier: GPL-2.0-only
//! Taking records and bytes off the front of a section, knowing at every moment where in the image
//! that is.
//!
//! No locks, no shared state.

use super::container::Section;
use super::error::{ImageError, Refusal};
use super::layout::{ALIGN, Record};
use std::ops::Deref;

/// What is left of a section's body.
#[derive(Debug)]
pub(super) struct Body<'a> {
    rest: &'a [u8],
    /// Where `rest` begins, from the image's start.
    offset: usize,
}

impl<'a> Body<'a> {
    pub(super) const fn of(section: &Section<'a>) -> Self {
        Self { rest: section.body, offset: section.body_at() }
    }

    /// The next record; what is reserved in it is 0.
    pub(super) fn record<R: Record>(&mut self) -> Result<At<R>, ImageError> {
        let (offset, raw) = (self.offset, self.rest);
        let Some(record) = R::take(&mut self.rest) else {
            let what =
                format!("{} bytes are left for the {} of {}", raw.len(), R::SIZE, R::LAYOUT.c_name);
            return Err(ImageError::new(Refusal::Layout, offset, what));
        };
        self.offset += R::SIZE;
        for field in R::LAYOUT.fields.iter().filter(|f| f.is_reserved()) {
            let bytes = raw.get(field.offset..field.offset + field.size).unwrap_or_default();
            if bytes.iter().any(|&b| b != 0) {
                let what = format!("{} is reserved, and not 0", field.name);
                return Err(ImageError::new(Refusal::Layout, offset + field.offset, what));
            }
        }
        Ok(At { record, offset })
    }

    /// The next `n` bytes, `what` they are.
    pub(super) fn bytes(&mut self, n: usize, what: &str) -> Result<&'a [u8], ImageError> {
        let Some((bytes, rest)) = self.rest.split_at_checked(n) else {
            let what = format!("{n} bytes of {what} cannot be in the {} left", self.rest.len());
            return Err(ImageError::new(Refusal::Layout, self.offset, what));
        };
        self.rest = rest;
        self.offset += n;
        Ok(bytes)
    }

    /// The zeros behind `n` bytes, up to a multiple of [`ALIGN`].
    pub(super) fn padding(&mut self, n: usize) -> Result<(), ImageError> {
        let offset = self.offset;
        let padding = self.bytes(n.next_multiple_of(ALIGN) - n, "padding")?;
        match padding.iter().position(|&b| b != 0) {
            None => Ok(()),
            Some(at) => Err(ImageError::new(Refusal::Layout, offset + at, "padding is not 0")),
        }
    }

    /// Where it is, from the image's start.
    pub(super) const fn offset(&self) -> usize {
        self.offset
    }

    /// How many bytes are left.
    pub(super) const fn left(&self) -> usize {
        self.rest.len()
    }

    /// Nothing may be left.
    pub(super) fn end(self) -> Result<(), ImageError> {
        if self.rest.is_empty() {
            return Ok(());
        }
        let what = format!("{} bytes are behind the end of the section's content", self.rest.len());
        Err(ImageError::new(Refusal::Layout, self.offset, what))
    }
}

/// A record, and where it lies.
#[derive(Clone, Copy, Debug)]
pub(super) struct At<R> {
    record: R,
    offset: usize,
}

impl<R: Record> At<R> {
    /// That `field` of it says what cannot be.
    pub(super) fn refuse(&self, field: &str, what: impl Into<String>) -> ImageError {
        ImageError::new(Refusal::State, self.at(field), what)
    }

    /// Where `field` of it lies, from the image's start.
    pub(super) fn at(&self, field: &str) -> usize {
        self.offset + R::LAYOUT.offset_of(field).unwrap_or(0)
    }
}

impl<R> Deref for At<R> {
    type Target = R;

    fn deref(&self) -> &R {
        &self.record
    }
}
