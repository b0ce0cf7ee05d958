// SPDX-License-Identifier: GPL-2.0-only
//! Museum W4 on this machine's kernel: what a change of line discipline leaves behind that gives up.
//!
//! Each round a write to the slave takes its bytes from memory that is not there (userfaultfd, or
//! any file system that answers slowly), so it keeps its reference to the line discipline. A
//! TIOCSETD beside it gives up after five seconds, with EBUSY. While it waits, a byte is written
//! to the master. Then: is the byte there? Does a read that should wait for a tenth of a second
//! wait? Ordinary system calls only; userfaultfd takes privileges.
//!
//! `cargo run --release --example w04_ebusy -- [ROUNDS]`, by default 3, of some five seconds each.
#![allow(
    clippy::disallowed_methods,
    reason = "a program that tries the real kernel: its threads and its clock are the point"
)]

mod pty;

use fault::Hole;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fd::OwnedFd;
use rustix::io::{Errno, ioctl_fionread, read, write};
use rustix::termios::{OptionalActions, SpecialCodeIndex, tcgetattr, tcsetattr};
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// What a round saw.
#[derive(Debug)]
struct Seen {
    /// What TIOCSETD returned, and when.
    setd: Result<(), Errno>,
    after: Duration,
    /// Whether the byte is there a second later.
    there: bool,
    /// What a read with `VMIN` 0 and `VTIME` 1 returned.
    read: Result<usize, Errno>,
    /// What came with one more byte.
    with_another: usize,
}

struct Pty {
    master: OwnedFd,
    slave: OwnedFd,
}

impl Pty {
    fn new() -> rustix::io::Result<Self> {
        let (master, slave) = pty::open()?;
        let mut termios = tcgetattr(&slave)?;
        termios.make_raw();
        termios.special_codes[SpecialCodeIndex::VMIN] = 0;
        termios.special_codes[SpecialCodeIndex::VTIME] = 1;
        tcsetattr(&slave, OptionalActions::Now, &termios)?;
        Ok(Self { master, slave })
    }

    /// Whether the slave has input within a second.
    fn has_input(&self) -> rustix::io::Result<bool> {
        let second = Timespec { tv_sec: 1, tv_nsec: 0 };
        poll(&mut [PollFd::new(&self.slave, PollFlags::IN)], Some(&second))?;
        Ok(ioctl_fionread(&self.slave)? > 0)
    }
}

fn round() -> rustix::io::Result<Seen> {
    let pty = Pty::new()?;
    let hole = Hole::new()?;
    std::thread::scope(|scope| {
        let holder = scope.spawn(|| hole.write_to(&pty.slave));
        std::thread::sleep(Duration::from_millis(100));
        let setter = scope.spawn(|| {
            let start = Instant::now();
            (fault::set_ldisc(&pty.slave, 0), start.elapsed())
        });
        std::thread::sleep(Duration::from_millis(500));
        write(&pty.master, b"a")?;
        let (setd, after) = setter.join().unwrap_or((Err(Errno::INTR), Duration::ZERO));
        let there = pty.has_input()?;
        let mut bytes = [0; 8];
        let read = if there { Ok(0) } else { read(&pty.slave, &mut bytes) };
        write(&pty.master, b"b")?;
        pty.has_input()?;
        let with_another = usize::try_from(ioctl_fionread(&pty.slave)?).unwrap_or(0);
        hole.fill()?;
        // What it wrote does not matter.
        let _ = holder.join();
        Ok(Seen { setd, after, there, read, with_another })
    })
}

/// Memory that is not there until somebody supplies it, and TIOCSETD: rustix has no safe functions
/// for these.
mod fault {
    use rustix::fd::{AsFd, OwnedFd};
    use rustix::io::Result;
    use rustix::ioctl::{Opcode, Setter, Updater, ioctl};
    use rustix::mm::{MapFlags, ProtFlags, UserfaultfdFlags, mmap_anonymous, userfaultfd};
    use std::ffi::c_void;

    const PAGE: usize = 4096;
    const UFFDIO_API: Opcode = 0xc018_aa3f;
    const UFFDIO_REGISTER: Opcode = 0xc020_aa00;
    const UFFDIO_ZEROPAGE: Opcode = 0xc020_aa04;
    const TIOCSETD: Opcode = 0x5423;
    /// `UFFD_API`.
    const API: u64 = 0xaa;
    /// `UFFDIO_REGISTER_MODE_MISSING`.
    const MISSING: u64 = 1;

    /// A page that whoever touches it waits for.
    pub(super) struct Hole {
        uffd: OwnedFd,
        page: *mut c_void,
    }

    // SAFETY: nobody touches the page but through the kernel.
    unsafe impl Sync for Hole {}

    impl Hole {
        pub(super) fn new() -> Result<Self> {
            // SAFETY: a new mapping of nothing; it lives as long as the process.
            let page = unsafe {
                let prot = ProtFlags::READ | ProtFlags::WRITE;
                mmap_anonymous(std::ptr::null_mut(), PAGE, prot, MapFlags::PRIVATE)
            }?;
            // SAFETY: no other code relies on what the descriptor could be registered for.
            let uffd = unsafe { userfaultfd(UserfaultfdFlags::CLOEXEC) }?;
            let mut api = [API, 0, 0];
            // SAFETY: UFFDIO_API takes `struct uffdio_api`: three u64.
            unsafe { ioctl(&uffd, Updater::<UFFDIO_API, [u64; 3]>::new(&mut api)) }?;
            let mut register = [page as u64, PAGE as u64, MISSING, 0];
            // SAFETY: UFFDIO_REGISTER takes `struct uffdio_register`: four u64; the page is ours.
            unsafe { ioctl(&uffd, Updater::<UFFDIO_REGISTER, [u64; 4]>::new(&mut register)) }?;
            Ok(Self { uffd, page })
        }

        /// Writes one byte of the page, which waits for it.
        pub(super) fn write_to(&self, fd: impl AsFd) -> Result<usize> {
            // SAFETY: the page is mapped, and nobody writes to it; that it is missing the kernel
            // deals with.
            rustix::io::write(fd, unsafe { std::slice::from_raw_parts(self.page.cast(), 1) })
        }

        /// Supplies it.
        pub(super) fn fill(&self) -> Result<()> {
            let mut zero = [self.page as u64, PAGE as u64, 0, 0];
            // SAFETY: UFFDIO_ZEROPAGE takes `struct uffdio_zeropage`: four u64; the page is ours.
            unsafe { ioctl(&self.uffd, Updater::<UFFDIO_ZEROPAGE, [u64; 4]>::new(&mut zero)) }
        }
    }

    /// TIOCSETD.
    pub(super) fn set_ldisc(fd: impl AsFd, ldisc: i32) -> Result<()> {
        // SAFETY: TIOCSETD reads one int.
        unsafe { ioctl(fd, Setter::<TIOCSETD, i32>::new(ldisc)) }
    }
}

fn main() -> ExitCode {
    let rounds: u64 = std::env::args().nth(1).and_then(|a| a.parse().ok()).unwrap_or(3).min(100);
    let (mut busy, mut stuck, mut again) = (0, 0, 0);
    for _ in 0..rounds {
        match round() {
            Ok(seen) => {
                let Seen { setd, after, there, read, with_another } = &seen;
                println!(
                    "TIOCSETD: {setd:?} after {after:.1?}; the byte is there: {there}; a read that \
                     should wait: {read:?}; with another byte there are {with_another}"
                );
                busy += u64::from(seen.setd == Err(Errno::BUSY));
                stuck += u64::from(!seen.there && seen.with_another == 2);
                again += u64::from(seen.read == Err(Errno::AGAIN));
            }
            Err(e) => {
                eprintln!("it cannot be tried here: {e}");
                return ExitCode::from(2);
            }
        }
    }
    println!(
        "{rounds} rounds: EBUSY in {busy}, the byte stuck until one more came in {stuck}, EAGAIN \
         from a read that should wait in {again}"
    );
    ExitCode::from(u8::from(stuck + again > 0))
}
