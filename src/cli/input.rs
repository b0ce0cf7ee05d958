// SPDX-License-Identifier: GPL-2.0-only
//! Reading what the user names: files, and designs by name.

use super::run::runnable;
use crate::checkpoint::{DESIGNS, Design, design};
use crate::error::{Error, visible};
use crate::script::parse::MAX_TEXT;
use crate::script::{Context, parse_bytes};
use crate::verify::scenario::{SCENARIOS, Scenario};
use std::fs::File;
use std::io::{Read, stdin};
use std::path::Path;

/// The names of all designs, in table order.
#[must_use]
pub fn design_names() -> Vec<&'static str> {
    DESIGNS.iter().map(|d| d.name()).collect()
}

/// The design called `name`.
///
/// # Errors
/// That there is none, and which was probably meant.
pub fn find_design(name: &str) -> Result<&'static dyn Design, Error> {
    design(name).ok_or_else(|| {
        Error::usage(format!("unknown design '{}'", visible(name))).suggest(name, &design_names())
    })
}

/// The designs called `names`, each once, in table order; all of them if none is named.
///
/// # Errors
/// As [`find_design`].
pub fn find_designs(names: &[String]) -> Result<Vec<&'static dyn Design>, Error> {
    for name in names {
        find_design(name)?;
    }
    let wanted = |d: &&dyn Design| names.is_empty() || names.iter().any(|n| n == d.name());
    Ok(DESIGNS.iter().copied().filter(wanted).collect())
}

/// The scenarios called `names`, in that order: built-in ones, or scripts of the user's. All
/// built-in ones if none is named.
///
/// # Errors
/// A name that is neither, and which was probably meant; a script that is wrong, or that the model
/// cannot run.
pub fn find_scenarios(names: &[String]) -> Result<Vec<Scenario>, Error> {
    if names.is_empty() {
        return Ok(SCENARIOS.to_vec());
    }
    names.iter().map(|name| find_scenario(name)).collect()
}

fn find_scenario(name: &str) -> Result<Scenario, Error> {
    if let Some(built_in) = Scenario::named(name) {
        return Ok(built_in.clone());
    }
    let path = Path::new(name);
    if !is_stdin(path) && !path.exists() {
        let known: Vec<&str> = SCENARIOS.iter().map(|s| s.name.as_ref()).collect();
        let what = format!("'{}' is no built-in scenario, and no such file exists", visible(name));
        return Err(Error::usage(what).suggest(name, &known));
    }
    let file = name_of(path);
    let script = parse_bytes(&read(path)?, &Context::file(&file).designs(&design_names()))?;
    runnable(&script, &file)?;
    let stem = path.file_stem().and_then(|s| s.to_str()).filter(|s| *s != "-");
    Ok(Scenario::own(stem.unwrap_or("stdin"), script))
}

/// What an error calls `path`.
#[must_use]
pub fn name_of(path: &Path) -> String {
    if is_stdin(path) { "standard input".to_owned() } else { path.display().to_string() }
}

fn is_stdin(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// The bytes of the file at `path`, or of standard input for `-`. No more is read than a little
/// beyond [`MAX_TEXT`], so a device without end is refused by the parser and not read for ever.
///
/// # Errors
/// Why it cannot be read.
pub fn read(path: &Path) -> Result<Vec<u8>, Error> {
    read_at_most(path, MAX_TEXT as u64 + 1)
}

/// The bytes of the file at `path`, at most `most` of them.
///
/// # Errors
/// Why it cannot be read.
pub fn read_at_most(path: &Path, most: u64) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    let result = if is_stdin(path) {
        stdin().lock().take(most).read_to_end(&mut bytes)
    } else {
        File::open(path).and_then(|f| f.take(most).read_to_end(&mut bytes))
    };
    result.map_err(|e| Error::file("read", path, &e))?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn designs_are_found_once_and_in_order() {
        let all = design_names();
        let found = find_designs(&[]).expect("all");
        assert_eq!(found.iter().map(|d| d.name()).collect::<Vec<_>>(), all);
        let twice = [all[1].to_owned(), all[0].to_owned(), all[1].to_owned()];
        let found = find_designs(&twice).expect("two");
        assert_eq!(found.iter().map(|d| d.name()).collect::<Vec<_>>(), all[..2]);
    }

    #[test]
    fn a_design_that_is_none_gets_a_suggestion() {
        let error = find_designs(&["exclusive-2106".to_owned()]).expect_err("unknown");
        assert_eq!(error.help_text(), Some("did you mean 'exclusive-2016'?"));
        assert!(find_design("\x1b[2J").is_err_and(|e| !e.report().contains('\x1b')));
    }
}
