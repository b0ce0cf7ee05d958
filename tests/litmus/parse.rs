// SPDX-License-Identifier: GPL-2.0-only
//! The part of the kernel's litmus format that `litmus/` is written in. Anything else is refused,
//! with the line, so that no test is half understood.

use std::collections::BTreeMap;
use ttysim::sync::Ordering;

/// A litmus test.
#[derive(Debug)]
pub(crate) struct Test {
    pub(crate) name: String,
    /// `Result: Never`; else `Sometimes`.
    pub(crate) never: bool,
    /// By memory model: why it answers otherwise than the LKMM.
    pub(crate) differs: BTreeMap<String, String>,
    pub(crate) sites: Vec<String>,
    pub(crate) kernel: Vec<String>,
    /// The variables that are plain memory.
    pub(crate) data: Vec<String>,
    pub(crate) init: BTreeMap<String, usize>,
    pub(crate) processes: Vec<Process>,
    pub(crate) bad: Condition,
}

#[derive(Debug)]
pub(crate) struct Process {
    pub(crate) variables: Vec<String>,
    pub(crate) locks: Vec<String>,
    pub(crate) body: Vec<Statement>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fence {
    Full,
    Write,
    Read,
}

/// How a read-modify-write is ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Strength {
    Full,
    Acquire,
    Release,
    Relaxed,
}

#[derive(Debug)]
pub(crate) enum Statement {
    Store(String, usize, Ordering),
    Load(String, String, Ordering),
    Exchange(String, String, usize, Strength),
    CompareExchange(String, String, usize, usize, Strength),
    Fence(Fence),
    Lock(String),
    Unlock(String),
    /// If the register is zero (or is not), these.
    If(String, bool, Vec<Statement>),
}

#[derive(Debug)]
pub(crate) enum Condition {
    Register(usize, String, usize),
    Variable(String, usize),
    And(Vec<Condition>),
    Or(Vec<Condition>),
}

/// The test that `text` is.
pub(crate) fn parse(text: &str) -> Result<Test, String> {
    let (name, rest) = text.split_once('\n').ok_or("empty")?;
    let name = name.strip_prefix("C ").ok_or("the first line is 'C NAME'")?.to_owned();
    let (header, rest) = rest
        .trim_start()
        .strip_prefix("(*")
        .and_then(|r| r.split_once("*)"))
        .ok_or("no comment behind the name")?;
    let fields = fields(header);
    let list = |key: &str| -> Vec<String> {
        let value = fields.get(key).map(String::as_str).unwrap_or_default();
        value.split(", ").filter(|s| !s.is_empty()).map(str::to_owned).collect()
    };
    let never = match fields.get("Result").map(String::as_str) {
        Some("Never") => true,
        Some("Sometimes") => false,
        other => return Err(format!("a result of {other:?}")),
    };
    let differs = fields
        .iter()
        .filter_map(|(k, v)| Some((k.strip_prefix("Differs ")?.to_owned(), v.clone())))
        .collect();
    let (init, rest) = rest
        .trim_start()
        .strip_prefix('{')
        .and_then(|r| r.split_once('}'))
        .ok_or("no initial state")?;
    let (code, exists) = rest.split_once("\nexists ").ok_or("no 'exists'")?;
    Ok(Test {
        name,
        never,
        differs,
        sites: list("Sites"),
        kernel: list("Kernel"),
        data: list("Data"),
        init: assignments(init)?,
        processes: processes(code)?,
        bad: condition(exists)?,
    })
}

/// `Key: value` lines of the header, with their indented continuations.
fn fields(header: &str) -> BTreeMap<String, String> {
    let mut fields: BTreeMap<String, String> = BTreeMap::new();
    let mut last: Option<String> = None;
    for line in header.lines() {
        let line = line.trim_start().strip_prefix('*').unwrap_or(line);
        let key = line.strip_prefix(' ').and_then(|l| l.split_once(": ")).filter(|(k, _)| {
            k.starts_with(|c: char| c.is_ascii_uppercase()) && !k.contains(['.', ',', ';'])
        });
        if let Some((key, value)) = key {
            fields.insert(key.to_owned(), value.to_owned());
            last = Some(key.to_owned());
        } else if let (Some(more), Some(key)) = (line.strip_prefix("   "), &last) {
            let value = fields.entry(key.clone()).or_default();
            value.push(' ');
            value.push_str(more.trim());
        } else {
            last = None;
        }
    }
    fields
}

fn number(text: &str) -> Result<usize, String> {
    text.trim().parse().map_err(|_| format!("'{text}' is no number"))
}

fn assignments(text: &str) -> Result<BTreeMap<String, usize>, String> {
    let each = text.split(';').map(str::trim).filter(|s| !s.is_empty());
    each.map(|a| {
        let (name, value) = a.split_once('=').ok_or(format!("'{a}' is no assignment"))?;
        Ok((name.trim().to_owned(), number(value)?))
    })
    .collect()
}

fn processes(code: &str) -> Result<Vec<Process>, String> {
    let mut all = Vec::new();
    let mut rest = code.trim();
    while !rest.is_empty() {
        let head = format!("P{}(", all.len());
        let (args, body) = rest
            .strip_prefix(&head)
            .and_then(|r| r.split_once(")\n{\n"))
            .ok_or(format!("no {head}...)"))?;
        let (body, after) = body.split_once("\n}").ok_or("a process without an end")?;
        let mut process = Process { variables: Vec::new(), locks: Vec::new(), body: Vec::new() };
        for arg in args.split(", ") {
            if let Some(name) = arg.strip_prefix("int *") {
                process.variables.push(name.to_owned());
            } else if let Some(name) = arg.strip_prefix("spinlock_t *") {
                process.locks.push(name.to_owned());
            } else {
                return Err(format!("a parameter of '{arg}'"));
            }
        }
        let mut lines: Vec<&str> = body.lines().map(str::trim).filter(|l| !l.is_empty()).collect();
        lines.reverse();
        process.body = block(&mut lines)?;
        if !lines.is_empty() {
            return Err(format!("{head}: too many '}}'"));
        }
        all.push(process);
        rest = after.trim();
    }
    Ok(all)
}

/// Statements up to a '}' or the end; `lines` is a stack.
fn block(lines: &mut Vec<&str>) -> Result<Vec<Statement>, String> {
    let mut body = Vec::new();
    while let Some(line) = lines.pop() {
        if line == "}" {
            break;
        }
        body.extend(statement(line, lines)?);
    }
    Ok(body)
}

fn statement(line: &str, lines: &mut Vec<&str>) -> Result<Option<Statement>, String> {
    let wrong = || format!("'{line}' is not understood");
    if let Some(test) = line.strip_prefix("if (") {
        let braces = test.ends_with('{');
        let test = test.trim_end_matches(['{', ' ']).strip_suffix(')').ok_or_else(wrong)?;
        let (register, zero) = match test.strip_suffix(" == 0") {
            Some(register) => (register, true),
            None => (test, false),
        };
        let then = if braces {
            block(lines)?
        } else {
            let next = lines.pop().ok_or_else(wrong)?;
            statement(next, lines)?.into_iter().collect()
        };
        return Ok(Some(Statement::If(register.to_owned(), zero, then)));
    }
    let text = line.strip_suffix(';').ok_or_else(wrong)?;
    if text.starts_with("int r") {
        return Ok(None);
    }
    let (register, call) = match text.split_once(" = ") {
        Some((register, call)) => (Some(register.to_owned()), call),
        None => (None, text),
    };
    let (function, args) =
        call.strip_suffix(')').and_then(|c| c.split_once('(')).ok_or_else(wrong)?;
    let args: Vec<&str> = args.split(", ").collect();
    let starred = |a: &str| a.strip_prefix('*').map(str::to_owned).ok_or_else(wrong);
    Ok(Some(match (function, register, args.as_slice()) {
        ("READ_ONCE", Some(r), [x]) => Statement::Load(r, starred(x)?, Ordering::Relaxed),
        ("smp_load_acquire", Some(r), [x]) => {
            Statement::Load(r, (*x).to_owned(), Ordering::Acquire)
        }
        ("WRITE_ONCE", None, [x, v]) => {
            Statement::Store(starred(x)?, number(v)?, Ordering::Relaxed)
        }
        ("smp_store_release", None, [x, v]) => {
            Statement::Store((*x).to_owned(), number(v)?, Ordering::Release)
        }
        ("smp_mb", None, [""]) => Statement::Fence(Fence::Full),
        ("smp_wmb", None, [""]) => Statement::Fence(Fence::Write),
        ("smp_rmb", None, [""]) => Statement::Fence(Fence::Read),
        ("spin_lock", None, [l]) => Statement::Lock((*l).to_owned()),
        ("spin_unlock", None, [l]) => Statement::Unlock((*l).to_owned()),
        (f, Some(r), [x, v]) if f.starts_with("xchg") => Statement::Exchange(
            r,
            (*x).to_owned(),
            number(v)?,
            strength(&f["xchg".len()..]).ok_or_else(wrong)?,
        ),
        (f, Some(r), [x, v, w]) if f.starts_with("cmpxchg") => Statement::CompareExchange(
            r,
            (*x).to_owned(),
            number(v)?,
            number(w)?,
            strength(&f["cmpxchg".len()..]).ok_or_else(wrong)?,
        ),
        _ => return Err(wrong()),
    }))
}

fn strength(suffix: &str) -> Option<Strength> {
    Some(match suffix {
        "" => Strength::Full,
        "_acquire" => Strength::Acquire,
        "_release" => Strength::Release,
        "_relaxed" => Strength::Relaxed,
        _ => return None,
    })
}

/// `(1:r0=1 /\ (1:r1=0 \/ x=2))`
fn condition(text: &str) -> Result<Condition, String> {
    let text = text.trim();
    let inner = text
        .strip_prefix('(')
        .and_then(|t| t.strip_suffix(')'))
        .filter(|t| balanced(t))
        .unwrap_or(text);
    for (operator, make) in [
        ("\\/", Condition::Or as fn(Vec<Condition>) -> Condition),
        ("/\\", Condition::And as fn(Vec<Condition>) -> Condition),
    ] {
        let parts = split(inner, operator);
        if parts.len() > 1 {
            return Ok(make(parts.into_iter().map(condition).collect::<Result<_, _>>()?));
        }
    }
    let (left, value) = inner.split_once('=').ok_or(format!("'{inner}' is no condition"))?;
    let value = number(value)?;
    Ok(match left.split_once(':') {
        Some((process, register)) => {
            Condition::Register(number(process)?, register.to_owned(), value)
        }
        None => Condition::Variable(left.trim().to_owned(), value),
    })
}

fn balanced(text: &str) -> bool {
    let mut depth = 0_i32;
    text.chars().all(|c| {
        depth += i32::from(c == '(') - i32::from(c == ')');
        depth >= 0
    })
}

/// The parts of `text` between the operators outside parentheses.
fn split<'a>(text: &'a str, operator: &str) -> Vec<&'a str> {
    let (mut parts, mut start, mut depth) = (Vec::new(), 0, 0_i32);
    for (i, c) in text.char_indices() {
        depth += i32::from(c == '(') - i32::from(c == ')');
        if depth == 0 && text[i..].starts_with(operator) {
            parts.push(&text[start..i]);
            start = i + operator.len();
        }
    }
    parts.push(&text[start..]);
    parts
}
