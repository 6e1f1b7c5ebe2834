//! Why an item is no longer where it was.

use std::fmt;

/// What single reads told of an item that left. Every departure can be taken back: an item that
/// can be read again is there again, with all of its history.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Departure {
    /// The tracker says that it was deleted.
    Deleted,
    /// The tracker shows it no more and does not say why: deleted, or hidden.
    Gone,
    /// The item itself was put into the tracker's archive.
    Archived,
    /// Its project or repository was archived: closed, and kept.
    ProjectArchived,
    /// Its project is in the tracker's bin.
    ProjectTrashed,
    /// Its project can no longer be seen: the right was lost, or the project was deleted.
    AccessLost,
    /// It lives on under the same id and this key, outside the scopes.
    Moved(String),
    /// It lives on under another id and this key.
    Transferred(String),
}

impl Departure {
    /// A short stable word for scripts.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Deleted => "deleted",
            Self::Gone => "gone",
            Self::Archived => "archived",
            Self::ProjectArchived => "project-archived",
            Self::ProjectTrashed => "project-trashed",
            Self::AccessLost => "access-lost",
            Self::Moved(_) => "moved",
            Self::Transferred(_) => "transferred",
        }
    }

    /// The key under which the item lives on.
    #[must_use]
    pub fn to(&self) -> Option<&str> {
        match self {
            Self::Moved(key) | Self::Transferred(key) => Some(key),
            _ => None,
        }
    }

    /// Reads what [`Departure`]'s `Display` wrote. What nobody knows is [`Departure::Gone`].
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let (code, key) = text.split_once(' ').unwrap_or((text, ""));
        match code {
            "deleted" => Self::Deleted,
            "archived" => Self::Archived,
            "project-archived" => Self::ProjectArchived,
            "project-trashed" => Self::ProjectTrashed,
            "access-lost" => Self::AccessLost,
            "moved" => Self::Moved(key.to_owned()),
            "transferred" => Self::Transferred(key.to_owned()),
            _ => Self::Gone,
        }
    }

    /// What happened, for people; without a full stop.
    #[must_use]
    pub fn told(&self) -> String {
        match self {
            Self::Deleted => "the tracker says that it was deleted".to_owned(),
            Self::Gone => "it is gone: deleted, or hidden from the account".to_owned(),
            Self::Archived => "it was archived in the tracker".to_owned(),
            Self::ProjectArchived => "its project was archived".to_owned(),
            Self::ProjectTrashed => "its project is in the tracker's bin".to_owned(),
            Self::AccessLost => "its project can no longer be seen: the account lost the right to \
                see it, or the project was deleted"
                .to_owned(),
            Self::Moved(key) => {
                format!("it moved to {key}, which is outside the scopes of its connection")
            }
            Self::Transferred(key) => format!("it was transferred and goes on as {key}"),
        }
    }

    /// Whether it left together with all of its project, and comes back with it.
    #[must_use]
    pub fn is_of_project(&self) -> bool {
        matches!(self, Self::ProjectArchived | Self::ProjectTrashed | Self::AccessLost)
    }

    /// What would bring it back, for people; without a full stop.
    #[must_use]
    pub fn way_back(&self) -> String {
        match self {
            Self::Deleted => "nothing; work entered again is a new item".to_owned(),
            Self::Gone => "the right to see it, if it was hidden; it is then read again".to_owned(),
            Self::Archived => "restoring it from the tracker's archive".to_owned(),
            Self::ProjectArchived => "restoring the project".to_owned(),
            Self::ProjectTrashed => "restoring the project from the bin".to_owned(),
            Self::AccessLost => "the right to read the project".to_owned(),
            Self::Moved(_) => "naming its new project in `scopes`, or moving it back".to_owned(),
            Self::Transferred(_) => "transferring it back, as yet another item".to_owned(),
        }
    }
}

impl fmt::Display for Departure {
    /// The form in which it is stored.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.to() {
            Some(key) => write!(f, "{} {key}", self.code()),
            None => f.write_str(self.code()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_departure_is_read_back_as_it_was_written() {
        let key = || "northwind/checkout#7".to_owned();
        for departure in [
            Departure::Deleted,
            Departure::Gone,
            Departure::Archived,
            Departure::ProjectArchived,
            Departure::ProjectTrashed,
            Departure::AccessLost,
            Departure::Moved(key()),
            Departure::Transferred(key()),
        ] {
            assert_eq!(Departure::parse(&departure.to_string()), departure);
            assert!(!departure.told().ends_with('.') && !departure.way_back().ends_with('.'));
        }
        // What the first version wrote.
        assert_eq!(Departure::parse("gone (deleted or hidden)"), Departure::Gone);
    }
}
