// SPDX-License-Identifier: GPL-2.0-only
//! Scripts: the one text format for the model and for real ptys, one operation a line.
//!
//! Data flow: text -> [`lex`] -> [`mod@parse`] -> [`ast`] -> whoever runs it, and back through
//! [`mod@print`]: `parse(print(x)) == x`. [`settings`] holds `stty`'s vocabulary, [`generate`] makes
//! scripts up, [`saved`] is a script together with the schedule that broke something.
//!
//! ```text
//! termios slave raw -echo min 1    # stty's words; at the end perhaps `when drain` or `when flush`
//! write master "abc\x03\n" "x" * 5000
//! read slave 64                    # nonblocking; `read slave 64 wait` blocks
//! inq slave    outq master    poll slave    flush slave in    flow slave ooff
//! packet on    sti slave "x"  close slave   open slave        setd slave 0    hangup slave
//! insert slave "x" parity          # what a driver receives: break, frame, parity, overrun
//! signals                          # which the slave's session was sent since the last such line
//! settle                           # let the workers finish
//! checkpoint this slave as A       # or a design's name, or an ioctl number
//! restore A
//! expect "abc"                     # of the line before; or EAGAIN, a number, POLLIN POLLOUT
//! thread reader {
//!     read slave 64 wait
//! }
//! ```
//! Before the first operation, a script may say what it runs on: `geometry n_tty_buf 4 ...` (sizes
//! not named keep Linux's), `settle on|off` (after each operation; on unless there are threads) and
//! `worker-runs N` (how many tries a worker has under loom).
//!
//! Input may be anything at all: the answer is a script or an error with line and column, never a
//! panic, and never more memory than [`parse::MAX_DATA`] and the text itself account for.
//!
//! Deliberate deviations from C and `stty`: 1. `\x` takes at most two digits, so `"\x03a"` is two
//! bytes; 2. words about speed, size and parity are refused, because a pty ignores them.

pub mod ast;
pub mod follow;
pub mod generate;
pub mod lex;
pub mod parse;
pub mod print;
pub mod saved;
pub mod settings;

pub use ast::{
    CharFlag, DesignRef, End, Events, Expect, FlowAction, Item, Line, LineNo, Op, Queue, Script,
    ThreadBlock, When,
};
pub use parse::{Context, parse, parse_bytes};
pub use saved::{Saved, Schedule};
pub use settings::{Setting, TermiosChange};
