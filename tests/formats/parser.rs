// SPDX-License-Identifier: GPL-2.0-only
//! A strict KTAP parser: what `tools/testing/kunit/kunit_parser.py` accepts without an error, and
//! nothing that `Documentation/dev-tools/ktap.rst` calls unknown.
//!
//! Stricter than the kernel's in this: every line must be one of the four kinds, every level must
//! have a version and a plan, indentation is two blanks a level, a parent's result must follow from
//! its subtests', and a skip must say why.

/// What a test came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    Ok,
    NotOk,
    Skip,
}

/// A parsed test.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Test {
    pub(crate) name: String,
    pub(crate) status: Status,
    pub(crate) notes: Vec<String>,
    pub(crate) tests: Vec<Test>,
}

/// Parses a whole document.
pub(crate) fn parse(text: &str) -> Result<Vec<Test>, String> {
    let mut lines = Lines { lines: text.lines().collect(), at: 0 };
    let tests = level(&mut lines, 0, None)?;
    match lines.peek() {
        None => Ok(tests),
        Some(line) => Err(lines.wrong(&format!("behind the last planned test: {line}"))),
    }
}

struct Lines<'a> {
    lines: Vec<&'a str>,
    at: usize,
}

impl<'a> Lines<'a> {
    fn peek(&self) -> Option<&'a str> {
        self.lines.get(self.at).copied()
    }

    fn wrong(&self, what: &str) -> String {
        format!("line {}: {what}", self.at + 1)
    }

    /// The line, without the indentation of `depth`; `None` if it belongs elsewhere.
    fn at_depth(&self, depth: usize) -> Option<&'a str> {
        let rest = self.peek()?.strip_prefix("  ".repeat(depth).as_str())?;
        (!rest.starts_with(' ')).then_some(rest)
    }

    fn expect(&mut self, depth: usize, what: &str) -> Result<&'a str, String> {
        let line = self.at_depth(depth);
        let line =
            line.ok_or_else(|| self.wrong(&format!("{what} is missing at depth {depth}")))?;
        self.at += 1;
        Ok(line)
    }
}

/// Everything from a version line to the last planned test.
fn level(
    lines: &mut Lines<'_>,
    depth: usize,
    name: Option<&mut String>,
) -> Result<Vec<Test>, String> {
    if lines.expect(depth, "the version")? != "KTAP version 1" {
        return Err(lines.wrong("no version line"));
    }
    if let Some(name) = name {
        let line = lines.expect(depth, "the name")?;
        let given = line.strip_prefix("# Subtest: ").filter(|n| !n.is_empty());
        *name = given.ok_or_else(|| lines.wrong("no '# Subtest: ' line"))?.to_owned();
    }
    let plan = lines.expect(depth, "the plan")?;
    let count: usize = plan
        .strip_prefix("1..")
        .and_then(|n| n.parse().ok())
        .ok_or_else(|| lines.wrong("no plan line"))?;
    if count == 0 {
        return Err(lines.wrong("0 tests planned"));
    }
    (1..=count).map(|number| test(lines, depth, number)).collect()
}

fn test(lines: &mut Lines<'_>, depth: usize, number: usize) -> Result<Test, String> {
    let mut notes = notes(lines, depth);
    let (mut name, mut tests) = (String::new(), Vec::new());
    let inner = lines.at_depth(depth + 1).is_some_and(|l| l.starts_with("KTAP version"));
    if inner {
        tests = level(lines, depth + 1, Some(&mut name))?;
        notes.extend(self::notes(lines, depth));
    }
    let line = lines.expect(depth, "a result")?;
    let (found, result, status) = result(line).map_err(|what| lines.wrong(&what))?;
    if found != number {
        return Err(lines.wrong(&format!("test {found} where {number} is next")));
    }
    if inner && name != result {
        return Err(lines.wrong(&format!("the result of '{name}' is called '{result}'")));
    }
    let test = Test { name: result, status, notes, tests };
    bubbled(&test).map_err(|what| lines.wrong(&what))?;
    Ok(test)
}

fn notes(lines: &mut Lines<'_>, depth: usize) -> Vec<String> {
    let mut notes = Vec::new();
    while let Some(note) = lines.at_depth(depth).filter(|l| l.starts_with('#')) {
        if note.starts_with("# Subtest:") {
            break;
        }
        notes.push(note.trim_start_matches('#').trim_start().to_owned());
        lines.at += 1;
    }
    notes
}

fn result(line: &str) -> Result<(usize, String, Status), String> {
    let (good, rest) = match (line.strip_prefix("ok "), line.strip_prefix("not ok ")) {
        (Some(rest), _) => (true, rest),
        (_, Some(rest)) => (false, rest),
        _ => return Err(format!("this is no result line: {line}")),
    };
    let (number, rest) = rest.split_once(' ').ok_or("no name")?;
    let number = number.parse().map_err(|_| format!("'{number}' is no number"))?;
    let (name, directive) = match rest.split_once('#') {
        None => (rest, None),
        Some((name, directive)) => {
            let name = name.strip_suffix(' ').ok_or("no blank before '#'")?;
            (name, Some(directive))
        }
    };
    if name.is_empty() || name != name.trim() {
        return Err(format!("'{name}' is no name"));
    }
    let status = match (good, directive) {
        (true, None) => Status::Ok,
        (false, None) => Status::NotOk,
        (true, Some(d)) if d.strip_prefix(" SKIP ").is_some_and(|why| !why.is_empty()) => {
            Status::Skip
        }
        (_, Some(d)) => return Err(format!("what is '#{d}'?")),
    };
    Ok((number, name.to_owned(), status))
}

/// A parent fails if a subtest does, and is skipped if all are.
fn bubbled(test: &Test) -> Result<(), String> {
    let has = |status| test.tests.iter().any(|t| t.status == status);
    let expected = match test.tests.as_slice() {
        [] => test.status,
        _ if has(Status::NotOk) => Status::NotOk,
        all if all.iter().all(|t| t.status == Status::Skip) => Status::Skip,
        _ => Status::Ok,
    };
    if test.status == expected { Ok(()) } else { Err(format!("'{}' does not follow", test.name)) }
}

/// Every test without subtests, with the names on the way to it.
pub(crate) fn leaves(tests: &[Test]) -> Vec<(String, Status)> {
    let leaf = |test: &Test| match test.tests.as_slice() {
        [] => vec![(test.name.clone(), test.status)],
        inner => {
            leaves(inner).into_iter().map(|(n, s)| (format!("{}/{n}", test.name), s)).collect()
        }
    };
    tests.iter().flat_map(leaf).collect()
}

#[test]
fn the_example_of_the_documentation_is_read_and_mistakes_are_not() {
    let good = "KTAP version 1\n1..1\n  KTAP version 1\n  # Subtest: a\n  1..2\n  ok 1 x\n  # why\n  not ok 2 y\nnot ok 1 a\n";
    assert_eq!(leaves(&parse(good).expect("valid")).len(), 2);
    for (from, to) in [
        ("KTAP version 1\n1", "TAP\n1"),
        ("1..1\n", ""),
        ("1..2", "1..3"),
        ("1..2", "1..1"),
        ("1..2", "1..0"),
        ("ok 1 x", "ok 2 x"),
        ("  ok 1 x", "    ok 1 x"),
        ("  ok 1 x", "ok 1 x"),
        ("not ok 1 a", "ok 1 a"),
        ("not ok 1 a", "not ok 1 b"),
        ("  # why", "  why"),
        ("ok 1 x", "ok 1 x # SKIP"),
        ("ok 1 x", "ok 1 x # TODO later"),
        ("ok 1 x", "ok 1"),
    ] {
        assert!(parse(&good.replacen(from, to, 1)).is_err(), "{from} -> {to}");
    }
}
