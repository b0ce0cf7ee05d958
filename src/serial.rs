// SPDX-License-Identifier: GPL-2.0-only
//! A serial port in the slave's place: a driver that can be throttled.
//!
//! A pty is never throttled for long: its writers see how full the chain is. A serial port tells its
//! peer to be quiet (RTS), and to go on. Only where a script says `machine rts`; the master is
//! then the peer, and sends nothing while it is told not to.
//!
//! # Data flow
//! The worker has filled the read buffer -> [`TtyStruct::n_tty_check_throttle`] -> `throttle`. A reader
//! has emptied it -> [`TtyStruct::n_tty_check_unthrottle_serial`] -> `unthrottle`.
//!
//! # Lock order
//! `termios_rwsem` for read > `throttle_mutex`.
//!
//! # Invariants
//! - Each side says what it is about to do (`flow_change`), with a full barrier, before it looks at
//!   the amount of data. Whoever finds that the other has said something else since looks again: so
//!   a decision that the other has overtaken is not carried out (museum 24).
//!
//! # Deviations
//! 1. `flow_change` is an atomic word, relaxed: both sides write it without a lock, on purpose.
//! 2. Of the driver there is nothing else: no ring buffer, no interrupt, no modem lines.

use crate::machine::Variant;
use crate::n_tty::Bit;
use crate::sync::{AtomicUsize, Lane, Name, Ordering, Runtime, Site, fence};
use crate::tty_struct::{TTY_THROTTLED, TtyStruct};

/// Nothing is about to change.
const NO_CHANGE: usize = 0;
/// `TTY_THROTTLE_SAFE`.
const THROTTLE_SAFE: usize = 1;
/// `TTY_UNTHROTTLE_SAFE`.
const UNTHROTTLE_SAFE: usize = 2;

/// What the driver knows.
#[derive(Debug)]
pub struct Serial {
    rt: Runtime,
    /// RTS is off: the peer is to send nothing.
    rts_off: AtomicUsize,
    /// `tty->flow_change`.
    flow_change: AtomicUsize,
}

impl Serial {
    pub(crate) fn new(rt: Runtime, scope: &'static str) -> Self {
        let word = |field| AtomicUsize::new(rt, Name::new(scope, field), 0);
        Self { rt, rts_off: word("rts_off"), flow_change: word("flow_change") }
    }

    /// Whether the peer may send.
    pub(crate) fn takes(&self, site: Site) -> bool {
        self.rts_off.load(site, Ordering::Relaxed) == 0
    }

    /// The same, from outside the model.
    #[must_use]
    pub fn observe_takes(&self) -> bool {
        self.rts_off.observe() == 0
    }

    /// `tty_set_flow_change`: pairs with the other side's, and with the barrier in it.
    fn say(&self, site: Site, change: usize) {
        self.flow_change.store(site, change, Ordering::Relaxed);
        fence(self.rt, "tty_set_flow_change.serial_smp_mb", Ordering::SeqCst);
    }

    /// `__tty_set_flow_change`.
    fn quiet(&self, site: Site) {
        self.flow_change.store(site, NO_CHANGE, Ordering::Relaxed);
    }

    fn said(&self, site: Site, change: usize) -> bool {
        self.flow_change.load(site, Ordering::Relaxed) == change
    }
}

impl<L: Lane> TtyStruct<L> {
    /// `n_tty_check_throttle`: there is little room left.
    ///
    /// # Locking
    /// The producer.
    #[inline]
    pub(crate) fn n_tty_check_throttle(&self) {
        if let Some(serial) = &self.serial {
            self.n_tty_check_throttle_serial(serial);
        }
    }

    #[cold]
    #[inline(never)]
    fn n_tty_check_throttle_serial(&self, serial: &Serial) {
        let ld = &self.disc_data;
        // A line that is not ended must be let in.
        let tail = ld.read_tail("n_tty_check_throttle.read_tail", Ordering::Relaxed);
        let line = ld.bits.test("n_tty_check_throttle.icanon", Bit::Icanon);
        if line && ld.canon_head("n_tty_check_throttle.canon_head", Ordering::Relaxed) == tail {
            return;
        }
        loop {
            serial.say("n_tty_check_throttle.flow_change", THROTTLE_SAFE);
            let used = ld.read_cnt("n_tty_check_throttle.read_cnt");
            if ld.size() - used >= self.geometry.throttle || !self.tty_throttle_safe(serial) {
                break;
            }
        }
        serial.quiet("n_tty_check_throttle.flow_change_clear");
    }

    /// `tty_throttle_safe`: whether to look again.
    ///
    /// # Locking
    /// Takes `throttle_mutex`.
    fn tty_throttle_safe(&self, serial: &Serial) -> bool {
        let _held = self.throttle_mutex.lock("tty_throttle_safe.throttle_mutex");
        if self.test_bit("tty_throttle_safe.throttled", TTY_THROTTLED) {
            return false;
        }
        // Museum 24: whatever happened since it was decided.
        let blind = self.variant.is(Variant::ThrottleBlindly);
        if !blind && !serial.said("tty_throttle_safe.flow_change", THROTTLE_SAFE) {
            return true;
        }
        self.flags.fetch_or("tty_throttle_safe.set", TTY_THROTTLED, Ordering::Relaxed);
        serial.rts_off.store("throttle.rts", 1, Ordering::Relaxed);
        false
    }

    /// `n_tty_check_unthrottle` where the driver is no pty. `little` says that little is left to
    /// read.
    ///
    /// # Locking
    /// The consumer.
    #[cold]
    #[inline(never)]
    pub(crate) fn n_tty_check_unthrottle_serial(
        &self,
        serial: &Serial,
        little: impl Fn() -> bool,
        kick: impl Fn(),
    ) {
        loop {
            serial.say("n_tty_check_unthrottle.flow_change", UNTHROTTLE_SAFE);
            if !little() {
                break;
            }
            kick();
            if !self.tty_unthrottle_serial(serial) {
                break;
            }
        }
        serial.quiet("n_tty_check_unthrottle.flow_change_clear");
    }

    /// `tty_unthrottle_safe`: whether to look again.
    ///
    /// # Locking
    /// Takes `throttle_mutex`.
    fn tty_unthrottle_serial(&self, serial: &Serial) -> bool {
        let _held = self.throttle_mutex.lock("tty_unthrottle_safe.serial_throttle_mutex");
        if !self.test_bit("tty_unthrottle_safe.serial_throttled", TTY_THROTTLED) {
            return false;
        }
        if !serial.said("tty_unthrottle_safe.serial_flow_change", UNTHROTTLE_SAFE) {
            return true;
        }
        self.flags.fetch_and("tty_unthrottle_safe.clear", !TTY_THROTTLED, Ordering::Relaxed);
        serial.rts_off.store("unthrottle.rts", 0, Ordering::Relaxed);
        self.link.tty_wakeup();
        false
    }
}
