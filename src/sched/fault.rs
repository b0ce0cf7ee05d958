// SPDX-License-Identifier: GPL-2.0-only
//! Mistakes that the explorer or the simulator makes on purpose.
//!
//! "Explored everything" stands on the soundness tests, and those are worth what they notice. So
//! an explorer can be built with one of these faults, and `tests/soundness/faults.rs` shows for
//! each that the comparison fails. Nothing else builds one; without one, a fault costs a comparison
//! here and there.

/// One mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Sleep sets: a sleeping thread is not woken by a step that its own depends on.
    NeverWakes,
    /// Races: of the earlier steps that a step races with, only the nearest is reported.
    DropsARace,
    /// Races: what only enabled a step counts as if it had been raced with, and hides what is behind
    /// it: the acquisition behind a release.
    StopsAtTheRelease,
    /// Races: a step does not learn what the steps it depends on have learnt (a lost join of vector
    /// clocks).
    LosesAJoin,
    /// Races: a thread that stands blocked at the end is not analysed.
    OverlooksTheBlocked,
    /// Backtracking: where the racing thread itself cannot run, no other initial is tried.
    TriesNoOtherInitial,
    /// Dependency: what a step means to the observers is not asked.
    OverlooksMarks,
    /// `tso`: a full barrier does not wait until the store buffer is empty.
    LeaksAcrossABarrier,
    /// `tso`: so does a locked instruction.
    LeaksAcrossALock,
    /// `tso`: a load does not look into its thread's own store buffer.
    MissesOwnStores,
    /// `ra`, sleep sets: a thread that sleeps before a load is not stirred by a later store.
    NeverStirs,
    /// `ra`, races: that one read-modify-write reads another is taken for an order between them.
    CountsReadsFrom,
    /// `ra`: a read-modify-write does not continue the release sequence of what it reads.
    LosesAReleaseSequence,
    /// `ra`: a thread may read, or store before, what it knows to be overwritten (coherence).
    SkipsCoherence,
    /// `ra`: a store may go between a read-modify-write and the store that it read (atomicity).
    SplitsAnExchange,
    /// `ra`: nobody asks whether sequentially consistent accesses have one order (psc).
    ForgetsPsc,
    /// `ra`: memory is not rewound as far as to what an execution repeats of the last one.
    RewindsTooLittle,
}

impl Fault {
    /// All of them.
    pub const ALL: [Self; 17] = [
        Self::NeverWakes,
        Self::DropsARace,
        Self::StopsAtTheRelease,
        Self::LosesAJoin,
        Self::OverlooksTheBlocked,
        Self::TriesNoOtherInitial,
        Self::OverlooksMarks,
        Self::LeaksAcrossABarrier,
        Self::LeaksAcrossALock,
        Self::MissesOwnStores,
        Self::NeverStirs,
        Self::CountsReadsFrom,
        Self::LosesAReleaseSequence,
        Self::SkipsCoherence,
        Self::SplitsAnExchange,
        Self::ForgetsPsc,
        Self::RewindsTooLittle,
    ];

    /// Whether it is looked for by a comparison with RC11's axioms.
    #[must_use]
    pub const fn is_for_axioms(self) -> bool {
        matches!(
            self,
            Self::NeverStirs
                | Self::CountsReadsFrom
                | Self::LosesAReleaseSequence
                | Self::SkipsCoherence
                | Self::SplitsAnExchange
                | Self::ForgetsPsc
        )
    }
}
