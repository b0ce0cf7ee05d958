// SPDX-License-Identifier: GPL-2.0-only
//! `ttysim new-design`: a skeleton of a design, its registration and its test.
//!
//! Data flow: the name -> a file of its own from `skeleton.rs.in`, two lines in
//! `src/checkpoint.rs`. Everything is checked before anything is written.

use super::output::Output;
use crate::checkpoint::design;
use crate::error::{Error, ErrorKind, Exit, visible};
use std::fs;
use std::path::{Path, PathBuf};

const SKELETON: &str = include_str!("new_design/skeleton.rs.in");

/// What `new-design` can be told.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// What the design is to be called: small letters, digits and -
    #[arg(value_name = "NAME")]
    pub name: String,
    /// Where ttysim's source is
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub tree: PathBuf,
}

/// Writes the skeleton and registers it.
///
/// # Errors
/// A name that cannot be used, a directory that is not ttysim's source, or a file that cannot be
/// written.
pub fn run(args: &Args) -> Result<Exit, Error> {
    let name = Name::new(&args.name)?;
    let registry = args.tree.join("src/checkpoint.rs");
    let file = args.tree.join(format!("src/checkpoint/{}.rs", name.ident));
    let old = fs::read_to_string(&registry).map_err(|e| {
        Error::file("read", &registry, &e)
            .help("run it in ttysim's source directory, or name that with --tree DIR")
    })?;
    if file.exists() {
        let what = format!("'{}' exists already", visible(&file.display().to_string()));
        return Err(Error::usage(what).help("choose another name, or edit that file"));
    }
    let new = registered(&old, &name).ok_or_else(|| {
        let shown = visible(&registry.display().to_string());
        Error::new(ErrorKind::File, format!("'{shown}' has no list of designs to extend"))
            .help("register it by hand: CONTRIBUTING.md says how")
    })?;
    write(&file, &name.fill(SKELETON))?;
    write(&registry, &new)?;
    Output::new().text(&format!(
        "wrote {}\nregistered it in {}\n\nNext:\n  cargo run --release -- check {name}\n  \
         cargo test --release --lib {ident}\ndocs/judging-a-design.md goes on from here.\n",
        file.display(),
        registry.display(),
        name = name.name,
        ident = name.ident,
    ))?;
    Ok(Exit::Clean)
}

fn write(path: &Path, text: &str) -> Result<(), Error> {
    fs::write(path, text).map_err(|e| Error::file("write", path, &e))
}

/// A design's name, and what it is called in Rust.
struct Name {
    name: String,
    ident: String,
    type_name: String,
}

/// Words that cannot be a module's name, and could be a design's.
const KEYWORDS: [&str; 16] = [
    "as", "async", "box", "break", "do", "dyn", "final", "impl", "loop", "mod", "move", "mut",
    "ref", "static", "try", "yield",
];

impl Name {
    fn new(name: &str) -> Result<Self, Error> {
        let wrong = |why: &str| {
            let what = format!("'{}' cannot be a design's name: {why}", visible(name));
            Err(Error::usage(what).help("for example: ttysim new-design peek-locked"))
        };
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if !name.starts_with(|c: char| c.is_ascii_lowercase()) || !name.chars().all(plain) {
            return wrong("it takes small letters, digits and -, and begins with a letter");
        }
        if name.len() > 32 || name.ends_with('-') || name.contains("--") {
            return wrong("it is too long, or has a - too many");
        }
        if KEYWORDS.contains(&name) || ["none", "this"].contains(&name) {
            return wrong("the word has a meaning already");
        }
        if design(name).is_some() {
            return wrong("there is one of that name");
        }
        let type_name = name.split('-').map(capitalised).collect();
        Ok(Self { name: name.to_owned(), ident: name.replace('-', "_"), type_name })
    }

    fn fill(&self, text: &str) -> String {
        text.replace("@NAME@", &self.name)
            .replace("@IDENT@", &self.ident)
            .replace("@TYPE@", &self.type_name)
    }
}

fn capitalised(word: &str) -> String {
    let mut chars = word.chars();
    chars.next().map_or_else(String::new, |c| c.to_ascii_uppercase().to_string() + chars.as_str())
}

/// `text`, the registry, with `name` in it. `None` if it does not look as expected.
fn registered(text: &str, name: &Name) -> Option<String> {
    const LIST: &str = "pub static DESIGNS: [&dyn Design; ";
    let (before, rest) = text.split_once(LIST)?;
    let (count, rest) = rest.split_once(']')?;
    let count: usize = count.parse().ok()?;
    let (entries, after) = rest.split_once("\n];")?;
    let module = |line: &&str| line.starts_with("mod ") && line.ends_with(';');
    let last = before.lines().rfind(module)?;
    let line = format!("{last}\nmod {};", name.ident);
    let before = before.replacen(last, &line, 1);
    let (ident, type_name) = (&name.ident, &name.type_name);
    let entry = format!("\n    &{ident}::{type_name},");
    Some(format!("{before}{LIST}{}]{entries}{entry}\n];{after}", count + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_identifiers_or_are_refused() {
        let name = Name::new("peek-2-locked").expect("a name");
        assert_eq!(
            (name.ident.as_str(), name.type_name.as_str()),
            ("peek_2_locked", "Peek2Locked")
        );
        for bad in ["", "-a", "a-", "a--b", "A", "a_b", "2a", "loop", "this", "exclusive-2016", "é"]
        {
            assert!(Name::new(bad).is_err(), "{bad}");
        }
        assert!(Name::new(&"a".repeat(33)).is_err());
    }

    #[test]
    fn the_real_registry_can_be_extended_twice() {
        let text = include_str!("../checkpoint.rs");
        let once = registered(text, &Name::new("one").expect("a name")).expect("registered");
        let twice = registered(&once, &Name::new("two-b").expect("a name")).expect("registered");
        assert!(twice.contains("\nmod one;\nmod two_b;\n"), "{twice}");
        assert!(twice.contains("    &one::One,\n    &two_b::TwoB,\n];"), "{twice}");
        let count = crate::checkpoint::DESIGNS.len() + 2;
        assert!(twice.contains(&format!("[&dyn Design; {count}]")), "{twice}");
        assert_eq!(twice.lines().count(), text.lines().count() + 4);
        assert!(registered("nothing", &Name::new("one").expect("a name")).is_none());
    }
}
