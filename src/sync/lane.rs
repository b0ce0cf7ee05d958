// SPDX-License-Identifier: GPL-2.0-only
//! Lanes: how often a system call asks which runtime it is in.
//!
//! Every primitive is of some runtime, and asks itself which at each step ([`Any`]). For a pair of the solo
//! runtime that is more than a quarter of what a call costs. But all of a pair is of one runtime and, if that is the
//! solo one, of one thread: so a call asks once ([`TtyStruct::solo`]), and then takes the same way compiled a second time,
//! in which nothing is asked ([`Solo`]). What is generic over its [`Lane`] is written once, and means the same in both.
//!
//! # Invariants
//! - In the lane [`Solo`] all primitives are of the solo runtime, and the thread is their owner. Only [`TtyStruct::solo`] leads
//!   there, and nothing leads from there to another pair.
//! - The lane is no data: what is generic over it has the same layout in both. So that can be relied on, all of that is
//!   `repr(C)`, down to the primitives; between them is only `std`'s `OnceLock` (in [`super::Slab`]), whose sizes are
//!   compared below.

use super::{Runtime, WaitQueue};
use crate::tty_buffer::{TtyBuffer, TtyBufhead};
use crate::tty_struct::{TtyEnd, TtyStruct};
use std::fmt::Debug;
use std::sync::OnceLock;

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

const _: () = {
    assert!(size_of::<OnceLock<TtyBuffer<Any>>>() == size_of::<OnceLock<TtyBuffer<Solo>>>());
    assert!(size_of::<TtyEnd<Any>>() == size_of::<TtyEnd<Solo>>());
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::Geometry;
    use crate::machine::{Machine, Variant};
    use crate::pty::{Pair, PairGhosts};
    use std::sync::Arc;

    fn pair(variant: Variant, rt: Runtime) -> Arc<Pair> {
        Pair::on(Machine::of(variant), rt, &Geometry::LINUX, PairGhosts::default())
    }

    #[test]
    fn only_the_code_of_today_in_the_solo_runtime_has_a_lane() {
        let lanes = |variant, rt| {
            let pair = pair(variant, rt);
            [&pair.master, &pair.slave].map(|end| end.solo().is_some())
        };
        assert_eq!(lanes(Variant::Today, Runtime::Solo), [true; 2]);
        assert_eq!(lanes(Variant::EchoReset, Runtime::Solo), [false; 2]);
        assert_eq!(lanes(Variant::Today, Runtime::Native), [false; 2]);
    }

    #[test]
    #[allow(clippy::disallowed_methods, reason = "it is about another thread")]
    fn another_threads_calls_are_refused() {
        for variant in [Variant::Today, Variant::EchoReset] {
            let pair = pair(variant, Runtime::Solo);
            assert_eq!(pair.master.tty_write(true, b"x"), Ok(1));
            let calls: [fn(&Pair); 3] = [
                |pair| _ = pair.master.tty_write(true, b"y"),
                |pair| _ = pair.slave.tty_read(true, 1),
                |pair| _ = pair.slave.run_pending_work(),
            ];
            for call in calls {
                let pair = Arc::clone(&pair);
                assert!(std::thread::spawn(move || call(&pair)).join().is_err());
            }
            assert!(pair.slave.run_pending_work());
        }
    }
}
