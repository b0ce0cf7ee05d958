// SPDX-License-Identifier: GPL-2.0-only
//! Sizes as a value: the same model at the kernel's sizes and at sizes a proof can finish.

use std::fmt;

/// Every size the modelled code depends on. All in bytes unless said otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Geometry {
    /// `N_TTY_BUF_SIZE`: the circular read buffer (and the echo buffer). A power of two.
    pub n_tty_buf: usize,
    /// `MIN_TTYB_SIZE` and the rounding of flip buffers. A power of two.
    pub ttyb_align: usize,
    /// `TTY_BUFFER_PAGE`: the most one flip buffer is asked to hold at a time.
    pub ttyb_page: usize,
    /// `mem_limit` of a pty's port, compared with the sum of buffer *sizes*.
    pub mem_limit: usize,
    /// `tty_write`'s chunk.
    pub write_chunk: usize,
    /// `iterate_tty_read`'s kernel buffer: what one cookie step copies.
    pub read_chunk: usize,
    /// `TTY_THRESHOLD_THROTTLE` and `TTY_THRESHOLD_UNTHROTTLE`.
    pub throttle: usize,
}

impl Geometry {
    /// Linux on a machine with 4 KiB pages.
    pub const LINUX: Self = Self {
        n_tty_buf: 4096,
        ttyb_align: 256,
        ttyb_page: 1792,
        mem_limit: 8192,
        write_chunk: 2048,
        read_chunk: 64,
        throttle: 128,
    };

    /// A geometry small enough to explore exhaustively: a read buffer of `n_tty_buf` bytes and
    /// flip buffers whose *size* is rounded to `align` (a flag-less one stores twice that).
    #[must_use]
    pub const fn tiny(n_tty_buf: usize, align: usize) -> Self {
        Self {
            n_tty_buf,
            ttyb_align: align,
            ttyb_page: align,
            mem_limit: 64 * align,
            write_chunk: 2 * align,
            read_chunk: n_tty_buf,
            throttle: 1,
        }
    }

    /// Checks what the model relies on.
    ///
    /// # Errors
    /// Names the size and the rule it breaks.
    pub fn validate(&self) -> Result<(), GeometryError> {
        let powers = [("n_tty_buf", self.n_tty_buf), ("ttyb_align", self.ttyb_align)];
        for (field, value) in powers {
            if !value.is_power_of_two() {
                return Err(GeometryError { field, value, rule: "must be a power of two" });
            }
        }
        let positive = [
            ("ttyb_page", self.ttyb_page),
            ("mem_limit", self.mem_limit),
            ("write_chunk", self.write_chunk),
            ("read_chunk", self.read_chunk),
        ];
        for (field, value) in positive {
            if value == 0 {
                return Err(GeometryError { field, value, rule: "must be at least 1" });
            }
        }
        if self.n_tty_buf < 2 {
            let (field, value) = ("n_tty_buf", self.n_tty_buf);
            return Err(GeometryError { field, value, rule: "must be at least 2" });
        }
        for (field, value) in self.fields() {
            if value > 1 << 20 {
                return Err(GeometryError { field, value, rule: "must be at most 1048576" });
            }
        }
        Ok(())
    }

    /// Each size under its name, in the order they are printed.
    #[must_use]
    pub fn fields(&self) -> [(&'static str, usize); 7] {
        [
            ("n_tty_buf", self.n_tty_buf),
            ("ttyb_align", self.ttyb_align),
            ("ttyb_page", self.ttyb_page),
            ("mem_limit", self.mem_limit),
            ("write_chunk", self.write_chunk),
            ("read_chunk", self.read_chunk),
            ("throttle", self.throttle),
        ]
    }

    /// The size called `name`, for a parser to set.
    pub fn field_mut(&mut self, name: &str) -> Option<&mut usize> {
        Some(match name {
            "n_tty_buf" => &mut self.n_tty_buf,
            "ttyb_align" => &mut self.ttyb_align,
            "ttyb_page" => &mut self.ttyb_page,
            "mem_limit" => &mut self.mem_limit,
            "write_chunk" => &mut self.write_chunk,
            "read_chunk" => &mut self.read_chunk,
            "throttle" => &mut self.throttle,
            _ => return None,
        })
    }
}

/// `n_tty_buf 4096 ttyb_align 256 ...`: what a script's `geometry` line takes.
impl fmt::Display for Geometry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, (name, value)) in self.fields().into_iter().enumerate() {
            let gap = if i == 0 { "" } else { " " };
            write!(f, "{gap}{name} {value}")?;
        }
        Ok(())
    }
}

/// A size the model cannot work with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GeometryError {
    /// Which size.
    pub field: &'static str,
    /// What it was.
    pub value: usize,
    /// What it must be.
    pub rule: &'static str,
}

impl fmt::Display for GeometryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "geometry: {} is {}, and {}", self.field, self.value, self.rule)
    }
}

impl std::error::Error for GeometryError {}
