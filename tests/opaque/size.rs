// SPDX-License-Identifier: GPL-2.0-only
//! Size negotiation while producers run: every interleaving is served within the bound.

use super::fresh;
use std::sync::Arc;
use ttysim::checkpoint::caller::Caller;
use ttysim::checkpoint::{image, opaque};
use ttysim::fault::Faults;
use ttysim::geometry::Geometry;
use ttysim::sync::seeded::Memory;
use ttysim::sync::{Role, Runtime, Thread, note, run_threads};
use ttysim::tty_struct::TtyStruct;
use ttysim::verify::judge::{Plan, judge};
use ttysim::verify::{Property, Violation};

const TINY: Geometry = Geometry::tiny(4, 1);

/// Asks again with the larger of what was needed and twice what it had; how often it was refused.
fn negotiate(tty: &TtyStruct, first: usize) -> Option<usize> {
    let faults = Faults::none();
    let mut room = first;
    for refused in 0..=bound(first) {
        let caller = Caller { room, ..Caller::root(&faults) };
        match opaque::checkpoint(&caller, tty) {
            Ok(_) => return Some(refused),
            Err(refusal) => room = refusal.needed?.max(2 * room),
        }
    }
    None
}

/// `log2(max_size / first) + 1`.
fn bound(first: usize) -> usize {
    (image::max_size(&TINY) / first).ilog2() as usize + 1
}

#[test]
fn whoever_asks_again_is_served_whatever_producers_do() {
    let plan = Plan::everything(Memory::Sc, 200_000);
    let most = std::cell::Cell::new(0);
    let refusals = Arc::new(std::sync::Mutex::new(0));
    let body = || {
        let pair = fresh(&TINY);
        // Just enough for the pair as it is: a producer can always make it too small.
        let first = image::size_needed(&opaque::observe(&pair.slave));
        let (writer, caller) = (Arc::clone(&pair.master), Arc::clone(&pair.slave));
        let counted = Arc::clone(&refusals);
        let thread = |name: &str, body: Box<dyn FnOnce() + Send>| Thread {
            name: name.to_owned(),
            role: Role::Program,
            body,
        };
        let write = move || {
            for byte in [b"a", b"b", b"c"] {
                let _ = writer.tty_write(true, byte);
            }
        };
        let ask = move || match negotiate(&caller, first) {
            Some(refused) => {
                let mut most = counted.lock().expect("no panic");
                *most = refused.max(*most);
            }
            None => note(Runtime::Seeded, Violation::new(Property::C3, "starved", "never served")),
        };
        run_threads(
            Runtime::Seeded,
            vec![thread("writer", Box::new(write)), thread("caller", Box::new(ask))],
        );
    };
    let judged = judge(&plan, &body, &mut |_| true);
    most.set(*refusals.lock().expect("no panic"));
    assert!(judged.complete && judged.found.is_empty(), "{:?}", judged.found);
    assert!(most.get() > 0, "nobody was ever refused");
}
