// SPDX-License-Identifier: GPL-2.0-only
//! Variants of the modelled code: what the kernel once was, and what it could be.
//!
//! A variant puts back one bug of the museum ([`crate::museum`]), or tries one fix. It is chosen by
//! name for one run, by the script's `variant` line, and it is no type and no `cfg`: where the code
//! differs, it asks [`Variant::is`] of a `Copy` value that it holds, in one place, and names the
//! exhibit: a comparison of a byte where no variant is on, and none in the lane of the solo runtime
//! ([`Code`]). What only drops, weakens or skips a
//! single step needs no branch: it is a site edit ([`Variant::edits`]), in force while the script runs.
//!
//! # Invariants
//! - [`Variant::Today`] is the code as it is: nothing asks whether it is on.
//! - Each other variant has an exhibit in the museum, and a test that it is found there.

use crate::sync::mutation::{Mutant, Mutation};
use crate::sync::{Any, Lane};
use std::marker::PhantomData;

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
    /// 1b: the reader has no barrier between `read_tail` and `no_room`.
    NoReaderBarrier = "1b-reader";
    /// 1b: the worker has no barrier between `no_room` and `read_tail`.
    NoWorkerBarrier = "1b-worker";
    /// 2a: `flush_to_ldisc` loads `commit` before `next`.
    CommitLoadedFirst = "2a";
    /// 2b: the producer links the next buffer before it stores the last `commit` of this one.
    LinkedFirst = "2b";
    /// 2c: the last `commit` of a buffer is no RELEASE.
    CommitReleased = "2c-commit";
    /// 2c: `next` is no RELEASE.
    NextReleased = "2c-next";
    /// 2c: the worker's load of `next` is no ACQUIRE.
    NextAcquired = "2c-load-next";
    /// 2c: the worker's load of `commit` is no ACQUIRE.
    CommitAcquired = "2c-load-commit";
    /// 3: `pty_write` commits after it let go of `port->lock`.
    CommitUnlocked = "3";
    /// 4: `pty_write` does without `port->lock`.
    InsertUnlocked = "4";
    /// 4b: `pty_write` queues the work before it lets go of `port->lock`.
    QueueUnderLock = "4b";
    /// 5: readers are only woken if `waitqueue_active()` says that there are any.
    WakeIfActive = "5";
    /// 6: the push of new bytes is no RELEASE.
    PushReleased = "6";
    /// 7: `n_tty_read` does not wait for the worker before it says EIO.
    ReadWithoutFlush = "7a";
    /// 7: `n_tty_poll` does not wait for the worker before it says POLLHUP alone.
    PollWithoutFlush = "7b";
    /// 7: `n_tty_read` looks at `TTY_OTHER_CLOSED` before it looks at the buffer again.
    ClosedBeforeRecheck = "7c";
    /// 8: `n_tty_read` keeps `termios_rwsem` while it waits for the worker.
    ReadFlushesLocked = "8-read";
    /// 8: `n_tty_poll` takes `termios_rwsem`, as was proposed in 2025.
    PollFlushesLocked = "8-poll";
    /// 9: `TIOCSTI` does not keep the worker out of the line discipline.
    StiUnlocked = "9";
    /// 10: after what lookahead has seen, the characters are not advanced.
    NotAdvanced = "10";
    /// 11a: raw input is published before it is stored.
    PublishedFirst = "11a";
    /// 11b: the store of `commit_head` is no RELEASE.
    HeadReleased = "11b-head";
    /// 11b: the reader's load of `commit_head` is no ACQUIRE.
    HeadAcquired = "11b-load-head";
    /// 11b: the store of `read_tail` is no RELEASE.
    TailReleased = "11b-tail";
    /// 11b: the worker's load of `read_tail` is no ACQUIRE.
    TailAcquired = "11b-load-tail";
    /// 12: `down_read_failed` looks at the count as it was before it took itself back.
    OldCount = "12";
    /// 13a: a writer that gives up wakes nobody.
    TimeoutWakesNobody = "13a";
    /// 13b: a reader that was given the lock does not ACQUIRE it.
    GrantNotAcquired = "13b";
    /// 14a: the worker queues itself again when the line discipline took nothing.
    RequeueWhenFull = "14a";
    /// 14b: a reader leaves without restarting the worker.
    NoKickAtExit = "14b";
    /// 14c: `TCFLSH` makes room and restarts nobody.
    FlushWithoutKick = "14c";
    /// 15: `buf->lock` is let go of around `receive_buf`.
    ReceiveUnlocked = "15";
    /// 16a: `TCFLSH` resets the echo buffer without `output_lock`, and echoes are counted unmasked.
    EchoReset = "16a";
    /// 16b: the end of an operation is read though it is not stored; 9 as well.
    HalfOperation = "16b";
    /// 16c: the echo buffer's two barriers are missing; 9 as well.
    EchoBarriers = "16c";
    /// 17: the first open does not lock the line discipline while it sets it up.
    InitUnlocked = "17";
    /// 18: nor does another open after a hangup.
    ReopenUnlocked = "18";
    /// 19: a reader does not notice that somebody waits to change the line discipline.
    BlindToChange = "19";
    /// 20: nor that its tty is being hung up.
    BlindToHangup = "20";
    /// 22: nobody expects `tty_ldisc_ref_wait` to return NULL.
    NoNullCheck = "22";
    /// 23: `TIOCSETD` locks the line disciplines of both ends, its own first.
    LockBoth = "23";
    /// 24: a decision to throttle is carried out whatever happened since.
    ThrottleBlindly = "24";
    /// 25: stopping and starting output are not kept apart.
    FlowUnlocked = "25";
    /// 26: a write to a pty wakes the line discipline's own writer, which echoes.
    WriteWakesSelf = "26";
    /// 27: raw output does without `output_lock`, and 4 as well.
    RawUnlocked = "27";
    /// 28: input wakes only who polls for POLLIN.
    KeyedWakeup = "28";
    /// 31: the last close forgets the other end's work.
    LinkNotCancelled = "31";
    /// T1: an EOF right behind a full read stays there.
    EofStays = "T1";
    /// T2: a read ends after its first chunk.
    ShortRead = "T2";
    /// T3: the length of a line is taken modulo the buffer's size.
    MaskedLine = "T3";
    /// T4: the last character of an overlong line is not replaced.
    OverlongGrows = "T4";
    /// T2: the locks are let go of between the chunks of a read.
    CookieUnlocked = "T2-torn";
    /// T5: a read looks for the end of the line one character beyond what it was asked for.
    LooksPastEnd = "T5";
    /// T6: that a character takes three places with `PARMRK` is not counted.
    ParmrkUncounted = "T6";
    /// T7: no character of an overlong line is taken any more.
    FullTakesNothing = "T7";
    /// T8: `isig` drops the output without keeping writers out, and then sends the signal.
    FlushUnlocked = "T8";
    /// T9: `isig` sends the signal before it keeps writers out.
    SignalUnlocked = "T9";
    /// W1: exclusive access restarts the work also if the head has a next.
    RestartIfNext = "W1-next";
    /// W1: it does if any buffer holds data.
    RestartIfAny = "W1-any";
    /// W1: it always does.
    RestartAlways = "W1-always";
    /// W2: `TIOCSTI` leaves `no_room` alone.
    StiLeavesNoRoom = "W2-fix";
    /// W3: the way out through the cookie has the barrier too.
    CookieBarrier = "W3-fix";
    /// W4: a hangup or a change of discipline that gives up, or another open, restarts the work.
    ChangeRestarts = "W4-fix";
    /// W5: a signal leaves `lookahead_count` alone that is being counted down.
    CountSaturates = "W5a-fix";
    /// W5: dropping the flip chain resets `lookahead_count`.
    FlushResetsCount = "W5b-fix";
    /// W6: each bit-field is written in one step.
    AtomicBits = "W6-fix";
    /// W9: the recheck counts as readers do, also with EXTPROC.
    RecheckExtproc = "W9-fix";
    /// W10: the recheck restarts the work if there is room, not only if there is nothing to read.
    RecheckRoom = "W10-fix";
    /// W11: a reader looks at `TTY_OTHER_CLOSED` before it waits for the worker.
    ClosedBeforeFlush = "W11-fix";
}

impl Variant {
    /// The variant called `name`.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|v| v.name() == name)
    }

    /// What is done to single steps of the model, by the names of their sites.
    #[must_use]
    pub const fn edits(self) -> &'static [Mutant] {
        use Mutation::{Drop, Relax, Zero};
        macro_rules! edits {
            ($($mutation:ident $site:literal),*) => {{
                const EDITS: &[Mutant] = &[$(Mutant::new($mutation, $site)),*];
                EDITS
            }};
        }
        match self {
            Self::NoRecheck => edits![Zero "n_tty_receive_buf_common.no_room_recheck"],
            Self::NoReaderBarrier => edits![Drop "n_tty_read.smp_mb"],
            Self::NoWorkerBarrier => edits![Drop "n_tty_receive_buf_common.smp_mb"],
            Self::CommitReleased => edits![Relax "tty_buffer_request_room.commit"],
            Self::NextReleased => edits![Relax "tty_buffer_request_room.next"],
            Self::NextAcquired => edits![Relax "flush_to_ldisc.next"],
            Self::CommitAcquired => edits![Relax "flush_to_ldisc.commit"],
            Self::InsertUnlocked => {
                edits![Drop "tty_insert_flip_string_and_push_buffer.port_lock"]
            }
            Self::PushReleased => edits![Relax "tty_flip_buffer_commit.commit"],
            Self::HeadReleased => edits![Relax "receive_buf.commit_head"],
            Self::HeadAcquired => edits![Relax "copy_from_read_buf.commit_head"],
            Self::TailReleased => edits![Relax "copy_from_read_buf.read_tail_set"],
            Self::TailAcquired => edits![Relax "n_tty_receive_buf_common.read_tail"],
            Self::EchoBarriers => edits![Drop "add_echo_byte.smp_wmb", Drop "echo_buf.smp_rmb"],
            Self::GrantNotAcquired => edits![Relax "down_read_failed.task"],
            // In that time nobody looked a second time either.
            Self::FullTakesNothing => edits![
                Zero "n_tty_receive_buf_common.icanon",
                Zero "n_tty_receive_buf_common.no_room_recheck"
            ],
            Self::FlowUnlocked => edits![
                Drop "tcooff.flow_lock",
                Drop "tcoon.flow_lock",
                Drop "stop_tty.flow_lock",
                Drop "start_tty.flow_lock"
            ],
            Self::BlindToChange => edits![Zero "n_tty_read.ldisc_changing"],
            Self::BlindToHangup => {
                edits![Zero "n_tty_read.hupping", Zero "n_tty_read.ldisc_changing"]
            }
            Self::RawUnlocked => edits![
                Drop "n_tty_write.output_lock",
                Drop "tty_insert_flip_string_and_push_buffer.port_lock"
            ],
            _ => &[],
        }
    }

    /// Whether it is this one.
    #[inline]
    #[must_use]
    pub const fn is(self, variant: Self) -> bool {
        self as u8 == variant as u8
    }
}

/// Which code an end runs. In the lane of the solo runtime that is today's, which nobody has to ask.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(crate) struct Code<L: Lane> {
    variant: Variant,
    lane: PhantomData<L>,
}

impl Code<Any> {
    pub(crate) const fn new(variant: Variant) -> Self {
        Self { variant, lane: PhantomData }
    }
}

impl<L: Lane> Code<L> {
    /// Which it is.
    #[inline]
    pub(crate) const fn get(self) -> Variant {
        if L::SOLO { Variant::Today } else { self.variant }
    }

    /// Whether it is this one.
    #[inline]
    pub(crate) const fn is(self, variant: Variant) -> bool {
        self.get().is(variant)
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
