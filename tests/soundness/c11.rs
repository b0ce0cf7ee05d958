// SPDX-License-Identifier: GPL-2.0-only
//! Litmus tests in C11, as herd7 reads them: read, run on this project's memory model, and written
//! for generated programs, so that outcomes can be compared with those of other tools.
//!
//! What is read is `atomic_load`, `atomic_store`, `atomic_exchange`, `atomic_fetch_add` and
//! `atomic_compare_exchange_strong` (with `_explicit` or without), `atomic_thread_fence`, plain
//! accesses through `*`, and `if`. Anything else is refused, with the word, so that no test is half
//! understood.
//!
//! A state is what herd7 prints: the registers and locations that the part behind the threads names.

use super::weak::{Instr, Weak};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::{Arc, Mutex};
use ttysim::sched::op::MAX_THREADS;
use ttysim::sched::{Exhaustive, Stats};
use ttysim::sync::seeded::{Config, End, Memory, execute};
use ttysim::sync::{
    AtomicUsize, Name, Ordering, RaceCell, Role, Runtime, Thread, fence, run_threads,
};

const SITE: &str = "litmus";

/// A test.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Test {
    pub(crate) name: String,
    init: BTreeMap<String, usize>,
    threads: Vec<Vec<Statement>>,
    /// The locations that are plain memory.
    plain: BTreeSet<String>,
    atomic: BTreeSet<String>,
    /// What a state consists of: a register with its thread's number, or a location.
    shown: BTreeSet<(Option<usize>, String)>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Statement {
    /// To a register, if the value is kept.
    Read(Option<String>, Access),
    Store(String, Value, Ordering),
    Write(String, Value),
    Fence(Ordering),
    If {
        register: String,
        equals: bool,
        value: usize,
        then: Vec<Self>,
        otherwise: Vec<Self>,
    },
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Access {
    Load(String, Ordering),
    Plain(String),
    Exchange(String, Value, Ordering),
    Add(String, Value, Ordering),
    /// The location, the one that holds what is expected, the new value.
    CompareExchange(String, String, Value, Ordering),
}

/// A register, if there is one, and a number.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Value(Option<String>, usize);

/// A state, as herd7 prints it.
type State = String;

/// What a test can come to.
#[derive(Debug)]
pub(crate) struct States {
    pub(crate) states: BTreeSet<State>,
    pub(crate) stats: Stats,
    /// There is a data race.
    pub(crate) races: bool,
}

/// Reads a test.
pub(crate) fn parse(text: &str) -> Result<Test, String> {
    let mut tokens = Tokens(tokens(text));
    tokens.expect("C")?;
    let name = tokens.next()?;
    while tokens.peek() != "{" {
        tokens.next()?;
    }
    let mut test = Test {
        name,
        init: BTreeMap::new(),
        threads: Vec::new(),
        plain: BTreeSet::new(),
        atomic: BTreeSet::new(),
        shown: BTreeSet::new(),
    };
    tokens.expect("{")?;
    while !tokens.accept("}") {
        let location = tokens.location()?;
        tokens.expect("=")?;
        test.init.insert(location, tokens.number()?);
        tokens.accept(";");
    }
    while tokens.peek() == format!("P{}", test.threads.len()) {
        tokens.next()?;
        tokens.parameters(&mut test)?;
        test.threads.push(tokens.block()?);
    }
    while !tokens.0.is_empty() {
        let word = tokens.next()?;
        if word.starts_with(|c: char| c.is_ascii_digit()) && tokens.accept(":") {
            let thread = word.parse().map_err(|_| format!("no thread {word}"))?;
            test.shown.insert((Some(thread), tokens.next()?));
        } else if test.atomic.contains(&word) || test.plain.contains(&word) {
            test.shown.insert((None, word));
        }
    }
    test.check()?;
    Ok(test)
}

/// Words, numbers, `==`, `!=` and single signs, the first one last.
fn tokens(text: &str) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if let Some(comment) = rest.strip_prefix("(*") {
            rest = comment.split_once("*)").map_or("", |(_, after)| after);
            continue;
        }
        let word = |c: char| c.is_alphanumeric() || c == '_';
        // A test's name may have signs in it.
        let end = match all.as_slice() {
            [only] if only == "C" => rest.find(char::is_whitespace).unwrap_or(rest.len()),
            _ if word(c) => rest.find(|c| !word(c)).unwrap_or(rest.len()),
            _ if rest.starts_with("==") || rest.starts_with("!=") => 2,
            _ => c.len_utf8(),
        };
        if c.is_whitespace() {
            rest = &rest[c.len_utf8()..];
            continue;
        }
        all.push(rest[..end].to_owned());
        rest = &rest[end..];
    }
    all.reverse();
    all
}

struct Tokens(Vec<String>);

impl Tokens {
    fn peek(&self) -> &str {
        self.0.last().map_or("", String::as_str)
    }

    fn next(&mut self) -> Result<String, String> {
        self.0.pop().ok_or_else(|| "the text ends too early".to_owned())
    }

    fn accept(&mut self, word: &str) -> bool {
        let there = self.peek() == word;
        if there {
            self.0.pop();
        }
        there
    }

    fn expect(&mut self, word: &str) -> Result<(), String> {
        if self.accept(word) {
            Ok(())
        } else {
            Err(format!("'{}' instead of '{word}'", self.peek()))
        }
    }

    fn number(&mut self) -> Result<usize, String> {
        let word = self.next()?;
        word.parse().map_err(|_| format!("'{word}' is no number"))
    }

    /// `x`, `[x]`, or either with its type.
    fn location(&mut self) -> Result<String, String> {
        while self.accept("int") || self.accept("atomic_int") || self.accept("[") {}
        let name = self.next()?;
        self.accept("]");
        Ok(name)
    }

    fn parameters(&mut self, test: &mut Test) -> Result<(), String> {
        self.expect("(")?;
        while !self.accept(")") {
            self.accept("volatile");
            let of = match self.next()?.as_str() {
                "atomic_int" => &mut test.atomic,
                "int" => &mut test.plain,
                other => return Err(format!("a parameter of type '{other}'")),
            };
            self.expect("*")?;
            of.insert(self.next()?);
            self.accept(",");
        }
        Ok(())
    }

    fn block(&mut self) -> Result<Vec<Statement>, String> {
        self.expect("{")?;
        let mut all = Vec::new();
        while !self.accept("}") {
            all.push(self.statement()?);
        }
        Ok(all)
    }

    fn statement(&mut self) -> Result<Statement, String> {
        if self.accept("if") {
            return self.conditional();
        }
        let statement = if self.accept("*") {
            let location = self.next()?;
            self.expect("=")?;
            Statement::Write(location, self.value()?)
        } else if self.peek().starts_with("atomic_store") {
            let (_, explicit) = self.function()?;
            let location = self.next()?;
            self.expect(",")?;
            let value = self.value()?;
            Statement::Store(location, value, self.order(explicit)?)
        } else if self.accept("atomic_thread_fence") {
            self.expect("(")?;
            let order = order(&self.next()?)?;
            self.expect(")")?;
            Statement::Fence(order)
        } else if self.peek().starts_with("atomic_") {
            Statement::Read(None, self.access()?)
        } else {
            self.accept("int");
            let register = self.next()?;
            self.expect("=")?;
            Statement::Read(Some(register), self.access()?)
        };
        self.expect(";")?;
        Ok(statement)
    }

    fn conditional(&mut self) -> Result<Statement, String> {
        self.expect("(")?;
        let register = self.next()?;
        let equals = match self.next()?.as_str() {
            "==" => true,
            "!=" => false,
            other => return Err(format!("'{other}' instead of '==' or '!='")),
        };
        let value = self.number()?;
        self.expect(")")?;
        let then = self.block()?;
        let otherwise = if self.accept("else") { self.block()? } else { Vec::new() };
        Ok(Statement::If { register, equals, value, then, otherwise })
    }

    /// `NAME_explicit(`: its name without that, and whether it was there.
    fn function(&mut self) -> Result<(String, bool), String> {
        let name = self.next()?;
        self.expect("(")?;
        Ok(match name.strip_suffix("_explicit") {
            Some(short) => (short.to_owned(), true),
            None => (name, false),
        })
    }

    fn access(&mut self) -> Result<Access, String> {
        if self.accept("*") {
            return Ok(Access::Plain(self.next()?));
        }
        let (name, explicit) = self.function()?;
        let location = self.next()?;
        if name == "atomic_load" {
            return Ok(Access::Load(location, self.order(explicit)?));
        }
        self.expect(",")?;
        match name.as_str() {
            "atomic_exchange" => {
                let value = self.value()?;
                Ok(Access::Exchange(location, value, self.order(explicit)?))
            }
            "atomic_fetch_add" => {
                let value = self.value()?;
                Ok(Access::Add(location, value, self.order(explicit)?))
            }
            "atomic_compare_exchange_strong" if explicit => {
                let expected = self.next()?;
                self.expect(",")?;
                let value = self.value()?;
                self.expect(",")?;
                let success = order(&self.next()?)?;
                match self.order(true)? {
                    Ordering::Relaxed => {}
                    _ => return Err("a failing compare-exchange is relaxed here".to_owned()),
                }
                Ok(Access::CompareExchange(location, expected, value, success))
            }
            _ => Err(format!("'{name}' is not understood")),
        }
    }

    /// The order that ends the arguments.
    fn order(&mut self, explicit: bool) -> Result<Ordering, String> {
        let order = if explicit {
            self.expect(",")?;
            order(&self.next()?)?
        } else {
            Ordering::SeqCst
        };
        self.expect(")")?;
        Ok(order)
    }

    /// A number, a register, or a register and a number.
    fn value(&mut self) -> Result<Value, String> {
        let word = self.next()?;
        if let Ok(number) = word.parse() {
            return Ok(Value(None, number));
        }
        let more = if self.accept("+") { self.number()? } else { 0 };
        Ok(Value(Some(word), more))
    }
}

const ORDERS: [(&str, Ordering); 5] = [
    ("memory_order_relaxed", Ordering::Relaxed),
    ("memory_order_acquire", Ordering::Acquire),
    ("memory_order_release", Ordering::Release),
    ("memory_order_acq_rel", Ordering::AcqRel),
    ("memory_order_seq_cst", Ordering::SeqCst),
];

fn order(word: &str) -> Result<Ordering, String> {
    let found = ORDERS.into_iter().find(|(name, _)| *name == word);
    found.map(|(_, order)| order).ok_or_else(|| format!("'{word}' is no memory order"))
}

fn word(order: Ordering) -> &'static str {
    ORDERS.into_iter().find(|(_, o)| *o == order).map_or("memory_order_seq_cst", |(name, _)| name)
}

/// What the threads share.
struct Shared {
    atomic: BTreeMap<String, AtomicUsize>,
    plain: BTreeMap<String, RaceCell<usize>>,
    registers: Vec<Mutex<BTreeMap<String, usize>>>,
}

impl Test {
    /// Whether it can be run.
    fn check(&self) -> Result<(), String> {
        if self.threads.is_empty() || self.threads.len() >= MAX_THREADS {
            return Err(format!(
                "{} threads, where there can be 1 to {}",
                self.threads.len(),
                MAX_THREADS - 1
            ));
        }
        if let Some(both) = self.atomic.intersection(&self.plain).next() {
            return Err(format!("'{both}' is atomic here and plain there"));
        }
        self.threads.iter().try_for_each(|body| self.check_body(body))
    }

    fn check_body(&self, body: &[Statement]) -> Result<(), String> {
        let known = |all: &BTreeSet<String>, x: &String| match all.contains(x) {
            true => Ok(()),
            false => Err(format!("'{x}' is no such parameter")),
        };
        body.iter().try_for_each(|statement| match statement {
            Statement::Read(_, Access::Plain(x)) | Statement::Write(x, _) => known(&self.plain, x),
            Statement::Read(_, Access::CompareExchange(x, expected, ..)) => {
                known(&self.atomic, x).and_then(|()| known(&self.plain, expected))
            }
            Statement::Read(_, Access::Load(x, _))
            | Statement::Read(_, Access::Exchange(x, ..) | Access::Add(x, ..))
            | Statement::Store(x, ..) => known(&self.atomic, x),
            Statement::Fence(_) => Ok(()),
            Statement::If { then, otherwise, .. } => {
                self.check_body(then).and_then(|()| self.check_body(otherwise))
            }
        })
    }

    /// All that it can come to.
    pub(crate) fn states(self: &Arc<Self>) -> States {
        let config = Config { memory: Memory::Ra, record: true, max_steps: 10_000 };
        let mut policy = Exhaustive::under(Memory::Ra);
        let (mut states, mut races) = (BTreeSet::new(), false);
        loop {
            let mut state = State::new();
            let execution = execute(config, &mut policy, || state = self.run());
            assert_ne!(execution.end, End::Panicked, "{}: {:?}", self.name, execution.panic);
            if execution.end == End::Completed {
                states.insert(state);
            }
            races |= !execution.found.is_empty();
            if !policy.advance(&execution) {
                return States { states, stats: policy.stats(), races };
            }
        }
    }

    fn run(self: &Arc<Self>) -> State {
        let (rt, name) = (Runtime::Seeded, Name::new("", SITE));
        let first = |x: &String| self.init.get(x).copied().unwrap_or(0);
        let shared = Arc::new(Shared {
            atomic: self
                .atomic
                .iter()
                .map(|x| (x.clone(), AtomicUsize::new(rt, name, first(x))))
                .collect(),
            plain: self
                .plain
                .iter()
                .map(|x| (x.clone(), RaceCell::new(rt, name, first(x))))
                .collect(),
            registers: self.threads.iter().map(|_| Mutex::default()).collect(),
        });
        let thread = |number: usize| {
            let (test, shared) = (Arc::clone(self), Arc::clone(&shared));
            let body = Box::new(move || shared.all(number, &test.threads[number]));
            Thread { name: format!("P{number}"), role: Role::Program, body }
        };
        run_threads(rt, (0..self.threads.len()).map(thread).collect());
        let mut state = State::new();
        let registers = self.shown.iter().filter(|(thread, _)| thread.is_some());
        for (thread, name) in registers.chain(self.shown.iter().filter(|(t, _)| t.is_none())) {
            let _ = match thread {
                Some(n) => write!(state, "{n}:{name}={}; ", shared.register(*n, name)),
                None => write!(state, "[{name}]={}; ", shared.observe(name)),
            };
        }
        state.trim_end().to_owned()
    }
}

impl Shared {
    fn register(&self, thread: usize, name: &str) -> usize {
        let registers = self.registers.get(thread).map(|r| r.lock().unwrap());
        registers.and_then(|r| r.get(name).copied()).unwrap_or(0)
    }

    fn observe(&self, location: &str) -> usize {
        let atomic = self.atomic.get(location).map(AtomicUsize::observe);
        atomic.or_else(|| self.plain.get(location).map(RaceCell::observe)).unwrap_or(0)
    }

    fn value(&self, thread: usize, Value(register, number): &Value) -> usize {
        register.as_ref().map_or(0, |r| self.register(thread, r)) + number
    }

    fn all(&self, me: usize, body: &[Statement]) {
        for statement in body {
            match statement {
                Statement::Read(register, access) => {
                    let read = self.access(me, access);
                    if let Some(register) = register {
                        self.registers[me].lock().unwrap().insert(register.clone(), read);
                    }
                }
                Statement::Store(x, v, order) => {
                    self.atomic[x].store(SITE, self.value(me, v), *order);
                }
                Statement::Write(x, v) => self.plain[x].set(SITE, self.value(me, v)),
                Statement::Fence(order) => match order {
                    Ordering::Relaxed => {}
                    order => fence(Runtime::Seeded, SITE, *order),
                },
                Statement::If { register, equals, value, then, otherwise } => {
                    let holds = (self.register(me, register) == *value) == *equals;
                    self.all(me, if holds { then } else { otherwise });
                }
            }
        }
    }

    fn access(&self, me: usize, access: &Access) -> usize {
        match access {
            Access::Load(x, order) => self.atomic[x].load(SITE, *order),
            Access::Plain(x) => self.plain[x].get(SITE),
            Access::Exchange(x, v, order) => self.atomic[x].swap(SITE, self.value(me, v), *order),
            Access::Add(x, v, order) => self.atomic[x].fetch_add(SITE, self.value(me, v), *order),
            Access::CompareExchange(x, expected, v, order) => {
                let old = self.plain[expected].get(SITE);
                let new = self.value(me, v);
                match self.atomic[x].compare_exchange(SITE, old, new, *order) {
                    Ok(_) => 1,
                    Err(found) => {
                        self.plain[expected].set(SITE, found);
                        0
                    }
                }
            }
        }
    }
}

/// `program` as a litmus test. Of one with locks or branches there is none: `None`.
pub(crate) fn print(name: &str, program: &Weak) -> Option<String> {
    let mut body = String::new();
    let (mut init, mut shown) = (String::new(), String::new());
    for (n, code) in program.threads.iter().enumerate() {
        let mut expected = 0;
        let mut registers = 0_usize;
        let (mut parameters, mut lines) = (String::new(), String::new());
        for (v, x) in LOCATIONS.iter().enumerate().take(USED) {
            let comma = if v > 0 { ", " } else { "" };
            let _ = write!(parameters, "{comma}atomic_int* {x}");
        }
        for instr in code {
            let last = registers.checked_sub(1);
            let line = match *instr {
                Instr::Load(v, o) => format!(
                    "int r{registers} = atomic_load_explicit({}, {})",
                    LOCATIONS[v],
                    word(o)
                ),
                Instr::Add(v, o) => format!(
                    "int r{registers} = atomic_fetch_add_explicit({}, 1, {})",
                    LOCATIONS[v],
                    word(o)
                ),
                Instr::Cas(v, old, new, o) => {
                    let e = format!("e{n}{expected}");
                    expected += 1;
                    let _ = write!(parameters, ", int* {e}");
                    let _ = write!(init, " {e}={old};");
                    format!(
                        "atomic_compare_exchange_strong_explicit({}, {e}, {new}, {}, {});\n  \
                         int r{registers} = *{e}",
                        LOCATIONS[v],
                        word(o),
                        word(Ordering::Relaxed)
                    )
                }
                Instr::Store(v, value, o) => {
                    format!("atomic_store_explicit({}, {value}, {})", LOCATIONS[v], word(o))
                }
                Instr::StoreRead(v, o) => {
                    let value = last.map_or("1".to_owned(), |r| format!("r{r} + 1"));
                    format!("atomic_store_explicit({}, {value}, {})", LOCATIONS[v], word(o))
                }
                Instr::Fence(o) => format!("atomic_thread_fence({})", word(o)),
                Instr::If(..) | Instr::Locked(..) => return None,
            };
            if matches!(instr, Instr::Load(..) | Instr::Add(..) | Instr::Cas(..)) {
                let _ = write!(shown, "{n}:r{registers}; ");
                registers += 1;
            }
            let _ = writeln!(lines, "  {line};");
        }
        let _ = write!(body, "\nP{n} ({parameters}) {{\n{lines}}}\n");
    }
    for x in LOCATIONS.iter().take(USED) {
        let _ = write!(init, " {x}=0;");
        let _ = write!(shown, "{x}; ");
    }
    let shown = shown.trim_end();
    Some(format!("C {name}\n\n{{{init} }}\n{body}\nlocations [{shown}]\nforall (true)\n"))
}

const LOCATIONS: [&str; 3] = ["x", "y", "z"];

/// How many of them generated programs use.
const USED: usize = 2;
