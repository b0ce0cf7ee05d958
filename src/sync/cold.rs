// SPDX-License-Identifier: GPL-2.0-only
//! Keeping what the native runtime never does out of its way.

use std::mem::ManuallyDrop;

/// A value whose drop is a call, and never in line.
#[derive(Debug)]
pub(super) struct OutOfLine<T>(ManuallyDrop<T>);

impl<T> OutOfLine<T> {
    pub(super) const fn new(value: T) -> Self {
        Self(ManuallyDrop::new(value))
    }

    #[cold]
    #[inline(never)]
    fn drop_value(&mut self) {
        // SAFETY: called once, by `drop`, after which nobody can reach the value.
        unsafe { ManuallyDrop::drop(&mut self.0) };
    }
}

impl<T> Drop for OutOfLine<T> {
    #[inline]
    fn drop(&mut self) {
        self.drop_value();
    }
}
