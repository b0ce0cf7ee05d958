// SPDX-License-Identifier: GPL-2.0-only
//! Contenders measured in turn, so that what the machine does meanwhile hits all of them, and
//! floors on their ratios.
//!
//! A round gives every contender one sample of about [`SAMPLE`]. A figure is the sample that only a
//! tenth of the contender's are better than: what it costs while the machine lets it run, whatever
//! else runs there. A ratio is that of two figures. A floor that is missed is printed with both, and
//! ends the process with a failure.

#![allow(clippy::disallowed_methods, reason = "a bench measures time")]

use criterion::{Criterion, Throughput};
use std::io::IsTerminal;
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// How long one sample is meant to take.
const SAMPLE: Duration = Duration::from_micros(800);

/// How many samples each contender gives.
const ROUNDS: usize = 201;

/// One way to do something.
pub(crate) struct Contender<'a> {
    /// What it is called in tables.
    pub(crate) name: String,
    /// How many units (bytes, executions, steps) one call of `run` does.
    pub(crate) units: u64,
    /// Does it once.
    pub(crate) run: Box<dyn FnMut() + 'a>,
}

impl<'a> Contender<'a> {
    /// A contender called `name` whose every `run` does `units`.
    pub(crate) fn new(name: impl Into<String>, units: u64, run: impl FnMut() + 'a) -> Self {
        Self { name: name.into(), units, run: Box::new(run) }
    }

    /// Seconds a unit, over `calls` calls.
    fn sample(&mut self, calls: u32) -> f64 {
        let start = Instant::now();
        for _ in 0..calls {
            (self.run)();
        }
        start.elapsed().as_secs_f64() / (f64::from(calls) * self.units as f64)
    }

    /// How many calls take about [`SAMPLE`].
    fn calls(&mut self) -> u32 {
        self.sample(1);
        let once = self.sample(1) * self.units as f64;
        ((SAMPLE.as_secs_f64() / once.max(1e-9)) as u32).clamp(1, 1 << 20)
    }
}

/// The samples of some contenders, by contender.
pub(crate) struct Measured {
    title: String,
    unit: &'static str,
    names: Vec<String>,
    samples: Vec<Vec<f64>>,
}

/// What a figure must be.
#[derive(Clone, Copy)]
pub(crate) enum Floor<'a> {
    /// `.0` does at least `.1` times as much a second as `.2`.
    Faster(&'a str, f64, &'a str),
    /// A unit of `.0` costs at most `.1` nanoseconds.
    Costs(&'a str, f64),
}

/// Measures `contenders` in turn.
pub(crate) fn measure(
    title: &str,
    unit: &'static str,
    contenders: &mut [Contender<'_>],
) -> Measured {
    let calls: Vec<u32> = contenders.iter_mut().map(Contender::calls).collect();
    let mut samples = vec![Vec::with_capacity(ROUNDS); contenders.len()];
    for _ in 0..ROUNDS {
        for ((contender, &calls), samples) in contenders.iter_mut().zip(&calls).zip(&mut samples) {
            samples.push(contender.sample(calls));
        }
    }
    let names = contenders.iter().map(|c| c.name.clone()).collect();
    Measured { title: title.to_owned(), unit, names, samples }
}

fn first_decile(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values[values.len() / 10]
}

impl Measured {
    fn of(&self, name: &str) -> &[f64] {
        let at = self.names.iter().position(|n| n == name);
        at.map_or(&[], |i| &self.samples[i])
    }

    /// Seconds a unit of `name`.
    pub(crate) fn seconds(&self, name: &str) -> f64 {
        first_decile(self.of(name).to_vec())
    }

    /// How many times as much as `other` `name` does a second.
    pub(crate) fn ratio(&self, name: &str, other: &str) -> f64 {
        self.seconds(other) / self.seconds(name)
    }

    /// Prints the figures, beside the first contender's.
    pub(crate) fn print(&self) {
        println!("\n{} (first decile of {ROUNDS} rounds)", self.title);
        for name in &self.names {
            let seconds = self.seconds(name);
            println!(
                "  {name:<28} {:>10.3} ns/{} {:>12.3} M{}/s {:>9.2}x the first",
                seconds * 1e9,
                self.unit,
                1e-6 / seconds,
                self.unit,
                self.ratio(name, &self.names[0]),
            );
        }
    }

    /// Prints and checks `floors`; how many were missed.
    pub(crate) fn check(&self, floors: &[Floor<'_>]) -> usize {
        floors.iter().filter(|floor| !self.holds(**floor)).count()
    }

    fn holds(&self, floor: Floor<'_>) -> bool {
        let (holds, sentence) = match floor {
            Floor::Faster(name, wanted, other) => {
                let ratio = self.ratio(name, other);
                let [mine, theirs] = [name, other].map(|n| 1e9 * self.seconds(n));
                let sentence = format!(
                    "{name} at {ratio:.2}x {other}, floor {wanted}x ({mine:.3} and {theirs:.3} ns/{})",
                    self.unit
                );
                (ratio >= wanted, sentence)
            }
            Floor::Costs(name, most) => {
                let cost = 1e9 * self.seconds(name);
                (cost <= most, format!("{name} at {cost:.3} ns/{}, at most {most}", self.unit))
            }
        };
        println!("  {}: {sentence}", if holds { "ok" } else { "MISSED" });
        holds
    }
}

/// Hands the same contenders to criterion, one benchmark each.
pub(crate) fn criterion(c: &mut Criterion, title: &str, contenders: &mut [Contender<'_>]) {
    let mut group = c.benchmark_group(title);
    group.sample_size(10);
    group.warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(1));
    for contender in contenders {
        group.throughput(Throughput::Elements(contender.units));
        group.bench_function(&contender.name, |b| b.iter(&mut contender.run));
    }
    group.finish();
}

/// How the bench ends: badly if a floor was missed.
pub(crate) fn end(missed: usize) -> ExitCode {
    if missed == 0 {
        return ExitCode::SUCCESS;
    }
    let hint = if std::io::stdout().is_terminal() { "" } else { " (see MISSED above)" };
    println!("\n{missed} floors missed{hint}");
    ExitCode::FAILURE
}
