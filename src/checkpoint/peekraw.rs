// SPDX-License-Identifier: GPL-2.0-only
//! The 2016 patch as posted: a peek at the line discipline's 4 KiB buffer.
//!
//! Steps: the reference to the line discipline that `tty_ioctl` holds; trylock `atomic_read_lock`; `down_read(termios_rwsem)`; copy `read_cnt()` bytes linearly
//! from `read_tail`; release both. It keeps other readers out, and nobody else: the worker holds
//! `termios_rwsem` for read as well, and the flip chain is not looked at.

use super::Design;
use crate::errno::Errno;
use crate::ldisc_ref::Ldisc;
use crate::sync::Ordering;
use crate::tty_struct::TtyStruct;

const SOURCE: &str = "linux-kernel, April 2016: [PATCH v2] tty: n_tty -- Add new TIOCPEEKRAW ioctl to peek unread data";

/// # Errors
/// `EAGAIN` if a reader is at work; those of an ioctl of the line discipline, if it is gone or another
/// one.
fn peekraw(tty: &TtyStruct) -> Result<Vec<u8>, Errno> {
    let ld = tty.tty_ldisc_ref_wait().ok_or(Errno::EIO)?;
    if ld.ldisc != Ldisc::NTty {
        return Err(Errno::EINVAL);
    }
    let ldata = &tty.disc_data;
    let _reader =
        ldata.atomic_read_lock.try_lock("peekraw.atomic_read_lock").ok_or(Errno::EAGAIN)?;
    let _termios = tty.termios_rwsem.down_read("peekraw.termios_rwsem");
    // read_cnt(): two plain loads.
    let head = ldata.read_head("peekraw.read_head");
    let tail = ldata.read_tail("peekraw.read_tail", Ordering::Relaxed);
    // As posted, the size of the caller's buffer is the limit: here that of the read buffer.
    let mut bytes = vec![0; head.wrapping_sub(tail).min(ldata.size())];
    // Linear, as posted: nothing looks at where the circular buffer ends.
    ldata.read_buf.read("peekraw.read_buf", ldata.mask(tail), &mut bytes);
    Ok(bytes)
}

/// The patch.
pub(super) struct PeekrawV2;

impl Design for PeekrawV2 {
    fn name(&self) -> &'static str {
        "peekraw-v2"
    }

    fn about(&self) -> &'static str {
        "copy read_cnt bytes of the ldisc buffer under the reader's locks"
    }

    fn source(&self) -> &'static str {
        SOURCE
    }

    fn checkpoint(&self, tty: &TtyStruct) -> Result<Vec<u8>, Errno> {
        peekraw(tty)
    }
}

/// The patch, after letting the worker finish.
pub(super) struct PeekrawV2Flush;

impl Design for PeekrawV2Flush {
    fn name(&self) -> &'static str {
        "peekraw-v2-flush"
    }

    fn about(&self) -> &'static str {
        "peekraw-v2 after tty_buffer_flush_work"
    }

    fn source(&self) -> &'static str {
        SOURCE
    }

    fn checkpoint(&self, tty: &TtyStruct) -> Result<Vec<u8>, Errno> {
        tty.tty_buffer_flush_work();
        peekraw(tty)
    }
}
