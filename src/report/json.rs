// SPDX-License-Identifier: GPL-2.0-only
//! JSON lines: one object a line, each with a `type` and `"v":1`.
//!
//! Data flow: commands build a [`Record`] and print [`Record::line`]; `ttysim merge` reads them
//! back with [`Record::parse`]. The names are an interface: fields may be added, none changes its
//! name or meaning, and a reader ignores the fields it does not know.

use crate::errno::Errno;
use crate::report::image::json::{Checked, Shown};
use crate::run::{OpResult, Outcome};
pub use crate::verify::check::Status;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::collections::BTreeMap;

/// The version of the format: `1`, and nothing else is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Version;

impl Serialize for Version {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_u8(1)
    }
}

impl<'de> Deserialize<'de> for Version {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        match u64::deserialize(d)? {
            1 => Ok(Self),
            v => Err(serde::de::Error::custom(format!("version {v} is not known here"))),
        }
    }
}

/// `check`, `prove`: one property of one design on one scenario.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// The format's version.
    pub v: Version,
    /// The design's name.
    pub design: String,
    /// The scenario's name.
    pub scenario: String,
    /// `C1` to `C7`.
    pub property: String,
    /// What is known.
    pub status: Status,
    /// Whether `holds` means that no interleaving breaks it.
    pub exhaustive: bool,
    /// `native`, `seeded` or `loom`.
    pub runtime: String,
    /// The memory model.
    pub memory: String,
    /// How schedules were chosen.
    #[serde(default)]
    pub policy: String,
    /// How many executions it took.
    pub executions: u64,
    /// How long, in seconds.
    pub seconds: f64,
    /// About how many of the executions were different interleavings; random policies only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub distinct: Option<u64>,
    /// What was found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finding: Option<Finding>,
    /// The file that replays the violation.
    pub counterexample: Option<String>,
    /// How it was made small, if it was saved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minimised: Option<Minimised>,
}

impl Verdict {
    /// Whether both verdicts come from the same exploration.
    #[must_use]
    pub fn same_exploration(&self, other: &Self) -> bool {
        let key = |v: &Self| {
            [&v.design, &v.scenario, &v.runtime, &v.memory, &v.policy].map(String::clone)
        };
        key(self) == key(other)
    }
}

/// A violation, in words, and the size of the schedule that shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// The violation's stable word.
    pub code: String,
    /// What broke, in one sentence.
    pub sentence: String,
    /// How many steps the schedule has.
    pub steps: u64,
    /// How often it goes from one thread to another.
    pub switches: u64,
}

/// `check --resume`: a unit of work that is finished, a line of the journal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UnitDone {
    /// The format's version.
    pub v: Version,
    /// Which build judged.
    pub build: String,
    /// Which unit, in words.
    pub unit: String,
    /// What came of it.
    pub verdicts: Vec<Verdict>,
}

/// A counterexample's size, and what it took to get there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Minimised {
    /// How often it leaves a thread that could have gone on.
    pub preemptions: u64,
    /// How many steps it has.
    pub steps: u64,
    /// How many executions were spent.
    pub executions: u64,
    /// How many smaller scripts and schedules were tried.
    pub tried: u64,
    /// How many of them were taken.
    pub taken: u64,
    /// What went.
    pub dropped: Dropped,
}

/// What a counterexample lost when it was made small.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dropped {
    /// Preemptions.
    pub preemptions: u64,
    /// Threads of the script.
    pub threads: u64,
    /// Operations.
    pub operations: u64,
    /// Bytes written.
    pub bytes: u64,
}

/// `museum --fixes`: a candidate fix of W1.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fix {
    /// The format's version.
    pub v: Version,
    /// The variant; `today` is today's code.
    pub variant: String,
    /// Whether bytes still get stuck on W1's script.
    pub stalls: bool,
    /// Whether all of its interleavings were explored.
    pub complete: bool,
    /// How many they are.
    pub executions: u64,
    /// How many random schedules were drawn at Linux's sizes.
    pub schedules: u64,
    /// In how many of them bytes got stuck.
    pub stalled: u64,
    /// Their steps.
    pub steps: u64,
    /// Runs of the work in them.
    pub runs: u64,
    /// How many of those moved nothing.
    pub idle: u64,
}

impl Fix {
    /// The record of `fix`.
    #[must_use]
    pub fn record(fix: &crate::museum::fixes::Fix) -> Record {
        Record::Fix(Self {
            v: Version,
            variant: fix.variant.name().to_owned(),
            stalls: fix.stalls,
            complete: fix.complete,
            executions: fix.executions,
            schedules: fix.schedules,
            stalled: fix.stalled,
            steps: fix.steps,
            runs: fix.runs,
            idle: fix.idle,
        })
    }
}

/// What loom made of an exhibit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoomSaw {
    /// Whether it found it.
    pub found: bool,
    /// In how many executions.
    pub executions: u64,
}

/// `museum`: one exhibit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Exhibit {
    /// The format's version.
    pub v: Version,
    /// Its number.
    pub id: String,
    /// 1, 2, 3: a historical bug; 0: a weakness of today's code.
    pub tier: u64,
    /// The commits that cured it.
    pub commit: Vec<String>,
    /// What the commit or the weakness is called.
    pub title: String,
    /// The variant that has it; `today`: today's code.
    pub variant: String,
    /// Whether it was found.
    pub found: bool,
    /// Whether, if not, nothing was left to explore.
    pub complete: bool,
    /// The property that must break.
    pub property: String,
    /// The finding's word.
    pub code: String,
    /// The variant that has it not; null if there is none.
    pub fixed: Option<String>,
    /// Whether that showed nothing.
    pub fixed_clean: Option<bool>,
    /// In how many executions.
    pub fixed_executions: Option<u64>,
    /// Whether these were all there are.
    pub fixed_exhaustive: Option<bool>,
    /// `seeded`.
    pub runtime: String,
    /// The memory model.
    pub memory: String,
    /// How schedules were chosen.
    pub policy: String,
    /// How many executions it took to find it.
    pub executions: u64,
    /// How long the visit took, in seconds.
    pub seconds: f64,
    /// The file that replays it.
    pub counterexample: Option<String>,
    /// What loom made of it, where it is about weak memory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub loom: Option<LoomSaw>,
    /// Its size, and what it took to get there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minimised: Option<Minimised>,
}

/// `run`: one operation and what came of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Op {
    /// The format's version.
    pub v: Version,
    /// `model` or `kernel`.
    pub on: String,
    /// The line of the script.
    pub line: u32,
    /// The operation as the script has it.
    pub op: String,
    /// What the call returned: bytes, a number, `revents`; -1 if it failed; null if nothing was
    /// called.
    pub ret: Option<i64>,
    /// Why it failed.
    pub errno: Option<String>,
    /// What was read, in hex.
    pub data: Option<String>,
    /// What the script expected, where it got something else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected: Option<String>,
}

impl Op {
    /// The record of `result`, which came of `on`.
    #[must_use]
    pub fn new(on: &str, result: &OpResult) -> Self {
        let number = |n: u64| Some(i64::try_from(n).unwrap_or(i64::MAX));
        let (ret, errno, data) = match &result.outcome {
            Outcome::Number(n) => (number(*n), None, None),
            Outcome::Bytes(b) => (number(b.len() as u64), None, Some(hex(b))),
            Outcome::Events(events) => (number(u64::from(*events)), None, None),
            Outcome::Errno(errno) => (Some(-1), Some(Errno::name(*errno).to_owned()), None),
            Outcome::Skipped => (None, None, None),
        };
        Self {
            v: Version,
            on: on.to_owned(),
            line: result.line,
            op: result.op.to_string(),
            ret,
            errno,
            data,
            expected: result.unmet.as_ref().map(ToString::to_string),
        }
    }
}

/// `replay`: whether the recording's violation came again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Replay {
    /// The format's version.
    pub v: Version,
    /// Whether it did.
    pub reproduced: bool,
    /// Which property.
    pub property: String,
    /// The digest of the execution, in hex.
    pub trace_hash: String,
}

/// `run`: the end of one run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// The format's version.
    pub v: Version,
    /// The seed that chose the schedule.
    pub seed: u64,
    /// The digest of the execution, in hex.
    pub trace_hash: String,
    /// The properties it broke.
    pub findings: Vec<String>,
}

/// `compare`: one confirmed difference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Differs {
    /// The format's version.
    pub v: Version,
    /// The script that shows it, made as short as possible.
    pub script: String,
    /// The number of the script it was found in.
    pub number: u64,
    /// The number of the first operation that differs, from 0.
    pub at: u64,
    /// That operation.
    pub op: Option<String>,
    /// What the model made of it, in words; null if it did not get that far.
    pub model: Option<String>,
    /// What the kernel made of it.
    pub kernel: Option<String>,
    /// The file it was saved in.
    pub file: Option<String>,
}

/// In how many scripts of `compare` a feature was exercised.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Feature {
    /// Switched on; for what is no switch, at all.
    pub on: u64,
    /// Switched off; left out for what is no switch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub off: Option<u64>,
}

/// `compare`: the last line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// The format's version.
    pub v: Version,
    /// How many scripts were compared.
    pub scripts: u64,
    /// How many operations they had.
    pub operations: u64,
    /// How many differences were confirmed.
    pub differences: u64,
    /// How many scripts agreed only when the kernel was given more time.
    pub unsteady: u64,
    /// How many scripts agreed only in another order of the kernel's workers.
    #[serde(default)]
    pub reordered: u64,
    /// How many scripts were not compared, by the name of the rule.
    pub excluded: BTreeMap<String, u64>,
    /// How long it took, in seconds.
    pub seconds: f64,
    /// What was exercised.
    pub coverage: BTreeMap<String, Feature>,
}

/// The last line of `check --shard I/N`: without it, a file is incomplete.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShardEnd {
    /// The format's version.
    pub v: Version,
    /// Which part, from 1.
    pub shard: u32,
    /// Of how many.
    pub of: u32,
    /// How many verdicts stand before this line.
    pub verdicts: u64,
}

/// `check`: how long one design keeps the worker out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    /// The format's version.
    pub v: Version,
    /// The design's name.
    pub design: String,
    /// The longest hold of `buf->lock` in one call, in steps.
    pub steps: u64,
}

/// `roundtrip`: what came of one design's pairs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RoundTrip {
    /// The format's version.
    pub v: Version,
    /// The design's name.
    pub design: String,
    /// What the scripts were made up from.
    pub seed: u64,
    /// How many were judged, up to the first that differs.
    pub pairs: u64,
    /// How many of them had nothing to keep, and were refused for it.
    pub nothing_to_keep: u64,
    /// How many began where one more run of the work changes the original as much.
    pub stuck: u64,
    /// The first difference.
    pub told: Option<Told>,
    /// Where its script was saved.
    pub file: Option<String>,
    /// How long, in seconds.
    pub seconds: f64,
}

/// `mutants`: what became of one mutant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Mutated {
    /// The format's version.
    pub v: Version,
    /// Which site, `function.what`.
    pub site: String,
    /// What was done to it.
    pub mutation: String,
    /// `killed`, `equivalent` or `survived`.
    pub status: String,
    /// Killed: by which trial. Equivalent: `ordered` (computed) or `argued`. Else empty.
    pub by: String,
    /// Killed: what was noticed. Equivalent: why.
    pub how: Option<String>,
    /// How many executions it took.
    pub executions: u64,
    /// How long, in seconds.
    pub seconds: f64,
}

/// What tells a restored pair from the original.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// The number of the pair it was found in.
    pub number: u64,
    /// The smallest script that shows it.
    pub script: String,
    /// The operation, or what else was looked at.
    pub what: String,
    /// What the original gives.
    pub original: String,
    /// What the restored one gives.
    pub restored: String,
}

/// A line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum Record {
    /// See [`Verdict`].
    Verdict(Box<Verdict>),
    /// See [`UnitDone`].
    Unit(UnitDone),
    /// See [`Op`].
    Op(Op),
    /// See [`Run`].
    Run(Run),
    /// See [`Fix`].
    Fix(Fix),
    /// See [`Exhibit`].
    Exhibit(Box<Exhibit>),
    /// See [`Replay`].
    Replay(Replay),
    /// See [`ShardEnd`].
    Shard(ShardEnd),
    /// See [`Hold`].
    Hold(Hold),
    /// See [`Differs`].
    Difference(Differs),
    /// See [`Summary`].
    Summary(Summary),
    /// See [`RoundTrip`].
    RoundTrip(RoundTrip),
    /// See [`Checked`].
    #[serde(rename = "image-check")]
    Checked(Checked),
    /// See [`Shown`].
    Image(Shown),
    /// See [`Mutated`].
    Mutant(Mutated),
}

impl Record {
    /// The line, without its newline.
    #[must_use]
    pub fn line(&self) -> String {
        // These structs hold strings, numbers and options: there is nothing serde could refuse.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// The record that `line` is.
    ///
    /// # Errors
    /// What serde says, and the column it says it of (0 if none).
    pub fn parse(line: &str) -> Result<Self, (String, u32)> {
        serde_json::from_str(line).map_err(|e| {
            let text = e.to_string();
            let message = text.split(" at line ").next().unwrap_or_default().to_owned();
            (message, u32::try_from(e.column()).unwrap_or(u32::MAX))
        })
    }
}

/// `bytes` in lower-case hex.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .flat_map(|b| [b >> 4, b & 15])
        .filter_map(|d| char::from_digit(d.into(), 16))
        .collect()
}

/// Seconds as they are reported: to the millisecond.
#[must_use]
pub fn seconds(seconds: f64) -> f64 {
    (seconds * 1000.0).round() / 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::script::Line;
    use crate::script::ast::{End, Op as ScriptOp};

    fn verdict() -> Record {
        Record::Verdict(Box::new(Verdict {
            v: Version,
            design: "exclusive-2016".to_owned(),
            scenario: "append".to_owned(),
            property: "C3".to_owned(),
            status: Status::Violated,
            exhaustive: true,
            runtime: "seeded".to_owned(),
            memory: "sc".to_owned(),
            policy: "exhaustive".to_owned(),
            executions: 231,
            seconds: seconds(0.100_04),
            distinct: None,
            finding: None,
            counterexample: None,
            minimised: None,
        }))
    }

    #[test]
    fn a_verdict_has_the_documented_names() {
        assert_eq!(
            verdict().line(),
            r#"{"type":"verdict","v":1,"design":"exclusive-2016","scenario":"append","property":"C3","status":"violated","exhaustive":true,"runtime":"seeded","memory":"sc","policy":"exhaustive","executions":231,"seconds":0.1,"counterexample":null}"#
        );
    }

    #[test]
    fn an_operation_has_the_documented_names() {
        let line = Line::new(ScriptOp::Read { end: End::Slave, n: 64, wait: false });
        let result = |outcome| OpResult { line: 3, op: line.op.clone(), outcome, unmet: None };
        assert_eq!(
            Record::Op(Op::new("model", &result(Outcome::Bytes(b"abc".to_vec())))).line(),
            r#"{"type":"op","v":1,"on":"model","line":3,"op":"read slave 64","ret":3,"errno":null,"data":"616263"}"#
        );
        assert_eq!(
            Record::Op(Op::new("model", &result(Outcome::Errno(Errno::EAGAIN)))).line(),
            r#"{"type":"op","v":1,"on":"model","line":3,"op":"read slave 64","ret":-1,"errno":"EAGAIN","data":null}"#
        );
    }

    #[test]
    fn records_read_back_and_unknown_fields_are_ignored() {
        let shard = ShardEnd { v: Version, shard: 1, of: 4, verdicts: 12 };
        let replay = Replay {
            v: Version,
            reproduced: true,
            property: "C3".to_owned(),
            trace_hash: "00ff".to_owned(),
        };
        for record in [verdict(), Record::Shard(shard), Record::Replay(replay)] {
            assert_eq!(Record::parse(&record.line()), Ok(record.clone()));
            let more = record.line().replacen('{', r#"{"later":[1],"#, 1);
            assert_eq!(Record::parse(&more), Ok(record));
        }
    }

    #[test]
    fn other_versions_and_broken_lines_are_refused() {
        let newer = verdict().line().replace("\"v\":1", "\"v\":2");
        assert!(Record::parse(&newer).is_err_and(|(m, _)| m.contains("version 2")));
        let line = verdict().line();
        for cut in 0..line.len() {
            assert!(Record::parse(&line[..cut]).is_err());
        }
        assert!(Record::parse(&"[".repeat(100_000)).is_err());
    }
}
