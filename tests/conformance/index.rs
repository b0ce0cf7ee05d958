// SPDX-License-Identifier: GPL-2.0-only
//! `facts/INDEX`: which scripts stand for which of the facts that were measured first.
//!
//! A line is a fact, `:` at its end; the lines below it, indented, are the scripts for it, or a
//! `-` and the reason why there is none.

use crate::{collect, home};
use std::collections::{BTreeMap, BTreeSet};

/// Every fact with what stands below it.
fn facts() -> BTreeMap<String, Vec<String>> {
    let text = std::fs::read_to_string(home().join("facts/INDEX")).unwrap();
    let mut facts: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut fact = String::new();
    for line in text.lines().filter(|l| !l.starts_with('#') && !l.trim().is_empty()) {
        match line.strip_prefix("    ") {
            Some(below) => facts.entry(fact.clone()).or_default().push(below.to_owned()),
            None => {
                line.clone_into(&mut fact);
                assert!(facts.insert(fact.clone(), Vec::new()).is_none(), "twice: {line}");
            }
        }
    }
    facts
}

#[test]
fn every_fact_has_a_script_that_exists_or_a_reason() {
    let facts = facts();
    assert!(facts.len() >= 40, "{} facts", facts.len());
    for (fact, below) in facts {
        assert!(!below.is_empty(), "nothing stands for: {fact}");
        for name in below.iter().filter(|b| !b.starts_with("- ")) {
            let path = home().join(format!("{name}.tty"));
            assert!(path.is_file(), "no {}, for: {fact}", path.display());
        }
    }
}

#[test]
fn every_script_of_facts_stands_for_one() {
    let named: BTreeSet<String> = facts().into_values().flatten().collect();
    for path in collect::scripts(&home().join("facts")) {
        let path = path.strip_prefix(home()).unwrap().with_extension("");
        assert!(named.contains(path.to_str().unwrap()), "not in facts/INDEX: {}", path.display());
    }
}
