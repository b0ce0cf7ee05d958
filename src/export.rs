// SPDX-License-Identifier: GPL-2.0-only
//! A script as a C program that provokes the same situation with real system calls.
//!
//! Data flow: [`Situation`] -> [`kselftest`] -> C in the style of `kselftest_harness.h`, from the
//! template `kselftest.c`. The program runs bounded rounds on fresh pairs, races the script's
//! threads after random delays, and fails if data is stuck or lost; it cannot force a schedule.
//!
//! What user space can neither do nor see is refused, and said: sizes that are not the kernel's, a
//! checkpoint call without an ioctl, settings under which nobody can count what has to arrive, and
//! properties without a witness (C1 needs the instant, C4 the memory).

mod ops;

use crate::error::{Error, ErrorKind};
use crate::geometry::Geometry;
use crate::script::ast::{End, Item, Line, Op, Script, ThreadBlock};
use crate::termios::{Termios, iflag, lflag, oflag};
use crate::verify::Property;
use ops::Writer;

/// The program around the script.
const TEMPLATE: &str = include_str!("export/kselftest.c");
/// How many rounds, unless the environment says.
const ROUNDS: &str = "20000";
/// How many seconds, unless the environment says.
const SECONDS: &str = "20";

/// What to export.
#[derive(Clone, Copy, Debug)]
pub struct Situation<'a> {
    /// The program's name; what is no part of a C identifier becomes `_`.
    pub name: &'a str,
    /// What it is about, in words.
    pub about: &'a str,
    /// What it runs.
    pub script: &'a Script,
    /// What it has to break, if that is known.
    pub property: Option<Property>,
    /// What `checkpoint` lines call, on a kernel that has it.
    pub ioctl: Option<u32>,
}

/// The C program.
///
/// # Errors
/// That the situation cannot be reached or seen by system calls, and why.
pub fn kselftest(situation: &Situation<'_>) -> Result<String, Error> {
    let script = situation.script;
    reachable(situation)?;
    let (before, blocks) = parts(script)?;
    let mut writer = Writer::new(situation.ioctl);
    let before = writer.lines(before)?;
    let mut bodies = Vec::new();
    let mut names = Vec::new();
    for block in blocks {
        let name = format!("thread_{}", identifier(&block.name));
        let lines = writer.lines(&block.lines)?;
        bodies.push(format!("static void {name}(void)\n{{\n{lines}}}\n"));
        names.push(name);
    }
    let judged = judged(script, &writer.settings)?;
    let name = identifier(situation.name);
    let fields = [
        ("@ABOUT@", comment(&format!("{}\n\n{script}", situation.about))),
        ("@NAME@", name),
        ("@ROUNDS@", ROUNDS.to_owned()),
        ("@SECONDS@", SECONDS.to_owned()),
        ("@DATA@", writer.data),
        ("@BEFORE@", before.trim_end().to_owned()),
        ("@BODIES@", bodies.join("\n")),
        ("@NAMES@", names.join(", ")),
        ("@JUDGE@", judged),
    ];
    Ok(fields.iter().fold(TEMPLATE.to_owned(), |text, (field, value)| text.replace(field, value)))
}

fn refused(why: &str) -> Error {
    Error::new(ErrorKind::Usage, format!("system calls cannot show this: {why}"))
}

fn reachable(situation: &Situation<'_>) -> Result<(), Error> {
    if let Some(property) = situation.property
        && !matches!(property, Property::C2 | Property::C3)
    {
        let why = match property {
            Property::C1 => "nobody in user space knows what was unread at which instant",
            Property::C4 => "a data race leaves no witness there; KCSAN may see it",
            _ => "it is no race",
        };
        return Err(refused(&format!("{property} is about more than data: {why}"))
            .help("stalls and losses (C3, C2) can be exported"));
    }
    if situation.script.geometry != Geometry::LINUX {
        return Err(refused("it is at sizes no kernel has").help(
            "export the counterexample of a scenario at Linux's sizes (real, real-sti), or leave \
             the 'geometry' line out",
        ));
    }
    Ok(())
}

/// The lines before the threads, and the threads.
fn parts(script: &Script) -> Result<(Vec<&Line>, &[ThreadBlock]), Error> {
    let mut before = Vec::new();
    let mut items = script.items.iter();
    for item in items.by_ref() {
        match item {
            Item::Op(line) => before.push(line),
            Item::Threads(blocks) if items.len() == 0 => return Ok((before, blocks)),
            Item::Threads(_) => {
                return Err(refused("something comes behind the threads")
                    .help("end the script with its threads"));
            }
        }
    }
    Err(refused("nothing in it is concurrent").help("`ttysim compare` runs such scripts"))
}

/// Where the program looks: at the ends whose arrivals can be counted.
fn judged(script: &Script, settings: &[Termios; 2]) -> Result<String, Error> {
    let written = |end: End| {
        script.lines().any(|l| match &l.op {
            Op::Write { end: writer, .. } => writer.other() == end,
            Op::Sti { end: typist, .. } => *typist == end,
            _ => false,
        })
    };
    let mut text = String::new();
    for end in [End::Slave, End::Master].into_iter().filter(|end| written(*end)) {
        if let Some(why) = uncountable(end, settings) {
            return Err(refused(&format!("nobody can count what has to arrive: {why}"))
                .help("begin with `termios slave raw -echo`"));
        }
        text += &format!("\t\tjudge({}, &tally);\n", ops::end(end));
    }
    if text.is_empty() {
        return Err(refused("nothing is written, so nothing can be stuck"));
    }
    Ok(text.trim_end().to_owned())
}

/// Why the bytes that arrive at `end` are not those that were sent.
fn uncountable(end: End, settings: &[Termios; 2]) -> Option<&'static str> {
    let [master, slave] = settings;
    let reader = if end == End::Slave { slave } else { master };
    if reader.l(lflag::ICANON) {
        return Some("a line waits for its end (icanon)");
    }
    if reader.l(lflag::ISIG) || reader.i(iflag::IXON | iflag::IGNCR) {
        return Some("some characters are commands (isig, ixon) or dropped (igncr)");
    }
    if end == End::Master && slave.o(oflag::OPOST) {
        return Some("output is processed (opost)");
    }
    if end == End::Master && slave.l(lflag::ECHO) {
        return Some("what the slave gets is echoed (echo)");
    }
    None
}

/// `text` as the lines of a C comment.
fn comment(text: &str) -> String {
    let line = |l: &str| format!(" * {l}").trim_end().replace("*/", "* /").replace("/*", "/ *");
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}

/// `name` as part of a C identifier.
fn identifier(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect()
}
