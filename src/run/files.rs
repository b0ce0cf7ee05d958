// SPDX-License-Identifier: GPL-2.0-only
//! The script's open files: one an end.
//!
//! A call holds the file it is made on, so a `close` beside it takes the descriptor away at once,
//! but the last call lets go of the file (`fput`) and with that closes the end (`tty_release`).
//!
//! # Invariants
//! - The file of an end is released when the descriptor is gone and no call holds it.
//!
//! # Deviations
//! 1. A script that never opens or closes anything is not burdened with counting: its files are
//!    open.
//! 2. An end opened again while calls hold the file of before gets that file back.

use crate::errno::Errno;
use crate::script::ast::{End, Op, Script};
use crate::sync::{AtomicUsize, Name, Ordering, Runtime};
use crate::tty_struct::TtyStruct;

/// The descriptor is there.
const OPEN: usize = 1;
/// One call that holds the file.
const CALL: usize = 2;

/// Both files, or nothing if the script leaves them open.
pub(super) struct Files(Option<[AtomicUsize; 2]>);

impl Files {
    /// Both ends open.
    pub(super) fn new(rt: Runtime, script: &Script) -> Self {
        let counts = script.lines().any(|l| matches!(l.op, Op::Close { .. } | Op::Open { .. }));
        let closed = |end| end == End::Slave && script.machine.unopened;
        let state = |end| if closed(end) { 0 } else { OPEN };
        let file = |end: End| AtomicUsize::new(rt, Name::new(end.name(), "file"), state(end));
        Self(counts.then(|| End::ALL.map(file)))
    }

    fn file(&self, end: End) -> Option<&AtomicUsize> {
        let [master, slave] = self.0.as_ref()?;
        Some(match end {
            End::Master => master,
            End::Slave => slave,
        })
    }

    /// Makes `call` on the file of `end`, which is `tty`.
    ///
    /// # Errors
    /// `EBADF` if it is closed.
    pub(super) fn with<R>(
        &self,
        end: End,
        tty: &TtyStruct,
        call: impl FnOnce() -> R,
    ) -> Result<R, Errno> {
        let Some(file) = self.file(end) else {
            return Ok(call());
        };
        fget(file)?;
        let result = call();
        // ACQUIRE and RELEASE: whoever is last sees what the others did.
        if file.fetch_sub("fput.f_count", CALL, Ordering::AcqRel) == CALL {
            tty.tty_release();
        }
        Ok(result)
    }

    /// `close(2)`.
    ///
    /// # Errors
    /// `EBADF` if it is closed already.
    pub(super) fn close(&self, end: End, tty: &TtyStruct) -> Result<(), Errno> {
        let file = self.file(end).ok_or(Errno::EBADF)?;
        let before = file.fetch_and("close.f_count", !OPEN, Ordering::AcqRel);
        if before & OPEN == 0 {
            return Err(Errno::EBADF);
        }
        if before == OPEN {
            tty.tty_release();
        }
        Ok(())
    }

    /// Whether the script opens and closes ends, and both files were released. Seen from outside.
    pub(super) fn are_released(&self) -> bool {
        self.0.as_ref().is_some_and(|files| files.iter().all(|file| file.observe() == 0))
    }

    /// Which ends have a descriptor: master, slave.
    pub(super) fn open_ends(&self) -> [bool; 2] {
        End::ALL.map(|end| {
            self.file(end)
                .is_none_or(|file| file.load("fcntl.f_count", Ordering::Acquire) & OPEN != 0)
        })
    }

    /// Takes the files of another pair in place of these; nobody is in a call.
    pub(super) fn exchange(&self, open: [bool; 2]) {
        for (end, open) in End::ALL.into_iter().zip(open) {
            if let Some(file) = self.file(end) {
                file.store("restore.f_count", if open { OPEN } else { 0 }, Ordering::Release);
            }
        }
    }

    /// `open(2)`. An end that is open stays so.
    ///
    /// # Errors
    /// Those of `devpts_lookup` and `tty_open`.
    pub(super) fn open(&self, end: End, tty: &TtyStruct) -> Result<(), Errno> {
        let file = self.file(end).ok_or(Errno::EBADF)?;
        tty.devpts_lookup()?;
        if file.load("open.f_count", Ordering::Acquire) != 0 {
            file.fetch_or("open.f_count_again", OPEN, Ordering::AcqRel);
            return Ok(());
        }
        tty.tty_open()?;
        file.fetch_or("open.f_count_new", OPEN, Ordering::AcqRel);
        Ok(())
    }
}

/// `fget`: the file, if the descriptor is there.
fn fget(file: &AtomicUsize) -> Result<(), Errno> {
    let mut held = file.load("fget.f_count", Ordering::Relaxed);
    while held & OPEN != 0 {
        match file.compare_exchange("fget.f_count_inc", held, held + CALL, Ordering::AcqRel) {
            Ok(_) => return Ok(()),
            Err(found) => held = found,
        }
    }
    Err(Errno::EBADF)
}
