// SPDX-License-Identifier: GPL-2.0-only
//! C5, C6 and C7, and what calls made alone say, for `ttysim check`: carried out side by side, and as verdicts.
//!
//! Data flow: [`Work`] -> [`carry_out`] on several OS threads -> [`Verdict`]s in order, each
//! violation with its reason, and saved as a script if it is to be.

use super::judging;
use super::progress::{Progress, Stopwatch};
use crate::error::Error;
use crate::report::json::{Finding, Verdict, Version};
use crate::sync::pool::parallel_map;
use crate::verify::Property;
use crate::verify::contract::Answer;
pub use crate::verify::contract::{Work, work};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// What chose the schedules: nobody, each script has one.
pub const POLICY: &str = "scripts";

/// Judges `all`; the verdicts in order.
///
/// # Errors
/// The first that cannot be judged or saved.
pub fn carry_out(all: &[Work], how: &judging::Work) -> Result<Vec<Verdict>, Error> {
    let progress = Mutex::new((0, Progress::new(all.len() as u64)));
    let tell = |finished: u64, doing: &str| {
        let mut progress = progress.lock().unwrap_or_else(PoisonError::into_inner);
        progress.0 += finished;
        let done = progress.0;
        progress.1.update(done, doing);
    };
    let results = parallel_map(how.jobs, all, |_, work| {
        let (name, clock) = (work.design.name(), Stopwatch::start());
        let answers = work.run(&mut |n| {
            tell(0, &format!("{name}, {}: {n}", work.on()));
            !how.limits.reached()
        })?;
        tell(1, name);
        answers.iter().map(|answer| verdict(work, answer, clock.seconds(), how.out)).collect()
    });
    let verdicts: Result<Vec<Vec<Verdict>>, Error> = results.into_iter().collect();
    Ok(verdicts?.concat())
}

fn verdict(
    work: &Work,
    answer: &Answer,
    seconds: f64,
    out: Option<&Path>,
) -> Result<Verdict, Error> {
    let design = work.design.name();
    let file = match (&answer.script, out) {
        // C5 has the script of C6.
        (Some(script), Some(out)) if answer.property != Property::C5 => {
            let path = out.join(format!("{design}-{}-{}.tty", answer.on, answer.property));
            Some(save(&path, &script.to_string())?)
        }
        _ => None,
    };
    Ok(Verdict {
        v: Version,
        design: design.to_owned(),
        scenario: answer.on.clone(),
        property: answer.property.id().to_owned(),
        status: answer.status,
        exhaustive: false,
        runtime: "seeded".to_owned(),
        memory: "sc".to_owned(),
        policy: POLICY.to_owned(),
        executions: answer.executions,
        seconds,
        distinct: None,
        finding: answer.why.as_ref().map(|why| Finding {
            code: code(answer.property).to_owned(),
            sentence: why.clone(),
            steps: 0,
            switches: 0,
        }),
        counterexample: file.map(|f| f.display().to_string()),
        minimised: None,
    })
}

/// The violation's stable word.
const fn code(property: Property) -> &'static str {
    match property {
        Property::C5 => "lost-state",
        Property::C6 => "differs",
        Property::C1 | Property::C2 | Property::C3 | Property::C4 => "alone",
        Property::C7 => "unguarded",
    }
}

fn save(path: &Path, text: &str) -> Result<PathBuf, Error> {
    path.parent()
        .map_or(Ok(()), std::fs::create_dir_all)
        .and_then(|()| std::fs::write(path, text))
        .map_err(|e| Error::file("write", path, &e))?;
    Ok(path.to_path_buf())
}
