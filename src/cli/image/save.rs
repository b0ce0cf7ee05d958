// SPDX-License-Identifier: GPL-2.0-only
//! `ttysim image save`: the image of the pair that a script leaves behind.
//!
//! Data flow: a script -> its run on the model -> `opaque-state`'s checkpoint -> a file.

use crate::checkpoint::caller::Caller;
use crate::checkpoint::image::{Content, Image};
use crate::checkpoint::opaque::checkpoint;
use crate::cli::input::{design_names, name_of, read};
use crate::cli::run::runnable;
use crate::error::{Error, ErrorKind, visible};
use crate::fault::Faults;
use crate::run::{Setup, observe};
use crate::sched::Random;
use crate::script::{Context, parse_bytes};
use crate::sync::Runtime;
use crate::sync::seeded::{Config, execute};
use std::path::Path;
use std::sync::Arc;

/// Runs the script at `script`, and writes the image of its pair to `file`. Returns its bytes.
///
/// # Errors
/// A script that cannot be run to its end, a pair that cannot be checkpointed, or a file that cannot
/// be written.
pub(super) fn save(script: &Path, file: &Path) -> Result<Vec<u8>, Error> {
    let bytes = image(script)?.encode();
    std::fs::write(file, &bytes).map_err(|e| Error::file("write", file, &e))?;
    Ok(bytes)
}

fn image(path: &Path) -> Result<Image, Error> {
    let name = name_of(path);
    let script = parse_bytes(&read(path)?, &Context::file(&name).designs(&design_names()))?;
    runnable(&script, &name)?;
    let script = Arc::new(script);
    let setup = Setup { rt: Runtime::Seeded, design: None };
    let mut saved = None;
    let execution = execute(Config::default(), &mut Random::new(1), || {
        let pair = observe(setup, &script).pair;
        saved = Some(checkpoint(&Caller::root(&Faults::none()), &pair.slave));
    });
    let refused = |message: String, help: &str| {
        Err(Error::new(ErrorKind::Syntax, format!("{}: {message}", visible(&name))).help(help))
    };
    match saved {
        Some(Ok(pair)) => {
            let origin = concat!("ttysim ", env!("CARGO_PKG_VERSION"));
            Ok(Image::of(Content::Pair(Box::new(pair))).from_origin(origin))
        }
        Some(Err(refusal)) => refused(
            format!("at the script's end there is nothing to checkpoint: {refusal}"),
            "end it before an end is hung up, or its line discipline is changed",
        ),
        None => {
            let found = execution.found.first().map(|f| f.violation.to_string());
            let why = found.or(execution.panic).unwrap_or_else(|| "it was stopped".to_owned());
            refused(
                format!("the script does not come to its end: {why}"),
                "`ttysim run` shows how far it gets",
            )
        }
    }
}
