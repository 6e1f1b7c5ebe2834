//! The trackers: one folder each, with the same four files. `client` speaks HTTP, `wire` names
//! only the fields we read, `convert` is pure and total, `webhook` verifies and names a key.
//!
//! A tracker is asked in two steps. *Discovery* lists ids and stamps; *reading by id* tells
//! content first and the whole history second. Search never supplies content on Jira, because its
//! index lags and truncates.

pub mod github;
mod inventory;
pub mod jira;
mod outlook;
mod presence;
pub mod settings;
mod signature;

use async_trait::async_trait;
use http::HeaderMap;

use crate::model::{ConnectionId, Gap, Item, Release, StatusEntry, Timestamp, TrackerKind};
use crate::transport::Short;

pub use inventory::{BoardEntry, EpicEntry, Inventory, ProjectEntry, TypeEntry};
pub use outlook::{Cost, Rights};
pub use presence::{Fate, Roll, Standing};

/// The reason of a gap that names, as its key, a project which a walk had to leave out.
pub const HIDDEN_PROJECT: &str = "hidden-project";

/// One independent walk over a connection with a cursor of its own: all projects of a Jira
/// connection together, one GitHub repository, or one of its boards.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ScanId(pub String);

/// Proof that the credential is alive, and the tracker's clock at that moment.
#[derive(Debug, Clone)]
pub struct Probe {
    /// The HTTP `Date` of the answer, minus the round trip and one second: at or before the
    /// instant at which the next request is evaluated.
    pub clock: Timestamp,
    /// What a person should know: rights that are wider than needed, a token near its end.
    pub notes: Vec<String>,
}

/// Lookup data that placing and categories depend on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Catalogue {
    pub statuses: Vec<StatusEntry>,
    pub releases: Vec<Release>,
}

/// An id and the stamp under which the tracker listed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stamp {
    pub source: String,
    /// `None` when the row had no readable stamp; it is then read again every time.
    pub updated_at: Option<Timestamp>,
}

/// One page of a discovery.
#[derive(Debug, Clone, Default)]
pub struct Discovered {
    pub stamps: Vec<Stamp>,
    /// Items whose content and whole history came with the page, because the listing is not an
    /// index (GitHub). The rest is read by id.
    pub items: Vec<Item>,
    pub gaps: Vec<Gap>,
    /// The token of the next page; `None` ends the walk. A short page never does.
    pub next: Option<String>,
    /// How many items the tracker expects in the whole walk, for the progress bar only.
    pub expected: Option<u64>,
}

/// What reading by id told.
#[derive(Debug, Clone, Default)]
pub struct ReadOut {
    pub items: Vec<Item>,
    /// Asked for and not given: absent, invisible, or no longer ours to see.
    pub absent: Vec<String>,
    pub gaps: Vec<Gap>,
    /// The tracker's clock when the content was read; an item whose `updated_at` is close to it
    /// may still change inside the same second and is read again.
    pub read_at: Option<Timestamp>,
}

/// Why a tracker could not answer, named by the next move.
#[derive(Debug, Clone, thiserror::Error)]
pub enum TrackerError {
    /// The credential is wrong, expired or lacks a right. Nothing is concluded from it.
    #[error("{0}")]
    Unauthorized(String),
    /// The tracker refuses the request for good: a removed endpoint, an unknown project.
    #[error("{0}")]
    Refused(String),
    /// The tracker asked to wait.
    #[error("{message}")]
    Wait { until: Timestamp, message: String },
    /// Network trouble or a server error; the next pass tries again.
    #[error("{0}")]
    Unavailable(String),
    /// The answer as a whole cannot be understood.
    #[error("{0}")]
    Malformed(String),
    /// The page token was refused or repeated; the walk starts again from its last key.
    #[error("{0}")]
    BadToken(String),
}

/// Where the web layer puts the `token` of a webhook's address, for senders that cannot sign. No
/// request can set it: what arrives under this name is dropped.
pub const URL_TOKEN: &str = "x-streamgauge-url-token";

/// Why a webhook was not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WebhookError {
    /// Missing or wrong signature. The answer is 401 and says nothing else.
    #[error("the signature does not match")]
    Forged,
    /// Signed, but not a payload that we can read a key from.
    #[error("{0}")]
    Unreadable(String),
}

/// What a verified webhook says: look at these items again.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hints {
    /// Immutable ids.
    pub sources: Vec<String>,
    /// The event touches more than it names (a renamed label, a released version): scan soon.
    pub scan: bool,
    /// A project or a right came or went: sweep soon.
    pub sweep: bool,
}

/// What the tracker tells of deliveries that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missed {
    /// What they would have said.
    pub hints: Hints,
    /// How many they were.
    pub failed: u64,
    /// The tracker's clock when it was asked: everything before it is covered.
    pub clock: Timestamp,
    /// What a person should know.
    pub notes: Vec<String>,
}

/// A connection to one tracker.
#[async_trait]
pub trait Tracker: Send + Sync {
    fn connection(&self) -> &ConnectionId;

    fn kind(&self) -> TrackerKind;

    /// The walks that make a whole pass, in their order. What a walk meets may add more.
    fn scans(&self) -> Vec<ScanId>;

    /// The walks that earlier passes brought to an end, with the clock that each covers. A tracker
    /// that finds its walks on the way knows them again.
    fn recall(&self, _walked: &[(ScanId, Timestamp)]) {}

    /// Asks something that needs the credential. Called first in every pass, so that an empty
    /// list is never mistaken for an empty tracker.
    async fn probe(&self) -> Result<Probe, TrackerError>;

    /// Statuses with categories, and releases. Without `full` only what costs no request of its
    /// own; what is left out is as it was.
    async fn catalogue(&self, full: bool) -> Result<Catalogue, TrackerError>;

    /// One page of a walk over what changed at or after `since` (`None`: everything), oldest
    /// change first. `clock` is the instant of this pass's [`Probe`].
    async fn discover(
        &self,
        scan: &ScanId,
        since: Option<Timestamp>,
        clock: Timestamp,
        page: Option<&str>,
    ) -> Result<Discovered, TrackerError>;

    /// Reads content, then the whole history, of at most [`Tracker::batch`] items.
    async fn read(&self, sources: &[String]) -> Result<ReadOut, TrackerError>;

    /// The most ids that one `read` takes.
    fn batch(&self) -> usize;

    /// The projects or repositories that a sweep walks, sorted, as written in `scopes` or as the
    /// last [`Tracker::probe`] expanded them.
    fn projects(&self) -> Vec<String>;

    /// Whether a project that is not among [`Tracker::projects`] now is one of ours all the same,
    /// because everything of its owner is. A sweep asks what became of it.
    fn covers(&self, _project: &str) -> bool {
        false
    }

    /// The present name of a project that was renamed, as far as answers told it.
    fn present(&self, _project: &str) -> Option<String> {
        None
    }

    /// How a project stands, asked anew.
    async fn standing(&self, project: &str) -> Result<Standing, TrackerError>;

    /// One page of all ids of a project. What is stored and not listed is a candidate, no more.
    async fn roll(&self, project: &str, page: Option<&str>) -> Result<Roll, TrackerError>;

    /// Reads one item by itself, to learn why it was not listed. `key` is the last known one.
    async fn fate(&self, source: &str, key: &str) -> Result<Fate, TrackerError>;

    /// The rate budget of which no more is left than is kept for hints, as the newest answers told:
    /// the one that a walk over this scan or project draws on. Asks nothing.
    fn short(&self, _of: &str) -> Option<Short> {
        None
    }

    /// What exists, for `streamgauge init` and `check`: everything that the credential sees, or
    /// these projects only.
    async fn inventory(&self, projects: &[String]) -> Result<Inventory, TrackerError>;

    /// What the tracker tells of the credential, for `streamgauge check`.
    async fn rights(&self) -> Result<Rights, TrackerError> {
        Ok(Rights::default())
    }

    /// What a first pass costs.
    fn cost(&self) -> Cost {
        Cost::default()
    }

    /// The deliveries of our webhooks that failed at or after `since`, for trackers that never
    /// repeat one by themselves and keep a log that the credential may read. Asks for nothing to be
    /// sent again. `None` when there is no such log, or it is not to be asked now.
    async fn missed(&self, _since: Timestamp) -> Result<Option<Missed>, TrackerError> {
        Ok(None)
    }

    /// Verifies the signature over the raw body, then reads the ids it names.
    ///
    /// # Errors
    /// [`WebhookError::Forged`] unless a configured secret signed exactly these bytes.
    fn webhook(&self, headers: &HeaderMap, body: &[u8]) -> Result<Hints, WebhookError>;
}
