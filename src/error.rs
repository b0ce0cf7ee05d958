// SPDX-License-Identifier: GPL-2.0-only
//! What the tool says when it cannot do what it was asked: what is wrong, where, and what to do
//! next. A result of a modelled system call is never one of these (see [`crate::errno`]).
//!
//! Data flow: whoever notices builds an [`Error`] and hands it up with `?`; `main` prints
//! [`Error::report`] and exits with [`Error::exit`]. Text that came from a file is shown with its
//! control characters escaped, so a script cannot drive the terminal of whoever checks it.
//!
//! No locks, no shared state.

use std::fmt::{self, Write as _};
use std::path::Path;

/// How the process ends. The numbers are part of the interface (README.md).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exit {
    /// Everything asked for was done and nothing was found.
    Clean,
    /// A violation, or a difference between model and kernel.
    Found,
    /// The command line or an input file cannot be used.
    Usage,
    /// A saved schedule does not fit the program any more.
    Diverged,
    /// The budget ended first: neither clean nor a finding.
    Exhausted,
}

impl Exit {
    /// The status the process ends with.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Clean => 0,
            Self::Found => 1,
            Self::Usage => 2,
            Self::Diverged => 3,
            Self::Exhausted => 4,
        }
    }
}

impl From<Exit> for std::process::ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

/// What kind of trouble it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// The command line asks for something that does not exist or makes no sense.
    Usage,
    /// A file cannot be read or written.
    File,
    /// A file can be read and does not say what it should.
    Syntax,
    /// Documented, and not in this version.
    NotBuilt,
    /// A replay took another way than the recording.
    Diverged,
    /// What was given does not suffice for an answer.
    Exhausted,
    /// Whoever read the output went away. Nothing is printed about it.
    OutputClosed,
}

impl ErrorKind {
    /// How the process ends because of it.
    #[must_use]
    pub const fn exit(self) -> Exit {
        match self {
            Self::Usage | Self::File | Self::Syntax | Self::NotBuilt | Self::OutputClosed => {
                Exit::Usage
            }
            Self::Diverged => Exit::Diverged,
            Self::Exhausted => Exit::Exhausted,
        }
    }
}

/// A place in an input file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file as the user named it.
    pub file: String,
    /// The line, counted from 1.
    pub line: u32,
    /// The column in characters, counted from 1.
    pub column: u32,
    /// How many characters are meant, at least 1.
    pub width: u32,
    /// The line itself; empty where showing it would not help.
    pub text: String,
}

/// The most characters of a line that a report shows.
const EXCERPT: usize = 76;

impl Place {
    /// The line with carets below what is meant, or `None` if the line is empty.
    fn excerpt(&self) -> Option<String> {
        if self.text.trim().is_empty() {
            return None;
        }
        let start = (self.column as usize).saturating_sub(1);
        // Far to the right, show the neighbourhood rather than the beginning.
        let skip = if start >= EXCERPT { start.saturating_sub(EXCERPT / 2) } else { 0 };
        let (mut shown, mut below) = (String::new(), String::new());
        for (i, c) in self.text.chars().enumerate().skip(skip).take(EXCERPT) {
            let cell = visible_char(c);
            let meant = i >= start && i < start.saturating_add(self.width as usize);
            for _ in cell.chars() {
                below.push(if meant { '^' } else { ' ' });
            }
            shown.push_str(&cell);
        }
        if !below.contains('^') {
            below.push('^');
        }
        let number = self.line.to_string();
        let pad = " ".repeat(number.len());
        Some(format!(" {number} | {}\n {pad} | {}", shown.trim_end(), below.trim_end()))
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", visible(&self.file), self.line, self.column)
    }
}

/// One thing that went wrong. Boxed inside, so that a `Result` stays small.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error(Box<Inner>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Inner {
    kind: ErrorKind,
    place: Option<Place>,
    message: String,
    help: Option<String>,
}

impl Error {
    /// An error without a place. `message` is one sentence without a full stop.
    #[must_use]
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self(Box::new(Inner { kind, place: None, message: message.into(), help: None }))
    }

    /// A mistake on the command line.
    #[must_use]
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Usage, message)
    }

    /// A mistake in a file, at `place`.
    #[must_use]
    pub fn syntax(place: Place, message: impl Into<String>) -> Self {
        let mut error = Self::new(ErrorKind::Syntax, message);
        error.0.place = Some(place);
        error
    }

    /// What `doing` ("read", "write") to `path` ran into.
    #[must_use]
    pub fn file(doing: &str, path: &Path, cause: &std::io::Error) -> Self {
        use std::io::ErrorKind as Io;
        let shown = visible(&path.display().to_string());
        let (what, help) = match cause.kind() {
            Io::NotFound => ("no such file or directory", Some("check the path")),
            Io::IsADirectory => ("it is a directory", Some("name a file in it")),
            Io::PermissionDenied => ("permission denied", Some("check the file's mode")),
            Io::NotADirectory => ("a part of the path is not a directory", Some("check the path")),
            _ => ("", None),
        };
        let what = if what.is_empty() { cause.to_string() } else { what.to_owned() };
        let error = Self::new(ErrorKind::File, format!("cannot {doing} '{shown}': {what}"));
        match help {
            Some(help) => error.help(help),
            None => error,
        }
    }

    /// What writing the tool's own output ran into.
    #[must_use]
    pub fn output(cause: &std::io::Error) -> Self {
        if cause.kind() == std::io::ErrorKind::BrokenPipe {
            return Self::new(ErrorKind::OutputClosed, "nobody reads the output");
        }
        Self::new(ErrorKind::File, format!("cannot write the output: {cause}"))
    }

    /// The same error, saying what to do next.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.0.help = Some(help.into());
        self
    }

    /// The same error, proposing the nearest of `known` to `word`, or else listing them if they
    /// are few.
    #[must_use]
    pub fn suggest(self, word: &str, known: &[&str]) -> Self {
        const FEW: usize = 24;
        match nearest(word, known) {
            Some(best) => self.help(format!("did you mean '{best}'?")),
            None if known.is_empty() || known.len() > FEW => self,
            None => self.help(format!("known are: {}", known.join(", "))),
        }
    }

    /// What kind it is.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Where it is, if in a file.
    #[must_use]
    pub fn place(&self) -> Option<&Place> {
        self.0.place.as_ref()
    }

    /// What is wrong, without the place.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// What to do next, where there is something to say.
    #[must_use]
    pub fn help_text(&self) -> Option<&str> {
        self.0.help.as_deref()
    }

    /// How the process ends because of it.
    #[must_use]
    pub fn exit(&self) -> Exit {
        self.0.kind.exit()
    }

    /// Everything there is to say: the sentence, the line it is about, the help. Several lines,
    /// the last without a newline.
    #[must_use]
    pub fn report(&self) -> String {
        let mut out = format!("ttysim: {self}");
        if let Some(excerpt) = self.place().and_then(Place::excerpt) {
            let _ = write!(out, "\n{excerpt}");
        }
        if let Some(help) = self.help_text() {
            let _ = write!(out, "\nhelp: {help}");
        }
        out
    }
}

/// One line: `file:line:column: message`.
impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(place) = self.place() {
            write!(f, "{place}: ")?;
        }
        f.write_str(&self.0.message)
    }
}

impl std::error::Error for Error {}

/// The one of `known` that `word` was probably meant to be. Upper and lower case count as equal.
#[must_use]
pub fn nearest<'a>(word: &str, known: &[&'a str]) -> Option<&'a str> {
    // A word far longer than any candidate is no misspelling, and comparing it is quadratic.
    if word.len() > 64 {
        return None;
    }
    let word = word.to_lowercase();
    let score = |k: &&str| {
        let k = k.to_lowercase();
        // "peekraw" for "peekraw-v2": somebody who types a beginning means it.
        let begins = word.chars().count() >= 3 && k.starts_with(&word);
        if begins { 1.0 } else { strsim::jaro_winkler(&word, &k) }
    };
    known
        .iter()
        .map(|k| (score(k), *k))
        .filter(|(s, _)| *s >= 0.8)
        .fold(None, |best: Option<(f64, &str)>, next| match best {
            Some(b) if b.0 >= next.0 => Some(b),
            _ => Some(next),
        })
        .map(|(_, k)| k)
}

/// `text` as it can be shown on a terminal: control characters escaped, at most 60 characters.
#[must_use]
pub fn visible(text: &str) -> String {
    const MOST: usize = 60;
    let mut out: String = text.chars().take(MOST).map(visible_char).collect();
    if text.chars().nth(MOST).is_some() {
        out.push_str("...");
    }
    out
}

/// Whether showing `c` could move the cursor or turn the direction of the text around it.
fn is_unshowable(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200e}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

fn visible_char(c: char) -> String {
    match c {
        '\t' => " ".to_owned(),
        c if is_unshowable(c) => c.escape_default().to_string(),
        c => c.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(column: u32, width: u32, text: &str) -> Place {
        Place { file: "a.tty".to_owned(), line: 3, column, width, text: text.to_owned() }
    }

    #[test]
    fn a_report_shows_the_line_and_the_help() {
        let error = Error::syntax(place(1, 5, "wriet master \"a\""), "unknown operation 'wriet'")
            .suggest("wriet", &["write", "read"]);
        assert_eq!(
            error.report(),
            "ttysim: a.tty:3:1: unknown operation 'wriet'\n 3 | wriet master \"a\"\n   | ^^^^^\n\
             help: did you mean 'write'?"
        );
        assert_eq!(error.exit().code(), 2);
    }

    #[test]
    fn a_place_behind_the_line_or_far_to_the_right_still_has_a_caret() {
        assert!(place(9, 1, "read").excerpt().is_some_and(|e| e.ends_with('^')));
        let long = "x".repeat(5000);
        let shown = place(4000, 2, &long).excerpt().unwrap_or_default();
        assert!(shown.contains("^^") && shown.len() < 200, "{shown}");
    }

    #[test]
    fn control_characters_never_reach_the_terminal() {
        let error = Error::syntax(place(1, 1, "\x1b[2Jx"), visible("\x1b[2J\u{202e}"));
        assert!(!error.report().contains('\x1b') && !error.report().contains('\u{202e}'));
    }

    #[test]
    fn suggestions_are_near_or_absent() {
        let known = ["peekraw-v2", "exclusive-2016", "exclusive-wlock"];
        assert_eq!(nearest("exclusive-2106", &known), Some("exclusive-2016"));
        assert_eq!(nearest("PEEKRAW", &known), Some("peekraw-v2"));
        assert_eq!(nearest("zzz", &known), None);
        assert_eq!(nearest("", &known), None);
        assert_eq!(nearest(&"e".repeat(100_000), &known), None);
    }
}
