// SPDX-License-Identifier: GPL-2.0-only
//! A queue that is one slice, oldest first: whoever compares it compares slices.
//!
//! # Invariants
//! - What was dropped is at most as long as what is left, or as [`SHORT`]: so dropping costs, in the long run, a
//!   move of each item, however little is dropped at a time.

use std::ops::Deref;

/// So many dropped items are not worth moving the others.
const SHORT: usize = 64;

/// See the module.
#[derive(Debug)]
pub(super) struct Fifo<T> {
    items: Vec<T>,
    /// How many of them were dropped.
    dropped: usize,
}

impl<T> Default for Fifo<T> {
    fn default() -> Self {
        Self { items: Vec::new(), dropped: 0 }
    }
}

impl<T> Deref for Fifo<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.items[self.dropped..]
    }
}

impl<T: Copy> Fifo<T> {
    pub(super) fn push(&mut self, item: T) {
        self.items.push(item);
    }

    pub(super) fn extend_from_slice(&mut self, items: &[T]) {
        self.items.extend_from_slice(items);
    }

    /// Fills up with `item` to `n`, or drops the newest.
    pub(super) fn resize(&mut self, n: usize, item: T) {
        self.items.resize(self.dropped.saturating_add(n), item);
        self.tidy();
    }

    pub(super) fn clear(&mut self) {
        self.items.clear();
        self.dropped = 0;
    }

    /// Keeps the oldest `n`.
    pub(super) fn truncate(&mut self, n: usize) {
        self.items.truncate(self.dropped.saturating_add(n));
        self.tidy();
    }

    /// Drops the oldest `n`, or all.
    pub(super) fn drop_first(&mut self, n: usize) {
        self.dropped += n.min(self.len());
        self.tidy();
    }

    /// Forgets what was dropped, if that is more than what is left.
    fn tidy(&mut self) {
        if self.dropped > SHORT.max(self.len()) {
            self.items.drain(..self.dropped);
            self.dropped = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Fifo;
    use proptest::prelude::*;
    use std::collections::VecDeque;

    #[derive(Clone, Debug)]
    enum Do {
        Push(u8),
        Extend(Vec<u8>),
        DropFirst(usize),
        Truncate(usize),
        Resize(usize),
        Clear,
    }

    fn step() -> impl Strategy<Value = Do> {
        prop_oneof![
            any::<u8>().prop_map(Do::Push),
            prop::collection::vec(any::<u8>(), 0..200).prop_map(Do::Extend),
            (0..300_usize).prop_map(Do::DropFirst),
            (0..300_usize).prop_map(Do::Truncate),
            (0..300_usize).prop_map(Do::Resize),
            Just(Do::Clear),
        ]
    }

    proptest! {
        #[test]
        fn it_is_a_queue(steps in prop::collection::vec(step(), 0..60)) {
            let (mut fifo, mut queue) = (Fifo::default(), VecDeque::new());
            for step in steps {
                match step {
                    Do::Push(item) => { fifo.push(item); queue.push_back(item); }
                    Do::Extend(items) => { fifo.extend_from_slice(&items); queue.extend(items); }
                    Do::DropFirst(n) => { fifo.drop_first(n); queue.drain(..n.min(queue.len())); }
                    Do::Truncate(n) => {
                        fifo.truncate(n);
                        queue.truncate(n);
                    }
                    Do::Resize(n) => {
                        fifo.resize(n, 7);
                        queue.resize(n, 7);
                    }
                    Do::Clear => { fifo.clear(); queue.clear(); }
                }
                prop_assert_eq!(&*fifo, &*queue.make_contiguous());
                prop_assert!(fifo.dropped <= super::SHORT.max(fifo.len()));
            }
        }
    }
}
