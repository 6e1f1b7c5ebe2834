//! The map Portfolio -> Value Stream -> Product Team, as data for a page or a terminal.

use schemars::JsonSchema;
use serde::Serialize;

use crate::model::{Altitude, Context, StreamKind, Timestamp, Verb, Vocabulary};

use super::placed::RuleRef;
use super::words::Words;

/// The whole map at one instant.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct MapView {
    pub at: Timestamp,
    pub portfolio: String,
    pub vocabulary: Vocabulary,
    /// Display words of the levels; a level the framework does not have is `None` and hidden.
    pub words: Words,
    /// Sorted by name.
    pub streams: Vec<StreamView>,
    /// Epics that have no stream yet, sorted by id.
    pub epics_without_stream: Vec<EpicView>,
    pub coverage: CoverageView,
    /// Who decides what, from the portfolio down.
    pub altitudes: Vec<AltitudeView>,
    /// Things a reader should know, one sentence each.
    pub notes: Vec<String>,
}

/// A value stream with its teams and epics.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[schemars(rename = "MapStream")]
pub struct StreamView {
    pub id: String,
    pub name: String,
    pub kind: StreamKind,
    /// Sorted by name.
    pub teams: Vec<TeamView>,
    /// Sorted by id.
    pub epics: Vec<EpicView>,
    /// False: it appears as part of "other streams" outside itself.
    pub published: bool,
    /// Why it is not published, and what would change that.
    pub note: Option<String>,
}

/// A team with the rules that claim items for it. There are no counts per team on purpose.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[schemars(rename = "MapTeam")]
pub struct TeamView {
    pub id: String,
    pub name: String,
    pub weight: f64,
    pub claims: Vec<ClaimView>,
}

/// One claim of a team.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ClaimView {
    /// The rule in the file's own words.
    pub rule: String,
    pub line: usize,
    pub from: Option<Timestamp>,
    pub until: Option<Timestamp>,
    /// Whether the claim is valid at the instant of the map.
    pub valid: bool,
}

/// An epic on the map.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "MapEpic")]
pub struct EpicView {
    pub id: String,
    pub title: String,
    pub theme: Option<String>,
    pub horizon: Option<String>,
    pub context: Context,
    pub declared: bool,
    /// False: no tracker showed an item with this key.
    pub found: bool,
}

/// How many flow items the rules place.
#[derive(Debug, Clone, Default, PartialEq, Serialize, JsonSchema)]
pub struct CoverageView {
    pub items: u64,
    pub placed: u64,
    pub contested: u64,
    pub unplaced: u64,
    /// Items whose past placement rests on present attributes.
    pub inferred: u64,
    /// Item-days of active work in the newest 12 complete weeks: of all items, ...
    pub active_days: f64,
    /// ... of the contested ones, ...
    pub contested_days: f64,
    /// ... and of the unplaced ones. What these items draw is nobody's attention.
    pub unplaced_days: f64,
    /// Sorted by the rules.
    pub contested_by: Vec<ContestedView>,
    /// Sorted by connection, project, component and labels.
    pub unplaced_in: Vec<UnplacedView>,
    /// Claims that would place the most active work, best first, at most ten.
    pub next_rules: Vec<NextRule>,
}

/// Rules that tie on items.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ContestedView {
    pub rules: Vec<RuleRef>,
    pub items: u64,
    /// The first keys in order, at most five.
    pub examples: Vec<String>,
}

/// Items that no rule claims and that look alike.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct UnplacedView {
    pub connection: String,
    pub project: String,
    pub components: Vec<String>,
    pub labels: Vec<String>,
    pub items: u64,
    /// The first keys in order, at most five.
    pub examples: Vec<String>,
}

/// A claim somebody could add.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct NextRule {
    /// Ready to paste into a team's `claims`: `{ jira = "PAY", component = "Checkout" }`.
    pub claim: String,
    /// How many unplaced items it would claim.
    pub items: u64,
    /// Their item-days of active work in the newest 12 complete weeks.
    pub active_days: f64,
    /// The same as a share of all unplaced active work; `None` when there is none.
    pub share: Option<f64>,
}

/// Which decisions belong to an altitude.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct AltitudeView {
    pub altitude: Altitude,
    /// The altitude in the portfolio's vocabulary; `None` when the framework has no such level.
    pub word: Option<&'static str>,
    pub may: Vec<Verb>,
    pub why: String,
}
