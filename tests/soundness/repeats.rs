// SPDX-License-Identifier: GPL-2.0-only
//! What an execution repeats of the last one is put back, not computed; and so is the program where the
//! explorer keeps it ([`ttysim::sync::seeded::Program`]). It must make no difference.

use crate::program::{Program, Shape};
use crate::weak::{self, Weak};
use std::cell::Cell;
use std::sync::Arc;
use ttysim::checkpoint::design;
use ttysim::sched::{Alternatives, Choice, Exhaustive, Point, Policy};
use ttysim::script::{Context, parse};
use ttysim::sync::Runtime;
use ttysim::sync::seeded::{Config, Execution, Memory, Program as Kept, execute};
use ttysim::verify::check::body;

/// The same explorer, which answers every question anew and keeps nothing.
struct Unaided<'a>(&'a mut Exhaustive);

impl Policy for Unaided<'_> {
    fn pick(&mut self, point: &Point<'_>) -> Choice {
        match self.0.repeat() {
            Some(thread) => Choice::Run(thread),
            None => self.0.pick(point),
        }
    }

    fn choose(&mut self, alternatives: &Alternatives<'_>) -> Option<usize> {
        self.0.repeat_choice().or_else(|| self.0.choose(alternatives))
    }
}

/// Explores `body` three ways, at most `most` executions; how many there were, and how many of them
/// began as the one before.
fn both(memory: Memory, most: u64, body: &dyn Fn()) -> (u64, u64) {
    let config = Config { record: true, max_steps: 10_000, memory };
    let [mut aided, mut unaided, mut kept] = [(); 3].map(|()| Exhaustive::under(memory));
    let mut program = Kept::new(body);
    let mut began_alike = 0;
    let mut last: Option<Execution> = None;
    for executions in 1..=most {
        let one = execute(config, &mut aided, body);
        let other = execute(config, &mut Unaided(&mut unaided), body);
        let third = program.execute(config, &mut kept);
        let what = |e: &Execution| {
            let found = format!("{:?}", e.found);
            (e.end, e.steps, e.hash, e.pending, e.enabled, e.blind, e.coarse, found)
        };
        for another in [&one, &third] {
            assert_eq!(what(another), what(&other));
            assert_eq!(another.trace, other.trace);
            assert_eq!((&another.names, &another.threads), (&other.names, &other.threads));
        }
        let alike = |last: &Execution| last.trace[..3.min(last.trace.len())] == one.trace[..3];
        began_alike += u64::from(last.is_some_and(|last| one.trace.len() > 3 && alike(&last)));
        let more = aided.advance(&one);
        assert_eq!(more, unaided.advance(&other));
        assert_eq!(more, kept.advance(&third));
        if !more {
            return (executions, began_alike);
        }
        last = Some(one);
    }
    (most, began_alike)
}

#[test]
fn a_beginning_that_is_put_back_is_the_same() {
    let (mut all, mut alike) = (0, 0);
    let mut add = |(executions, began_alike)| {
        all += executions;
        alike += began_alike;
    };
    for memory in Memory::ALL {
        for shape in [Shape::ThreeByThree, Shape::Gates, Shape::Crowd, Shape::Observed] {
            for seed in 0..20 {
                let program = Program::generate(shape, seed, memory);
                add(both(memory, 300, &|| {
                    program.run(Runtime::Seeded);
                }));
            }
        }
    }
    for shape in [weak::Shape::Strong, weak::Shape::Exchanges, weak::Shape::Locks] {
        for seed in 0..40 {
            let program = Weak::generate(shape, seed);
            add(both(Memory::Ra, 300, &|| {
                program.run(Runtime::Seeded);
            }));
        }
    }
    assert!(alike > all / 2, "{alike} of {all}: next to nothing was repeated");
}

/// Programs that are put back really are.
#[test]
fn a_program_is_put_back() {
    let text = include_str!("../../scenarios/four.tty");
    let script = Arc::new(parse(text, &Context::file("a script")).expect("a script"));
    let plain = body(design("exclusive-restart"), &script);
    let begins = Cell::new(0);
    let counted = || {
        begins.set(begins.get() + 1);
        plain();
    };
    let (mut policy, mut program) = (Exhaustive::under(Memory::Ra), Kept::new(&counted));
    let config = Config { record: true, max_steps: 10_000, memory: Memory::Ra };
    for _ in 0..400 {
        let execution = program.execute(config, &mut policy);
        assert!(policy.advance(&execution));
    }
    assert!(begins.get() < 40, "of 400 executions {} began at the start", begins.get());
}

/// A pair with everybody at it, then a second phase, which is behind what is kept.
const TWO_PHASES: &str = r#"
geometry n_tty_buf 4 ttyb_align 1 ttyb_page 2 mem_limit 64 write_chunk 8 read_chunk 4 throttle 1
termios slave raw -echo
write master "a"
thread writer {
    write master "b"
}
thread peeker {
    checkpoint this slave as A
}
write master "c"
thread reader {
    read slave 2
}
thread again {
    checkpoint this slave as B
}
"#;

#[test]
fn so_it_is_with_the_pipeline() {
    let (mut all, mut alike) = (0, 0);
    for text in [include_str!("../../scenarios/four.tty"), TWO_PHASES] {
        let script = Arc::new(parse(text, &Context::file("a script")).expect("a script"));
        for memory in Memory::ALL {
            for peek in [None, design("exclusive-restart"), design("peekraw-v2")] {
                let (executions, began_alike) = both(memory, 400, &body(peek, &script));
                all += executions;
                alike += began_alike;
            }
        }
    }
    assert!(alike > all / 2, "{alike} of {all}: next to nothing was repeated");
}
