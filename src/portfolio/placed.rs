//! The result of placing one item.

use schemars::JsonSchema;
use serde::Serialize;

use super::known::Known;
use crate::model::{FlowSegment, Kind, TeamIx, Timestamp, TrackerKind};

/// Where a rule stands in the portfolio file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct RuleRef {
    /// What the rule gives: the id of a team, a kind or a stream.
    pub gives: String,
    /// The rule in the file's own words: `jira = "PAY", component = "Checkout"`.
    pub rule: String,
    pub file: String,
    /// Counted from 1.
    pub line: usize,
}

/// Why an item takes no part in the flow of work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Exclusion {
    /// It holds other items; counting both would count the work twice.
    Container,
    /// It is part of another item; counting both would count the work twice.
    SubTask,
    /// The portfolio file declares it as an epic.
    DeclaredEpic,
}

impl Exclusion {
    /// One sentence for a person.
    #[must_use]
    pub fn sentence(self) -> &'static str {
        match self {
            Self::Container => "It holds other items, so it is not counted as a work item itself.",
            Self::SubTask => "It is a sub-task, and its parent is counted instead.",
            Self::DeclaredEpic => "The portfolio file declares it as an epic.",
        }
    }
}

/// Which team an item belongs to at its last segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TeamStatus {
    Placed {
        team: TeamIx,
    },
    /// Rules of several teams match equally well; one rule of each, sorted by team.
    Contested {
        rules: Vec<RuleRef>,
    },
    /// No rule matches.
    Unplaced,
}

/// One item with everything that the signals need of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Placed {
    /// Whether the item takes part in the flow of work; if not, the lists below are empty.
    pub flows: Result<(), Exclusion>,
    /// The kind at the last segment.
    pub kind: Kind,
    /// Contiguous from creation, equal neighbours merged, the last one open.
    pub segments: Vec<FlowSegment>,
    /// Instants of status and link changes and of linked pull requests, sorted, each once.
    pub activity: Vec<Timestamp>,
    /// The item ended by being dropped as a duplicate.
    pub duplicate: bool,
    /// The history is incomplete and its oldest known state is already started.
    pub start_before_data: bool,
    /// Statuses of the history whose category nobody knows, by name, sorted.
    pub unknown_statuses: Vec<String>,
    /// Instants at which kind, theme or epic changed after work had started, sorted.
    pub relabelled: Vec<Timestamp>,
    pub team_status: TeamStatus,
    /// The past placement rests on present attributes, because their history is missing.
    pub inferred_placement: bool,
}

/// What the map counts of one flow item.
#[derive(Debug, Clone)]
pub struct Covered<'a> {
    pub key: &'a str,
    pub tracker: TrackerKind,
    pub connection: &'a str,
    pub project: &'a str,
    /// Names of components, and labels; only looked at where the item has no team.
    pub components: Vec<&'a str>,
    pub labels: Vec<&'a str>,
    /// Why it has no team; `None` where it has one.
    pub astray: Option<&'a TeamStatus>,
    /// The past placement rests on present attributes.
    pub inferred: bool,
    /// Its active work of the newest 12 complete weeks, in milliseconds.
    pub active: i64,
}

impl<'a> Covered<'a> {
    /// `None` where the item takes no part in the flow of work.
    #[must_use]
    pub fn new(item: &Known<'a>, placed: &'a Placed, active: i64) -> Option<Self> {
        let attributes = item.attributes;
        placed.flows.is_ok().then(|| Self {
            key: &attributes.key,
            tracker: item.tracker,
            connection: &item.id.connection.0,
            project: &attributes.project,
            components: attributes.components.iter().map(|one| one.name.as_str()).collect(),
            labels: attributes.labels.iter().map(String::as_str).collect(),
            astray: match &placed.team_status {
                TeamStatus::Placed { .. } => None,
                status => Some(status),
            },
            inferred: placed.inferred_placement,
            active,
        })
    }
}
