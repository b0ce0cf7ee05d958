// SPDX-License-Identifier: GPL-2.0-only
//! `ttysim completions` and `ttysim man`: what shells and `man` need to know, from the definitions
//! of the command line itself.

use super::Cli;
use super::output::Output;
use crate::error::{Error, Exit, visible};
use clap::{Command, CommandFactory};
use clap_complete::Shell;
use std::io;
use std::path::{Path, PathBuf};

/// What `completions` can be told.
#[derive(Debug, clap::Args)]
pub struct CompletionsArgs {
    /// The shell that reads it
    #[arg(value_name = "SHELL", value_enum)]
    pub shell: Shell,
}

/// What `man` can be told.
#[derive(Debug, clap::Args)]
pub struct ManArgs {
    /// The command whose page it is; the program's own unless given
    #[arg(value_name = "COMMAND")]
    pub command: Option<String>,
    /// Write all pages into DIR
    #[arg(long, value_name = "DIR", conflicts_with = "command")]
    pub out: Option<PathBuf>,
}

/// Writes the completions.
///
/// # Errors
/// That nobody reads them.
pub fn completions(args: &CompletionsArgs) -> Result<Exit, Error> {
    let mut bytes = Vec::new();
    clap_complete::generate(args.shell, &mut definition(), "ttysim", &mut bytes);
    Output::new().text(&String::from_utf8_lossy(&bytes))?;
    Ok(Exit::Clean)
}

/// Writes a page, or all of them.
///
/// # Errors
/// An unknown command, or a page that cannot be written.
pub fn man(args: &ManArgs) -> Result<Exit, Error> {
    let program = definition();
    let all = pages("ttysim".to_owned(), &program);
    if let Some(dir) = &args.out {
        std::fs::create_dir_all(dir).map_err(|e| Error::file("make", dir, &e))?;
        all.iter().try_for_each(|(name, command)| save(dir, name, command))?;
        return Ok(Exit::Clean);
    }
    let wanted = args.command.as_deref();
    let title = wanted.map_or_else(|| "ttysim".to_owned(), |name| format!("ttysim-{name}"));
    let found = all.iter().find(|(name, _)| *name == title);
    let (name, command) = found.ok_or_else(|| unknown(wanted.unwrap_or_default(), &all))?;
    let page = page(name, command);
    Output::new().text(&page.map_err(|e| Error::output(&e))?)?;
    Ok(Exit::Clean)
}

/// The command line with everything that clap derives.
fn definition() -> Command {
    let mut program = Cli::command();
    program.build();
    program
}

/// A command and all below it, each with the name of its page: `ttysim-image-show`.
fn pages(name: String, command: &Command) -> Vec<(String, &Command)> {
    let below = command.get_subcommands().map(|c| (format!("{name}-{}", c.get_name()), c));
    let below: Vec<_> = below.flat_map(|(name, c)| pages(name, c)).collect();
    std::iter::once((name, command)).chain(below).collect()
}

fn unknown(name: &str, all: &[(String, &Command)]) -> Error {
    let known = all.iter().filter_map(|(page, _)| page.strip_prefix("ttysim-"));
    let known: Vec<&str> = known.collect();
    Error::usage(format!("unknown command '{}'", visible(name))).suggest(name, &known)
}

fn save(dir: &Path, name: &str, command: &Command) -> Result<(), Error> {
    let path = dir.join(format!("{name}.1"));
    page(name, command)
        .and_then(|page| std::fs::write(&path, page))
        .map_err(|e| Error::file("write", &path, &e))
}

fn page(name: &str, command: &Command) -> io::Result<String> {
    let mut bytes = Vec::new();
    clap_mangen::Man::new(command.clone()).title(name.to_uppercase()).render(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
