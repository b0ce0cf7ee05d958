// SPDX-License-Identifier: GPL-2.0-only
//! Producer against worker: what is committed reaches the reader, in order, whatever the order of
//! `commit`, `next` and the worker's loads of them.

use super::proof::Proof;
use std::sync::Arc;
use ttysim::sync::loom_rt::{Bounds, explore, quiet};
use ttysim::sync::{
    AtomicUsize, Body, Fresh, Name, Ordering, RaceBytes, Role, Runtime, Thread, run_threads,
};

#[test]
fn nothing_is_lost_between_them() {
    Proof {
        name: "producer + worker",
        script: "geometry n_tty_buf 8 ttyb_align 1 ttyb_page 2 mem_limit 64 write_chunk 8 \
                 read_chunk 4 throttle 1\n\
                 termios slave raw -echo\n\
                 write master \"a\"\n\
                 thread writer {\n    write master \"bc\"\n}\n",
        design: None,
        preemptions: None,
        blind: "sleeping readers; more than two tries of the worker",
    }
    .holds();
}

/// The link of two buffers, re-created: the producer fills the first, links the second and fills
/// it; the worker takes what it sees. `first` is the order in which the producer publishes.
fn link(commit: Ordering, commit_first: bool) -> bool {
    let explored = quiet(|| {
        explore(Bounds { preemptions: None, executions: 100_000 }, move || {
            let rt = Runtime::Loom;
            let name = |field| Name::new("", field);
            let chars = Arc::new(RaceBytes::new(rt, name("chars"), 2, Fresh::Uninit));
            let committed = Arc::new(AtomicUsize::new(rt, name("commit"), 0));
            let next = Arc::new(AtomicUsize::new(rt, name("next"), 0));
            let (c, k, n) = (Arc::clone(&chars), Arc::clone(&committed), Arc::clone(&next));
            let producer = move || {
                c.set("producer.chars", 0, b'a');
                let publish_commit = || k.store("producer.commit", 1, commit);
                let publish_next = || n.store("producer.next", 1, Ordering::Release);
                if commit_first {
                    publish_commit();
                    publish_next();
                } else {
                    publish_next();
                    publish_commit();
                }
            };
            let worker = move || {
                let linked = next.load("worker.next", Ordering::Acquire) == 1;
                let count = committed.load("worker.commit", Ordering::Acquire);
                if count > 0 {
                    chars.get("worker.chars", 0);
                }
                // A buffer that has a next is complete: freeing it now must lose nothing.
                assert!(!linked || count == 1, "lost tail");
            };
            let thread = |name: &str, body: Body| Thread {
                name: name.to_owned(),
                role: Role::Program,
                body,
            };
            run_threads(
                rt,
                vec![thread("producer", Box::new(producer)), thread("worker", Box::new(worker))],
            );
        })
    });
    explored.completed && explored.violation.is_none() && explored.panicked.is_none()
}

#[test]
fn publishing_in_another_way_is_caught() {
    assert!(link(Ordering::Release, true), "the kernel's way");
    assert!(!link(Ordering::Relaxed, true), "a relaxed commit");
    assert!(!link(Ordering::Release, false), "next before commit");
}
