//! The declarations of a portfolio file, validated and sorted by id.

use serde::Serialize;

use crate::model::{Context, OutcomeMeasure, Period, StreamIx, StreamKind, Timestamp};
use crate::schedule::Schedule;

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
    /// When the source is read, as five cron fields in the portfolio's zone; checked. `None`: see
    /// [`OutcomeSource::usual_schedule`].
    pub at: Option<String>,
}

/// Where the readings of an outcome measure come from. Addresses hold no credentials.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase", tag = "from")]
pub enum OutcomeSource {
    /// A query whose one series gives the readings; `step_days` lie between the points of a range
    /// query.
    Prometheus { url: String, query: String, step_days: u32 },
    /// A JSON document; `pointer` (RFC 6901) names the number in it, `time` its instant.
    Json { url: String, pointer: String, time: Option<String> },
    /// A CSV file or address with a header line and the named columns.
    Csv { at: String, time: String, value: String },
    /// Readings are handed in by the command line or the API.
    Push,
}

impl OutcomeSource {
    /// What readings name as their source: the kind and the host or file, and no more of an address,
    /// for the rest may hold a key.
    #[must_use]
    pub fn told(&self) -> String {
        match self {
            Self::Prometheus { url, .. } => format!("prometheus:{}", host(url)),
            Self::Json { url, .. } => format!("json:{}", host(url)),
            Self::Csv { at, .. } if at.contains("://") => format!("csv:{}", host(at)),
            Self::Csv { at, .. } => format!("csv:{at}"),
            Self::Push => "push".to_owned(),
        }
    }

    /// When it is read where the file names no schedule: a value without a time of its own once a
    /// week, as Monday begins; what carries its times every hour. `None`: it is never asked.
    #[must_use]
    pub fn usual_schedule(&self) -> Option<&'static str> {
        match self {
            Self::Prometheus { url, .. } if !is_range(url) => Some("0 0 * * MON"),
            Self::Json { time: None, .. } => Some("0 0 * * MON"),
            Self::Push => None,
            _ => Some("0 * * * *"),
        }
    }
}

impl Outcome {
    /// When the source is read; `None` where readings are handed in.
    #[must_use]
    pub fn schedule(&self) -> Option<Schedule> {
        let usual = self.source.usual_schedule()?;
        Schedule::parse(self.at.as_deref().unwrap_or(usual)).ok()
    }
}

/// Whether an address of Prometheus answers range queries.
#[must_use]
pub fn is_range(url: &str) -> bool {
    url.split(['?', '#']).next().is_some_and(|path| path.ends_with("/query_range"))
}

fn host(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split(['/', '?', '#']).next().unwrap_or_default()
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
