// SPDX-License-Identifier: GPL-2.0-only
//! Sets of characters that end a run: those that need more than being passed on.
//!
//! [`CharSet::prefix`] is what makes the pipeline fast. Nearly all data lies in one or two long
//! spans without a member (printable ASCII, and everything from 0x80 on), so whole chunks are
//! compared with these first, without a branch or a table. The bitmap is asked about what lies outside.

use wide::u8x16;

/// The bytes that are compared at once.
const CHUNK: usize = 16;

/// A set of characters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct CharSet {
    /// One bit a character, as the kernel's `char_map`.
    map: [u64; 4],
    /// Two spans without a member, the longest there are; the same twice if there is one.
    quiet: [Span; 2],
    /// There is such a span.
    bulk: bool,
}

/// The characters `first..=first + width`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Span {
    first: u8,
    width: u8,
}

impl Span {
    /// Which of `chars` are in it.
    #[inline]
    fn have(self, chars: u8x16) -> u8x16 {
        let from_first = chars - u8x16::splat(self.first);
        from_first.min(u8x16::splat(self.width)).simd_eq(from_first)
    }
}

/// The characters of a set to be.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Members([u64; 4]);

impl Members {
    /// None.
    pub(super) const NONE: Self = Self([0; 4]);

    /// All there are.
    pub(super) const ALL: Self = Self([u64::MAX; 4]);

    /// Those of `set`.
    pub(super) const fn of(set: &CharSet) -> Self {
        Self(set.map)
    }

    /// With `c`.
    pub(super) const fn add(&mut self, c: u8) {
        self.0[(c / 64) as usize] |= 1 << (c % 64);
    }

    /// With those of `all` at the places `which`.
    pub(super) fn add_all(&mut self, all: &[u8], which: &[usize]) {
        which.iter().for_each(|&i| self.add(all[i]));
    }

    /// With those of `others`.
    pub(super) fn join(&mut self, others: &Self) {
        self.0.iter_mut().zip(others.0).for_each(|(mine, more)| *mine |= more);
    }

    /// Without `c`.
    pub(super) const fn remove(&mut self, c: u8) {
        self.0[(c / 64) as usize] &= !(1 << (c % 64));
    }

    /// The set.
    pub(super) const fn set(self) -> CharSet {
        CharSet::from_map(self.0)
    }

    /// The first at or after `from`; 256 if there is none.
    const fn next(self, from: usize) -> usize {
        let mut word = from / 64;
        let mut above = u64::MAX << (from % 64);
        while word < self.0.len() {
            let left = self.0[word] & above;
            if left != 0 {
                return 64 * word + left.trailing_zeros() as usize;
            }
            above = u64::MAX;
            word += 1;
        }
        256
    }
}

impl CharSet {
    /// These characters.
    pub(super) const fn of(members: &[u8]) -> Self {
        let mut set = Members::NONE;
        let mut i = 0;
        while i < members.len() {
            set.add(members[i]);
            i += 1;
        }
        set.set()
    }

    /// The characters whose bits are set.
    pub(super) const fn from_map(map: [u64; 4]) -> Self {
        let none = Span { first: 0, width: 0 };
        let mut set = Self { map, quiet: [none, none], bulk: false };
        let mut first = 0;
        while first < 256 {
            let member = Members(map).next(first);
            if member > first {
                set.add_span(Span { first: first as u8, width: (member - first - 1) as u8 });
            }
            first = member + 1;
        }
        set
    }

    /// Keeps the two longest.
    const fn add_span(&mut self, span: Span) {
        let [longest, second] = self.quiet;
        if !self.bulk {
            self.quiet = [span, span];
        } else if span.width > longest.width {
            self.quiet = [span, longest];
        } else if span.width > second.width || second.first == longest.first {
            self.quiet = [longest, span];
        }
        self.bulk = true;
    }

    /// One bit a character.
    pub(super) const fn map(&self) -> [u64; 4] {
        self.map
    }

    /// Whether `c` is in it.
    #[inline]
    pub(super) const fn has(&self, c: u8) -> bool {
        self.map[(c / 64) as usize] & 1 << (c % 64) != 0
    }

    /// How many bytes from the first on are not in it.
    #[inline]
    pub(super) fn prefix(&self, bytes: &[u8]) -> usize {
        if bytes.first().is_none_or(|&c| self.has(c)) { 0 } else { self.long_prefix(bytes) }
    }

    /// The same where the first is not in it.
    #[inline]
    fn long_prefix(&self, bytes: &[u8]) -> usize {
        let (chunks, rest) = bytes.as_chunks::<CHUNK>();
        for (i, chunk) in chunks.iter().enumerate() {
            let quiet = self.quiet_in(*chunk);
            if let Some(at) = chunk[quiet..].iter().position(|&c| self.has(c)) {
                return i * CHUNK + quiet + at;
            }
        }
        let whole = bytes.len() - rest.len();
        whole + rest.iter().position(|&c| self.has(c)).unwrap_or(rest.len())
    }

    /// How many bytes of `chunk`, from the first on, lie in the spans.
    #[inline]
    fn quiet_in(&self, chunk: [u8; CHUNK]) -> usize {
        let chars = u8x16::new(chunk);
        let [a, b] = self.quiet.map(|span| span.have(chars));
        (a | b).to_bitmask().trailing_ones() as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_empty_and_the_full_set() {
        let bytes: Vec<u8> = (0..=u8::MAX).collect();
        assert_eq!(CharSet::of(&[]).prefix(&bytes), 256);
        assert_eq!(Members::ALL.set().prefix(&bytes), 0);
        assert_eq!(CharSet::of(&[255]).prefix(&bytes), 255);
    }

    /// The spans without a member of `set`, looked for one character at a time: the longest first.
    fn gaps(set: &CharSet) -> Vec<Span> {
        let mut gaps: Vec<Span> = Vec::new();
        let mut open = false;
        for c in 0..=u8::MAX {
            match gaps.last_mut() {
                Some(gap) if open && !set.has(c) => gap.width += 1,
                _ if !set.has(c) => gaps.push(Span { first: c, width: 0 }),
                _ => {}
            }
            open = !set.has(c);
        }
        gaps.sort_by_key(|gap| std::cmp::Reverse(gap.width));
        gaps
    }

    /// What makes it fast, which no answer shows: chunks are compared with the longest spans.
    fn assert_the_longest(set: &CharSet) {
        let gaps = gaps(set);
        let widths = [gaps.first(), gaps.get(1).or(gaps.first())].map(|g| g.map(|g| g.width));
        assert_eq!(set.bulk, !gaps.is_empty());
        if set.bulk {
            assert_eq!(set.quiet.map(|span| Some(span.width)), widths, "{set:?}");
            assert!(set.quiet.iter().all(|span| gaps.contains(span)), "{set:?}");
            assert_eq!(set.quiet[0] == set.quiet[1], gaps.len() == 1, "{set:?}");
        }
    }

    /// Whether `c` lies in neither span.
    fn loud(set: &CharSet, c: u8) -> bool {
        set.quiet_in([c; CHUNK]) == 0
    }

    #[test]
    fn one_span_two_and_none() {
        for members in [&[][..], &[0], &[255], &[128], &[0, 255], &[10, 20, 30], &[64, 128]] {
            assert_the_longest(&CharSet::of(members));
        }
        assert_the_longest(&Members::ALL.set());
        let quiet = CharSet::of(&[128]);
        assert!((0..=255).all(|c| loud(&quiet, c) == (c == 128)));
    }

    proptest! {
        #[test]
        fn members_are_added_joined_and_removed(
            all in proptest::collection::vec(any::<u8>(), 1..40),
            more in proptest::collection::vec(any::<u8>(), 0..40),
            which in any::<proptest::sample::Index>(),
        ) {
            let [mut set, mut others] = [Members::NONE; 2];
            all.iter().for_each(|&c| set.add(c));
            others.add_all(&more, &(0..more.len()).collect::<Vec<_>>());
            set.join(&others);
            let gone = all[which.index(all.len())];
            set.remove(gone);
            let has = set.set();
            for c in 0..=u8::MAX {
                let there = (all.contains(&c) || more.contains(&c)) && c != gone;
                prop_assert_eq!(has.has(c), there, "{}", c);
            }
            set.remove(gone);
            prop_assert_eq!(set.set(), has);
            prop_assert_eq!(Members::of(&has).set(), has);
        }

        #[test]
        fn chunks_are_compared_with_the_longest_spans(
            members in proptest::collection::vec(any::<u8>(), 0..40),
        ) {
            let set = CharSet::of(&members);
            assert_the_longest(&set);
            // What the chunk's comparison stops at is all that lies outside of them.
            let outside = |c: u8| set.quiet.iter().all(|s| c < s.first || c > s.first + s.width);
            let chunk: [u8; CHUNK] = std::array::from_fn(|i| {
                members.get(i).map_or(i as u8, |m| m.wrapping_sub(i as u8 % 3))
            });
            let first = chunk.iter().position(|&c| outside(c)).unwrap_or(CHUNK);
            prop_assert!((0..=u8::MAX).all(|c| loud(&set, c) == outside(c)));
            prop_assert_eq!(set.quiet_in(chunk), first);
        }

        #[test]
        fn a_prefix_ends_at_the_first_member(
            members in proptest::collection::vec(any::<u8>(), 0..20),
            bytes in proptest::collection::vec(any::<u8>(), 0..200),
        ) {
            let set = CharSet::of(&members);
            let first = bytes.iter().position(|c| members.contains(c)).unwrap_or(bytes.len());
            prop_assert_eq!(set.prefix(&bytes), first);
            prop_assert!(bytes.iter().all(|c| set.has(*c) == members.contains(c)));
        }
    }
}
