// SPDX-License-Identifier: GPL-2.0-only
//! Signals that the program inherits as ignored: what runs in the background of a script, or under
//! nohup.

use super::Done;
use std::path::Path;
use std::process::{Command, Stdio};

#[test]
fn the_kernel_is_seen_to_send_what_is_ignored_here() {
    if !Path::new("/dev/ptmx").exists() {
        eprintln!("SKIPPED: no ptys");
        return;
    }
    let script = std::env::temp_dir().join(format!("ttysim-ignored-{}.tty", std::process::id()));
    std::fs::write(&script, "write master \"\\x1c\\x03\"\nsignals\nhangup slave\nsignals\n")
        .expect("a script");
    let ignoring = Command::new("sh")
        .args(["-c", "trap '' HUP INT QUIT TSTP; exec \"$0\" run --on model,kernel \"$1\""])
        .args([env!("CARGO_BIN_EXE_ttysim").as_ref(), script.as_os_str()])
        .stdin(Stdio::null())
        .output();
    let done = Done::new(ignoring.expect("sh runs"));
    let _ = std::fs::remove_file(script);
    assert_eq!(done.code, Some(0), "{}{}", done.out, done.err);
    for heard in ["\"SIGINT SIGQUIT\"", "\"SIGHUP\""] {
        assert_eq!(done.out.matches(heard).count(), 2, "{}", done.out);
    }
}
