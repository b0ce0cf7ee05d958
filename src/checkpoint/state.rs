// SPDX-License-Identifier: GPL-2.0-only
//! What an end is, and what a pair is, at one instant: plain data, nothing of the model's memory.
//!
//! # Data flow
//! A checkpoint that carries everything fills a [`PairState`] under its locks; a restore makes a
//! fresh pair of it. The image (`image.rs`) is its byte form.
//!
//! # What is in it
//! Everything that a later call on either end can tell. [`PairState::validate`] says which states
//! exist; a restore refuses all others.
//!
//! # What is not, and why
//! - Signals, and bytes that readers got or writers sent: they have happened.
//! - The sentinel of a flip chain: a fresh chain has one, and nobody can tell it from none.
//! - `buf.work`: a restore queues it wherever the chain has a buffer. Where that is once too often,
//!   the run finds nothing to do.
//! - `mem_used` is the sum of the buffers' sizes, and the lock-free copies of `termios` are copies.
//! - `priority`, `flow_change`, `TTY_LDISC_CHANGING`, `TTY_LDISC_HALTED`, `TTY_HUPPING`: they only
//!   are something while a call is in progress.
//! - An end without a line discipline (hung up, or its master closed) has no state: there is
//!   nothing that could be done with it.
//!
//! # Indices
//! The kernel's indices only grow. Here the tail is a position in its buffer, the others are
//! distances from the tail: what a call can tell, and no more. The position counts: a raw read
//! stops where the buffer wraps, which with `EXTPROC` decides whether an EOF character is eaten.
//! A distance can be negative: `commit_head` stays behind in canonical mode, for instance.

use crate::geometry::Geometry;
use crate::ldisc_ref::N_TTY;
use crate::pty;
use crate::termios::{Termios, iflag, lflag};
use crate::tty_struct::PtyType;
use std::fmt;

/// Both ends of a pty pair at one instant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PairState {
    /// The end a terminal emulator holds.
    pub master: EndState,
    /// The end a program runs on.
    pub slave: EndState,
}

/// One end at one instant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndState {
    /// The sizes of the kernel it was taken from. A restore refuses it on any other.
    pub layout: Layout,
    /// `tty->termios`.
    pub termios: Termios,
    /// The number of the line discipline: always `N_TTY`.
    pub ldisc: u32,
    /// `tty->count`: how many files, and links that hold it, it is open for. 1 for a master; 2 for
    /// a slave, or 1 if it is closed.
    pub count: u32,
    /// `TTY_THROTTLED`.
    pub throttled: bool,
    /// `TTY_IO_ERROR`: reads and writes fail with `EIO`. Of a closed slave.
    pub io_error: bool,
    /// `TTY_OTHER_CLOSED`. Of a master whose slave is closed.
    pub other_closed: bool,
    /// `flow.stopped`: its output is stopped.
    pub stopped: bool,
    /// `flow.tco_stopped`: and by `TCOOFF`, so that ^Q does not start it.
    pub tco_stopped: bool,
    /// `ctrl.packet`: packet mode is on. Only of a master.
    pub packet: bool,
    /// `ctrl.pktstatus`: what a master in packet mode has to be told about this end, as
    /// `TIOCPKT_*` bits. Only of a slave.
    pub pktstatus: u8,
    /// What is on its way to the line discipline.
    pub flip: FlipChain,
    /// The line discipline's data.
    pub n_tty: NTtyState,
}

/// Sizes of the kernel, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    /// `N_TTY_BUF_SIZE`: of the read buffer and the echo buffer. A power of two, 2 at least.
    pub n_tty_buf: u32,
    /// `MIN_TTYB_SIZE`: every flip buffer's size is a multiple of it. A power of two.
    pub ttyb_align: u32,
    /// `TTY_BUFFER_PAGE`: rounded up to `ttyb_align`, the largest size of a flip buffer.
    pub ttyb_page: u32,
    /// `mem_limit` of the end's port.
    pub mem_limit: u32,
}

/// `struct tty_bufhead`: the flip chain of an end's input, without its sentinel.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FlipChain {
    /// The linked buffers, the head first. The last one is the one the producer fills.
    pub buffers: Vec<FlipBuffer>,
    /// How many buffers of the smallest size wait to be used again. They are given out without a
    /// look at the limit, so a writer can tell.
    pub free: u32,
}

/// `struct tty_buffer`. Its counts are in characters from the buffer's start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FlipBuffer {
    /// `size`: how many characters fit with flag bytes; twice as many fit without.
    pub size: u32,
    /// `read`: how many the line discipline took. They are not carried.
    pub read: u32,
    /// `commit`: up to where the line discipline may read.
    pub commit: u32,
    /// `lookahead`: up to where flow control characters were looked for, and acted on.
    pub lookahead: u32,
    /// The characters from `read` to `used`; those from `commit` on are staged, and not yet
    /// visible to the line discipline.
    pub chars: Vec<u8>,
    /// `flags`: if it has flag bytes, one of each of `chars` (`TTY_NORMAL`, `TTY_BREAK`, ...).
    pub flags: Option<Vec<u8>>,
}

/// `struct n_tty_data`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NTtyState {
    /// `read_tail`: up to where has been read, as a position in `read_buf`.
    pub read_tail: u32,
    /// `read_head`: where the next character goes, from `read_tail` on.
    pub read_head: i64,
    /// `commit_head`: up to where raw input is published, from `read_tail` on.
    pub commit_head: i64,
    /// `canon_head`: up to where canonical input is published, from `read_tail` on.
    pub canon_head: i64,
    /// `line_start`: where the line that is being read starts, from `read_tail` on.
    pub line_start: i64,
    /// The bytes of `read_buf` from `read_tail` on, round its end: [`NTtyState::window`] of them.
    pub unread: Vec<u8>,
    /// `read_flags`: bit `p % 8` of byte `p / 8` says that position `p` of `read_buf` ends a line.
    /// A byte 0 there is an EOF mark.
    pub read_flags: Vec<u8>,
    /// `no_room`: the worker stopped because the read buffer was full.
    pub no_room: bool,
    /// `lookahead_count`: how many of the next characters to come were already looked at. The
    /// kernel lets it wrap.
    pub lookahead_count: u64,
    /// `char_map`: which characters need more than being stored. As of the last change of settings
    /// that the line discipline was told of, which need not be the last one.
    pub char_map: [u64; 4],
    /// `lnext`: the next character is taken literally.
    pub lnext: bool,
    /// `erasing`: an `ECHOPRT` erasure is open.
    pub erasing: bool,
    /// `raw`; as of when `char_map` is.
    pub raw: bool,
    /// `real_raw`; as of when `char_map` is.
    pub real_raw: bool,
    /// `icanon`; as of when `char_map` is.
    pub icanon: bool,
    /// `push`: the line mark at the end is a change of mode, not a character.
    pub push: bool,
    /// `column`: where the cursor is.
    pub column: u32,
    /// `canon_column`: where the line that is being typed starts.
    pub canon_column: u32,
    /// The echoes on their way to the driver.
    pub echo: EchoState,
}

/// `echo_buf` and its indices.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EchoState {
    /// `echo_tail`: up to where it was output, as a position in `echo_buf`.
    pub tail: u32,
    /// `echo_head`: up to where it is stored, from `tail` on.
    pub head: i64,
    /// `echo_commit`: up to where it may be output, from `tail` on.
    pub commit: i64,
    /// `echo_mark`: up to where the next writer commits it, from `tail` on. It can stay behind.
    pub mark: i64,
    /// `echo_buf` by position, all of it, without the zeroes at its end. Where `mark` stayed behind
    /// `tail`, the kernel outputs what was echoed long ago.
    pub buf: Vec<u8>,
}

/// Why a state is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invalid {
    /// Which field: `slave n_tty.read_tail`, `master flip.buffers[2].commit`.
    pub field: String,
    /// What it must be.
    pub rule: &'static str,
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.field, self.rule)
    }
}

impl std::error::Error for Invalid {}

impl PairState {
    /// The end that is `subtype`.
    #[must_use]
    pub const fn end(&self, subtype: PtyType) -> &EndState {
        match subtype {
            PtyType::Master => &self.master,
            PtyType::Slave => &self.slave,
        }
    }

    /// Whether there can be such a pair.
    ///
    /// # Errors
    /// The first field that is wrong, and its rule.
    pub fn validate(&self) -> Result<(), Invalid> {
        self.master.validate("master")?;
        self.slave.validate("slave")?;
        let (m, s) = (&self.master, &self.slave);
        let closed = s.count == 1;
        for (ok, field, rule) in [
            (m.count == 1, "master count", "must be 1"),
            (closed || s.count == 2, "slave count", "must be 1 or 2"),
            (
                m.other_closed == closed,
                "master other_closed",
                "must say whether the slave is closed",
            ),
            (s.io_error == closed, "slave io_error", "must say whether the slave is closed"),
            (!m.io_error, "master io_error", "must be off: the master is open"),
            (!s.other_closed, "slave other_closed", "must be off: the master is open"),
            (!s.packet, "slave packet", "must be off: only a master has packet mode"),
            (m.pktstatus == 0, "master pktstatus", "must be 0: only a slave has one"),
            // The locks of a pair are taken in an order that counts on it, see opaque/hold.rs.
            (
                !m.termios.l(lflag::ISIG) && !m.termios.i(iflag::BRKINT),
                "master termios",
                "must be without ISIG and BRKINT: a master sends no signals",
            ),
        ] {
            rule_of(ok, || field.to_owned(), rule)?;
        }
        let contradictory =
            [pty::TIOCPKT_STOP | pty::TIOCPKT_START, pty::TIOCPKT_NOSTOP | pty::TIOCPKT_DOSTOP];
        for both in contradictory {
            let ok = s.pktstatus & both != both;
            rule_of(ok, || "slave pktstatus".to_owned(), "must not say two opposite things")?;
        }
        Ok(())
    }
}

impl EndState {
    /// Whether there can be such an end; `name` is what it is called where it is not.
    ///
    /// # Errors
    /// The first field that is wrong, and its rule.
    pub fn validate(&self, name: &str) -> Result<(), Invalid> {
        let field = |f: &str| format!("{name} {f}");
        self.layout.validate().map_err(|(f, rule)| Invalid { field: field(f), rule })?;
        rule_of(self.ldisc == N_TTY, || field("ldisc"), "must be 0 (N_TTY)")?;
        rule_of(self.pktstatus & 0x80 == 0, || field("pktstatus"), "has a bit that means nothing")?;
        // flow.stopped alone is ^S; TCOOFF stops as well, and nothing starts it but TCOON.
        let ok = self.stopped || !self.tco_stopped;
        rule_of(ok, || field("stopped"), "must be on: TCOOFF stops as well")?;
        self.flip.validate(&self.layout).map_err(|e| e.inside(&field("flip")))?;
        self.n_tty.validate(&self.layout).map_err(|e| e.inside(&field("n_tty")))
    }

    /// What readers have not had yet, in the order in which they would get it, whatever becomes of
    /// it on the way: what is in `read_buf`, then the visible part of the flip chain.
    #[must_use]
    pub fn unread(&self) -> Vec<u8> {
        let stored = usize::try_from(self.n_tty.read_head).unwrap_or(0);
        let mut bytes = self.n_tty.unread[..stored.min(self.n_tty.unread.len())].to_vec();
        for b in &self.flip.buffers {
            let visible = b.commit.saturating_sub(b.read) as usize;
            bytes.extend_from_slice(&b.chars[..visible.min(b.chars.len())]);
        }
        bytes
    }
}

impl Layout {
    /// That of a kernel with these sizes.
    #[must_use]
    pub fn of(geometry: &Geometry) -> Self {
        // A valid geometry has no size beyond 2^20.
        let size = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        Self {
            n_tty_buf: size(geometry.n_tty_buf),
            ttyb_align: size(geometry.ttyb_align),
            ttyb_page: size(geometry.ttyb_page),
            mem_limit: size(geometry.mem_limit),
        }
    }

    /// The largest size of a flip buffer.
    #[must_use]
    pub const fn largest(&self) -> u32 {
        self.ttyb_page.next_multiple_of(self.ttyb_align)
    }

    /// How many buffers of the smallest size there can be, linked and free: only an empty free
    /// list makes a new one, and only below the limit.
    #[must_use]
    pub const fn most_small(&self) -> u32 {
        self.mem_limit / self.ttyb_align + 1
    }

    /// The most that the larger buffers can come to: each was added below the limit.
    #[must_use]
    pub const fn most_large(&self) -> u32 {
        self.mem_limit + self.largest()
    }

    /// The rules of [`Geometry::validate`], for the sizes that are here.
    fn validate(&self) -> Result<(), (&'static str, &'static str)> {
        const MOST: u32 = 1 << 20;
        let power = |n: u32| n.is_power_of_two() && n <= MOST;
        let some = |n: u32| (1..=MOST).contains(&n);
        for (ok, field, rule) in [
            (
                power(self.n_tty_buf) && self.n_tty_buf >= 2,
                "layout.n_tty_buf",
                "must be a power of two from 2 to 1048576",
            ),
            (
                power(self.ttyb_align),
                "layout.ttyb_align",
                "must be a power of two, 1048576 at most",
            ),
            (some(self.ttyb_page), "layout.ttyb_page", "must be from 1 to 1048576"),
            (some(self.mem_limit), "layout.mem_limit", "must be from 1 to 1048576"),
        ] {
            if !ok {
                return Err((field, rule));
            }
        }
        Ok(())
    }
}

impl FlipChain {
    /// `mem_used`: the sum of the linked buffers' sizes.
    #[must_use]
    pub fn mem_used(&self) -> u64 {
        self.buffers.iter().map(|b| u64::from(b.size)).sum()
    }

    fn validate(&self, layout: &Layout) -> Result<(), Invalid> {
        let (mut small, mut large) = (u64::from(self.free), 0);
        let last = self.buffers.len().saturating_sub(1);
        for (i, b) in self.buffers.iter().enumerate() {
            b.validate(layout, i == 0, i == last).map_err(|(field, rule)| Invalid {
                field: format!("buffers[{i}].{field}"),
                rule,
            })?;
            if b.size == layout.ttyb_align {
                small += 1;
            } else {
                large += u64::from(b.size);
            }
        }
        let few = small <= u64::from(layout.most_small());
        rule_of(few, || "free".to_owned(), "makes more small buffers than the limit allows")?;
        let few = large <= u64::from(layout.most_large());
        rule_of(few, || "buffers".to_owned(), "are larger than the limit allows")
    }
}

impl FlipBuffer {
    /// `used`: up to where it is filled.
    #[must_use]
    pub fn used(&self) -> u64 {
        u64::from(self.read) + self.chars.len() as u64
    }

    /// How many characters fit.
    #[must_use]
    pub fn room(&self) -> u64 {
        u64::from(self.size) * if self.flags.is_some() { 1 } else { 2 }
    }

    fn validate(
        &self,
        layout: &Layout,
        first: bool,
        last: bool,
    ) -> Result<(), (&'static str, &'static str)> {
        let (commit, used) = (u64::from(self.commit), self.used());
        let flags = self.flags.as_ref();
        for (ok, field, rule) in [
            (
                self.size > 0 && self.size.is_multiple_of(layout.ttyb_align),
                "size",
                "must be a multiple of ttyb_align, and not 0",
            ),
            (
                self.size <= layout.largest(),
                "size",
                "must not be larger than ttyb_page, rounded up",
            ),
            (used <= self.room(), "chars", "must fit into the buffer"),
            (self.read <= self.commit, "read", "must not be beyond commit"),
            (commit <= used, "commit", "must not be beyond the characters"),
            (last || commit == used, "commit", "must cover all of a buffer that has a next"),
            (first || self.read == 0, "read", "must be 0 behind the head"),
            (self.lookahead <= self.commit, "lookahead", "must not be beyond commit"),
            (
                flags.is_none_or(|f| f.len() == self.chars.len()),
                "flags",
                "must be as many as the characters",
            ),
        ] {
            if !ok {
                return Err((field, rule));
            }
        }
        Ok(())
    }
}

impl NTtyState {
    /// How many bytes of `read_buf` are carried: up to the furthest of the heads. All of them where
    /// one is beyond `read_head`, which with `EXTPROC` goes back over what was published, or where the
    /// one that readers go by is behind the tail: they get what was read long ago.
    #[must_use]
    pub fn window(&self, layout: &Layout) -> usize {
        let heads = [self.read_head, self.commit_head, self.canon_head];
        window(heads, self.icanon, layout.n_tty_buf as usize)
    }

    fn validate(&self, layout: &Layout) -> Result<(), Invalid> {
        // No nearer: an overlong line with PARMRK may write two places and give one back, again and
        // again, and one with EXTPROC go back over what was read.
        let known = |index: i64| -FAR < index && index < FAR;
        for (ok, field, rule) in [
            (self.read_tail < layout.n_tty_buf, "read_tail", "must be a position in the buffer"),
            (known(self.read_head), "read_head", "must be a distance"),
            (known(self.commit_head), "commit_head", "must be a distance"),
            (known(self.canon_head), "canon_head", "must be a distance"),
            (known(self.line_start), "line_start", "must be a distance"),
            (
                self.unread.len() == self.window(layout),
                "unread",
                "must be the bytes up to the furthest head",
            ),
            (
                self.read_flags.len() as u64 == u64::from(layout.n_tty_buf).div_ceil(8),
                "read_flags",
                "must have a bit for each position of the buffer",
            ),
            (
                layout.n_tty_buf >= 8 || self.read_flags.iter().all(|&b| b < 1 << layout.n_tty_buf),
                "read_flags",
                "must have no bit beyond the buffer",
            ),
            (!self.real_raw || self.raw, "real_raw", "must be off where raw is"),
            (!(self.raw && self.icanon), "raw", "must be off where lines are edited"),
        ] {
            rule_of(ok, || field.to_owned(), rule)?;
        }
        self.echo.validate(layout).map_err(|e| e.inside("echo"))
    }
}

impl EchoState {
    fn validate(&self, layout: &Layout) -> Result<(), Invalid> {
        // As much as killing a full line can echo, and far more: what is dropped of it is dropped a
        // byte at a time.
        let far = (64 * i64::from(layout.n_tty_buf)).max(1 << 20);
        let known = |index: i64| -far < index && index < far;
        for (ok, field, rule) in [
            (self.tail < layout.n_tty_buf, "tail", "must be a position in the buffer"),
            (known(self.head), "head", "must be within 64 buffers of tail, or 1048576"),
            (known(self.commit) && self.commit <= self.head, "commit", "must not be beyond head"),
            (known(self.mark) && self.mark <= self.head, "mark", "must not be beyond head"),
            (
                self.buf.len() as u64 <= u64::from(layout.n_tty_buf),
                "buf",
                "must not be larger than the buffer",
            ),
            (self.buf.last() != Some(&0), "buf", "must not end with 0: those are left out"),
        ] {
            rule_of(ok, || field.to_owned(), rule)?;
        }
        Ok(())
    }
}

/// [`NTtyState::window`], for `read_head`, `commit_head`, `canon_head`, `icanon` and the size of the
/// buffer.
pub(crate) fn window(
    [read_head, commit_head, canon_head]: [i64; 3],
    icanon: bool,
    most: usize,
) -> usize {
    let published = commit_head.max(canon_head);
    let readable = if icanon { canon_head } else { commit_head };
    if read_head < published.max(0) || readable < 0 {
        return most;
    }
    usize::try_from(read_head).map_or(most, |n| n.min(most))
}

/// A distance that no index gets to in the lifetime of a machine, and that leaves room to add to.
const FAR: i64 = 1 << 62;

impl Invalid {
    /// The same, as a field of `outer`.
    fn inside(self, outer: &str) -> Self {
        Self { field: format!("{outer}.{}", self.field), ..self }
    }
}

fn rule_of(ok: bool, field: impl Fn() -> String, rule: &'static str) -> Result<(), Invalid> {
    if ok { Ok(()) } else { Err(Invalid { field: field(), rule }) }
}
