//! Known bugs of programs like this one, each as one line of this one, to prove that the simulation
//! sees them. Only a build with the feature `mutants` can wake one; in every other build
//! [`alive`] is false at compile time and nothing of them is left. Such a build says what it is in
//! `--version` and does not serve.
//!
//! `tests/it/simulation/mutants.rs` lives lives with each of them until one fails.

/// A bug, and where it was met.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mutant {
    /// The cursor is the newest stamp that was seen, and the next walk begins there. What the
    /// index shows late is passed for ever (activepieces/activepieces#14863, #14921, #15072).
    NoOverlapMaxSeen,
    /// The cursor is the tracker's clock at the end of the walk. What changed while the walk was
    /// under way, and was not yet listed, is passed (deeplethe/utopia#794).
    CursorEndOfScan,
    /// The cursor is this machine's clock, which may be wrong by hours
    /// (singer-io/tap-jira#15, airbytehq/airbyte#48492, apache/incubator-devlake#4932).
    LocalClockCursor,
    /// The next walk begins at the cursor and not before it (airbytehq/airbyte#33532).
    NoOverlap,
    /// The overlap is a sixth of what it has to be: two hours instead of twelve
    /// (estuary/connectors#3486).
    ShortOverlap,
    /// Pages are asked for by position, while rows move (singer-io/tap-jira#109, #110).
    OffsetAsc,
    /// The question has an upper bound, the clock at the start of the walk. An item that changes
    /// more often than it is asked for is never read (constructorfabric/insight#3447).
    UpperBound,
    /// The cursor is committed before what it stands for
    /// (yugabyte/debezium-connector-yugabytedb#326).
    CursorBeforeData,
    /// Every row counts as settled. A change within a stamp that was already read, or behind a
    /// lagging replica, is never looked for (peeringdb/peeringdb-py#135).
    NoSettle,
    /// The history is read before the content, so that content may be newer than its history and
    /// looks complete. From the model of the protocol: nobody reported it, nobody would notice it.
    ChangelogFirst,
    /// Writes do not check that the lease is still theirs (golemcloud/golem#3824).
    NoFence,
    /// What a list leaves out is taken for deleted, though the list was short or late
    /// (atlassian/atlassian-mcp-server#221).
    TombstoneNoVerify,
    /// What cannot be read is taken for deleted, though the whole project is out of sight
    /// (constructorfabric/insight#2510).
    TombstoneNoVisibility,
    /// Nothing looks for what is there no more (apache/incubator-devlake#7534, #9030).
    CensusOff,
    /// What was read again is added to what was known (constructorfabric/insight#728). The model
    /// added to sums; there are none here, so that entries of the history are added.
    AddNotReplace,
    /// Nothing says that a tick is planned already: whoever comes plans it again
    /// (magento/magento2#21380). Two belts hold it, the mark of the plan and the key of the tick;
    /// both are off.
    DigestNoUnique,
    /// A digest is marked as sent, and then sent (ecotask-network/EcoTask-backend#57).
    DigestSentBeforeSend,
    /// Every attempt has a key of its own, so that a repetition is a second digest
    /// (alexfalkowski/go-service#3077).
    DigestNoIdemKey,
    /// A repetition is rendered anew (documenso/documenso#3204).
    DigestRerender,
    /// This machine's clock decides when a digest is due (percolatestudio/meteor-synced-cron#109).
    /// The transaction that plans asks the database's clock once more; that is off too.
    DigestLocalClock,
    /// A read that is older than what is stored replaces it
    /// (mckinsey/agents-at-scale-ark#3066).
    NoMonotonicGuard,
    /// A hint that was followed goes even when a newer one came meanwhile. The one that has to
    /// survive: hints save time, and what they name is found without them.
    HintDeleteNoSeq,
}

impl Mutant {
    /// All of them, in the order in which they were described.
    pub const ALL: [Self; 22] = [
        Self::NoOverlapMaxSeen,
        Self::CursorEndOfScan,
        Self::LocalClockCursor,
        Self::NoOverlap,
        Self::ShortOverlap,
        Self::OffsetAsc,
        Self::UpperBound,
        Self::CursorBeforeData,
        Self::NoSettle,
        Self::ChangelogFirst,
        Self::NoFence,
        Self::TombstoneNoVerify,
        Self::TombstoneNoVisibility,
        Self::CensusOff,
        Self::AddNotReplace,
        Self::DigestNoUnique,
        Self::DigestSentBeforeSend,
        Self::DigestNoIdemKey,
        Self::DigestRerender,
        Self::DigestLocalClock,
        Self::NoMonotonicGuard,
        Self::HintDeleteNoSeq,
    ];
}

/// Whether this program can hold one.
pub const POSSIBLE: bool = cfg!(feature = "mutants");

#[cfg(feature = "mutants")]
thread_local! {
    static AWAKE: std::cell::Cell<Option<Mutant>> = const { std::cell::Cell::new(None) };
}

/// Whether a bug is awake on this thread.
#[cfg(feature = "mutants")]
#[must_use]
pub fn alive(mutant: Mutant) -> bool {
    AWAKE.get() == Some(mutant)
}

/// Whether a bug is awake: never.
#[cfg(not(feature = "mutants"))]
#[must_use]
pub const fn alive(_: Mutant) -> bool {
    false
}

/// Wakes one bug on this thread, or puts the one that is awake to sleep.
#[cfg(feature = "mutants")]
pub fn wake(mutant: Option<Mutant>) {
    AWAKE.set(mutant);
}
