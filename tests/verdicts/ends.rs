// SPDX-License-Identifier: GPL-2.0-only
//! Close, hangup, last close, open again: what is right there is no finding, and what is wrong is one.
//!
//! `scenarios/ends/` has correct behaviours, one a script. Each is explored to the end, and comes out
//! clean; the two that meet a weakness of today's code (museum W4, W11) are clean with its fix.

use std::sync::Arc;
use ttysim::machine::Variant;
use ttysim::script::{Context, Script, parse};
use ttysim::sync::mutation::{Mutant, Mutation, under};
use ttysim::sync::seeded::Memory;
use ttysim::verify::check::body;
use ttysim::verify::judge::{Judged, Plan, judge};

/// Scripts of elsewhere in which an end ends.
const MORE: [&str; 11] = [
    "mutants/close-both",
    "mutants/hangup",
    "mutants/hangup-data",
    "mutants/hangup-echo",
    "mutants/hangup-poll",
    "mutants/hangup-setd",
    "mutants/hangup-settings",
    "mutants/poll-hangup",
    "mutants/reopen",
    "mutants/sender-hangup",
    "mutants/two-closers",
];

/// What today's code gets wrong, the finding's word, and the fix with which it is clean.
const KNOWN: [(&str, &str, Variant); 2] = [
    ("ends/hangup-opened-again", "stall", Variant::ChangeRestarts),
    ("ends/last-bytes-read", "early-end", Variant::ClosedBeforeFlush),
];

fn script(name: &str, variant: Variant) -> Arc<Script> {
    let file = format!("scenarios/{name}.tty");
    let path = format!("{}/{file}", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).expect("the script is there");
    let mut script = parse(&text, &Context::file(&file)).expect("the script is right");
    script.machine.variant = variant;
    Arc::new(script)
}

/// Explores all of it, and says what was found.
fn found(name: &str, variant: Variant) -> Vec<String> {
    let plan = Plan::everything(Memory::Sc, 200_000);
    let judged: Judged = judge(&plan, &body(None, &script(name, variant)), &mut |_| true);
    assert_eq!(judged.panicked, None, "{name}");
    assert!(judged.complete || !judged.found.is_empty(), "{name}: not finished");
    judged.found.values().map(|c| c.violation.to_string()).collect()
}

fn known(name: &str) -> bool {
    KNOWN.iter().any(|(known, ..)| *known == name)
}

fn own() -> Vec<String> {
    let dir = concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios/ends");
    let files = std::fs::read_dir(dir).expect("the directory is there");
    let mut names: Vec<String> = files
        .map(|file| {
            let path = file.expect("it is listed").path();
            format!("ends/{}", path.file_stem().expect("a name").display())
        })
        .collect();
    names.sort_unstable();
    names
}

#[test]
fn what_is_right_at_the_end_of_an_end_is_no_finding() {
    let own = own();
    let names = own.iter().map(String::as_str).chain(MORE);
    let wrong: Vec<String> = names
        .filter(|name| !known(name))
        .flat_map(|name| {
            found(name, Variant::Today).into_iter().map(move |f| format!("{name}: {f}"))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_today_s_code_gets_wrong_there_is_one_and_clean_once_fixed() {
    for (name, word, fix) in KNOWN {
        let today = found(name, Variant::Today);
        assert!(today.iter().any(|f| f.contains(word)), "{name}: {today:?}");
        assert_eq!(found(name, fix), Vec::<String>::new(), "{name}, fixed");
    }
}

/// What is found once these steps are not made.
fn found_without(sites: &[&'static str], name: &str) -> String {
    let edits: Vec<Mutant> = sites.iter().map(|site| Mutant::new(Mutation::Drop, site)).collect();
    under(&edits, || found(name, Variant::Today)).join("\n")
}

#[test]
fn whoever_sleeps_behind_the_end_is_found() {
    let reader = found_without(&["pty_close.link_read_wait"], "ends/end-of-output");
    assert!(
        reader.contains("sleeps in read() of the master although the other end is closed"),
        "{reader}"
    );
    let poller = found_without(&["pty_close.link_read_wait"], "ends/end-of-output-polled");
    assert!(
        poller.contains("sleeps in poll() of the master although the other end is closed"),
        "{poller}"
    );
    let wakeups = ["tty_ldisc_hangup.read_wait", "tty_ldisc_lock.read_wait"];
    let poller = found_without(&wakeups, "ends/hangup-poller");
    assert!(poller.contains("sleeps in poll() of the slave although it was hung up"), "{poller}");
}

#[test]
fn bytes_that_a_later_opener_would_miss_are_found() {
    // The kick that the next reader owes the worker.
    let full = found_without(&["n_tty_kick_worker.queue_work"], "ends/slave-closed-full");
    assert!(full.contains("stay in the flip chain"), "{full}");
}
