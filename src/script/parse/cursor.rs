// SPDX-License-Identifier: GPL-2.0-only
//! Reading one line's tokens from left to right, with errors that say where.

use super::Context;
use crate::error::{Error, Place, visible};
use crate::script::lex::{Kind, Token};

/// A line under reading. Every method that takes a token fails at that token, or behind the last
/// one if the line ended.
#[derive(Debug)]
pub(super) struct Cursor<'a> {
    cx: &'a Context<'a>,
    line_no: u32,
    text: &'a str,
    tokens: &'a [Token<'a>],
    at: usize,
}

impl<'a> Cursor<'a> {
    pub(super) const fn new(
        cx: &'a Context<'a>,
        line_no: u32,
        text: &'a str,
        tokens: &'a [Token<'a>],
    ) -> Self {
        Self { cx, line_no, text, tokens, at: 0 }
    }

    pub(super) fn line_no(&self) -> u32 {
        self.line_no
    }

    pub(super) fn context(&self) -> &'a Context<'a> {
        self.cx
    }

    pub(super) fn peek(&self) -> Option<&'a Token<'a>> {
        self.tokens.get(self.at)
    }

    pub(super) fn peek_kind(&self) -> Option<&'a Kind<'a>> {
        self.peek().map(|t| &t.kind)
    }

    /// The token taken last.
    pub(super) fn last(&self) -> Option<&'a Token<'a>> {
        self.tokens.get(self.at.checked_sub(1)?)
    }

    /// Takes the next token.
    pub(super) fn next(&mut self) -> Option<&'a Token<'a>> {
        let token = self.peek()?;
        self.at += 1;
        Some(token)
    }

    /// An error about `token`, or about the end of the line.
    pub(super) fn error_at(&self, token: Option<&Token<'_>>, message: impl Into<String>) -> Error {
        let (column, width) = match token {
            Some(t) => (t.column, t.width),
            None => (self.end_column(), 1),
        };
        Error::syntax(
            Place {
                file: self.cx.file.to_owned(),
                line: self.line_no,
                column,
                width: width.max(1),
                text: self.text.to_owned(),
            },
            message,
        )
    }

    /// The column behind the last token.
    fn end_column(&self) -> u32 {
        self.tokens.last().map_or(1, |t| t.column.saturating_add(t.width))
    }

    /// An error because the next token is not `wanted`.
    pub(super) fn unexpected(&self, wanted: &str) -> Error {
        let found = self.peek().map_or_else(|| "the line ends".to_owned(), Token::describe);
        let error = self.error_at(self.peek(), format!("expected {wanted}, found {found}"));
        match self.peek() {
            Some(_) => error,
            None => error.help(format!("add {wanted}")),
        }
    }

    /// Takes a word; `wanted` is what an error calls it.
    pub(super) fn word(&mut self, wanted: &str) -> Result<(&'a str, &'a Token<'a>), Error> {
        match self.peek() {
            Some(token @ Token { kind: Kind::Word(word), .. }) => {
                self.at += 1;
                Ok((word, token))
            }
            _ => Err(self.unexpected(wanted)),
        }
    }

    /// Takes one of `words` and gives the value beside it.
    pub(super) fn one_of<T: Copy>(
        &mut self,
        wanted: &str,
        words: &[&str],
        values: &[T],
    ) -> Result<T, Error> {
        let (word, token) = self.word(wanted)?;
        let found = words.iter().position(|w| *w == word).and_then(|i| values.get(i));
        found.copied().ok_or_else(|| {
            let message = format!("expected {wanted}, found '{}'", visible(word));
            self.error_at(Some(token), message).suggest(word, words)
        })
    }

    /// Takes a number from `min` to `max`.
    pub(super) fn number(&mut self, wanted: &str, min: u64, max: u64) -> Result<u64, Error> {
        let (word, token) = self.word(wanted)?;
        let value = parse_number(word).filter(|n| (min..=max).contains(n));
        value.ok_or_else(|| {
            let found = visible(word);
            let message = format!("expected {wanted} from {min} to {max}, found '{found}'");
            self.error_at(Some(token), message).help("write it in decimal, or in hex as 0x1f")
        })
    }

    /// Requires that nothing is left.
    pub(super) fn end(&self) -> Result<(), Error> {
        match self.peek() {
            None => Ok(()),
            Some(token) => {
                let message = format!("{} is too much on this line", token.describe());
                Err(self.error_at(Some(token), message).help("one operation a line"))
            }
        }
    }
}

/// Decimal or `0x`; no sign.
pub(super) fn parse_number(word: &str) -> Option<u64> {
    let (digits, radix) = word.strip_prefix("0x").map_or((word, 10), |hex| (hex, 16));
    let plain = digits.bytes().all(|b| b.is_ascii_hexdigit());
    plain.then(|| u64::from_str_radix(digits, radix).ok()).flatten()
}
