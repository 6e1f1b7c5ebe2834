//! What the signals say: verdicts, numbers with their window and n, sentences, and what is missing.
//!
//! Digests, pages and the JSON API render this structure and compute nothing of their own. Lists
//! are sorted by signal and by slice name, never by a metric.

use schemars::JsonSchema;
use serde::Serialize;

use super::decision_rows::DecisionRow;
use super::definitions::SignalVersion;
use super::epic_rows::EpicRow;
use super::point_rows::PointRow;
use crate::model::{Period, Timestamp, Vocabulary, Week};

pub use super::series::{Limits, Pattern, Point, Series};

/// The three questions that everything answers to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
pub enum Question {
    /// Are we investing in the correct value streams?
    Investment,
    /// Where is the flow breaking down across the system?
    Flow,
    /// What signals should influence our next funding decision?
    Decision,
}

impl Question {
    pub const ALL: [Self; 3] = [Self::Investment, Self::Flow, Self::Decision];

    #[must_use]
    pub fn text(self) -> &'static str {
        match self {
            Self::Investment => "Are we investing in the correct value streams?",
            Self::Flow => "Where is the flow breaking down across the system?",
            Self::Decision => "What signals should influence our next funding decision?",
        }
    }
}

/// Which way something moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Move {
    Up,
    Down,
}

/// What a signal concludes (section 0.8 of the catalogue).
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "verdict")]
pub enum Verdict {
    /// A rule fired in at least two of the newest three periods, the newest included.
    Confirmed { direction: Move },
    /// A rule fired in the newest period only.
    New { direction: Move },
    /// Within its usual range.
    Usual,
    /// A fact that needs no test (a mutual wait, an unexamined epic).
    Fact,
    /// Nothing of the kind was found; the counterpart of `Fact`.
    Nothing,
    /// Numbers to read, of which no test is made; they headline nothing.
    Described,
    /// Not enough data: how much there is, how much is needed, in which unit, and why.
    Insufficient { have: u64, need: u64, unit: String, why: String },
    /// The question cannot be put to this data.
    NotApplicable { why: String },
}

impl Verdict {
    /// May it headline a section?
    #[must_use]
    pub fn headlines(&self) -> bool {
        matches!(self, Self::Confirmed { .. } | Self::Fact)
    }

    /// Does it say anything about the data?
    #[must_use]
    pub fn has_data(&self) -> bool {
        !matches!(self, Self::Insufficient { .. } | Self::NotApplicable { .. })
    }
}

/// What a finding is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
pub struct Slice {
    /// `portfolio`, `stream`, `theme`, `kind`, `horizon`, `pair`, `group`, `epic`, `outcome`,
    /// `decision`, `team`.
    pub dimension: &'static str,
    /// Stable id (`payments`, `booking>identity`).
    pub id: String,
    /// Display name.
    pub name: String,
}

/// The unit decides how a number is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Unit {
    /// A share in 0..=1, printed as a percentage where section 0.10 allows.
    Share,
    /// A difference of two shares, printed in percentage points.
    SharePoints,
    TeamDays,
    ItemDays,
    Days,
    Items,
    ItemsPerWeek,
    Weeks,
    Count,
    /// The chance of data at least as far off, if nothing had changed.
    PValue,
    /// The outcome measure's own unit.
    Outcome,
}

/// One number with everything needed to read it.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Measure {
    /// Stable snake_case name (`share`, `gap`, `flow_efficiency`).
    pub name: &'static str,
    pub value: f64,
    pub unit: Unit,
    /// Sample size, where the number rests on one.
    pub n: Option<u64>,
    /// Lower and upper bound of the range that belongs to it.
    pub range: Option<(f64, f64)>,
    pub window: Option<Period>,
}

/// One step of a survival curve, at an age in days on the item's own clock.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, JsonSchema)]
pub struct Step {
    pub age: f64,
    /// The share that had not ended just after this age, in 0..=1.
    pub open: f64,
    /// Its 95 % log-log band.
    pub band: (f64, f64),
    /// Observed at this age.
    pub at_risk: u64,
    /// Ended up to this age.
    pub events: u64,
}

/// A survival curve, thinned to steps that can be told apart in a drawing.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Survival {
    pub window: Period,
    pub steps: Vec<Step>,
    /// Events of the whole curve.
    pub events: u64,
    /// The oldest age observed at all, in days.
    pub oldest: f64,
}

/// A part of a measure, by name: where waiting lies, state by state.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Part {
    pub name: String,
    pub value: f64,
    pub unit: Unit,
    /// Of all parts together, in 0..=1.
    pub share: f64,
}

/// What a reader is told: evidence, uncertainty, question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Observation {
    /// The bold lead-in, usually the slice name.
    pub subject: String,
    /// Follows "subject: ", begins in lower case, ends in a full stop.
    pub evidence: String,
    /// One or more sentences, each with its full stop.
    pub uncertainty: String,
    /// Ends in "?".
    pub question: String,
}

impl Observation {
    /// All that follows the subject, in one paragraph.
    #[must_use]
    pub fn sentences(&self) -> String {
        let parts = [&*self.evidence, &*self.uncertainty, &*self.question];
        parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
    }
}

/// One result of one signal for one slice.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Finding {
    /// `P1`, `V2`, ...
    pub signal: &'static str,
    pub question: Question,
    pub slice: Slice,
    #[serde(flatten)]
    pub verdict: Verdict,
    pub measures: Vec<Measure>,
    pub series: Option<Series>,
    /// The curve behind medians (V1, O2, D1); absent where too little ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub curve: Option<Survival>,
    /// What a measure is made of, sorted by name (V5); empty elsewhere.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<Part>,
    /// Present when there is something to tell, whatever the verdict.
    pub observation: Option<Observation>,
    /// Successive evaluations (periods) for which the verdict has held.
    pub persistence: u32,
    /// Printed near a cadence boundary even when nothing changed (O3, D3).
    pub standing: bool,
    /// Counts towards the number of tested series in the footer.
    pub tested: bool,
    /// May appear in the portfolio digest. V2 never headlines there.
    pub portfolio_headline: bool,
    /// Keys of the items behind the number, sorted; empty where privacy forbids it.
    pub items: Vec<String>,
}

/// One row of the table under the first question.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct IntentRow {
    pub slice: Slice,
    pub declared: Option<f64>,
    pub band: Option<(f64, f64)>,
    pub observed: Option<f64>,
    /// Smallest and largest weekly share in the window.
    pub weekly: Option<(f64, f64)>,
    /// Attribution range: all of the team's active items, any of them.
    pub attribution: Option<(f64, f64)>,
    /// "within the band", "outside the band in 7 of 8 weeks", "no intent declared".
    pub state: String,
}

/// Attention of the teams at home in one stream, on the work of one stream.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct HomeWork {
    pub home: Slice,
    pub work: Slice,
    pub team_days: f64,
    /// Of all observed team-days in the window.
    pub share: f64,
}

/// The home x work matrix of P1, without its empty cells; streams as this reader sees them.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct HomeByWork {
    pub window: Period,
    /// All observed team-days in the window.
    pub team_days: f64,
    /// Sorted by the name of the home, then of the work.
    pub cells: Vec<HomeWork>,
}

/// Where the page stands in the cadence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct CadencePosition {
    pub id: String,
    /// 1-based number of the cadence since its anchor, and of the week inside it.
    pub number: i64,
    pub week: i64,
    pub weeks: i64,
    /// In the last four weeks before a boundary, O3 and D3 are standing lines.
    pub near_boundary: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Header {
    pub portfolio: String,
    /// Whose words the levels have. No number depends on it.
    pub vocabulary: Vocabulary,
    pub as_of: Timestamp,
    pub known: Timestamp,
    /// IANA name.
    pub zone: String,
    /// The newest complete week, and its period.
    pub week: Week,
    pub period: Period,
    pub cadence: Option<CadencePosition>,
    /// By which versions of the definitions everything is computed.
    pub definitions: Vec<SignalVersion>,
}

/// A gate of section 1.3: closed when the data cannot carry the signals behind it.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Gate {
    /// `mapped`, `start_observable`, `weeks_covered`, `polled_share`, `classified`, `stale_active`.
    pub name: &'static str,
    /// `None`: nothing to divide by.
    pub value: Option<f64>,
    pub numerator: f64,
    pub denominator: f64,
    pub open: bool,
    /// Signals that a closed gate withholds.
    pub withholds: &'static [&'static str],
}

/// H2 for one stream, or for the whole portfolio.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Confidence {
    pub slice: Slice,
    pub gates: Vec<Gate>,
    pub born_done: u64,
    pub start_before_data: u64,
    pub unknown_statuses: u64,
}

/// What would make a question answerable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Unlock {
    pub question: Question,
    /// What is missing, in one sentence.
    pub missing: String,
    /// The one declaration that would unlock most, as a person would write it.
    pub declare: Option<String>,
    /// Signals that it would unlock.
    pub signals: Vec<&'static str>,
    /// Weeks of data still needed, where time alone helps.
    pub weeks: Option<u64>,
}

/// A decision whose review date has passed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct DueReview {
    pub decision: String,
    /// The decision as a reader knows it: `More for Fleet`.
    pub subject: String,
    pub verb: String,
    pub expected: String,
    pub review_at: Timestamp,
}

/// How many series were tested, and how many were silent.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, JsonSchema)]
pub struct Tally {
    pub series: u64,
    pub usual: u64,
    pub new: u64,
    pub confirmed: u64,
    /// The sum, over the tested series, of the chance that one is confirmed although nothing happened.
    pub expected_false_alarms: f64,
}

impl Report {
    /// The title of an epic, `None` where the key is not that of an epic: a finding about epics
    /// lists keys.
    #[must_use]
    pub fn epic(&self, id: &str) -> Option<&str> {
        self.epics.iter().find(|epic| epic.id == id).map(|epic| epic.title.as_str())
    }
}

/// Everything one evaluation says.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Report {
    pub header: Header,
    pub intent_table: Vec<IntentRow>,
    /// `None` where attention is not told at all (P1).
    pub home_by_work: Option<HomeByWork>,
    pub findings: Vec<Finding>,
    pub due_reviews: Vec<DueReview>,
    /// Every epic, by title: the portfolio's kanban.
    pub epics: Vec<EpicRow>,
    /// The journal, the oldest first.
    pub decisions: Vec<DecisionRow>,
    /// Where work of several streams met, the oldest first.
    pub integration_points: Vec<PointRow>,
    pub tally: Tally,
    /// The portfolio first, then streams by name.
    pub confidence: Vec<Confidence>,
    /// What this report cannot see, one sentence each.
    pub unseen: Vec<String>,
    pub unlocks: Vec<Unlock>,
    /// Team names and ids, which must not appear in text above the team. Not serialised.
    #[serde(skip)]
    pub team_names: Vec<String>,
    /// What each silent signal lacks, in the order of the catalogue. Not serialised: `unlocks`
    /// has the one that matters most under each question.
    #[serde(skip)]
    pub lacks: Vec<Unlock>,
}
