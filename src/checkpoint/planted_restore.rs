// SPDX-License-Identifier: GPL-2.0-only
//! Restores with one flaw planted in each: C5 or C6 has to find every one.
//!
//! All save and restore as `opaque-state` does; a flaw forgets one field of the state, or gets it
//! wrong, between the two. What nobody could tell is listed with the reason why.
//!
//! # Data flow
//! [`Forgetful`] is judged on the rows of C5 and C6, then on pairs made up, until something is found.

use super::caller::{Caller, Refusal};
use super::opaque::OpaqueState;
use super::state::{EndState, FlipBuffer, NTtyState, PairState};
use super::{Design, Kept};
use crate::errno::Errno;
use crate::tty_struct::TtyStruct;
use crate::verify::check::Status;
use crate::verify::contract::{Answer, work};

/// The most pairs that are made up for one flaw.
const PAIRS: u64 = 10_000;

/// How many there are for what nobody can tell.
const RIGHT_PAIRS: u64 = 500;

/// A flaw: what becomes of a state between save and restore.
type Flaw = fn(&mut PairState);

/// `opaque-state` with a flaw.
struct Forgetful(Flaw);

impl Design for Forgetful {
    fn name(&self) -> &'static str {
        "forgetful"
    }

    fn about(&self) -> &'static str {
        "opaque-state with a flaw"
    }

    fn source(&self) -> &'static str {
        "this test"
    }

    fn checkpoint(&self, tty: &TtyStruct) -> Result<Vec<u8>, Errno> {
        OpaqueState.checkpoint(tty)
    }

    fn save(&self, caller: &Caller<'_>, tty: &TtyStruct) -> Result<Kept, Refusal> {
        let mut kept = OpaqueState.save(caller, tty)?;
        if let Kept::State(state) = &mut kept {
            let whole = state.clone();
            (self.0)(state);
            // A restore refuses what no pair can be in: that it is found says nothing about C5 and C6.
            if state.validate().is_err() {
                *state = whole;
            }
        }
        Ok(kept)
    }

    fn restore(&self, caller: &Caller<'_>, kept: &Kept, fresh: &TtyStruct) -> Result<(), Refusal> {
        OpaqueState.restore(caller, kept, fresh)
    }
}

fn ends(state: &mut PairState) -> [&mut EndState; 2] {
    [&mut state.master, &mut state.slave]
}

fn n_tty(state: &mut PairState) -> [&mut NTtyState; 2] {
    ends(state).map(|end| &mut end.n_tty)
}

/// Does `flaw` to both.
fn all<T>(both: [&mut T; 2], flaw: fn(&mut T)) {
    both.into_iter().for_each(flaw);
}

fn buffers(state: &mut PairState) -> impl Iterator<Item = &mut FlipBuffer> {
    ends(state).into_iter().flat_map(|end| &mut end.flip.buffers)
}

/// What is wrong. What would make no state of it is left undone there.
const WRONG: [(&str, Flaw); 35] = [
    ("nothing of the slave", |s| {
        let (layout, termios) = (s.slave.layout, s.slave.termios);
        s.slave = EndState { layout, termios, ..s.slave.clone() };
        s.slave.flip.buffers.clear();
        forget_bytes(&mut s.slave.n_tty);
    }),
    ("the settings of the slave", |s| s.slave.termios = s.master.termios),
    ("flow.stopped", |s| {
        for end in ends(s) {
            (end.stopped, end.tco_stopped) = (false, false);
        }
    }),
    ("flow.tco_stopped", |s| all(ends(s), |e| e.tco_stopped = false)),
    ("TCOOFF is taken for ^S, and the other way round", |s| {
        for end in ends(s) {
            end.tco_stopped ^= end.stopped;
        }
    }),
    ("packet mode", |s| s.master.packet = false),
    ("what the master has to be told", |s| s.slave.pktstatus = 0),
    ("the flip chain of the master", |s| s.master.flip.buffers.clear()),
    ("the flip chain of the slave", |s| s.slave.flip.buffers.clear()),
    ("all but the head of the chain", |s| all(ends(s), |e| e.flip.buffers.truncate(1))),
    ("the order of the chain", |s| all(ends(s), swap_buffers)),
    ("how large a flip buffer was", |s| {
        all(ends(s), |e| {
            let largest = e.layout.largest();
            e.flip.buffers.iter_mut().for_each(|b| b.size = (2 * b.size).min(largest));
        });
    }),
    ("that the chain was already carried", |s| {
        all(ends(s), |e| {
            let again: Vec<_> = e.flip.buffers.iter().filter(|b| b.read == 0).cloned().collect();
            e.flip.buffers.extend(again);
        });
    }),
    ("the free list", |s| all(ends(s), |e| e.flip.free = 0)),
    ("how far lookahead got", |s| buffers(s).for_each(|b| b.lookahead = b.read)),
    ("the bytes of the read buffers", |s| all(n_tty(s), forget_bytes)),
    ("read_tail's position", |s| all(n_tty(s), move_to_start)),
    ("the line marks", |s| all(n_tty(s), |n| n.read_flags.fill(0))),
    ("canon_head", |s| all(n_tty(s), |n| n.canon_head = n.canon_head.min(0))),
    ("canon_head, a character too far", |s| {
        all(n_tty(s), |n| n.canon_head = n.read_head.max(n.canon_head));
    }),
    ("commit_head", |s| all(n_tty(s), |n| n.commit_head = n.commit_head.min(0))),
    ("how many characters were looked at", |s| all(n_tty(s), |n| n.lookahead_count = 0)),
    ("which characters are special", |s| all(n_tty(s), |n| n.char_map = [0; 4])),
    ("lnext", |s| all(n_tty(s), |n| n.lnext = false)),
    ("erasing", |s| all(n_tty(s), |n| n.erasing = false)),
    ("icanon", |s| all(n_tty(s), |n| n.icanon = false)),
    ("column", |s| all(n_tty(s), |n| n.column = 0)),
    ("canon_column", |s| all(n_tty(s), |n| n.canon_column = 0)),
    ("the echoes", |s| all(n_tty(s), |n| n.echo = Default::default())),
    ("echo_commit", |s| all(n_tty(s), |n| n.echo.commit = n.echo.commit.min(0))),
    ("echo_mark", |s| all(n_tty(s), |n| n.echo.mark = n.echo.mark.min(0))),
    ("that the slave is closed", |s| {
        (s.slave.count, s.slave.io_error, s.master.other_closed) = (2, false, false);
    }),
    ("that output is stopped at both ends", |s| s.master.stopped = s.slave.stopped),
    ("a byte", |s| {
        for b in buffers(s).filter(|b| b.commit as usize == b.chars.len() && b.commit > 0) {
            b.chars[0] ^= 1;
        }
    }),
    ("the last byte of a line that is being typed", |s| {
        for n in n_tty(s).into_iter().filter(|n| n.icanon && n.read_head > n.canon_head) {
            n.unread.pop();
            n.read_head -= 1;
        }
    }),
];

/// What nobody can tell, and why.
const RIGHT: [(&str, Flaw); 6] = [
    ("nothing", |_| {}),
    // Nothing asks a pty for it but the opening of a line discipline, which then wakes the writer at
    // the other end once more than it needs.
    ("TTY_THROTTLED", |s| all(ends(s), |e| e.throttled = false)),
    // Nothing in the kernel reads it, and `push` only says whether to write it.
    ("line_start", |s| all(n_tty(s), |n| n.line_start = 0)),
    ("push", |s| all(n_tty(s), |n| n.push = false)),
    // Without special characters what is edited comes out as it went in; there are no flag bytes.
    ("raw", |s| all(n_tty(s), |n| (n.raw, n.real_raw) = (false, false))),
    // A restore queues the works, and each run computes it anew.
    ("no_room", |s| all(n_tty(s), |n| n.no_room = false)),
];

/// As nobody had typed anything.
fn forget_bytes(n: &mut NTtyState) {
    n.unread.clear();
    (n.read_head, n.commit_head, n.canon_head, n.line_start) = (0, 0, 0, 0);
    n.read_flags.fill(0);
}

/// The first two buffers change places, if they may.
fn swap_buffers(end: &mut EndState) {
    if let [first, second, _, ..] = &mut end.flip.buffers[..]
        && first.read == 0
    {
        std::mem::swap(first, second);
    }
}

/// The tail at position 0, and everything else as far from it as it was; not the line marks.
fn move_to_start(n: &mut NTtyState) {
    n.read_tail = 0;
}

/// The first answer of C5 or C6 that says no; `Err`: how many pairs there were without.
fn found(flaw: Flaw, pairs: u64) -> Result<Answer, u64> {
    // Leaked: a design lives as long as the program, as a registered one does.
    let design: &'static Forgetful = Box::leak(Box::new(Forgetful(flaw)));
    let [restore, ..] = work(design, pairs, 1)[..] else { return Err(0) };
    let answers = restore.run(&mut |_| true).expect("the model works");
    let pairs = answers.last().map_or(0, |a| a.executions);
    answers.into_iter().find(|a| a.status == Status::Violated).ok_or(pairs)
}

#[test]
fn every_flaw_planted_in_a_restore_is_found() {
    let mut missed = Vec::new();
    for (flaw, forget) in WRONG {
        match found(forget, PAIRS) {
            Ok(a) => println!("{flaw}: {} {} ({}), {:?}", a.property, a.on, a.executions, a.why),
            Err(pairs) => missed.push(format!("{flaw}, in {pairs} pairs")),
        }
    }
    assert!(missed.is_empty(), "missed: {}", missed.join("; "));
}

#[test]
fn what_nobody_can_tell_is_not_found() {
    for (flaw, forget) in RIGHT {
        let found = found(forget, RIGHT_PAIRS).map(|a| a.why);
        assert_eq!(found, Err(RIGHT_PAIRS), "{flaw}");
    }
}
