// SPDX-License-Identifier: GPL-2.0-only
//! What the words of one operation line mean.
//!
//! Data flow: the line's [`Cursor`] in, an [`Op`] or an [`Expect`] out; nothing here knows other
//! lines.

use super::cursor::{Cursor, parse_number};
use super::data;
use crate::errno::Errno;
use crate::error::{Error, visible};
use crate::script::ast::{
    CharFlag, DesignRef, End, Events, Expect, FlowAction, Op, Queue, Rare, When, is_name,
};
use crate::script::lex::{Kind, Token};
use crate::script::settings::words::{Char, REFUSED, all_words};
use crate::script::settings::{Setting, TermiosChange, byte_value, char_value};

/// The largest `read`.
const MAX_READ: u64 = 1 << 20;

/// The most a line discipline's number can be.
const MAX_LDISC: u64 = 255;

/// What stands between settings and the moment they are to change.
const WHEN: &str = "when";

/// What stands between the answers that are expected.
const OR: &str = "or";

/// What else a line can begin with.
const FRAME_WORDS: [&str; 6] =
    ["thread", "expect", "geometry", "machine", "variant", "worker-runs"];

/// Takes a whole operation line.
pub(super) fn operation(c: &mut Cursor<'_>, used: &mut usize) -> Result<Op, Error> {
    let (word, token) = c.word("an operation")?;
    let op = match word {
        "termios" => Op::Termios { end: end(c)?, change: termios(c)?, when: when(c)? },
        "write" => Op::Write { end: end(c)?, bytes: data::bytes(c, used)? },
        "send" => Op::Rare { end: end(c)?, call: Rare::Send(data::bytes(c, used)?) },
        "read" => read(c)?,
        "inq" => Op::Inq { end: end(c)? },
        "outq" => Op::Outq { end: end(c)? },
        "poll" => Op::Poll { end: end(c)? },
        "hold" => Op::Rare { end: end(c)?, call: Rare::Hold },
        "pause" => Op::Rare { end: end(c)?, call: Rare::Pause },
        "printk" => Op::Rare { end: end(c)?, call: Rare::Printk },
        "await" => Op::Rare { end: end(c)?, call: Rare::Await(awaited(c)?) },
        "flush" => {
            let end = end(c)?;
            let queue = c.one_of("'in', 'out' or 'both'", &Queue::NAMES, &Queue::ALL)?;
            Op::Flush { end, queue }
        }
        "flow" => {
            let end = end(c)?;
            let wanted = "'ooff', 'oon', 'ioff' or 'ion'";
            let action = c.one_of(wanted, &FlowAction::NAMES, &FlowAction::ALL)?;
            Op::Flow { end, action }
        }
        "packet" => Op::Packet { on: c.one_of("'on' or 'off'", &["on", "off"], &[true, false])? },
        "sti" => Op::Sti { end: end(c)?, byte: one_byte(c)? },
        "close" => Op::Close { end: end(c)? },
        "open" => Op::Open { end: end(c)? },
        "setd" => {
            let end = end(c)?;
            let ldisc = c.number("a line discipline's number", 0, MAX_LDISC)?;
            Op::Setd { end, ldisc: u32::try_from(ldisc).unwrap_or_default() }
        }
        "hangup" => Op::Hangup { end: end(c)? },
        "signals" => Op::Signals,
        "insert" => {
            let (end, bytes) = (end(c)?, data::bytes(c, used)?);
            Op::Insert { end, bytes, flag: char_flag(c)? }
        }
        "checkpoint" => checkpoint(c)?,
        "restore" => Op::Restore { label: label(c)? },
        _ => return Err(unknown(c, word, token)),
    };
    c.end()?;
    Ok(op)
}

fn unknown(c: &Cursor<'_>, word: &str, token: &Token<'_>) -> Error {
    let known = [Op::WORDS.as_slice(), &FRAME_WORDS].concat();
    let message = format!("unknown operation '{}'", visible(word));
    c.error_at(Some(token), message).suggest(word, &known)
}

fn end(c: &mut Cursor<'_>) -> Result<End, Error> {
    c.one_of("'master' or 'slave'", &End::NAMES, &End::ALL)
}

fn read(c: &mut Cursor<'_>) -> Result<Op, Error> {
    let end = end(c)?;
    let n = c.number("a number of bytes", 0, MAX_READ)?;
    let n = usize::try_from(n).unwrap_or_default();
    let wait = c.peek().is_some();
    if wait {
        c.one_of("'wait' or the end of the line", &["wait"], &[()])?;
    }
    Ok(Op::Read { end, n, wait })
}

/// The events a `poll` that sleeps can be about: those of input.
fn awaited(c: &mut Cursor<'_>) -> Result<Events, Error> {
    let input = || Events::ALL.into_iter().filter(|(name, _)| Rare::AWAITED.contains(name));
    let (names, bits): (Vec<&str>, Vec<u16>) = input().unzip();
    let mut events = c.one_of("an event of input, such as POLLIN", &names, &bits)?;
    while c.peek().is_some() {
        events |= c.one_of("an event of input", &names, &bits)?;
    }
    Ok(Events(events))
}

fn one_byte(c: &mut Cursor<'_>) -> Result<u8, Error> {
    let token = c.peek();
    match c.peek_kind() {
        Some(Kind::Char(byte)) => {
            c.next();
            Ok(*byte)
        }
        Some(Kind::Str(bytes)) => {
            let [byte] = bytes[..] else {
                let message = format!("expected one byte, found {}", bytes.len());
                return Err(c.error_at(token, message).help("one `sti` line a byte"));
            };
            c.next();
            Ok(byte)
        }
        _ => Err(c.unexpected("one byte in \" \"")),
    }
}

fn checkpoint(c: &mut Cursor<'_>) -> Result<Op, Error> {
    let design = design(c)?;
    let end = end(c)?;
    c.one_of("'as' and a name", &["as"], &[()])?;
    Ok(Op::Checkpoint { design, end, label: label(c)? })
}

/// `this`, a known design, or an ioctl number.
fn design(c: &mut Cursor<'_>) -> Result<DesignRef, Error> {
    let (word, token) = c.word("a design, or 'this'")?;
    if word == "this" {
        return Ok(DesignRef::This);
    }
    if word.starts_with(|first: char| first.is_ascii_digit()) {
        let number = parse_number(word).and_then(|n| u32::try_from(n).ok());
        return number.map(DesignRef::Ioctl).ok_or_else(|| {
            let message = format!("'{}' is no ioctl number", visible(word));
            c.error_at(Some(token), message).help("write it in decimal, or in hex as 0x5480")
        });
    }
    let known = c.context().designs;
    if !is_name(word) || !(known.is_empty() || known.contains(&word)) {
        let message = format!("unknown design '{}'", visible(word));
        let all = [known, &["this"]].concat();
        return Err(c.error_at(Some(token), message).suggest(word, &all));
    }
    Ok(DesignRef::Named(word.to_owned()))
}

fn label(c: &mut Cursor<'_>) -> Result<String, Error> {
    let (word, token) = c.word("a checkpoint's name")?;
    if is_name(word) {
        return Ok(word.to_owned());
    }
    let message = format!("'{}' cannot be a checkpoint's name", visible(word));
    let help = "a letter, then letters, digits, '_' and '-', 32 in all at most";
    Err(c.error_at(Some(token), message).help(help))
}

fn termios(c: &mut Cursor<'_>) -> Result<TermiosChange, Error> {
    let mut change = TermiosChange::default();
    while c.peek().is_some_and(|token| token.kind != Kind::Word(WHEN)) {
        change.0.push(setting(c)?);
    }
    if change.0.is_empty() {
        return Err(c.unexpected("stty's words, such as raw or -echo"));
    }
    Ok(change)
}

/// `when drain`, or nothing.
fn when(c: &mut Cursor<'_>) -> Result<When, Error> {
    if c.peek().is_none() {
        return Ok(When::Now);
    }
    c.one_of("'when' or one of stty's words", &[WHEN], &[()])?;
    c.one_of("'now', 'drain' or 'flush'", &When::NAMES, &When::ALL)
}

/// `parity`, or nothing.
fn char_flag(c: &mut Cursor<'_>) -> Result<CharFlag, Error> {
    if c.peek().is_none() {
        return Ok(CharFlag::Normal);
    }
    let wanted = "'break', 'frame', 'parity', 'overrun' or the end of the line";
    c.one_of(wanted, &CharFlag::NAMES, &CharFlag::ALL)
}

fn setting(c: &mut Cursor<'_>) -> Result<Setting, Error> {
    let (word, token) = c.word("one of stty's words")?;
    if let Some(which) = Char::from_name(word) {
        return Ok(Setting::Char { which, value: value(c, which)? });
    }
    let (name, on) = word.strip_prefix('-').map_or((word, true), |name| (name, false));
    if let Some(setting) = Setting::from_word(name, on) {
        return Ok(setting);
    }
    if let Some((_, why)) = REFUSED.iter().find(|(refused, _)| *refused == name) {
        let message = format!("'{name}' is not modelled");
        return Err(c.error_at(Some(token), message).help(*why));
    }
    if !on && (Setting::from_word(name, true).is_some() || Char::from_name(name).is_some()) {
        let message = format!("'{name}' has no form with '-'");
        return Err(c.error_at(Some(token), message).help(format!("write '{name}'")));
    }
    let error = c.error_at(Some(token), format!("unknown setting '{}'", visible(word)));
    match crate::error::nearest(name, &all_words()) {
        Some(best) if on => Err(error.help(format!("did you mean '{best}'?"))),
        Some(best) => Err(error.help(format!("did you mean '-{best}'?"))),
        None => Err(error.help("the words are those of stty(1)")),
    }
}

/// The value of a control character, `min` or `time`.
fn value(c: &mut Cursor<'_>, which: Char) -> Result<u8, Error> {
    let (value, wanted) = if which.is_number() {
        let value = match c.peek_kind() {
            Some(Kind::Word(word)) => byte_value(word),
            _ => None,
        };
        (value, "a number from 0 to 255")
    } else {
        let value = match c.peek_kind() {
            Some(Kind::Char(byte)) => Some(*byte),
            Some(Kind::Word(word)) => char_value(word),
            _ => None,
        };
        (value, "a character such as ^D, ';', undef or 0x1b")
    };
    let Some(value) = value else {
        return Err(c.unexpected(&format!("{wanted} for '{}'", which.name())));
    };
    c.next();
    Ok(value)
}

/// The names of [`Errno`], for suggestions.
const ERRNOS: [&str; 15] = [
    "EPERM",
    "ENOENT",
    "EINTR",
    "EIO",
    "EBADF",
    "EAGAIN",
    "ENOMEM",
    "EFAULT",
    "EBUSY",
    "EINVAL",
    "ENOTTY",
    "ENOSPC",
    "EOVERFLOW",
    "EOPNOTSUPP",
    "ERESTARTSYS",
];

/// Takes what stands behind `expect`: an answer, or several with `or` between.
pub(super) fn expectation(c: &mut Cursor<'_>, used: &mut usize) -> Result<Expect, Error> {
    let first = answer(c, used)?;
    if c.peek().is_none() {
        return Ok(first);
    }
    let mut answers = vec![first];
    while c.peek().is_some() {
        c.one_of("'or' or the end of the line", &[OR], &[()])?;
        answers.push(answer(c, used)?);
    }
    Ok(Expect::OneOf(answers))
}

fn answer(c: &mut Cursor<'_>, used: &mut usize) -> Result<Expect, Error> {
    let wanted = "a string, an errno, a number or poll events";
    let expect = match c.peek_kind() {
        Some(Kind::Str(_)) => Expect::Bytes(data::bytes(c, used)?),
        Some(Kind::Word(word)) if word.starts_with("POLL") => Expect::Events(events(c)?),
        Some(Kind::Word(word)) if word.starts_with(|first: char| first.is_ascii_digit()) => {
            Expect::Ret(c.number("a number", 0, u64::MAX)?)
        }
        Some(Kind::Word(_)) => {
            let (word, token) = c.word(wanted)?;
            Expect::Errno(Errno::from_name(word).ok_or_else(|| {
                let message = format!("expected {wanted}, found '{}'", visible(word));
                c.error_at(Some(token), message).suggest(word, &ERRNOS)
            })?)
        }
        _ => return Err(c.unexpected(wanted)),
    };
    Ok(expect)
}

fn events(c: &mut Cursor<'_>) -> Result<Events, Error> {
    let names = Events::ALL.map(|(name, _)| name);
    let bits = Events::ALL.map(|(_, bit)| bit);
    let mut events = 0;
    while c.peek().is_some_and(|token| token.kind != Kind::Word(OR)) {
        events |= c.one_of("a poll event", &names, &bits)?;
    }
    Ok(Events(events))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_answers_read_back_in_order() {
        let text =
            "poll slave\nexpect POLLIN POLLOUT or 0 or EIO\nread slave 2\nexpect \"a\" or \"b\"\n";
        let script = crate::script::parse(text, &crate::script::Context::file("t")).expect("right");
        assert_eq!(script.to_string(), text);
        for wrong in ["expect or", "expect \"a\" or", "expect \"a\" and \"b\""] {
            let text = format!("read slave 2\n{wrong}\n");
            assert!(
                crate::script::parse(&text, &crate::script::Context::file("t")).is_err(),
                "{wrong}"
            );
        }
    }

    #[test]
    fn every_listed_errno_exists() {
        assert!(ERRNOS.iter().all(|name| Errno::from_name(name).is_some()));
    }
}
