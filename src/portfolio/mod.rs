//! What the organisation declares: streams, teams, workflow, themes, intents, cadences; and the rules
//! that place items.

mod declared;
mod epics;
mod explain;
mod history;
mod known;
mod map;
mod matcher;
mod parse;
mod placed;
mod problems;
mod reader;
mod refusals;
mod rules;
mod words;
mod workflow;

use std::collections::BTreeMap;

use chrono_tz::Tz;

pub use declared::{Alias, Epic, Outcome, OutcomeSource, Stream, Team, Theme};
pub use epics::{EpicEntry, EpicIndex};
pub use explain::{ClockStart, ExplainedSegment, Explanation, MatchingRule};
pub use known::{Known, Statuses};
pub use map::{
    AltitudeView, ClaimView, ContestedView, CoverageView, EpicView, MapView, NextRule, StreamView,
    TeamView, UnplacedView,
};
pub use placed::{Exclusion, Placed, RuleRef, TeamStatus};
pub use problems::{Problem, Problems};
pub use words::{Words, words};

use crate::model::{
    Cadence, ConnectionId, EpicState, Guardrail, Intent, Kind, States, StreamIx, TeamIx, Timestamp,
    TrackerKind, Vocabulary,
};
use rules::RuleSet;
use workflow::Workflows;

/// A validated portfolio file. Streams, teams, themes and outcomes are sorted by id, so that
/// [`crate::model::StreamIx`] and [`crate::model::TeamIx`] are places in these lists.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Portfolio {
    file: String,
    name: String,
    zone: Tz,
    vocabulary: Vocabulary,
    /// An item's stream is its epic's before it is its team's.
    epic_first: bool,
    streams: Vec<Stream>,
    teams: Vec<Team>,
    claims: RuleSet<TeamIx>,
    themes: Vec<Theme>,
    epics: Vec<Epic>,
    epic_rules: RuleSet<StreamIx>,
    epic_states: BTreeMap<String, EpicState>,
    kinds: RuleSet<Kind>,
    workflows: Workflows,
    intents: Vec<Intent>,
    outcomes: Vec<Outcome>,
    cadences: Vec<Cadence>,
    guardrails: Vec<Guardrail>,
    aliases: Vec<Alias>,
    precedence: Vec<TrackerKind>,
}

impl Portfolio {
    /// Reads and validates the text of a portfolio file; `file` is its name in messages.
    ///
    /// # Errors
    /// Everything that is wrong with the file, with line, column and mend.
    pub fn parse(text: &str, file: &str) -> Result<Self, Problems> {
        parse::parse(text, file)
    }

    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    #[must_use]
    pub fn zone(&self) -> Tz {
        self.zone
    }

    #[must_use]
    pub fn vocabulary(&self) -> Vocabulary {
        self.vocabulary
    }

    #[must_use]
    pub fn streams(&self) -> &[Stream] {
        &self.streams
    }

    #[must_use]
    pub fn teams(&self) -> &[Team] {
        &self.teams
    }

    #[must_use]
    pub fn themes(&self) -> &[Theme] {
        &self.themes
    }

    /// The declared epics, sorted by key. [`Portfolio::epics`] adds what the trackers know.
    #[must_use]
    pub fn declared_epics(&self) -> &[Epic] {
        &self.epics
    }

    /// Sorted by dimension, then start; of one dimension none overlap.
    #[must_use]
    pub fn intents(&self) -> &[Intent] {
        &self.intents
    }

    #[must_use]
    pub fn outcomes(&self) -> &[Outcome] {
        &self.outcomes
    }

    #[must_use]
    pub fn cadences(&self) -> &[Cadence] {
        &self.cadences
    }

    #[must_use]
    pub fn guardrails(&self) -> &[Guardrail] {
        &self.guardrails
    }

    /// Items that are the same work, mirrored in several trackers.
    #[must_use]
    pub fn aliases(&self) -> &[Alias] {
        &self.aliases
    }

    /// Which tracker's item stands for mirrored work, best first.
    #[must_use]
    pub fn precedence(&self) -> &[TrackerKind] {
        &self.precedence
    }

    /// Whether the file declares the item with this key as an epic. Such items belong among the
    /// containers that [`Portfolio::epics`] is given, whatever their level in the tracker.
    #[must_use]
    pub fn declares_epic(&self, _key: &str) -> bool {
        false
    }

    /// Whether waiting or blocked statuses are declared for a project, so that "nothing waited"
    /// can be told from "nobody can see waiting".
    #[must_use]
    pub fn waiting_observable(&self, _connection: &ConnectionId, _project: &str) -> bool {
        false
    }

    /// The declared epics and every container, with streams by declaration or rule.
    #[must_use]
    pub fn epics(&self, _containers: &[Known<'_>], _statuses: &Statuses) -> EpicIndex {
        EpicIndex::default()
    }

    /// Places one item: its segments with team, stream and epic at each instant.
    pub fn place(
        &self,
        _item: &Known<'_>,
        _epics: &EpicIndex,
        _statuses: &Statuses,
        _states: &mut States,
    ) -> Placed {
        Placed {
            flows: Ok(()),
            kind: Kind::Unclassified,
            segments: Vec::new(),
            activity: Vec::new(),
            duplicate: false,
            start_before_data: false,
            unknown_statuses: 0,
            relabelled: Vec::new(),
            team_status: TeamStatus::Unplaced,
            inferred_placement: false,
        }
    }

    /// The same decisions as [`Portfolio::place`], told to a person.
    #[must_use]
    pub fn explain(
        &self,
        item: &Known<'_>,
        _epics: &EpicIndex,
        _statuses: &Statuses,
    ) -> Explanation {
        Explanation {
            key: item.attributes.key.clone(),
            title: item.attributes.title.clone(),
            connection: item.id.connection.0.clone(),
            created_at: item.created_at,
            excluded: None,
            clock: None,
            segments: Vec::new(),
            kind: Kind::Unclassified,
            kind_why: String::new(),
            rules: Vec::new(),
            team_status: "unplaced",
            notes: Vec::new(),
        }
    }

    /// The map at an instant, with the coverage of the given flow items.
    #[must_use]
    pub fn map<'a>(
        &self,
        at: Timestamp,
        _epics: &EpicIndex,
        _items: impl IntoIterator<Item = (&'a Known<'a>, &'a Placed)>,
    ) -> MapView {
        MapView {
            at,
            portfolio: self.name.clone(),
            vocabulary: self.vocabulary,
            words: *words(self.vocabulary),
            streams: Vec::new(),
            epics_without_stream: Vec::new(),
            coverage: CoverageView::default(),
            altitudes: Vec::new(),
            notes: Vec::new(),
        }
    }
}
