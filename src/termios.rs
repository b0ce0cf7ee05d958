// SPDX-License-Identifier: GPL-2.0-only
//! `struct ktermios`: the flags and control characters, with the kernel's values.

/// `__DISABLED_CHAR`: a control character set to this is off, and what an EOF becomes in
/// `read_buf`.
pub const DISABLED_CHAR: u8 = 0;

macro_rules! flags {
    ($(#[$doc:meta])* $module:ident { $($name:ident = $value:expr;)* }) => {
        $(#[$doc])*
        #[allow(missing_docs, reason = "termios(3) has them")]
        pub mod $module {
            $(pub const $name: u32 = $value;)*
        }
    };
}

flags! {
    /// `c_iflag`.
    iflag {
        IGNBRK = 0o1; BRKINT = 0o2; IGNPAR = 0o4; PARMRK = 0o10; INPCK = 0o20; ISTRIP = 0o40;
        INLCR = 0o100; IGNCR = 0o200; ICRNL = 0o400; IUCLC = 0o1000; IXON = 0o2000;
        IXANY = 0o4000; IXOFF = 0o10000; IMAXBEL = 0o20000; IUTF8 = 0o40000;
    }
}

flags! {
    /// `c_oflag`.
    oflag {
        OPOST = 0o1; OLCUC = 0o2; ONLCR = 0o4; OCRNL = 0o10; ONOCR = 0o20; ONLRET = 0o40;
        TABDLY = 0o14000; XTABS = 0o14000;
    }
}

flags! {
    /// `c_cflag`.
    cflag {
        CSIZE = 0o60; CS8 = 0o60; CSTOPB = 0o100; CREAD = 0o200; PARENB = 0o400; HUPCL = 0o2000;
        CLOCAL = 0o4000; B38400 = 0o17;
    }
}

flags! {
    /// `c_lflag`.
    lflag {
        ISIG = 0o1; ICANON = 0o2; XCASE = 0o4; ECHO = 0o10; ECHOE = 0o20; ECHOK = 0o40;
        ECHONL = 0o100; NOFLSH = 0o200; TOSTOP = 0o400; ECHOCTL = 0o1000; ECHOPRT = 0o2000;
        ECHOKE = 0o4000; FLUSHO = 0o10000; PENDIN = 0o40000; IEXTEN = 0o100000;
        EXTPROC = 0o200000;
    }
}

/// Indices into [`Termios::cc`].
#[allow(missing_docs, reason = "termios(3) has them")]
pub mod cc {
    pub const VINTR: usize = 0;
    pub const VQUIT: usize = 1;
    pub const VERASE: usize = 2;
    pub const VKILL: usize = 3;
    pub const VEOF: usize = 4;
    pub const VTIME: usize = 5;
    pub const VMIN: usize = 6;
    pub const VSWTC: usize = 7;
    pub const VSTART: usize = 8;
    pub const VSTOP: usize = 9;
    pub const VSUSP: usize = 10;
    pub const VEOL: usize = 11;
    pub const VREPRINT: usize = 12;
    pub const VDISCARD: usize = 13;
    pub const VWERASE: usize = 14;
    pub const VLNEXT: usize = 15;
    pub const VEOL2: usize = 16;
    /// How many there are.
    pub const NCCS: usize = 19;
}

/// The settings of one end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Termios {
    /// Input modes, see [`iflag`].
    pub iflag: u32,
    /// Output modes, see [`oflag`].
    pub oflag: u32,
    /// Control modes, see [`cflag`]. A pty keeps them and acts on none.
    pub cflag: u32,
    /// Local modes, see [`lflag`].
    pub lflag: u32,
    /// Control characters, see [`cc`].
    pub cc: [u8; cc::NCCS],
}

/// `INIT_C_CC`.
const INIT_C_CC: [u8; cc::NCCS] =
    [0x03, 0x1c, 0x7f, 0x15, 0x04, 0, 1, 0, 0x11, 0x13, 0x1a, 0, 0x12, 0x0f, 0x17, 0x16, 0, 0, 0];

impl Termios {
    /// What a fresh pty slave has (`tty_std_termios` with the driver's own `c_cflag`).
    pub const SLAVE: Self = Self {
        iflag: iflag::ICRNL | iflag::IXON,
        oflag: oflag::OPOST | oflag::ONLCR,
        cflag: cflag::B38400 | cflag::CS8 | cflag::CREAD,
        lflag: lflag::ISIG
            | lflag::ICANON
            | lflag::ECHO
            | lflag::ECHOE
            | lflag::ECHOK
            | lflag::ECHOCTL
            | lflag::ECHOKE
            | lflag::IEXTEN,
        cc: INIT_C_CC,
    };

    /// What a fresh pty master has: everything off.
    pub const MASTER: Self = Self { iflag: 0, oflag: 0, lflag: 0, ..Self::SLAVE };

    /// Whether any of `bits` is on in `c_iflag`.
    #[must_use]
    pub const fn i(&self, bits: u32) -> bool {
        self.iflag & bits != 0
    }

    /// Whether any of `bits` is on in `c_oflag`.
    #[must_use]
    pub const fn o(&self, bits: u32) -> bool {
        self.oflag & bits != 0
    }

    /// Whether any of `bits` is on in `c_lflag`.
    #[must_use]
    pub const fn l(&self, bits: u32) -> bool {
        self.lflag & bits != 0
    }
}
