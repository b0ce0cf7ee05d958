// SPDX-License-Identifier: GPL-2.0-only
//! From text to [`Script`], with an error that says file, line and column.
//!
//! Data flow: text -> lines -> [`super::lex::line`] -> `ops` (what an operation's words mean) ->
//! the [`Script`] under construction. This file knows what lines mean to each other: directives
//! come first, blocks open and close, an `expect` belongs to the line before, a `restore` to a
//! `checkpoint`.
//!
//! Invariants: no recursion, so nesting cannot exhaust the stack; strings with `* N` are charged to
//! [`MAX_DATA`] before they are built, so a short text cannot become a large script. No locks.

mod cursor;
mod data;
mod ops;
#[cfg(test)]
mod tests;

use super::ast::{
    Item, Line, LineNo, MAX_THREADS, MAX_WORKER_RUNS, Op, Script, ThreadBlock, is_name, is_reserved,
};
use super::lex::{self, Kind, Token};
use crate::error::{Error, Place, visible};
use crate::geometry::Geometry;
use crate::machine::{Variant, WORDS};
use cursor::Cursor;
use std::collections::BTreeMap;

/// The most bytes all strings of a script can hold together.
pub const MAX_DATA: usize = 1 << 22;

/// The largest text that is read at all, in bytes.
pub const MAX_TEXT: usize = 1 << 22;

/// What the parser has to know besides the text.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// What errors call the text.
    pub file: &'a str,
    /// The designs a `checkpoint` line can name besides `this`; empty if any name will do.
    pub designs: &'a [&'a str],
    /// The number of the text's first line.
    pub first_line: u32,
}

impl<'a> Context<'a> {
    /// A whole file, in which any design may be named.
    #[must_use]
    pub const fn file(file: &'a str) -> Self {
        Self { file, designs: &[], first_line: 1 }
    }

    /// The same, where only these designs may be named.
    #[must_use]
    pub const fn designs(self, designs: &'a [&'a str]) -> Self {
        Self { designs, ..self }
    }
}

/// The script that `bytes` are.
///
/// # Errors
/// As [`parse`], and where the first byte that is not UTF-8 stands.
pub fn parse_bytes(bytes: &[u8], cx: &Context<'_>) -> Result<Script, Error> {
    parse(text(bytes, cx.file)?, cx)
}

/// `bytes` as text.
///
/// # Errors
/// Where the first byte stands that is not UTF-8, or that there are too many of them.
pub fn text<'a>(bytes: &'a [u8], file: &str) -> Result<&'a str, Error> {
    if bytes.len() > MAX_TEXT {
        return Err(too_long(file));
    }
    utf8(bytes, file)
}

/// `bytes` as text, however many they are.
///
/// # Errors
/// Where the first byte stands that is not UTF-8.
pub fn utf8<'a>(bytes: &'a [u8], file: &str) -> Result<&'a str, Error> {
    std::str::from_utf8(bytes).map_err(|e| {
        let before = bytes.get(..e.valid_up_to()).unwrap_or_default();
        let before = std::str::from_utf8(before).unwrap_or_default();
        let line = number(before.matches('\n').count());
        let column = number(before.rsplit('\n').next().map_or(0, |l| l.chars().count()));
        let byte = bytes.get(e.valid_up_to()).copied().unwrap_or_default();
        let (file, text) = (file.to_owned(), String::new());
        let place = Place { file, line, column, width: 1, text };
        Error::syntax(place, format!("byte 0x{byte:02x} is not UTF-8"))
            .help("it must be plain text; a script has other bytes as \\xNN in a string")
    })
}

fn too_long(file: &str) -> Error {
    let message = format!("'{}' has more than {MAX_TEXT} bytes", visible(file));
    Error::new(crate::error::ErrorKind::File, message)
        .help("is it a script? long strings can be written as \"x\" * 5000")
}

/// An index as a number counted from 1.
fn number(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX).saturating_add(1)
}

/// The script that `text` says.
///
/// # Errors
/// The first thing that is wrong, with its place and what to do about it.
pub fn parse(text: &str, cx: &Context<'_>) -> Result<Script, Error> {
    if text.len() > MAX_TEXT {
        return Err(too_long(cx.file));
    }
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut parser = Parser::default();
    for (i, line) in text.split('\n').enumerate() {
        let line_no = cx.first_line.saturating_add(number(i) - 1);
        let tokens = lex::line(line).map_err(|e| {
            let (file, text) = (cx.file.to_owned(), line.to_owned());
            let (column, width) = (e.column, 1);
            Error::syntax(Place { file, line: line_no, column, width, text }, e.message)
                .help(e.help)
        })?;
        if !tokens.is_empty() {
            parser.line(&mut Cursor::new(cx, line_no, line, &tokens))?;
        }
    }
    parser.finish()
}

/// A thread block that has not been closed, and the place of its first line.
struct Open {
    block: ThreadBlock,
    place: Option<Place>,
}

/// A script under construction.
#[derive(Default)]
struct Parser {
    script: Script,
    /// The words of directives seen so far.
    directives: Vec<&'static str>,
    open: Option<Open>,
    /// The checkpoints taken so far, and where.
    labels: BTreeMap<String, u32>,
    /// How many bytes the strings so far hold.
    data: usize,
}

impl Parser {
    fn line(&mut self, c: &mut Cursor<'_>) -> Result<(), Error> {
        match c.peek_kind() {
            Some(Kind::Close) => self.close(c),
            Some(Kind::Word("thread")) => self.thread(c),
            Some(Kind::Word("expect")) => self.expect(c),
            Some(Kind::Word("geometry")) => self.geometry(c),
            Some(Kind::Word("variant")) => self.variant(c),
            Some(Kind::Word("machine")) => self.machine(c),
            Some(Kind::Word("worker-runs")) => self.worker_runs(c),
            Some(Kind::Word("settle")) => self.settle(c),
            _ => {
                let line_no = LineNo(c.line_no());
                let op = ops::operation(c, &mut self.data)?;
                self.labels(c, &op)?;
                self.push(Line { line_no, op, expect: None });
                Ok(())
            }
        }
    }

    fn push(&mut self, line: Line) {
        match &mut self.open {
            Some(open) => open.block.lines.push(line),
            None => self.script.items.push(Item::Op(line)),
        }
    }

    /// The threads that one that is open now runs beside.
    fn group(&self) -> &[ThreadBlock] {
        match self.script.items.last() {
            Some(Item::Threads(group)) => group,
            _ => &[],
        }
    }

    /// What is wrong with a restore of `label`, if a thread is open: what to say, and what helps.
    fn wrong_in_a_thread(&self, label: &str) -> Option<(&'static str, &'static str)> {
        let open = self.open.as_ref()?;
        if !self.was_taken_before(label) {
            return Some((
                "a restore inside a thread, of what no line before the threads keeps",
                "others use the fresh pair: it is there when the threads begin",
            ));
        }
        let mut lines = self.group().iter().chain([&open.block]).flat_map(|block| &block.lines);
        lines.any(|line| matches!(line.op, Op::Restore { .. })).then_some((
            "a second restore while threads run",
            "they share one fresh pair: restore once, or outside of threads",
        ))
    }

    /// Whether a line outside of threads has taken the checkpoint `label`.
    fn was_taken_before(&self, label: &str) -> bool {
        self.script.items.iter().any(|item| match item {
            Item::Op(line) => matches!(&line.op, Op::Checkpoint { label: l, .. } if l == label),
            Item::Threads(_) => false,
        })
    }

    /// Notes the label of a checkpoint, and looks up that of a restore. Either is its line's last
    /// word, which `c` has just passed.
    fn labels(&mut self, c: &Cursor<'_>, op: &Op) -> Result<(), Error> {
        match op {
            Op::Checkpoint { label, .. } => {
                if let Some(line) = self.labels.insert(label.clone(), c.line_no()) {
                    let message = format!("line {line} took a checkpoint '{label}' already");
                    return Err(c.error_at(c.last(), message).help("choose another name"));
                }
            }
            Op::Restore { label } => {
                if let Some((message, help)) = self.wrong_in_a_thread(label) {
                    return Err(c.error_at(c.last(), message).help(help));
                }
                if !self.labels.contains_key(label) {
                    let known: Vec<&str> = self.labels.keys().map(String::as_str).collect();
                    let message = format!("no checkpoint '{label}' before this line");
                    return Err(c.error_at(c.last(), message).suggest(label, &known));
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Whether the directive at `token` may stand here: the only one of its kind, and before all
    /// operations.
    fn directive(
        &mut self,
        c: &Cursor<'_>,
        token: Option<&Token<'_>>,
        word: &'static str,
    ) -> Result<(), Error> {
        if self.open.is_some() || !self.script.items.is_empty() {
            let message = format!("'{word}' must stand before the first operation");
            return Err(c.error_at(token, message).help("move this line to the top"));
        }
        if self.directives.contains(&word) {
            let message = format!("a second '{word}'");
            return Err(c.error_at(token, message).help("make it one line"));
        }
        self.directives.push(word);
        Ok(())
    }

    fn geometry(&mut self, c: &mut Cursor<'_>) -> Result<(), Error> {
        let token = c.next();
        self.directive(c, token, "geometry")?;
        let mut geometry = Geometry::LINUX;
        let names = geometry.fields().map(|(name, _)| name);
        let mut set = Vec::new();
        while c.peek().is_some() {
            let (word, token) = c.word("a size's name")?;
            let Some(field) = geometry.field_mut(word) else {
                let message = format!("unknown size '{}'", visible(word));
                return Err(c.error_at(Some(token), message).suggest(word, &names));
            };
            if set.contains(&word) {
                return Err(c.error_at(Some(token), format!("a second '{word}'")));
            }
            set.push(word);
            let value = c.number("a size", 0, u64::from(u32::MAX))?;
            *field = usize::try_from(value).unwrap_or(usize::MAX);
        }
        if set.is_empty() {
            return Err(c.unexpected("a size's name").help("for example: geometry n_tty_buf 8"));
        }
        geometry.validate().map_err(|e| c.error_at(None, e.to_string()))?;
        self.script.geometry = geometry;
        Ok(())
    }

    /// `variant 1a`: the code with that bug of the museum put back.
    fn variant(&mut self, c: &mut Cursor<'_>) -> Result<(), Error> {
        let token = c.next();
        self.directive(c, token, "variant")?;
        let (word, token) = c.word("a number of the museum")?;
        self.script.machine.variant = Variant::from_name(word).ok_or_else(|| {
            let message = format!("there is no variant '{}'", visible(word));
            c.error_at(Some(token), message).suggest(word, Variant::NAMES)
        })?;
        c.end()
    }

    /// `machine ldsem console`: what the pair is made of.
    fn machine(&mut self, c: &mut Cursor<'_>) -> Result<(), Error> {
        let token = c.next();
        self.directive(c, token, "machine")?;
        loop {
            let (word, token) = c.word("what the pair is made of, such as ldsem")?;
            let Some(on) = self.script.machine.word_mut(word) else {
                let message = format!("a machine has no '{}'", visible(word));
                return Err(c.error_at(Some(token), message).suggest(word, &WORDS));
            };
            *on = true;
            if c.peek().is_none() {
                return Ok(());
            }
        }
    }

    fn worker_runs(&mut self, c: &mut Cursor<'_>) -> Result<(), Error> {
        let token = c.next();
        self.directive(c, token, "worker-runs")?;
        let most = u64::try_from(MAX_WORKER_RUNS).unwrap_or(u64::MAX);
        let runs = c.number("a number of tries", 1, most)?;
        self.script.worker_runs = usize::try_from(runs).unwrap_or(MAX_WORKER_RUNS);
        c.end()
    }

    /// `settle` alone is an operation, `settle on` a directive.
    fn settle(&mut self, c: &mut Cursor<'_>) -> Result<(), Error> {
        let token = c.next();
        if c.peek().is_none() {
            let line_no = LineNo(c.line_no());
            self.push(Line { line_no, op: Op::Settle, expect: None });
            return Ok(());
        }
        let wanted = "'on', 'off' or the end of the line";
        let on = c.one_of(wanted, &["on", "off"], &[true, false])?;
        c.end()?;
        self.directive(c, token, "settle")?;
        self.script.auto_settle = Some(on);
        Ok(())
    }

    fn thread(&mut self, c: &mut Cursor<'_>) -> Result<(), Error> {
        let token = c.next();
        if let Some(open) = &self.open {
            let message = format!("a thread inside thread '{}'", open.block.name);
            return Err(c.error_at(token, message).help("close the other one first, with '}'"));
        }
        let (name, name_token) = c.word("a thread's name")?;
        self.check_thread_name(name)
            .map_err(|(message, help)| c.error_at(Some(name_token), message).help(help))?;
        if c.peek_kind() != Some(&Kind::Open) {
            return Err(c.unexpected("'{'"));
        }
        c.next();
        if c.peek().is_some() {
            let message = "the thread's operations must stand on lines of their own";
            return Err(c.error_at(c.peek(), message).help("one operation a line, then '}'"));
        }
        let place = c.error_at(token, "").place().cloned();
        let line_no = LineNo(c.line_no());
        let block = ThreadBlock { line_no, name: name.to_owned(), lines: Vec::new() };
        self.open = Some(Open { block, place });
        Ok(())
    }

    /// Whether a thread of the group under construction can be called `name`.
    fn check_thread_name(&self, name: &str) -> Result<(), (String, &'static str)> {
        let shown = visible(name);
        if !is_name(name) {
            let help = "a letter, then letters, digits, '_' and '-', 32 in all at most";
            return Err((format!("'{shown}' cannot be a thread's name"), help));
        }
        if is_reserved(name) {
            return Err((format!("'{shown}' is the tool's own thread"), "choose another name"));
        }
        if self.group().iter().any(|b| b.name == name) {
            return Err((format!("a second thread '{shown}'"), "choose another name"));
        }
        if self.group().len() >= MAX_THREADS {
            let message = format!("more than {MAX_THREADS} concurrent threads");
            return Err((message, "the simulator has no slot for another"));
        }
        Ok(())
    }

    fn close(&mut self, c: &mut Cursor<'_>) -> Result<(), Error> {
        let token = c.next();
        let Some(open) = self.open.take() else {
            return Err(c.error_at(token, "'}' without a thread").help("remove it"));
        };
        match self.script.items.last_mut() {
            Some(Item::Threads(group)) => group.push(open.block),
            _ => self.script.items.push(Item::Threads(vec![open.block])),
        }
        c.end()
    }

    fn expect(&mut self, c: &mut Cursor<'_>) -> Result<(), Error> {
        let token = c.next();
        let expect = ops::expectation(c, &mut self.data)?;
        let lines = self.open.as_mut().map(|o| &mut o.block.lines);
        let before = match lines {
            Some(lines) => lines.last_mut(),
            None => match self.script.items.last_mut() {
                Some(Item::Op(line)) => Some(line),
                _ => None,
            },
        };
        let Some(line) = before else {
            let message = "there is no operation before this 'expect'";
            return Err(c.error_at(token, message).help("put it behind the line it is about"));
        };
        if !line.op.has_result() {
            return Err(c.error_at(token, format!("'{}' has no result", line.op)));
        }
        if line.expect.is_some() {
            return Err(c.error_at(token, "a second 'expect' about the same line"));
        }
        line.expect = Some(expect);
        Ok(())
    }

    fn finish(self) -> Result<Script, Error> {
        match self.open {
            None => Ok(self.script),
            Some(Open { block, place }) => {
                let message = format!("thread '{}' is never closed", block.name);
                let error = match place {
                    Some(place) => Error::syntax(place, message),
                    None => Error::usage(message),
                };
                Err(error.help("add a line with '}'"))
            }
        }
    }
}
