//! Whether a project, a repository or one item is still there. Absence from a list proves nothing:
//! a list names candidates, and the answer to a single read decides.

/// How a project or repository stands, as the credential sees it now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Readable, and people work in it.
    Live,
    /// Readable or not: closed by its owners, and kept.
    Archived,
    /// In the bin; it may come back.
    Trashed,
    /// It does not exist for this credential: deleted, or the right was lost.
    Hidden,
}

/// One page of the ids of a project, in an order that changes of its items do not disturb.
#[derive(Debug, Clone, Default)]
pub struct Roll {
    pub sources: Vec<String>,
    /// The token of the next page; `None` ends the walk. A short page never does.
    pub next: Option<String>,
}

/// What reading one item by itself told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// Readable under its id. The key and project are the present ones; a project outside the
    /// scopes means that it moved away.
    Here { key: String, project: String },
    /// The tracker sends us elsewhere: the issue lives on under another id (GitHub).
    Transferred { key: String },
    /// The tracker says that it was deleted.
    Deleted,
    /// The tracker says that the item itself was archived.
    Archived,
    /// Deleted or hidden; the standing of its project tells more.
    Absent,
}
