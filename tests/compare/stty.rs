// SPDX-License-Identifier: GPL-2.0-only
//! The words of a `termios` line do what stty(1) does with them: each is given to the stty of this
//! machine, on a fresh pty, and to the script language.

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use std::process::Command;
use ttysim::script::settings::words::{Char, Combo, Flag};
use ttysim::script::{Context, Op, parse};
use ttysim::termios::Termios;

/// What is set before each word: it must not matter.
const BEFORE: [&str; 3] = ["sane", "raw", "-echo -icanon tab3 istrip parmrk iuclc extproc eol ;"];

/// Every word in each of its forms.
fn words() -> Vec<String> {
    let flags = Flag::all().map(|f| (f.def().name, f.def().negatable));
    let combos = Combo::all().map(|c| (c.name(), c.negatable()));
    let named = flags.chain(combos).flat_map(|(name, negatable)| {
        [Some(name.to_owned()), negatable.then(|| format!("-{name}"))].into_iter().flatten()
    });
    let values = Char::all().flat_map(|c| match c.is_number() {
        true => vec![format!("{} 7", c.name())],
        false => ["^A", "^?", "undef", ";"].map(|v| format!("{} {v}", c.name())).to_vec(),
    });
    named.chain(values).collect()
}

/// What this machine's stty makes of `words` on a fresh pty; `None` where that cannot be tried.
fn by_stty(words: &[&str]) -> Option<Termios> {
    let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).ok()?;
    grantpt(&master).ok()?;
    unlockpt(&master).ok()?;
    let path = ptsname(&master, Vec::new()).ok()?.into_string().ok()?;
    let stty = |args: &[&str]| Command::new("stty").args(["-F", &path]).args(args).output().ok();
    for word in words {
        // It complains of what a pty does not keep, and sets the rest.
        stty(&word.split_whitespace().collect::<Vec<_>>())?;
    }
    let said = stty(&["-g"])?;
    let said = String::from_utf8(said.stdout).ok()?;
    let mut fields = said.trim().split(':').map(|field| u32::from_str_radix(field, 16));
    let mut next = || fields.next()?.ok();
    let (iflag, oflag, cflag, lflag) = (next()?, next()?, next()?, next()?);
    let mut cc = Termios::SLAVE.cc;
    for c in &mut cc {
        *c = u8::try_from(next()?).ok()?;
    }
    Some(Termios { iflag, oflag, cflag, lflag, cc })
}

fn by_script(words: &[&str]) -> Termios {
    let mut termios = Termios::SLAVE;
    for word in words {
        let word = word.replace(" ;", " ';'");
        let script = parse(&format!("termios slave {word}"), &Context::file("test"));
        for line in script.expect("a word of stty's").lines() {
            if let Op::Termios { change, .. } = &line.op {
                change.apply(&mut termios);
            }
        }
    }
    termios
}

#[test]
fn words_mean_what_stty_makes_of_them() {
    let Some(fresh) = by_stty(&[]) else {
        eprintln!("SKIPPED: no stty, or no ptys");
        return;
    };
    assert_eq!(fresh, Termios { cflag: fresh.cflag, ..Termios::SLAVE });
    let mut wrong = Vec::new();
    for before in BEFORE {
        for word in words() {
            let words = [before, &word];
            let (theirs, ours) = (by_stty(&words).expect("stty"), by_script(&words));
            // A pty keeps its own c_cflag, and scripts say nothing of speeds.
            let theirs = Termios { cflag: ours.cflag, ..theirs };
            if theirs != ours {
                wrong.push(format!("{before}; {word}\n  stty {theirs:?}\n  here {ours:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{} words:\n{}", wrong.len(), wrong.join("\n"));
}
