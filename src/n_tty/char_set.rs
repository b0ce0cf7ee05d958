// SPDX-License-Identifier: GPL-2.0-only
//! Sets of characters that end a run: those that need more than being passed on.
//!
//! [`CharSet::prefix`] is what makes the pipeline fast. Nearly all data lies in one or two long
//! spans without a member (printable ASCII, and everything from 0x80 on), so whole chunks are
//! compared with these first, without a branch or a table: in the form that compilers turn into
//! vector instructions. The bitmap is asked about what lies outside.

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
    #[inline]
    const fn has(self, c: u8) -> bool {
        c.wrapping_sub(self.first) <= self.width
    }
}

impl CharSet {
    /// The characters for which `member` says so.
    pub(super) fn new(member: impl Fn(u8) -> bool) -> Self {
        let mut map = [0; 4];
        for c in (0..=u8::MAX).filter(|c| member(*c)) {
            map[usize::from(c / 64)] |= 1 << (c % 64);
        }
        Self::from_map(map)
    }

    /// These characters.
    pub(super) const fn of(members: &[u8]) -> Self {
        let mut map = [0; 4];
        let mut i = 0;
        while i < members.len() {
            map[(members[i] / 64) as usize] |= 1 << (members[i] % 64);
            i += 1;
        }
        Self::from_map(map)
    }

    /// The characters whose bits are set.
    pub(super) const fn from_map(map: [u64; 4]) -> Self {
        let none = Span { first: 0, width: 0 };
        let mut set = Self { map, quiet: [none, none], bulk: false };
        let mut at = 0;
        while at < 256 {
            let first = at;
            while at < 256 && !set.has(at as u8) {
                at += 1;
            }
            if at > first {
                set.add_span(Span { first: first as u8, width: (at - first - 1) as u8 });
            }
            at += 1;
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
    fn long_prefix(&self, bytes: &[u8]) -> usize {
        let (chunks, rest) = bytes.as_chunks::<CHUNK>();
        for (i, chunk) in chunks.iter().enumerate() {
            let quiet = self.quiet_in(chunk);
            if let Some(at) = chunk[quiet..].iter().position(|&c| self.has(c)) {
                return i * CHUNK + quiet + at;
            }
        }
        let whole = bytes.len() - rest.len();
        whole + rest.iter().position(|&c| self.has(c)).unwrap_or(rest.len())
    }

    /// How many bytes of `chunk`, from the first on, lie in the spans.
    #[inline]
    fn quiet_in(&self, chunk: &[u8; CHUNK]) -> usize {
        let mut loud = [0; CHUNK];
        for (loud, &c) in loud.iter_mut().zip(chunk) {
            *loud = if self.loud(c) { u8::MAX } else { 0 };
        }
        match u128::from_le_bytes(loud) {
            0 => CHUNK,
            loud => (loud.trailing_zeros() / u8::BITS) as usize,
        }
    }

    /// Whether `c` lies in neither span.
    #[inline]
    const fn loud(&self, c: u8) -> bool {
        let [a, b] = self.quiet;
        !(a.has(c) | b.has(c))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_empty_and_the_full_set() {
        let bytes: Vec<u8> = (0..=u8::MAX).collect();
        assert_eq!(CharSet::new(|_| false).prefix(&bytes), 256);
        assert_eq!(CharSet::new(|_| true).prefix(&bytes), 0);
        assert_eq!(CharSet::new(|c| c == 255).prefix(&bytes), 255);
    }

    proptest! {
        #[test]
        fn a_prefix_ends_at_the_first_member(
            members in proptest::collection::vec(any::<u8>(), 0..20),
            bytes in proptest::collection::vec(any::<u8>(), 0..200),
        ) {
            let set = CharSet::new(|c| members.contains(&c));
            let first = bytes.iter().position(|c| members.contains(c)).unwrap_or(bytes.len());
            prop_assert_eq!(set.prefix(&bytes), first);
            prop_assert!(bytes.iter().all(|c| set.has(*c) == members.contains(c)));
        }
    }
}
