//! The declarations of a portfolio file, validated and sorted by id.

use serde::Serialize;

use crate::model::{Context, OutcomeMeasure, Period, StreamIx, StreamKind, Timestamp};

/// A value stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stream {
    pub id: String,
    pub name: String,
    pub kind: StreamKind,
    /// Shown outside itself even with fewer than three teams.
    pub publish: bool,
    pub valid: Period,
}

/// A team. It has no members here, and nowhere else.
#[derive(Debug, Clone, PartialEq)]
pub struct Team {
    pub id: String,
    pub name: String,
    /// Home stream over time, sorted, not overlapping.
    pub home: Vec<(Period, StreamIx)>,
    /// Funding weight over time, sorted, not overlapping; 1.0 where silent.
    pub weight: Vec<(Period, f64)>,
    pub valid: Period,
}

/// A strategic theme.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Theme {
    pub id: String,
    pub name: String,
}

/// What the portfolio declares about an epic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Epic {
    /// The tracker's key, as written: `PAY-100`, `northwind/checkout#12`.
    pub key: String,
    pub title: Option<String>,
    /// Declared stream over time; empty when rules decide.
    pub streams: Vec<(Period, StreamIx)>,
    /// Index into the themes.
    pub theme: Option<usize>,
    pub horizon: Option<String>,
    pub context: Context,
    pub hypothesis: Option<String>,
    /// Id of the outcome measure it is meant to move.
    pub outcome: Option<String>,
}

/// An outcome measure and where its readings come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    pub measure: OutcomeMeasure,
    pub source: OutcomeSource,
}

/// Where the readings of an outcome measure come from. Addresses hold no credentials.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase", tag = "from")]
pub enum OutcomeSource {
    /// An instant query; its first sample is the reading.
    Prometheus { url: String, query: String },
    /// A JSON document; `pointer` (RFC 6901) names the number in it.
    Json { url: String, pointer: String },
    /// A CSV file or address with a header line and the named columns.
    Csv { at: String, time: String, value: String },
    /// Readings are handed in by the command line or the API.
    Push,
}

/// Items that are the same work, mirrored in several trackers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alias {
    /// At least two keys, sorted.
    pub keys: Vec<String>,
}

impl Team {
    /// The home stream at an instant.
    #[must_use]
    pub fn home_at(&self, at: Timestamp) -> Option<StreamIx> {
        self.home.iter().find(|(period, _)| period.contains(at)).map(|(_, stream)| *stream)
    }

    /// The funding weight at an instant; 1.0 unless declared.
    #[must_use]
    pub fn weight_at(&self, at: Timestamp) -> f64 {
        self.weight
            .iter()
            .find(|(period, _)| period.contains(at))
            .map_or(1.0, |(_, weight)| *weight)
    }
}
