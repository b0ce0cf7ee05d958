// SPDX-License-Identifier: GPL-2.0-only
//! `struct tty_port`: the receiving half of an end, and the default client of its flip chain.
//!
//! # Data flow
//! The link's `pty_write` puts characters into `buf`; the work hands them to the client, which is
//! the line discipline of the tty the port belongs to.
//!
//! # Deviations
//! 1. `port->itty` never changes: both ends of a pair live as long as the pair.

use crate::geometry::Geometry;
use crate::ldisc_ref::Ldisc;
use crate::machine::Machine;
use crate::sync::{Any, Lane, Mutex, Name, RaceCell, Runtime, report};
use crate::tty_buffer::{TtyBufhead, TtyPortClient};
use crate::tty_struct::TtyStruct;
use crate::verify::{Ghost, Property, Violation};

/// `struct tty_port`.
#[derive(Debug)]
#[repr(C)]
pub struct TtyPort<L: Lane = Any> {
    /// The flip chain of what comes in.
    pub buf: TtyBufhead<L>,
    /// `port->lock`: one producer at a time.
    pub lock: Mutex<L>,
    /// The port is gone: the last close of the pair has freed it.
    freed: RaceCell<bool, L>,
    rt: Runtime,
}

impl TtyPort {
    /// `tty_port_init`.
    #[must_use]
    pub fn new(
        machine: Machine,
        rt: Runtime,
        scope: &'static str,
        geometry: &Geometry,
        ghost: Ghost,
    ) -> Self {
        Self {
            buf: TtyBufhead::new(machine, rt, scope, geometry, ghost),
            lock: Mutex::spinlock(rt, Name::new(scope, "port.lock")),
            freed: RaceCell::new(rt, Name::new(scope, "port"), false),
            rt,
        }
    }
}

impl<L: Lane> TtyPort<L> {
    /// A message on a console behind this port, printed by somebody who holds the workqueue's
    /// `pool->lock` (`show_one_workqueue`): the driver takes `port->lock` to output it.
    ///
    /// # Locking
    /// `pool->lock` > `port->lock`.
    pub(crate) fn printk_from_workqueue(&self) {
        let _pool = self.buf.lock_pool("show_one_workqueue.pool_lock");
        let _port = self.lock.lock("console_write.port_lock");
    }

    /// `tty_port_destructor`: nobody may come here again.
    pub(crate) fn free(&self) {
        self.freed.set("tty_port_destructor.kfree", true);
    }

    /// Whether it is gone, seen from outside the model.
    pub(crate) fn observe_freed(&self) -> bool {
        self.freed.observe()
    }

    /// The work looks at the port it belongs to (`port->itty`).
    pub(crate) fn alive(&self) {
        if self.freed.get("flush_to_ldisc.port") {
            let sentence = "the work of a port runs after the port was freed";
            report(self.rt, Violation::new(Property::C4, "use-after-free", sentence));
        }
    }
}

/// `tty_port_default_client_ops`.
impl<L: Lane> TtyPortClient for TtyStruct<L> {
    /// `tty_port_default_receive_buf`: nothing is taken while the line discipline is in flux, and
    /// nothing restarts the work for it but `tty_set_ldisc`'s success (museum W4).
    #[inline]
    fn receive_buf(&self, p: &[u8], f: Option<&[u8]>) -> usize {
        match self.tty_ldisc_ref() {
            Some(ld) if ld.ldisc == Ldisc::NTty => self.n_tty_receive_buf2(p, f),
            // N_NULL leaves receive_room 0.
            _ => 0,
        }
    }

    /// `tty_port_default_lookahead_buf`.
    fn lookahead_buf(&self, p: &[u8], f: Option<&[u8]>) {
        if self.tty_ldisc_ref().is_some_and(|ld| ld.ldisc == Ldisc::NTty) {
            self.n_tty_lookahead_flow_ctrl(p, f);
        }
    }
}
