// SPDX-License-Identifier: GPL-2.0-only
//! Which of the kernel's own workers have something to do.
//!
//! No call on a tty says whether its work is done, but `/proc` shows the threads that do it: the
//! unbound kworkers, of which one runs, or waits for a processor, as long as any work is queued.
//! On a machine with more to run than processors that can take many milliseconds, in which nothing
//! moves at either end.
//!
//! Deviations: 1. Where `/proc` does not show them (a PID namespace, `hidepid`), nobody is ever seen
//! busy, and the looks at the ends decide alone. No locks.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// The unbound kworkers that run or wait for a processor or a lock.
pub(super) fn busy() -> BTreeSet<u32> {
    let Ok(entries) = fs::read_dir("/proc") else { return BTreeSet::new() };
    entries
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter(|pid| works(*pid))
        .collect()
}

/// Whether `pid` is one of them.
pub(super) fn works(pid: u32) -> bool {
    let stat = fs::read(Path::new("/proc").join(pid.to_string()).join("stat"));
    stat.is_ok_and(|stat| is_busy_kworker(&stat))
}

/// What `/proc/PID/stat` begins with: the number, the name in parentheses, the state.
fn is_busy_kworker(stat: &[u8]) -> bool {
    let Some(name) = stat.iter().position(|b| *b == b'(') else { return false };
    let Some(end) = stat.iter().rposition(|b| *b == b')') else { return false };
    stat.get(name..).is_some_and(|rest| rest.starts_with(b"(kworker/u"))
        && stat.get(end + 2).is_some_and(|state| b"RD".contains(state))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_kworkers_at_work_are_busy() {
        assert!(is_busy_kworker(b"21 (kworker/u8:3-events_unbound) R 2 0"));
        assert!(is_busy_kworker(b"21 (kworker/u8:3+flush) D 2 0"));
        assert!(!is_busy_kworker(b"21 (kworker/u8:3-events_unbound) I 2 0"));
        assert!(!is_busy_kworker(b"21 (kworker/0:1-events) R 2 0"));
        assert!(!is_busy_kworker(b"21 (a (kworker/u8) R) S 2 0"));
        assert!(!is_busy_kworker(b""));
    }
}
