// SPDX-License-Identifier: GPL-2.0-only
//! The oracle beside the model, on scripts made up by proptest and by the project's generator.

use crate::pair::Pair;
use crate::scripts::any_script;
use fastrand::Rng;
use proptest::test_runner::{Config, RngSeed, TestCaseError, TestError, TestRunner};
use std::fmt::Write as _;
use std::sync::Arc;
use ttysim::run::{Outcome, Setup, run};
use ttysim::script::ast::{End, Item, Line, Op, When};
use ttysim::script::generate::{Profile, script};
use ttysim::script::settings::{Flag, Setting, TermiosChange};
use ttysim::script::{Context, Script, parse};
use ttysim::sync::Runtime;

/// What the model is known not to do as the kernel does, and how the oracle sees it come. A script
/// is compared until then. Each entry was tried on a real pty: the oracle is right.
const MODEL_GAPS: &[(&str, Gap)] = &[];

/// Whether a gap applies.
type Gap = fn(&Pair) -> bool;

/// Where oracle and model part.
pub(crate) struct Difference {
    pub(crate) at: usize,
    pub(crate) oracle: Outcome,
    pub(crate) model: Outcome,
}

/// What the oracle says of each line until it knows no more, and why it stops there.
pub(crate) fn oracle(script: &Script) -> (Vec<Outcome>, Option<&'static str>) {
    let mut pair = Pair::new();
    let outcomes = script.lines().map_while(|line| pair.perform(&line.op)).collect();
    (outcomes, pair.beyond)
}

/// The first difference, if there is one.
pub(crate) fn difference(script: &Script) -> Option<Difference> {
    let mut pair = Pair::new();
    let in_gap = |pair: &Pair| MODEL_GAPS.iter().any(|(_, met)| met(pair));
    let known: Vec<Outcome> = script
        .lines()
        .map_while(|line| pair.perform(&line.op).filter(|_| !in_gap(&pair)))
        .collect();
    let mut script = script.clone();
    script.items.truncate(known.len());
    let script = Arc::new(script);
    let run = |rt| run(Setup { rt, design: None }, &script);
    let model = run(Runtime::Native);
    assert_eq!(model, run(Runtime::Solo), "with and without locks");
    assert_eq!(model.len(), known.len());
    known.into_iter().zip(model).enumerate().find_map(|(at, (oracle, result))| {
        let model = result.outcome;
        (oracle != model).then_some(Difference { at, oracle, model })
    })
}

/// The script, and both answers below the line they are about.
fn shown(script: &Script, difference: &Difference) -> String {
    let mut text = String::new();
    for (i, line) in script.lines().enumerate() {
        let _ = writeln!(text, "{}", line.op);
        if i == difference.at {
            let _ =
                writeln!(text, "# oracle {:?}\n# model  {:?}", difference.oracle, difference.model);
            break;
        }
    }
    text
}

#[test]
fn the_model_agrees_with_the_oracle() {
    let asked = |name| std::env::var_os(name).is_some();
    let mut config = Config { failure_persistence: None, ..Config::default() };
    if !asked("PROPTEST_MAX_SHRINK_ITERS") {
        config.max_shrink_iters = 20_000;
    }
    if !asked("PROPTEST_CASES") {
        config.cases = 3_000;
    }
    if !asked("PROPTEST_RNG_SEED") {
        config.rng_seed = RngSeed::Fixed(1970);
    }
    let tried = TestRunner::new(config).run(&any_script(), |script| match difference(&script) {
        None => Ok(()),
        Some(_) => Err(TestCaseError::fail("oracle and model differ")),
    });
    if let Err(TestError::Fail(why, script)) = tried {
        let shown = difference(&script).map(|d| shown(&script, &d));
        panic!("{why}\n{}", shown.unwrap_or_default());
    }
}

#[test]
fn the_model_agrees_with_the_oracle_on_conversations() {
    let mut rng = Rng::with_seed(6);
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|n| n.parse().ok());
    for _ in 0..cases.unwrap_or(2_000) {
        let made = script(&mut rng, &Profile { items: 40, ..Profile::CONVERSATION });
        if let Some(d) = difference(&made) {
            panic!("{}", shown(&made, &d));
        }
    }
}

/// All characters both ways, with `change` made to `start` first.
fn all_characters(start: &str, change: Vec<Setting>) -> Script {
    let termios = Op::Termios { end: End::Slave, change: TermiosChange(change), when: When::Now };
    let chars: Vec<u8> = (0..=u8::MAX).chain(*b"a\x08\x7f b\tc\x17\x12\n").collect();
    let write = |end| Op::Write { end, bytes: chars.clone() };
    let read = |end| Op::Read { end, n: 4096, wait: false };
    let both =
        [End::Master, End::Slave].map(|end| [write(end), read(End::Slave), read(End::Master)]);
    let mut script = parse(start, &Context::file("start")).unwrap();
    let ops = [termios].into_iter().chain(both.into_iter().flatten());
    script.items.extend(ops.map(|op| Item::Op(Line::new(op))));
    script
}

#[test]
fn each_flag_and_each_two_do_to_every_character_what_the_oracle_says() {
    let flags: Vec<Flag> = Flag::all().collect();
    for start in ["termios slave raw -echo\n", "termios slave sane\n"] {
        let on = start.contains("raw");
        let set = |flag| Setting::Flag { flag, on };
        let able = |flag: &&Flag| on || flag.def().negatable;
        for (i, &one) in flags.iter().enumerate().filter(|(_, flag)| able(flag)) {
            for &other in flags[i..].iter().filter(able) {
                let script = all_characters(start, vec![set(one), set(other)]);
                if let Some(d) = difference(&script) {
                    panic!("{}", shown(&script, &d));
                }
            }
        }
    }
}
