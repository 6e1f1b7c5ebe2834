//! What the organisation declares, and where that puts each item.
//!
//! [`Portfolio::parse`] turns the text of `portfolio.toml` into a validated [`Portfolio`], or tells
//! every problem with line, column and mend. From then on nothing fails: placement is pure and
//! total, and what cannot be decided is said to be contested, unplaced or unknown.
//!
//! An item is placed in three steps, each of them dated:
//!
//! 1. `history` walks its changes back from the present, so that rules see the attributes it had;
//! 2. `lifecycle` reads what its states meant, by status id, workflow and tracker category;
//! 3. `decide` joins both with the rules valid at each instant: team, epic, stream, kind.
//!
//! [`Portfolio::place`] hands the decision to the signals and [`Portfolio::explain`] tells it to a
//! person; they cannot differ, because there is one decision. `matcher` states the order in which
//! rules are tried; a new kind of matcher is one variant of its `Aspect`.

mod decide;
mod declared;
mod epics;
mod explain;
mod history;
mod known;
mod lifecycle;
mod map;
mod matcher;
mod parse;
mod place;
mod placed;
mod problems;
mod reader;
mod refusals;
mod rules;
mod survey;
mod tell;
#[cfg(test)]
mod tests;
mod words;
mod workflow;

use std::collections::{BTreeMap, BTreeSet};

use chrono_tz::Tz;

use decide::facts;
use matcher::{Aspect, fold};

pub use declared::{Alias, Epic, Outcome, OutcomeSource, Stream, Team, Theme, is_range};
pub use epics::{EpicEntry, EpicIndex};
pub use explain::{ClockStart, ExplainedSegment, Explanation, MatchingRule};
pub use known::{Known, Statuses};
pub use map::{
    AltitudeView, ClaimView, ContestedView, CoverageView, EpicView, MapView, NextRule, StreamView,
    TeamView, UnplacedView,
};
pub use placed::{Covered, Exclusion, Placed, RuleRef, TeamStatus};
pub(crate) use problems::excerpt;
pub use problems::{Problem, Problems};
pub(crate) use reader::nearest;
pub use words::{Words, words};

use crate::model::{
    Cadence, ConnectionId, EpicState, Guardrail, Intent, Kind, StreamIx, TeamIx, TrackerKind,
    Vocabulary,
};
use rules::RuleSet;
use workflow::Workflows;

/// A validated portfolio file. Streams, teams, themes and outcomes are sorted by id, so that
/// [`crate::model::StreamIx`] and [`crate::model::TeamIx`] are places in these lists.
#[derive(Debug, Clone, PartialEq)]
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
    /// Folded keys of the declared epics.
    epic_keys: BTreeSet<String>,
    epic_rules: RuleSet<StreamIx>,
    epic_states: BTreeMap<String, EpicState>,
    kinds: RuleSet<Kind>,
    workflows: Workflows,
    intents: Vec<Intent>,
    outcomes: Vec<Outcome>,
    cadences: Vec<Cadence>,
    stream_cadences: Vec<(StreamIx, Cadence)>,
    guardrails: Vec<Guardrail>,
    aliases: Vec<Alias>,
    /// Folded keys of mirrored items, and their place in `aliases`.
    alias_of: BTreeMap<String, usize>,
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

    /// The cadences of the portfolio, the longest first: the first one is its own rhythm.
    #[must_use]
    pub fn cadences(&self) -> &[Cadence] {
        &self.cadences
    }

    /// Cadences that streams keep for themselves, by stream; at most one each.
    #[must_use]
    pub fn stream_cadences(&self) -> &[(StreamIx, Cadence)] {
        &self.stream_cadences
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
    pub fn declares_epic(&self, key: &str) -> bool {
        self.epic_keys.contains(&*fold(key))
    }

    /// Whether waiting or blocked statuses are declared for a project, so that "nothing waited"
    /// can be told from "nobody can see waiting".
    #[must_use]
    pub fn waiting_observable(&self, connection: &ConnectionId, project: &str) -> bool {
        self.workflows.of(connection, project).sees_waiting()
    }

    /// Whether a rule gives this kind to some work.
    #[must_use]
    pub fn maps_kind(&self, kind: Kind) -> bool {
        self.kinds.rules().iter().any(|rule| rule.gives == kind)
    }

    /// Of the items that are the same work as `key`, the key of the one that counts: the best
    /// known one by [`Portfolio::precedence`], then by key. `None` when `key` has no alias, or when
    /// none of them is known. `tracker_of` tells the tracker of a known key.
    #[must_use]
    pub fn canonical(
        &self,
        key: &str,
        tracker_of: impl Fn(&str) -> Option<TrackerKind>,
    ) -> Option<&str> {
        let alias = &self.aliases[*self.alias_of.get(&*fold(key))?];
        let rank = |key: &str| {
            let tracker = tracker_of(key)?;
            self.precedence.iter().position(|one| *one == tracker)
        };
        let known = alias.keys.iter().filter_map(|key| Some((rank(key)?, key)));
        known.min().map(|(_, key)| key.as_str())
    }

    /// The connections that the file refers to and the line of each reference, so that a wrong
    /// name can be told. Names of rules are in lower case, for rules compare without regard to it.
    #[must_use]
    pub fn connections(&self) -> Vec<(&str, usize)> {
        let workflows = self.workflows.list.iter().map(|one| (one.connection.as_str(), one.line));
        let claims = self.claims.rules().iter().map(|one| (&one.matcher, one.line));
        let kinds = self.kinds.rules().iter().map(|one| (&one.matcher, one.line));
        let epics = self.epic_rules.rules().iter().map(|one| (&one.matcher, one.line));
        let rules = claims.chain(kinds).chain(epics).flat_map(|(matcher, line)| {
            let criteria = matcher.criteria.iter();
            let named = criteria.filter(|one| one.aspect == Aspect::Connection);
            named.map(move |one| (one.value.as_str(), line))
        });
        let mut named: Vec<(&str, usize)> = workflows.chain(rules).collect();
        named.sort_unstable();
        named
    }
}
