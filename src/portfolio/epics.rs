//! The epics of the portfolio: declared ones, and the containers the trackers know.

use std::collections::BTreeMap;

use crate::model::{
    ConnectionId, Context, EpicIx, EpicState, ItemRef, Period, StreamIx, Timestamp, TrackerKind,
    What,
};

use super::declared::Epic;
use super::history::{in_order, past};
use super::known::{Known, Statuses};
use super::matcher::fold;
use super::rules::Verdict;
use super::{Portfolio, facts};

/// How many levels of containers are followed upward; a guard against circular parents.
const MAX_LEVELS: usize = 16;

/// One epic.
#[derive(Debug, Clone, PartialEq)]
pub struct EpicEntry {
    /// The key it is known by (`PAY-100`), unique.
    pub id: String,
    /// The declared title, else the container's, else the key.
    pub title: String,
    /// The portfolio file names it.
    pub declared: bool,
    /// A tracker knows it.
    pub found: bool,
    /// Its stream over time, sorted, not overlapping; empty when neither declared nor claimed.
    pub streams: Vec<(Period, StreamIx)>,
    /// The streams come from the portfolio file's `[[epic]]`, not from a rule.
    pub stream_declared: bool,
    /// Index into the portfolio's themes.
    pub theme: Option<usize>,
    pub horizon: Option<String>,
    pub context: Context,
    pub hypothesis: Option<String>,
    pub outcome: Option<String>,
    /// Portfolio-kanban states over time, sorted; empty when no status of it is mapped.
    pub states: Vec<(Timestamp, EpicState)>,
}

impl EpicEntry {
    /// The stream at an instant.
    #[must_use]
    pub fn stream_at(&self, at: Timestamp) -> Option<StreamIx> {
        self.streams.iter().find(|(period, _)| period.contains(at)).map(|(_, stream)| *stream)
    }

    /// The newest stream it has.
    #[must_use]
    pub fn stream(&self) -> Option<StreamIx> {
        self.streams.last().map(|(_, stream)| *stream)
    }
}

/// A container as its children refer to it.
#[derive(Debug, Clone)]
struct Container {
    /// Folded.
    key: String,
    epic: EpicIx,
}

/// All epics, sorted by id; [`EpicIx`] is the place in [`EpicIndex::entries`].
#[derive(Debug, Clone, Default)]
pub struct EpicIndex {
    entries: Vec<EpicEntry>,
    by_source: BTreeMap<ConnectionId, BTreeMap<String, Container>>,
    /// Folded keys.
    by_key: BTreeMap<ConnectionId, BTreeMap<String, EpicIx>>,
    /// Folded keys of declared epics, whatever connection they are in.
    declared: BTreeMap<String, EpicIx>,
}

impl EpicIndex {
    #[must_use]
    pub fn entries(&self) -> &[EpicEntry] {
        &self.entries
    }

    #[must_use]
    pub fn get(&self, ix: EpicIx) -> Option<&EpicEntry> {
        self.entries.get(ix.0 as usize)
    }

    /// The epic that an item with this parent belongs to: the nearest declared one above it, else
    /// the parent itself if it is a container.
    #[must_use]
    pub fn of_parent(&self, connection: &ConnectionId, parent: &ItemRef) -> Option<EpicIx> {
        if let Some(container) = self.container(connection, parent) {
            return Some(container.epic);
        }
        let key = fold(parent.key.as_deref()?);
        let here = self.by_key.get(connection).and_then(|keys| keys.get(&*key));
        here.or_else(|| self.declared.get(&*key)).copied()
    }

    /// The epic that a container is, or is a part of.
    pub(super) fn of_container(&self, item: &Known<'_>) -> Option<EpicIx> {
        let sources = self.by_source.get(&item.id.connection)?;
        sources.get(&item.id.source).map(|container| container.epic)
    }

    /// The folded key of a parent that the item names by id only.
    pub(super) fn key_of(&self, connection: &ConnectionId, parent: &ItemRef) -> Option<&str> {
        self.container(connection, parent).map(|container| container.key.as_str())
    }

    fn container(&self, connection: &ConnectionId, parent: &ItemRef) -> Option<&Container> {
        self.by_source.get(connection)?.get(parent.source.as_deref()?)
    }
}

/// The containers by id and by folded key, while the index is built.
struct Containers<'a> {
    all: &'a [Known<'a>],
    by_source: BTreeMap<(&'a ConnectionId, &'a str), usize>,
    by_key: BTreeMap<(&'a ConnectionId, String), usize>,
}

impl<'a> Containers<'a> {
    fn new(all: &'a [Known<'a>]) -> Self {
        let mut by_source = BTreeMap::new();
        let mut by_key = BTreeMap::new();
        for (at, item) in all.iter().enumerate() {
            by_source.insert((&item.id.connection, item.id.source.as_str()), at);
            by_key.insert((&item.id.connection, fold(&item.attributes.key).into_owned()), at);
        }
        Self { all, by_source, by_key }
    }

    fn parent(&self, at: usize) -> Option<usize> {
        let item = &self.all[at];
        let parent = item.attributes.parent.as_ref()?;
        let connection = &item.id.connection;
        let by_source =
            parent.source.as_deref().and_then(|it| self.by_source.get(&(connection, it)));
        let by_key = || self.by_key.get(&(connection, fold(parent.key.as_deref()?).into_owned()));
        by_source.or_else(by_key).copied()
    }

    /// The container itself if it is declared or nothing above it is; else the nearest declared
    /// one above it.
    fn epic(&self, at: usize, declared: impl Fn(&str) -> bool) -> usize {
        let mut above = Some(at);
        for _ in 0..MAX_LEVELS {
            let Some(here) = above else { break };
            if declared(&self.all[here].attributes.key) {
                return here;
            }
            above = self.parent(here);
        }
        at
    }
}

impl Portfolio {
    /// The declared epics and every container. The stream of an epic is declared, or comes from
    /// an `[[epic_rule]]`, or is the home stream of the team that claims the container; never a
    /// vote among its items.
    ///
    /// `containers` are all items of the level `Container`, and all whose key
    /// [`Portfolio::declares_epic`]. A container below a declared epic is part of that epic. A key
    /// that two connections use is prefixed with the connection (`jira:PAY-1`) for the second one.
    #[must_use]
    pub fn epics(&self, containers: &[Known<'_>], statuses: &Statuses) -> EpicIndex {
        let known = Containers::new(containers);
        let mut entries: BTreeMap<String, EpicEntry> = BTreeMap::new();
        for epic in &self.epics {
            entries.insert(epic.key.clone(), self.declared_entry(epic));
        }
        let written: BTreeMap<String, String> = self
            .epics
            .iter()
            .map(|epic| (fold(&epic.key).into_owned(), epic.key.clone()))
            .collect();
        let ids = self.identify(&known, &written, &mut entries, statuses);
        let place: BTreeMap<&str, EpicIx> = entries
            .keys()
            .enumerate()
            .map(|(at, id)| (id.as_str(), EpicIx(u32::try_from(at).unwrap_or(u32::MAX))))
            .collect();

        let mut index = EpicIndex::default();
        for (at, item) in containers.iter().enumerate() {
            let epic = known.epic(at, |key| written.contains_key(&*fold(key)));
            let Some(epic) = place.get(ids[epic].as_str()).copied() else { continue };
            let key = fold(&item.attributes.key).into_owned();
            let connection = item.id.connection.clone();
            index.by_key.entry(connection.clone()).or_default().insert(key.clone(), epic);
            let sources = index.by_source.entry(connection).or_default();
            sources.insert(item.id.source.clone(), Container { key, epic });
        }
        for (folded, id) in &written {
            if let Some(epic) = place.get(id.as_str()) {
                index.declared.insert(folded.clone(), *epic);
            }
        }
        drop(place);
        index.entries = entries.into_values().collect();
        index
    }

    /// Gives every container its epic's id, and completes `entries` with what the trackers say.
    fn identify(
        &self,
        known: &Containers<'_>,
        written: &BTreeMap<String, String>,
        entries: &mut BTreeMap<String, EpicEntry>,
        statuses: &Statuses,
    ) -> Vec<String> {
        let is_declared = |key: &str| written.contains_key(&*fold(key));
        let mut order: Vec<usize> = (0..known.all.len()).collect();
        order.sort_by_key(|at| known.all[*at].id);
        let mut ids = vec![String::new(); known.all.len()];
        for at in order {
            let item = &known.all[at];
            let key = &item.attributes.key;
            let declared = written.get(&*fold(key));
            let taken = entries.get(declared.unwrap_or(key)).is_some_and(|entry| entry.found);
            ids[at] = match declared {
                Some(id) => id.clone(),
                None if taken => format!("{}:{key}", item.id.connection),
                None => key.clone(),
            };
            let stands_for_itself = known.epic(at, is_declared) == at;
            if !stands_for_itself || (declared.is_some() && taken) {
                continue;
            }
            let entry = entries.entry(ids[at].clone()).or_insert_with(|| undeclared(&ids[at]));
            entry.found = true;
            if let Some(title) = item.attributes.title.as_ref().filter(|_| entry.title == entry.id)
            {
                entry.title.clone_from(title);
            }
            entry.states = self.kanban(item, statuses);
            if !entry.stream_declared {
                entry.streams = self.claimed_streams(item, known, at);
            }
        }
        ids
    }

    fn declared_entry(&self, epic: &Epic) -> EpicEntry {
        EpicEntry {
            id: epic.key.clone(),
            title: epic.title.clone().unwrap_or_else(|| epic.key.clone()),
            declared: true,
            found: false,
            streams: epic.streams.clone(),
            stream_declared: !epic.streams.is_empty(),
            theme: epic.theme,
            horizon: epic.horizon.clone(),
            context: epic.context,
            hypothesis: epic.hypothesis.clone(),
            outcome: epic.outcome.clone(),
            states: Vec::new(),
        }
    }

    /// The stream of a container over time, by rule or by the team that claims it.
    fn claimed_streams(
        &self,
        item: &Known<'_>,
        known: &Containers<'_>,
        at: usize,
    ) -> Vec<(Period, StreamIx)> {
        let past = past(item, &in_order(item.history));
        let mut streams: Vec<(Period, StreamIx)> = Vec::new();
        for (ix, slice) in past.slices.iter().enumerate() {
            let from = if ix == 0 { Timestamp::MIN } else { slice.from };
            let to = past.slices.get(ix + 1).map_or(Timestamp::MAX, |next| next.from);
            let parent = known.parent(at).map(|parent| known.all[parent].attributes.key.as_str());
            let facts = facts(item, slice, parent);
            let rules = self.epic_rules.matching(&facts);
            let claims = self.claims.matching(&facts);
            let mut cuts = vec![from];
            self.epic_rules.boundaries(&rules, |at| cuts.push(at));
            self.claims.boundaries(&claims, |at| cuts.push(at));
            let homes = self.teams.iter().flat_map(|team| &team.home);
            if !claims.is_empty() {
                cuts.extend(homes.flat_map(|(period, _)| [period.from, period.to]));
            }
            cuts.retain(|at| from <= *at && *at < to);
            cuts.sort_unstable();
            cuts.dedup();
            for (cut, begin) in cuts.iter().enumerate() {
                let end = cuts.get(cut + 1).copied().unwrap_or(to);
                let stream = match self.epic_rules.decide(&rules, *begin) {
                    Verdict::Given(rule) => Some(self.epic_rules.rule(rule).gives),
                    Verdict::Contested(_) => None,
                    Verdict::Silent => self.home_of_claim(&claims, *begin),
                };
                let Some(stream) = stream else { continue };
                match streams.last_mut() {
                    Some((period, last)) if *last == stream && period.to == *begin => {
                        period.to = end;
                    }
                    _ => streams.push((Period::new(*begin, end), stream)),
                }
            }
        }
        streams
    }

    fn home_of_claim(&self, claims: &[usize], at: Timestamp) -> Option<StreamIx> {
        let Verdict::Given(rule) = self.claims.decide(claims, at) else { return None };
        self.teams[self.claims.rule(rule).gives.0 as usize].home_at(at)
    }

    /// The portfolio-kanban states of a container, where its statuses are mapped.
    fn kanban(&self, item: &Known<'_>, statuses: &Statuses) -> Vec<(Timestamp, EpicState)> {
        if self.epic_states.is_empty() {
            return Vec::new();
        }
        let listed = |id: &str, name: &str| {
            let listed = statuses.get(&item.id.connection, id);
            let name = listed.map_or(name, |entry| entry.status.name.as_str()).to_owned();
            (id.to_owned(), name)
        };
        let mut statuses: Vec<(Timestamp, (String, String))> = Vec::new();
        for change in in_order(item.history) {
            let status = match &change.what {
                What::Status { from, to } => {
                    if statuses.is_empty() {
                        statuses.push((item.created_at, listed(&from.id, &from.name)));
                    }
                    listed(&to.id, &to.name)
                }
                What::Board { to: Some(option), .. } => (String::new(), option.clone()),
                What::Closed { .. } => ("closed".to_owned(), "closed".to_owned()),
                What::Reopened => ("open".to_owned(), "open".to_owned()),
                _ => continue,
            };
            statuses.push((change.at.max(item.created_at), status));
        }
        if statuses.is_empty() {
            let present = &item.attributes.status;
            statuses.push((item.created_at, listed(&present.id, &present.name)));
        } else if item.tracker == TrackerKind::GitHub {
            statuses.insert(0, (item.created_at, ("open".to_owned(), "open".to_owned())));
        }
        let mut states: Vec<(Timestamp, EpicState)> = Vec::new();
        for (at, (id, name)) in statuses {
            let mapped = self.epic_states.get(&id).or_else(|| self.epic_states.get(&*fold(&name)));
            let Some(state) = mapped.copied() else { continue };
            if states.last().is_some_and(|(last, _)| *last == at) {
                states.pop();
            }
            if states.last().is_none_or(|(_, last)| *last != state) {
                states.push((at, state));
            }
        }
        states
    }
}

fn undeclared(id: &str) -> EpicEntry {
    EpicEntry {
        id: id.to_owned(),
        title: id.to_owned(),
        declared: false,
        found: true,
        streams: Vec::new(),
        stream_declared: false,
        theme: None,
        horizon: None,
        context: Context::Product,
        hypothesis: None,
        outcome: None,
        states: Vec::new(),
    }
}
