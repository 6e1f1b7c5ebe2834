//! The input of every signal: placed timelines and what the portfolio declared or recorded.
//!
//! Plain data, sorted, with small integers instead of names. `gauge` builds it from the store for
//! one `known` instant; every function of this module takes the `as_of` instant beside it and
//! ignores what happened at or after it.

use std::sync::Arc;

use chrono_tz::Tz;

use super::items::Items;
use crate::model::{
    Cadence, Context, Decision, EpicIx, EpicState, FlowEvent, FlowSegment, Guardrail, Intent, Kind,
    OutcomeMeasure, Period, Precision, Reading, States, StreamIx, StreamKind, TeamIx, Timestamp,
    TrackerKind, Vocabulary, fold,
};

/// Everything the signals may look at.
#[derive(Debug, Clone, Default)]
pub struct Dataset {
    /// The portfolio's name, for the header.
    pub portfolio: String,
    pub zone: Tz,
    pub vocabulary: Vocabulary,
    /// Sorted by id; [`StreamIx`] is the place in this list.
    pub streams: Vec<Stream>,
    /// When each stream exists, parallel to the streams; empty where all always do.
    pub stream_valid: Vec<Period>,
    /// Sorted by id; [`TeamIx`] is the place in this list.
    pub teams: Vec<Team>,
    /// Sorted by id; [`EpicIx`] is the place in this list.
    pub epics: Vec<Epic>,
    pub states: States,
    /// Flow items only (no containers, no sub-tasks), sorted by key.
    pub items: Items,
    /// Blocking links between flow items, sorted; shared while they are the same.
    pub links: Arc<Vec<LinkFacts>>,
    /// Sorted by instant, then id.
    pub releases: Vec<ReleaseFacts>,
    /// Declared integration events, sorted by instant, then id.
    pub integrations: Vec<IntegrationFacts>,
    /// When each connection was observed; absence of a span is a gap.
    pub coverage: Vec<CoverageSpan>,
    pub themes: Vec<Theme>,
    pub intents: Vec<Intent>,
    pub outcomes: Vec<OutcomeMeasure>,
    /// Sorted by measure, instant, known-at.
    pub readings: Vec<Reading>,
    /// Sorted by made-at, then id.
    pub decisions: Vec<Decision>,
    /// The portfolio's own, the longest first.
    pub cadences: Vec<Cadence>,
    /// Those of streams that keep one of their own, by stream.
    pub stream_cadences: Vec<(StreamIx, Cadence)>,
    pub guardrails: Vec<Guardrail>,
    /// A rule maps some work to the kind `governance`, so that none of it can be told from not
    /// looking (T2).
    pub governance_mapped: bool,
    /// Statuses whose category nobody knows, by name, with the items that passed through them.
    pub unknown_statuses: Vec<(String, u64)>,
    /// Named gaps of the sync by reason, sorted: `("history-truncated", 3)`.
    pub gaps: Vec<(String, u64)>,
    /// What was purged: from where, how many items, when last.
    pub purged: Vec<(String, u64, Timestamp)>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Stream {
    pub id: String,
    pub name: String,
    pub kind: StreamKind,
    /// Shown outside itself even with fewer than three teams.
    pub publish: bool,
    /// Distinguishes "no waiting state is declared or mapped" from "nothing waited" (V5).
    pub waiting_observable: bool,
}

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

#[derive(Debug, Clone, PartialEq)]
pub struct Theme {
    pub id: String,
    pub name: String,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Epic {
    /// The key it is known by (`PAY-100`), unique.
    pub id: String,
    pub title: String,
    /// `None`: neither declared nor claimed by a rule.
    pub stream: Option<StreamIx>,
    /// Index into [`Dataset::themes`].
    pub theme: Option<usize>,
    pub horizon: Option<String>,
    pub context: Context,
    pub hypothesis: Option<String>,
    /// Id of the outcome measure it is meant to move.
    pub outcome: Option<String>,
    /// Portfolio-kanban states over time, sorted; empty when no epic status is mapped.
    pub states: Vec<(Timestamp, EpicState)>,
}

/// One flow item with its placed timeline.
#[derive(Debug, Clone)]
pub struct ItemFacts {
    pub key: String,
    pub tracker: TrackerKind,
    pub kind: Kind,
    pub created_at: Timestamp,
    /// Contiguous from `created_at`; equal neighbours merged; the last one open.
    pub segments: Vec<FlowSegment>,
    /// Instants of recorded activity (status and link changes, linked pull requests), sorted;
    /// each one renews the stale cap. Those at which a segment begins may be left out, unless
    /// active work goes on over it.
    pub activity: Vec<Timestamp>,
    /// The final drop was for being a duplicate.
    pub duplicate: bool,
    /// First seen already started, and the start is unknown.
    pub start_before_data: bool,
    /// Statuses in the history whose category nobody knows.
    pub unknown_statuses: u32,
    /// Instants at which the item's kind, theme or epic was changed after work had started.
    pub relabelled: Vec<Timestamp>,
}

impl ItemFacts {
    /// An issue of Jira whose whole life is known: it was created with the first of `events`, and
    /// each of them is a sign of life.
    ///
    /// # Panics
    /// Without an event: nothing is created at no time.
    #[must_use]
    pub fn lived(key: String, kind: Kind, events: Vec<FlowEvent>) -> Self {
        let created_at = events[0].at;
        Self {
            key,
            tracker: TrackerKind::Jira,
            kind,
            created_at,
            activity: events.iter().map(|event| event.at).collect(),
            segments: fold(events, created_at, Timestamp::MAX).segments,
            duplicate: false,
            start_before_data: false,
            unknown_statuses: 0,
            relabelled: Vec::new(),
        }
    }
}

/// `blocked` cannot go on until `blocker` ends. Indices into [`Dataset::items`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct LinkFacts {
    pub blocked: usize,
    pub blocker: usize,
    pub valid: Period,
    pub precision: Precision,
}

#[derive(Debug, Clone, PartialEq)]
pub struct ReleaseFacts {
    pub id: String,
    pub name: String,
    pub at: Timestamp,
    /// Indices into [`Dataset::items`], sorted.
    pub items: Vec<usize>,
    pub precision: Precision,
}

/// An event at which work was put together and looked at, with or without a release.
#[derive(Debug, Clone, PartialEq)]
pub struct IntegrationFacts {
    pub id: String,
    pub name: String,
    pub at: Timestamp,
    /// Indices into [`Dataset::items`], sorted.
    pub items: Vec<usize>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct CoverageSpan {
    pub connection: String,
    pub period: Period,
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
        self.weight.iter().find(|(period, _)| period.contains(at)).map_or(1.0, |(_, w)| *w)
    }
}

impl Dataset {
    #[must_use]
    pub fn stream(&self, ix: StreamIx) -> &Stream {
        &self.streams[ix.0 as usize]
    }

    #[must_use]
    pub fn team(&self, ix: TeamIx) -> &Team {
        &self.teams[ix.0 as usize]
    }

    #[must_use]
    pub fn epic(&self, ix: EpicIx) -> &Epic {
        &self.epics[ix.0 as usize]
    }

    /// Work of an epic that the portfolio declared to be one-off: construction, procurement. It
    /// draws attention like other work and is left out of flow signals.
    #[must_use]
    pub fn one_off(&self, epic: Option<EpicIx>) -> bool {
        let epic = epic.and_then(|epic| self.epics.get(epic.0 as usize));
        epic.is_some_and(|epic| epic.context == Context::OneOff)
    }
}
