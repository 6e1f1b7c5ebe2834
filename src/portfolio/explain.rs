//! The whole story of one item's placement, for people.

use schemars::JsonSchema;
use serde::Serialize;

use super::placed::RuleRef;
use crate::model::{Category, Kind, Precision, Timestamp};

/// Why an item is where it is.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Explanation {
    pub key: String,
    pub title: Option<String>,
    pub connection: String,
    pub created_at: Timestamp,
    /// `None` when the item takes part in the flow of work; else one sentence that says why not.
    pub excluded: Option<String>,
    /// The fact that started the item's clock.
    pub clock: Option<ClockStart>,
    /// Contiguous from creation; the last one open.
    pub segments: Vec<ExplainedSegment>,
    pub kind: Kind,
    pub kind_why: String,
    /// Every rule of a team that matches the item at some time, best first.
    pub rules: Vec<MatchingRule>,
    /// `placed`, `contested` or `unplaced` at the last segment.
    pub team_status: &'static str,
    /// What is inferred, unknown or missing, one sentence each.
    pub notes: Vec<String>,
}

/// What started an item's clock.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct ClockStart {
    pub at: Timestamp,
    pub precision: Precision,
    pub why: String,
}

/// One stretch of an item's life and the reason for every part of it.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct ExplainedSegment {
    pub from: Timestamp,
    /// `None` for the open last segment.
    pub to: Option<Timestamp>,
    pub category: Category,
    pub state: String,
    pub blocked: bool,
    pub precision: Precision,
    pub state_why: String,
    pub team: Option<String>,
    pub team_why: String,
    pub stream: Option<String>,
    pub stream_why: String,
    pub epic: Option<String>,
    pub epic_why: String,
}

/// A rule that matches the item, and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct MatchingRule {
    #[serde(flatten)]
    pub rule: RuleRef,
    /// The periods over which it decided, as `(from, to)`; empty when a better rule always won.
    /// The end is `None` while it still decides.
    pub decides: Vec<(Timestamp, Option<Timestamp>)>,
}
