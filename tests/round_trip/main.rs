// SPDX-License-Identifier: GPL-2.0-only
//! Every conformance script, cut in two at every place: whoever goes on with a pair that was made of
//! an image cannot tell (C6).
//!
//! # Data flow
//! A script of `tests/conformance/` -> the same with `checkpoint this master as A` and `restore A` in
//! front of its k-th operation -> a run in which the pair goes through its image as bytes -> the
//! answers of all other operations, and the signals, are those of the script as it is.
//!
//! Whose terminal the slave is, is no part of an image: whoever restores a session gives it its
//! terminal, as a fresh pair has one. So signals are not compared where a hangup had ended it.
//!
//! The scripts were written to find where model and kernel differ, so they leave a pair in every
//! corner there is; none of them was written for a checkpoint.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail")]

#[path = "../conformance/collect.rs"]
mod collect;

use std::path::Path;
use std::sync::Arc;
use ttysim::checkpoint::caller::{Caller, Refusal};
use ttysim::checkpoint::image::{decode, encode, max_size};
use ttysim::checkpoint::{Design, Kept, opaque};
use ttysim::errno::Errno;
use ttysim::run::{Observed, OpResult, Outcome, Setup, observe, unsupported};
use ttysim::sched::Random;
use ttysim::script::ast::{DesignRef, End, Item, Line, Op, Script};
use ttysim::script::{Context, parse};
use ttysim::sync::Runtime;
use ttysim::sync::pool::parallel_map;
use ttysim::sync::seeded::{Config, execute};
use ttysim::tty_struct::{Signal, TtyStruct};

/// The script that leaves data in the flip chain with nobody to take it on: a reopen does not
/// restart the work (museum W4). A restore does, so a stall of the kernel's is healed by it.
const HEALED: &str = "tests/conformance/found/reopen-restarts-nothing.tty";

/// `opaque-state`, with the bytes of an image between checkpoint and restore.
struct ThroughImage;

impl Design for ThroughImage {
    fn name(&self) -> &'static str {
        "opaque-state, through its image"
    }

    fn about(&self) -> &'static str {
        "a test"
    }

    fn source(&self) -> &'static str {
        "this file"
    }

    fn checkpoint(&self, _: &TtyStruct) -> Result<Vec<u8>, Errno> {
        panic!("every checkpoint here is restored")
    }

    fn save(&self, caller: &Caller<'_>, tty: &TtyStruct) -> Result<Kept, Refusal> {
        let state = opaque::checkpoint(caller, tty)?;
        assert_eq!(state.validate(), Ok(()), "what was saved exists");
        let bytes = encode(&state);
        assert!(bytes.len() <= max_size(&tty.geometry), "{} bytes", bytes.len());
        let read = decode(&bytes).expect("what was written can be read");
        assert_eq!(read, state);
        Ok(Kept::State(Box::new(read)))
    }

    fn restore(&self, caller: &Caller<'_>, kept: &Kept, fresh: &TtyStruct) -> Result<(), Refusal> {
        let Kept::State(state) = kept else { panic!("it keeps a state") };
        opaque::restore(caller, state, fresh)?;
        // A fixed point: nothing has happened to the restored pair yet.
        let again = opaque::checkpoint(caller, fresh)?;
        assert!(encode(&again) == encode(state), "not what was restored");
        Ok(())
    }
}

/// What a run comes to.
struct Run {
    /// What came of the script's own operations.
    results: Vec<OpResult>,
    /// The signals sent by each end.
    signals: [Vec<Signal>; 2],
    /// What became of the checkpoint, and of the restore.
    ours: Vec<Outcome>,
}

fn run(script: Script) -> Result<Run, String> {
    let setup = Setup { rt: Runtime::Seeded, design: Some(&ThroughImage) };
    let script = Arc::new(script);
    let mut observed = None;
    let execution = execute(Config::default(), &mut Random::new(1), || {
        observed = Some(observe(setup, &script));
    });
    let found = execution.found.into_iter().next().map(|f| f.violation.to_string());
    let Some(Observed { results, signals, .. }) = observed else {
        return Err(execution.panic.or(found).unwrap_or_else(|| "it did not end".to_owned()));
    };
    if let Some(found) = found {
        return Err(found);
    }
    let (ours, results) = results.into_iter().partition(|r: &OpResult| is_ours(&r.op));
    let ours: Vec<OpResult> = ours;
    Ok(Run { results, signals, ours: ours.into_iter().map(|r| r.outcome).collect() })
}

const fn is_ours(op: &Op) -> bool {
    matches!(op, Op::Checkpoint { .. } | Op::Restore { .. })
}

/// `script` with a checkpoint and a restore in front of its item `at`.
fn cut(script: &Script, at: usize) -> Script {
    let label = || "A".to_owned();
    let ours = [
        Op::Checkpoint { design: DesignRef::This, end: End::Master, label: label() },
        Op::Restore { label: label() },
    ];
    let mut cut = script.clone();
    let _ = cut.items.splice(at..at, ours.map(|op| Item::Op(Line::new(op))));
    cut
}

/// How the cuts of a script came out.
#[derive(Default)]
struct Came {
    restored: u64,
    /// There was nothing to checkpoint: a hangup, or another line discipline.
    nothing: u64,
    /// What was stuck in [`HEALED`] is not.
    healed: u64,
    wrong: Vec<String>,
}

fn every_cut(path: &Path) -> Came {
    let name = path.strip_prefix(env!("CARGO_MANIFEST_DIR")).unwrap_or(path).display().to_string();
    let text = std::fs::read_to_string(path).expect("a script");
    let script = parse(&text, &Context::file(&name)).expect("a script");
    let mut came = Came::default();
    if script.has_threads() || unsupported(&script).is_some() {
        return came;
    }
    // Some sleep for ever, as they do on the kernel: then so they must behind a restore.
    let original = run(script.clone());
    for at in 0..=script.items.len() {
        let told = match (&original, run(cut(&script, at))) {
            (Err(original), Err(e)) if *original == e => Ok(()),
            (Err(original), Ok(_)) => Err(format!("it comes to its end, and was: {original}")),
            (_, Err(e)) => Err(e),
            (Ok(original), Ok(run)) => match run.ours[..] {
                [
                    Outcome::Errno(Errno::EBADF | Errno::EIO | Errno::EOPNOTSUPP),
                    Outcome::Skipped,
                ] => {
                    came.nothing += 1;
                    Ok(())
                }
                [Outcome::Bytes(_), Outcome::Number(0)] => {
                    came.restored += 1;
                    same(original, &run, has_session(&script.items[..at]))
                }
                _ => Err(format!("checkpoint and restore give {:?}", run.ours)),
            },
        };
        if let Err(e) = told {
            if name == HEALED {
                came.healed += 1;
                continue;
            }
            came.wrong.push(format!("{name}, cut in front of operation {}: {e}", at + 1));
        }
    }
    came
}

/// Whether no hangup has ended the slave's session.
fn has_session(before: &[Item]) -> bool {
    let ends_it = |item: &Item| matches!(item, Item::Op(l) if matches!(l.op, Op::Hangup { .. }));
    !before.iter().any(ends_it)
}

/// Whether the two gave the same answers; with `signals`, and sent the same.
fn same(original: &Run, restored: &Run, signals: bool) -> Result<(), String> {
    let told = |run: &Run| -> Vec<OpResult> {
        run.results.iter().filter(|r| signals || r.op != Op::Signals).cloned().collect()
    };
    let (before, after) = (told(original), told(restored));
    if let Some((a, b)) = before.iter().zip(&after).find(|(a, b)| a.outcome != b.outcome) {
        return Err(format!("`{}` gives {:?}, not {:?}", a.op, b.outcome, a.outcome));
    }
    if before.len() != after.len() {
        return Err(format!("{} answers, not {}", after.len(), before.len()));
    }
    if signals && original.signals != restored.signals {
        return Err(format!("signals {:?}, not {:?}", restored.signals, original.signals));
    }
    Ok(())
}

#[test]
fn nobody_can_tell_where_a_conversation_was_cut() {
    let scripts =
        collect::scripts(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/conformance"));
    let all = parallel_map(2, &scripts, |_, path| every_cut(path));
    let (mut restored, mut nothing, mut healed, mut wrong) = (0, 0, 0, Vec::new());
    for came in all {
        restored += came.restored;
        nothing += came.nothing;
        healed += came.healed;
        wrong.extend(came.wrong);
    }
    println!("{restored} cuts restored, {nothing} with nothing to checkpoint");
    assert!(wrong.is_empty(), "{} of {restored}:\n{}", wrong.len(), wrong.join("\n"));
    assert!(restored > 6000, "only {restored} cuts");
    assert!(healed > 0, "nothing is healed any more: say so, and drop `HEALED`");
    assert!(nothing > 0 && nothing < restored / 10, "{nothing} with nothing to checkpoint");
}
