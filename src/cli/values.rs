// SPDX-License-Identifier: GPL-2.0-only
//! The values options take, and what is said about those they do not.
//!
//! Each parser is a plain function from text; its error becomes clap's "invalid value ..." message,
//! so it is one sentence that says what would be right.

use crate::error::nearest;
use crate::sync::seeded::Memory;
use crate::verify::judge::Strategy;
use clap::ValueEnum;
use std::fmt;
use std::time::Duration;

/// How results are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
    /// The kernel's test protocol.
    Ktap,
}

impl Format {
    /// The format called `word`.
    ///
    /// # Errors
    /// Which ones there are.
    pub fn parse(word: &str) -> Result<Self, String> {
        match word {
            "text" => Ok(Self::Text),
            "json" => Ok(Self::Json),
            "ktap" => Ok(Self::Ktap),
            _ => Err("known are: text, json, ktap".to_owned()),
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Text => "text",
            Self::Json => "json",
            Self::Ktap => "ktap",
        })
    }
}

/// What a script runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum On {
    /// The model.
    Model,
    /// This machine's ptys.
    Kernel,
}

/// The strategy called `word`: `random`, `pct:3`, `exhaustive`.
///
/// # Errors
/// Which ones there are.
pub fn policy(word: &str) -> Result<Strategy, String> {
    match word.split_once(':') {
        None if word == "random" => Ok(Strategy::Random),
        None if word == "exhaustive" => Ok(Strategy::Exhaustive),
        None if word == "pct" => Err("say how deep, for example pct:3".to_owned()),
        Some(("pct", depth)) => match number(depth) {
            Some(depth @ 1..=64) => Ok(Strategy::Pct(usize::try_from(depth).unwrap_or(1))),
            _ => Err("the depth of pct must be a number from 1 to 64".to_owned()),
        },
        _ => Err(unknown(word, &["random", "pct:3", "exhaustive"])),
    }
}

/// What [`policy`] reads back, and what JSON calls it.
#[must_use]
pub fn policy_name(strategy: Strategy) -> String {
    match strategy {
        Strategy::Exhaustive => "exhaustive".to_owned(),
        Strategy::Random => "random".to_owned(),
        Strategy::Pct(depth) => format!("pct:{depth}"),
        Strategy::Preemptions(n) => format!("preemptions:{n}"),
    }
}

/// The memory model called `word`.
///
/// # Errors
/// Which ones there are.
pub fn memory(word: &str) -> Result<Memory, String> {
    Memory::from_name(word).ok_or_else(|| unknown(word, &Memory::NAMES))
}

/// The runtime of `check`: only the seeded one judges.
///
/// # Errors
/// Where the others are to be had.
pub fn check_runtime(word: &str) -> Result<crate::sync::Runtime, String> {
    match word {
        "seeded" => Ok(crate::sync::Runtime::Seeded),
        "loom" => Err("loom proves with `ttysim prove`".to_owned()),
        "native" => Err("native runs scripts with `ttysim run`, and judges nothing".to_owned()),
        _ => Err(unknown(word, &["seeded"])),
    }
}

fn unknown(word: &str, known: &[&str]) -> String {
    match nearest(word, known) {
        Some(best) => format!("did you mean '{best}'?"),
        None => format!("known are: {}", known.join(", ")),
    }
}

/// A part of the work: `2/4` is the second of four.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    /// Which part, from 1.
    pub index: u32,
    /// Of how many.
    pub of: u32,
}

impl Shard {
    /// The most parts there can be.
    pub const MOST: u32 = 10_000;

    /// Everything.
    pub const ALL: Self = Self { index: 1, of: 1 };

    /// The part that `word` is.
    ///
    /// # Errors
    /// What a part looks like.
    pub fn parse(word: &str) -> Result<Self, String> {
        let (index, of) = word
            .split_once('/')
            .and_then(|(i, n)| {
                Some((u32::try_from(number(i)?).ok()?, u32::try_from(number(n)?).ok()?))
            })
            .ok_or("write it as I/N, for example 1/4")?;
        if of == 0 || of > Self::MOST {
            return Err(format!("the number of parts must be from 1 to {}", Self::MOST));
        }
        if index == 0 || index > of {
            return Err(format!("the parts are 1/{of} to {of}/{of}"));
        }
        Ok(Self { index, of })
    }

    /// Whether unit number `unit`, counted from 0, is in this part.
    #[must_use]
    pub fn has(self, unit: usize) -> bool {
        let of = usize::try_from(self.of).unwrap_or(1).max(1);
        unit % of + 1 == usize::try_from(self.index).unwrap_or(1)
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.index, self.of)
    }
}

/// A seed or a count: decimal, `0x` for hex, `_` between digits.
///
/// # Errors
/// What a number looks like.
pub fn count(word: &str) -> Result<u64, String> {
    number(word).ok_or_else(|| "write a number such as 1000, 10_000 or 0x5eed".to_owned())
}

/// Loom's bound on preemptions; `None`: no bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LoomBound(pub Option<usize>);

/// A bound on preemptions, or that there is none.
///
/// # Errors
/// What a bound looks like.
pub fn loom_bound(word: &str) -> Result<LoomBound, String> {
    if word == "unbounded" {
        return Ok(LoomBound(None));
    }
    let n = number(word).ok_or_else(|| "write a number such as 3, or 'unbounded'".to_owned())?;
    Ok(LoomBound(Some(usize::try_from(n).unwrap_or(usize::MAX))))
}

/// The number of an ioctl.
///
/// # Errors
/// What it looks like.
pub fn ioctl(word: &str) -> Result<u32, String> {
    let number = number(word).and_then(|n| u32::try_from(n).ok());
    number.ok_or_else(|| "write a 32-bit number such as 0x5440".to_owned())
}

/// A number of at least one.
///
/// # Errors
/// As [`count`], or that it is 0.
pub fn positive(word: &str) -> Result<u64, String> {
    match count(word)? {
        0 => Err("it must be at least 1".to_owned()),
        n => Ok(n),
    }
}

/// How many jobs.
///
/// # Errors
/// How many there can be.
pub fn jobs(word: &str) -> Result<usize, String> {
    match number(word).and_then(|n| usize::try_from(n).ok()) {
        Some(n @ 1..=1024) => Ok(n),
        _ => Err("it must be a number from 1 to 1024".to_owned()),
    }
}

/// A time in seconds, which may be a fraction.
///
/// # Errors
/// What a time looks like.
pub fn budget(word: &str) -> Result<Duration, String> {
    let digits = word.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    word.parse::<f64>()
        .ok()
        .filter(|s| digits && *s > 0.0 && *s <= 1e9)
        .map(Duration::from_secs_f64)
        .ok_or_else(|| "write seconds, such as 60 or 0.5".to_owned())
}

/// The width of a drawing.
///
/// # Errors
/// How wide it can be.
pub fn width(word: &str) -> Result<usize, String> {
    match number(word).and_then(|n| usize::try_from(n).ok()) {
        Some(n @ 40..=500) => Ok(n),
        _ => Err("it must be a number from 40 to 500, such as 72".to_owned()),
    }
}

fn number(word: &str) -> Option<u64> {
    let (digits, radix) = word.strip_prefix("0x").map_or((word, 10), |hex| (hex, 16));
    if digits.starts_with('_') || !digits.bytes().all(|b| b.is_ascii_hexdigit() || b == b'_') {
        return None;
    }
    u64::from_str_radix(&digits.replace('_', ""), radix).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers() {
        assert_eq!(count("10_000"), Ok(10_000));
        assert_eq!(count("0x5eed"), Ok(0x5eed));
        for word in ["", "-1", "+1", "1.5", "0x", "_1", "99999999999999999999", "1a"] {
            assert!(count(word).is_err(), "{word}");
        }
        assert!(positive("0").is_err() && jobs("0").is_err() && jobs("1025").is_err());
        assert_eq!(budget("0.5"), Ok(Duration::from_millis(500)));
        for word in ["", "0", "-1", "nan", "inf", "1e400", "."] {
            assert!(budget(word).is_err(), "{word}");
        }
    }

    #[test]
    fn shards_part_the_work() {
        assert_eq!(Shard::parse("2/4"), Ok(Shard { index: 2, of: 4 }));
        for word in ["", "/", "0/4", "5/4", "1/0", "1/10001", "1", "1/2/3", "-1/2", "a/b"] {
            assert!(Shard::parse(word).is_err(), "{word}");
        }
        for unit in 0..50 {
            let parts = (1..=7).filter(|&index| Shard { index, of: 7 }.has(unit)).count();
            assert_eq!(parts, 1);
            assert!(Shard::ALL.has(unit));
        }
    }

    #[test]
    fn policies_read_back() {
        for word in ["random", "exhaustive", "pct:3", "pct:64"] {
            assert_eq!(policy(word).map(policy_name).as_deref(), Ok(word));
        }
        for word in ["pct", "pct:", "pct:0", "pct:65", "pct:x", "dfs", "random:3"] {
            assert!(policy(word).is_err(), "{word}");
        }
        assert_eq!(policy("exhaustiv"), Err("did you mean 'exhaustive'?".to_owned()));
    }
}
