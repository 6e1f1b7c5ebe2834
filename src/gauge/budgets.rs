//! What each host tells of its rate budgets.

use schemars::JsonSchema;
use serde::Serialize;

use crate::model::Timestamp;
use crate::transport::{Budget, Host, Told};

/// A host and what may still be asked of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct HostStatus {
    pub host: String,
    /// Empty when the tracker tells no budget.
    pub budgets: Vec<Budget>,
    /// Only while the pause lasts.
    pub paused_until: Option<Timestamp>,
}

/// Reads a host's headers; a pause or a wait that is over at `now` is not told.
#[must_use]
pub fn host(host: Host, now: Timestamp) -> HostStatus {
    let mut budgets: Vec<Budget> = host.told.iter().flat_map(Told::budgets).collect();
    for budget in &mut budgets {
        budget.wait_until = budget.wait_until.filter(|until| *until > now);
    }
    HostStatus {
        host: host.name,
        budgets,
        paused_until: host.paused_until.filter(|until| *until > now),
    }
}
