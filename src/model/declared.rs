//! What a portfolio declares or records about itself. These types are shared by the rules that
//! place items and by the signals; nothing here can name a person, a due date or an estimate.

use chrono::NaiveDate;
use chrono_tz::Tz;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Period, Timestamp};

/// A value stream exists to serve customers, or to enable the streams that do.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Default,
    Serialize,
    Deserialize,
    JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum StreamKind {
    #[default]
    Customer,
    Enabling,
}

/// The class of a work item: the four flow items of the Flow Framework, and two more.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Default,
    Serialize,
    Deserialize,
    JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    Feature,
    Defect,
    Risk,
    Debt,
    Discovery,
    Governance,
    #[default]
    Unclassified,
}

impl Kind {
    pub const ALL: [Self; 7] = [
        Self::Feature,
        Self::Defect,
        Self::Risk,
        Self::Debt,
        Self::Discovery,
        Self::Governance,
        Self::Unclassified,
    ];

    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Feature => "feature",
            Self::Defect => "defect",
            Self::Risk => "risk",
            Self::Debt => "debt",
            Self::Discovery => "discovery",
            Self::Governance => "governance",
            Self::Unclassified => "unclassified",
        }
    }
}

/// The dimensions in which attention is shared out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Dimension {
    Stream,
    Theme,
    Kind,
    Horizon,
}

/// Declared shares of attention in one dimension, and the reason for them.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Intent {
    pub dimension: Dimension,
    /// Slice id and share in 0..=1, sorted by id; the shares sum to 1 (± 0.001).
    pub shares: Vec<(String, f64)>,
    /// Half-width of the band, as a share (0.05 = five percentage points).
    pub tolerance: f64,
    pub valid: Period,
    pub why: String,
}

/// Where a decision belongs.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Altitude {
    Portfolio,
    Stream,
}

/// What a decision does to its subject.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Verb {
    Start,
    Continue,
    Stop,
    Pivot,
    More,
    Less,
    Rebalance,
}

/// What a decision is about. There is no item and no team here on purpose.
#[derive(
    Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase", tag = "level", content = "id")]
pub enum Subject {
    Portfolio,
    Stream(String),
    Theme(String),
    Epic(String),
}

/// Which way an outcome measure is meant to move.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    Up,
    Down,
}

impl Direction {
    /// As files and people write it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Down => "down",
        }
    }
}

/// What the decision makers expect to see, and when they want to look.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Expectation {
    pub measure: String,
    pub direction: Direction,
    pub review_at: Timestamp,
}

/// A recorded decision. Corrections are new records that supersede old ones.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Decision {
    /// Assigned by the store, unique in the portfolio (`D-1`, `D-2`, ...).
    pub id: String,
    pub made_at: Timestamp,
    pub effective_at: Timestamp,
    pub altitude: Altitude,
    pub subject: Subject,
    pub verb: Verb,
    /// The band of attention share that the decision aims at, if it stated one.
    pub target: Option<(f64, f64)>,
    pub expects: Option<Expectation>,
    /// Signals that the decision cites, such as `P2:payments`.
    pub cites: Vec<String>,
    pub why: String,
    pub known_at: Timestamp,
}

/// One reading of an outcome measure.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Reading {
    pub measure: String,
    pub at: Timestamp,
    pub value: f64,
    /// Where the value came from, in a word or a URL without credentials.
    pub source: String,
    pub known_at: Timestamp,
}

/// An event at which work was put together and looked at, with or without a release: a system demo,
/// the review of one increment. Corrections are new records that supersede old ones.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Integration {
    /// Assigned by the store, unique in the portfolio (`I-1`, `I-2`, ...).
    pub id: String,
    pub at: Timestamp,
    pub name: String,
    /// Keys of epics: what was delivered of them was there.
    pub epics: Vec<String>,
    /// Keys of items that were there.
    pub items: Vec<String>,
    pub known_at: Timestamp,
}

/// The four Key Value Areas of Evidence-Based Management.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum ValueArea {
    #[default]
    Current,
    Unrealised,
    TimeToMarket,
    AbilityToInnovate,
}

/// An outcome measure, owned by a stream or by the whole portfolio.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OutcomeMeasure {
    pub id: String,
    pub name: String,
    /// `None`: the portfolio owns it.
    pub stream: Option<String>,
    pub unit: String,
    pub direction: Direction,
    pub value_area: ValueArea,
}

/// Whether product or project framing fits an epic.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Default,
    Serialize,
    Deserialize,
    JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Context {
    #[default]
    Product,
    OneOff,
}

/// The states of the portfolio kanban.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum EpicState {
    Funnel,
    Reviewing,
    Analysing,
    Ready,
    Implementing,
    Done,
    Rejected,
}

/// A recurring boundary at which the portfolio looks up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Cadence {
    pub id: String,
    pub anchor: NaiveDate,
    /// Length in days.
    pub days: u32,
}

impl Cadence {
    /// The one that contains `at`, by its number since the anchor: 0-based, negative before it.
    #[must_use]
    pub fn number(&self, at: Timestamp, zone: Tz) -> i64 {
        let day = at.to_utc().with_timezone(&zone).date_naive();
        (day - self.anchor).num_days().div_euclid(i64::from(self.days.max(1)))
    }
}

/// Which decisions a level may take without asking the one above.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Guardrail {
    pub altitude: Altitude,
    pub may: Vec<Verb>,
    pub why: String,
}

/// The words a framework uses for the same levels. Display only.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Default,
    Serialize,
    Deserialize,
    JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Vocabulary {
    #[default]
    Generic,
    Safe,
    Less,
    ScrumAtScale,
    Spotify,
}
