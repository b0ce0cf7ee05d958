// SPDX-License-Identifier: GPL-2.0-only
//! C7 of a restore that is given a state: refused like the call that kept it, and nothing is half done.
//!
//! No locks: each condition is an execution of its own.

use super::{
    Condition, ENDS, LOCKS, asked, fresh_pair, left_alone, other_errno, pair_on, seen, wrongly,
};
use crate::checkpoint::caller::{Caller, Refusal};
use crate::checkpoint::state::PairState;
use crate::checkpoint::{Design, Kept};
use crate::fault::{Faults, every};
use crate::machine::{Driver, Machine};
use crate::tty_struct::{PtyType, TtyStruct};

/// A violation in one sentence. What is not kept, or is not restored anyway, is judged elsewhere.
pub(super) fn judge(design: &'static dyn Design, condition: Condition) -> Option<String> {
    let pair = pair_on(Machine::default());
    let kept = design.save(&Caller::root(&Faults::none()), &pair.slave).ok()?;
    let Kept::State(state) = &kept else { return None };
    let call = |caller: &Caller<'_>, tty: &TtyStruct| design.restore(caller, &kept, tty);
    match condition {
        // A restore has no buffer to fill, and nobody uses a fresh pair.
        Condition::TooSmall | Condition::NotStopped => None,
        Condition::Faults => faults(&call),
        Condition::Busy => LOCKS.into_iter().find_map(|lock| {
            refused(condition, PtyType::Slave, &|caller, tty| {
                lock.around(tty, || call(caller, tty))
            })
        }),
        Condition::NotFresh => refused(condition, PtyType::Slave, &call),
        Condition::NoState => broken(state).into_iter().find_map(|state| {
            let kept = Kept::State(Box::new(state));
            refused(condition, PtyType::Slave, &|caller, tty| design.restore(caller, &kept, tty))
        }),
        Condition::OtherDriver => everywhere(condition, &call).or_else(|| served(&call)),
        _ => everywhere(condition, &call),
    }
}

fn everywhere(condition: Condition, call: &Call<'_>) -> Option<String> {
    ENDS.into_iter().find_map(|end| refused(condition, end, call))
}

/// A virtual terminal is restored as a pty is.
fn served(call: &Call<'_>) -> Option<String> {
    let pair = fresh_pair(Machine { driver: Driver::Vt, ..Machine::default() });
    let answer = call(&Caller::root(&Faults::none()), &pair.slave);
    answer.err().map(|refusal| format!("the restore of a Vt is refused with {refusal}"))
}

/// A restore call.
type Call<'c> = dyn Fn(&Caller<'_>, &TtyStruct) -> Result<(), Refusal> + 'c;

/// Asked on `end` of a fresh pair, it is refused.
fn refused(condition: Condition, end: PtyType, call: &Call<'_>) -> Option<String> {
    let pair = match condition {
        Condition::NotFresh => pair_on(Machine::default()),
        _ => fresh_pair(condition.machine()),
    };
    condition.bring_about(&pair, end);
    let before = seen(&pair);
    let faults = Faults::none();
    let answer = call(&condition.caller(&faults), asked(&pair, end));
    if answer.is_ok() && condition == Condition::Busy {
        // It did without that lock.
        return None;
    }
    let wrong = match answer {
        Ok(()) => Some("the restore is not refused".to_owned()),
        Err(refusal) => wrongly(&refusal, condition),
    };
    left_alone(wrong, &before, &pair).map(of_restore)
}

fn of_restore(what: String) -> String {
    what.replace("it is refused", "the restore is refused")
}

/// Whatever fails, the fresh pair is as fresh as it was.
fn faults(call: &Call<'_>) -> Option<String> {
    let mut found = None;
    every(|faults| {
        if found.is_some() {
            return;
        }
        let pair = fresh_pair(Machine::default());
        let before = seen(&pair);
        let answer = call(&Caller::root(faults), &pair.slave);
        let Some(fault) = faults.happened() else { return };
        let wrong = match &answer {
            Ok(()) => Some("the restore says that it worked".to_owned()),
            Err(_) => other_errno(&answer, fault),
        };
        let what = left_alone(wrong, &before, &pair).map(of_restore);
        found = what.map(|what| format!("{fault:?} fails: {what}"));
    });
    found
}

/// What no pair can be in, as `state` is.
fn broken(state: &PairState) -> Vec<PairState> {
    let breaks: [fn(&mut PairState); 5] = [
        |s| s.slave.n_tty.read_tail = s.slave.layout.n_tty_buf,
        |s| s.slave.n_tty.unread.clear(),
        |s| s.slave.n_tty.echo.commit = s.slave.n_tty.echo.head + 1,
        |s| s.master.termios.lflag |= crate::termios::lflag::ISIG,
        |s| s.slave.layout.n_tty_buf *= 2,
    ];
    let broken = breaks.into_iter().map(|one| {
        let mut state = state.clone();
        one(&mut state);
        state
    });
    broken.collect()
}
