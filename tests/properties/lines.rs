// SPDX-License-Identifier: GPL-2.0-only
//! Canonical input as the manual page has it: a list of lines, edited one character after the
//! other, and reads that take from the first.
//!
//! It knows nothing of buffers, so it is right as long as no line is longer than they are.

use std::collections::VecDeque;

const EOF: u8 = 0x04;
const ERASE: u8 = 0x7f;
const KILL: u8 = 0x15;

/// All lines of an input.
#[derive(Clone, Debug, Default)]
pub(crate) struct Lines {
    /// What a reader gets of each that has ended: its newline, but not its EOF.
    ended: VecDeque<VecDeque<u8>>,
    /// The longest a line ever was while it was edited, its end not counted.
    pub(crate) longest: usize,
}

impl Lines {
    /// The lines of `input` under `stty sane`.
    pub(crate) fn of(input: &[u8]) -> Self {
        let mut all = Self::default();
        let mut line = VecDeque::new();
        for &c in input {
            match c {
                ERASE => {
                    line.pop_back();
                }
                KILL => line.clear(),
                EOF => all.end(&mut line),
                b'\n' | b'\r' => {
                    line.push_back(b'\n');
                    all.end(&mut line);
                }
                c => {
                    line.push_back(c);
                    all.longest = all.longest.max(line.len());
                }
            }
        }
        all
    }

    fn end(&mut self, line: &mut VecDeque<u8>) {
        self.ended.push_back(std::mem::take(line));
    }

    /// What a read of `n` bytes returns; `None`: it has to wait.
    pub(crate) fn read(&mut self, n: usize) -> Option<Vec<u8>> {
        let line = self.ended.front_mut()?;
        let got: Vec<u8> = line.drain(..n.min(line.len())).collect();
        // An EOF right behind what fits is taken along.
        if line.is_empty() {
            self.ended.pop_front();
        }
        Some(got)
    }
}

#[test]
fn the_oracle_reads_as_read_does() {
    let mut lines = Lines::of(b"axx\x7f\x7fb\r\x04cd\x15ef\x04gh");
    let reads = [1, 9, 9, 2, 9].map(|n| lines.read(n));
    let got = [&b"a"[..], b"b\n", b"", b"ef"].map(|b| Some(b.to_vec()));
    assert_eq!(reads[..4], got);
    assert_eq!(reads[4], None);
    assert_eq!(lines.longest, 3);
}
