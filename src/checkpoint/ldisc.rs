// SPDX-License-Identifier: GPL-2.0-only
//! The line discipline's share of a checkpoint: everything between `read_tail` and `read_head`.
//!
//! It includes an unterminated canonical line, and leaves out what is not bytes: line marks, EOF
//! marks, column, lnext (C5).

use crate::sync::Ordering;
use crate::tty_struct::TtyStruct;

/// Copies the unread bytes of the read buffer, in two pieces where they wrap.
///
/// # Locking
/// The caller keeps the producer out. Whether readers and flushes have to be kept out as well is
/// what the designs differ in.
pub(super) fn n_tty_checkpoint(tty: &TtyStruct) -> Vec<u8> {
    let ldata = &tty.disc_data;
    // ACQUIRE is not needed for the data: whoever excludes the producer was ordered after it.
    let tail = ldata.read_tail("n_tty_checkpoint.read_tail", Ordering::Relaxed);
    let head = ldata.read_head("n_tty_checkpoint.read_head");
    // A reader can be one byte beyond read_head (an overlong line with EXTPROC): then it is huge.
    let mut bytes = vec![0; head.wrapping_sub(tail).min(ldata.size())];
    ldata.copy_read_buf("n_tty_checkpoint.read_buf", tail, &mut bytes);
    bytes
}
