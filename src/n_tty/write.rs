// SPDX-License-Identifier: GPL-2.0-only
//! `n_tty_write`: output on its way to the driver.
//!
//! # Lock order
//! `atomic_write_lock` (the caller's) > `termios_rwsem` for read > `output_lock` > the link's
//! `port->lock`.
//!
//! # Deviations
//! 1. A non-blocking writer does not enter the wait queue: nobody can tell.

use super::OutputModes;
use crate::errno::Errno;
use crate::sync::{Lane, Ordering};
use crate::termios::oflag;
use crate::tty_struct::{TTY_LDISC_CHANGING, TtyStruct};

impl<L: Lane> TtyStruct<L> {
    /// `n_tty_write`: hands `buf` to the driver, after the echoes that wait; sleeps while it is
    /// full, unless `nonblock`. Returns how much the driver took.
    ///
    /// # Locking
    /// Takes `termios_rwsem` for read, and `output_lock` for each attempt.
    ///
    /// # Errors
    /// `EAGAIN` if nothing fits and `nonblock`; `EIO` if the end was hung up, or nobody has the
    /// other open.
    pub(crate) fn n_tty_write(&self, nonblock: bool, buf: &[u8]) -> Result<usize, Errno> {
        let mut left = buf;
        let mut sem = self.termios_rwsem.down_read("n_tty_write.termios_rwsem");
        let mut modes = OutputModes::of(&self.termios.get("n_tty_write.termios"));
        self.process_echoes(modes);
        let mut wait = (!nonblock).then(|| self.write_wait.prepare("n_tty_write.add_wait_queue"));
        let mut retval = Ok(0);
        loop {
            if self.tty_hung_up_p("n_tty_write.f_op")
                || self.link.count.load("n_tty_write.link_count", Ordering::Relaxed) == 0
            {
                retval = Err(Errno::EIO);
                break;
            }
            left = self.output(left, modes);
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
            modes = OutputModes::of(&self.termios.get("n_tty_write.termios_again"));
        }
        drop(sem);
        match buf.len() - left.len() {
            0 => retval,
            written => Ok(written),
        }
    }

    /// As much of `left` as the driver takes now; returns the rest.
    #[inline]
    fn output<'b>(&self, mut left: &'b [u8], modes: OutputModes) -> &'b [u8] {
        if modes.o(oflag::OPOST) {
            return self.output_processed(left, modes);
        }
        while !left.is_empty() {
            let _held = self.disc_data.output_lock.lock("n_tty_write.output_lock");
            let num = self.pty_write(left);
            if num == 0 {
                break;
            }
            left = &left[num..];
        }
        left
    }

    /// The same with `OPOST`.
    #[inline(never)]
    fn output_processed<'b>(&self, mut left: &'b [u8], modes: OutputModes) -> &'b [u8] {
        while !left.is_empty() {
            left = &left[self.process_output_block(left, modes)..];
            let Some((&c, rest)) = left.split_first() else {
                break;
            };
            if !self.process_output(c, modes) {
                break;
            }
            left = rest;
        }
        left
    }
}
