//! What is known of the outside world when items are placed.

use std::collections::BTreeMap;

use crate::model::{Attributes, Change, ConnectionId, ItemId, StatusEntry, Timestamp, TrackerKind};

/// One item as it was known at some instant: the attributes last read by then, and those entries
/// of its history that had been read by then.
#[derive(Debug, Clone, Copy)]
pub struct Known<'a> {
    pub id: &'a ItemId,
    pub tracker: TrackerKind,
    pub created_at: Timestamp,
    /// The tracker's stamp of the last change; an inferred transition is placed here.
    pub updated_at: Timestamp,
    pub attributes: &'a Attributes,
    /// Oldest first, in source order where instants tie.
    pub history: &'a [Change],
    /// False when the tracker did not give the whole history.
    pub history_complete: bool,
}

/// The statuses of every connection with the categories the trackers give them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Statuses {
    by_connection: BTreeMap<ConnectionId, BTreeMap<String, StatusEntry>>,
}

impl Statuses {
    /// Collects the status lists of the connections. A later entry for the same id wins.
    #[must_use]
    pub fn new<'a>(lists: impl IntoIterator<Item = (&'a ConnectionId, &'a [StatusEntry])>) -> Self {
        let mut by_connection: BTreeMap<ConnectionId, BTreeMap<String, StatusEntry>> =
            BTreeMap::new();
        for (connection, entries) in lists {
            let known = by_connection.entry(connection.clone()).or_default();
            for entry in entries {
                known.insert(entry.status.id.clone(), entry.clone());
            }
        }
        Self { by_connection }
    }

    /// The statuses of one connection, by id.
    pub(super) fn of(&self, connection: &ConnectionId) -> Option<&BTreeMap<String, StatusEntry>> {
        self.by_connection.get(connection)
    }

    /// The status with this id, or `None` when the tracker no longer lists it.
    #[must_use]
    pub fn get(&self, connection: &ConnectionId, id: &str) -> Option<&StatusEntry> {
        self.by_connection.get(connection)?.get(id)
    }
}
