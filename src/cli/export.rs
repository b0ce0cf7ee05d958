// SPDX-License-Identifier: GPL-2.0-only
//! `ttysim export`: a counterexample or a script in a form that others run.

use super::input::{design_names, name_of, read};
use super::output::Output;
use super::values;
use crate::error::{Error, Exit};
use crate::export::{Situation, kselftest};
use crate::script::saved::MAGIC;
use crate::script::{Context, Saved, parse_bytes};
use clap::ValueEnum;
use std::path::{Path, PathBuf};

/// What can be exported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum What {
    /// A C program that provokes the situation with real system calls
    Kselftest,
}

/// What `export` can be told.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// What to make of it
    #[arg(value_name = "WHAT", value_enum)]
    pub what: What,
    /// A saved counterexample or a script; - is standard input
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// The number of the checkpoint call, for a kernel that has one
    #[arg(long, value_name = "NUMBER", value_parser = values::ioctl)]
    pub ioctl: Option<u32>,
    /// Write it to FILE instead of standard output
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

/// Exports.
///
/// # Errors
/// A file that cannot be read, or a situation that system calls cannot show, and why.
pub fn run(args: &Args) -> Result<Exit, Error> {
    let text = match args.what {
        What::Kselftest => program(args)?,
    };
    match &args.out {
        None => Output::new().text(&text)?,
        Some(path) => std::fs::write(path, text).map_err(|e| Error::file("write", path, &e))?,
    }
    Ok(Exit::Clean)
}

fn program(args: &Args) -> Result<String, Error> {
    let (file, designs) = (name_of(&args.file), design_names());
    let context = Context::file(&file).designs(&designs);
    let bytes = read(&args.file)?;
    if bytes.starts_with(MAGIC.as_bytes()) {
        let saved = Saved::parse(&bytes, &context)?;
        let design = saved.design.as_deref().unwrap_or("nobody peeks");
        let about = format!(
            "{design}, scenario {}: {} {}\n{}",
            saved.scenario, saved.property, saved.code, saved.sentence
        );
        let name = format!("tty_{}_{}", saved.scenario, saved.code);
        return kselftest(&Situation {
            name: &name,
            about: &about,
            script: &saved.script,
            property: Some(saved.property),
            ioctl: args.ioctl,
        });
    }
    let stem = args.file.file_stem().map(Path::new).map(|s| s.display().to_string());
    let name = format!("tty_{}", stem.filter(|s| s != "-").unwrap_or_else(|| "script".to_owned()));
    let script = parse_bytes(&bytes, &context)?;
    kselftest(&Situation {
        name: &name,
        about: &format!("The script {file}"),
        script: &script,
        property: None,
        ioctl: args.ioctl,
    })
}
