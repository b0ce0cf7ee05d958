// SPDX-License-Identifier: GPL-2.0-only
//! What a script says, as plain data.
//!
//! Data flow: built by [`mod@super::parse`], [`super::generate`] or by hand; read by the runner, the
//! minimiser and [`mod@super::print`].
//!
//! Invariants of a script that was parsed, and that `parse(print(x)) == x` needs: no two
//! [`Item::Threads`] in a row (they would be one group), none of them empty, names as
//! [`is_name`] wants them and unique in their group, each label taken once and before its restore,
//! no [`Expect`] on a line without a result.
//!
//! No locks.

use super::settings::TermiosChange;
use crate::errno::Errno;
use crate::geometry::Geometry;
use crate::machine::Machine;

/// The most concurrent threads of one group: the simulator's eight slots without the script itself
/// and one worker an end.
pub const MAX_THREADS: usize = 5;

/// The largest number of tries a script can give a worker.
pub const MAX_WORKER_RUNS: usize = 64;

/// How many tries a worker has when the script does not say.
pub const WORKER_RUNS: usize = 2;

/// One end of the pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum End {
    /// The side of the terminal emulator.
    Master,
    /// The side of the program.
    Slave,
}

impl End {
    /// Both, in the order of [`End::NAMES`].
    pub const ALL: [Self; 2] = [Self::Master, Self::Slave];
    /// What scripts call them.
    pub const NAMES: [&'static str; 2] = ["master", "slave"];

    /// Its name in scripts.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Master => "master",
            Self::Slave => "slave",
        }
    }

    /// The opposite end.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Master => Self::Slave,
            Self::Slave => Self::Master,
        }
    }
}

/// Which queue `TCFLSH` drops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Queue {
    /// `TCIFLUSH`.
    In,
    /// `TCOFLUSH`.
    Out,
    /// `TCIOFLUSH`.
    Both,
}

impl Queue {
    /// All, in the order of [`Queue::NAMES`].
    pub const ALL: [Self; 3] = [Self::In, Self::Out, Self::Both];
    /// What scripts call them.
    pub const NAMES: [&'static str; 3] = ["in", "out", "both"];

    /// Its name in scripts.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::In => "in",
            Self::Out => "out",
            Self::Both => "both",
        }
    }
}

/// When `tcsetattr` changes the settings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum When {
    /// `TCSANOW`.
    #[default]
    Now,
    /// `TCSADRAIN`: once all output is sent.
    Drain,
    /// `TCSAFLUSH`: as `Drain`, and input is dropped.
    Flush,
}

impl When {
    /// All, in the order of [`When::NAMES`].
    pub const ALL: [Self; 3] = [Self::Now, Self::Drain, Self::Flush];
    /// What scripts call them.
    pub const NAMES: [&'static str; 3] = ["now", "drain", "flush"];

    /// Its name in scripts.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Now => "now",
            Self::Drain => "drain",
            Self::Flush => "flush",
        }
    }
}

/// What `TCXONC` does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FlowAction {
    /// `TCOOFF`: stop output.
    Ooff,
    /// `TCOON`: restart output.
    Oon,
    /// `TCIOFF`: send STOP.
    Ioff,
    /// `TCION`: send START.
    Ion,
}

impl FlowAction {
    /// All, in the order of [`FlowAction::NAMES`].
    pub const ALL: [Self; 4] = [Self::Ooff, Self::Oon, Self::Ioff, Self::Ion];
    /// What scripts call them.
    pub const NAMES: [&'static str; 4] = ["ooff", "oon", "ioff", "ion"];

    /// Its name in scripts.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ooff => "ooff",
            Self::Oon => "oon",
            Self::Ioff => "ioff",
            Self::Ion => "ion",
        }
    }
}

/// What a driver says of the characters it has received.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CharFlag {
    /// `TTY_NORMAL`.
    #[default]
    Normal,
    /// `TTY_BREAK`.
    Break,
    /// `TTY_FRAME`.
    Frame,
    /// `TTY_PARITY`.
    Parity,
    /// `TTY_OVERRUN`.
    Overrun,
}

impl CharFlag {
    /// All, in the order of [`CharFlag::NAMES`].
    pub const ALL: [Self; 5] =
        [Self::Normal, Self::Break, Self::Frame, Self::Parity, Self::Overrun];
    /// What scripts call them.
    pub const NAMES: [&'static str; 5] = ["normal", "break", "frame", "parity", "overrun"];

    /// Its name in scripts.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Normal => "normal",
            Self::Break => "break",
            Self::Frame => "frame",
            Self::Parity => "parity",
            Self::Overrun => "overrun",
        }
    }
}

/// Which design a `checkpoint` line asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DesignRef {
    /// The design under judgement, whichever it is.
    This,
    /// A design by name.
    Named(String),
    /// A patched kernel's ioctl.
    Ioctl(u32),
}

/// A call that only scenarios make, none of the generated scripts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rare {
    /// `poll(2)` that sleeps until one of these events is there.
    Await(Events),
    /// A call that holds the line discipline and never comes back: its buffer is in memory that is
    /// not there.
    Hold,
    /// `pause(2)`: sleeps until the session of the slave has been sent a signal; not at all if one was
    /// sent before.
    Pause,
    /// A kernel message, printed on a console behind the end's port under `pool->lock`.
    Printk,
    /// `write(2)` that sleeps while there is no room.
    Send(Vec<u8>),
}

impl Rare {
    /// The events that `await` can wait for.
    pub const AWAITED: [&'static str; 4] = ["POLLIN", "POLLPRI", "POLLHUP", "POLLRDNORM"];

    /// Its word in scripts.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Await(_) => "await",
            Self::Hold => "hold",
            Self::Pause => "pause",
            Self::Printk => "printk",
            Self::Send(_) => "send",
        }
    }
}

/// One operation.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields are the words of the line, in order")]
pub enum Op {
    /// `tcsetattr` of the current settings with these changes.
    Termios { end: End, change: TermiosChange, when: When },
    /// `write(2)`.
    Write { end: End, bytes: Vec<u8> },
    /// `read(2)` of at most `n` bytes; blocks only if `wait`.
    Read { end: End, n: usize, wait: bool },
    /// `TIOCINQ` (`FIONREAD`).
    Inq { end: End },
    /// `TIOCOUTQ`.
    Outq { end: End },
    /// `poll(2)` without a timeout.
    Poll { end: End },
    /// `TCFLSH`.
    Flush { end: End, queue: Queue },
    /// `TCXONC`.
    Flow { end: End, action: FlowAction },
    /// `TIOCPKT`, on the master.
    Packet { on: bool },
    /// `TIOCSTI`.
    Sti { end: End, byte: u8 },
    /// `close(2)`.
    Close { end: End },
    /// `open(2)`.
    Open { end: End },
    /// `TIOCSETD`.
    Setd { end: End, ldisc: u32 },
    /// `TIOCVHANGUP`.
    Hangup { end: End },
    /// Which signals the foreground process group of the slave was sent since the last such line.
    Signals,
    /// A driver receives these characters, all of them with this flag, and hands them to `end`. On
    /// the model only: a pty has no line that could be noisy.
    Insert { end: End, bytes: Vec<u8>, flag: CharFlag },
    /// A call that only scenarios make.
    Rare { end: End, call: Rare },
    /// Let the workers finish.
    Settle,
    /// The peek or checkpoint under judgement; its result is kept as `label`.
    Checkpoint { design: DesignRef, end: End, label: String },
    /// A fresh pair with the state kept as `label`, which the rest of the script uses.
    Restore { label: String },
}

impl Op {
    /// Whether a line of this kind has a result that `expect` can be about.
    #[must_use]
    pub const fn has_result(&self) -> bool {
        !matches!(self, Self::Settle)
    }

    /// The first words of every kind of operation line.
    pub const WORDS: [&'static str; 24] = [
        "termios",
        "write",
        "send",
        "read",
        "inq",
        "outq",
        "poll",
        "await",
        "hold",
        "pause",
        "printk",
        "flush",
        "flow",
        "packet",
        "sti",
        "close",
        "open",
        "setd",
        "hangup",
        "signals",
        "insert",
        "settle",
        "checkpoint",
        "restore",
    ];
}

/// A set of `poll` events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Events(pub u16);

impl Events {
    /// The events scripts can name, with the kernel's values.
    pub const ALL: [(&'static str, u16); 7] = [
        ("POLLIN", 0x1),
        ("POLLPRI", 0x2),
        ("POLLOUT", 0x4),
        ("POLLERR", 0x8),
        ("POLLHUP", 0x10),
        ("POLLRDNORM", 0x40),
        ("POLLWRNORM", 0x100),
    ];

    /// Every event that has a name.
    #[must_use]
    pub fn known() -> Self {
        Self(Self::ALL.iter().fold(0, |all, (_, bit)| all | bit))
    }
}

/// What the line before must have given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expect {
    /// These bytes were read.
    Bytes(Vec<u8>),
    /// The call failed with this.
    Errno(Errno),
    /// The call returned this number.
    Ret(u64),
    /// `poll` returned exactly these, of those that have a name.
    Events(Events),
    /// Any of these, two or more, none of which is another `OneOf`: where threads race, several
    /// answers can be right.
    OneOf(Vec<Self>),
}

/// Where a line stood. Two scripts that say the same are equal wherever their lines stood, so all
/// numbers compare equal.
#[derive(Clone, Copy, Debug, Default, Eq)]
pub struct LineNo(pub u32);

impl PartialEq for LineNo {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

/// An operation, and what it must give.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Where it stood; 0 if it never stood in a file.
    pub line_no: LineNo,
    /// What to do.
    pub op: Op,
    /// What must come of it.
    pub expect: Option<Expect>,
}

impl Line {
    /// A line that never stood in a file and expects nothing.
    #[must_use]
    pub const fn new(op: Op) -> Self {
        Self { line_no: LineNo(0), op, expect: None }
    }
}

/// A thread's lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ThreadBlock {
    /// Where its first line stood.
    pub line_no: LineNo,
    /// What reports call it.
    pub name: String,
    /// What it does. May be empty.
    pub lines: Vec<Line>,
}

/// A step of the script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item {
    /// One operation.
    Op(Line),
    /// Threads that run concurrently, and are all joined before the next item.
    Threads(Vec<ThreadBlock>),
}

/// A whole script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Script {
    /// The sizes it runs on.
    pub geometry: Geometry,
    /// What it runs on, on the model.
    pub machine: Machine,
    /// Whether a settle follows each operation, if the script says; see [`Script::settles`].
    pub auto_settle: Option<bool>,
    /// How many tries a worker has where the runtime cannot let it run as often as it is queued.
    pub worker_runs: usize,
    /// What it does, in order.
    pub items: Vec<Item>,
}

impl Default for Script {
    fn default() -> Self {
        Self {
            geometry: Geometry::LINUX,
            machine: Machine::default(),
            auto_settle: None,
            worker_runs: WORKER_RUNS,
            items: Vec::new(),
        }
    }
}

impl Script {
    /// Whether anything in it is concurrent.
    #[must_use]
    pub fn has_threads(&self) -> bool {
        self.items.iter().any(|i| matches!(i, Item::Threads(_)))
    }

    /// Whether a settle follows each operation outside thread blocks.
    #[must_use]
    pub fn settles(&self) -> bool {
        self.auto_settle.unwrap_or_else(|| !self.has_threads())
    }

    /// Whether anybody waits for a signal.
    #[must_use]
    pub fn pauses(&self) -> bool {
        self.lines().any(|l| matches!(l.op, Op::Rare { call: Rare::Pause, .. }))
    }

    /// Every line in the order of the text, those of threads included.
    pub fn lines(&self) -> impl Iterator<Item = &Line> {
        self.items.iter().flat_map(|item| {
            let (one, blocks) = match item {
                Item::Op(line) => (Some(line), [].as_slice()),
                Item::Threads(blocks) => (None, blocks.as_slice()),
            };
            one.into_iter().chain(blocks.iter().flat_map(|b| &b.lines))
        })
    }
}

/// Whether `word` can name a thread or a checkpoint: a letter or `_`, then letters, digits, `_`
/// and `-`, 32 in all at most.
#[must_use]
pub fn is_name(word: &str) -> bool {
    let mut chars = word.chars();
    chars.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
        && chars.all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-')
        && word.len() <= 32
}

/// Whether a thread may not be called `name`, because reports use it for somebody else.
#[must_use]
pub fn is_reserved(name: &str) -> bool {
    name == "main" || name.starts_with("kworker")
}
