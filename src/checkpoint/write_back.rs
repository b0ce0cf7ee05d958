// SPDX-License-Identifier: GPL-2.0-only
//! What a program can do with peeked bytes: keep them with what it can ask the kernel for, and write
//! them into a fresh pair through the peer.
//!
//! This is how today's tools restore a terminal, whatever it was that gave them the bytes: what
//! the slave has not read is written to the master, and the other way round. So it goes through the
//! line disciplines again: it is echoed again, signals again, is processed as output again.
//!
//! Steps of a restore: the settings (`TCSETS`), packet mode (`TIOCPKT`), what the master has not
//! read, what the slave has not read. Each write is one call, and nobody waits for room.
//!
//! Locks: those of the system calls.

use crate::errno::Errno;
use crate::fault::{Fault, Faults};
use crate::sync::Ordering;
use crate::termios::Termios;
use crate::tty_struct::{PtyType, TtyStruct};

/// What a program keeps of a pair.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bytes {
    /// `TCGETS`.
    pub termios: Termios,
    /// `TIOCGPKT`.
    pub packet: bool,
    /// What the master has not read.
    pub to_master: Vec<u8>,
    /// What the slave has not read.
    pub to_slave: Vec<u8>,
}

/// The ends of `tty`'s pair: master, slave.
pub(super) fn ends(tty: &TtyStruct) -> [TtyStruct; 2] {
    let end = TtyStruct::new(tty.reversed().link, std::sync::Arc::clone(&tty.link));
    match tty.subtype {
        PtyType::Master => [end, tty.reversed()],
        PtyType::Slave => [tty.reversed(), end],
    }
}

/// Keeps what `peek` says is unread at each end, and the settings.
///
/// # Errors
/// Those of `peek`.
pub(super) fn save(
    tty: &TtyStruct,
    peek: &dyn Fn(&TtyStruct) -> Result<Vec<u8>, Errno>,
) -> Result<Bytes, Errno> {
    let [master, slave] = ends(tty);
    let termios = slave.get_termios();
    let packet = master.ctrl.packet.load("pty_get_pktmode.packet", Ordering::Relaxed) != 0;
    Ok(Bytes { termios, packet, to_master: peek(&master)?, to_slave: peek(&slave)? })
}

/// Gives it to a fresh pair.
///
/// # Errors
/// Those of the calls, and `EAGAIN` where a write took only a part: what is restored by then stays.
pub(super) fn restore(bytes: &Bytes, faults: &Faults, fresh: &TtyStruct) -> Result<(), Errno> {
    let [master, slave] = ends(fresh);
    slave.set_termios(bytes.termios)?;
    if bytes.packet {
        master.pty_set_pktmode(true)?;
    }
    write_all(&slave, &bytes.to_master, faults)?;
    write_all(&master, &bytes.to_slave, faults)
}

/// One nonblocking write of all of `bytes`.
///
/// # Errors
/// Those of the write; `EAGAIN` if it took only a part.
pub(super) fn write_all(tty: &TtyStruct, bytes: &[u8], faults: &Faults) -> Result<(), Errno> {
    if bytes.is_empty() {
        return Ok(());
    }
    let reached = faults.copied(Fault::Call, bytes.len());
    let written = if reached == 0 { 0 } else { tty.tty_write(true, &bytes[..reached])? };
    match (written == reached, reached == bytes.len()) {
        (true, true) => Ok(()),
        (true, false) => Err(Fault::Call.errno()),
        (false, _) => Err(Errno::EAGAIN),
    }
}
