// SPDX-License-Identifier: GPL-2.0-only
//! Which scripts there are.

use std::fs;
use std::path::{Path, PathBuf};

/// Every `*.tty` below `dir`, at any depth, in order.
pub(crate) fn scripts(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut left = vec![dir.to_owned()];
    while let Some(dir) = left.pop() {
        let entries = fs::read_dir(&dir).unwrap_or_else(|e| panic!("{}: {e}", dir.display()));
        for entry in entries {
            let path = entry.unwrap_or_else(|e| panic!("{}: {e}", dir.display())).path();
            if path.is_dir() {
                left.push(path);
            } else if path.extension().is_some_and(|e| e == "tty") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}
