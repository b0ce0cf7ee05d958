// SPDX-License-Identifier: GPL-2.0-only
//! `struct tty_struct`: what an end is made of.
//!
//! [`TtyEnd`] has the fields; [`TtyStruct`] is an end together with its `link`, and carries the
//! kernel's functions.
//!
//! # Lock order
//! `legacy_mutex` > `ldisc_sem` > `atomic_write_lock`, `atomic_read_lock` > `termios_rwsem` >
//! `output_lock` > `port->lock` of the link; `flow.lock` > `ctrl.lock`; `ctrl.lock` and
//! `throttle_mutex` are innermost.
//!
//! # Deviations
//! 1. What the kernel reads of `termios` without `termios_rwsem` (lookahead, poll) is also kept in
//!    one relaxed word, `lockless`: those races are the kernel's own and harmless, and
//!    all other access to `termios` stays checked.
//! 2. SIGIO is not modelled: `TTY_DO_WRITE_WAKEUP` is never set, so `tty_wakeup` only wakes.
//! 3. `receive_room` is not kept: only disciplines without `receive_buf2` read it, and of those
//!    `N_NULL`, the only one there is, leaves it 0.
//! 4. Each end has at most one open file, so what the kernel keeps in the file after a hangup
//!    (`hung_up_tty_fops`) is kept in the end.

use crate::geometry::Geometry;
use crate::ldisc_ref::{LdSem, Ldisc};
use crate::machine::{Code, Driver, Machine, Variant};
use crate::n_tty::{NTtyData, OutputModes};
use crate::serial::Serial;
use crate::session::Waiting;
use crate::sync::{
    Any, AtomicUsize, Lane, Mutex, Name, Ordering, Owner, RaceCell, Runtime, RwSem, Site, Slab,
    WaitQueue, Waiter, fence,
};
use crate::termios::{Termios, cc, iflag, lflag};
use crate::tty_port::TtyPort;
use crate::verify::Ghost;
use std::ops::Deref;
use std::sync::Arc;

/// `TTY_THROTTLED`, in [`TtyEnd::flags`]: always set on a pty.
pub const TTY_THROTTLED: usize = 1 << 0;
/// `TTY_IO_ERROR`: reads and writes fail with `EIO`.
pub const TTY_IO_ERROR: usize = 1 << 1;
/// `TTY_OTHER_CLOSED`: the link was closed.
pub const TTY_OTHER_CLOSED: usize = 1 << 2;
/// `TTY_HUPPED`: the end was hung up.
pub const TTY_HUPPED: usize = 1 << 18;
/// `TTY_HUPPING`: it is being hung up; readers leave.
pub const TTY_HUPPING: usize = 1 << 19;
/// `TTY_LDISC_CHANGING`: somebody waits to change the line discipline.
pub const TTY_LDISC_CHANGING: usize = 1 << 20;
/// `TTY_LDISC_HALTED`: the line discipline is halted.
pub const TTY_LDISC_HALTED: usize = 1 << 22;

/// Which end of the pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PtyType {
    /// `PTY_TYPE_MASTER`.
    Master,
    /// `PTY_TYPE_SLAVE`.
    Slave,
}

impl PtyType {
    /// `master` or `slave`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Master => "master",
            Self::Slave => "slave",
        }
    }

    /// What `tty->count` is with both ends open: the master holds the slave open too.
    const fn first_count(self) -> usize {
        match self {
            Self::Master => 1,
            Self::Slave => 2,
        }
    }

    /// The driver's `init_termios`.
    #[must_use]
    pub const fn init_termios(self) -> Termios {
        match self {
            Self::Master => Termios::MASTER,
            Self::Slave => Termios::SLAVE,
        }
    }
}

/// `tty->flow_change`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FlowChange {
    /// `TTY_FLOW_NO_CHANGE`.
    NoChange,
    /// `TTY_UNTHROTTLE_SAFE`.
    UnthrottleSafe,
}

/// A signal sent to the foreground process group, or to the session's leader.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs, reason = "signal(7) has them")]
pub enum Signal {
    SIGHUP,
    SIGINT,
    SIGQUIT,
    SIGTSTP,
}

/// `tty->flow`.
#[derive(Debug)]
#[repr(C)]
pub struct Flow<L: Lane = Any> {
    /// `flow.lock`: held to change either of the two.
    pub lock: Mutex<L>,
    /// `flow.stopped`: output is stopped. Read without the lock by the pty driver.
    pub stopped: AtomicUsize<L>,
    /// `flow.tco_stopped`: and by `TCOOFF`, so that ^Q does not start it.
    pub tco_stopped: AtomicUsize<L>,
}

/// `tty->ctrl`, as far as packet mode needs it.
#[derive(Debug)]
#[repr(C)]
pub struct Ctrl<L: Lane = Any> {
    /// `ctrl.lock`: held to change the other two, but not to look at them.
    pub lock: Mutex<L>,
    /// `ctrl.packet`: packet mode is on. Only ever on the master.
    pub packet: AtomicUsize<L>,
    /// `ctrl.pktstatus`: what the master has to be told about this end, as `TIOCPKT_*` bits.
    pub pktstatus: AtomicUsize<L>,
}

/// One end, without its link.
#[derive(Debug)]
#[repr(C)]
pub struct TtyEnd<L: Lane = Any> {
    /// `master` or `slave`.
    pub name: &'static str,
    /// Which end it is (`driver->subtype`).
    pub subtype: PtyType,
    /// What it says its driver is. Every end has the pty's functions.
    pub driver: Driver,
    /// The runtime everything here belongs to.
    pub rt: Runtime,
    /// Who may use it.
    owner: Owner,
    /// Every size.
    pub geometry: Geometry,
    /// Which code it runs.
    pub(crate) variant: Code<L>,
    /// `tty->flags`: the `TTY_*` bits.
    pub flags: AtomicUsize<L>,
    /// `tty_lock`.
    pub(crate) legacy_mutex: Mutex<L>,
    /// `tty->ldisc_sem`: read to use the line discipline, write to change it.
    pub ldisc_sem: LdSem<L>,
    /// `tty->ldisc`. Under `ldisc_sem`.
    pub(crate) ldisc: RaceCell<Option<Ldisc>, L>,
    /// `tty->disc_data`.
    pub disc_data: NTtyData<L>,
    /// `tty->atomic_write_lock`: one `write` at a time.
    pub atomic_write_lock: Mutex<L>,
    /// `tty->throttle_mutex`.
    pub(crate) throttle_mutex: Mutex<L>,
    /// `tty->termios_rwsem`: read to receive, read and write; write to reset the indices of the
    /// read buffer and to change `termios`.
    pub termios_rwsem: RwSem<L>,
    /// `tty->termios`. Under `termios_rwsem`.
    pub termios: RaceCell<Termios, L>,
    /// What is read of it without the lock (deviation 1). Relaxed.
    lockless: AtomicUsize<L>,
    /// `tty->count`: how many files, and links that hold it, it is open for. Under `tty_lock`; read
    /// without it by the link's writers.
    pub(crate) count: AtomicUsize<L>,
    /// Whether the open file has `hung_up_tty_fops`: every later call fails.
    hung_up: AtomicUsize<L>,
    /// Whether that file is `/dev/console`: a hangup leaves it alone.
    console: bool,
    /// The driver, if it is a serial port.
    pub(crate) serial: Option<Serial>,
    /// `tty->flow`.
    pub flow: Flow<L>,
    /// `tty->ctrl`.
    pub ctrl: Ctrl<L>,
    /// `tty->flow_change`. The producer's, or under `termios_rwsem` held for write.
    pub(crate) flow_change: RaceCell<FlowChange, L>,
    /// `tty->read_wait`.
    pub read_wait: WaitQueue<L>,
    /// Museum 5: whether anybody is in `read_wait`, for `waitqueue_active`. Kept in that variant only.
    read_wait_active: AtomicUsize<L>,
    /// Museum 28: where who polls for other events than POLLIN waits in that variant.
    pub(crate) unkeyed_wait: WaitQueue<L>,
    /// `tty->write_wait`.
    pub write_wait: WaitQueue<L>,
    /// `tty->port`.
    pub port: TtyPort<L>,
    /// The truth about what is on its way to this end.
    pub ghost: Ghost,
    /// Who waits for those signals, in scripts where somebody does.
    pub(crate) waiting: Option<Waiting>,
    /// Every signal sent, the oldest first: no part of the modelled memory.
    pub(crate) sent: Slab<Signal>,
}

/// One end and its link: what a system call is made on.
#[derive(Debug)]
#[repr(C)]
pub struct TtyStruct<L: Lane = Any> {
    /// Whose both ends are, if they run the code of today.
    owner: Owner,
    end: Arc<TtyEnd<L>>,
    /// `tty->link`: the other end.
    pub link: Arc<TtyEnd<L>>,
}

impl<L: Lane> Deref for TtyStruct<L> {
    type Target = TtyEnd<L>;

    #[inline]
    fn deref(&self) -> &TtyEnd<L> {
        &self.end
    }
}

impl TtyStruct {
    /// `end`, whose output goes to `link`.
    #[must_use]
    pub fn new(end: Arc<TtyEnd>, link: Arc<TtyEnd>) -> Self {
        let today = [&end, &link].iter().all(|end| end.variant.get() == Variant::Today);
        let owner = if today { end.owner.and(link.owner) } else { Owner::NOBODY };
        Self { owner, end, link }
    }

    /// Whether all of the pair is of the solo runtime; then it is this thread's.
    ///
    /// # Panics
    /// If it is another thread's.
    #[inline]
    pub(crate) fn is_solo(&self) -> bool {
        self.owner.is_this_thread() || self.is_anothers()
    }

    /// Never.
    #[inline(never)]
    fn is_anothers(&self) -> bool {
        if self.rt == Runtime::Solo && self.link.rt == Runtime::Solo {
            self.end.owner.check::<Any>();
            self.link.owner.check::<Any>();
        }
        false
    }

    /// The link, seen as the end whose link this is.
    #[must_use]
    pub fn reversed(&self) -> Self {
        Self::new(Arc::clone(&self.link), Arc::clone(&self.end))
    }
}

/// The settings that are read without `termios_rwsem`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Lockless {
    pub(crate) ixon: bool,
    pub(crate) extproc: bool,
    pub(crate) output: OutputModes,
    pub(crate) start: u8,
    pub(crate) stop: u8,
    pub(crate) min: u8,
    pub(crate) time: u8,
}

impl Lockless {
    pub(crate) const fn of(t: &Termios) -> Self {
        Self {
            ixon: t.i(iflag::IXON),
            extproc: t.l(lflag::EXTPROC),
            output: OutputModes::of(t),
            start: t.cc[cc::VSTART],
            stop: t.cc[cc::VSTOP],
            min: t.cc[cc::VMIN],
            time: t.cc[cc::VTIME],
        }
    }

    fn pack(self) -> usize {
        let flags =
            u8::from(self.ixon) | u8::from(self.extproc) << 1 | u8::from(self.output.iutf8) << 2;
        usize::from(flags)
            | (u32::from_le_bytes([self.start, self.stop, self.min, self.time]) as usize) << 8
            | usize::from(self.output.oflag) << 40
    }

    const fn unpack(word: usize) -> Self {
        let [start, stop, min, time] = ((word >> 8) as u32).to_le_bytes();
        let output = OutputModes { oflag: (word >> 40) as u16, iutf8: word & 4 != 0 };
        Self { ixon: word & 1 != 0, extproc: word & 2 != 0, output, start, stop, min, time }
    }
}

impl Signal {
    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::SIGHUP => "SIGHUP",
            Self::SIGINT => "SIGINT",
            Self::SIGQUIT => "SIGQUIT",
            Self::SIGTSTP => "SIGTSTP",
        }
    }
}

impl TtyEnd {
    /// `alloc_tty_struct`, `tty_port_init` and `n_tty_open`: an open end.
    #[must_use]
    pub fn new(
        machine: Machine,
        rt: Runtime,
        subtype: PtyType,
        geometry: &Geometry,
        ghost: Ghost,
    ) -> Self {
        let name = subtype.name();
        let slave = subtype == PtyType::Slave;
        let ldisc = (!(slave && machine.unopened)).then_some(Ldisc::NTty);
        let serial = (slave && machine.rts).then(|| Serial::new(rt, name));
        let termios = subtype.init_termios();
        let word = |field, value| AtomicUsize::new(rt, Name::new(name, field), value);
        let mutex = |field| Mutex::new(rt, Name::new(name, field));
        let spinlock = |field| Mutex::spinlock(rt, Name::new(name, field));
        Self {
            name,
            subtype,
            driver: machine.driver,
            rt,
            owner: Owner::new(rt),
            geometry: *geometry,
            variant: Code::new(machine.variant),
            flags: word("flags", if serial.is_some() { 0 } else { TTY_THROTTLED }),
            serial,
            legacy_mutex: mutex("legacy_mutex"),
            ldisc_sem: LdSem::new(machine, rt, name),
            ldisc: RaceCell::new(rt, Name::new(name, "ldisc"), ldisc),
            disc_data: NTtyData::n_tty_open(machine.variant, rt, name, geometry, &termios),
            atomic_write_lock: mutex("atomic_write_lock"),
            throttle_mutex: mutex("throttle_mutex"),
            termios_rwsem: RwSem::new(rt, Name::new(name, "termios_rwsem")),
            termios: RaceCell::new(rt, Name::new(name, "termios"), termios),
            lockless: word("termios (lockless)", Lockless::of(&termios).pack()),
            flow: Flow {
                lock: spinlock("flow.lock"),
                stopped: word("flow.stopped", 0),
                tco_stopped: word("flow.tco_stopped", 0),
            },
            count: word("count", subtype.first_count()),
            hung_up: word("hung_up_tty_fops", 0),
            console: slave && machine.console,
            ctrl: Ctrl {
                lock: spinlock("ctrl.lock"),
                packet: word("ctrl.packet", 0),
                pktstatus: word("ctrl.pktstatus", 0),
            },
            flow_change: RaceCell::new(rt, Name::new(name, "flow_change"), FlowChange::NoChange),
            read_wait: WaitQueue::new(rt, Name::new(name, "read_wait")),
            read_wait_active: word("read_wait.head", 0),
            unkeyed_wait: WaitQueue::new(rt, Name::new(name, "read_wait")),
            write_wait: WaitQueue::new(rt, Name::new(name, "write_wait")),
            port: TtyPort::new(machine, rt, name, geometry, ghost.clone()),
            ghost,
            waiting: (slave && machine.pauses).then(|| Waiting::new(rt, name)),
            sent: Slab::default(),
        }
    }
}

impl<L: Lane> TtyEnd<L> {
    /// The signals sent so far, the oldest first.
    #[must_use]
    pub fn signals(&self) -> Vec<Signal> {
        (1..).map_while(|n| self.sent.get(n).copied()).collect()
    }

    /// `kill_pgrp`: to the session that this end is the terminal of. A hangup ends it.
    pub(crate) fn kill_pgrp(&self, signal: Signal) {
        if !self.signals().contains(&Signal::SIGHUP) {
            self.sent.push(|_| signal);
            if let Some(session) = &self.waiting {
                session.signalled();
            }
        }
    }

    /// Assigns `tty->termios`.
    ///
    /// # Locking
    /// `termios_rwsem` held for write.
    pub(crate) fn assign_termios(&self, termios: &Termios) {
        self.termios.set("tty_set_termios.termios", *termios);
        self.lockless.store(
            "tty_set_termios.lockless",
            Lockless::of(termios).pack(),
            Ordering::Relaxed,
        );
    }

    /// What the kernel reads of `tty->termios` without its lock.
    pub(crate) fn lockless(&self, site: Site) -> Lockless {
        Lockless::unpack(self.lockless.load(site, Ordering::Relaxed))
    }

    /// `tty_wakeup`: writers to this end may go on.
    #[inline]
    pub(crate) fn tty_wakeup(&self) {
        self.write_wait.wake_up("tty_wakeup.write_wait");
    }

    /// Readers, and who polls, may go on: there is input.
    #[inline]
    pub(crate) fn wake_readers(&self, site: Site) {
        // Museum 5: only if somebody is there, as far as can be seen without a barrier.
        let asks = self.variant.is(Variant::WakeIfActive);
        if asks && self.read_wait_active.load("waitqueue_active", Ordering::Relaxed) == 0 {
            return;
        }
        self.read_wait.wake_up(site);
    }

    /// `add_wait_queue` of a reader.
    pub(crate) fn wait_for_input(&self, site: Site) -> Waiter<'_> {
        let waiter = self.read_wait.prepare(site);
        if self.variant.is(Variant::WakeIfActive) {
            self.read_wait_active.store("add_wait_queue.list", 1, Ordering::Relaxed);
        }
        waiter
    }

    /// `tty_hung_up_p`: whether the open file was hung up.
    #[inline]
    pub(crate) fn tty_hung_up_p(&self, site: Site) -> bool {
        self.hung_up.load(site, Ordering::Relaxed) != 0
    }

    /// Gives the open file `hung_up_tty_fops`, or `tty_fops` again.
    pub(crate) fn set_hung_up(&self, site: Site, hung_up: bool) {
        if self.console {
            return;
        }
        self.hung_up.store(site, usize::from(hung_up), Ordering::Relaxed);
    }

    /// `tty->flow.tco_stopped`.
    #[inline]
    pub(crate) fn tco_stopped(&self) -> bool {
        let at = "flow.tco_stopped";
        self.flow.tco_stopped.load(at, Ordering::Relaxed) != 0
    }

    /// `tty->flow.stopped`.
    #[inline]
    pub(crate) fn stopped(&self, site: Site) -> bool {
        self.flow.stopped.load(site, Ordering::Relaxed) != 0
    }

    /// `tty_set_flow_change`: the barrier pairs with the one in a thread that changes the amount
    /// of data and then looks at `flow_change`.
    pub(crate) fn tty_set_flow_change(&self, change: FlowChange) {
        self.flow_change.set("tty_set_flow_change.flow_change", change);
        fence(L::rt(self.rt), "tty_set_flow_change.smp_mb", Ordering::SeqCst);
    }

    /// Whether `bit` of `tty->flags` is set. Relaxed, as `test_bit` is.
    #[inline]
    pub(crate) fn test_bit(&self, site: Site, bit: usize) -> bool {
        self.flags.load(site, Ordering::Relaxed) & bit != 0
    }
}

impl<L: Lane> TtyStruct<L> {
    /// `start_tty`: output goes on, unless `TCOOFF` stopped it.
    ///
    /// # Locking
    /// `flow.lock`.
    pub fn start_tty(&self) {
        let _held = self.flow.lock.lock("start_tty.flow_lock");
        self.start_locked();
    }

    /// `__start_tty`.
    ///
    /// # Locking
    /// `flow.lock` held.
    pub(crate) fn start_locked(&self) {
        let stopped = self.flow.stopped.load("start_tty.stopped", Ordering::Relaxed);
        if stopped == 0 || self.tco_stopped() {
            return;
        }
        self.flow.stopped.store("start_tty.stopped_clear", 0, Ordering::Relaxed);
        self.pty_start();
        self.tty_wakeup();
    }

    /// `stop_tty`: the driver takes no more output.
    ///
    /// # Locking
    /// `flow.lock`.
    pub fn stop_tty(&self) {
        let _held = self.flow.lock.lock("stop_tty.flow_lock");
        self.stop_locked();
    }

    /// `__stop_tty`.
    ///
    /// # Locking
    /// `flow.lock` held.
    pub(crate) fn stop_locked(&self) {
        if self.flow.stopped.load("stop_tty.stopped", Ordering::Relaxed) == 0 {
            self.flow.stopped.store("stop_tty.stopped_set", 1, Ordering::Relaxed);
            self.pty_stop();
        }
    }
}
