// SPDX-License-Identifier: GPL-2.0-only
//! What a pair is made of, besides its sizes: which variant of the code it runs, what it says its
//! driver is, and what else a scenario needs of the slave.
//!
//! A `Copy` value that travels with [`crate::geometry::Geometry`]: a script says it, the pair is
//! built with it, and each part of the pair that can differ keeps its own copy.

mod variant;

pub(crate) use variant::Code;
pub use variant::Variant;

/// `driver->type`, as far as a checkpoint asks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Driver {
    /// `TTY_DRIVER_TYPE_PTY`.
    #[default]
    Pty,
    /// `TTY_DRIVER_TYPE_CONSOLE`.
    Vt,
    /// `TTY_DRIVER_TYPE_SERIAL`.
    Serial,
}

/// How a pair is made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Machine {
    /// Which variant of the code it runs.
    pub variant: Variant,
    /// What it says its driver is. Every end has the pty's functions.
    pub driver: Driver,
    /// `ldsem`: `ldisc_sem` is the kernel's algorithm, step by step and with its timeouts.
    pub ldsem: bool,
    /// `console`: the slave is open as `/dev/console`, whose file a hangup leaves alone.
    pub console: bool,
    /// `unopened`: nobody has opened the slave yet, and it has no line discipline. Of a pty that is
    /// not so, but of any other tty that can receive.
    pub unopened: bool,
    /// `rts`: the slave's driver can be throttled, see [`crate::serial`], and the master is its peer.
    pub rts: bool,
    /// `pool`: the workqueue has its `pool->lock`.
    pub pool: bool,
    /// Somebody waits for signals: the script has a `pause`. No word switches it.
    pub pauses: bool,
}

/// The words of a script's `machine` line.
pub const WORDS: [&str; 5] = ["ldsem", "console", "unopened", "rts", "pool"];

impl Machine {
    /// The code of today, in this variant.
    #[must_use]
    pub const fn of(variant: Variant) -> Self {
        let (ldsem, console, unopened, rts, pool) = (false, false, false, false, false);
        let driver = Driver::Pty;
        let pauses = false;
        Self { variant, driver, ldsem, console, unopened, rts, pool, pauses }
    }

    /// What the word of [`WORDS`] switches.
    pub fn word_mut(&mut self, word: &str) -> Option<&mut bool> {
        Some(match word {
            "ldsem" => &mut self.ldsem,
            "console" => &mut self.console,
            "unopened" => &mut self.unopened,
            "rts" => &mut self.rts,
            "pool" => &mut self.pool,
            _ => return None,
        })
    }

    /// The words that are on, in the order of [`WORDS`].
    pub fn words(mut self) -> impl Iterator<Item = &'static str> {
        WORDS.into_iter().filter(move |word| self.word_mut(word).is_some_and(|on| *on))
    }
}
