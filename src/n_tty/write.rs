// SPDX-License-Identifier: GPL-2.0-only
//! `n_tty_write`: output on its way to the driver.
//!
//! # Lock order
//! `atomic_write_lock` (the caller's) > `termios_rwsem` for read > `output_lock` > the link's
//! `port->lock`.
//!
//! # Deviations
//! 1. `OPOST` is not modelled yet: output is written as it is.
//! 2. The master is never closed, so the slave's writes never find it gone (`EIO`).

use crate::errno::Errno;
use crate::tty_struct::{TTY_LDISC_CHANGING, TtyStruct};

impl TtyStruct {
    /// `n_tty_write`: hands `buf` to the driver; sleeps while it is full, unless `nonblock`.
    /// Returns how much the driver took.
    ///
    /// # Locking
    /// Takes `termios_rwsem` for read, and `output_lock` for each attempt.
    ///
    /// # Errors
    /// `EAGAIN` if nothing fits and `nonblock`.
    pub(crate) fn n_tty_write(&self, nonblock: bool, buf: &[u8]) -> Result<usize, Errno> {
        let mut left = buf;
        let mut sem = self.termios_rwsem.down_read("n_tty_write.termios_rwsem");
        let mut wait = (!nonblock).then(|| self.write_wait.prepare("n_tty_write.add_wait_queue"));
        let mut retval = Ok(0);
        loop {
            while !left.is_empty() {
                let output = self.disc_data.output_lock.lock("n_tty_write.output_lock");
                let num = self.pty_write(left);
                drop(output);
                if num == 0 {
                    break;
                }
                left = &left[num..];
            }
            if left.is_empty() {
                break;
            }
            let Some(wait) = wait.as_mut() else {
                retval = Err(Errno::EAGAIN);
                break;
            };
            if self.test_bit("n_tty_write.ldisc_changing", TTY_LDISC_CHANGING) {
                retval = Err(Errno::EAGAIN);
                break;
            }
            drop(sem);
            wait.wait_woken("n_tty_write.wait_woken");
            sem = self.termios_rwsem.down_read("n_tty_write.termios_rwsem_again");
        }
        drop(sem);
        match buf.len() - left.len() {
            0 => retval,
            written => Ok(written),
        }
    }
}
