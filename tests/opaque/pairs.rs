// SPDX-License-Identifier: GPL-2.0-only
//! C6 on scripts made up, and images as a fixed point. `TTYSIM_PAIRS=N` runs N of each.

use super::{alone, fresh, named};
use proptest::prelude::*;
use std::sync::Arc;
use ttysim::checkpoint::caller::Caller;
use ttysim::checkpoint::{image, opaque};
use ttysim::fault::Faults;
use ttysim::run::{Setup, observe};
use ttysim::script::ast::{Item, Line, Op, Script};
use ttysim::sync::Runtime;
use ttysim::verify::pairs::{Judged, judge, pair, smaller};

fn cases(usual: u32) -> ProptestConfig {
    let cases = std::env::var("TTYSIM_PAIRS").map_or(usual, |n| n.parse().expect("a number"));
    // A seed has no smaller seed: what differs is made smaller as a script.
    ProptestConfig {
        cases,
        max_shrink_iters: 0,
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

/// The part before the checkpoint.
fn prefix(script: &Script) -> Script {
    let cut = |item: &&Item| !matches!(item, Item::Op(Line { op: Op::Checkpoint { .. }, .. }));
    let items = script.items.iter().take_while(cut).cloned().collect();
    Script { items, ..script.clone() }
}

proptest! {
    #![proptest_config(cases(1000))]

    #[test]
    fn nobody_can_tell_a_restored_pair_from_the_original(seed in any::<u64>()) {
        let design = named("opaque-state");
        let script = pair(seed, 0, 40);
        let judged = judge(design, &script).expect("the model runs");
        if let Judged::Differs(difference) = judged {
            let small = smaller(design, &script);
            panic!("{difference}\n{small}{:?}", judge(design, &small));
        }
    }
}

proptest! {
    #![proptest_config(cases(300))]

    #[test]
    fn an_image_of_a_restored_pair_is_the_image(seed in any::<u64>()) {
        let script = Arc::new(prefix(&pair(seed, 0, 40)));
        alone(|| {
            let setup = Setup { rt: Runtime::Seeded, design: None };
            let pair = observe(setup, &script).pair;
            let faults = Faults::none();
            let caller = Caller::root(&faults);
            let Ok(state) = opaque::checkpoint(&caller, &pair.master) else { return };
            assert_eq!(state.validate(), Ok(()), "{script}");
            // What is there is there still.
            let observed = opaque::observe(&pair.slave);
            assert_eq!(observed, state, "{script}");
            let bytes = image::encode(&state);
            assert!(bytes.len() <= image::max_size(&script.geometry), "{script}");
            let decoded = image::decode(&bytes).expect("an image");
            let other = fresh(&script.geometry);
            if state.slave.count == 1 {
                other.slave.tty_release();
            }
            assert_eq!(opaque::restore(&caller, &decoded, &other.slave), Ok(()), "{script}");
            let again = opaque::checkpoint(&caller, &other.slave).expect("a checkpoint");
            assert_eq!(image::encode(&again), bytes, "{script}");
        });
    }
}

#[test]
fn a_difference_is_found_and_made_small() {
    let design = named("exclusive-restart");
    let found = (0..200)
        .map(|n| pair(1, n, 40))
        .find(|script| matches!(judge(design, script), Ok(Judged::Differs(_))));
    let small = smaller(design, &found.expect("bytes alone are not enough"));
    assert!(matches!(judge(design, &small), Ok(Judged::Differs(_))), "{small}");
    assert!(small.items.len() <= 8, "{small}");
}

/// What comes of `text` with `design`.
fn judged(design: &str, text: &str) -> Judged {
    let script = ttysim::script::parse(text, &ttysim::script::Context::file("test"));
    judge(named(design), &script.expect("a script")).expect("it runs")
}

#[test]
fn a_refusal_counts_only_where_there_is_nothing_to_keep_and_a_stall_is_none_of_ours() {
    let keep = "checkpoint this slave as A\nrestore A\n";
    let gone = format!("close master\n{keep}");
    assert_eq!(judged("opaque-state", &gone), Judged::NothingToKeep);
    let null = format!("setd master 27\n{keep}");
    assert_eq!(judged("opaque-state", &null), Judged::NothingToKeep);
    // The drain cannot write back what it read, though there is something to keep.
    let stopped = format!("write slave \"x\"\nflow slave ooff\n{keep}");
    assert!(matches!(judged("userspace-drain", &stopped), Judged::Differs(_)));
    let stuck = format!(
        "hangup slave\nwrite master \"a\"\nclose slave\nopen slave\n{keep}read master 64\n"
    );
    assert_eq!(judged("opaque-state", &stuck), Judged::WasStuck);
}

#[test]
fn settings_that_make_room_are_as_one_more_run_of_the_work() {
    // Without PARMRK there is room for the last character, and nobody queues the work for it.
    let script = "termios slave parmrk\n\
                  write master \"aaPa\\n\" \"o\" * 4089\n\
                  read master 8192\n\
                  termios slave -parmrk\n\
                  checkpoint this master as A\n\
                  restore A\n\
                  read master 6\n";
    assert_eq!(judged("opaque-state", script), Judged::WasStuck);
}
