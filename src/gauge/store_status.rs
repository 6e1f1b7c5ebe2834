//! How the database stands, for the page, the API and scripts.

use schemars::JsonSchema;
use serde::Serialize;

use crate::model::Timestamp;
use crate::store::Trouble;

/// How the database does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct StoreStatus {
    /// What is stored can be read.
    pub reads: bool,
    /// What is new can be stored.
    pub writes: bool,
    /// Since when one of them fails.
    pub since: Option<Timestamp>,
    /// Why, and what to do.
    pub problem: Option<String>,
}

impl From<Option<Trouble>> for StoreStatus {
    fn from(trouble: Option<Trouble>) -> Self {
        let Some(Trouble { since, problem, reads }) = trouble else {
            return Self { reads: true, writes: true, since: None, problem: None };
        };
        Self { reads, writes: false, since: Some(since), problem: Some(problem) }
    }
}
