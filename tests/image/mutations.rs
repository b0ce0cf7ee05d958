// SPDX-License-Identifier: GPL-2.0-only
//! Whatever is done to an image: an error at a place in it, or an image that is written back as it
//! was. No panic, and no more memory than a small multiple of its size.
//!
//! Most mutants get their length and checksum made right again, or nothing behind the checksum
//! would ever be reached. `TTYSIM_MUTATIONS=10000000 cargo test --release --test image mutated`
//! tries so many.

use super::{sample, states};
use allocation_counter::measure;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use ttysim::checkpoint::image::container::{open, seal};
use ttysim::checkpoint::image::layout::Record;
use ttysim::checkpoint::image::records::{Header, SectionHeader};
use ttysim::checkpoint::image::{Image, ImageError, Unknown, encode};
use ttysim::checkpoint::state::FlipBuffer;

/// How many mutants are tried unless the environment says otherwise.
const MUTANTS: u64 = 100_000;

/// So many times its size, and so much besides, may decoding an image take: a section without
/// content has 8 bytes in an image, and a `Section` in memory.
const FACTOR: u64 = 8;
const BESIDES: u64 = 4096;

/// Values that are at the edge of something.
const EDGES: [u64; 16] = [
    0,
    1,
    2,
    7,
    8,
    255,
    256,
    4095,
    4096,
    0x7fff_ffff,
    0x8000_0000,
    0xffff_ffff,
    1 << 62,
    i64::MAX as u64,
    1 << 63,
    u64::MAX,
];

/// Images to begin with: the golden ones, and of random pairs.
fn seeds() -> Vec<Vec<u8>> {
    let golden = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/image/golden"));
    let golden = golden.expect("golden files").map(|e| e.expect("an entry").path());
    let mut seeds: Vec<Vec<u8>> = golden.map(|p| std::fs::read(p).expect("a file")).collect();
    seeds.sort();
    assert!(seeds.len() > 3);
    let mut runner = TestRunner::deterministic();
    for _ in 0..200 {
        let pair = states::pair().new_tree(&mut runner).expect("a pair").current();
        seeds.push(encode(&pair));
    }
    seeds
}

/// Where the sections of an image begin; of what is none, nothing.
fn sections(bytes: &[u8]) -> Vec<usize> {
    open(bytes).map(|c| c.sections.iter().map(|s| s.offset).collect()).unwrap_or_default()
}

/// Changes `bytes` once.
fn change(bytes: &mut Vec<u8>, other: &[u8], rng: &mut fastrand::Rng) {
    let n = bytes.len();
    if n < 2 {
        return bytes.push(rng.u8(..));
    }
    let at = rng.usize(..n);
    match rng.u8(..10) {
        0 => bytes[at] ^= 1 << rng.u8(..8),
        1 => bytes[at] = rng.u8(..),
        // A whole number, where one may be.
        2..=4 => {
            let width = 1 << rng.u32(..4);
            let value = match rng.u8(..3) {
                0 => EDGES[rng.usize(..EDGES.len())],
                1 => rng.u64(..64),
                _ => number(bytes, at / width * width, width)
                    .wrapping_add(rng.u64(..5))
                    .wrapping_sub(2),
            };
            let at = at / width * width;
            let to = (at + width).min(n);
            bytes[at..to].copy_from_slice(&value.to_le_bytes()[..to - at]);
        }
        5 => drop(bytes.drain(at..(at + rng.usize(1..32)).min(n))),
        6 => bytes.truncate(at),
        7 => {
            let from = rng.usize(..other.len().max(1));
            let part = &other[from..(from + rng.usize(1..64)).min(other.len())];
            let _ = bytes.splice(at..at, part.iter().copied());
        }
        // A section twice, or gone, or of another kind, end, flags or size.
        8 => {
            let all = sections(bytes);
            let Some(&from) = all.get(rng.usize(..all.len().max(1))) else { return };
            let to = all.iter().copied().find(|&s| s > from).unwrap_or(n);
            let section = bytes[from..to].to_vec();
            if rng.bool() {
                let _ = bytes.splice(to..to, section);
            } else {
                drop(bytes.drain(from..to));
            }
            recount(bytes, rng);
        }
        _ => {
            let all = sections(bytes);
            let Some(&from) = all.get(rng.usize(..all.len().max(1))) else { return };
            let at = from + rng.usize(..SectionHeader::SIZE);
            bytes[at] = if rng.bool() { rng.u8(..16) } else { bytes[at].wrapping_add(8) };
        }
    }
}

/// The number of `width` bytes at `at`, as far as there are so many.
fn number(bytes: &[u8], at: usize, width: usize) -> u64 {
    bytes[at..(at + width).min(bytes.len())].iter().rev().fold(0, |n, b| n << 8 | u64::from(*b))
}

/// Makes the number of sections about right.
fn recount(bytes: &mut [u8], rng: &mut fastrand::Rng) {
    let at = sample::field::<Header>("nr_sections");
    let n = number(bytes, at, 4).wrapping_add(u64::from(rng.bool()) * 2) as u32;
    if bytes.len() >= Header::SIZE {
        sample::put(bytes, at, n.wrapping_sub(1));
    }
}

/// What decoding `bytes` comes to, given that it does what it should.
fn outcome(bytes: &[u8]) -> Result<Image, ImageError> {
    let mut result = None;
    let used = measure(|| result = Some(Image::decode(bytes)));
    let most = FACTOR * bytes.len() as u64 + BESIDES;
    assert!(used.bytes_max <= most, "{} bytes for an image of {}", used.bytes_max, bytes.len());
    let result = result.expect("it was decoded");
    match &result {
        Ok(image) => assert!(image.encode() == bytes, "it is written back otherwise"),
        Err(e) => assert!(e.offset <= bytes.len(), "{e}, and it has {} bytes", bytes.len()),
    }
    result
}

/// The mutant with that number.
fn mutant(seeds: &[Vec<u8>], number: u64) -> Vec<u8> {
    let mut rng = fastrand::Rng::with_seed(number);
    let mut bytes = seeds[rng.usize(..seeds.len())].clone();
    let other = &seeds[rng.usize(..seeds.len())];
    for _ in 0..1 + rng.u32(..4) * rng.u32(..2) {
        change(&mut bytes, other, &mut rng);
        if rng.u8(..16) > 0 {
            seal(&mut bytes);
        }
    }
    bytes
}

/// The worst there is: sections and buffers that take more memory than bytes.
#[test]
fn many_small_parts_take_no_more_memory() {
    let mut image = sample::image();
    image.unknown = (0..20_000)
        .map(|i| Unknown { kind: 1000 + i, end: 7, flags: 0, bytes: Vec::new() })
        .collect();
    assert!(outcome(&image.encode()).is_ok());
    let mut pair = sample::pair();
    pair.master.layout.mem_limit = 1 << 16;
    let empty =
        FlipBuffer { size: 4, read: 0, commit: 0, lookahead: 0, chars: vec![], flags: None };
    pair.master.flip.buffers = vec![empty; 16_000];
    assert!(outcome(&encode(&pair)).is_ok());
}

#[test]
fn mutated_images_are_refused_or_written_back() {
    let mutants = std::env::var("TTYSIM_MUTATIONS").ok();
    let mutants = mutants.map_or(MUTANTS, |n| n.parse().expect("TTYSIM_MUTATIONS is a number"));
    let seeds = seeds();
    let mut came: BTreeMap<&str, u64> = BTreeMap::new();
    for number in 0..mutants {
        let bytes = mutant(&seeds, number);
        let Ok(result) = catch_unwind(AssertUnwindSafe(|| outcome(&bytes))) else {
            panic!("mutant {number}: {bytes:02x?}");
        };
        *came.entry(result.map_or_else(|e| e.refusal.name(), |_| "accepted")).or_default() += 1;
    }
    println!("{mutants} mutants: {came:?}");
    // All of the decoder is reached, and not only the checksum.
    for (name, least) in [("accepted", 50), ("layout", 20), ("state", 20), ("unknown", 200)] {
        let n = came.get(name).copied().unwrap_or(0);
        assert!(n * least >= mutants, "{name} came {n} times of {mutants}");
    }
}
