// SPDX-License-Identifier: GPL-2.0-only
//! One operation of a script as a modelled system call.

use super::oops::caught;
use super::{Outcome, Setup, World};
use crate::checkpoint::{self, Design};
use crate::errno::Errno;
use crate::script::ast::{
    CharFlag, DesignRef, End, FlowAction, Item, Line, Op, Queue, Rare, Script, When,
};
use crate::tty_buffer::{TTY_BREAK, TTY_FRAME, TTY_NORMAL, TTY_OVERRUN, TTY_PARITY};
use crate::tty_io;
use crate::tty_struct::{Signal, TtyStruct};
use std::collections::BTreeSet;

/// Performs `op`.
pub(super) fn perform(world: &World, op: &Op) -> Outcome {
    match op {
        Op::Settle => {
            world.pair().settle();
            Outcome::Number(0)
        }
        Op::Close { end } => done(world.files.close(*end, &world.end(*end))),
        Op::Open { end } => done(world.files.open(*end, &world.end(*end))),
        Op::Restore { label } => world.restore(label),
        Op::Packet { .. } => on_file(world, End::Master, op),
        Op::Termios { end, .. }
        | Op::Write { end, .. }
        | Op::Read { end, .. }
        | Op::Inq { end }
        | Op::Outq { end }
        | Op::Poll { end }
        | Op::Rare { end, .. }
        | Op::Flush { end, .. }
        | Op::Flow { end, .. }
        | Op::Sti { end, .. }
        | Op::Setd { end, .. }
        | Op::Hangup { end }
        | Op::Checkpoint { end, .. } => on_file(world, *end, op),
        Op::Signals => Outcome::Bytes(names(&world.new_signals())),
        Op::Insert { end, bytes, flag } => {
            let port = &world.end(*end).port;
            let n = port.buf.insert_and_push(&port.lock, bytes, char_flag(*flag));
            Outcome::Number(n as u64)
        }
    }
}

/// A call on the open file of `end`.
fn on_file(world: &World, end: End, op: &Op) -> Outcome {
    let tty = world.end(end);
    world.files.with(end, &tty, || call(world, end, &tty, op)).unwrap_or_else(Outcome::Errno)
}

fn call(world: &World, end: End, tty: &TtyStruct, op: &Op) -> Outcome {
    match op {
        Op::Termios { change, when, .. } => {
            let mut termios = tty.get_termios();
            change.apply(&mut termios);
            done(tty.tcsetattr(termios, tcsetattr(*when)))
        }
        Op::Write { bytes, .. } => number(tty.tty_write(true, bytes)),
        Op::Read { n, wait, .. } => bytes(tty.tty_read(!*wait, *n)),
        Op::Inq { .. } => number(tty.tiocinq()),
        Op::Outq { .. } => number(tty.tiocoutq()),
        Op::Poll { .. } => Outcome::Events(tty.poll().0),
        Op::Rare { call: Rare::Printk, .. } => {
            tty.port.printk_from_workqueue();
            Outcome::Number(0)
        }
        Op::Rare { call: Rare::Hold, .. } => done(tty.hold_ldisc()),
        Op::Rare { call: Rare::Pause, .. } => {
            tty.waiting.as_ref().map_or(Outcome::Skipped, |session| {
                session.pause();
                Outcome::Number(0)
            })
        }
        Op::Rare { call: Rare::Send(bytes), .. } => number(tty.tty_write(false, bytes)),
        Op::Rare { call: Rare::Await(events), .. } => Outcome::Events(tty.do_poll(events.0).0),
        Op::Flush { queue, .. } => done(tty.tcflush(tcflsh(*queue))),
        Op::Flow { action, .. } => done(tty.tcxonc(tcxonc(*action))),
        Op::Packet { on } => done(tty.pty_set_pktmode(*on)),
        Op::Sti { byte, .. } => done(tty.tiocsti(*byte)),
        Op::Setd { ldisc, .. } => done(tty.tty_set_ldisc(*ldisc)),
        Op::Checkpoint { design, label, .. } => peek(world, design, end, label),
        Op::Hangup { .. } => done(tty.tiocvhangup()),
        Op::Settle
        | Op::Close { .. }
        | Op::Open { .. }
        | Op::Signals
        | Op::Insert { .. }
        | Op::Restore { .. } => Outcome::Skipped,
    }
}

fn number(result: Result<usize, Errno>) -> Outcome {
    result.map_or_else(Outcome::Errno, |n| Outcome::Number(n as u64))
}

fn bytes(result: Result<Vec<u8>, Errno>) -> Outcome {
    result.map_or_else(Outcome::Errno, Outcome::Bytes)
}

fn done(result: Result<(), Errno>) -> Outcome {
    number(result.map(|()| 0))
}

/// Each of `signals` once, in the order of their numbers.
fn names(signals: &[Signal]) -> Vec<u8> {
    let distinct: BTreeSet<Signal> = signals.iter().copied().collect();
    let names: Vec<&str> = distinct.into_iter().map(Signal::name).collect();
    names.join(" ").into_bytes()
}

const fn char_flag(flag: CharFlag) -> u8 {
    match flag {
        CharFlag::Normal => TTY_NORMAL,
        CharFlag::Break => TTY_BREAK,
        CharFlag::Frame => TTY_FRAME,
        CharFlag::Parity => TTY_PARITY,
        CharFlag::Overrun => TTY_OVERRUN,
    }
}

const fn tcflsh(queue: Queue) -> tty_io::Queue {
    match queue {
        Queue::In => tty_io::Queue::In,
        Queue::Out => tty_io::Queue::Out,
        Queue::Both => tty_io::Queue::Both,
    }
}

const fn tcsetattr(when: When) -> tty_io::When {
    match when {
        When::Now => tty_io::When::Now,
        When::Drain => tty_io::When::Drain,
        When::Flush => tty_io::When::Flush,
    }
}

const fn tcxonc(action: FlowAction) -> tty_io::FlowAction {
    match action {
        FlowAction::Ooff => tty_io::FlowAction::OutputOff,
        FlowAction::Oon => tty_io::FlowAction::OutputOn,
        FlowAction::Ioff => tty_io::FlowAction::InputOff,
        FlowAction::Ion => tty_io::FlowAction::InputOn,
    }
}

/// A checkpoint call, with the ghost watching.
fn peek(world: &World, design: &DesignRef, end: End, label: &str) -> Outcome {
    let Some(design) = called(&world.setup, design) else { return Outcome::Skipped };
    let tty = world.end(end);
    let ticket = world.ticket(end);
    let result = caught(tty.rt, design.name(), || match world.kept.wants(label) {
        true => world.save(design, &tty, label),
        false => design.checkpoint(&tty),
    });
    tty.ghost.returned(&ticket, design.name(), result.as_deref().ok());
    bytes(result)
}

/// The design that a script's word stands for, if somebody peeks at all.
fn called(setup: &Setup, word: &DesignRef) -> Option<&'static dyn Design> {
    match word {
        DesignRef::This => setup.design,
        DesignRef::Named(name) => checkpoint::design(name),
        DesignRef::Ioctl(_) => None,
    }
}

/// Whether a run of `script` makes a checkpoint call on `at`.
pub(super) fn peeks(setup: &Setup, script: &Script, at: End) -> bool {
    script.lines().any(|line| match &line.op {
        Op::Checkpoint { end, design, .. } => *end == at && called(setup, design).is_some(),
        _ => false,
    })
}

/// The first line of `script` that this version cannot run on the model, and why.
#[must_use]
pub fn unsupported(script: &Script) -> Option<(&Line, String)> {
    let in_threads = script.items.iter().flat_map(|item| match item {
        Item::Threads(blocks) => blocks.iter().flat_map(|b| &b.lines).collect(),
        Item::Op(_) => Vec::new(),
    });
    for line in in_threads {
        let why = match line.op {
            Op::Settle => "a thread cannot settle: it is not alone",
            _ => continue,
        };
        return Some((line, why.to_owned()));
    }
    script.lines().find_map(|line| {
        let why = match &line.op {
            Op::Checkpoint { design: DesignRef::Ioctl(_), .. } => "the model has no ioctl numbers",
            _ => return None,
        };
        Some((line, why.to_owned()))
    })
}
