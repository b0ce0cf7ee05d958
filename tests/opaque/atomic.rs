// SPDX-License-Identifier: GPL-2.0-only
//! Close, hangup, `TIOCSETD` and others at any point of a checkpoint or a restore: in every
//! interleaving the answer and the pair at the end are those of one of the two orders.

use super::{busy, fresh};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use ttysim::checkpoint::caller::{Caller, Refusal};
use ttysim::checkpoint::opaque;
use ttysim::checkpoint::state::PairState;
use ttysim::errno::Errno;
use ttysim::fault::Faults;
use ttysim::geometry::Geometry;
use ttysim::pty::Pair;
use ttysim::sync::seeded::Memory;
use ttysim::sync::{Role, Runtime, Thread, note, run_threads};
use ttysim::termios::Termios;
use ttysim::verify::judge::{Plan, judge};
use ttysim::verify::{Property, Violation};

const TINY: Geometry = Geometry::tiny(4, 2);

/// What somebody else does meanwhile.
type Other = fn(&Pair);

const OTHERS: [(&str, Other); 6] = [
    ("close of the slave", |pair| pair.slave.tty_release()),
    ("close of the master", |pair| pair.master.tty_release()),
    ("TIOCSETD", |pair| assert_ne!(pair.slave.tty_set_ldisc(27), Err(Errno::EINVAL))),
    ("TCSETS", |pair| assert_eq!(pair.slave.set_termios(Termios::MASTER), Ok(()))),
    ("write", |pair| assert_eq!(pair.master.tty_write(true, b"z"), Ok(1))),
    ("TIOCPKT", |pair| assert_eq!(pair.master.pty_set_pktmode(true), Ok(()))),
];

/// What can be told of a call, and of the pair at the end.
type Told = (Result<Option<PairState>, Refusal>, PairState);

fn checkpoint(pair: &Pair) -> Result<Option<PairState>, Refusal> {
    opaque::checkpoint(&Caller::root(&Faults::none()), &pair.slave).map(Some)
}

fn explore(make: fn() -> Arc<Pair>, call: fn(&Pair) -> Result<Option<PairState>, Refusal>) {
    let plan = Plan::everything(Memory::Sc, 100_000);
    for (name, other) in OTHERS {
        let told = |call_first: bool| -> Told {
            let pair = make();
            let answer = if call_first {
                let answer = call(&pair);
                other(&pair);
                answer
            } else {
                other(&pair);
                call(&pair)
            };
            (answer, opaque::observe(&pair.slave))
        };
        let seen: Arc<Mutex<BTreeMap<usize, u64>>> = Arc::default();
        let body = || {
            let right = [told(true), told(false)];
            let pair = make();
            let answer = Arc::new(Mutex::new(None));
            let (one, two, slot) = (Arc::clone(&pair), Arc::clone(&pair), Arc::clone(&answer));
            let thread = |name: &str, body: Box<dyn FnOnce() + Send>| Thread {
                name: name.to_owned(),
                role: Role::Program,
                body,
            };
            let calls = move || {
                let answer = call(&one);
                *slot.lock().expect("no panic") = Some(answer);
            };
            run_threads(
                Runtime::Seeded,
                vec![
                    thread("caller", Box::new(calls)),
                    thread("other", Box::new(move || other(&two))),
                ],
            );
            let answer = answer.lock().expect("no panic").take();
            let now = opaque::observe(&pair.slave);
            match answer
                .map(|answer| right.iter().position(|r| *r == (answer.clone(), now.clone())))
            {
                Some(Some(order)) => {
                    *seen.lock().expect("no panic").entry(order).or_default() += 1;
                }
                _ => note(
                    Runtime::Seeded,
                    Violation::new(Property::C2, "torn", "neither order gives this"),
                ),
            }
        };
        let judged = judge(&plan, &body, &mut |_| true);
        assert!(judged.complete, "{name}: {} executions", judged.executions);
        assert!(judged.found.is_empty(), "{name}: {:?}", judged.found);
        assert_eq!(judged.panicked, None, "{name}");
        assert_eq!(seen.lock().expect("no panic").len(), 2, "{name}: both orders happen");
    }
}

#[test]
fn a_checkpoint_comes_before_or_after_whatever_else_is_done() {
    explore(|| busy(&TINY), checkpoint);
}

#[test]
fn a_restore_comes_before_or_after_whatever_else_is_done() {
    explore(
        || fresh(&TINY),
        |pair| {
            let source = busy(&TINY);
            let state = checkpoint(&source)?;
            let faults = Faults::none();
            let state = state.unwrap_or_else(|| opaque::observe(&source.slave));
            opaque::restore(&Caller::root(&faults), &state, &pair.slave).map(|()| None)
        },
    );
}
