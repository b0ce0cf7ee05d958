// SPDX-License-Identifier: GPL-2.0-only
//! The command line: what can be asked for, and how the answer ends the process.
//!
//! Data flow: arguments -> [`Cli`] (clap checks every value with [`values`]) -> the command's own
//! file -> text or JSON on standard output ([`output`]), progress and errors on standard error ->
//! an [`Exit`]. Nothing here judges anything.

pub mod check;
pub mod compare;
pub mod contract;
pub mod export;
pub mod image;
pub mod input;
pub mod journal;
pub mod judging;
pub mod merge;
pub mod museum;
pub mod mutants;
pub mod new_design;
pub mod output;
pub mod pages;
pub mod progress;
pub mod prove;
pub mod replay;
pub mod roundtrip;
pub mod run;
pub mod values;

use crate::error::{Error, ErrorKind, Exit};
use clap::{CommandFactory, Parser, Subcommand};
use std::ffi::OsString;
use std::io::Write;
use values::Format;

/// What a newcomer wants to see first.
const FIRST: &str = "\
Start with:
  ttysim check                     judge every built-in design, in one table
  ttysim check NAME --out DIR      judge one, and save a schedule of each violation
  ttysim replay DIR/FILE           draw that schedule step by step, a column a thread\
";

const LAST: &str = "\
Exit status: 0 clean, 1 a violation or a difference, 2 usage or unreadable input,
3 a replay that diverged, 4 budget exhausted (which is no pass).";

/// Decides tty checkpoint designs on a model of the Linux tty input path.
#[derive(Debug, Parser)]
#[command(name = "ttysim", version, before_help = FIRST, after_help = LAST)]
#[command(disable_help_subcommand = true)]
pub struct Cli {
    /// How to write results: text, json (one object a line) or ktap
    #[arg(long, global = true, value_name = "FORMAT", default_value_t, value_parser = Format::parse)]
    pub format: Format,
    /// What to do; help if nothing.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Judge designs on the built-in scenarios
    Check(check::Args),
    /// Prove designs with loom, at tiny sizes
    Prove(prove::Args),
    /// Checkpoint, restore and compare: many scripts made up, for C6
    Roundtrip(roundtrip::Args),
    /// Run one script
    Run(run::Args),
    /// Compare the model with this machine's ptys
    Compare(compare::Args),
    /// Find the historical bugs of the tty layer again, and judge today's weaknesses
    Museum(museum::Args),
    /// Replay a saved schedule step by step
    Replay(replay::Args),
    /// Export a counterexample or a script, for others to run
    Export(export::Args),
    /// Show or check a checkpoint image
    Image(image::Args),
    /// Put the JSON of several shards of `check` together
    Merge(merge::Args),
    /// Weaken or drop each synchronisation operation, and see what notices
    Mutants(mutants::Args),
    /// Begin a design of your own: a skeleton, its registration and its test
    NewDesign(new_design::Args),
    /// Print the completions of a shell
    Completions(pages::CompletionsArgs),
    /// Print the manual page
    Man(pages::ManArgs),
}

/// Runs the command that `args` ask for, the program's name first, and reports what went wrong.
pub fn main(args: impl IntoIterator<Item = OsString>) -> Exit {
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(e) => {
            // Help and --version come this way too, with a code of 0.
            let printed = e.print();
            return if e.exit_code() == 0 && printed.is_ok() { Exit::Clean } else { Exit::Usage };
        }
    };
    dispatch(&cli).unwrap_or_else(|e| {
        report(&e);
        e.exit()
    })
}

fn dispatch(cli: &Cli) -> Result<Exit, Error> {
    match &cli.command {
        None => {
            Cli::command().print_help().map_err(|e| Error::output(&e))?;
            Ok(Exit::Clean)
        }
        Some(Command::Check(args)) => check::run(args, cli.format),
        Some(Command::Prove(args)) => prove::run(args, cli.format),
        Some(Command::Roundtrip(args)) => roundtrip::run(args, cli.format),
        Some(Command::Run(args)) => run::run(args, cli.format),
        Some(Command::Compare(args)) => compare::run(args, cli.format),
        Some(Command::Museum(args)) => museum::run(args, cli.format),
        Some(Command::Replay(args)) => replay::run(args, cli.format),
        Some(Command::Export(args)) => export::run(args),
        Some(Command::Image(args)) => image::run(args, cli.format),
        Some(Command::Merge(args)) => merge::run(args, cli.format),
        Some(Command::Mutants(args)) => mutants::run(args, cli.format),
        Some(Command::NewDesign(args)) => new_design::run(args),
        Some(Command::Completions(args)) => pages::completions(args),
        Some(Command::Man(args)) => pages::man(args),
    }
}

fn report(error: &Error) {
    if error.kind() != ErrorKind::OutputClosed {
        // Where standard error is closed too, the exit status is all that is left to say.
        let _ = writeln!(anstream::stderr(), "{}", error.report());
    }
}
