// SPDX-License-Identifier: GPL-2.0-only
//! Several threads at once, under random schedules and natively.

use crate::*;

/// Anybody may go next.
struct Random(fastrand::Rng);

impl Policy for Random {
    fn pick(&mut self, point: &Point<'_>) -> Choice {
        let n = self.0.usize(..point.enabled.len());
        point.enabled.nth(n).map_or(Choice::Diverged, Choice::Run)
    }
}

/// A thread's name, and what it does to master and slave.
pub(crate) type Racer = (&'static str, fn(&TtyStruct, &TtyStruct));

/// On a tiny raw pair to whose slave `before` is on its way: runs `threads` and the slave's worker
/// under a random schedule, then `after`.
pub(crate) fn race(seed: u64, before: &[u8], threads: &[Racer], after: impl FnOnce(&Pair)) {
    race_with(raw(), seed, before, threads, after);
}

/// The same with other settings.
pub(crate) fn race_with(
    termios: Termios,
    seed: u64,
    before: &[u8],
    threads: &[Racer],
    after: impl FnOnce(&Pair),
) {
    let prepare = |pair: &Pair| {
        set(pair, termios);
        let _ = pair.master.tty_write(true, before);
    };
    race_from(prepare, seed, threads, after);
}

/// The same on a pair that `prepare` leaves.
pub(crate) fn race_from(
    prepare: impl FnOnce(&Pair),
    seed: u64,
    threads: &[Racer],
    after: impl FnOnce(&Pair),
) {
    let mut policy = Random(fastrand::Rng::with_seed(seed));
    race_under(&mut policy, &format!("seed {seed}"), prepare, threads, after);
}

/// The same under a schedule that `policy` chooses.
fn race_under(
    policy: &mut impl Policy,
    schedule: &str,
    prepare: impl FnOnce(&Pair),
    threads: &[Racer],
    after: impl FnOnce(&Pair),
) {
    let execution = execute(Config::default(), policy, || {
        let pair = fresh(Runtime::Seeded, &Geometry::tiny(8, 1));
        prepare(&pair);
        let mut all = vec![pair.slave.kworker_thread(4)];
        for &(name, body) in threads {
            let (master, slave) = (Arc::clone(&pair.master), Arc::clone(&pair.slave));
            all.push(Thread {
                name: name.to_owned(),
                role: Role::Program,
                body: Box::new(move || body(&master, &slave)),
            });
        }
        assert_eq!(run_threads(Runtime::Seeded, all), Rested::default());
        after(&pair);
    });
    assert!(execution.found.is_empty(), "{schedule}: {:?}", execution.found);
    assert_eq!(execution.end, End::Completed, "{schedule}: {:?}", execution.panic);
}

/// Data in the chain, room for it, and nobody on the way.
fn stalled(pair: &Pair) -> bool {
    let port = &pair.slave.port;
    port.buf.observe().unread > 0
        && !port.buf.work.observe_pending()
        && !pair.slave.disc_data.observe_no_room()
}

const PRODUCER: Racer = ("producer", |master, _| {
    assert_eq!(master.tty_write(true, b"ab"), Ok(2));
    assert_eq!(master.tty_write(true, b"cd"), Ok(2));
});

/// An exclusive user of the slave's chain, with the better unlock.
const BETTER: Racer = ("exclusive", |_, slave| {
    let buf = &slave.port.buf;
    let exclusive = buf.tty_buffer_lock_exclusive();
    buf.tty_buffer_unlock_exclusive_restart(exclusive);
});

#[test]
fn producer_worker_and_reader_race_cleanly() {
    let reader: Racer = ("reader", |_, slave| {
        let mut got = Vec::new();
        while got.len() < 4 {
            got.extend(slave.tty_read(false, 3).unwrap());
        }
        assert_eq!(got, b"abcd");
    });
    for seed in 0..3000 {
        race(seed, b"", &[PRODUCER, reader], |pair| assert!(!stalled(pair)));
    }
}

#[test]
fn the_kernels_unlock_stalls_what_is_behind_a_consumed_head() {
    // Museum W1.
    let sti: Racer = ("sti", |_, slave| {
        slave.tiocsti(b's').unwrap();
    });
    let mut found = 0;
    for seed in 0..3000 {
        race(seed, b"ab", &[sti], |pair| {
            found += u32::from(stalled(pair));
        });
    }
    assert!(found > 0);
}

#[test]
fn the_better_unlock_stalls_nothing() {
    for seed in 0..3000 {
        race(seed, b"ab", &[PRODUCER, BETTER], |pair| {
            assert!(!stalled(pair));
            assert_eq!(drain(pair, 64), b"ababcd");
        });
    }
}

#[test]
fn a_writer_that_sleeps_is_woken_though_the_line_is_overlong() {
    let full = |pair: &Pair| {
        set(pair, cooked());
        while pair.master.tty_write(true, b"x").is_ok() {}
    };
    // Nobody reads, and most of it is dropped: there is room in the chain again.
    let writer: Racer = ("writer", |master, _| {
        assert_eq!(master.tty_write(false, b"xyz"), Ok(3));
    });
    for seed in 0..200 {
        race_from(full, seed, &[writer], |pair| assert!(!stalled(pair)));
    }
}

#[test]
fn an_end_of_file_that_is_eaten_leaves_the_reader_all_its_room() {
    // It began raw, so it wants a byte, and goes on sleeping.
    let reader: Racer = ("reader", |_, slave| {
        assert_eq!(slave.tty_read(false, 1), Ok(b"a".to_vec()));
    });
    let typist: Racer = ("typist", |master, slave| {
        let lflag = lflag::ICANON | lflag::EXTPROC;
        slave.set_termios(Termios { lflag, ..raw() }).unwrap();
        assert_eq!(master.tty_write(true, b"\x04"), Ok(1));
        assert_eq!(master.tty_write(true, b"a"), Ok(1));
    });
    // The worker first, then the programs in their order.
    race_under(&mut First, "the first", |pair| set(pair, raw()), &[reader, typist], |_| ());
}

#[test]
fn native_threads_pass_everything() {
    // Without a ghost: natively a step and what it is told of it are two, and others come between.
    let pair = Pair::new(Runtime::Native, &Geometry::LINUX, PairGhosts::default());
    set(&pair, raw());
    let sent: Vec<u8> = (0..400_000u32).map(|i| (i % 253) as u8).collect();
    let (master, slave) = (Arc::clone(&pair.master), Arc::clone(&pair.slave));
    let written = sent.clone();
    let writer = Thread {
        name: "writer".to_owned(),
        role: Role::Program,
        body: Box::new(move || {
            assert_eq!(master.tty_write(false, &written), Ok(written.len()));
        }),
    };
    let reader = Thread {
        name: "reader".to_owned(),
        role: Role::Program,
        body: Box::new(move || {
            let mut got = Vec::new();
            while got.len() < sent.len() {
                got.extend(slave.tty_read(false, 1000).unwrap());
            }
            assert_eq!(got, sent);
        }),
    };
    let worker = pair.slave.kworker_thread(0);
    run_threads(Runtime::Native, vec![writer, reader, worker]);
}

/// On a tiny pair that echoes: somebody types, somebody writes, and both workers run.
fn typing_and_writing(seed: u64, typed: &'static [u8], after: impl FnOnce(&Pair)) {
    let mut policy = Random(fastrand::Rng::with_seed(seed));
    let execution = execute(Config::default(), &mut policy, || {
        let pair = fresh(Runtime::Seeded, &Geometry::tiny(16, 2));
        set(&pair, Termios { oflag: oflag::OPOST, ..Termios::SLAVE });
        let program = |name: &str, body: Box<dyn FnOnce() + Send>| Thread {
            name: name.to_owned(),
            role: Role::Program,
            body,
        };
        let (master, slave) = (Arc::clone(&pair.master), Arc::clone(&pair.slave));
        let typist = program(
            "typist",
            Box::new(move || assert_eq!(master.tty_write(true, typed), Ok(typed.len()))),
        );
        let writer = program(
            "writer",
            Box::new(move || {
                for out in [b"xy", b"z\t"] {
                    assert_eq!(slave.tty_write(true, out), Ok(2));
                }
            }),
        );
        let workers = [pair.slave.kworker_thread(4), pair.master.kworker_thread(4)];
        let all = [typist, writer].into_iter().chain(workers).collect();
        assert_eq!(run_threads(Runtime::Seeded, all), Rested::default());
        pair.settle();
        after(&pair);
    });
    assert!(execution.found.is_empty(), "seed {seed}: {:?}", execution.found);
    assert_eq!(execution.end, End::Completed, "seed {seed}: {:?}", execution.panic);
}

#[test]
fn echoes_and_output_mix_but_keep_their_orders() {
    let of = |all: &[u8], some: &[u8]| -> Vec<u8> {
        all.iter().copied().filter(|c| some.contains(c)).collect()
    };
    for seed in 0..3000 {
        typing_and_writing(seed, b"ab\x01c", |pair| {
            let all = drain_master(pair);
            assert_eq!(of(&all, b"ab^Ac"), b"ab^Ac", "{}", all.escape_ascii());
            assert_eq!(of(&all, b"xyz\t"), b"xyz\t", "{}", all.escape_ascii());
            assert!(all.windows(2).any(|pair| pair == b"^A"), "an operation is done whole");
        });
    }
}

#[test]
fn a_signal_beside_a_writer_breaks_nothing() {
    for seed in 0..3000 {
        typing_and_writing(seed, b"ab\x03c", |pair| {
            assert!(drain_master(pair).contains(&b'c'));
            assert_eq!(pair.slave.signals(), [Signal::SIGINT]);
        });
    }
}
