// SPDX-License-Identifier: GPL-2.0-only
//! What is left at the end, in words: the buffers that still hold something, and why nobody comes.

use super::trace::pointer;
use crate::run::{EndFrame, Frame};
use crate::tty_buffer::BufferState;
use crate::verify::ghost::quoted;

/// A paragraph an end that still holds something; nothing if none does.
#[must_use]
pub fn left(frame: &Frame) -> Vec<String> {
    frame.ends.iter().filter_map(end).collect()
}

fn end(end: &EndFrame) -> Option<String> {
    let stuck: usize = end.chain.buffers.iter().map(|b| b.commit.saturating_sub(b.read)).sum();
    let unread = end.ldisc.read_head.wrapping_sub(end.ldisc.read_tail);
    if stuck == 0 && unread == 0 {
        return None;
    }
    let chain: Vec<String> = end.chain.buffers.iter().map(buffer).collect();
    Some(format!(
        "Left at the {}: {stuck} committed bytes in the flip chain, {unread} in read_buf: {}; work {}, \
         priority {}, no_room {}",
        end.name,
        chain.join(" -> "),
        if end.chain.pending { "queued" } else { "not queued" },
        end.chain.priority,
        u8::from(end.ldisc.no_room),
    ))
}

/// `tty_buffer#1 {commit 2, read 0, "ab"}`.
fn buffer(buffer: &BufferState) -> String {
    let name = pointer(buffer.number);
    let unread = buffer.chars.get(buffer.read..buffer.commit).unwrap_or_default();
    let bytes = if unread.is_empty() { String::new() } else { format!(", {}", quoted(unread)) };
    format!("{name} {{commit {}, read {}{bytes}}}", buffer.commit, buffer.read)
}
