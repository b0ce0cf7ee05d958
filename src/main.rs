// SPDX-License-Identifier: GPL-2.0-only
//! `ttysim`: see `ttysim --help`.

use std::process::ExitCode;
use ttysim::sync::seeded::ProgramMemory;

/// So that explorations can put the program back instead of running it again from the start.
#[global_allocator]
static MEMORY: ProgramMemory = ProgramMemory;

fn main() -> ExitCode {
    ttysim::cli::main(std::env::args_os()).into()
}
