// SPDX-License-Identifier: GPL-2.0-only
//! The records of an image, field by field. What C sees, docs/image.md shows and the codec writes
//! is made from this.
//!
//! Names are those of [`crate::checkpoint::state`], which are the kernel's. An index is a distance
//! from its tail, and a signed number in two's complement.
//!
//! No locks, no shared state.

use super::layout::records;

records! {
    /// What an image begins with
    Header = "tty_ckpt_header" {
        /// TTY_CKPT_MAGIC
        magic: [u8; 8],
        /// TTY_CKPT_MAJOR
        major: u16,
        /// that of whoever wrote it
        minor: u16,
        /// CRC-32 (zlib's) of the whole image with 0 here: ~crc32_le(~0, ..)
        crc32: u32,
        /// of the whole image, this included
        size: u32,
        /// how many sections follow
        nr_sections: u32,
    }
    /// What a section begins with; sections are sorted by end, then by kind
    SectionHeader = "tty_ckpt_section" {
        /// what is in it, see below
        kind: u16,
        /// whose it is, see below
        end: u8,
        /// TTY_CKPT_REQUIRED
        flags: u8,
        /// of its content, without the zeros behind it
        size: u32,
    }
    /// The sizes of the kernel it was taken from
    Sizes = "tty_ckpt_sizes" {
        /// N_TTY_BUF_SIZE
        n_tty_buf: u32,
        /// MIN_TTYB_SIZE
        ttyb_align: u32,
        /// TTY_BUFFER_PAGE
        ttyb_page: u32,
        /// of the port's flip buffers
        mem_limit: u32,
    }
    /// The settings
    Termios = "tty_ckpt_termios" {
        /// input modes
        iflag: u32,
        /// output modes
        oflag: u32,
        /// control modes
        cflag: u32,
        /// local modes
        lflag: u32,
        /// control characters, by the kernel's indices
        cc: [u8; 19],
        /// 0
        reserved: [u8; 5],
    }
    /// The tty itself
    Tty = "tty_ckpt_tty" {
        /// number of the line discipline: N_TTY
        ldisc: u32,
        /// tty->count: 1 for a master; 2 for a slave, or 1 if it is closed
        count: u32,
        /// TTY_CKPT_TTY_*
        bits: u32,
        /// ctrl.pktstatus: TIOCPKT_* that the master has not read yet
        pktstatus: u8,
        /// 0
        reserved: [u8; 3],
    }
    /// The line discipline's data, without its buffers
    NTty = "tty_ckpt_n_tty" {
        /// from read_tail on: where the next character goes
        read_head: i64,
        /// from read_tail on: up to where raw input is published
        commit_head: i64,
        /// from read_tail on: up to where lines are published
        canon_head: i64,
        /// from read_tail on: where the line that is being read starts
        line_start: i64,
        /// how many of the next characters were looked at already; may wrap
        lookahead_count: u64,
        /// bit c % 64 of word c / 64: character c needs more than being stored
        char_map: [u64; 4],
        /// position in read_buf up to where has been read
        read_tail: u32,
        /// where the cursor is
        column: u32,
        /// where the line that is being typed starts
        canon_column: u32,
        /// TTY_CKPT_N_TTY_*
        bits: u32,
    }
    /// The echo buffer's indices; its bytes follow
    Echo = "tty_ckpt_echo" {
        /// from tail on: up to where it is stored
        head: i64,
        /// from tail on: up to where it may be output
        commit: i64,
        /// from tail on: up to where the next writer commits it
        mark: i64,
        /// position in echo_buf up to where it was output
        tail: u32,
        /// 0
        reserved: u32,
    }
    /// The flip chain; its buffers follow
    Flip = "tty_ckpt_flip" {
        /// how many linked buffers follow, the sentinel not among them
        nr_buffers: u32,
        /// how many buffers of the smallest size wait to be used again
        free: u32,
    }
    /// A flip buffer; its characters follow, their flag bytes if it has any, and zeros
    FlipBuffer = "tty_ckpt_flip_buffer" {
        /// in characters with flag bytes; twice as many fit without
        size: u32,
        /// up to where the line discipline took it: not carried
        read: u32,
        /// up to where the line discipline may read
        commit: u32,
        /// up to where flow control characters were looked for
        lookahead: u32,
        /// up to where it is filled: used - read characters follow
        used: u32,
        /// TTY_CKPT_FLIP_*
        bits: u32,
    }
}
