// SPDX-License-Identifier: GPL-2.0-only
//! C6 on scripts made up: a conversation, cut in two by a checkpoint and a restore.
//!
//! # Data flow
//! seed and number -> [`pair`]: a [`dialogue()`] with the two lines somewhere in it, and at the end a
//! look at all that can be looked at -> [`judge`] -> [`Judged`]; what differs can be made smaller
//! ([`smaller`]).
//!
//! # Invariants
//! - The same seed and number give the same script, whoever runs it.
//! - What a design refuses counts as refused only where there is nothing to keep: an end without
//!   N_TTY, or a pair whose master is closed. Anywhere else it is a difference.
//!
//! No locks: each pair is a thread's own.

use super::round_trip::{Came, Difference, compare, run, without};
use crate::checkpoint::{Design, opaque};
use crate::compare::shrink::shrink;
use crate::errno::Errno;
use crate::geometry::Geometry;
use crate::ldisc_ref::Ldisc;
use crate::pty::Pair;
use crate::run::{Observed, Setup, observe};
use crate::sched::Random;
use crate::script::ast::{CharFlag, DesignRef, End, Item, Line, Op, Script};
use crate::script::generate::dialogue;
use crate::sync::Runtime;
use crate::sync::seeded::{Config, execute};
use crate::tty_struct::TTY_HUPPED;
use fastrand::Rng;
use std::sync::Arc;

/// The label of the one checkpoint.
const LABEL: &str = "A";

/// How many smaller scripts are tried for one difference.
const TRIES: usize = 300;

/// What came of a pair.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Judged {
    /// Nobody can tell.
    Same,
    /// There was nothing to keep, and the design said so.
    NothingToKeep,
    /// Somebody can, but would not if the works had been queued once more at that place: the original
    /// has characters in a chain, room for them, and no work queued. The kernel comes there by
    /// itself (museum W4: between a hangup and the next open; settings that make room, as without
    /// PARMRK). Both calls queue the works. Or works were queued over the
    /// checkpoint, and the original that was kept goes on as the copy does: a call may wait for them.
    WasStuck,
    /// Somebody can.
    Differs(Difference),
}

/// Script number `number` of `seed`: at most `ops` operations, a checkpoint, a restore, and a look.
#[must_use]
pub fn pair(seed: u64, number: u64, ops: usize) -> Script {
    // Far apart, so that the scripts of two seeds have nothing to do with each other.
    let mut rng = Rng::with_seed(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ number);
    let mut script = dialogue(&mut rng, ops);
    if rng.u8(..4) == 0 {
        // With fewer than 8 bytes PARMRK has no room for a character, and the worker no rest.
        script.geometry = Geometry::tiny(1 << rng.u32(3..8), 1 << rng.u32(..6));
    }
    if rng.u8(..8) == 0 {
        // Works stay queued over the checkpoint.
        script.auto_settle = Some(false);
    }
    for item in &mut script.items {
        if let Item::Op(Line { op: Op::Read { wait, .. }, .. }) = item {
            // Whoever sleeps is no script's prefix.
            *wait = false;
        }
    }
    let cut = rng.usize(..=script.items.len());
    let end = if rng.bool() { End::Master } else { End::Slave };
    let design = DesignRef::This;
    let checkpoint = Op::Checkpoint { design, end, label: LABEL.to_owned() };
    let ours = [checkpoint, Op::Restore { label: LABEL.to_owned() }];
    script.items.splice(cut..cut, ours.map(item));
    script.items.extend(look().map(item));
    script
}

const fn item(op: Op) -> Item {
    Item::Op(Line::new(op))
}

/// All that can be looked at, and then some typing and printing: what is hidden shows in that.
fn look() -> impl Iterator<Item = Op> {
    let read = |end, n| Op::Read { end, n, wait: false };
    let write = |end, bytes: &[u8]| Op::Write { end, bytes: bytes.to_vec() };
    let each = |f: &dyn Fn(End) -> Op| End::ALL.map(f);
    let mut ops = Vec::new();
    ops.extend(each(&|end| Op::Poll { end }));
    ops.extend(each(&|end| Op::Inq { end }));
    ops.extend(each(&|end| read(end, 3)));
    ops.push(write(End::Slave, b"\tx\n"));
    ops.push(write(End::Master, b"q\x7f\tw\x7f\n"));
    for _ in 0..3 {
        ops.extend(each(&|end| read(end, 8192)));
    }
    ops.push(Op::Flow { end: End::Slave, action: crate::script::FlowAction::Oon });
    ops.push(write(End::Master, b"\x11y\n"));
    for _ in 0..3 {
        ops.extend(each(&|end| read(end, 8192)));
    }
    ops.extend(each(&|end| Op::Poll { end }));
    ops.into_iter()
}

/// Judges `design` on `script`.
///
/// # Errors
/// The model broke down: in its own words.
pub fn judge(design: &'static dyn Design, script: &Script) -> Result<Judged, String> {
    let original = run(None, without(script))?;
    Ok(match compare(design, script, &original.observed)? {
        Came::Same => Judged::Same,
        Came::Differs(difference) => {
            let same =
                |other: Observed| Ok::<_, String>(compare(design, script, &other)? == Came::Same);
            let stuck = same(run(None, kicked(script))?.observed)?
                || waits(script) && same(run(Some(design), gone_on(script))?.observed)?;
            if stuck { Judged::WasStuck } else { Judged::Differs(difference) }
        }
        // What else was wrong is only this design's doing if it was right before.
        Came::Found(found) if original.found.is_none() => found_out(script, found),
        Came::Found(_) => Judged::Same,
        Came::Refused(errno) => refused(script, errno)?,
    })
}

fn found_out(script: &Script, found: String) -> Judged {
    let what =
        script.items.last().map_or_else(String::new, |_| "checkpoint and restore".to_owned());
    Judged::Differs(Difference { what, original: "nothing to find".to_owned(), restored: found })
}

/// What `look` sees of the pair just before the checkpoint of `script`. It looks while the execution
/// lasts: afterwards there is nothing to see.
fn before<R>(script: &Script, look: impl FnOnce(&Pair) -> R) -> Result<R, String> {
    let is_checkpoint =
        |item: &Item| matches!(item, Item::Op(Line { op: Op::Checkpoint { .. }, .. }));
    let items = script.items.iter().take_while(|item| !is_checkpoint(item)).cloned().collect();
    let script = Arc::new(Script { items, ..script.clone() });
    let setup = Setup { rt: Runtime::Seeded, design: None };
    let mut seen = None;
    let execution = execute(Config::default(), &mut Random::new(1), || {
        seen = Some(look(&observe(setup, &script).pair));
    });
    seen.ok_or_else(|| execution.panic.unwrap_or_else(|| "the beginning does not run".to_owned()))
}

/// `script` with one needless run of each worker in the place of its checkpoint and restore: a driver
/// pushes what it has not inserted.
pub(super) fn kicked(script: &Script) -> Script {
    let kick = |end: End| item(Op::Insert { end, bytes: Vec::new(), flag: CharFlag::Normal });
    let items = script.items.iter().flat_map(|old| match old {
        Item::Op(Line { op: Op::Checkpoint { .. }, .. }) => {
            [End::Master, End::Slave].map(kick).to_vec()
        }
        Item::Op(Line { op: Op::Restore { .. }, .. }) => Vec::new(),
        other => vec![other.clone()],
    });
    Script { items: items.collect(), ..script.clone() }
}

/// Whether works may wait over the checkpoint of `script`.
fn waits(script: &Script) -> bool {
    script.auto_settle == Some(false)
}

/// `script` where the original goes on after it was kept, and is restored when all is over.
fn gone_on(script: &Script) -> Script {
    let is_restore = |item: &&Item| matches!(item, Item::Op(Line { op: Op::Restore { .. }, .. }));
    let rest = script.items.iter().filter(|item| !is_restore(item));
    let restores = script.items.iter().filter(is_restore);
    Script { items: rest.chain(restores).cloned().collect(), ..script.clone() }
}

/// Whether it was right to refuse the checkpoint of `script`.
fn refused(script: &Script, errno: Errno) -> Result<Judged, String> {
    let slave =
        script.lines().any(|line| matches!(line.op, Op::Checkpoint { end: End::Slave, .. }));
    Ok(match before(script, |pair| reason(pair, slave))? {
        Some(_) => Judged::NothingToKeep,
        None => Judged::Differs(Difference {
            what: "checkpoint".to_owned(),
            original: "a pair to keep".to_owned(),
            restored: errno.to_string(),
        }),
    })
}

/// What is unread at `end` just before the checkpoint of `script`; nothing where it is right to refuse it.
pub(super) fn there_is(script: &Script, end: End) -> Result<Vec<u8>, String> {
    before(script, |pair| {
        let slave = end == End::Slave;
        let tty = if slave { &pair.slave } else { &pair.master };
        match reason(pair, slave) {
            Some(_) => Vec::new(),
            None => opaque::observe(tty).end(tty.subtype).unread(),
        }
    })
}

/// Why there is nothing to keep, or nobody to ask, with the checkpoint made on the slave or the master.
fn reason(pair: &Pair, slave: bool) -> Option<Errno> {
    let ends = [&pair.slave, &pair.master];
    let disc = |end: &crate::tty_struct::TtyStruct| end.ldisc.observe();
    if ends.iter().any(|end| disc(end).is_none() || end.flags.observe() & TTY_HUPPED != 0) {
        return Some(Errno::EIO);
    }
    // The master holds the slave open, too: 1 is closed.
    if pair.master.count.observe() == 0 || (slave && pair.slave.count.observe() < 2) {
        return Some(Errno::EBADF);
    }
    ends.iter().any(|end| disc(end) != Some(Ldisc::NTty)).then_some(Errno::EOPNOTSUPP)
}

/// The smallest script found that shows a difference too.
#[must_use]
pub fn smaller(design: &'static dyn Design, script: &Script) -> Script {
    let differs = |s: &Script| Ok::<_, ()>(matches!(judge(design, s), Ok(Judged::Differs(_))));
    shrink(script, TRIES, differs).unwrap_or_else(|()| script.clone())
}
