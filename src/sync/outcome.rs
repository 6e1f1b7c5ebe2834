//! What a pass tells its caller: while it runs, and at its end.

use crate::model::{ConnectionId, Timestamp};
use crate::store::StoreError;
use crate::trackers::TrackerError;

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
    /// The credential is wrong, expired or lacks a right. A person has to act.
    #[error("{0}")]
    Unauthorized(String),
    /// The tracker refuses for good, or answers what nobody understands. A person has to look.
    #[error("{0}")]
    Refused(String),
    /// Nothing to do before this instant.
    #[error("{message}")]
    Wait { until: Timestamp, message: String },
    /// Only the part of the rate budget is left that is kept for hints: first walks, whole walks and
    /// sweeps go on at this instant.
    #[error("{message}")]
    Reserve { until: Timestamp, message: String },
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

impl Problem {
    /// Concerns one scan or one list only: the others are worth a try.
    pub(super) fn is_local(&self) -> bool {
        matches!(self, Self::Refused(_))
    }
}

impl From<TrackerError> for Problem {
    fn from(error: TrackerError) -> Self {
        match error {
            TrackerError::Unauthorized(why) => Self::Unauthorized(why),
            TrackerError::Refused(why) | TrackerError::Malformed(why) => Self::Refused(why),
            TrackerError::Wait { until, message } => Self::Wait { until, message },
            TrackerError::Unavailable(why) | TrackerError::BadToken(why) => Self::Again(why),
        }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Fenced { name } => {
                let connection = name.strip_prefix("sync:").unwrap_or(&name);
                Self::Elsewhere(ConnectionId(connection.to_owned()))
            }
            other => Self::Store(other.to_string()),
        }
    }
}

/// What a pass or a refresh did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PassOutcome {
    pub connection: ConnectionId,
    /// The id in the logs.
    pub pass_id: String,
    /// Rows that the tracker listed, or hints that were due.
    pub discovered: u64,
    /// Items read, with their history.
    pub read: u64,
    /// Items of which something was new.
    pub changed: u64,
    /// Items that were found to have left.
    pub left: u64,
    /// Gaps met in this pass.
    pub gaps: u64,
    /// More changed than hints name: scan soon.
    pub scan: bool,
    /// A project seems to be closed or out of sight: sweep soon.
    pub sweep: bool,
    /// More hints are due than one refresh follows.
    pub hints_left: bool,
    /// Everything asked for was seen to its end.
    pub complete: bool,
    /// The first thing that went wrong.
    pub problem: Option<Problem>,
    /// What a person should know: rights that are too wide, items that are held back.
    pub notes: Vec<String>,
}

impl PassOutcome {
    pub(super) fn new(connection: ConnectionId, pass_id: String) -> Self {
        Self {
            connection,
            pass_id,
            discovered: 0,
            read: 0,
            changed: 0,
            left: 0,
            gaps: 0,
            scan: false,
            sweep: false,
            hints_left: false,
            complete: false,
            problem: None,
            notes: Vec::new(),
        }
    }

    /// Notes a problem; the first one stays.
    #[must_use]
    pub(super) fn with(mut self, problem: Problem) -> Self {
        self.note(problem);
        self
    }

    pub(super) fn note(&mut self, problem: Problem) {
        self.problem.get_or_insert(problem);
        self.complete = false;
    }

    /// The problem in one sentence that names the connection; trackers begin with it themselves.
    #[must_use]
    pub fn told(&self) -> Option<String> {
        let problem = self.problem.as_ref()?.to_string();
        let name = format!("{}: ", self.connection);
        Some(if problem.starts_with(&name) { problem } else { name + &problem })
    }

    /// Tells the log how it ended. `often`: it runs so often that one without work is no news.
    /// `known`: that the database fails was told already.
    pub(super) fn log(&self, often: bool, known: bool) {
        let Self { discovered, read, changed, left, gaps, .. } = self;
        let idle = often && discovered + read + changed + gaps == 0;
        match &self.problem {
            None if idle => tracing::debug!("nothing to do"),
            None => tracing::info!(discovered, read, changed, left, gaps, "complete"),
            Some(problem @ Problem::Elsewhere(_)) => tracing::debug!("{problem}"),
            Some(problem @ Problem::Store(_)) if known => tracing::debug!("{problem}"),
            Some(problem @ (Problem::Stopped | Problem::Reserve { .. })) => {
                tracing::info!(discovered, read, changed, left, gaps, "{problem}");
            }
            Some(problem) => tracing::warn!(discovered, read, changed, left, gaps, "{problem}"),
        }
    }
}
