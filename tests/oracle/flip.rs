// SPDX-License-Identifier: GPL-2.0-only
//! What was written to one end and not yet processed: bytes, and the memory they are charged for.
//!
//! The blocks exist because their sizes can be observed: they decide how much a writer gets in
//! and where one call of the discipline ends. Nothing else of the chain is here.

use std::collections::VecDeque;

/// What a pty may use, compared with the sum of the block sizes before a block is added.
const LIMIT: usize = 8192;
/// What one insertion asks for at a time.
const PIECE: usize = 1792;
/// Sizes are rounded up to this; blocks of exactly this size are kept for reuse.
const SMALL: usize = 256;

/// One block. It is charged `size` and holds twice that.
#[derive(Clone, Debug, Default)]
struct Block {
    size: usize,
    bytes: Vec<u8>,
    /// How many of `bytes` the discipline has taken.
    taken: usize,
    /// How many of `bytes` were searched for flow control characters.
    searched: usize,
}

/// The bytes on their way to one end.
#[derive(Clone, Debug)]
pub(crate) struct Flip {
    /// Never empty: the last block stays when all of it is taken.
    blocks: VecDeque<Block>,
    /// How many small blocks wait for reuse, free of any limit.
    spare: usize,
}

impl Flip {
    pub(crate) fn new() -> Self {
        Self { blocks: VecDeque::from([Block::default()]), spare: 0 }
    }

    fn charged(&self) -> usize {
        self.blocks.iter().map(|b| b.size).sum()
    }

    /// What a writer with output processing believes there is room for.
    pub(crate) fn space(&self) -> usize {
        LIMIT.saturating_sub(self.charged())
    }

    /// How much of `want` bytes goes into the last block, which is a new one if they do not all
    /// fit and memory allows it.
    fn room_for(&mut self, want: usize) -> usize {
        let left = self.blocks.back().map_or(0, |b| 2 * b.size - b.bytes.len());
        if left >= want {
            return want;
        }
        let size = want.next_multiple_of(SMALL);
        if size == SMALL && self.spare > 0 {
            self.spare -= 1;
        } else if self.charged() > LIMIT {
            return left;
        }
        self.blocks.push_back(Block { size, ..Block::default() });
        want
    }

    /// Takes in as much of `bytes` as fits, and says how much.
    pub(crate) fn insert(&mut self, bytes: &[u8]) -> usize {
        let mut done = 0;
        while done < bytes.len() {
            let room = self.room_for((bytes.len() - done).min(PIECE));
            if room == 0 {
                break;
            }
            if let Some(last) = self.blocks.back_mut() {
                last.bytes.extend_from_slice(&bytes[done..done + room]);
            }
            done += room;
        }
        done
    }

    fn drop_first(&mut self) {
        if self.blocks.pop_front().is_some_and(|b| b.size == SMALL) {
            self.spare += 1;
        }
    }

    /// The bytes the discipline is offered next.
    pub(crate) fn offer(&mut self) -> Option<Vec<u8>> {
        loop {
            let first = self.blocks.front()?;
            if first.taken < first.bytes.len() {
                return Some(first.bytes[first.taken..].to_vec());
            }
            if self.blocks.len() == 1 {
                return None;
            }
            self.drop_first();
        }
    }

    /// The discipline took `n` of what it was offered.
    pub(crate) fn take(&mut self, n: usize) {
        if let Some(first) = self.blocks.front_mut() {
            first.taken += n;
        }
    }

    /// All that was not searched yet, a piece for each block.
    pub(crate) fn search(&mut self) -> Vec<Vec<u8>> {
        if let Some(first) = self.blocks.front_mut() {
            first.searched = first.searched.max(first.taken);
        }
        let mut pieces = Vec::new();
        for block in &mut self.blocks {
            pieces.push(block.bytes[block.searched..].to_vec());
            block.searched = block.bytes.len();
        }
        pieces
    }

    /// Forgets everything.
    pub(crate) fn flush(&mut self) {
        while self.blocks.len() > 1 {
            self.drop_first();
        }
        if let Some(last) = self.blocks.front_mut() {
            last.taken = last.bytes.len();
            last.searched = last.taken;
        }
    }
}
