// SPDX-License-Identifier: GPL-2.0-only
//! Designs from outside the crate, with flaws planted: each gets its own verdict.

use super::designs::{EFFORT, broken};
use ttysim::checkpoint::Design;
use ttysim::errno::Errno;
use ttysim::ldisc_ref::Ldisc;
use ttysim::sync::Ordering;
use ttysim::tty_buffer::NULL;
use ttysim::tty_struct::TtyStruct;
use ttysim::verify::Property::{self, C1, C2, C3, C4};
use ttysim::verify::check::{Effort, Unit, units};

/// What a planted flaw does.
type Peek = fn(&TtyStruct) -> Result<Vec<u8>, Errno>;

struct Planted {
    name: &'static str,
    peek: Peek,
}

impl Design for Planted {
    fn name(&self) -> &'static str {
        self.name
    }
    fn about(&self) -> &'static str {
        "a planted flaw"
    }
    fn source(&self) -> &'static str {
        "this test"
    }
    fn checkpoint(&self, tty: &TtyStruct) -> Result<Vec<u8>, Errno> {
        (self.peek)(tty)
    }
}

fn judged(name: &'static str, peek: Peek) -> Vec<Property> {
    // Leaked: a design lives as long as the program, as a registered one does.
    let design: &'static Planted = Box::leak(Box::new(Planted { name, peek }));
    // Enough for a finding; the designs with flaws need not be explored to the end.
    let effort = Effort { executions: 20_000, ..EFFORT };
    let judge = |unit: &Unit<'static>| unit.run(1_000, &mut |_| true).expect("the scenario runs");
    let reports: Vec<_> = units(Some(design), &effort).iter().map(judge).collect();
    broken(&reports).into_iter().collect()
}

/// The right steps, with a place for a flaw in the result.
fn right(tty: &TtyStruct) -> Result<Vec<u8>, Errno> {
    let ld = tty.tty_ldisc_ref_wait().ok_or(Errno::EIO)?;
    if ld.ldisc != Ldisc::NTty {
        return Err(Errno::EOPNOTSUPP);
    }
    let buf = &tty.port.buf;
    let exclusive = buf.tty_buffer_lock_exclusive();
    let copied = tty.termios_rwsem.down_write_trylock("own.termios").map(|_held| {
        let ldata = &tty.disc_data;
        let tail = ldata.read_tail("own.read_tail", Ordering::Relaxed);
        let mut bytes = vec![0; ldata.read_head("own.read_head").wrapping_sub(tail)];
        ldata.copy_read_buf("own.read_buf", tail, &mut bytes);
        let mut buffer = exclusive.head("own.head");
        loop {
            let next = buffer.load_next("own.next", Ordering::Acquire);
            let commit = buffer.load_commit("own.commit", Ordering::Acquire);
            let read = buffer.read("own.read");
            let mut chars = vec![0; commit - read];
            buffer.copy_chars("own.chars", read, &mut chars);
            bytes.extend(chars);
            if next == NULL {
                return bytes;
            }
            buffer = buf.tty_buffer("own.follow", next);
        }
    });
    buf.tty_buffer_unlock_exclusive_restart(exclusive);
    copied.ok_or(Errno::EAGAIN)
}

#[test]
fn a_right_design_of_ones_own_passes() {
    assert_eq!(judged("right", right), []);
}

#[test]
fn a_design_that_drops_the_last_byte_breaks_the_cut() {
    let peek: Peek = |tty| {
        right(tty).map(|mut bytes| {
            bytes.pop();
            bytes
        })
    };
    assert_eq!(judged("short", peek), [C1]);
}

#[test]
fn a_design_that_reads_and_keeps_the_data_breaks_the_readers() {
    let peek: Peek = |tty| tty.tty_read(true, 64);
    assert!(judged("thief", peek).contains(&C2));
}

#[test]
fn a_design_that_reads_and_types_it_back_reorders() {
    let peek: Peek = |tty| {
        let bytes = tty.tty_read(true, 64)?;
        for byte in &bytes {
            tty.tiocsti(*byte)?;
        }
        Ok(bytes)
    };
    assert!(judged("drain", peek).contains(&C2));
}

#[test]
fn a_design_that_keeps_the_lock_stops_everybody() {
    let peek: Peek = |tty| {
        std::mem::forget(tty.port.buf.tty_buffer_lock_exclusive());
        Err(Errno::EAGAIN)
    };
    assert!(judged("forgetful", peek).contains(&C3));
}

#[test]
fn a_design_that_waits_for_the_worker_it_keeps_out_deadlocks() {
    let peek: Peek = |tty| {
        let _termios = tty.termios_rwsem.down_write("own.termios");
        tty.tty_buffer_flush_work();
        Err(Errno::EAGAIN)
    };
    assert_eq!(judged("flush-under-lock", peek), [C3]);
}

#[test]
fn a_design_that_walks_the_chain_without_the_lock_touches_freed_memory() {
    let peek: Peek = |tty| {
        let buf = &tty.port.buf;
        let exclusive = buf.tty_buffer_lock_exclusive();
        let head = exclusive.head("own.head");
        buf.tty_buffer_unlock_exclusive_restart(exclusive);
        let commit = head.load_commit("own.commit", Ordering::Acquire);
        let mut chars = vec![0; commit - head.read("own.read").min(commit)];
        head.copy_chars("own.chars", 0, &mut chars);
        Err(Errno::EAGAIN)
    };
    assert!(judged("unlocked", peek).contains(&C4));
}
