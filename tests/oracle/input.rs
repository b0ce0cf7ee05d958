// SPDX-License-Identifier: GPL-2.0-only
//! Input: what the discipline makes of each byte that arrives.

use crate::ctype::to_lower;
use crate::pair::{FLUSH_READ, FLUSH_WRITE, Pair};
use crate::tty::{SIZE, Tty};
use ttysim::script::ast::End;
use ttysim::termios::{DISABLED_CHAR, cc, iflag, lflag};
use ttysim::tty_buffer::{TTY_BREAK, TTY_FRAME, TTY_PARITY};

impl Tty {
    /// How many characters may be processed now, and whether the line is too long already, so
    /// that they are processed and not kept.
    fn input_room(&mut self, flow: bool) -> (usize, bool) {
        let mut room = SIZE - (self.disc.head - self.disc.tail);
        if self.i(iflag::PARMRK) {
            // Each character may become three. Division truncates, as in C.
            room = (room + 2) / 3;
        }
        room -= 1;
        if room > 0 {
            return (usize::try_from(room).unwrap_or(0), false);
        }
        let overflow = self.l(lflag::ICANON) && self.disc.canon == self.disc.tail;
        if overflow && room < 0 {
            self.disc.head -= 1;
        }
        self.disc.no_room = flow && !overflow;
        (usize::from(overflow), overflow)
    }

    fn strip(&self, c: u8) -> u8 {
        let c = if self.i(iflag::ISTRIP) { c & 0x7f } else { c };
        if self.i(iflag::IUCLC) && self.l(lflag::IEXTEN) { to_lower(c) } else { c }
    }

    /// Stores `c`; 0xff twice with PARMRK.
    fn store(&mut self, c: u8) {
        self.double(c);
        self.disc.put(c);
    }

    fn double(&mut self, c: u8) {
        if c == 0xff && self.i(iflag::PARMRK) {
            self.disc.put(c);
        }
    }

    /// Remembers where on the screen the line begins, if `c` is its first character.
    fn echo_first(&mut self) {
        if self.disc.canon == self.disc.head {
            self.echo_set_canon_column();
        }
    }
}

impl Pair {
    /// The discipline is given `bytes`: how many it took. Without `flow` the caller does not care.
    pub(crate) fn receive(&mut self, end: End, bytes: &[u8], flow: bool) -> usize {
        self.receive_flagged(end, bytes, None, flow)
    }

    /// The same for bytes that something was wrong with.
    pub(crate) fn receive_flagged(
        &mut self,
        end: End,
        bytes: &[u8],
        flag: Option<u8>,
        flow: bool,
    ) -> usize {
        let mut done = 0;
        loop {
            let (room, overflow) = self.tty_mut(end).input_room(flow);
            let n = room.min(bytes.len() - done);
            if n == 0 {
                break;
            }
            // An overlong line has no parity errors.
            if !(overflow && flag == Some(TTY_PARITY)) {
                self.receive_some(end, &bytes[done..done + n], flag);
            }
            done += n;
            let disc = &self.tty(end).disc;
            if disc.head - disc.tail > SIZE {
                self.beyond = Some("input: a doubled 0xff behind the end of the read buffer");
            }
            if self.beyond.is_some() {
                return bytes.len();
            }
        }
        if self.tty(end).disc.no_room && self.tty(end).readable() == 0 {
            self.kick(end);
        }
        done
    }

    fn receive_some(&mut self, end: End, bytes: &[u8], flag: Option<u8>) {
        let tty = self.tty_mut(end);
        let searched = tty.disc.searched.min(bytes.len() as u64);
        let changes = tty.i(iflag::ISTRIP) || tty.i(iflag::IUCLC) && tty.l(lflag::IEXTEN);
        if tty.is_raw() || tty.l(lflag::EXTPROC) && !changes {
            match flag.filter(|_| !(tty.is_raw() && tty.ignores_flags())) {
                None => bytes.iter().for_each(|&c| tty.disc.put(c)),
                Some(flag) => bytes.iter().for_each(|&c| self.receive_wrong(end, c, flag)),
            }
        } else {
            for (i, &c) in bytes.iter().enumerate() {
                match flag {
                    None => self.receive_char(end, c, (i as u64) < searched),
                    Some(flag) => {
                        self.tty_mut(end).disc.lnext = false;
                        self.receive_wrong(end, c, flag);
                    }
                }
            }
            self.flush_echoes(end);
        }
        let tty = self.tty_mut(end);
        tty.disc.searched = tty.disc.searched.wrapping_sub(searched);
        if !tty.by_line() {
            tty.disc.commit = tty.disc.head;
        }
    }

    /// A break, or a byte of wrong parity or framing. Others are lost.
    fn receive_wrong(&mut self, end: End, c: u8, flag: u8) {
        let tty = self.tty_mut(end);
        match flag {
            TTY_BREAK if tty.i(iflag::IGNBRK) => {}
            TTY_BREAK if tty.i(iflag::BRKINT) => self.interrupt(end),
            TTY_BREAK if tty.i(iflag::PARMRK) => {
                [0xff, 0, 0].into_iter().for_each(|c| tty.disc.put(c));
            }
            TTY_BREAK => tty.disc.put(0),
            TTY_PARITY | TTY_FRAME if !tty.i(iflag::INPCK) => tty.disc.put(c),
            TTY_PARITY | TTY_FRAME if tty.i(iflag::IGNPAR) => {}
            TTY_PARITY | TTY_FRAME if tty.i(iflag::PARMRK) => {
                [0xff, 0, c].into_iter().for_each(|c| tty.disc.put(c));
            }
            TTY_PARITY | TTY_FRAME => tty.disc.put(0),
            _ => {}
        }
    }

    /// Bytes that cannot be taken yet: START and STOP act at once.
    pub(crate) fn look_ahead(&mut self, end: End, bytes: &[u8]) {
        let tty = self.tty_mut(end);
        tty.disc.searched = tty.disc.searched.wrapping_add(bytes.len() as u64);
        if tty.i(iflag::IXON) {
            for &c in bytes {
                self.flow_char(end, c, false);
            }
        }
    }

    fn receive_char(&mut self, end: End, c: u8, searched: bool) {
        let tty = self.tty_mut(end);
        let literal = std::mem::take(&mut tty.disc.lnext);
        let c = tty.strip(c);
        if !literal && tty.l(lflag::EXTPROC) {
            tty.disc.put(c);
        } else if !literal && tty.is_special(c) {
            self.receive_special(end, c, searched);
        } else {
            self.restart_by_any(end);
            self.store_and_echo(end, c);
        }
    }

    /// IXANY.
    fn restart_by_any(&mut self, end: End) {
        let tty = self.tty(end);
        if tty.i(iflag::IXON) && tty.i(iflag::IXANY) && tty.stopped && !tty.tco_stopped {
            self.start(end);
            self.process_echoes(end);
        }
    }

    fn store_and_echo(&mut self, end: End, c: u8) {
        let tty = self.tty_mut(end);
        if tty.l(lflag::ECHO) {
            tty.finish_erasing();
            tty.echo_first();
            tty.echo_char(c);
            self.commit_echoes(end);
        }
        self.tty_mut(end).store(c);
    }

    /// Whether `c` was START or STOP. `searched`: it has acted already.
    fn flow_char(&mut self, end: End, c: u8, searched: bool) -> bool {
        let (start, stop) = (self.tty(end).cc(cc::VSTART), self.tty(end).cc(cc::VSTOP));
        if c != start && c != stop {
            return false;
        }
        if !searched && c == start {
            self.start(end);
            self.process_echoes(end);
        } else if !searched {
            self.stop(end);
        }
        true
    }

    fn receive_special(&mut self, end: End, mut c: u8, searched: bool) {
        if self.tty(end).i(iflag::IXON) && self.flow_char(end, c, searched) {
            return;
        }
        let signals = [cc::VINTR, cc::VQUIT, cc::VSUSP];
        let tty = self.tty(end);
        if tty.l(lflag::ISIG) && signals.iter().any(|&which| tty.cc(which) == c) {
            self.signal(end, c);
            return;
        }
        self.restart_by_any(end);
        let tty = self.tty(end);
        if c == b'\r' {
            if tty.i(iflag::IGNCR) {
                return;
            }
            if tty.i(iflag::ICRNL) {
                c = b'\n';
            }
        } else if c == b'\n' && tty.i(iflag::INLCR) {
            c = b'\r';
        }
        if tty.l(lflag::ICANON) && self.edit(end, c) {
            return;
        }
        if c != b'\n' {
            self.store_and_echo(end, c);
            return;
        }
        // Not in canonical mode: there a newline ends the line. It marks no column.
        let tty = self.tty_mut(end);
        if tty.l(lflag::ECHO) {
            tty.finish_erasing();
            tty.echo_raw(c);
            self.commit_echoes(end);
        }
        self.tty_mut(end).store(c);
    }

    /// INTR, QUIT and SUSP. The signal itself nobody sees here.
    fn signal(&mut self, end: End, c: u8) {
        self.interrupt(end);
        if self.tty(end).i(iflag::IXON) {
            self.start(end);
        }
        if self.tty(end).l(lflag::ECHO) {
            self.tty_mut(end).echo_char(c);
            self.commit_echoes(end);
        } else {
            self.process_echoes(end);
        }
    }

    /// What any signal does.
    fn interrupt(&mut self, end: End) {
        if !self.tty(end).l(lflag::NOFLSH) {
            self.tty_mut(end).disc.forget_echoes();
            self.flush_output(end);
            self.tty_mut(end).disc.forget_input();
            self.tell_master(end, 0, FLUSH_READ);
        }
    }

    /// Drops what is on its way to the other end.
    pub(crate) fn flush_output(&mut self, end: End) {
        self.tty_mut(end.other()).flip.flush();
        self.tell_master(end, 0, FLUSH_WRITE);
    }

    /// The characters of canonical mode: whether `c` was one.
    fn edit(&mut self, end: End, c: u8) -> bool {
        let tty = self.tty_mut(end);
        let is = |tty: &Tty, which| tty.cc(which) == c;
        let (echo, extended) = (tty.l(lflag::ECHO), tty.l(lflag::IEXTEN));
        if is(tty, cc::VERASE) || is(tty, cc::VKILL) || is(tty, cc::VWERASE) && extended {
            tty.erase(c);
            self.commit_echoes(end);
        } else if is(tty, cc::VLNEXT) && extended {
            tty.disc.lnext = true;
            if echo {
                tty.finish_erasing();
                if tty.l(lflag::ECHOCTL) {
                    tty.echo_raw(b'^');
                    tty.echo_raw(b'\x08');
                    self.commit_echoes(end);
                }
            }
        } else if is(tty, cc::VREPRINT) && echo && extended {
            tty.finish_erasing();
            tty.echo_char(c);
            tty.echo_raw(b'\n');
            for at in tty.disc.canon..tty.disc.head {
                tty.echo_char(tty.disc.byte(at));
            }
            self.commit_echoes(end);
        } else if c == b'\n' {
            if tty.l(lflag::ECHO | lflag::ECHONL) {
                tty.echo_raw(c);
                self.commit_echoes(end);
            }
            self.tty_mut(end).disc.put_line_end(c);
        } else if is(tty, cc::VEOF) {
            tty.disc.put_line_end(DISABLED_CHAR);
        } else if is(tty, cc::VEOL) || is(tty, cc::VEOL2) && extended {
            if echo {
                tty.echo_first();
                tty.echo_char(c);
                self.commit_echoes(end);
            }
            let tty = self.tty_mut(end);
            tty.double(c);
            tty.disc.put_line_end(c);
        } else {
            return false;
        }
        true
    }
}
