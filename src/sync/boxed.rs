// SPDX-License-Identifier: GPL-2.0-only
//! A value in a box whose drop is a call, and only made where somebody says so.

use std::mem::ManuallyDrop;

/// What is one word, and costs nothing where it is one of several things that a word can be.
///
/// Whoever has one has to call [`OutOfLine::dispose`] once, when nobody uses it any more; else the
/// value is never dropped.
#[derive(Debug)]
pub(super) struct OutOfLine<T>(ManuallyDrop<Box<T>>);

impl<T> OutOfLine<T> {
    pub(super) fn new(value: T) -> Self {
        Self(ManuallyDrop::new(Box::new(value)))
    }

    /// Drops the value.
    ///
    /// # Safety
    /// It is called once, and nothing is done with it after.
    #[cold]
    #[inline(never)]
    pub(super) unsafe fn dispose(&mut self) {
        // SAFETY: the caller's promise.
        unsafe { ManuallyDrop::drop(&mut self.0) };
    }
}
