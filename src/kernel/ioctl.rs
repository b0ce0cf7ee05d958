// SPDX-License-Identifier: GPL-2.0-only
//! The ioctls of a tty that rustix has no function for.
//!
//! The one file outside `src/sync` that needs `unsafe`: an ioctl's number decides what the kernel
//! does with the pointer, so rustix cannot know that number and type fit. Here they stand side by
//! side, and each pair was read in `include/uapi/asm-generic/ioctls.h` and `drivers/tty/`.
//!
//! # Deviations
//! 1. The numbers are those of asm-generic (x86, arm, riscv, s390, loongarch); alpha, mips, parisc,
//!    powerpc, sh and sparc have others, and there this module must not be used.

use crate::termios::{Termios, cc};
use rustix::fd::BorrowedFd;
use rustix::io::Result;
use rustix::ioctl::{Getter, NoArg, Opcode, Setter, ioctl};

const TCGETS: Opcode = 0x5401;
const TCSETS: Opcode = 0x5402;
const TCSETSW: Opcode = 0x5403;
const TCSETSF: Opcode = 0x5404;
const TIOCOUTQ: Opcode = 0x5411;
const TIOCSTI: Opcode = 0x5412;
const TIOCPKT: Opcode = 0x5420;
const FIONREAD: Opcode = 0x541b;
const TIOCSETD: Opcode = 0x5423;
const TIOCVHANGUP: Opcode = 0x5437;

/// `struct termios` of the kernel's own interface (not the C library's).
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub(super) struct KernelTermios {
    iflag: u32,
    oflag: u32,
    cflag: u32,
    lflag: u32,
    line: u8,
    cc: [u8; cc::NCCS],
}

impl KernelTermios {
    /// What of it scripts can change.
    pub(super) const fn settings(&self) -> Termios {
        Termios {
            iflag: self.iflag,
            oflag: self.oflag,
            cflag: self.cflag,
            lflag: self.lflag,
            cc: self.cc,
        }
    }

    /// The same with other settings.
    pub(super) const fn with(self, t: &Termios) -> Self {
        let Termios { iflag, oflag, cflag, lflag, cc } = *t;
        Self { iflag, oflag, cflag, lflag, line: self.line, cc }
    }
}

/// `TCGETS`.
pub(super) fn tcgets(fd: BorrowedFd<'_>) -> Result<KernelTermios> {
    // SAFETY: TCGETS writes one struct termios, which `KernelTermios` is: 36 bytes, all of them
    // plain integers.
    unsafe { ioctl(fd, Getter::<TCGETS, KernelTermios>::new()) }
}

/// `TCSETS`.
pub(super) fn tcsets(fd: BorrowedFd<'_>, termios: KernelTermios) -> Result<()> {
    // SAFETY: TCSETS reads one struct termios, which `KernelTermios` is.
    unsafe { ioctl(fd, Setter::<TCSETS, KernelTermios>::new(termios)) }
}

/// `TCSETSW`.
pub(super) fn tcsetsw(fd: BorrowedFd<'_>, termios: KernelTermios) -> Result<()> {
    // SAFETY: TCSETSW reads one struct termios, which `KernelTermios` is.
    unsafe { ioctl(fd, Setter::<TCSETSW, KernelTermios>::new(termios)) }
}

/// `TCSETSF`.
pub(super) fn tcsetsf(fd: BorrowedFd<'_>, termios: KernelTermios) -> Result<()> {
    // SAFETY: TCSETSF reads one struct termios, which `KernelTermios` is.
    unsafe { ioctl(fd, Setter::<TCSETSF, KernelTermios>::new(termios)) }
}

/// `FIONREAD`; of a tty it is unsigned.
pub(super) fn fionread(fd: BorrowedFd<'_>) -> Result<u32> {
    // SAFETY: FIONREAD writes one unsigned int.
    unsafe { ioctl(fd, Getter::<FIONREAD, u32>::new()) }
}

/// `TIOCOUTQ`.
pub(super) fn tiocoutq(fd: BorrowedFd<'_>) -> Result<i32> {
    // SAFETY: TIOCOUTQ writes one int.
    unsafe { ioctl(fd, Getter::<TIOCOUTQ, i32>::new()) }
}

/// `TIOCSTI`.
pub(super) fn tiocsti(fd: BorrowedFd<'_>, byte: u8) -> Result<()> {
    // SAFETY: TIOCSTI reads one char.
    unsafe { ioctl(fd, Setter::<TIOCSTI, u8>::new(byte)) }
}

/// `TIOCPKT`.
pub(super) fn tiocpkt(fd: BorrowedFd<'_>, on: bool) -> Result<()> {
    // SAFETY: TIOCPKT reads one int.
    unsafe { ioctl(fd, Setter::<TIOCPKT, i32>::new(i32::from(on))) }
}

/// `TIOCSETD`.
pub(super) fn tiocsetd(fd: BorrowedFd<'_>, ldisc: u32) -> Result<()> {
    // SAFETY: TIOCSETD reads one int.
    unsafe { ioctl(fd, Setter::<TIOCSETD, i32>::new(ldisc.cast_signed())) }
}

/// `TIOCVHANGUP`.
pub(super) fn tiocvhangup(fd: BorrowedFd<'_>) -> Result<()> {
    // SAFETY: TIOCVHANGUP takes no argument.
    unsafe { ioctl(fd, NoArg::<TIOCVHANGUP>::new()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_struct_has_the_size_of_the_interface() {
        assert_eq!(size_of::<KernelTermios>(), 36);
    }
}
