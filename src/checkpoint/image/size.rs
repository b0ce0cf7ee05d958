// SPDX-License-Identifier: GPL-2.0-only
//! How large an image is, before there is one.
//!
//! No locks, no shared state.

use super::layout::{ALIGN, Record};
use super::records::{Echo, Flip, FlipBuffer, Header, NTty, SectionHeader, Sizes, Termios, Tty};
use crate::checkpoint::state::{EndState, Layout, PairState};
use crate::geometry::Geometry;

/// How many bytes [`super::encode()`] makes of `pair`.
#[must_use]
pub fn size_needed(pair: &PairState) -> usize {
    Header::SIZE + of_end(&pair.master) + of_end(&pair.slave)
}

/// The most bytes that the image of a pair of such a kernel can have: a caller with so much room
/// never has to try again.
#[must_use]
pub fn max_size(geometry: &Geometry) -> usize {
    Header::SIZE + 2 * of_largest_end(&Layout::of(geometry))
}

fn of_end(end: &EndState) -> usize {
    let buffers = end.flip.buffers.iter();
    of_sections(
        end.n_tty.unread.len(),
        end.n_tty.read_flags.len(),
        end.n_tty.echo.buf.len(),
        buffers.map(|b| of_buffer(b.chars.len() + b.flags.as_ref().map_or(0, Vec::len))).sum(),
    )
}

/// Both buffers are full, and so is the flip chain: [`Layout`] says how many buffers that is.
fn of_largest_end(layout: &Layout) -> usize {
    let n = layout.n_tty_buf as usize;
    let align = layout.ttyb_align as usize;
    let (small, large) = (layout.most_small() as usize, layout.most_large() as usize);
    // A larger buffer has two units at least. Without flag bytes a buffer holds twice its size; with
    // them, as many characters as its size, and as many flag bytes.
    let many = small + large / (2 * align);
    let chars = 2 * (small * align + large);
    of_sections(n, n.div_ceil(8), n, chars + many * (of_buffer(0) + ALIGN - 1))
}

/// All sections of an end.
fn of_sections(read_buf: usize, read_flags: usize, echo_buf: usize, buffers: usize) -> usize {
    let contents = [
        Sizes::SIZE,
        Termios::SIZE,
        Tty::SIZE,
        NTty::SIZE,
        read_buf,
        read_flags,
        Echo::SIZE + echo_buf,
        Flip::SIZE + buffers,
    ];
    contents.into_iter().map(|n| SectionHeader::SIZE + n.next_multiple_of(ALIGN)).sum()
}

/// A flip buffer with so many characters and flag bytes together.
const fn of_buffer(bytes: usize) -> usize {
    FlipBuffer::SIZE + bytes.next_multiple_of(ALIGN)
}
