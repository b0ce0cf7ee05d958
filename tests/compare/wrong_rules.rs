// SPDX-License-Identifier: GPL-2.0-only
//! Rules that the kernel does not follow, slipped into the model: `ttysim compare` must see each.
//!
//! # Data flow
//! `wrong-rules.txt` -> a copy of the crate in which every place that a rule is about asks, when it
//! is reached, whether that rule is on -> one build -> for each rule, the copy's `ttysim compare` with
//! that rule on, until it finds a difference -> a table of how many scripts that took.
//!
//! # The list
//! ```text
//! rule NAME: what it makes the model believe
//! in FILE FUNCTION
//! - an expression that stands once in that function
//! + what stands there instead, of the same type
//! ```
//! Where two functions of a file have the same name, FUNCTION goes on with its first parameter.
//! A rule may have several places. A match arm with `=>` is an expression too: its right side is
//! replaced, or its guard.
//!
//! # Running it
//! Each place is looked up in every run of the tests, so that the list follows the code. The
//! rest takes a build and some twenty minutes: `TTYSIM_WRONG_RULES=all cargo test --release --test
//! compare wrong -- --nocapture`, or the names of rules instead of `all`.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

/// How many scripts it may take.
const SCRIPTS: u64 = 2000;
/// A seed that nothing else uses.
const SEED: &str = "70001";
/// How many rules are tried beside each other: each mostly waits.
const BESIDE: usize = 3;

struct Place {
    file: String,
    function: String,
    old: String,
    new: String,
}

struct Rule {
    name: String,
    what: String,
    places: Vec<Place>,
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn rules() -> Vec<Rule> {
    let mut rules: Vec<Rule> = Vec::new();
    for line in include_str!("wrong-rules.txt").lines() {
        let (first, rest) = line.split_once(' ').unwrap_or((line, ""));
        let places = rules.last_mut().map(|rule| &mut rule.places);
        match first {
            "rule" => {
                let (name, what) = rest.split_once(": ").expect("'rule NAME: what'");
                let (name, what) = (name.to_owned(), what.to_owned());
                rules.push(Rule { name, what, places: Vec::new() });
            }
            "in" => {
                let (file, function) = rest.split_once(' ').expect("'in FILE FUNCTION'");
                let (file, function) = (file.to_owned(), function.to_owned());
                let place = Place { file, function, old: String::new(), new: String::new() };
                places.expect("a rule").push(place);
            }
            "-" => places.and_then(|p| p.last_mut()).expect("a place").old = rest.to_owned(),
            "+" => places.and_then(|p| p.last_mut()).expect("a place").new = rest.to_owned(),
            "#" | "" => {}
            _ => panic!("neither rule, in, - nor +: {line}"),
        }
    }
    rules
}

/// What of `place` is an expression of its own: all of it, or what differs in an arm.
fn expressions(place: &Place) -> (&str, &str) {
    let arm = |text: &'_ str| text.split_once(" => ").map(|(_, right)| right.len());
    match (arm(&place.old), arm(&place.new)) {
        (Some(old), Some(new)) => {
            let (left, right) = place.old.split_at(place.old.len() - old);
            let (new_left, new_right) = place.new.split_at(place.new.len() - new);
            match (left.split_once(" if "), new_left.split_once(" if ")) {
                (Some((_, guard)), Some((_, new_guard))) if guard != new_guard => {
                    (guard.trim_end_matches(" => "), new_guard.trim_end_matches(" => "))
                }
                _ => (right, new_right),
            }
        }
        _ => (&place.old, &place.new),
    }
}

/// Where `place` is in `text`: the bytes of its expression.
fn locate(text: &str, place: &Place) -> Result<std::ops::Range<usize>, String> {
    let Place { file, function, old, .. } = place;
    let ends: &[&str] = if function.contains('(') { &[""] } else { &["(", "<"] };
    let head = ends.iter().find_map(|end| text.find(&format!("fn {function}{end}")));
    let start = head.ok_or_else(|| format!("{file} has no function {function}"))?;
    let behind = text.get(start..).unwrap_or_default();
    let indent = text.get(..start).and_then(|t| t.rfind('\n')).unwrap_or(0) + 1;
    let indent: String =
        text.get(indent..).unwrap_or_default().chars().take_while(|c| *c == ' ').collect();
    let body = behind.find(&format!("\n{indent}}}\n")).unwrap_or(behind.len());
    let body = behind.get(..body).unwrap_or_default();
    let found: Vec<usize> = body.match_indices(old.as_str()).map(|(at, _)| at).collect();
    let [at] = found[..] else {
        return Err(format!("{file}, {function}: {} times '{old}'", found.len()));
    };
    let (expression, _) = expressions(place);
    let at = start + at + old.find(expression).unwrap_or(0);
    Ok(at..at + expression.len())
}

#[test]
fn the_list_follows_the_code() {
    let rules = rules();
    assert!(rules.len() >= 150, "{} rules", rules.len());
    let mut names: Vec<&str> = rules.iter().map(|rule| rule.name.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), rules.len(), "a name stands twice");
    let lost: Vec<String> = rules
        .iter()
        .flat_map(|rule| &rule.places)
        .filter_map(|place| {
            let text = fs::read_to_string(root().join(&place.file)).unwrap_or_default();
            locate(&text, place).err()
        })
        .collect();
    assert!(lost.is_empty(), "the code of these places has changed:\n{}", lost.join("\n"));
}

/// The edits of one file: from where to where, and what each rule by number puts there.
type Edits<'a> = BTreeMap<(usize, usize), Vec<(usize, &'a str)>>;

/// The copy of the crate, with every rule in it and none of them on.
struct Copy(PathBuf);

impl Copy {
    fn new(rules: &[Rule]) -> Self {
        let home = root().join("target/wrong-rules");
        let _ = fs::remove_dir_all(home.join("src"));
        fs::create_dir_all(&home).expect("a directory in target/");
        for name in ["src", "benches", "scenarios", "Cargo.toml", "Cargo.lock", "README.md"] {
            let from = root().join(name);
            let done = Command::new("cp").arg("-r").arg(from).arg(&home).status();
            assert!(done.is_ok_and(|s| s.success()), "cannot copy {name}");
        }
        let mut files: BTreeMap<&str, Edits<'_>> = BTreeMap::new();
        for (number, rule) in rules.iter().enumerate() {
            for place in &rule.places {
                let text = fs::read_to_string(root().join(&place.file)).expect("a source file");
                let at = locate(&text, place).expect("the list follows the code");
                let here = files.entry(&place.file).or_default().entry((at.start, at.end));
                here.or_default().push((number, expressions(place).1));
            }
        }
        for (file, places) in files {
            let mut text = fs::read_to_string(root().join(file)).expect("a source file");
            let mut end = text.len();
            for ((from, to), wrong) in places.into_iter().rev() {
                assert!(to <= end, "{file}: places overlap: {}", &text[from..to]);
                end = from;
                let right = text[from..to].to_owned();
                let mut choice = String::from("(");
                for (number, wrong) in wrong {
                    choice += &format!("if crate::wrong_rule({number}) {{ {wrong} }} else ");
                }
                text.replace_range(from..to, &format!("{choice}{{ {right} }})"));
            }
            // Whether a rule is on is not known when the crate is compiled.
            let text = text.replace("const fn ", "fn ");
            fs::write(home.join(file), text).expect("a file in the copy");
        }
        let lib = home.join("src/lib.rs");
        let text = fs::read_to_string(&lib).expect("lib.rs") + WHICH;
        fs::write(lib, text).expect("lib.rs");
        Self(home)
    }

    fn build(&self) {
        let mut cargo = Command::new(env!("CARGO"));
        cargo.current_dir(&self.0).args(["build", "--release", "--bin", "ttysim"]);
        cargo.env("CARGO_TARGET_DIR", self.0.join("target")).env("RUSTFLAGS", "-Awarnings");
        assert!(cargo.status().is_ok_and(|s| s.success()), "the copy does not build");
    }

    /// How many scripts it takes to see rule `number`, and what shows it.
    fn seen(&self, number: usize) -> Option<(u64, String)> {
        let mut ttysim = Command::new(self.0.join("target/release/ttysim"));
        let scripts = SCRIPTS.to_string();
        ttysim.args(["compare", "--generate", &scripts, "--seed", SEED, "--until-difference"]);
        ttysim.args(["--format", "json"]).env("TTYSIM_WRONG_RULE", number.to_string());
        let said = ttysim.output().expect("the copy runs");
        let said = String::from_utf8_lossy(&said.stdout).into_owned();
        let differences = said.lines().filter_map(|line| {
            let record: serde_json::Value = serde_json::from_str(line).ok()?;
            let script = record.get("script")?.as_str()?.trim().replace('\n', " / ");
            Some((record.get("number")?.as_u64()? + 1, script))
        });
        differences.min()
    }
}

const WHICH: &str = r#"
/// Whether rule `number` of tests/compare/wrong-rules.txt is on.
pub fn wrong_rule(number: usize) -> bool {
    static ON: std::sync::OnceLock<Option<usize>> = std::sync::OnceLock::new();
    let on = ON.get_or_init(|| std::env::var("TTYSIM_WRONG_RULE").ok()?.parse().ok());
    *on == Some(number)
}
"#;

#[test]
fn every_wrong_rule_is_seen() {
    let Ok(wanted) = std::env::var("TTYSIM_WRONG_RULES") else {
        eprintln!("SKIPPED: TTYSIM_WRONG_RULES=all, or the names of some, tries them");
        return;
    };
    let rules = rules();
    let copy = Copy::new(&rules);
    copy.build();
    let wanted: Vec<usize> = (0..rules.len())
        .filter(|n| wanted == "all" || wanted.split([' ', ',']).any(|w| w == rules[*n].name))
        .collect();
    let next = AtomicUsize::new(0);
    let unseen = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..BESIDE {
            scope.spawn(|| {
                while let Some(n) = wanted.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let Rule { name, what, .. } = &rules[*n];
                    match copy.seen(*n) {
                        Some((scripts, shown)) => {
                            println!("{scripts:5} {name}: {what}\n        {shown}");
                        }
                        None => {
                            unseen.fetch_add(1, Ordering::Relaxed);
                            println!("NEVER {name}: {what}");
                        }
                    }
                }
            });
        }
    });
    let unseen = unseen.into_inner();
    assert_eq!(unseen, 0, "{unseen} of {} rules are not seen", wanted.len());
}
