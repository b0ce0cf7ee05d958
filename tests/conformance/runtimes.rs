// SPDX-License-Identifier: GPL-2.0-only
//! What a real kernel answered, in the runtimes where the model takes many characters as one step.
//!
//! The suite itself runs in the seeded runtime, where each character takes its own steps. Natively
//! and alone the same code goes other ways (`Runtime::batch`), which must lead to the same answers.

use crate::{collect, home};
use std::fs;
use std::sync::Arc;
use ttysim::run::{Setup, run};
use ttysim::script::ast::Op;
use ttysim::script::{Context, Script, parse_bytes};
use ttysim::sync::Runtime;

/// Asserts that every line of `script` is met in `rt`.
fn assert_met(script: &Arc<Script>, rt: Runtime, name: &str) {
    let results = run(Setup { rt, design: None }, script);
    assert_eq!(results.len(), script.lines().count(), "{name} in {rt:?}");
    for result in results {
        assert_eq!(result.unmet, None, "{name}:{} in {rt:?}", result.line);
    }
}

/// Whether the calls of `script` return at once: a sleeper needs somebody who lets time pass.
fn never_waits(script: &Script) -> bool {
    !script.lines().any(|l| matches!(l.op, Op::Read { wait: true, .. }))
}

#[test]
fn batches_are_met_as_steps_are() {
    let mut ran = 0;
    for path in collect::scripts(&home()) {
        let name = path.display().to_string();
        let script = parse_bytes(&fs::read(&path).unwrap(), &Context::file(&name)).unwrap();
        let script = Arc::new(script);
        if never_waits(&script) {
            assert_met(&script, Runtime::Native, &name);
            assert_met(&script, Runtime::Solo, &name);
            ran += 1;
        }
    }
    assert!(ran > 500, "{ran}");
}
