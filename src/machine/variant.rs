// SPDX-License-Identifier: GPL-2.0-only
//! Variants of the modelled code: what the kernel once was, and what it could be.
//!
//! A variant puts back one bug of the museum ([`crate::museum`]), or tries one fix. It is chosen by
//! name for one run, by the script's `variant` line, and it is no type and no `cfg`: where the code
//! differs, it asks [`Variant::is`] of a `Copy` value that it holds, in one place, and names the
//! exhibit. That is a comparison of a byte where no variant is on.
//!
//! # Invariants
//! - [`Variant::Today`] is the code as it is: nothing asks whether it is on.
//! - Each other variant has an exhibit in the museum, and a test that it is found there.

/// Defines the enum and its names, in the museum's order.
macro_rules! variants {
    ($($(#[$doc:meta])* $name:ident = $id:literal;)*) => {
        /// A variant of the modelled code, by what it does.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Variant {
            /// The code of Linux 6.18.
            #[default]
            Today,
            $($(#[$doc])* $name,)*
        }

        impl Variant {
            /// All but [`Variant::Today`], in the museum's order.
            pub const ALL: &[Self] = &[$(Self::$name),*];
            /// Their names, in the same order.
            pub const NAMES: &[&str] = &[$($id),*];

            /// Its name in scripts: the museum's number. `today` is the code as it is.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    Self::Today => "today",
                    $(Self::$name => $id,)*
                }
            }
        }
    };
}

variants! {
    /// 1a: `n_tty_receive_buf_common` does not look at `read_tail` again once it set `no_room`.
    NoRecheck = "1a";
    /// 2a: `flush_to_ldisc` loads `commit` before `next`.
    CommitLoadedFirst = "2a";
    /// 2b: the producer links the next buffer before it stores the last `commit` of this one.
    LinkedFirst = "2b";
    /// 3: `pty_write` commits after it let go of `port->lock`.
    CommitUnlocked = "3";
    /// 4: `pty_write` does without `port->lock`.
    InsertUnlocked = "4";
    /// 9: `TIOCSTI` does not keep the worker out of the line discipline.
    StiUnlocked = "9";
    /// 14a: the worker queues itself again when the line discipline took nothing.
    RequeueWhenFull = "14a";
    /// 14b: a reader leaves without restarting the worker.
    NoKickAtExit = "14b";
}

impl Variant {
    /// The variant called `name`.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|v| v.name() == name)
    }

    /// Whether it is this one.
    #[inline]
    #[must_use]
    pub const fn is(self, variant: Self) -> bool {
        self as u8 == variant as u8
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_back() {
        for (variant, name) in Variant::ALL.iter().zip(Variant::NAMES) {
            assert_eq!((variant.name(), Variant::from_name(name)), (*name, Some(*variant)));
        }
        assert_eq!(Variant::from_name("today"), None);
    }
}
