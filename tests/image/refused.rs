// SPDX-License-Identifier: GPL-2.0-only
//! What is no image is refused, at the very byte that says so.

use super::sample::{body_at, field, header_at, image, put};
use ttysim::checkpoint::image::container::seal;
use ttysim::checkpoint::image::layout::{Record, Wire};
use ttysim::checkpoint::image::records::{
    Echo, Flip, FlipBuffer, Header, NTty, SectionHeader, Sizes, Termios, Tty,
};
use ttysim::checkpoint::image::sections::{
    ECHO, End, FLIP, Kind, N_TTY, ORIGIN, READ_BUF, READ_FLAGS, SIZES, TERMIOS, TTY,
};
use ttysim::checkpoint::image::{Image, Refusal};

/// Requires that `bytes` are refused at `offset`; and in which section that is, if in any.
#[track_caller]
fn refused(bytes: &[u8], refusal: Refusal, offset: usize, says: &str) -> Option<String> {
    let error = Image::decode(bytes).expect_err("it is no image");
    assert_eq!((error.refusal, error.offset), (refusal, offset), "{error}");
    assert!(error.to_string().contains(says), "'{says}' is not in: {error}");
    error.section
}

/// Puts `value` into the field called `name` of a record that lies at `at`, and requires that the
/// image is refused there.
#[track_caller]
fn with<R: Record>(
    at: usize,
    name: &str,
    value: impl Wire,
    refusal: Refusal,
    says: &str,
) -> Option<String> {
    let mut bytes = image().encode();
    let at = at + field::<R>(name);
    put(&mut bytes, at, value);
    seal(&mut bytes);
    refused(&bytes, refusal, at, says)
}

/// The same for the record a section of the slave begins with.
#[track_caller]
fn state<R: Record>(kind: &Kind, name: &str, value: impl Wire, says: &str) {
    let at = body_at(&image().encode(), kind, End::Slave);
    let section = with::<R>(at, name, value, Refusal::State, says);
    assert_eq!(section, Some(format!("{} of slave", kind.name)));
}

#[test]
fn what_is_something_else() {
    for bytes in [&b""[..], b"\x7fELF\x02\x01\x01\0", b"hello", b"\x7fTTYCKPt and more"] {
        refused(bytes, Refusal::NotAnImage, 0, "no checkpoint image");
    }
    for n in 1..Header::SIZE {
        refused(&image().encode()[..n], Refusal::Length, n, "ends in its header");
    }
}

#[test]
fn a_refusal_says_what_to_do_next() {
    for (refusal, says) in [
        (Refusal::NotAnImage, "`ttysim image save`"),
        (Refusal::Unknown, "a newer one"),
        (Refusal::Length, "cut or appended to"),
        (Refusal::Checksum, "in binary"),
        (Refusal::Layout, "take the checkpoint again"),
        (Refusal::State, "take the checkpoint again"),
    ] {
        assert!(refusal.help().contains(says), "{}: {}", refusal.name(), refusal.help());
    }
}

#[test]
fn what_was_cut_or_appended_to() {
    let bytes = image().encode();
    let at = field::<Header>("size");
    for n in Header::SIZE..bytes.len() {
        refused(&bytes[..n], Refusal::Length, at, "the image says it has");
    }
    refused(&[&bytes[..], &[0]].concat(), Refusal::Length, at, "the image says it has");
    let mut huge = bytes;
    put(&mut huge, at, u32::MAX);
    refused(&huge, Refusal::Length, at, "4294967295 bytes");
}

#[test]
fn any_changed_bit() {
    let bytes = image().encode();
    for bit in 0..8 * bytes.len() {
        let mut bad = bytes.clone();
        bad[bit / 8] ^= 1 << (bit % 8);
        let error = Image::decode(&bad).expect_err("the checksum is wrong");
        let minor = (10..12).contains(&(bit / 8));
        let expected = match bit / 8 {
            0..8 => Refusal::NotAnImage,
            8..10 => Refusal::Unknown,
            16..20 => Refusal::Length,
            _ => Refusal::Checksum,
        };
        assert_eq!(error.refusal, expected, "bit {bit}, minor version {minor}");
    }
}

#[test]
fn sections_that_are_not_there_or_not_where_they_should_be() {
    let bytes = image().encode();
    let sections = field::<Header>("nr_sections");
    with::<Header>(0, "nr_sections", u32::MAX, Refusal::Layout, "4294967295 sections");
    let mut none = bytes[..Header::SIZE].to_vec();
    put(&mut none, sections, 1u32);
    seal(&mut none);
    refused(&none, Refusal::Layout, sections, "1 sections cannot be in 24 bytes");
    let behind = body_at(&bytes, &FLIP, End::Slave) - SectionHeader::SIZE;
    let mut fewer = bytes.clone();
    let n = u32::from_le_bytes(fewer[sections..sections + 4].try_into().expect("four"));
    put(&mut fewer, sections, n - 1);
    seal(&mut fewer);
    refused(&fewer, Refusal::Layout, behind, "behind the last section");
    let mut more = bytes.clone();
    put(&mut more, sections, n + 1);
    seal(&mut more);
    refused(&more, Refusal::Layout, bytes.len(), "ends before its last section");

    let at = header_at(&bytes, &TTY, End::Slave);
    let (layout, huge) = (Refusal::Layout, u32::MAX);
    with::<SectionHeader>(at, "size", huge, layout, "4294967295 bytes, and");
    with::<SectionHeader>(at, "flags", 0u8, layout, "has the flags 1");
    with::<SectionHeader>(at, "flags", 3u8, layout, "has the flags 1");
    let origin = header_at(&bytes, &ORIGIN, End::Image);
    with::<SectionHeader>(origin, "flags", 1u8, layout, "has the flags 0");

    // The same section twice, and two the other way round.
    for kind in [TERMIOS.number, N_TTY.number] {
        let mut bad = bytes.clone();
        put(&mut bad, at, kind);
        seal(&mut bad);
        let next = if kind == TERMIOS.number { at } else { header_at(&bytes, &N_TTY, End::Slave) };
        refused(&bad, layout, next, "is there already, or should be further up");
    }
    // An origin of an end, settings of no end.
    let mut bad = bytes.clone();
    put(&mut bad, origin + field::<SectionHeader>("end"), 1u8);
    seal(&mut bad);
    refused(&bad, layout, origin + 2, "no origin of end 1");
    let last = header_at(&bytes, &FLIP, End::Slave);
    with::<SectionHeader>(last, "kind", 777u16, Refusal::Unknown, "required");
    with::<SectionHeader>(last, "end", 9u8, layout, "no flip of end 9");
}

/// An image without the sections of which `gone` says so.
fn without(gone: impl Fn(u16, u8) -> bool) -> Vec<u8> {
    let bytes = image().encode();
    let container = ttysim::checkpoint::image::container::open(&bytes).expect("an image");
    let mut out = bytes[..Header::SIZE].to_vec();
    let mut n = 0u32;
    for (i, s) in container.sections.iter().enumerate() {
        let end = container.sections.get(i + 1).map_or(bytes.len(), |next| next.offset);
        if !gone(s.header.kind, s.header.end) {
            out.extend_from_slice(&bytes[s.offset..end]);
            n += 1;
        }
    }
    put(&mut out, field::<Header>("nr_sections"), n);
    seal(&mut out);
    out
}

#[test]
fn every_section_of_an_end_is_needed() {
    for kind in [&SIZES, &TERMIOS, &TTY, &N_TTY, &READ_BUF, &READ_FLAGS, &ECHO, &FLIP] {
        let bytes = without(|k, end| k == kind.number && end == 2);
        let error = Image::decode(&bytes).expect_err("something is missing");
        assert_eq!(error.refusal, Refusal::Layout);
        let says = format!("the slave has no section {}", kind.name);
        assert!(error.message.contains(&says), "{error}");
    }
    let none = without(|_, _| true);
    refused(&none, Refusal::Layout, Header::SIZE, "neither a master nor a slave");
    assert!(Image::decode(&without(|_, end| end == 0)).is_ok(), "the origin is not needed");
    // A slave alone may be one of no pty; it keeps what only a pair's may have.
    assert!(Image::decode(&without(|_, end| end == 1)).is_ok());
}

#[test]
fn sections_that_do_not_hold_what_they_should() {
    let bytes = image().encode();
    let slave = |kind| body_at(&bytes, kind, End::Slave);
    let flip = slave(&FLIP);
    with::<Flip>(flip, "nr_buffers", u32::MAX, Refusal::Layout, "4294967295 buffers cannot be");
    with::<Tty>(slave(&TTY), "reserved", 1u8, Refusal::Layout, "reserved");
    with::<Termios>(slave(&TERMIOS), "reserved", 1u8, Refusal::Layout, "reserved");
    with::<Echo>(slave(&ECHO), "reserved", 1u32, Refusal::Layout, "reserved");

    // One buffer less: the other is too much.
    let second = flip + Flip::SIZE + FlipBuffer::SIZE + 8;
    let mut bad = bytes.clone();
    put(&mut bad, flip, 1u32);
    seal(&mut bad);
    refused(&bad, Refusal::Layout, second, "behind the end of the section's content");
    // More characters than there are bytes: before the section's own end is believed.
    let mut bad = bytes.clone();
    put(&mut bad, second + field::<FlipBuffer>("used"), u32::MAX);
    seal(&mut bad);
    refused(&bad, Refusal::Layout, second + FlipBuffer::SIZE, "4294967295 bytes of characters");
    // Padding: of a buffer, and of a section.
    let mut bad = bytes.clone();
    bad[flip + Flip::SIZE + FlipBuffer::SIZE + 7] = 1;
    seal(&mut bad);
    let at = flip + Flip::SIZE + FlipBuffer::SIZE + 7;
    refused(&bad, Refusal::Layout, at, "padding is not 0");
    for at in 2..8 {
        let mut bad = bytes.clone();
        bad[slave(&READ_FLAGS) + at] = 1;
        seal(&mut bad);
        refused(&bad, Refusal::Layout, slave(&READ_FLAGS) + at, "padding is not 0");
    }

    for text in [&b""[..], b"\xff\xff", b"\x1b[2J", b"two\nlines"] {
        let text = String::from_utf8_lossy(text).into_owned();
        let image = Image { origin: Some(text.clone()), ..image() };
        if text.contains('\u{fffd}') {
            continue;
        }
        let at = Header::SIZE + SectionHeader::SIZE;
        refused(&image.encode(), Refusal::State, at, "1 to 255 bytes of UTF-8");
    }
    let mut bad = bytes.clone();
    bad[Header::SIZE + SectionHeader::SIZE] = 0xff;
    seal(&mut bad);
    let at = Header::SIZE + SectionHeader::SIZE;
    refused(&bad, Refusal::State, at, "1 to 255 bytes of UTF-8");
}

/// What no tty could be in is refused where it is said, also by a rule of the state as a whole.
#[test]
fn states_that_do_not_exist() {
    state::<Sizes>(&SIZES, "n_tty_buf", 12u32, "n_tty_buf must be a power of two");
    state::<Sizes>(&SIZES, "n_tty_buf", 1u32 << 31, "n_tty_buf must be a power of two");
    state::<Sizes>(&SIZES, "ttyb_align", 0u32, "ttyb_align must be a power of two");
    state::<Sizes>(&SIZES, "ttyb_page", 0u32, "ttyb_page must be from 1");
    state::<Sizes>(&SIZES, "mem_limit", u32::MAX, "mem_limit must be from 1");
    state::<Tty>(&TTY, "ldisc", 3u32, "ldisc must be 0");
    state::<Tty>(&TTY, "count", 3u32, "count must be 1 or 2");
    state::<Tty>(&TTY, "bits", 0x40u32, "lower 6 bits");
    state::<Tty>(&TTY, "bits", 1u32 | 1 << 4, "stopped must be on");
    state::<Tty>(&TTY, "bits", 1u32 | 1 << 5, "packet must be off");
    state::<Tty>(&TTY, "bits", 1u32 | 1 << 1, "io_error must say");
    state::<Tty>(&TTY, "bits", 1u32 | 1 << 2, "other_closed must be off");
    state::<Tty>(&TTY, "pktstatus", 12u8, "two opposite things");
    state::<Tty>(&TTY, "pktstatus", 128u8, "means nothing");
    state::<NTty>(&N_TTY, "read_tail", 16u32, "read_tail must be a position");
    state::<NTty>(&N_TTY, "read_head", i64::MIN, "read_head must be a distance");
    state::<NTty>(&N_TTY, "commit_head", i64::MAX, "commit_head must be a distance");
    state::<NTty>(&N_TTY, "canon_head", i64::MIN, "canon_head must be a distance");
    state::<NTty>(&N_TTY, "line_start", i64::MAX, "line_start must be a distance");
    state::<NTty>(&N_TTY, "bits", 1u32 << 7, "lower 7 bits");
    state::<NTty>(&N_TTY, "bits", 1u32 << 4, "real_raw must be off");
    state::<NTty>(&N_TTY, "bits", 5u32 << 3, "raw must be off");
    state::<Echo>(&ECHO, "tail", 16u32, "echo.tail must be a position");
    state::<Echo>(&ECHO, "head", i64::MAX, "echo.head must be within 64 buffers");
    state::<Echo>(&ECHO, "commit", 9i64, "echo.commit must not be beyond");
    state::<Echo>(&ECHO, "mark", i64::MIN, "echo.mark must not be beyond");
    state::<Flip>(&FLIP, "free", 99u32, "flip.free makes more");

    let bytes = image().encode();
    let first = body_at(&bytes, &FLIP, End::Slave) + Flip::SIZE;
    let second = first + FlipBuffer::SIZE + 8;
    let no = Refusal::State;
    with::<FlipBuffer>(first, "size", 6u32, no, "flip.buffers[0].size must be a multiple");
    with::<FlipBuffer>(first, "size", 0u32, no, "flip.buffers[0].size must be a multiple");
    with::<FlipBuffer>(first, "read", 99u32, no, "read is 99, and used is 8");
    with::<FlipBuffer>(first, "commit", 7u32, no, "flip.buffers[0].commit must cover all");
    with::<FlipBuffer>(first, "bits", 2u32, no, "lower 1 bits");
    with::<FlipBuffer>(second, "commit", 5u32, no, "flip.buffers[1].commit must not be beyond");
    with::<FlipBuffer>(second, "lookahead", 4u32, no, "flip.buffers[1].lookahead must not be");
}

/// A buffer behind the head of which something was read.
#[test]
fn only_the_head_is_partly_read() {
    let mut bytes = image().encode();
    let second = body_at(&bytes, &FLIP, End::Slave) + Flip::SIZE + FlipBuffer::SIZE + 8;
    put(&mut bytes, second + field::<FlipBuffer>("read"), 1u32);
    put(&mut bytes, second + field::<FlipBuffer>("used"), 5u32);
    seal(&mut bytes);
    let at = second + field::<FlipBuffer>("read");
    refused(&bytes, Refusal::State, at, "flip.buffers[1].read must be 0 behind the head");
}

#[test]
fn buffers_of_another_length_than_the_indices_say() {
    let section_of = |kind: &Kind| {
        let at = body_at(&image().encode(), kind, End::Slave);
        (at, at - SectionHeader::SIZE + field::<SectionHeader>("size"))
    };
    for (kind, less, says) in [
        (&READ_BUF, 7u32, "n_tty.unread must be the bytes"),
        (&READ_FLAGS, 1, "n_tty.read_flags must have a bit"),
    ] {
        let (at, size) = section_of(kind);
        let mut bytes = image().encode();
        put(&mut bytes, size, less);
        // What is no content any more is padding, which is 0.
        let n = less as usize;
        bytes[at + n..at + n.next_multiple_of(8)].fill(0);
        seal(&mut bytes);
        refused(&bytes, Refusal::State, at, says);
    }
}
