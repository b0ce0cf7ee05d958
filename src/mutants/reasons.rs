// SPDX-License-Identifier: GPL-2.0-only
//! Why some mutants cannot be noticed, for a reviewer to check.

use crate::sync::mutation::{Mutant, Mutation};

/// A reason, and the mutants it is for.
struct Reason {
    mutation: Mutation,
    sites: &'static [&'static str],
    why: &'static str,
}

/// The reasons.
static REASONS: [Reason; 11] = [
    Reason {
        mutation: Mutation::Drop,
        sites: &["add_echo_byte.smp_wmb", "echo_buf.smp_rmb"],
        why: "whoever outputs echoes took their mark over with output_lock held, and whoever marks \
              holds it: litmus/echo-lock",
    },
    Reason {
        mutation: Mutation::Drop,
        sites: &["tty_set_flow_change.smp_mb"],
        why: "a pty never throttles: flow_change is written and read by the producer alone, under \
              buf->lock",
    },
    Reason {
        mutation: Mutation::Relax,
        sites: &["tty_buffer_free.mem_used"],
        why: "mem_used is a count: nobody reads other memory because of its value",
    },
    Reason {
        mutation: Mutation::Drop,
        sites: &["llist_add.cmpxchg"],
        why: "the freed buffer is not used again; the next one is allocated afresh, and the limit \
              counts what is linked only",
    },
    Reason {
        mutation: Mutation::Zero,
        sites: &["llist_del_first.first", "llist_del_first.retry"],
        why: "the free list seems empty: the buffer is allocated afresh",
    },
    Reason {
        mutation: Mutation::Zero,
        sites: &["llist_add.first"],
        why: "only a first guess: the exchange fails and tells the value",
    },
    Reason {
        mutation: Mutation::Zero,
        sites: &["n_tty_read.old_tail"],
        why: "read_tail seems to have moved: the kick that follows looks at no_room itself",
    },
    Reason {
        mutation: Mutation::Drop,
        sites: &["n_tty_open.no_room"],
        why: "no_room stays set without need: the next reader queues the work once more",
    },
    Reason {
        mutation: Mutation::Drop,
        sites: &["pty_open.throttled", "tty_hangup.throttled"],
        why: "TTY_THROTTLED is set from the start, and only a hangup clears it, after which the end \
              has no line discipline that would look",
    },
    Reason {
        mutation: Mutation::Drop,
        sites: &["pty_close.packet"],
        why: "the closing master's packet mode is looked at by the slave alone, whose packets nobody \
              can read any more",
    },
    Reason {
        mutation: Mutation::Zero,
        sites: &["tty_poll.f_op", "tty_set_ldisc.hupped"],
        why: "an end that was hung up has no line discipline, which is looked at right after and \
              gives the same answer",
    },
];

/// Why `mutant` cannot be noticed.
#[must_use]
pub fn of(mutant: &Mutant) -> Option<&'static str> {
    let reason = REASONS
        .iter()
        .find(|r| r.mutation == mutant.mutation && r.sites.contains(&mutant.site.as_ref()))?;
    Some(reason.why)
}
