//! The epics of the portfolio: declared ones, and the containers the trackers know.

use std::collections::BTreeMap;

use crate::model::{Context, EpicIx, EpicState, ItemId, ItemRef, Period, StreamIx, Timestamp};

/// One epic.
#[derive(Debug, Clone, PartialEq)]
pub struct EpicEntry {
    /// The key it is known by (`PAY-100`), unique.
    pub id: String,
    /// The declared title, else the container's, else the key.
    pub title: String,
    /// The portfolio file names it.
    pub declared: bool,
    /// A tracker knows it.
    pub found: bool,
    /// Its stream over time, sorted, not overlapping; empty when neither declared nor claimed.
    pub streams: Vec<(Period, StreamIx)>,
    /// Index into the portfolio's themes.
    pub theme: Option<usize>,
    pub horizon: Option<String>,
    pub context: Context,
    pub hypothesis: Option<String>,
    pub outcome: Option<String>,
    /// Portfolio-kanban states over time, sorted; empty when no status of it is mapped.
    pub states: Vec<(Timestamp, EpicState)>,
}

impl EpicEntry {
    /// The stream at an instant.
    #[must_use]
    pub fn stream_at(&self, at: Timestamp) -> Option<StreamIx> {
        self.streams.iter().find(|(period, _)| period.contains(at)).map(|(_, stream)| *stream)
    }

    /// The newest stream it has.
    #[must_use]
    pub fn stream(&self) -> Option<StreamIx> {
        self.streams.last().map(|(_, stream)| *stream)
    }
}

/// All epics, sorted by id; [`EpicIx`] is the place in [`EpicIndex::entries`].
#[derive(Debug, Clone, Default)]
pub struct EpicIndex {
    entries: Vec<EpicEntry>,
    by_source: BTreeMap<ItemId, EpicIx>,
    by_key: BTreeMap<String, EpicIx>,
}

impl EpicIndex {
    #[must_use]
    pub fn entries(&self) -> &[EpicEntry] {
        &self.entries
    }

    #[must_use]
    pub fn get(&self, ix: EpicIx) -> Option<&EpicEntry> {
        self.entries.get(ix.0 as usize)
    }
}
