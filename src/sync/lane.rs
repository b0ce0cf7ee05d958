// SPDX-License-Identifier: GPL-2.0-only
//! Lanes: how often a system call asks which runtime it is in.
//!
//! Every primitive is of some runtime, and asks itself which at each step ([`Any`]). For a pair of the solo
//! runtime that is more than a quarter of what a call costs. But all of a pair is of one runtime and, if that is the
//! solo one, of one thread: so a call asks once ([`TtyStruct::solo`]), and then takes the same way compiled a second time,
//! in which nothing is asked ([`Solo`]). What is generic over its [`Lane`] is written once, and means the same in both.
//!
//! # Invariants
//! - In the lane [`Solo`] all primitives are of the solo runtime, and the thread is their owner. Only [`solo`] leads
//!   there, and nothing leads from there to another pair.
//! - The lane is no data: what is generic over it has the same layout in both. So that can be relied on, all of that is
//!   `repr(C)`, down to the primitives.

use super::{Runtime, WaitQueue};
use crate::tty_buffer::TtyBufhead;
use crate::tty_struct::TtyStruct;
use std::fmt::Debug;

/// A way for a call to be compiled.
pub trait Lane: sealed::Sealed + Copy + Debug + Send + Sync + 'static {
    /// Whether nothing is asked any more.
    const SOLO: bool;

    /// The runtime `rt` of the pair, if that has to be asked.
    #[inline]
    #[must_use]
    fn rt(rt: Runtime) -> Runtime {
        if Self::SOLO { Runtime::Solo } else { rt }
    }
}

/// Each primitive is asked which runtime it is of.
#[derive(Clone, Copy, Debug)]
pub enum Any {}

/// All are of the solo runtime, and this thread's.
#[derive(Clone, Copy, Debug)]
pub enum Solo {}

impl Lane for Any {
    const SOLO: bool = false;
}

impl Lane for Solo {
    const SOLO: bool = true;
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::Any {}
    impl Sealed for super::Solo {}
}

impl TtyStruct {
    /// It in the lane [`Solo`], if its pair is of the solo runtime.
    ///
    /// # Panics
    /// If it is, and is another thread's.
    #[inline]
    pub(crate) fn solo(&self) -> Option<&TtyStruct<Solo>> {
        if !self.is_solo() {
            return None;
        }
        // SAFETY: the layout is the same (see the module).
        Some(unsafe { &*std::ptr::from_ref(self).cast() })
    }
}

macro_rules! seen_from_any_lane {
    ($($laned:ident),*) => {$(
        impl<L: Lane> $laned<L> {
            /// It, for what is compiled once only.
            #[inline]
            pub(crate) fn any(&self) -> &$laned {
                // SAFETY: the layout is the same (see the module), and that lane asks.
                unsafe { &*std::ptr::from_ref(self).cast() }
            }
        }
    )*};
}

seen_from_any_lane!(TtyStruct, TtyBufhead, WaitQueue);
