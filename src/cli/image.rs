// SPDX-License-Identifier: GPL-2.0-only
//! `ttysim image`: checkpoint images in words, and whether files are images at all.
//!
//! Data flow: a script -> [`mod@save`] -> a file; a file -> [`Image::decode`] -> text, JSON or KTAP. What is no image is an error of
//! `show` and a result of `check`; both end with status 2.

mod save;

use super::input::{name_of, read_at_most};
use super::output::Output;
use super::values::Format;
use crate::checkpoint::image::c_header::{c_header, markdown};
use crate::checkpoint::image::{Image, ImageError};
use crate::error::{Error, Exit, visible};
use crate::report::image::json::{Checked, Shown};
use crate::report::image::{about, words};
use crate::report::json::Record;
use crate::report::ktap::{Outcome, Test, document};
use clap::{Subcommand, ValueEnum};
use std::path::{Path, PathBuf};

/// The most bytes of one file. No valid sizes make an image of as many.
const MAX_FILE: u64 = 1 << 28;

/// What `image` can be told.
#[derive(Debug, clap::Args)]
#[command(disable_help_subcommand = true)]
pub struct Args {
    /// What to do.
    #[command(subcommand)]
    pub what: What,
}

/// What can be done with images.
#[derive(Debug, Subcommand)]
pub enum What {
    /// Print an image in words and draw its buffers
    Show {
        /// The image; - is standard input
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Say whether files are images, and if not, where and why
    Check {
        /// The images; - is standard input
        #[arg(value_name = "FILE", required = true)]
        files: Vec<PathBuf>,
    },
    /// Run a script on the model, and save the image of the pair as it is at its end
    Save {
        /// The script; - is standard input
        #[arg(value_name = "SCRIPT")]
        script: PathBuf,
        /// The image
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Print how images are laid out
    Layout {
        /// As what
        #[arg(value_name = "AS", value_enum, default_value_t = As::C)]
        printed: As,
    },
}

/// How a layout is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum As {
    /// A C header: include/tty_checkpoint.h
    C,
    /// Tables: those of docs/image.md
    Markdown,
}

/// Does it.
///
/// # Errors
/// A file that cannot be read; for `show`, one that is no image.
pub fn run(args: &Args, format: Format) -> Result<Exit, Error> {
    match &args.what {
        What::Show { file } => show(file, format),
        What::Check { files } => check(files, format),
        What::Save { script, file } => {
            let bytes = save::save(script, file)?;
            report(&[Looked::at(file, &bytes)], format)
        }
        What::Layout { printed } => {
            let text = if *printed == As::C { c_header() } else { markdown() };
            Output::new().text(&text)?;
            Ok(Exit::Clean)
        }
    }
}

fn show(path: &Path, format: Format) -> Result<Exit, Error> {
    let (file, bytes) = (name_of(path), read_at_most(path, MAX_FILE)?);
    let image = Image::decode(&bytes).map_err(|e| e.in_file(&file))?;
    let mut out = Output::new();
    match format {
        Format::Text => out.text(&words(&image, bytes.len()))?,
        Format::Json => out.line(&Record::Image(Shown::new(&file, bytes.len(), &image)).line())?,
        Format::Ktap => {
            return Err(Error::usage("what is shown is no test: there is no KTAP of it")
                .help("use `ttysim image check`, or another --format"));
        }
    }
    Ok(Exit::Clean)
}

/// One file of `check`.
struct Looked {
    file: String,
    size: usize,
    result: Result<Image, ImageError>,
}

fn check(paths: &[PathBuf], format: Format) -> Result<Exit, Error> {
    let mut all = Vec::new();
    for path in paths {
        all.push(Looked::at(path, &read_at_most(path, MAX_FILE)?));
    }
    report(&all, format)
}

fn report(all: &[Looked], format: Format) -> Result<Exit, Error> {
    let mut out = Output::new();
    match format {
        Format::Text => all.iter().try_for_each(|l| out.text(&l.text()))?,
        Format::Json => all.iter().try_for_each(|l| out.line(&l.json().line()))?,
        Format::Ktap => out.text(&document(&all.iter().map(Looked::test).collect::<Vec<_>>()))?,
    }
    Ok(if all.iter().all(|l| l.result.is_ok()) { Exit::Clean } else { Exit::Usage })
}

impl Looked {
    fn at(path: &Path, bytes: &[u8]) -> Self {
        Self { file: name_of(path), size: bytes.len(), result: Image::decode(bytes) }
    }

    fn text(&self) -> String {
        let file = visible(&self.file);
        match &self.result {
            Ok(image) => format!("{file}: an image of {}, {} bytes\n", about(image), self.size),
            Err(e) => format!("{file}: no image: {e}\nhelp: {}\n", e.refusal.help()),
        }
    }

    fn json(&self) -> Record {
        Record::Checked(Checked::new(&self.file, self.size, &self.result))
    }

    fn test(&self) -> Test {
        match &self.result {
            Ok(_) => Test::one(&self.file, Outcome::Ok),
            Err(e) => Test::one(&self.file, Outcome::NotOk).note(&e.to_string()),
        }
    }
}
