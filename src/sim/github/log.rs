//! What the site has been asked.

use std::collections::BTreeMap;

/// Counts of requests by `METHOD /path` (without the query), and by `POST /graphql Operation`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RequestLog {
    pub total: u64,
    pub counts: BTreeMap<String, u64>,
}

impl RequestLog {
    pub(super) fn note(&mut self, method: &str, path: &str) {
        self.total += 1;
        *self.counts.entry(format!("{method} {path}")).or_default() += 1;
    }

    pub(super) fn note_operation(&mut self, name: &str) {
        *self.counts.entry(format!("POST /graphql {name}")).or_default() += 1;
    }

    /// How often something was asked; `what` is a key of [`RequestLog::counts`].
    #[must_use]
    pub fn count(&self, what: &str) -> u64 {
        self.counts.get(what).copied().unwrap_or(0)
    }
}
