//! What a tracker says of one work item: present attributes and the whole history of changes.

use std::fmt;

use super::{Precision, Timestamp};

/// The name a connection has in `streamgauge.toml`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(transparent)]
pub struct ConnectionId(pub String);

impl fmt::Display for ConnectionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Which product a connection speaks to; decides how statuses are read.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum TrackerKind {
    Jira,
    GitHub,
}

/// The identity of an item: the tracker's immutable id (Jira's numeric id, GitHub's node id).
/// Keys such as `PAY-12` are labels that change when an item moves.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ItemId {
    pub connection: ConnectionId,
    pub source: String,
}

impl fmt::Display for ItemId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.connection, self.source)
    }
}

/// Something the tracker names and numbers: a status, a type, a component, a team.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Named {
    pub id: String,
    pub name: String,
}

impl Named {
    #[must_use]
    pub fn new(id: impl Into<String>, name: impl Into<String>) -> Self {
        Self { id: id.into(), name: name.into() }
    }
}

/// Another item of the same connection, by immutable id, key, or both. At least one is present.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct ItemRef {
    pub source: Option<String>,
    pub key: Option<String>,
}

/// Where an item stands in its tracker's hierarchy. Only standard items flow; containers and
/// sub-tasks would count the same work twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Level {
    SubTask,
    #[default]
    Standard,
    Container,
}

/// How this item relates to the other one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Relation {
    /// The other item blocks this one.
    BlockedBy,
    /// This item blocks the other one.
    Blocks,
    /// This item is a duplicate of the other one.
    Duplicates,
}

/// A present link, as the item shows it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Link {
    pub relation: Relation,
    pub other: ItemRef,
}

/// The present value of a GitHub Projects v2 status field.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BoardStatus {
    /// The board's title.
    pub board: String,
    /// The option's name; `None` when the field is empty.
    pub status: Option<String>,
    /// When the value was last set, by the tracker's own account.
    pub updated_at: Timestamp,
}

/// A pull request that closes the item when merged.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClosingPull {
    pub id: String,
    pub created_at: Timestamp,
    pub merged_at: Option<Timestamp>,
}

/// Everything about an item that may change and is not a change itself.
///
/// Lists are sorted, so that two reads of an unchanged item are equal.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Attributes {
    /// `PAY-12`, or `northwind/checkout#12`.
    pub key: String,
    /// `None` when titles are switched off.
    pub title: Option<String>,
    pub level: Level,
    pub item_type: Option<Named>,
    /// Jira: the status. GitHub: id `open` or `closed`.
    pub status: Named,
    /// Jira: the resolution. GitHub: the state reason (`completed`, `not_planned`, `duplicate`).
    pub resolution: Option<Named>,
    /// Jira: the project key. GitHub: `owner/repo`.
    pub project: String,
    pub labels: Vec<String>,
    pub components: Vec<Named>,
    /// The tracker's own Team field.
    pub team: Option<Named>,
    pub parent: Option<ItemRef>,
    /// A milestone's title. Its dates are never read.
    pub milestone: Option<String>,
    pub boards: Vec<BoardStatus>,
    pub flagged: bool,
    pub links: Vec<Link>,
    /// Ids of the releases that contain the item, where the tracker says so (Jira fix versions).
    pub releases: Vec<String>,
    pub closing_pulls: Vec<ClosingPull>,
}

/// What one entry of an item's history says.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum What {
    /// Jira: the status changed. Ids decide, names are only shown.
    Status {
        from: Named,
        to: Named,
    },
    Resolution {
        from: Option<Named>,
        to: Option<Named>,
    },
    Type {
        from: Option<Named>,
        to: Option<Named>,
    },
    Labels {
        added: Vec<String>,
        removed: Vec<String>,
    },
    Components {
        added: Vec<Named>,
        removed: Vec<Named>,
    },
    Team {
        from: Option<Named>,
        to: Option<Named>,
    },
    Project {
        from: Option<String>,
        to: Option<String>,
    },
    Parent {
        from: Option<ItemRef>,
        to: Option<ItemRef>,
    },
    Flagged {
        on: bool,
    },
    Link {
        relation: Relation,
        other: ItemRef,
        added: bool,
    },
    /// GitHub: the item's status on a Projects v2 board changed. Names, for the event has no ids.
    Board {
        board: String,
        from: Option<String>,
        to: Option<String>,
    },
    /// GitHub: closed, with the state reason where given.
    Closed {
        reason: Option<String>,
    },
    /// GitHub: opened again.
    Reopened,
    /// GitHub: a pull request that will close the item was opened (drafts count).
    PullOpened {
        id: String,
    },
    /// The item entered or left a release.
    Release {
        id: String,
        added: bool,
    },
    /// Activity that the signals count as a sign of life and nothing else (a linked pull request
    /// merged or closed).
    Activity,
}

/// One dated entry of an item's history.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Change {
    /// Unique inside the item: the tracker's own entry id, with a suffix per sub-entry
    /// (`11813.0`). Entries that we infer have ids that begin with `~`.
    pub id: String,
    pub at: Timestamp,
    pub what: What,
    pub precision: Precision,
}

impl Change {
    /// What an earlier read saw is still true when a later read no longer tells it: a board's
    /// value shows only its newest move, GitHub leaves out events that it once told, and the right
    /// to read a board can be lost.
    #[must_use]
    pub fn outlives_reads(&self) -> bool {
        matches!(self.what, What::Board { .. })
    }

    /// A move that no event told, made of the board's present value.
    #[must_use]
    pub fn is_of_value(&self) -> bool {
        self.id.starts_with("~board:")
    }
}

/// One item as one read of the tracker told it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    pub id: ItemId,
    pub created_at: Timestamp,
    /// The tracker's own stamp of the last change, at the moment of this read.
    pub updated_at: Timestamp,
    pub attributes: Attributes,
    /// Oldest first, in source order where instants tie.
    pub history: Vec<Change>,
    /// False when the tracker did not give the whole history; then a gap says why.
    pub history_complete: bool,
}

/// Something a read could not tell, named so that nobody has to guess.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Gap {
    /// The item's immutable id, or `None` when the row did not even have one.
    pub source: Option<String>,
    pub key: Option<String>,
    /// A short stable word for counting: `malformed-item`, `malformed-entry`, `unknown-event`,
    /// `history-truncated`, `missing-item`, ...
    pub reason: String,
    /// One sentence for a person. Holds no value of the payload that could name a person.
    pub detail: String,
}

/// A status as the tracker lists it today, with the category the tracker gives it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct StatusEntry {
    pub status: Named,
    /// Jira's category key: `new`, `indeterminate`, `done`, `undefined`.
    pub category: String,
}

/// A released version (Jira) or a published release (GitHub).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Release {
    /// The tracker's immutable id.
    pub id: String,
    pub name: String,
    /// Jira: project key. GitHub: `owner/repo`.
    pub project: String,
    /// `None` while it is not released. A date without a time is the start of the next UTC day.
    pub released_at: Option<Timestamp>,
    pub precision: Precision,
}
