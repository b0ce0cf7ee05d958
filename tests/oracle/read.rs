// SPDX-License-Identifier: GPL-2.0-only
//! Reading: lines, VMIN and VTIME, packets, and the 64 bytes a read moves at a time.

use crate::pair::Pair;
use crate::tty::{SIZE, Tty};
use ttysim::errno::Errno;
use ttysim::script::ast::End;
use ttysim::termios::{cc, lflag};

/// What one step of a read moves; it shows where VMIN is larger.
const STEP: usize = 64;
/// So few bytes left let the writer on.
const FEW: i64 = 128;

/// How long a read still waits.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Patience {
    None,
    /// For a time, after which nothing will have changed: nothing else happens meanwhile.
    Some,
    Endless,
}

impl Tty {
    /// Moves bytes of any mode to `out`, `room` at most: whether there are more.
    fn copy(&mut self, out: &mut Vec<u8>, room: usize) -> bool {
        if self.by_line() { self.copy_line(out, room) } else { self.copy_bytes(out, room) }
    }

    fn copy_bytes(&mut self, out: &mut Vec<u8>, room: usize) -> bool {
        let disc = &mut self.disc;
        // One copy never goes around the end of the kernel's buffer.
        let most = (SIZE - disc.tail % SIZE).min(room as i64);
        let n = most.min(disc.commit - disc.tail);
        if n <= 0 {
            return false;
        }
        let taken: Vec<u8> = (disc.tail..disc.tail + n).map(|at| disc.byte(at)).collect();
        disc.tail += n;
        let last = disc.tail == disc.commit;
        let eof = taken == [self.termios.cc[cc::VEOF]];
        if eof && last && self.l(lflag::EXTPROC) && self.l(lflag::ICANON) {
            return false;
        }
        out.extend(taken);
        !last
    }

    fn copy_line(&mut self, out: &mut Vec<u8>, room: usize) -> bool {
        if room == 0 {
            return false;
        }
        let disc = &mut self.disc;
        let until = disc.canon.min(disc.tail + room as i64);
        while disc.tail < until {
            let (at, eof) = (disc.tail, disc.is_eof(disc.tail));
            disc.tail += 1;
            if !eof {
                out.push(disc.byte(at));
            }
            if disc.marks.remove(&at) {
                return false;
            }
        }
        disc.tail != disc.canon
    }

    /// An EOF exactly behind what filled the reader's buffer is not read as another one.
    fn skip_eof(&mut self) {
        let disc = &mut self.disc;
        if disc.tail != disc.canon && disc.is_eof(disc.tail) {
            disc.marks.remove(&disc.tail);
            disc.tail += 1;
        }
    }

    /// VMIN, and how long to wait for the first byte and for each that follows.
    fn wanted(&self) -> (usize, Patience, Patience) {
        if self.l(lflag::ICANON) {
            return (0, Patience::Endless, Patience::Endless);
        }
        let timed = self.cc(cc::VTIME) > 0;
        match self.cc(cc::VMIN) {
            0 if timed => (1, Patience::Some, Patience::Some),
            0 => (1, Patience::None, Patience::None),
            n if timed => (n.into(), Patience::Endless, Patience::Some),
            n => (n.into(), Patience::Endless, Patience::Endless),
        }
    }
}

impl Pair {
    /// The worker may go on, if it had stopped.
    pub(crate) fn kick(&mut self, end: End) {
        let tty = self.tty_mut(end);
        if std::mem::take(&mut tty.disc.no_room) {
            tty.queued = true;
        }
    }

    fn kick_if_few(&mut self, end: End) {
        if self.tty(end).readable() <= FEW {
            self.kick(end);
        }
    }

    /// A whole `read(2)`. `None`: it would wait for ever.
    pub(crate) fn read(
        &mut self,
        end: End,
        n: usize,
        wait: bool,
    ) -> Option<Result<Vec<u8>, Errno>> {
        let mut out = Vec::new();
        let more = match self.first_step(end, n.min(STEP), wait, &mut out)? {
            Ok(more) => more,
            Err(e) => return Some(Err(e)),
        };
        if more {
            loop {
                let step = (n - out.len()).min(STEP);
                let tty = self.tty_mut(end);
                if step == 0 && tty.by_line() {
                    tty.skip_eof();
                    break;
                }
                if !tty.copy(&mut out, step) {
                    break;
                }
            }
            self.kick(end);
            self.kick_if_few(end);
        }
        Some(Ok(out))
    }

    /// The part of a read that waits: whether there is more to move at once.
    fn first_step(
        &mut self,
        end: End,
        room: usize,
        wait: bool,
        out: &mut Vec<u8>,
    ) -> Option<Result<bool, Errno>> {
        let (least, mut patience, between) = self.tty(end).wanted();
        let (packet, before) = (self.tty(end).packet, self.tty(end).disc.tail);
        let mut failed = None;
        while out.len() < room {
            if packet && self.tty(end.other()).status != 0 {
                if out.is_empty() {
                    out.push(std::mem::take(&mut self.tty_mut(end.other()).status));
                }
                break;
            }
            if !self.tty(end).has_input(1) {
                self.work(end);
            }
            if !self.tty(end).has_input(1) {
                if self.tty(end).other_closed {
                    failed = Some(Errno::EIO);
                } else if patience != Patience::None && !wait {
                    failed = Some(Errno::EAGAIN);
                } else if patience == Patience::Some {
                    patience = Patience::None;
                    continue;
                } else if patience == Patience::Endless {
                    return None;
                }
                break;
            }
            let tty = self.tty_mut(end);
            if packet && out.is_empty() && !tty.by_line() {
                out.push(0);
            }
            let room = room - out.len();
            let by_line = tty.by_line();
            if tty.copy(out, room) && (by_line || out.len() >= least) {
                return Some(Ok(true));
            }
            self.kick_if_few(end);
            if out.len() >= least {
                break;
            }
            if between == Patience::Some {
                patience = between;
            }
        }
        if before != self.tty(end).disc.tail {
            self.kick(end);
        }
        Some(match failed {
            Some(e) if out.is_empty() => Err(e),
            _ => Ok(false),
        })
    }
}
