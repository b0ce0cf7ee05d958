// SPDX-License-Identifier: GPL-2.0-only
//! Output: OPOST, the column, and what a driver's write does.

use crate::ctype::{is_control, to_upper};
use crate::pair::Pair;
use ttysim::errno::Errno;
use ttysim::script::ast::End;
use ttysim::termios::oflag;

/// What `tty_write` takes at a time.
const CHUNK: usize = 2048;

impl Pair {
    /// The driver's write: the bytes go to the other end, as far as they fit.
    pub(crate) fn send(&mut self, end: End, bytes: &[u8]) -> usize {
        if self.tty(end).stopped || bytes.is_empty() {
            return 0;
        }
        let peer = self.tty_mut(end.other());
        peer.queued = true;
        peer.flip.insert(bytes)
    }

    /// What the driver says it has room for.
    pub(crate) fn room(&self, end: End) -> usize {
        if self.tty(end).stopped { 0 } else { self.tty(end.other()).flip.space() }
    }

    /// One character with OPOST: how many bytes it became, or `None` if they do not fit.
    pub(crate) fn put_char(&mut self, end: End, mut c: u8, room: usize) -> Option<usize> {
        if room == 0 {
            return None;
        }
        let tty = self.tty_mut(end);
        let (column, home) = (tty.disc.column, tty.o(oflag::ONLRET));
        match c {
            b'\n' => {
                if home {
                    tty.disc.column = 0;
                }
                if tty.o(oflag::ONLCR) {
                    if room < 2 {
                        return None;
                    }
                    (tty.disc.column, tty.disc.canon_column) = (0, 0);
                    self.send(end, b"\r\n");
                    return Some(2);
                }
                tty.disc.canon_column = tty.disc.column;
            }
            b'\r' if tty.o(oflag::ONOCR) && column == 0 => return Some(0),
            b'\r' => {
                let to_newline = tty.o(oflag::OCRNL);
                if to_newline {
                    c = b'\n';
                }
                if !to_newline || home {
                    (tty.disc.column, tty.disc.canon_column) = (0, 0);
                }
            }
            b'\t' => {
                let spaces = 8 - (column & 7);
                if tty.termios.oflag & oflag::TABDLY == oflag::XTABS {
                    if room < spaces as usize {
                        return None;
                    }
                    tty.disc.column += spaces;
                    self.send(end, &b"        "[..spaces as usize]);
                    return Some(spaces as usize);
                }
                tty.disc.column += spaces;
            }
            b'\x08' => tty.disc.column = column.saturating_sub(1),
            _ if is_control(c) => {}
            _ => {
                if tty.o(oflag::OLCUC) {
                    c = to_upper(c);
                }
                if !tty.is_continuation(c) {
                    tty.disc.column += 1;
                }
            }
        }
        self.send(end, &[c]);
        Some(1)
    }

    /// The longest start of `bytes` that goes out as it is, in one call of the driver. It moves
    /// the column.
    fn put_plain(&mut self, end: End, bytes: &[u8]) -> usize {
        let room = self.room(end);
        let tty = self.tty_mut(end);
        let mut n = 0;
        for &c in bytes.iter().take(room) {
            match c {
                b'\n' => {
                    if tty.o(oflag::ONLRET) {
                        tty.disc.column = 0;
                    }
                    if tty.o(oflag::ONLCR) {
                        break;
                    }
                    tty.disc.canon_column = tty.disc.column;
                }
                b'\r' => {
                    if tty.o(oflag::OCRNL) || tty.o(oflag::ONOCR) && tty.disc.column == 0 {
                        break;
                    }
                    (tty.disc.column, tty.disc.canon_column) = (0, 0);
                }
                b'\t' => break,
                b'\x08' => tty.disc.column = tty.disc.column.saturating_sub(1),
                _ if is_control(c) => {}
                _ if tty.o(oflag::OLCUC) => break,
                _ if tty.is_continuation(c) => {}
                _ => tty.disc.column += 1,
            }
            n += 1;
        }
        self.send(end, &bytes[..n])
    }

    /// A whole `write(2)` that does not wait.
    pub(crate) fn write(&mut self, end: End, bytes: &[u8]) -> Result<usize, Errno> {
        let mut done = 0;
        loop {
            let chunk = &bytes[done..bytes.len().min(done + CHUNK)];
            match self.write_chunk(end, chunk) {
                Ok(n) if n > 0 => done += n,
                Err(e) if done == 0 => return Err(e),
                _ => return Ok(done),
            }
            if done == bytes.len() {
                return Ok(done);
            }
        }
    }

    fn write_chunk(&mut self, end: End, bytes: &[u8]) -> Result<usize, Errno> {
        self.process_echoes(end);
        let mut done = 0;
        while done < bytes.len() {
            let rest = &bytes[done..];
            if !self.tty(end).o(oflag::OPOST) {
                match self.send(end, rest) {
                    0 => break,
                    n => done += n,
                }
                continue;
            }
            done += self.put_plain(end, rest);
            let Some(&c) = bytes.get(done) else { break };
            let room = self.room(end);
            if self.put_char(end, c, room).is_none() {
                break;
            }
            done += 1;
        }
        if done == 0 && !bytes.is_empty() { Err(Errno::EAGAIN) } else { Ok(done) }
    }
}
