// SPDX-License-Identifier: GPL-2.0-only
//! A little patience before a native thread sleeps: what it waits for often comes sooner than it would fall
//! asleep and be woken.
//!
//! It decides nothing: whoever runs out of it sleeps, and is woken as if there had been none.

/// How often it looks again while it keeps the processor: a microsecond or two. Longer is worse where
/// there are more threads than processors, for somebody else could do what is waited for.
const LOOKS: u32 = 50;

/// How often it looks again after it let others run.
const TURNS: u32 = 5;

/// Waits a little until `done`.
#[inline]
#[allow(clippy::disallowed_methods, reason = "native threads only: no schedule depends on it")]
pub(super) fn soon(done: impl Fn() -> bool) {
    for _ in 0..LOOKS {
        if done() {
            return;
        }
        std::hint::spin_loop();
    }
    for _ in 0..TURNS {
        if done() {
            return;
        }
        std::thread::yield_now();
    }
}
