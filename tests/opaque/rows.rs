// SPDX-License-Identifier: GPL-2.0-only
//! The table of what is lost today: each row survives `opaque-state`, and what the drain makes of
//! it is what a real kernel made of it.

use super::named;
use ttysim::checkpoint::DESIGNS;
use ttysim::errno::Errno;
use ttysim::verify::round_trip::{Came, judge};
use ttysim::verify::rows::{ROWS, Row};

fn came(design: &str, row: &str) -> Came {
    let script = Row::named(row).expect("a row").script().expect("the script parses");
    judge(named(design), &script).expect("it runs")
}

#[test]
fn the_opaque_state_brings_everything_back() {
    for row in &ROWS {
        assert_eq!(came("opaque-state", row.name), Came::Same, "{}", row.name);
    }
}

#[test]
fn the_drain_loses_what_it_was_measured_to_lose() {
    let rows = [
        ("partial-line", "\"d\\n\""),
        ("eof-between", "EAGAIN"),
        ("eof-after-text", "\"abcdef\\n\""),
        ("quoted-signal", "\"b\\n\""),
        ("quoted-newline", "\"x\\n\""),
        ("packet-output", "\"\\x00\\x00x\\r\\r\\n\""),
        ("column", "\"        X\""),
    ];
    for (row, restored) in rows {
        match came("userspace-drain", row) {
            Came::Differs(difference) => assert_eq!(difference.restored, restored, "{row}"),
            other => panic!("{row}: {other:?}"),
        }
    }
    assert_eq!(came("userspace-drain", "stopped"), Came::Refused(Errno::EAGAIN));
    // 16 KiB are read, and fewer taken back: the original has lost the difference.
    assert_eq!(came("userspace-drain", "room"), Came::Refused(Errno::EAGAIN));
    assert!(matches!(came("userspace-drain", "output-again"), Came::Differs(_)));
}

#[test]
fn every_row_is_lost_by_some_design_unless_programs_can_ask_for_it() {
    for row in ROWS.iter().filter(|row| row.name != "settings") {
        let loses = |design: &&&dyn ttysim::checkpoint::Design| {
            !matches!(came(design.name(), row.name), Came::Same | Came::Found(_))
        };
        assert!(DESIGNS.iter().any(|d| loses(&d)), "{} shows nothing", row.name);
    }
}
