// SPDX-License-Identifier: GPL-2.0-only
//! `read_flags`: which positions of `read_buf` end a line. Shared by producer and consumer.

use crate::sync::{Any, AtomicUsize, Lane, Name, Ordering, Runtime, Site};

/// Positions a word holds.
const WORD: usize = 64;

/// A bitmap of one bit a position.
#[derive(Debug)]
#[repr(C)]
pub struct ReadFlags<L: Lane = Any> {
    words: Box<[AtomicUsize<L>]>,
}

impl ReadFlags {
    pub(super) fn new(rt: Runtime, scope: &'static str, positions: usize) -> Self {
        let several = positions > WORD;
        let name = |i: usize| match u32::try_from(i + 1) {
            Ok(n) if several => Name::nth(scope, "read_flags", n),
            _ => Name::new(scope, "read_flags"),
        };
        Self {
            words: (0..positions.div_ceil(WORD))
                .map(|i| AtomicUsize::new(rt, name(i), 0))
                .collect(),
        }
    }
}

impl<L: Lane> ReadFlags<L> {
    /// `set_bit`: an atomic step without ordering; `canon_head`'s RELEASE publishes it.
    #[inline]
    pub(super) fn set_bit(&self, site: Site, at: usize) {
        self.words[at / WORD].fetch_or(site, 1 << (at % WORD), Ordering::Relaxed);
    }

    /// `clear_bit`: as [`ReadFlags::set_bit`]; `read_tail`'s RELEASE publishes it.
    #[inline]
    pub(super) fn clear_bit(&self, site: Site, at: usize) {
        self.words[at / WORD].fetch_and(site, !(1 << (at % WORD)), Ordering::Relaxed);
    }

    /// `test_bit`.
    #[inline]
    pub fn test_bit(&self, site: Site, at: usize) -> bool {
        self.words[at / WORD].load(site, Ordering::Relaxed) & 1 << (at % WORD) != 0
    }

    /// `find_next_bit`: the first set position in `from..size`, or `size`.
    #[inline]
    pub fn find_next_bit(&self, site: Site, size: usize, from: usize) -> usize {
        let mut at = from;
        while at < size {
            let word = self.words[at / WORD].load(site, Ordering::Relaxed) >> (at % WORD);
            if word != 0 {
                return size.min(at + word.trailing_zeros() as usize);
            }
            at = (at / WORD + 1) * WORD;
        }
        size
    }

    /// `bitmap_zero`: everybody else is kept out, so words that are zero are left alone.
    pub(super) fn bitmap_zero(&self, site: Site) {
        for word in &self.words {
            if word.observe() != 0 {
                word.store(site, 0, Ordering::Relaxed);
            }
        }
    }

    /// All of it, eight positions a byte, for a checkpoint: everybody else is kept out.
    pub(super) fn save(&self, positions: usize) -> Vec<u8> {
        let load = |word: &AtomicUsize<L>| word.load("n_tty_save.read_flags", Ordering::Relaxed);
        let mut bytes: Vec<u8> =
            self.words.iter().flat_map(|word| (load(word) as u64).to_le_bytes()).collect();
        bytes.truncate(positions.div_ceil(8));
        bytes
    }

    /// Makes a bitmap of zeroes what [`ReadFlags::save`] saw: everybody else is kept out.
    pub(super) fn restore(&self, bytes: &[u8]) {
        for (word, bytes) in self.words.iter().zip(bytes.chunks(8)) {
            let bits = bytes.iter().rev().fold(0, |bits, &b| bits << 8 | u64::from(b));
            let bits = usize::try_from(bits).unwrap_or(0);
            if bits != 0 {
                word.store("n_tty_restore.read_flags", bits, Ordering::Relaxed);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::collection::vec;
    use proptest::prelude::*;

    /// A bitmap and a plain one, after these positions were set, and cleared where `false`.
    fn both(positions: usize, changes: &[(usize, bool)]) -> (ReadFlags, Vec<bool>) {
        let flags = ReadFlags::new(Runtime::Native, "slave", positions);
        let mut plain = vec![false; positions];
        for &(at, on) in changes {
            let at = at % positions;
            if on {
                flags.set_bit("set", at)
            } else {
                flags.clear_bit("clear", at)
            }
            plain[at] = on;
        }
        (flags, plain)
    }

    fn assert_same(flags: &ReadFlags, plain: &[bool]) {
        for (at, &on) in plain.iter().enumerate() {
            assert_eq!(flags.test_bit("test", at), on, "{at}");
        }
    }

    proptest! {
        #[test]
        fn a_bitmap_holds_what_was_set(
            positions in (0..10_u32).prop_map(|n| 1_usize << n),
            changes in vec((0..512_usize, prop::bool::weighted(0.7)), 0..40),
            [from, size] in any::<[prop::sample::Index; 2]>(),
        ) {
            let (flags, mut plain) = both(positions, &changes);
            assert_same(&flags, &plain);

            let (from, size) = (from.index(positions), size.index(positions + 1));
            let next = (from..size).find(|&at| plain[at]).unwrap_or(size);
            prop_assert_eq!(flags.find_next_bit("next", size, from), next);

            let bytes = flags.save(positions);
            prop_assert_eq!(bytes.len(), positions.div_ceil(8));
            let again = ReadFlags::new(Runtime::Native, "slave", positions);
            again.restore(&bytes);
            assert_same(&again, &plain);

            flags.bitmap_zero("zero");
            plain.fill(false);
            assert_same(&flags, &plain);
        }
    }
}
