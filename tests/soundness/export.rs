// SPDX-License-Identifier: GPL-2.0-only
//! A generated program that is written as a litmus test, and read again, is the same program.

use crate::c11::{parse, print};
use crate::relaxed::reduced;
use crate::weak::{Instr, Outcome, Shape, Weak};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::Arc;

/// `outcome` of `program`, as a state of its litmus test.
fn state(program: &Weak, outcome: &Outcome) -> String {
    let mut state = String::new();
    for (n, read) in outcome.read.iter().enumerate() {
        for (r, value) in read.iter().enumerate() {
            let _ = write!(state, "{n}:r{r}={value}; ");
        }
    }
    assert_eq!(program.threads.len(), outcome.read.len());
    let _ = write!(state, "[x]={}; [y]={};", outcome.last[0], outcome.last[1]);
    state
}

#[test]
fn what_is_written_reads_back_with_the_same_outcomes() {
    let shapes =
        [Shape::TwoByFour, Shape::ThreeByThree, Shape::FourByTwo, Shape::Strong, Shape::Exchanges];
    let mut exchanges = 0;
    for shape in shapes {
        for seed in 0..40 {
            let program = Weak::generate(shape, seed);
            exchanges +=
                program.threads.iter().flatten().filter(|i| matches!(i, Instr::Cas(..))).count();
            let text = print("a-test", &program).expect("no branches");
            let test = Arc::new(parse(&text).unwrap_or_else(|e| panic!("{e}\n{text}")));
            let all = reduced(&program);
            let expected: BTreeSet<String> =
                all.outcomes.iter().map(|outcome| state(&program, outcome)).collect();
            let got = test.states();
            assert_eq!(got.states, expected, "{text}");
            assert_eq!(got.stats.executions, all.executions, "{text}");
            assert!(!got.races, "{text}");
        }
    }
    assert!(exchanges > 20, "{exchanges} compare-exchanges");
}

/// What other people write: other names, an initial state, conditions, plain memory, a race.
#[test]
fn tests_of_others_are_read() {
    let text = r#"C MP+na
"message passing"
{ [flag]=0; int data = 7; }
P0 (atomic_int* flag, int* data) {
  *data = 1;
  atomic_store_explicit(flag, 1, memory_order_release);
}
P1 (atomic_int* flag, int* data) {
  int a = atomic_load_explicit(flag, memory_order_acquire);
  if (a == 1) {
    int b = *data;
  } else {
    atomic_fetch_add(flag, a + 2);
  }
}
exists (1:a=1 /\ 1:b=7) "#;
    let test = Arc::new(parse(text).expect("a test"));
    let found = test.states();
    assert!(!found.races);
    assert_eq!(Vec::from_iter(found.states), ["1:a=0; 1:b=0;", "1:a=1; 1:b=1;"]);
    let racy = text.replace("memory_order_acquire", "memory_order_relaxed");
    assert!(Arc::new(parse(&racy).expect("a test")).states().races);
}

#[test]
fn what_is_not_understood_is_refused() {
    let with = |statement: &str| {
        parse(&format!("C t\n{{ }}\nP0 (atomic_int* x) {{ {statement} }}\nexists (x=1)"))
    };
    assert!(with("atomic_store_explicit(x, 1, memory_order_relaxed);").is_ok());
    for wrong in [
        "atomic_store_explicit(x, 1, memory_order_consume);",
        "atomic_fetch_xor_explicit(x, 1, memory_order_relaxed);",
        "atomic_store_explicit(y, 1, memory_order_relaxed);",
        "int r = *x;",
        "while (1) { }",
        "atomic_store_explicit(x, 1, memory_order_relaxed)",
    ] {
        assert!(with(wrong).is_err(), "{wrong}");
    }
    assert!(parse("C t\n{ }\nexists (x=1)").is_err());
}
