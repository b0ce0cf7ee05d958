// SPDX-License-Identifier: GPL-2.0-only
//! Images of every version that was ever written, and of some that were not yet: files that never
//! change. What can be read must be read for ever, and be written back byte by byte.

use super::sample;
use std::path::PathBuf;
use ttysim::checkpoint::image::container::seal;
use ttysim::checkpoint::image::{Content, Image, ImageError, Refusal, Unknown};

/// The bytes of a golden file. Where it is missing it is made of `bytes`, and the test fails: it
/// has to be looked at and kept.
fn golden(name: &str, bytes: impl FnOnce() -> Vec<u8>) -> Vec<u8> {
    let directory = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/image/golden");
    let path = directory.join(name);
    match std::fs::read(&path) {
        Ok(bytes) => bytes,
        Err(_) => {
            std::fs::write(&path, bytes()).expect("a file");
            panic!("{} is new: look at it, and add it", path.display());
        }
    }
}

/// What the first version wrote: nothing says who.
fn first() -> Image {
    Image { minor: 0, origin: None, ..sample::image() }
}

/// What a later version may write: a section that is not known here, and may be skipped.
fn later(flags: u8) -> Image {
    let bytes = b"what a later version knows".to_vec();
    let unknown = vec![
        Unknown { kind: 500, end: 0, flags: 0, bytes: Vec::new() },
        Unknown { kind: 100, end: 2, flags, bytes },
    ];
    Image { minor: 9, unknown, ..sample::image() }
}

#[track_caller]
fn reads_as(bytes: &[u8], image: &Image) {
    let read = Image::decode(bytes).expect("it can be read");
    assert_eq!(&read, image);
    assert!(read.encode() == bytes, "it is written back otherwise");
}

#[test]
fn the_first_version_can_be_read() {
    reads_as(&golden("v1.0-pair.ttyckpt", || first().encode()), &first());
}

#[test]
fn the_first_version_of_one_end_can_be_read() {
    let Content::Pair(pair) = first().content else { unreachable!("a pair") };
    let one = ttysim::checkpoint::image::sections::End::Slave;
    let image = Image { content: Content::One(one, Box::new(pair.slave)), ..first() };
    reads_as(&golden("v1.0-slave.ttyckpt", || image.encode()), &image);
}

#[test]
fn this_version_can_be_read() {
    let image = sample::image();
    reads_as(&golden("v1.1-pair.ttyckpt", || image.encode()), &image);
}

#[test]
fn a_later_version_can_be_read_and_keeps_its_section() {
    let image = later(0);
    reads_as(&golden("v1.9-optional-section.ttyckpt", || image.encode()), &image);
}

#[test]
fn a_later_version_that_must_be_understood_is_refused() {
    let bytes = golden("v1.9-required-section.ttyckpt", || later(1).encode());
    let error = Image::decode(&bytes).expect_err("it is not understood");
    assert_eq!(error.refusal, Refusal::Unknown);
    assert_eq!(error.section.as_deref(), Some("kind 100 of slave"));
    // The section's kind, which is the first of its header.
    assert_eq!(bytes.get(error.offset..error.offset + 2), Some(&[100, 0][..]));
}

#[test]
fn another_major_version_is_refused() {
    let bytes = golden("v2.0.ttyckpt", || {
        let mut bytes = sample::image().encode();
        sample::put(&mut bytes, 8, 2u16);
        sample::put(&mut bytes, 10, 0u16);
        seal(&mut bytes);
        bytes
    });
    let ImageError { refusal, offset, message, .. } = Image::decode(&bytes).expect_err("unknown");
    assert_eq!((refusal, offset), (Refusal::Unknown, 8));
    assert!(message.contains("version 2"), "{message}");
}

/// A version that has a section knows it by its own minor version.
#[test]
fn a_section_of_a_later_minor_version_is_refused_in_an_earlier_one() {
    let bytes = Image { minor: 0, ..sample::image() }.encode();
    let error = Image::decode(&bytes).expect_err("version 1.0 had no origin");
    assert_eq!(error.refusal, Refusal::Layout);
    assert!(error.message.contains("came with version 1.1"), "{error}");
}
