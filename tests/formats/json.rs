// SPDX-License-Identifier: GPL-2.0-only
//! JSON against its published schema.

use super::{EXPECTS, directory, file, has_ptys, text};
use jsonschema::Validator;
use serde_json::Value;
use std::collections::BTreeSet;

fn schema() -> Validator {
    let text = include_str!("../../docs/schema/ttysim-v1.schema.json");
    let schema: Value = serde_json::from_str(text).expect("the schema is JSON");
    jsonschema::draft202012::meta::validate(&schema).expect("the schema is a schema");
    jsonschema::validator_for(&schema).expect("the schema is usable")
}

/// The types of the lines that `args` write, each of which the schema accepts.
fn types(schema: &Validator, args: &[&str], codes: &[i32]) -> BTreeSet<String> {
    let args = [args, &["--format", "json"]].concat();
    let text = text(&args, codes);
    assert!(!text.is_empty(), "{args:?}");
    let mut types = BTreeSet::new();
    for line in text.lines() {
        let value: Value = serde_json::from_str(line).expect("a line is JSON");
        let errors: Vec<String> = schema.iter_errors(&value).map(|e| e.to_string()).collect();
        assert!(errors.is_empty(), "{args:?}: {line}\n{errors:?}");
        types.insert(value["type"].as_str().expect("a type").to_owned());
    }
    types
}

#[test]
fn what_is_written_is_what_the_schema_says() {
    let schema = schema();
    let scratch = directory("json");
    let out = scratch.display().to_string();
    let script = file(&scratch, "a.tty", EXPECTS);
    let mut seen = types(
        &schema,
        &["check", "--policy", "exhaustive", "--shard", "2/2", "--out", &out, "exclusive-ordered"],
        &[1],
    );
    seen.extend(types(&schema, &["run", "--design", "peekraw-v2", &script], &[1]));
    let saved = std::fs::read_dir(&scratch).expect("a directory");
    let saved = saved.map(|e| e.expect("an entry").path().display().to_string());
    let saved = saved.into_iter().find(|p| p.ends_with("C3.ttysim")).expect("a counterexample");
    seen.extend(types(&schema, &["replay", &saved], &[1]));
    seen.extend(types(&schema, &["museum", "9", "W5a", "--out", &out], &[0]));
    seen.extend(types(&schema, &["museum", "--fixes"], &[0]));
    seen.extend(types(&schema, &["prove", "--budget", "1", "peekraw-v2"], &[0, 1, 4]));
    seen.extend(types(&schema, &["roundtrip", "--pairs", "20"], &[0]));
    seen.extend(types(&schema, &["roundtrip", "--pairs", "50", "exclusive-restart"], &[1]));
    let image = |name| format!("tests/image/golden/{name}");
    let (good, bad) = (image("v1.9-optional-section.ttyckpt"), image("v2.0.ttyckpt"));
    seen.extend(types(&schema, &["image", "show", &good], &[0]));
    seen.extend(types(&schema, &["image", "check", &good, &bad], &[2]));
    seen.extend(types(&schema, &["mutants", "relax tty_flip_buffer_commit"], &[0]));
    if has_ptys() {
        seen.extend(types(&schema, &["compare", "--generate", "20"], &[0]));
        seen.extend(types(&schema, &["run", "--on", "kernel", &script], &[1]));
    } else {
        println!("no ptys here: nothing is compared");
        seen.insert("summary".to_owned());
    }
    // A difference is never written while model and kernel agree; the schema test below has one.
    seen.insert("difference".to_owned());
    let all = "difference exhibit fix image image-check mutant op replay roundtrip run shard summary \
               verdict";
    assert_eq!(seen.into_iter().collect::<Vec<_>>().join(" "), all);
}

#[test]
fn the_schema_refuses_what_nobody_writes() {
    let schema = schema();
    let difference = r#"{"type":"difference","v":1,"script":"x","number":1,"at":0,"op":null,"model":null,"kernel":"a","file":null}"#;
    let good: Value = serde_json::from_str(difference).expect("JSON");
    assert!(schema.is_valid(&good));
    for (from, to) in [
        ("\"v\":1", "\"v\":2"),
        ("difference", "diff"),
        ("\"at\":0", "\"at\":-1"),
        ("\"kernel\":\"a\",", ""),
        ("\"number\":1", "\"number\":\"1\""),
    ] {
        let bad: Value = serde_json::from_str(&difference.replacen(from, to, 1)).expect("JSON");
        assert!(!schema.is_valid(&bad), "{from} -> {to}");
    }
}

#[test]
fn every_field_of_the_schema_is_in_the_documentation() {
    let text = include_str!("../../docs/schema/ttysim-v1.schema.json");
    let schema: Value = serde_json::from_str(text).expect("JSON");
    let documentation = include_str!("../../docs/json.md");
    for (name, definition) in schema["$defs"].as_object().expect("definitions") {
        let Some(fields) = definition["properties"].as_object() else { continue };
        for field in fields.keys() {
            let said = documentation.contains(&format!("`{field}`"));
            assert!(said, "docs/json.md does not say what {name}.{field} is");
        }
    }
}
