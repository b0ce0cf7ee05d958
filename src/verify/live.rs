// SPDX-License-Identifier: GPL-2.0-only
//! C3: nothing rests while something is pending.
//!
//! Asked twice: when all threads of a phase rest ([`judge`]), and at the end, when the script has
//! let the workers run and read all there is until nothing moves ([`drain`]). What is left then
//! can be had by no reader: it is stuck, or gone. Where nobody has either end open, nothing is to be read
//! any more; then the last close must have freed the pair ([`judge_release`]).
//!
//! # The end of an end
//! Whether bytes can be had is asked of those who may still come:
//! - a closed slave keeps its input for whoever opens it next, so the drain opens it and reads;
//! - nobody can ever read a closed master, or what a hung up slave has not received: what is left
//!   there is no finding. Nor is what lies before `N_NULL`, which takes nothing: another discipline
//!   restarts the work;
//! - a reader or poller does not sleep behind a hangup, or a close of the other end.

use super::{Property, Violation};
use crate::ldisc_ref::{LDSEM_SLEEP, Ldisc};
use crate::n_tty::Bit;
use crate::pty::{Pair, TIOCPKT_START, TIOCPKT_STOP};
use crate::sched::OpKind;
use crate::session;
use crate::sync::{Blocked, Ordering, Rested, note};
use crate::tty_io::{DO_POLL, FAULT, Revents};
use crate::tty_struct::{TTY_IO_ERROR, TTY_OTHER_CLOSED, TtyStruct};

/// Judges a phase's rest, the calls that could not be judged before: a thread blocked on a lock is a deadlock, a sleeper whose data is
/// there is a stall.
pub fn judge(pair: &Pair, rested: &Rested) {
    pair.slave.ghost.settle();
    pair.master.ghost.settle();
    for blocked in &rested.blocked {
        let violation = match blocked.op.kind {
            OpKind::WaitWoken if blocked.object.field == LDSEM_SLEEP => Some(deadlock(blocked)),
            // Who waits for a signal, or for memory, may wait for ever.
            OpKind::WaitWoken if [session::QUEUE, FAULT].contains(&blocked.object.field) => None,
            OpKind::WaitWoken => sleeper(pair, blocked),
            _ => Some(deadlock(blocked)),
        };
        if let Some(violation) = violation {
            note(pair.slave.rt, violation);
        }
    }
    if let Some(violation) = inverted(pair) {
        note(pair.slave.rt, violation);
    }
}

/// Judges a pair that nobody has open any more: the last close has freed its ports.
pub fn judge_release(pair: &Pair) {
    if let Some(kept) = [&pair.slave, &pair.master].into_iter().find(|t| !t.port.observe_freed()) {
        let sentence =
            format!("leak: both ends are closed, and the port of the {} was not freed", kept.name);
        note(pair.slave.rt, Violation::new(Property::C4, "leak", sentence));
    }
}

/// What the master of packet mode was told last, and what is so.
fn inverted(pair: &Pair) -> Option<Violation> {
    let stopped = pair.slave.flow.stopped.observe() != 0;
    let told = pair.slave.ctrl.pktstatus.observe();
    let says = |bit: u8| told & usize::from(bit) != 0;
    if !(says(TIOCPKT_STOP) && !stopped || says(TIOCPKT_START) && stopped) {
        return None;
    }
    let (word, truth) = if stopped { ("runs", "stopped") } else { ("is stopped", "running") };
    let sentence = format!(
        "the master is told that the output {word}, and it is {truth}: nobody will correct that"
    );
    Some(Violation::new(Property::C3, "inverted", sentence))
}

fn deadlock(blocked: &Blocked) -> Violation {
    let sentence = format!(
        "deadlock: {} waits for ever in {} ({} of {})",
        blocked.thread,
        blocked.op.site,
        blocked.op.kind.word(),
        blocked.object
    );
    Violation::new(Property::C3, "deadlock", sentence)
}

/// A thread asleep on a wait queue of an end though what it waits for is there.
fn sleeper(pair: &Pair, blocked: &Blocked) -> Option<Violation> {
    let tty = [&pair.slave, &pair.master].into_iter().find(|t| t.name == blocked.object.scope)?;
    if blocked.object.field == "write_wait" {
        return sleeping_writer(tty, blocked);
    }
    let unread = tty.ghost.unread();
    let readable = readable(tty);
    if blocked.op.site == DO_POLL {
        return sleeping_poller(tty, blocked, readable);
    }
    if let Some(end) = ended(tty) {
        let sentence = format!(
            "{} sleeps in read() of the {} although {end}, and nothing is left that would wake it",
            blocked.thread, tty.name
        );
        return Some(Violation::new(Property::C3, "sleeping-reader", sentence));
    }
    if readable == 0 && unread.flip == 0 {
        return None;
    }
    let sentence = format!(
        "{} sleeps in read() of the {} with {readable} bytes to read and {} in the flip chain, \
         and nothing is left that would wake it",
        blocked.thread, tty.name, unread.flip
    );
    Some(Violation::new(Property::C3, "sleeping-reader", sentence))
}

/// Why no read of `tty` has anything to wait for.
fn ended(tty: &TtyStruct) -> Option<&'static str> {
    if tty.tty_hung_up_p("live.f_op") {
        return Some("it was hung up");
    }
    has(tty, TTY_OTHER_CLOSED).then_some("the other end is closed")
}

/// A thread asleep in `write` although the driver takes output.
fn sleeping_writer(tty: &TtyStruct, blocked: &Blocked) -> Option<Violation> {
    let room = tty.pty_write_room();
    if room == 0 {
        return None;
    }
    let sentence = format!(
        "{} sleeps in write() of the {} with room for {room}, and nothing is left that would wake \
         it",
        blocked.thread, tty.name
    );
    Some(Violation::new(Property::C3, "sleeping-writer", sentence))
}

/// A thread asleep in `poll` although it would return at once, or could if the worker moved what
/// there is room for.
fn sleeping_poller(tty: &TtyStruct, blocked: &Blocked, readable: usize) -> Option<Violation> {
    let flip = tty.ghost.unread().flip;
    let room = tty.geometry.n_tty_buf.saturating_sub(1 + tty.disc_data.read_cnt("live.read_cnt"));
    let unasked = Revents::POLLERR | Revents::POLLHUP;
    if !tty.poll().any(Revents::POLLIN | unasked) && (flip == 0 || room == 0) {
        return None;
    }
    if let Some(end) = ended(tty) {
        let sentence = format!(
            "{} sleeps in poll() of the {} although {end}, and nothing is left that would wake it",
            blocked.thread, tty.name
        );
        return Some(Violation::new(Property::C3, "sleeping-poller", sentence));
    }
    let sentence = format!(
        "{} sleeps in poll() of the {} with {readable} bytes to read, room for {room}, and {flip} \
         in the flip chain, and nothing is left that would wake it",
        blocked.thread, tty.name
    );
    Some(Violation::new(Property::C3, "sleeping-poller", sentence))
}

/// What a reader could have. The caller is alone, so the loads need no ordering.
fn readable(tty: &TtyStruct) -> usize {
    let ldata = &tty.disc_data;
    let head = if ldata.bits.test("live.icanon", Bit::Icanon) {
        ldata.canon_head("live.canon_head", Ordering::Relaxed)
    } else {
        ldata.commit_head("live.commit_head", Ordering::Relaxed)
    };
    head.wrapping_sub(ldata.read_tail("live.read_tail", Ordering::Relaxed))
}

/// Lets the workers run and reads until nothing moves; then nothing may be left.
pub fn drain(pair: &Pair) {
    open_again(&pair.slave);
    while drain_once(&pair.slave) | drain_once(&pair.master) {}
    for tty in [&pair.slave, &pair.master] {
        if let Some(violation) = left(tty) {
            note(pair.slave.rt, violation);
        }
    }
}

/// Opens a closed slave, as long as that is possible.
fn open_again(slave: &TtyStruct) {
    if has(slave, TTY_IO_ERROR)
        && !slave.tty_hung_up_p("live.f_op")
        && slave.devpts_lookup().is_ok()
    {
        // It fails if the master is being closed: then the slave was hung up.
        let _ = slave.tty_open();
    }
}

fn drain_once(tty: &TtyStruct) -> bool {
    let ran = tty.run_pending_work();
    let tail = || tty.disc_data.read_tail("live.read_tail", Ordering::Relaxed);
    let before = tail();
    // An empty read is progress only if it ate an EOF mark: a hung up end reads empty for ever.
    let read = tty.tty_read(true, tty.geometry.n_tty_buf);
    ran || read.is_ok_and(|bytes| !bytes.is_empty() || tail() != before)
}

/// What no reader can get at. An unterminated canonical line is not stuck: it waits for its end.
fn left(tty: &TtyStruct) -> Option<Violation> {
    if beyond_reach(tty) {
        return None;
    }
    if tty.serial.as_ref().is_some_and(|serial| !serial.observe_takes()) {
        let sentence = "all is read, and the driver still tells its peer to send nothing: nobody will \
                        unthrottle it";
        return Some(Violation::new(Property::C3, "throttled", sentence));
    }
    let unread = tty.ghost.unread();
    let flip = tty.port.buf.observe();
    let held = tty.disc_data.read_cnt("live.read_cnt");
    let canonical = tty.disc_data.bits.test("live.icanon", Bit::Icanon);
    if unread.flip > 0 && flip.unread > 0 {
        let sentence = format!(
            "{} committed bytes for the {} stay in the flip chain: nobody is asleep or running \
             that would move them, and reading all there is moved nothing",
            flip.unread, tty.name
        );
        return Some(Violation::new(Property::C3, "stall", sentence));
    }
    if unread.flip > 0 || unread.queue > held {
        let sentence = format!(
            "{} bytes for the {} are gone: written, accepted, and in no buffer",
            unread.flip + unread.queue - held.min(unread.queue),
            tty.name
        );
        return Some(Violation::new(Property::C2, "lost", sentence));
    }
    if unread.queue > 0 && !canonical {
        let sentence =
            format!("{} bytes in the read buffer of the {} cannot be read", unread.queue, tty.name);
        return Some(Violation::new(Property::C3, "unreadable", sentence));
    }
    None
}

/// Whether nobody is ever able to read what `tty` holds, or nobody before its line discipline is
/// changed.
fn beyond_reach(tty: &TtyStruct) -> bool {
    tty.tty_hung_up_p("live.f_op")
        || has(tty, TTY_IO_ERROR)
        || tty.ldisc.observe() != Some(Ldisc::NTty)
}

/// Whether `bit` of the flags is set, seen from outside the model.
fn has(tty: &TtyStruct, bit: usize) -> bool {
    tty.flags.observe() & bit != 0
}
