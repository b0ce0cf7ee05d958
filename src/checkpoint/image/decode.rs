// SPDX-License-Identifier: GPL-2.0-only
//! Sections as a state.
//!
//! # Data flow
//! First every section is known or may be skipped; then each end is put together from its sections,
//! and [`crate::checkpoint::state`] says whether such a thing exists. [`super::locate`] finds the
//! place in the image of what it names.
//!
//! No locks, no shared state.

use super::body::{At, Body};
use super::container::{Container, REQUIRED, Section, open};
use super::error::{ImageError, Refusal};
use super::layout::Record;
use super::locate::located;
use super::records::{Echo, Flip, FlipBuffer, Header, NTty, SectionHeader, Sizes, Termios, Tty};
use super::sections::{self as s, Bit, End, KINDS, Kind, kind, unpack};
use super::{Content, Image, Unknown};
use crate::checkpoint::state::{
    self, EchoState, EndState, FlipChain, Layout, NTtyState, PairState,
};

/// The longest [`s::ORIGIN`], in bytes.
const MAX_ORIGIN: usize = 255;

/// The image that `bytes` are.
pub(super) fn image(bytes: &[u8]) -> Result<Image, ImageError> {
    let container = open(bytes)?;
    let mut skipped = 0;
    for section in &container.sections {
        skipped += usize::from(!is_known(&container.header, section)?);
    }
    let origin = match container.find(&s::ORIGIN, End::Image) {
        Some(section) => Some(read(section, origin)?),
        None => None,
    };
    let content = content(&container)?;
    // As many as there are: with a growing one, an image of empty sections would take much more
    // memory than it has bytes.
    let mut unknown = Vec::with_capacity(skipped);
    let all = container.sections.iter();
    unknown.extend(all.filter(|s| kind(s.header.kind).is_none()).map(|section| {
        let SectionHeader { kind, end, flags, .. } = section.header;
        Unknown { kind, end, flags, bytes: section.body.to_vec() }
    }));
    Ok(Image { minor: container.header.minor, origin, content, unknown })
}

/// Whether the section is known; if not, it may be skipped.
fn is_known(header: &Header, section: &Section<'_>) -> Result<bool, ImageError> {
    let SectionHeader { kind: number, end, flags, .. } = section.header;
    let refuse = |refusal, field, what: String| {
        let at = section.offset + SectionHeader::LAYOUT.offset_of(field).unwrap_or(0);
        Err(ImageError::new(refusal, at, what).inside(section))
    };
    let Some(kind) = kind(number) else {
        if flags & REQUIRED == 0 {
            return Ok(false);
        }
        let what = format!("kind {number} is required, and not known here");
        return refuse(Refusal::Unknown, "kind", what);
    };
    let &Kind { since, flags: own, per_end, name, .. } = kind;
    if since > header.minor {
        let what = format!("{name} came with version 1.{since}; the image has 1.{}", header.minor);
        return refuse(Refusal::Layout, "kind", what);
    }
    if flags != own {
        return refuse(
            Refusal::Layout,
            "flags",
            format!("{name} has the flags {own}, not {flags}"),
        );
    }
    match End::from_number(end) {
        Some(end) if (end != End::Image) == per_end => Ok(true),
        _ => refuse(Refusal::Layout, "end", format!("there is no {name} of end {end}")),
    }
}

/// What the image holds: each end whole or not at all, and as it can be.
fn content(image: &Container<'_>) -> Result<Content, ImageError> {
    match (end(image, End::Master)?, end(image, End::Slave)?) {
        (Some(master), Some(slave)) => {
            let pair = PairState { master, slave };
            pair.validate().map_err(|e| located(&e, image))?;
            Ok(Content::Pair(Box::new(pair)))
        }
        (Some(master), None) => one(image, End::Master, master),
        (None, Some(slave)) => one(image, End::Slave, slave),
        (None, None) => {
            let what = "the image holds neither a master nor a slave";
            Err(ImageError::new(Refusal::Layout, Header::SIZE, what))
        }
    }
}

fn one(image: &Container<'_>, end: End, state: EndState) -> Result<Content, ImageError> {
    state.validate(end.name()).map_err(|e| located(&e, image))?;
    Ok(Content::One(end, Box::new(state)))
}

/// One end, if anything of it is there.
fn end(image: &Container<'_>, end: End) -> Result<Option<EndState>, ImageError> {
    let Some(first) = KINDS.iter().find_map(|kind| image.find(kind, end)) else {
        return Ok(None);
    };
    let part = |kind: &Kind| {
        image.find(kind, end).ok_or_else(|| {
            let what = format!("the {} has no section {}", end.name(), kind.name);
            ImageError::new(Refusal::Layout, first.offset, what)
        })
    };
    let layout = read(part(&s::SIZES)?, sizes)?;
    let termios = read(part(&s::TERMIOS)?, termios)?;
    let (tty, [throttled, io_error, other_closed, stopped, tco_stopped, packet]) =
        read(part(&s::TTY)?, |b| with_bits(b, |r: &Tty| r.bits, &s::TTY_BITS))?;
    let n_tty = NTtyState {
        unread: part(&s::READ_BUF)?.body.to_vec(),
        read_flags: part(&s::READ_FLAGS)?.body.to_vec(),
        echo: read(part(&s::ECHO)?, echo)?,
        ..read(part(&s::N_TTY)?, n_tty)?
    };
    Ok(Some(EndState {
        layout,
        termios,
        ldisc: tty.ldisc,
        count: tty.count,
        throttled,
        io_error,
        other_closed,
        stopped,
        tco_stopped,
        packet,
        pktstatus: tty.pktstatus,
        flip: read(part(&s::FLIP)?, flip)?,
        n_tty,
    }))
}

/// All of a section, as `f` reads it.
fn read<'a, T>(
    section: &Section<'a>,
    f: impl FnOnce(&mut Body<'a>) -> Result<T, ImageError>,
) -> Result<T, ImageError> {
    let mut body = Body::of(section);
    let read = f(&mut body).and_then(|t| body.end().map(|()| t));
    read.map_err(|e| e.inside(section))
}

/// The next record, and what its `bits` say.
fn with_bits<R: Record, const N: usize>(
    body: &mut Body<'_>,
    bits: impl FnOnce(&R) -> u32,
    names: &[Bit; N],
) -> Result<(At<R>, [bool; N]), ImageError> {
    let record = body.record::<R>()?;
    match unpack(bits(&record), names) {
        Some(on) => Ok((record, on)),
        None => Err(record.refuse("bits", format!("only the lower {N} bits mean something"))),
    }
}

fn origin(body: &mut Body<'_>) -> Result<String, ImageError> {
    let at = body.offset();
    let bytes = body.bytes(body.left(), "text")?;
    let text = str::from_utf8(bytes).ok().filter(|t| is_origin(t));
    text.map(str::to_owned).ok_or_else(|| {
        let what = "this must be 1 to 255 bytes of UTF-8 without control characters";
        ImageError::new(Refusal::State, at, what)
    })
}

/// Whether an image can say that `text` wrote it.
fn is_origin(text: &str) -> bool {
    (1..=MAX_ORIGIN).contains(&text.len()) && !text.contains(char::is_control)
}

fn sizes(body: &mut Body<'_>) -> Result<Layout, ImageError> {
    let Sizes { n_tty_buf, ttyb_align, ttyb_page, mem_limit } = *body.record()?;
    Ok(Layout { n_tty_buf, ttyb_align, ttyb_page, mem_limit })
}

fn termios(body: &mut Body<'_>) -> Result<crate::termios::Termios, ImageError> {
    let Termios { iflag, oflag, cflag, lflag, cc, reserved: _ } = *body.record()?;
    Ok(crate::termios::Termios { iflag, oflag, cflag, lflag, cc })
}

/// Without what has sections of its own.
fn n_tty(body: &mut Body<'_>) -> Result<NTtyState, ImageError> {
    let (r, [no_room, lnext, erasing, raw, real_raw, icanon, push]) =
        with_bits(body, |r: &NTty| r.bits, &s::N_TTY_BITS)?;
    Ok(NTtyState {
        read_tail: r.read_tail,
        read_head: r.read_head,
        commit_head: r.commit_head,
        canon_head: r.canon_head,
        line_start: r.line_start,
        unread: Vec::new(),
        read_flags: Vec::new(),
        no_room,
        lookahead_count: r.lookahead_count,
        char_map: r.char_map,
        lnext,
        erasing,
        raw,
        real_raw,
        icanon,
        push,
        column: r.column,
        canon_column: r.canon_column,
        echo: EchoState::default(),
    })
}

fn echo(body: &mut Body<'_>) -> Result<EchoState, ImageError> {
    let Echo { head, commit, mark, tail, reserved: _ } = *body.record()?;
    let buf = body.bytes(body.left(), "echo_buf")?.to_vec();
    Ok(EchoState { tail, head, commit, mark, buf })
}

fn flip(body: &mut Body<'_>) -> Result<FlipChain, ImageError> {
    let chain = body.record::<Flip>()?;
    let count = chain.nr_buffers as usize;
    if count > body.left() / FlipBuffer::SIZE {
        let what = format!("{count} buffers cannot be in the {} bytes left", body.left());
        return Err(ImageError::new(Refusal::Layout, chain.at("nr_buffers"), what));
    }
    let mut buffers = Vec::with_capacity(count);
    for _ in 0..count {
        buffers.push(flip_buffer(body)?);
    }
    Ok(FlipChain { buffers, free: chain.free })
}

pub(super) fn flip_buffer(body: &mut Body<'_>) -> Result<state::FlipBuffer, ImageError> {
    let (r, [has_flags]) = with_bits(body, |r: &FlipBuffer| r.bits, &s::FLIP_BITS)?;
    let Some(n) = r.used.checked_sub(r.read) else {
        return Err(r.refuse("read", format!("read is {}, and used is {}", r.read, r.used)));
    };
    let n = n as usize;
    let chars = body.bytes(n, "characters")?.to_vec();
    let flags = if has_flags { Some(body.bytes(n, "flag bytes")?.to_vec()) } else { None };
    body.padding(if has_flags { 2 * n } else { n })?;
    let FlipBuffer { size, read, commit, lookahead, .. } = *r;
    Ok(state::FlipBuffer { size, read, commit, lookahead, chars, flags })
}
