// SPDX-License-Identifier: GPL-2.0-only
//! A share of an exhaustive exploration, so that several cores or machines can do one.
//!
//! The tree of schedules is divided at a fixed depth. Above it every thread that can run and is
//! not asleep is explored, whatever the races say, so the tree is the same in all shares. Each path
//! that reaches the depth (or ends before it) is a *head*; heads are counted in the order in which
//! they are reached, and share `i` of `n` explores what is below every `n`th, and nothing of the
//! others but the way there.
//!
//! # Invariants
//! - Together the shares run each execution that completes exactly once. Sleep sets leave one
//!   execution a Mazurkiewicz trace, divided or not, so the shares' executions add up to those of
//!   the whole.
//! - What a share does depends on the program, `index` and `of` alone.

/// Which share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Share {
    /// Its number, from 0.
    pub index: u32,
    /// How many there are.
    pub of: u32,
}

impl Share {
    /// All of it.
    pub const WHOLE: Self = Self { index: 0, of: 1 };

    /// Whether it is all of it.
    #[must_use]
    pub const fn is_whole(self) -> bool {
        self.of <= 1
    }

    /// Whether head number `head` is in it.
    #[must_use]
    pub fn has(self, head: u64) -> bool {
        self.is_whole() || head % u64::from(self.of) == u64::from(self.index)
    }
}

impl Default for Share {
    fn default() -> Self {
        Self::WHOLE
    }
}
