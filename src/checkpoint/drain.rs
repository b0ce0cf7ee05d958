// SPDX-License-Identifier: GPL-2.0-only
//! What is done today, without any new ioctl (CRIU's `tty.c`): read the terminal empty, and write what
//! was read back through the peer.
//!
//! Steps, at each end: nonblocking reads until there is nothing, or 16 KiB; then one nonblocking write of
//! that to the other end, so that the original can go on. The caller has stopped the tasks that use
//! the terminal; the kernel's worker, and whoever holds the other end from outside, go on.
//!
//! If the write back fails in the middle, what was not written by then is lost in the original.

use super::Design;
use super::caller::{Caller, Refusal};
use super::write_back::{self, write_all};
use super::{Kept, caller};
use crate::errno::Errno;
use crate::fault::Faults;
use crate::tty_struct::TtyStruct;

/// `MAX_TTY_QUEUE`: CRIU's buffer.
const BUFFER: usize = 16384;

/// The tool's way.
pub(super) struct UserspaceDrain;

/// # Errors
/// Those of the calls; what was read and not written back is lost then.
fn drain(tty: &TtyStruct, faults: &Faults) -> Result<Vec<u8>, Errno> {
    let mut bytes = Vec::new();
    while bytes.len() < BUFFER {
        match tty.tty_read(true, BUFFER - bytes.len()) {
            // An end of file ends it as well.
            Ok(more) if more.is_empty() => break,
            Ok(more) => bytes.extend(more),
            Err(Errno::EAGAIN) => break,
            Err(errno) => return Err(errno),
        }
    }
    write_all(&tty.reversed(), &bytes, faults)?;
    Ok(bytes)
}

impl Design for UserspaceDrain {
    fn name(&self) -> &'static str {
        "userspace-drain"
    }

    fn about(&self) -> &'static str {
        "a nonblocking read of each end, written back through the peer"
    }

    fn source(&self) -> &'static str {
        "CRIU: criu/tty.c, dumping and restoring the queued data of a terminal"
    }

    fn executions(&self) -> u64 {
        // Several whole system calls, each with the locks of its own: millions.
        5_000
    }

    fn checkpoint(&self, tty: &TtyStruct) -> Result<Vec<u8>, Errno> {
        drain(tty, &Faults::none())
    }

    fn save(&self, caller: &Caller<'_>, tty: &TtyStruct) -> Result<Kept, Refusal> {
        caller::admit(self.demands(), caller, tty)?;
        let peek = |end: &TtyStruct| drain(end, caller.faults);
        Ok(Kept::Bytes(write_back::save(tty, &peek)?))
    }
}
