// SPDX-License-Identifier: GPL-2.0-only
//! The truth about one direction of the pair, kept outside the modelled memory.
//!
//! The model calls it right after the step that makes something true, with no step in between, so
//! in the checking runtimes the ghost changes atomically with the model. It is untracked: plain
//! `std` state that no runtime schedules or sees.
//!
//! ```text
//! staged -> committed -> received/injected -> queued -> consumed
//!   flip buffer, unseen | flip, visible | ldisc takes it | in read_buf | read
//! ```

/// The truth about the data on its way to one end. Cheap to clone; [`Ghost::none`] checks nothing.
#[derive(Clone, Debug, Default)]
pub struct Ghost {}

impl Ghost {
    /// A ghost that believes everything.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// `bytes` were copied behind the tail of the flip chain and counted in `used`.
    pub fn staged(&self, bytes: &[u8]) {
        let _ = bytes;
    }

    /// The oldest `n` staged bytes became visible: a store of `commit` covered them.
    pub fn committed(&self, n: usize) {
        let _ = n;
    }

    /// The line discipline takes these bytes from the head of the flip chain.
    pub fn received(&self, bytes: &[u8]) {
        let _ = bytes;
    }

    /// The line discipline takes these bytes from elsewhere (TIOCSTI).
    pub fn injected(&self, bytes: &[u8]) {
        let _ = bytes;
    }

    /// These bytes were appended to `read_buf` (`put_tty_queue`).
    pub fn queued(&self, bytes: &[u8]) {
        let _ = bytes;
    }

    /// The newest `n` bytes of `read_buf` were taken back (erase, overflow).
    pub fn unqueued(&self, n: usize) {
        let _ = n;
    }

    /// `read_tail` moved over the oldest `n` bytes of `read_buf`, of which the reader got `seen`
    /// (fewer where an EOF mark was eaten).
    pub fn consumed(&self, n: usize, seen: &[u8]) {
        let _ = (n, seen);
    }

    /// The read buffer was reset (`reset_buffer_flags`).
    pub fn ldisc_reset(&self) {}

    /// All flip data was dropped (`tty_buffer_flush`): what was staged and not committed too
    /// is kept, because the flush does not reach it.
    pub fn flip_flushed(&self) {}
}
