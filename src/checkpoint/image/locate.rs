// SPDX-License-Identifier: GPL-2.0-only
//! Where in an image a field of the state lies.
//!
//! [`Invalid`] names a field by its path, `slave flip.buffers[2].commit`. Only an image that is
//! laid out well gets so far, so what is looked for is found; what is not is the image's start.
//!
//! No locks, no shared state.

use super::body::Body;
use super::container::{Container, Section};
use super::error::{ImageError, Refusal};
use super::layout::{Layout, Record};
use super::records::{Echo, Flip, FlipBuffer, NTty, Sizes, Tty};
use super::sections::{self as s, Bit, ENDS, End, FLIP_BITS, Kind, N_TTY_BITS, TTY_BITS};
use crate::checkpoint::state::Invalid;

/// Where the fields that begin so are, the more special first.
const PLACES: [(&str, &Kind, &Layout, &[Bit]); 5] = [
    ("layout.", &s::SIZES, &Sizes::LAYOUT, &[]),
    ("n_tty.echo.", &s::ECHO, &Echo::LAYOUT, &[]),
    ("n_tty.", &s::N_TTY, &NTty::LAYOUT, &N_TTY_BITS),
    ("flip.", &s::FLIP, &Flip::LAYOUT, &[]),
    ("", &s::TTY, &Tty::LAYOUT, &TTY_BITS),
];

/// The error that `image` holds what is `invalid`.
pub(super) fn located(invalid: &Invalid, image: &Container<'_>) -> ImageError {
    let (end, field) = invalid.field.split_once(' ').unwrap_or(("", &invalid.field));
    let end = ENDS.into_iter().find(|e| e.name() == end).unwrap_or(End::Image);
    let error = |at| ImageError::new(Refusal::State, at, invalid.to_string());
    match place(image, end, field) {
        Some((section, at)) => error(at).inside(section),
        None => error(0),
    }
}

/// The section that `field` of `end` is in, and where.
fn place<'i, 'a>(
    image: &'i Container<'a>,
    end: End,
    field: &str,
) -> Option<(&'i Section<'a>, usize)> {
    for (whole, kind) in [("n_tty.unread", &s::READ_BUF), ("n_tty.read_flags", &s::READ_FLAGS)] {
        if field == whole {
            let section = image.find(kind, end)?;
            return Some((section, section.body_at()));
        }
    }
    let &(prefix, kind, layout, bits) = PLACES.iter().find(|p| field.starts_with(p.0))?;
    let section = image.find(kind, end)?;
    let field = &field[prefix.len()..];
    let at = match field.strip_prefix("buffers[") {
        Some(buffer) => of_buffer(section, buffer),
        None => section.body_at() + offset(layout, bits, field),
    };
    Some((section, at))
}

/// Where `field` of a record lies: in its `bits`, or by its own name, or behind it.
fn offset(layout: &Layout, bits: &[Bit], field: &str) -> usize {
    let name = if bits.iter().any(|b| b.0 == field) { "bits" } else { field };
    layout.offset_of(name).unwrap_or(layout.size())
}

/// Where `2].commit` of a flip chain lies.
fn of_buffer(section: &Section<'_>, field: &str) -> usize {
    let mut body = Body::of(section);
    let (number, field) = field.split_once("].").unwrap_or(("0", field));
    let before = number.parse().unwrap_or(0);
    let skipped = body.record::<Flip>().and_then(|_| {
        (0..before).try_for_each(|_| super::decode::flip_buffer(&mut body).map(|_| ()))
    });
    debug_assert!(skipped.is_ok(), "a chain that was read can be read again");
    body.offset() + offset(&FlipBuffer::LAYOUT, &FLIP_BITS, field)
}
