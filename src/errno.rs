// SPDX-License-Identifier: GPL-2.0-only
//! Results of modelled system calls. An errno is an answer, not an error of the tool.

use std::fmt;

/// The errnos a modelled call can return.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs, reason = "errno(3) has them")]
#[allow(clippy::upper_case_acronyms, reason = "the kernel's names")]
pub enum Errno {
    EPERM,
    ENOENT,
    EINTR,
    EIO,
    EBADF,
    EAGAIN,
    ENOMEM,
    EFAULT,
    EBUSY,
    EINVAL,
    ENOTTY,
    ENOSPC,
    EOVERFLOW,
    EOPNOTSUPP,
    ERESTARTSYS,
}

impl Errno {
    const ALL: [(Self, &'static str); 15] = [
        (Self::EPERM, "EPERM"),
        (Self::ENOENT, "ENOENT"),
        (Self::EINTR, "EINTR"),
        (Self::EIO, "EIO"),
        (Self::EBADF, "EBADF"),
        (Self::EAGAIN, "EAGAIN"),
        (Self::ENOMEM, "ENOMEM"),
        (Self::EFAULT, "EFAULT"),
        (Self::EBUSY, "EBUSY"),
        (Self::EINVAL, "EINVAL"),
        (Self::ENOTTY, "ENOTTY"),
        (Self::ENOSPC, "ENOSPC"),
        (Self::EOVERFLOW, "EOVERFLOW"),
        (Self::EOPNOTSUPP, "EOPNOTSUPP"),
        (Self::ERESTARTSYS, "ERESTARTSYS"),
    ];

    /// `EAGAIN`, ...
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(e, _)| *e == self).map_or("?", |(_, name)| name)
    }

    /// The errno called `name`.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, n)| *n == name).map(|(e, _)| *e)
    }
}

impl fmt::Display for Errno {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
