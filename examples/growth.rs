// SPDX-License-Identifier: GPL-2.0-only
//! How exhaustive exploration grows with bytes and threads: a table on stdout, and a plot as SVG.
//!
//! ```sh
//! cargo run --release --example growth -- docs/growth.svg
//! ```
//!
//! Each script writes some bytes through flip buffers of one byte while others are at work; each
//! series stops where an exploration takes more than [`MOST`] executions.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "an example may fail")]
#![allow(clippy::disallowed_methods, reason = "it measures time")]

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Instant;
use ttysim::checkpoint::design;
use ttysim::script::{Context, parse};
use ttysim::sync::seeded::Memory;
use ttysim::verify::check::body;
use ttysim::verify::judge::{Plan, judge};

/// The most executions of one exploration.
const MOST: u64 = 400_000;

/// Who is at work besides the writer and the worker.
const SERIES: [(&str, &str); 4] = [
    ("writer, worker", ""),
    ("+ peek", "thread peeker {\ncheckpoint this slave as A\n}\n"),
    ("+ reader", "thread reader {\nread slave 1\n}\n"),
    (
        "+ reader, peek",
        "thread reader {\nread slave 1\n}\nthread peeker {\ncheckpoint this slave as A\n}\n",
    ),
];

/// One exploration.
struct Point {
    bytes: usize,
    executions: u64,
    pruned: u64,
    /// Steps of the longest execution.
    steps: u64,
    seconds: f64,
}

fn explore(bytes: usize, others: &str) -> Option<Point> {
    let text = format!(
        "geometry n_tty_buf 16 ttyb_align 1 ttyb_page 1 mem_limit 64 write_chunk 16 read_chunk 8 \
         throttle 1\ntermios slave raw -echo\nthread writer {{\nwrite master \"{}\"\n}}\n{others}",
        &"abcdefghijkl"[..bytes]
    );
    let script = parse(&text, &Context::file("growth")).expect("a script");
    let plan = Plan::everything(Memory::Sc, MOST);
    let body = body(design("exclusive-restart"), &Arc::new(script));
    let start = Instant::now();
    let judged = judge(&plan, &body, &mut |_| true);
    judged.complete.then(|| Point {
        bytes,
        executions: judged.executions,
        pruned: judged.pruned,
        steps: judged.longest,
        seconds: start.elapsed().as_secs_f64(),
    })
}

const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 400.0;
const MARGIN: f64 = 60.0;
const COLOURS: [&str; 4] = ["#1b6ca8", "#c0392b", "#2e7d32", "#7b4fa3"];

/// Bytes to the right, executions upwards on a logarithmic scale.
fn svg(series: &[(&str, Vec<Point>)]) -> String {
    let points = || series.iter().flat_map(|(_, points)| points);
    let most_bytes = points().map(|p| p.bytes).max().unwrap_or(1) as f64;
    let decades = points().map(|p| p.executions).max().unwrap_or(1) as f64;
    let decades = decades.log10().ceil().max(1.0);
    let x = |bytes: usize| MARGIN + (WIDTH - 2.5 * MARGIN) * bytes as f64 / most_bytes;
    let y = |n: f64| HEIGHT - MARGIN - (HEIGHT - 1.5 * MARGIN) * n.max(1.0).log10() / decades;
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" \
         font-family=\"sans-serif\" font-size=\"12\">\n\
         <title>Executions of an exhaustive exploration by bytes written</title>\n\
         <rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"white\"/>\n"
    );
    for decade in 0..=decades as u32 {
        let (n, at) = (10_u64.pow(decade), y(10_f64.powi(decade as i32)));
        let _ = writeln!(
            out,
            "<path d=\"M{MARGIN} {at:.1}H{:.1}\" stroke=\"#ddd\"/><text x=\"{:.1}\" y=\"{:.1}\" \
             text-anchor=\"end\">{n}</text>",
            WIDTH - 1.5 * MARGIN,
            MARGIN - 6.0,
            at + 4.0
        );
    }
    for bytes in 1..=most_bytes as usize {
        let _ = writeln!(
            out,
            "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{bytes}</text>",
            x(bytes),
            HEIGHT - MARGIN + 18.0
        );
    }
    for ((name, points), colour) in series.iter().zip(COLOURS) {
        let line: Vec<String> = points
            .iter()
            .map(|p| format!("{:.1},{:.1}", x(p.bytes), y(p.executions as f64)))
            .collect();
        let _ = writeln!(
            out,
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>",
            line.join(" ")
        );
        if let Some(last) = points.last() {
            let _ = writeln!(
                out,
                "<text x=\"{:.1}\" y=\"{:.1}\" fill=\"{colour}\">{name}</text>",
                x(last.bytes) + 6.0,
                y(last.executions as f64) + 4.0
            );
        }
    }
    let _ = writeln!(
        out,
        "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">bytes written</text>\n\
         <text x=\"{MARGIN}\" y=\"20\">executions</text>\n</svg>",
        WIDTH / 2.0,
        HEIGHT - 12.0
    );
    out
}

fn main() {
    println!("| at work | bytes | executions | cut short | longest, steps | seconds |");
    println!("|---|---|---|---|---|---|");
    let series: Vec<(&str, Vec<Point>)> = SERIES
        .iter()
        .map(|(name, others)| {
            let points = (1..=12).map_while(|bytes| {
                let point = explore(bytes, others)?;
                println!(
                    "| {name} | {bytes} | {} | {} | {} | {:.2} |",
                    point.executions, point.pruned, point.steps, point.seconds
                );
                Some(point)
            });
            (*name, points.collect())
        })
        .collect();
    if let Some(path) = std::env::args().nth(1) {
        std::fs::write(&path, svg(&series)).expect("the plot");
    }
}
