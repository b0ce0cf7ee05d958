// SPDX-License-Identifier: GPL-2.0-only
//! Any bytes as a checkpoint image: an error at a place in them, or an image that is written back as
//! it was. No panic, and no memory beyond libFuzzer's own limit.
//!
//! The input is tried as it is, and with its beginning, its length and its checksum made right: no
//! mutator finds a checksum.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ttysim::checkpoint::image::Image;
use ttysim::checkpoint::image::container::{MAGIC, MAJOR, seal};
use ttysim::report::image::words;

fuzz_target!(|bytes: &[u8]| {
    check(bytes);
    if let Some(fixed) = fixed(bytes) {
        check(&fixed);
    }
});

fn check(bytes: &[u8]) {
    match Image::decode(bytes) {
        Ok(image) => {
            assert!(image.encode() == bytes, "it is written back otherwise");
            assert!(!words(&image, bytes.len()).contains('\x1b'), "it drives the terminal");
        }
        Err(e) => assert!(e.offset <= bytes.len(), "{e}"),
    }
}

/// The same bytes with a header that fits; nothing if they are too few for one.
fn fixed(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut fixed = bytes.to_vec();
    fixed.get_mut(..MAGIC.len())?.copy_from_slice(&MAGIC);
    fixed.get_mut(MAGIC.len()..MAGIC.len() + 2)?.copy_from_slice(&MAJOR.to_le_bytes());
    seal(&mut fixed);
    Some(fixed)
}
