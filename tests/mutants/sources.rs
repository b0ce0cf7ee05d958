// SPDX-License-Identifier: GPL-2.0-only
//! The sites as they stand in the model's sources, and those that no trial has to reach.

use std::path::{Path, PathBuf};

/// Sites that no trial reaches: the end of the file's name, what the site starts with, and why.
const EXCUSED: [(&str, &str, &str); 37] = [
    ("ldisc_ref/ldsem.rs", "", "`machine ldsem`: museum 12 and 13"),
    ("pty.rs", "pty_write.rts", "`machine rts`: museum 24"),
    ("tty_buffer.rs", "pool.lock", "`machine pool`: museum 4b"),
    ("tty_buffer.rs", "queue_work.pool_lock", "`machine pool`"),
    ("tty_port.rs", "show_one_workqueue.pool_lock", "`machine pool`"),
    ("tty_port.rs", "console_write.port_lock", "`machine pool`"),
    ("ldisc_ref.rs", "tty_ldisc_lock.changing_clear", "a variant: W4 cured"),
    ("ldisc_ref.rs", "tty_ldisc_lock.queue_work", "a variant: W4 cured"),
    ("ldisc_ref.rs", "tty_reopen.queue_work", "a variant: W4 cured"),
    ("ldisc_ref.rs", "tty_ldisc_lock_pair.ldisc_sem", "a variant: 23"),
    ("n_tty/poll.rs", "n_tty_poll.other_closed_early", "a variant: W11 cured"),
    ("n_tty/poll.rs", "n_tty_poll.termios_rwsem", "a variant: 8"),
    ("n_tty/read.rs", "n_tty_read.more_smp_mb", "a variant: W3 cured"),
    ("n_tty/read.rs", "n_tty_read.other_closed_early", "a variant: W11 cured"),
    ("n_tty/receive.rs", "n_tty_receive_buf_common.fixed_tail", "a variant: W9, W10 cured"),
    ("n_tty/receive.rs", "receive_buf.read_head_early", "a variant: 11a"),
    ("n_tty/receive.rs", "receive_buf.commit_head_early", "a variant: 11a"),
    ("n_tty.rs", "tty_buffer_flush.lookahead_count", "a variant: W5b cured"),
    ("pty.rs", "n_tty_write_wakeup.termios", "a variant: 26"),
    ("tty_buffer.rs", "unlock_fixed.", "a variant: W1 cured"),
    ("tty_buffer/consume.rs", "flush_to_ldisc.lock_again", "a variant: 15"),
    ("tty_buffer/consume.rs", "flush_to_ldisc.queue_work", "a variant: 14a"),
    ("tty_struct.rs", "read_wait.head", "a variant: 5"),
    ("tty_struct.rs", "add_wait_queue.list", "a variant: 5"),
    ("n_tty/echo.rs", "__process_echoes.not_yet_stored", "half an operation: museum 16b"),
    ("tty_io.rs", "hold.", "a call that never comes back: museum"),
    ("n_tty/state.rs", "", "opaque-state, with everybody kept out: tests/opaque"),
    ("n_tty/echo.rs", "n_tty_save.", "opaque-state"),
    ("n_tty/echo.rs", "n_tty_restore.", "opaque-state"),
    ("n_tty/read_flags.rs", "n_tty_save.", "opaque-state"),
    ("n_tty/read_flags.rs", "n_tty_restore.", "opaque-state"),
    ("tty_buffer/state.rs", "", "opaque-state"),
    ("tty_buffer.rs", "tty_buffer_trylock_exclusive.", "opaque-state"),
    ("tty_buffer/alloc.rs", "tty_buffer_alloc.kmalloc", "no step: names a NULL dereference"),
    ("tty_buffer/alloc.rs", "llist_del_first.entry", "no step: names a NULL dereference"),
    ("tty_buffer/consume.rs", "lookahead_bufs.head", "no step: names a NULL dereference"),
    ("tty_buffer/consume.rs", "tty_buffer_flush.next_head", "no step: names a NULL dereference"),
];

/// Whether a site may be reached by no trial.
pub(crate) fn is_excused(file: &str, site: &str) -> bool {
    EXCUSED.iter().any(|(f, s, _)| file.ends_with(f) && site.starts_with(s))
}

/// The files of the model.
const FILES: [&str; 9] = [
    "ldisc_ref.rs",
    "n_tty.rs",
    "pty.rs",
    "tty_buffer.rs",
    "tty_io.rs",
    "tty_open.rs",
    "tty_port.rs",
    "tty_struct.rs",
    "workqueue.rs",
];

/// And its directories.
const DIRECTORIES: [&str; 3] = ["ldisc_ref", "n_tty", "tty_buffer"];

/// What objects are called in reports, which looks like a site.
const NAMES: [&str; 8] =
    ["buf.", "ctrl.lock", "ctrl.p", "flow.lock", "flow.s", "port.", "sentinel.", "tty_buffer."];

/// Every literal that looks like a site (`function.what`), outside comments, and its file.
pub(crate) fn sites(root: &Path) -> Vec<(String, String)> {
    let mut all = Vec::new();
    for path in files(root) {
        let text = std::fs::read_to_string(&path).expect("a source");
        let file = path.strip_prefix(root).expect("below the root").display().to_string();
        all.extend(literals(&text).map(|site| (file.clone(), site.to_owned())));
    }
    all
}

fn files(root: &Path) -> Vec<PathBuf> {
    let src = root.join("src");
    let mut files: Vec<_> = FILES.iter().map(|f| src.join(f)).collect();
    for directory in DIRECTORIES {
        let entries = std::fs::read_dir(src.join(directory)).expect("a directory");
        files.extend(entries.map(|entry| entry.expect("an entry").path()));
    }
    files.sort();
    files
}

fn literals(text: &str) -> impl Iterator<Item = &str> {
    let code = text.lines().filter(|l| !l.trim_start().starts_with("//"));
    let word = |w: &str| {
        !w.is_empty() && w.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
    };
    code.flat_map(|l| l.split('"').skip(1).step_by(2))
        .filter(move |q| q.split_once('.').is_some_and(|(a, b)| word(a) && word(b)))
        .filter(|q| !NAMES.iter().any(|n| q.starts_with(n)))
}
