//! Pull, refresh, hints: from a tracker's pages to the store.

mod settings;
mod stop;

use std::sync::Arc;

use crate::clock::SharedClock;
use crate::entropy::Entropy;
use crate::model::{ConnectionId, Timestamp};
use crate::store::Store;
use crate::trackers::Tracker;

pub use settings::Settings;
pub use stop::{Stop, Stopper};

/// How far back a pass looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// The usual pull: from the cursor less the hot overlap.
    Hot,
    /// From the cursor less the deep overlap; for what a lagging index showed late.
    Deep,
    /// Everything again.
    Full,
}

/// Hears how a pass gets on. All calls are cheap and must return at once.
pub trait Progress: Send + Sync {
    /// A page was listed; `expected` is the tracker's estimate for the whole walk.
    fn discovered(&self, connection: &ConnectionId, items: u64, expected: Option<u64>);
    /// Items were committed, or found to need no read.
    fn applied(&self, connection: &ConnectionId, items: u64);
}

/// Nobody listens.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Progress for Silent {
    fn discovered(&self, _: &ConnectionId, _: u64, _: Option<u64>) {}
    fn applied(&self, _: &ConnectionId, _: u64) {}
}

/// Why a pass or a refresh is incomplete, named by the next move.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// A person has to act: the credential, the scope, the configuration.
    #[error("{0}")]
    Refused(String),
    /// Nothing to do before this instant.
    #[error("{message}")]
    Wait { until: Timestamp, message: String },
    /// The next pass tries again from where this one stands.
    #[error("{0}")]
    Again(String),
    /// Another process works on this connection.
    #[error("another process is working on {0}")]
    Elsewhere(ConnectionId),
    /// The program was asked to stop; everything in hand is committed.
    #[error("stopped on request")]
    Stopped,
    /// The store failed.
    #[error("{0}")]
    Store(String),
}

/// What a pass or a refresh did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PassOutcome {
    pub connection: ConnectionId,
    /// The id in the logs.
    pub pass_id: String,
    /// Rows that the tracker listed.
    pub discovered: u64,
    /// Items read, with their history.
    pub read: u64,
    /// Items of which something was new.
    pub changed: u64,
    /// Gaps met in this pass.
    pub gaps: u64,
    /// Everything asked for was seen to its end.
    pub complete: bool,
    pub problem: Option<Problem>,
    /// What a person should know about the credential.
    pub notes: Vec<String>,
}

/// Pulls from trackers into the store.
pub struct Engine {
    #[expect(dead_code, reason = "bodies follow")]
    store: Store,
}

impl Engine {
    #[must_use]
    pub fn new(
        store: Store,
        _trackers: Vec<Arc<dyn Tracker>>,
        _clock: SharedClock,
        _entropy: Entropy,
        _settings: Settings,
    ) -> Self {
        Self { store }
    }

    /// The connections, sorted.
    #[must_use]
    pub fn connections(&self) -> Vec<ConnectionId> {
        unimplemented!()
    }

    /// One pass over a connection: probe, catalogue, every scan, due retries.
    pub async fn pass(
        &self,
        _connection: &ConnectionId,
        _reach: Reach,
        _progress: &dyn Progress,
        _stop: &Stop,
    ) -> PassOutcome {
        unimplemented!()
    }

    /// Reads the items that due hints name, in bulk.
    pub async fn refresh(&self, _connection: &ConnectionId, _stop: &Stop) -> PassOutcome {
        unimplemented!()
    }
}
