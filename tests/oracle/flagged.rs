// SPDX-License-Identifier: GPL-2.0-only
//! Breaks, and bytes of wrong parity or framing, as a serial driver brings them: model and oracle
//! make the same of them under any settings.
//!
//! No script can say this and no pty can do it, so the model is driven directly.

use crate::pair::Pair;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{Config, RngSeed, TestRunner};
use ttysim::geometry::Geometry;
use ttysim::pty::{Pair as Model, PairGhosts};
use ttysim::run::Outcome;
use ttysim::script::ast::{End, Op, When};
use ttysim::script::settings::{Setting, TermiosChange};
use ttysim::sync::Runtime;
use ttysim::termios::{Termios, iflag};
use ttysim::tty_buffer::{TTY_BREAK, TTY_FRAME, TTY_OVERRUN, TTY_PARITY};

/// What one step does.
#[derive(Clone, Debug)]
enum Step {
    /// Bytes come in, all of them with this flag.
    Insert(Vec<u8>, u8),
    /// Anything a script can say too.
    Op(Op),
}

const WORDS: &[&str] = &[
    "ignbrk", "brkint", "ignpar", "parmrk", "inpck", "istrip", "icanon", "echo", "isig", "noflsh",
    "extproc", "ixon", "iexten", "icrnl",
];

fn step() -> impl Strategy<Value = Step> {
    let byte = || select(b"abc\n\x03\x04\x16\x7f\0\xff\xff\x83".as_slice());
    let flag = select(&[TTY_BREAK, TTY_PARITY, TTY_FRAME, TTY_OVERRUN][..]);
    let word = (select(WORDS), any::<bool>())
        .prop_filter_map("no such word", |(word, on)| Setting::from_word(word, on));
    let read = |end, n| Op::Read { end, n, wait: false };
    let op = prop_oneof![
        3 => vec(byte(), 1..6).prop_map(|bytes| Op::Write { end: End::Master, bytes }),
        2 => vec(word, 1..4).prop_map(|settings| Op::Termios {
            end: End::Slave,
            change: TermiosChange(settings),
            when: When::Now,
        }),
        2 => select(&[1_usize, 64, 200][..]).prop_map(move |n| read(End::Slave, n)),
        1 => Just(read(End::Master, 200)),
        1 => Just(Op::Inq { end: End::Slave }),
    ];
    prop_oneof![
        1 => (vec(byte(), 1..4), flag).prop_map(|(bytes, flag)| Step::Insert(bytes, flag)),
        2 => op.prop_map(Step::Op),
    ]
}

/// What the model makes of a step, the workers resting after it.
fn on_model(model: &Model, step: &Step) -> Option<Outcome> {
    let bytes = |read: Result<Vec<u8>, _>| read.map_or_else(Outcome::Errno, Outcome::Bytes);
    let number = |n: Result<usize, _>| n.map_or_else(Outcome::Errno, |n| Outcome::Number(n as u64));
    let slave = &model.slave;
    let outcome = match step {
        Step::Insert(chars, flag) => {
            slave.port.buf.insert_and_push(&slave.port.lock, chars, *flag);
            None
        }
        Step::Op(Op::Write { bytes, .. }) => Some(number(model.master.tty_write(true, bytes))),
        Step::Op(Op::Termios { change, .. }) => {
            let mut termios = slave.get_termios();
            change.apply(&mut termios);
            Some(number(slave.set_termios(termios).map(|()| 0)))
        }
        Step::Op(Op::Read { end: End::Slave, n, .. }) => Some(bytes(slave.tty_read(true, *n))),
        Step::Op(Op::Read { n, .. }) => Some(bytes(model.master.tty_read(true, *n))),
        Step::Op(_) => Some(number(slave.tiocinq())),
    };
    model.settle();
    outcome
}

fn on_oracle(oracle: &mut Pair, step: &Step) -> Option<Outcome> {
    match step {
        Step::Insert(chars, flag) => {
            oracle.insert(End::Slave, chars, *flag);
            None
        }
        Step::Op(op) => oracle.perform(op),
    }
}

#[test]
fn breaks_and_errors_are_received_as_the_oracle_says() {
    let config = Config {
        cases: 4_000,
        rng_seed: RngSeed::Fixed(1984),
        failure_persistence: None,
        ..Config::default()
    };
    let tried = TestRunner::new(config).run(&vec(step(), 1..40), |steps| {
        let mut oracle = Pair::new();
        let model = Model::new(Runtime::Native, &Geometry::LINUX, PairGhosts::default());
        for step in &steps {
            let told = on_oracle(&mut oracle, step);
            if oracle.beyond.is_some() {
                break;
            }
            prop_assert_eq!(told, on_model(&model, step), "{:?}", step);
        }
        Ok(())
    });
    if let Err(failed) = tried {
        panic!("{failed}");
    }
}

#[test]
fn a_marked_byte_needs_parmrk_and_inpck() {
    let read = |iflags: u32| {
        let model = Model::new(Runtime::Native, &Geometry::LINUX, PairGhosts::default());
        let raw = Termios { iflag: iflags, lflag: 0, ..Termios::SLAVE };
        model.slave.set_termios(raw).unwrap();
        on_model(&model, &Step::Insert(b"!".to_vec(), TTY_PARITY));
        model.slave.tty_read(true, 64).unwrap()
    };
    assert_eq!(read(iflag::PARMRK | iflag::INPCK), b"\xff\0!");
    assert_eq!(read(iflag::PARMRK), b"!");
    assert_eq!(read(iflag::INPCK), b"\0");
}

/// A raw terminal, with each of `words` on whose bit in `which` is.
fn raw_with(words: &[&str], which: usize) -> Step {
    let raw = ["raw", "echo"].map(|word| Setting::from_word(word, word == "raw"));
    let some = words.iter().enumerate().map(|(i, w)| Setting::from_word(w, which >> i & 1 == 1));
    let change = raw.into_iter().chain(some).collect::<Option<Vec<_>>>().map(TermiosChange);
    Step::Op(Op::Termios { end: End::Slave, change: change.unwrap(), when: When::Now })
}

#[test]
fn each_setting_of_a_raw_terminal_decides_what_becomes_of_a_flag() {
    const LOOK_AT_FLAGS: [&str; 5] = ["ignbrk", "brkint", "ignpar", "parmrk", "inpck"];
    let write = |bytes: &[u8]| Step::Op(Op::Write { end: End::Master, bytes: bytes.to_vec() });
    for which in 0..1 << LOOK_AT_FLAGS.len() {
        for flag in [TTY_BREAK, TTY_PARITY, TTY_FRAME, TTY_OVERRUN] {
            let mut oracle = Pair::new();
            let model = Model::new(Runtime::Native, &Geometry::LINUX, PairGhosts::default());
            for step in [
                raw_with(&LOOK_AT_FLAGS, which),
                write(b"a"),
                Step::Insert(b"!\0".to_vec(), flag),
                write(b"b"),
                Step::Op(Op::Read { end: End::Slave, n: 64, wait: false }),
            ] {
                let told = on_oracle(&mut oracle, &step);
                assert_eq!(oracle.beyond, None);
                assert_eq!(told, on_model(&model, &step), "{which:05b} {flag}: {step:?}");
            }
        }
    }
}

#[test]
fn an_overlong_line_ignores_parity_errors_only() {
    let step = |op| Step::Op(op);
    let write = |bytes: &[u8]| step(Op::Write { end: End::Master, bytes: bytes.to_vec() });
    let read = || step(Op::Read { end: End::Slave, n: 4096, wait: false });
    let words = ["-echo", "inpck"].map(|word| {
        Setting::from_word(word.trim_start_matches('-'), !word.starts_with('-')).unwrap()
    });
    let change = TermiosChange(words.to_vec());
    for flag in [TTY_BREAK, TTY_PARITY, TTY_FRAME, TTY_OVERRUN] {
        let mut oracle = Pair::new();
        let model = Model::new(Runtime::Native, &Geometry::LINUX, PairGhosts::default());
        for step in [
            write(&[b'a'; 2048]),
            write(&[b'b'; 2047]),
            step(Op::Termios { end: End::Slave, change: change.clone(), when: When::Now }),
            Step::Insert(b"!".to_vec(), flag),
            write(b"\n"),
            read(),
            read(),
        ] {
            let told = on_oracle(&mut oracle, &step);
            assert_eq!(oracle.beyond, None, "{flag}");
            assert_eq!(told, on_model(&model, &step), "{flag}: {step:?}");
        }
    }
}
