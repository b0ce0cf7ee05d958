// SPDX-License-Identifier: GPL-2.0-only
//! A checkpoint image as JSON.
//!
//! No locks, no shared state.

use super::words::settings;
use crate::checkpoint::image::container::MAJOR;
use crate::checkpoint::image::sections::End;
use crate::checkpoint::image::{Image, ImageError, flags};
use crate::checkpoint::state::{EchoState, EndState, FlipBuffer, FlipChain, NTtyState};
use crate::report::json::{Version, hex};
use serde::{Deserialize, Serialize};

/// `image check`: whether a file is an image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checked {
    /// The format's version.
    pub v: Version,
    /// The file, as it was named.
    pub file: String,
    /// How many bytes it has.
    pub size: u64,
    /// The version of the image, `1.1`; null if it is none.
    pub version: Option<String>,
    /// Why it is none, or null.
    pub refused: Option<Refused>,
}

/// Why bytes are no image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    /// What kind of trouble it is.
    pub kind: String,
    /// Where, in bytes from the start.
    pub offset: u64,
    /// The section it is in, or null.
    pub section: Option<String>,
    /// What is wrong, in words.
    pub message: String,
    /// What to do about it.
    pub help: String,
}

impl Checked {
    /// That the `size` bytes of `file` are that image, or why they are none.
    #[must_use]
    pub fn new(file: &str, size: usize, result: &Result<Image, ImageError>) -> Self {
        let (version, refused) = match result {
            Ok(image) => (Some(version(image)), None),
            Err(e) => (None, Some(refused(e))),
        };
        Self { v: Version, file: file.to_owned(), size: size as u64, version, refused }
    }
}

fn version(image: &Image) -> String {
    format!("{MAJOR}.{}", image.minor)
}

fn refused(error: &ImageError) -> Refused {
    Refused {
        kind: error.refusal.name().to_owned(),
        offset: error.offset as u64,
        section: error.section.clone(),
        message: error.message.clone(),
        help: error.refusal.help().to_owned(),
    }
}

/// `image show`: what is in an image. Bytes are in hex, numbers as in the image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shown {
    /// The format's version.
    pub v: Version,
    /// The file, as it was named.
    pub file: String,
    /// How many bytes it has.
    pub size: u64,
    /// The version of the image, `1.1`.
    pub version: String,
    /// Who wrote it, or null.
    pub origin: Option<String>,
    /// What is in it that is not known here.
    pub unknown: Vec<Unknown>,
    /// Its ends, the master first.
    pub ends: Vec<EndShown>,
}

/// A section that is not known here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unknown {
    /// Its number.
    pub kind: u16,
    /// The number of the end it is of.
    pub end: u8,
    /// What is in it.
    pub bytes: String,
}

/// One end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndShown {
    /// `master` or `slave`.
    pub end: String,
    /// The settings in words.
    pub settings: String,
    /// The sizes of the kernel it was taken from.
    pub sizes: Sizes,
    /// `tty->count`.
    pub count: u32,
    /// What is on of the tty's and of the line discipline's flags.
    pub flags: Vec<String>,
    /// What the master has to be told: `TIOCPKT_*` bits.
    pub pktstatus: u8,
    /// Where the cursor is, and where the line started.
    pub columns: [u32; 2],
    /// The next characters whose flow control was acted on.
    pub lookahead_count: u64,
    /// The read buffer.
    pub read_buf: ReadBuf,
    /// The flip chain.
    pub flip: Flip,
    /// The echo buffer.
    pub echo: Echo,
}

/// The sizes of a kernel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "state::Layout has them")]
pub struct Sizes {
    pub n_tty_buf: u32,
    pub ttyb_align: u32,
    pub ttyb_page: u32,
    pub mem_limit: u32,
}

/// The read buffer: indices from `read_tail` on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "state::NTtyState has them")]
pub struct ReadBuf {
    pub read_tail: u32,
    pub read_head: i64,
    pub commit_head: i64,
    pub canon_head: i64,
    pub line_start: i64,
    pub unread: String,
    /// The positions in the buffer that end a line, in order.
    pub line_ends: Vec<u32>,
}

/// The flip chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flip {
    /// How many small buffers wait to be used again.
    pub free: u32,
    /// The buffers, the head first.
    pub buffers: Vec<Buffer>,
}

/// A flip buffer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "state::FlipBuffer has them")]
pub struct Buffer {
    pub size: u32,
    pub read: u32,
    pub lookahead: u32,
    pub commit: u32,
    pub used: u64,
    /// The characters from `read` on.
    pub chars: String,
    /// Their flag bytes, or null.
    pub flags: Option<String>,
}

/// The echo buffer: indices from `tail` on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "state::EchoState has them")]
pub struct Echo {
    pub tail: u32,
    pub head: i64,
    pub commit: i64,
    pub mark: i64,
    /// By position, without the zeros at its end.
    pub buf: String,
}

impl Shown {
    /// What is in the `image` of `size` bytes that `file` is.
    #[must_use]
    pub fn new(file: &str, size: usize, image: &Image) -> Self {
        let unknown = image.unknown.iter().map(|u| Unknown {
            kind: u.kind,
            end: u.end,
            bytes: hex(&u.bytes),
        });
        Self {
            v: Version,
            file: file.to_owned(),
            size: size as u64,
            version: version(image),
            origin: image.origin.clone(),
            unknown: unknown.collect(),
            ends: image.content.ends().into_iter().map(|(end, state)| shown(end, state)).collect(),
        }
    }
}

fn shown(end: End, state: &EndState) -> EndShown {
    let layout = state.layout;
    EndShown {
        end: end.name().to_owned(),
        settings: settings(end, &state.termios),
        sizes: Sizes {
            n_tty_buf: layout.n_tty_buf,
            ttyb_align: layout.ttyb_align,
            ttyb_page: layout.ttyb_page,
            mem_limit: layout.mem_limit,
        },
        count: state.count,
        flags: flags(state).into_iter().map(str::to_owned).collect(),
        pktstatus: state.pktstatus,
        columns: [state.n_tty.column, state.n_tty.canon_column],
        lookahead_count: state.n_tty.lookahead_count,
        read_buf: read_buf(&state.n_tty),
        flip: flip(&state.flip),
        echo: echo(&state.n_tty.echo),
    }
}

fn read_buf(n_tty: &NTtyState) -> ReadBuf {
    let bits = n_tty.read_flags.iter().flat_map(|byte| (0..8).map(move |bit| byte & 1 << bit != 0));
    ReadBuf {
        read_tail: n_tty.read_tail,
        read_head: n_tty.read_head,
        commit_head: n_tty.commit_head,
        canon_head: n_tty.canon_head,
        line_start: n_tty.line_start,
        unread: hex(&n_tty.unread),
        line_ends: (0..).zip(bits).filter(|(_, on)| *on).map(|(p, _)| p).collect(),
    }
}

fn flip(chain: &FlipChain) -> Flip {
    Flip { free: chain.free, buffers: chain.buffers.iter().map(buffer).collect() }
}

fn buffer(b: &FlipBuffer) -> Buffer {
    Buffer {
        size: b.size,
        read: b.read,
        lookahead: b.lookahead,
        commit: b.commit,
        used: b.used(),
        chars: hex(&b.chars),
        flags: b.flags.as_deref().map(hex),
    }
}

fn echo(echo: &EchoState) -> Echo {
    Echo {
        tail: echo.tail,
        head: echo.head,
        commit: echo.commit,
        mark: echo.mark,
        buf: hex(&echo.buf),
    }
}
