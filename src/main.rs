// SPDX-License-Identifier: GPL-2.0-only
//! `ttysim`: see `ttysim --help`.

use std::process::ExitCode;

fn main() -> ExitCode {
    ttysim::cli::main(std::env::args_os()).into()
}
