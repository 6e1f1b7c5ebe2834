//! A copy of the database that lags behind. Reads by id may be answered from it, search never is.

use std::sync::Arc;
use std::time::Duration;

use super::index::{Index, IndexLag};
use super::records::IssueRecord;
use super::site::Site;
use crate::model::Timestamp;

/// What the copy knows, and whether it is asked.
#[derive(Debug, Clone, Default)]
pub struct Replica {
    issues: Index,
    /// How far behind it is; changes that were made before keep the lag they had.
    pub lag: Duration,
    /// Whether the next reads by id are answered from it.
    pub answers: bool,
}

impl Site {
    /// Announces a new state of an issue to the index and to the replica; `None` when it was
    /// deleted.
    pub(super) fn announce(&mut self, id: u64, issue: Option<Arc<IssueRecord>>, now: Timestamp) {
        let lag = IndexLag { least: self.replica.lag, spread: Duration::ZERO };
        self.replica.issues.announce(id, issue.clone(), now, lag);
        if let Some((index, behind)) = &mut self.second_index {
            let lag = self.index_lag;
            let lag = IndexLag { least: lag.least + *behind, ..lag };
            index.announce(id, issue.clone(), now, lag);
        }
        self.index.announce(id, issue, now, self.index_lag);
    }

    /// An issue that exists from the beginning: everybody knows it.
    pub(super) fn announce_at_once(&mut self, id: u64, issue: &Arc<IssueRecord>) {
        let now = self.clock.now();
        for known in [&mut self.index, &mut self.replica.issues] {
            known.announce(id, Some(Arc::clone(issue)), now, IndexLag::default());
        }
    }

    /// Lets the replica learn what is due.
    pub(super) fn catch_up(&mut self) {
        self.replica.issues.catch_up(self.clock.now());
    }

    /// The visible issue with this id or key, by the primary or by the replica.
    pub(super) fn read(&self, id_or_key: &str) -> Option<Arc<IssueRecord>> {
        let Some(id) = id_or_key.parse().ok().filter(|_| self.replica.answers) else {
            return self.find(id_or_key).cloned();
        };
        let issue = self.replica.issues.get(id)?;
        self.is_shown(issue).then(|| Arc::clone(issue))
    }
}
