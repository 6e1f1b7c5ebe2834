//! Why the store could not answer, in one sentence with the next step.

/// What went wrong, told apart by what the caller can do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The database cannot be opened or used as it is; a person has to act.
    #[error("{0}")]
    Unusable(String),
    /// There is no database yet: nothing was ever synced into it.
    #[error("{path} does not exist; run `streamgauge sync` first, or correct store.url")]
    Absent { path: String },
    /// What the caller named does not exist; nothing was written.
    #[error("{0}")]
    Missing(String),
    /// Another process writes to the same file.
    #[error("{path} is in use by another streamgauge process; stop it, or ask it instead")]
    InUse { path: String },
    /// Someone else holds the lease now. Drop the work; nothing was written.
    #[error("the lease \"{name}\" was taken over by another process; nothing was written")]
    Fenced { name: String },
    /// The database did not answer or is busy; the transaction did not happen, or its outcome is
    /// unknown. Every write may be repeated.
    #[error("the database does not answer: {0}; try again, as a running daemon does by itself")]
    Unavailable(String),
    /// This process must not use the database any further: go on with a new one.
    #[error("{0}")]
    Halted(String),
    /// A stored value cannot be understood.
    #[error(
        "{place} holds a value that cannot be read ({detail}); put a backup in its place with `streamgauge restore FILE`, or sync anew"
    )]
    Corrupt { place: &'static str, detail: String },
    /// A statement was refused: a defect of this program.
    #[error("the database refused \"{name}\": {detail}; please report this")]
    Refused { name: &'static str, detail: String },
}

impl StoreError {
    /// Tells of the database as a whole rather than of one row, statement or lease.
    #[must_use]
    pub fn is_general(&self) -> bool {
        matches!(self, Self::Unusable(_) | Self::Unavailable(_) | Self::Halted(_))
    }
}
