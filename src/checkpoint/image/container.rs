// SPDX-License-Identifier: GPL-2.0-only
//! The outside of an image: its header, its checksum, and its sections, whatever is in them.
//!
//! # Data flow
//! bytes -> [`open`] -> sections, each with its body; [`Writer`] -> bytes.
//!
//! # Invariants
//! - Sections are sorted by end, then by kind, and none is there twice: one image has one form.
//! - Nothing is allocated before it is known that so many bytes are there.
//!
//! No locks, no shared state.

use super::error::{ImageError, Refusal};
use super::layout::{ALIGN, Record, aligned};
use super::records::{Header, SectionHeader};
use super::sections::{End, Kind};

/// What every image begins with: not text, so that whoever changes line ends is found out.
pub const MAGIC: [u8; 8] = *b"\x7fTTYCKPT";
/// Another major version is another format.
pub const MAJOR: u16 = 1;
/// A higher minor version has more optional sections, and nothing else that is new.
pub const MINOR: u16 = 1;

/// In [`SectionHeader::flags`]: whoever does not know the section must refuse the image.
pub const REQUIRED: u8 = 1;

/// A section as it lies in an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Section<'a> {
    /// Where its header begins.
    pub offset: usize,
    /// What it is, and how long.
    pub header: SectionHeader,
    /// What is in it.
    pub body: &'a [u8],
}

impl Section<'_> {
    /// Where its body begins.
    #[must_use]
    pub const fn body_at(&self) -> usize {
        self.offset + SectionHeader::SIZE
    }
}

/// The header of an image, and its sections.
#[derive(Clone, Debug)]
pub struct Container<'a> {
    /// What the image begins with.
    pub header: Header,
    /// Its sections, in order.
    pub sections: Vec<Section<'a>>,
}

impl<'a> Container<'a> {
    /// The section of that kind and end.
    #[must_use]
    pub fn find(&self, kind: &Kind, end: End) -> Option<&Section<'a>> {
        let wanted = (end as u8, kind.number);
        let at = self.sections.binary_search_by_key(&wanted, |s| key(&s.header)).ok()?;
        self.sections.get(at)
    }
}

/// Takes an image apart.
///
/// # Errors
/// Where it is not laid out as an image of a known version, or is not what was written.
pub fn open(bytes: &[u8]) -> Result<Container<'_>, ImageError> {
    let header = header(bytes)?;
    let sections = sections(bytes, header.nr_sections)?;
    Ok(Container { header, sections })
}

fn header(bytes: &[u8]) -> Result<Header, ImageError> {
    let start = &bytes[..bytes.len().min(MAGIC.len())];
    if !MAGIC.starts_with(start) || start.is_empty() {
        let what = "this is no checkpoint image: it begins otherwise";
        return Err(ImageError::new(Refusal::NotAnImage, 0, what));
    }
    let Some(header) = Header::take(&mut &bytes[..]) else {
        let what =
            format!("the image ends in its header: {} bytes of {}", bytes.len(), Header::SIZE);
        return Err(ImageError::new(Refusal::Length, bytes.len(), what));
    };
    let refuse = |refusal, field, what: String| {
        Err(ImageError::new(refusal, Header::LAYOUT.offset_of(field).unwrap_or(0), what))
    };
    if header.major != MAJOR {
        let what = format!("the image has version {}, and {MAJOR} is known", header.major);
        return refuse(Refusal::Unknown, "major", what);
    }
    if header.size as usize != bytes.len() {
        let what = format!("the image says it has {} bytes, and has {}", header.size, bytes.len());
        return refuse(Refusal::Length, "size", what);
    }
    let crc = checksum(bytes);
    if header.crc32 != crc {
        let what =
            format!("the checksum is {:#010x}, and the bytes give {crc:#010x}", header.crc32);
        return refuse(Refusal::Checksum, "crc32", what);
    }
    Ok(header)
}

fn sections(bytes: &[u8], count: u32) -> Result<Vec<Section<'_>>, ImageError> {
    let most = (bytes.len() - Header::SIZE) / SectionHeader::SIZE;
    let at = Header::LAYOUT.offset_of("nr_sections").unwrap_or(0);
    if count as usize > most {
        let what = format!("{count} sections cannot be in {} bytes", bytes.len());
        return Err(ImageError::new(Refusal::Layout, at, what));
    }
    let mut sections: Vec<Section<'_>> = Vec::with_capacity(count as usize);
    let mut offset = Header::SIZE;
    for _ in 0..count {
        let section = section(bytes, offset)?;
        if sections.last().is_some_and(|before| key(&before.header) >= key(&section.header)) {
            let what = "this section is there already, or should be further up";
            return Err(ImageError::new(Refusal::Layout, offset, what));
        }
        offset = section.body_at() + padded(bytes, &section)?;
        sections.push(section);
    }
    if offset != bytes.len() {
        let what = format!("{} bytes are behind the last section", bytes.len() - offset);
        return Err(ImageError::new(Refusal::Layout, offset, what));
    }
    Ok(sections)
}

/// What sections are sorted by.
const fn key(header: &SectionHeader) -> (u8, u16) {
    (header.end, header.kind)
}

fn section(bytes: &[u8], offset: usize) -> Result<Section<'_>, ImageError> {
    let mut rest = &bytes[offset..];
    let Some(header) = SectionHeader::take(&mut rest) else {
        let what = "the image ends before its last section";
        return Err(ImageError::new(Refusal::Layout, offset, what));
    };
    match rest.get(..header.size as usize) {
        Some(body) => Ok(Section { offset, header, body }),
        None => {
            let at = offset + SectionHeader::LAYOUT.offset_of("size").unwrap_or(0);
            let what =
                format!("the section has {} bytes, and {} are left", header.size, rest.len());
            Err(ImageError::new(Refusal::Layout, at, what))
        }
    }
}

/// How much room the body takes with the zeros behind it, which must be there and be zeros.
fn padded(bytes: &[u8], section: &Section<'_>) -> Result<usize, ImageError> {
    let size = section.body.len();
    let end = section.body_at() + size;
    let padding = aligned(size).map(|padded| padded - size).and_then(|n| bytes[end..].get(..n));
    match padding {
        None => {
            let what = "the image ends in the padding of its last section";
            Err(ImageError::new(Refusal::Layout, bytes.len(), what))
        }
        Some(padding) => match padding.iter().position(|&b| b != 0) {
            Some(at) => Err(ImageError::new(Refusal::Layout, end + at, "padding is not 0")),
            None => Ok(size + padding.len()),
        },
    }
}

/// The CRC-32 (that of zlib and Ethernet) of an image whose own checksum counts as 0.
#[must_use]
pub fn checksum(image: &[u8]) -> u32 {
    let at = Header::LAYOUT.offset_of("crc32").unwrap_or(0);
    let (before, rest) = image.split_at(at.min(image.len()));
    let (_, after) = rest.split_at(rest.len().min(size_of::<u32>()));
    let mut crc = crc32fast::Hasher::new();
    crc.update(before);
    crc.update(&[0; size_of::<u32>()]);
    crc.update(after);
    crc.finalize()
}

/// Puts an image together, from sections in any order.
#[derive(Debug, Default)]
pub(super) struct Writer {
    sections: Vec<(SectionHeader, Vec<u8>)>,
}

impl Writer {
    /// Adds a section with `bytes` in it.
    pub(super) fn section(&mut self, kind: u16, end: u8, flags: u8, bytes: Vec<u8>) {
        let size = length(bytes.len());
        self.sections.push((SectionHeader { kind, end, flags, size }, bytes));
    }

    /// The image, of version [`MAJOR`].`minor`.
    pub(super) fn finish(mut self, minor: u16) -> Vec<u8> {
        self.sections.sort_by_key(|(header, _)| key(header));
        let mut out = vec![0; Header::SIZE];
        for (header, bytes) in &self.sections {
            header.put(&mut out);
            out.extend_from_slice(bytes);
            pad(&mut out);
        }
        let header = Header {
            magic: MAGIC,
            major: MAJOR,
            minor,
            crc32: 0,
            size: 0,
            nr_sections: length(self.sections.len()),
        };
        let mut start = Vec::with_capacity(Header::SIZE);
        header.put(&mut start);
        out[..Header::SIZE].copy_from_slice(&start);
        seal(&mut out);
        out
    }
}

/// Makes the length and the checksum in an image's header right, whatever they were. What an image
/// is too short for is left out.
pub fn seal(image: &mut [u8]) {
    let size = length(image.len());
    write(image, "size", size);
    let crc32 = checksum(image);
    write(image, "crc32", crc32);
}

/// Writes a field of the header.
fn write(image: &mut [u8], field: &str, value: u32) {
    let at = Header::LAYOUT.offset_of(field);
    if let Some(to) = at.and_then(|at| image.get_mut(at..at + size_of::<u32>())) {
        to.copy_from_slice(&value.to_le_bytes());
    }
}

/// Zeros up to a multiple of [`ALIGN`].
pub(super) fn pad(bytes: &mut Vec<u8>) {
    bytes.resize(bytes.len().next_multiple_of(ALIGN), 0);
}

/// A length as it is stored. No valid state reaches 4 GiB, and one that would is refused when read.
pub(super) fn length(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}
