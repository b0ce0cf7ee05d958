// SPDX-License-Identifier: GPL-2.0-only
//! Worker against reader: the reader takes what is published, the worker never writes over what is
//! unread, and a worker that stopped for want of room is started again.

use super::proof::Proof;
use std::sync::Arc;
use ttysim::sync::loom_rt::{Bounds, explore, quiet};
use ttysim::sync::{AtomicUsize, Body, Name, Ordering, Role, Runtime, Thread, fence, run_threads};

const HANDOVER: Proof = Proof {
    name: "worker + reader",
    script: "geometry n_tty_buf 4 ttyb_align 1 ttyb_page 1 mem_limit 64 write_chunk 8 \
             read_chunk 4 throttle 1\n\
             worker-runs 1\n\
             termios slave raw -echo\n\
             write master \"a\"\n\
             settle\n\
             write master \"b\"\n\
             thread reader {\n    read slave 1\n}\n",
    design: None,
    preemptions: None,
    blind: "a reader's earlier load hidden by the worker's store (gap.rs)",
};

#[test]
fn what_is_published_is_read() {
    HANDOVER.holds();
}

#[test]
fn room_is_not_forgotten() {
    Proof {
        name: "worker + reader, one byte of room",
        script: "geometry n_tty_buf 2 ttyb_align 1 ttyb_page 1 mem_limit 64 write_chunk 8 \
                 read_chunk 2 throttle 1\n\
                 worker-runs 1\n\
                 termios slave raw -echo\n\
                 write master \"a\"\n\
                 settle\n\
                 write master \"b\"\n\
                 thread reader {\n    read slave 1\n}\n",
        blind: "a second run of the worker; what gap.rs shows",
        ..HANDOVER
    }
    .holds();
}

/// The handshake of `no_room` and `read_tail`, re-created. True if nobody is left waiting.
fn handshake(barriers: bool) -> bool {
    let explored = quiet(|| {
        explore(Bounds { preemptions: None, executions: 100_000 }, move || {
            let rt = Runtime::Loom;
            let word = |field| Arc::new(AtomicUsize::new(rt, Name::new("", field), 0));
            let (no_room, read_tail, kicked) = (word("no_room"), word("read_tail"), word("kick"));
            let barrier = move |site| {
                if barriers {
                    fence(rt, site, Ordering::SeqCst);
                }
            };
            let (n, t, k) = (Arc::clone(&no_room), Arc::clone(&read_tail), Arc::clone(&kicked));
            let worker = move || {
                n.store("worker.no_room", 1, Ordering::Relaxed);
                barrier("worker.smp_mb");
                if t.load("worker.read_tail", Ordering::Relaxed) == 1 {
                    k.fetch_add("worker.kick", 1, Ordering::AcqRel);
                }
            };
            let k = Arc::clone(&kicked);
            let reader = move || {
                read_tail.store("reader.read_tail", 1, Ordering::Release);
                barrier("reader.smp_mb");
                if no_room.load("reader.no_room", Ordering::Relaxed) == 1 {
                    k.fetch_add("reader.kick", 1, Ordering::AcqRel);
                }
            };
            let thread = |name: &str, body: Body| Thread {
                name: name.to_owned(),
                role: Role::Program,
                body,
            };
            run_threads(
                rt,
                vec![thread("worker", Box::new(worker)), thread("reader", Box::new(reader))],
            );
            assert!(kicked.load("end.kick", Ordering::Acquire) > 0, "nobody kicked");
        })
    });
    explored.completed && explored.panicked.is_none()
}

#[test]
fn a_missing_barrier_is_caught() {
    assert!(handshake(true), "the kernel's way");
    assert!(!handshake(false), "without smp_mb");
}
