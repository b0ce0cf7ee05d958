// SPDX-License-Identifier: GPL-2.0-only
//! From a line of text to words, strings and marks.
//!
//! Data flow: [`mod@super::parse`] hands in one line at a time and gets its [`Token`]s, each with its
//! column, or the column and reason of the first thing that is none. No recursion and no state
//! between lines; the work is linear in the line.

use crate::error::visible;

/// What a token is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind<'a> {
    /// Anything between blanks.
    Word(&'a str),
    /// `"..."`, its escapes decoded.
    Str(Vec<u8>),
    /// `'c'`.
    Char(u8),
    /// `*`.
    Times,
    /// `{`.
    Open,
    /// `}`.
    Close,
}

/// A token and where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token<'a> {
    /// What it is.
    pub kind: Kind<'a>,
    /// The column of its first character, counted from 1.
    pub column: u32,
    /// How many characters it has.
    pub width: u32,
}

impl Token<'_> {
    /// What an error calls it.
    #[must_use]
    pub fn describe(&self) -> String {
        match &self.kind {
            Kind::Word(word) => format!("'{}'", visible(word)),
            Kind::Str(_) => "a string".to_owned(),
            Kind::Char(_) => "a character".to_owned(),
            Kind::Times => "'*'".to_owned(),
            Kind::Open => "'{'".to_owned(),
            Kind::Close => "'}'".to_owned(),
        }
    }
}

/// Why a line has no tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LexError {
    /// Where, counted from 1.
    pub column: u32,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub help: &'static str,
}

/// The tokens of `line`, up to its end or a `#` that starts a word.
///
/// # Errors
/// The first thing that is no token.
pub fn line(line: &str) -> Result<Vec<Token<'_>>, LexError> {
    let mut lexer = Lexer { line, at: 0, column: 1 };
    let mut tokens = Vec::new();
    while let Some(token) = lexer.token()? {
        tokens.push(token);
    }
    Ok(tokens)
}

struct Lexer<'a> {
    line: &'a str,
    /// Byte offset.
    at: usize,
    /// Character number of `at`, from 1.
    column: u32,
}

impl<'a> Lexer<'a> {
    fn peek(&self) -> Option<char> {
        self.line.get(self.at..).and_then(|rest| rest.chars().next())
    }

    fn bump(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += c.len_utf8();
        self.column = self.column.saturating_add(1);
        Some(c)
    }

    fn token(&mut self) -> Result<Option<Token<'a>>, LexError> {
        while self.peek().is_some_and(is_blank) {
            self.bump();
        }
        let column = self.column;
        let kind = match self.peek() {
            None | Some('#') => return Ok(None),
            Some('"') => Kind::Str(self.quoted('"', usize::MAX)?),
            Some('\'') => {
                let bytes = self.quoted('\'', 4)?;
                let [byte] = bytes[..] else {
                    let message = "a character between ' ' must be one byte".to_owned();
                    return fail(column, message, "write a string between \" \"");
                };
                Kind::Char(byte)
            }
            Some(c) if c.is_control() => {
                let message = format!("unexpected character {}", c.escape_default());
                return fail(column, message, "is this a text file?");
            }
            Some(_) => self.word(),
        };
        let width = self.column.saturating_sub(column);
        Ok(Some(Token { kind, column, width }))
    }

    /// A word ends at a blank, at a control character or where a string begins.
    fn word(&mut self) -> Kind<'a> {
        let from = self.at;
        if self.peek() == Some('*') {
            self.bump();
            return Kind::Times;
        }
        while self.peek().is_some_and(|c| !is_blank(c) && !c.is_control() && c != '"') {
            self.bump();
        }
        match self.line.get(from..self.at).unwrap_or_default() {
            "{" => Kind::Open,
            "}" => Kind::Close,
            word => Kind::Word(word),
        }
    }

    /// What stands between two `quote`s, of which at most `most` bytes are kept.
    fn quoted(&mut self, quote: char, most: usize) -> Result<Vec<u8>, LexError> {
        let start = self.column;
        let mut bytes = Vec::new();
        let mut utf8 = [0; 4];
        self.bump();
        loop {
            let column = self.column;
            match self.bump() {
                None => {
                    let message = format!("the {quote} has no partner on this line");
                    return fail(start, message, "close it; write a newline as \\n");
                }
                Some(c) if c == quote => return Ok(bytes),
                Some('\\') => bytes.push(self.escape(column)?),
                Some(c) if c.is_control() && c != '\t' => {
                    let message = format!("a raw {} in a string", c.escape_default());
                    return fail(column, message, "write it as \\xNN");
                }
                Some(c) => bytes.extend_from_slice(c.encode_utf8(&mut utf8).as_bytes()),
            }
            bytes.truncate(most);
        }
    }

    /// What follows a backslash that stood at `column`.
    fn escape(&mut self, column: u32) -> Result<u8, LexError> {
        Ok(match self.bump() {
            Some('n') => b'\n',
            Some('r') => b'\r',
            Some('t') => b'\t',
            Some('a') => 7,
            Some('b') => 8,
            Some('v') => 11,
            Some('f') => 12,
            Some('e') => 27,
            Some(c @ ('\\' | '"' | '\'' | '?')) => c as u8,
            Some('x') => match self.digits(16, 2) {
                Some(value) => value,
                None => return no_escape(column, "\\x needs one or two hex digits".into()),
            },
            Some(c @ '0'..='7') => {
                let first = u32::from(c) - u32::from('0');
                match self.digits_after(first, 8, 2) {
                    Some(value) => value,
                    None => {
                        let message = "an octal escape must be at most \\377".to_owned();
                        return no_escape(column, message);
                    }
                }
            }
            Some(c) => {
                let c = visible(&c.to_string());
                return no_escape(column, format!("unknown escape \\{c}"));
            }
            None => return no_escape(column, "a lone backslash".to_owned()),
        })
    }

    /// One to `most` digits.
    fn digits(&mut self, radix: u32, most: usize) -> Option<u8> {
        let first = self.peek()?.to_digit(radix)?;
        self.bump();
        self.digits_after(first, radix, most - 1)
    }

    /// Up to `most` more digits behind `value`.
    fn digits_after(&mut self, mut value: u32, radix: u32, most: usize) -> Option<u8> {
        for _ in 0..most {
            let Some(digit) = self.peek().and_then(|c| c.to_digit(radix)) else {
                break;
            };
            self.bump();
            value = value * radix + digit;
        }
        u8::try_from(value).ok()
    }
}

fn fail<T>(column: u32, message: String, help: &'static str) -> Result<T, LexError> {
    Err(LexError { column, message, help })
}

fn no_escape<T>(column: u32, message: String) -> Result<T, LexError> {
    let help = "known are \\n \\r \\t \\a \\b \\v \\f \\e \\\\ \\\" \\' \\xNN and \\NNN (octal)";
    fail(column, message, help)
}

/// The carriage return of a file written elsewhere counts as a blank.
fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(text: &str) -> Vec<Kind<'_>> {
        line(text).expect("tokens").into_iter().map(|t| t.kind).collect()
    }

    #[test]
    fn words_strings_and_comments() {
        assert_eq!(kinds("  # nothing"), []);
        assert_eq!(
            kinds("write master \"a\\x03b\\n\" # c\r"),
            [Kind::Word("write"), Kind::Word("master"), Kind::Str(b"a\x03b\n".to_vec())]
        );
        assert_eq!(
            kinds("eof ^# '#' ^*"),
            [Kind::Word("eof"), Kind::Word("^#"), Kind::Char(b'#'), Kind::Word("^*"),]
        );
        assert_eq!(
            kinds("\"x\"*5 { }"),
            [Kind::Str(b"x".to_vec()), Kind::Times, Kind::Word("5"), Kind::Open, Kind::Close,]
        );
    }

    #[test]
    fn escapes() {
        let text = r#""\n\r\t\a\b\v\f\e\\\"\'\?\x3\x03a\0\12\3777é""#;
        let bytes = b"\n\r\t\x07\x08\x0b\x0c\x1b\\\"'?\x03\x03a\0\n\xff7\xc3\xa9";
        assert_eq!(kinds(text), [Kind::Str(bytes.to_vec())]);
    }

    #[test]
    fn what_is_wrong_is_where_it_is() {
        let at = |text| line(text).expect_err("an error").column;
        assert_eq!(at("é \"abc"), 3);
        assert_eq!(at(r#""ab\q""#), 4);
        assert_eq!(at(r#""\x""#), 2);
        assert_eq!(at(r#""\400""#), 2);
        assert_eq!(at("'ab'"), 1);
        assert_eq!(at("''"), 1);
        assert_eq!(at("a\0"), 2);
        assert_eq!(at("\"\x1b\""), 2);
        assert_eq!(at("\"\\"), 2);
    }
}
