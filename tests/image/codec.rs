// SPDX-License-Identifier: GPL-2.0-only
//! Images and states are two forms of one thing.

use super::{sample, states};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use ttysim::checkpoint::image::container::MINOR;
use ttysim::checkpoint::image::layout::ALIGN;
use ttysim::checkpoint::image::sections::End;
use ttysim::checkpoint::image::{
    Content, Image, Unknown, decode, encode, flags, max_size, size_needed,
};
use ttysim::checkpoint::state::{EndState, FlipBuffer, Layout, PairState};
use ttysim::geometry::Geometry;

fn image() -> impl Strategy<Value = Image> {
    let one = |end, state: EndState| Content::One(end, Box::new(state));
    let content = prop_oneof![
        3 => states::pair().prop_map(|p| Content::Pair(Box::new(p))),
        1 => states::end().prop_map(move |s| one(End::Master, s)),
        1 => states::end().prop_map(move |s| one(End::Slave, s)),
    ];
    let section = (10u16..100, any::<u8>(), prop::collection::vec(any::<u8>(), 0..40));
    let unknown = prop::collection::btree_map((any::<u8>(), 10u16..), section, 0..4);
    (content, proptest::option::of("[ -~äß]{1,100}"), unknown, 1u16..4).prop_map(
        |(content, origin, unknown, minor)| {
            let unknown = unknown.into_iter().map(|((end, kind), (_, flags, bytes))| Unknown {
                kind,
                end,
                flags: flags & !1,
                bytes,
            });
            Image { minor, origin, content, unknown: unknown.collect() }
        },
    )
}

proptest! {
    #[test]
    fn what_is_encoded_is_decoded(pair in states::pair()) {
        prop_assert_eq!(pair.validate(), Ok(()));
        let bytes = encode(&pair);
        let read = decode(&bytes).map_err(|e| TestCaseError::fail(e.to_string()))?;
        prop_assert_eq!(&read, &pair);
        prop_assert_eq!(encode(&read), bytes);
    }

    #[test]
    fn an_image_keeps_what_it_does_not_know(image in image()) {
        let bytes = image.encode();
        let read = Image::decode(&bytes).map_err(|e| TestCaseError::fail(e.to_string()))?;
        prop_assert_eq!(&read, &image);
        prop_assert_eq!(read.encode(), bytes);
    }

    #[test]
    fn the_size_is_known_before_there_is_an_image(pair in states::pair()) {
        let size = size_needed(&pair);
        prop_assert_eq!(size, encode(&pair).len());
        let ends = [&pair.master, &pair.slave].map(|e| {
            let l = e.layout;
            Geometry {
                n_tty_buf: l.n_tty_buf as usize,
                ttyb_align: l.ttyb_align as usize,
                ttyb_page: l.ttyb_page as usize,
                mem_limit: l.mem_limit as usize,
                ..Geometry::LINUX
            }
        });
        // The two ends have sizes of their own here.
        prop_assert!(size <= max_size(&ends[0]).max(max_size(&ends[1])));
    }
}

#[test]
fn the_bound_is_near_what_a_full_pair_has() {
    // 4095 bytes, 33 full flip buffers: what a pty at its limit holds (linux-facts), both ways.
    let full = 2 * (4096 + 512 + 4096 + 33 * 512);
    let bound = max_size(&Geometry::LINUX);
    assert!(bound > full && bound < 2 * full, "{bound} against {full}");
}

/// A pair with all that [`max_size`] counts: buffers as many as there can be, and full.
fn fullest(geometry: &Geometry) -> (PairState, usize) {
    let layout = Layout::of(geometry);
    let buffer = |size: u32| FlipBuffer {
        size,
        read: 0,
        commit: 2 * size,
        lookahead: 0,
        chars: vec![b'x'; 2 * size as usize],
        flags: None,
    };
    let (small, n) = (layout.ttyb_align, layout.n_tty_buf as usize);
    let mut buffers = vec![buffer(small); layout.most_small() as usize];
    // The smallest that are larger; the last one has what is left over.
    let large = layout.most_large();
    let many = large / (2 * small);
    let sizes =
        (1..many).map(|_| 2 * small).chain((many > 0).then(|| large - (many - 1) * 2 * small));
    buffers.extend(sizes.map(buffer));
    let mut pair = super::sample::pair();
    for end in [&mut pair.master, &mut pair.slave] {
        end.layout = layout;
        end.flip.buffers.clone_from(&buffers);
        end.n_tty.unread = vec![b'x'; n];
        end.n_tty.read_flags = vec![0; n.div_ceil(8)];
        end.n_tty.echo.buf = vec![b'x'; n];
    }
    (pair, 2 * buffers.len())
}

#[test]
fn the_bound_is_what_the_fullest_pair_needs_but_for_padding() {
    let small = Geometry { ttyb_align: 4, ttyb_page: 8, mem_limit: 32, ..Geometry::tiny(16, 4) };
    for geometry in [Geometry::LINUX, Geometry::tiny(8, 1), Geometry::tiny(4, 2), small] {
        let (pair, buffers) = fullest(&geometry);
        let (size, bound) = (size_needed(&pair), max_size(&geometry));
        assert!(size <= bound && bound - size < buffers * ALIGN, "{size}, {bound}, {geometry:?}");
    }
}

#[test]
fn one_end_is_no_pair() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let state = states::end().new_tree(&mut runner).expect("a state").current();
    let bytes = Image::of(Content::One(End::Slave, Box::new(state))).encode();
    let error = decode(&bytes).expect_err("no pair");
    assert!(error.to_string().contains("the slave alone"), "{error}");
    assert_eq!(Image::decode(&bytes).expect("an image").minor, MINOR);
}

#[test]
fn flags_that_are_on_are_named() {
    let pair = sample::pair();
    assert_eq!(flags(&pair.slave), ["throttled", "stopped", "lnext", "icanon"]);
}
