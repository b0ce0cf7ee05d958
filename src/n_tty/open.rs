// SPDX-License-Identifier: GPL-2.0-only
//! `n_tty_open` and `n_tty_close`: a line discipline with nothing in it.
//!
//! # Invariants
//! - Whoever opens a discipline that is in use already holds `ldisc_sem` for write: nobody else
//!   is in it.
//!
//! # Deviations
//! 1. The memory is not freed and allocated again but zeroed in place: what held on to it would be
//!    found by the ldisc reference it lacks.

use super::set_termios::{char_map, initial_bits};
use super::{Bits, Columns, Echo, NTtyData, ReadFlags};
use crate::geometry::Geometry;
use crate::machine::Variant;
use crate::sync::{AtomicUsize, Fresh, Mutex, Name, Ordering, RaceBytes, RaceCell, Runtime};
use crate::termios::Termios;
use crate::tty_struct::{TTY_LDISC_HALTED, TtyStruct};

impl NTtyData {
    /// `n_tty_open` of a fresh tty: an empty buffer that treats input as `termios` says.
    pub(crate) fn n_tty_open(
        variant: Variant,
        rt: Runtime,
        scope: &'static str,
        geometry: &Geometry,
        termios: &Termios,
    ) -> Self {
        let n = geometry.n_tty_buf;
        let word = |field| AtomicUsize::new(rt, Name::new(scope, field), 0);
        let map = char_map(termios);
        Self {
            read_head: RaceCell::new(rt, Name::new(scope, "read_head"), 0),
            commit_head: word("commit_head"),
            canon_head: word("canon_head"),
            char_map: RaceCell::new(rt, Name::new(scope, "char_map"), map.unwrap_or_default()),
            no_room: word("no_room"),
            bits: Bits::new(variant, rt, scope, initial_bits(termios)),
            read_buf: RaceBytes::new(rt, Name::new(scope, "read_buf"), n, Fresh::Zeroed),
            read_flags: ReadFlags::new(rt, scope, n),
            read_tail: word("read_tail"),
            line_start: RaceCell::new(rt, Name::new(scope, "line_start"), 0),
            lookahead_count: word("lookahead_count"),
            echo: Echo::new(rt, scope, n),
            columns: Columns::new(rt, scope),
            atomic_read_lock: Mutex::new(rt, Name::new(scope, "atomic_read_lock")),
            output_lock: Mutex::new(rt, Name::new(scope, "output_lock")),
            mask: n - 1,
        }
    }
}

impl TtyStruct {
    /// `n_tty_open`, where another discipline was before.
    ///
    /// # Locking
    /// `ldisc_sem` held for write. Takes `termios_rwsem` for write.
    pub(crate) fn n_tty_open(&self) {
        let ld = &self.disc_data;
        self.flags.fetch_and("n_tty_open.halted", !TTY_LDISC_HALTED, Ordering::Relaxed);
        let termios = {
            let _sem = self.termios_rwsem.down_read("n_tty_open.termios_rwsem");
            self.termios.get("n_tty_open.termios")
        };
        self.reset_buffer_flags();
        ld.read_buf.fill("n_tty_open.read_buf", 0, ld.size(), 0);
        ld.no_room.store("n_tty_open.no_room", 0, Ordering::Relaxed);
        ld.bits.assign_all("n_tty_open.bits", initial_bits(&termios));
        ld.char_map.set("n_tty_open.char_map", char_map(&termios).unwrap_or_default());
        ld.echo.clear();
        ld.columns.set_column(0);
        ld.columns.set_canon_column(0);
        // The end of n_tty_set_termios.
        self.write_wait.wake_up("n_tty_set_termios.write_wait");
        self.read_wait.wake_up("n_tty_set_termios.read_wait");
        self.tty_unthrottle();
    }

    /// `n_tty_close`: everything in it is gone.
    ///
    /// # Locking
    /// `ldisc_sem` held for write. Takes `ctrl.lock`, then `termios_rwsem` for write.
    pub(crate) fn n_tty_close(&self) {
        self.n_tty_packet_mode_flush();
        let _sem = self.termios_rwsem.down_write("n_tty_close.termios_rwsem");
        // Its memory goes, and what was unread with it.
        self.ghost.ldisc_reset();
    }
}
