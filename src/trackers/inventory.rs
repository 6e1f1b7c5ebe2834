//! What a credential can see of a tracker: the material from which a first pair of files is
//! written. Nothing of it is stored.

use super::Standing;
use crate::model::{Level, Named, StatusEntry};

/// Everything that exists and matters to rules.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Inventory {
    /// Sorted by key.
    pub projects: Vec<ProjectEntry>,
    /// Names of link types, for `blocking_links`. Empty where the tracker has no types.
    pub link_types: Vec<String>,
    /// The name of the tracker's own Team field, where it has one.
    pub team_field: Option<String>,
    /// Sorted by name.
    pub boards: Vec<BoardEntry>,
    /// What could not be asked, and which right would show it.
    pub notes: Vec<String>,
}

/// One project or repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProjectEntry {
    /// Jira: the key. GitHub: `owner/name`. As written in `scopes`.
    pub key: String,
    pub name: String,
    pub standing: Standing,
    /// How many items it holds, where the tracker tells; an estimate.
    pub items: Option<u64>,
    /// Statuses in use, with the tracker's own category.
    pub statuses: Vec<StatusEntry>,
    pub types: Vec<TypeEntry>,
    /// Names.
    pub components: Vec<String>,
    /// Names; of GitHub only, for Jira has no list of labels by project.
    pub labels: Vec<String>,
    /// Values of the Team field met on recent items.
    pub teams: Vec<Named>,
    /// Containers that are not done, newest first, at most fifty.
    pub epics: Vec<EpicEntry>,
}

/// An issue type and its place in the hierarchy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TypeEntry {
    pub name: String,
    pub level: Level,
}

/// A container of work. `title` is `None` when titles are switched off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EpicEntry {
    pub key: String,
    pub title: Option<String>,
    pub status: String,
}

/// A board and the statuses it shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BoardEntry {
    pub name: String,
    /// The field that holds the status (GitHub Projects).
    pub status_field: Option<String>,
    pub statuses: Vec<String>,
}
