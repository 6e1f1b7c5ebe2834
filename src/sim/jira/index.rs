//! The search index: what search knows of the issues, which may lag behind the truth.
//!
//! Jira's search is eventually consistent: an edit can be invisible for seconds to minutes, and
//! two edits need not become visible in the order in which they were made.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use super::records::IssueRecord;
use crate::model::Timestamp;

/// How long an edit stays invisible to search.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct IndexLag {
    pub least: Duration,
    /// An issue's own lag is `least` plus a share of `spread` that depends on its id, so that
    /// later edits can become visible before earlier ones.
    pub spread: Duration,
}

impl IndexLag {
    fn of(self, id: u64) -> Duration {
        // A multiplicative hash: neighbouring ids must differ.
        let share = id.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 56;
        self.least + self.spread.mul_f64(share as f64 / 255.0)
    }
}

/// The order of issue keys: project key, then number.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct KeyOrder {
    pub project: Arc<str>,
    pub number: u64,
}

impl KeyOrder {
    #[must_use]
    pub fn of(key: &str) -> Self {
        let (project, number) = key.rsplit_once('-').unwrap_or((key, "0"));
        Self { project: project.into(), number: number.parse().unwrap_or(0) }
    }
}

/// Place of an issue in `ORDER BY updated ASC, key ASC`.
pub type Place = (Timestamp, KeyOrder, u64);

/// An issue's id and its new state; `None` when it was deleted.
type Announced = (u64, Option<Arc<IssueRecord>>);

/// Snapshots of issues as search sees them.
#[derive(Debug, Clone, Default)]
pub struct Index {
    rows: BTreeMap<u64, (Arc<IssueRecord>, Place)>,
    by_updated: BTreeSet<Place>,
    /// Edits on their way, by the instant at which they become visible.
    waiting: BTreeMap<(Timestamp, u64), Announced>,
    /// The newest edit applied per issue, for edits that overtook each other.
    applied: BTreeMap<u64, u64>,
    edits: u64,
}

impl Index {
    /// Announces a new state of an issue; `None` when it was deleted.
    pub fn announce(
        &mut self,
        id: u64,
        issue: Option<Arc<IssueRecord>>,
        now: Timestamp,
        lag: IndexLag,
    ) {
        self.edits += 1;
        let lag = i64::try_from(lag.of(id).as_millis()).unwrap_or(i64::MAX);
        if lag == 0 {
            self.apply(self.edits, id, issue);
        } else {
            self.waiting.insert((now.plus_millis(lag), self.edits), (id, issue));
        }
    }

    /// Makes visible what is due at `now`.
    pub fn catch_up(&mut self, now: Timestamp) {
        while let Some(entry) = self.waiting.first_entry().filter(|e| e.key().0 <= now) {
            let ((_, edit), (id, issue)) = entry.remove_entry();
            self.apply(edit, id, issue);
        }
    }

    /// Makes the given issues visible as they are now (`reconcileIssues`).
    pub fn reconcile(&mut self, ids: &[u64]) {
        let due: Vec<(Timestamp, u64)> =
            self.waiting.iter().filter(|(_, (id, _))| ids.contains(id)).map(|(k, _)| *k).collect();
        for key in due {
            if let Some((id, issue)) = self.waiting.remove(&key) {
                self.apply(key.1, id, issue);
            }
        }
    }

    fn apply(&mut self, edit: u64, id: u64, issue: Option<Arc<IssueRecord>>) {
        let newest = self.applied.entry(id).or_insert(0);
        if edit < *newest {
            return;
        }
        *newest = edit;
        if let Some((_, place)) = self.rows.remove(&id) {
            self.by_updated.remove(&place);
        }
        if let Some(issue) = issue {
            let place = (issue.updated, KeyOrder::of(&issue.key), id);
            self.by_updated.insert(place.clone());
            self.rows.insert(id, (issue, place));
        }
    }

    /// Issues in `ORDER BY updated ASC, key ASC`, from `start` on.
    pub fn starting_at(&self, start: &Place) -> impl Iterator<Item = &Arc<IssueRecord>> {
        self.by_updated.range(start..).filter_map(|place| self.rows.get(&place.2)).map(|row| &row.0)
    }

    /// One issue as it is seen here.
    pub fn get(&self, id: u64) -> Option<&Arc<IssueRecord>> {
        self.rows.get(&id).map(|row| &row.0)
    }

    /// All issues by id.
    pub fn all(&self) -> impl Iterator<Item = &Arc<IssueRecord>> {
        self.rows.values().map(|row| &row.0)
    }
}
