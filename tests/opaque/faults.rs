// SPDX-License-Identifier: GPL-2.0-only
//! Whatever fails, at whatever point: nothing is lost in the source, and there is never half a
//! restore.

use super::{alone, busy, fresh, named};
use ttysim::checkpoint::caller::{Caller, Refusal};
use ttysim::checkpoint::state::PairState;
use ttysim::checkpoint::{Kept, image, opaque};
use ttysim::errno::Errno;
use ttysim::fault::{Fault, Faults, every};
use ttysim::geometry::Geometry;
use ttysim::pty::Pair;
use ttysim::termios::lflag;

const TINY: Geometry = Geometry::tiny(16, 4);

fn state() -> PairState {
    let faults = Faults::none();
    opaque::checkpoint(&Caller::root(&faults), &busy(&TINY).slave).expect("a checkpoint")
}

#[test]
fn a_checkpoint_that_fails_changes_nothing_and_can_be_made_again() {
    alone(|| {
        let pair = busy(&TINY);
        let before = opaque::observe(&pair.slave);
        let runs = every(|faults| {
            let answer = opaque::checkpoint(&Caller::root(faults), &pair.slave);
            let right = faults.happened().map(|fault| Refusal::from(fault.errno()));
            assert_eq!(answer.as_ref().err(), right.as_ref());
            assert_eq!(opaque::observe(&pair.slave), before);
        });
        // Memory, four locks that a signal can interrupt, each byte of the copy, and none.
        assert_eq!(runs, 1 + 4 + image::size_needed(&before) + 1);
    });
}

#[test]
fn a_restore_that_fails_leaves_a_fresh_pair_and_can_be_made_again() {
    alone(|| {
        let state = state();
        let pair = fresh(&TINY);
        let before = opaque::observe(&pair.slave);
        let mut failed = Vec::new();
        every(|faults| {
            let answer = opaque::restore(&Caller::root(faults), &state, &pair.master);
            let Some(fault) = faults.happened() else {
                assert_eq!(answer, Ok(()));
                return;
            };
            assert_eq!(answer, Err(fault.errno().into()));
            assert_eq!(opaque::observe(&pair.slave), before, "after {fault:?}");
            failed.push(fault);
        });
        assert_eq!(opaque::observe(&pair.slave), state);
        for fault in [Fault::Allocation, Fault::Signal, Fault::Copy] {
            assert!(failed.contains(&fault), "{fault:?}");
        }
    });
}

#[test]
fn a_restore_refuses_what_is_no_state_and_what_is_no_fresh_pair() {
    alone(|| {
        let state = state();
        let none = Faults::none();
        let root = Caller::root(&none);
        let refused = |state: &PairState, pair: &Pair| {
            let before = opaque::observe(&pair.slave);
            let answer = opaque::restore(&root, state, &pair.slave);
            assert_eq!(opaque::observe(&pair.slave), before);
            answer.expect_err("refused").errno
        };
        let mut wrong = state.clone();
        wrong.slave.n_tty.read_tail = 16;
        assert_eq!(refused(&wrong, &fresh(&TINY)), Errno::EINVAL);
        // A master that sends signals would turn the locks' order round.
        let mut signals = state.clone();
        signals.master.termios.lflag |= lflag::ISIG;
        assert_eq!(refused(&signals, &fresh(&TINY)), Errno::EINVAL);
        assert_eq!(refused(&state, &fresh(&Geometry::tiny(32, 4))), Errno::EINVAL);
        assert_eq!(refused(&state, &busy(&TINY)), Errno::EBUSY);
        let closed = fresh(&TINY);
        closed.slave.tty_release();
        assert_eq!(refused(&state, &closed), Errno::EBUSY);
    });
}

#[test]
fn flag_bytes_are_carried() {
    alone(|| {
        let pair = busy(&TINY);
        let port = &pair.slave.port;
        port.buf.insert_and_push(&port.lock, b"!?", ttysim::tty_buffer::TTY_PARITY);
        let none = Faults::none();
        let root = Caller::root(&none);
        let state = opaque::checkpoint(&root, &pair.slave).expect("a checkpoint");
        let last = state.slave.flip.buffers.last().expect("a buffer");
        assert_eq!(last.flags.as_deref(), Some([3, 3].as_slice()));
        assert_eq!((last.commit, last.used()), (2, 2));
        let other = fresh(&TINY);
        assert_eq!(opaque::restore(&root, &state, &other.slave), Ok(()));
        assert_eq!(opaque::observe(&other.slave), state);
    });
}

#[test]
fn a_drain_that_fails_at_byte_k_has_lost_the_rest() {
    alone(|| {
        let mut lost = 0;
        every(|faults| {
            let pair = busy(&TINY);
            pair.settle();
            let before = opaque::observe(&pair.slave);
            let kept = named("userspace-drain").save(&Caller::root(faults), &pair.slave);
            pair.settle();
            if faults.happened().is_some() {
                assert!(kept.is_err());
                lost += usize::from(opaque::observe(&pair.slave) != before);
            } else {
                assert!(matches!(kept, Ok(Kept::Bytes(_))));
            }
        });
        assert!(lost > 3, "{lost}");
    });
}

#[test]
fn a_busy_lock_refuses_who_does_not_wait() {
    alone(|| {
        let pair = busy(&TINY);
        let none = Faults::none();
        let caller = Caller { nonblock: true, ..Caller::root(&none) };
        let refused = || {
            let answer = named("opaque-state").save(&caller, &pair.slave);
            assert_eq!(answer.map_err(|r| r.errno).err(), Some(Errno::EAGAIN));
        };
        for end in [&pair.master, &pair.slave] {
            let held = end.termios_rwsem.down_read("test.termios_rwsem");
            refused();
            drop(held);
            let held = end.port.buf.lock.lock("test.buf_lock");
            refused();
            drop(held);
        }
        assert!(named("opaque-state").save(&caller, &pair.slave).is_ok());
    });
}
